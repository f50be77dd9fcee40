"""The chance to be late, from how long this procedure's own finished dossiers took.

Plain counting, no model: of the finished dossiers that took longer from the same place than the
open one has been there, how many took longer than it has left in all? Below 20 such dossiers
nothing is said. All times are working minutes in which the clock ran.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from app.domain.calendar import Calendar
from app.domain.course import Stop
from app.domain.lifecycle import Act, Status
from app.domain.timeline import Moment

FEWEST: Final = 20
NOT_ENOUGH: Final = f"không đủ {FEWEST} hồ sơ"

_RUNNING = frozenset({Status.ACCEPTED, Status.IN_PROCESS})
_STARTS = frozenset({Act.ACCEPT, Act.TAKE_IN})
_WHOLE = "procedure"

Place = str
"""Where a dossier is: `procedure` at all, `in_process`, or `in_process/drafting`."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """What finished dossiers say of an open one.

    `chance` is the share that was late, 0 to 1; the median and the 90th percentile are of the
    working minutes that it still takes. None of them where there are too few cases.
    """

    chance: float | None
    median_minutes: int | None
    p90_minutes: int | None
    cases: int
    basis: str


def places(history: Iterable[Moment]) -> dict[Place, datetime]:
    """Return the places that a dossier came through since acceptance, each with its first entry.

    They are in order: the last of `procedure`, status and step is where it is now.
    """
    found: dict[Place, datetime] = {}
    step: str | None = None
    has_begun = False
    for moment in history:
        has_begun = has_begun or moment.act in _STARTS
        step = moment.step or step
        if not has_begun or moment.target not in _RUNNING:
            continue
        for place in _places_of(moment.target, step):
            found.setdefault(place, moment.at)
    return found


def present(status: Status, step: str | None) -> list[Place]:
    """Return where a dossier is, the most exact place first."""
    return list(reversed(_places_of(status, step)))


def _places_of(status: Status, step: str | None) -> list[Place]:
    return [_WHOLE, str(status), *([f"{status}/{step}"] if step else [])]


def running_minutes(
    start: datetime, end: datetime, stops: Iterable[Stop], calendar: Calendar
) -> int:
    """Count the working minutes from `start` to `end` in which the clock ran.

    `stops` do not overlap; one without an end lasts until `end`.
    """
    minutes = calendar.minutes_between(start, end)
    for stop in stops:
        begins, ends = max(stop.start, start), min(stop.end or end, end)
        if begins < ends:
            minutes -= calendar.minutes_between(begins, ends)
    return minutes


def times_taken(
    history: Sequence[Moment], stops: Sequence[Stop], calendar: Calendar
) -> dict[Place, int]:
    """Return how long a finished dossier took from each of its places to the decision."""
    decided = next((moment.at for moment in history if moment.act is Act.RESOLVE), None)
    if decided is None:
        return {}
    return {
        place: running_minutes(entered, decided, stops, calendar)
        for place, entered in places(history).items()
    }


def forecast(
    left: int, elapsed: Iterable[tuple[Place, int]], samples: Mapping[Place, Sequence[int]]
) -> Forecast:
    """Say what the samples let expect of a dossier that has `left` working minutes.

    `elapsed` is how long it has been at each place, the most exact one first: the first with
    enough cases decides. A sample is in ascending order.
    """
    for place, minutes in elapsed:
        sample = samples.get(place, ())
        longer = sample[bisect_right(sample, minutes) :]
        if len(longer) >= FEWEST:
            late = len(longer) - bisect_right(longer, minutes + left)
            return Forecast(
                round(late / len(longer), 4),
                quantile(longer, 50) - minutes,
                quantile(longer, 90) - minutes,
                len(longer),
                _basis(place, len(longer)),
            )
    return Forecast(None, None, None, 0, NOT_ENOUGH)


def quantile(ordered: Sequence[int], percent: int) -> int:
    """Return the smallest value that at least `percent` of a sample do not exceed."""
    rank = -(-len(ordered) * percent // 100)
    return ordered[max(rank, 1) - 1]


def _basis(place: Place, cases: int) -> str:
    if place == _WHOLE:
        return f"{cases} hồ sơ cùng thủ tục, tính từ khi tiếp nhận"
    where = "bước" if "/" in place else "trạng thái"
    return f"{cases} hồ sơ cùng thủ tục, tính từ {where} hiện tại"
