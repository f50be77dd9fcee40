"""Ratings (đánh giá mức độ hài lòng): one per dossier, 1 to 5, by those it was for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from app.domain.errors import DomainError
from app.domain.lifecycle import Status

SCORES: Final = range(1, 6)
SATISFIED: Final = 4
"""The least score that counts as satisfied: 4 hài lòng, 5 rất hài lòng."""

BAD: Final = 2
"""The highest score that counts as a bad rating: 1 rất không hài lòng, 2 không hài lòng."""

RATED: Final = frozenset({Status.RESOLVED, Status.RETURNED, Status.REFUSED, Status.STOPPED})
"""What the agency ended can be rated, a refusal too: else only the contented would be heard.
What the citizen withdrew cannot: nothing was done that could be judged."""

CHANGED_WITHIN: Final = timedelta(days=15)
"""So many days after it was first given its author may think again; then it stands."""

_CENT: Final = Decimal("0.01")


class RatingRefused(DomainError):
    """There is nothing to rate yet, or nobody's but the citizen's own doing."""

    code = "rating.refused"
    title = "Chưa đánh giá được hồ sơ này"


class RatingGiven(DomainError):
    """A dossier is rated once; whoever rated it may change that for some days."""

    code = "rating.given"
    title = "Hồ sơ đã được đánh giá"


class RatingFixed(DomainError):
    """Somebody else's, or older than the days within which it may be changed."""

    code = "rating.fixed"
    title = "Không thay đổi được đánh giá"


class RatingStale(DomainError):
    """It was changed in between."""

    code = "rating.version_stale"
    title = "Đánh giá đã thay đổi"


class RatingNotFound(DomainError):
    code = "rating.not_found"
    title = "Hồ sơ chưa được đánh giá"


class RatingsRefused(DomainError):
    code = "rating.role_refused"
    title = "Vai trò không được xem đánh giá"


def check_rated(status: Status) -> None:
    """Refuse to rate a dossier that the agency has not ended."""
    if status in RATED:
        return
    if status is Status.WITHDRAWN:
        raise RatingRefused("Hồ sơ đã được rút nên không có kết quả để đánh giá.")
    raise RatingRefused("Chỉ đánh giá được sau khi hồ sơ có kết quả.")


def last_change_on(rated_on: date) -> date:
    """Return the last day on which a rating may be changed."""
    return rated_on + CHANGED_WITHIN


@dataclass(frozen=True, slots=True)
class Scores:
    """How often each score was given."""

    counts: Mapping[int, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    @property
    def mean(self) -> Decimal | None:
        """Two decimals, half up; None where nothing was rated ("no data")."""
        points = sum(score * count for score, count in self.counts.items())
        return _rounded(points, self.total)

    @property
    def satisfied_percent(self) -> Decimal | None:
        """Share of scores of 4 and 5 in percent, two decimals, half up; None: no data."""
        satisfied = sum(count for score, count in self.counts.items() if score >= SATISFIED)
        return _rounded(100 * satisfied, self.total)

    def __add__(self, other: "Scores") -> "Scores":
        return Scores({n: self.counts.get(n, 0) + other.counts.get(n, 0) for n in SCORES})


def _rounded(numerator: int, denominator: int) -> Decimal | None:
    if not denominator:
        return None
    return (Decimal(numerator) / denominator).quantize(_CENT, ROUND_HALF_UP)
