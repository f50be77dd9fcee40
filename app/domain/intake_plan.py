"""From a published table to days: how many dossiers each agency received on which day.

Nothing but whole numbers that add up: stretches between the boundaries of periods first, then
their days by working time, then batches of a handy size. The same table, share and seed give the
same plan.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from random import Random

from app.domain.agency import Agency
from app.domain.calendar import Calendar
from app.domain.intake_table import GroupTable, IntakeTable, Side
from app.domain.offers import OfferBook
from app.domain.periods import Period
from app.domain.placing import Placing

_DAY = timedelta(days=1)
_ONLINE_ON_DAY_OFF = 0.12  # of what comes in online on a working day
_UNEVENNESS = 0.3  # days differ by up to so much from their even share
_LAST_RESORT = 1e-6  # weight of a day that takes what no working day of its period can


@dataclass(frozen=True, slots=True)
class Slice:
    """Dossiers of one agency's day, or part `part` of `parts` of a day too large for a batch."""

    agency: Agency
    day: date
    at_desk: int
    online: int
    part: int = 0
    parts: int = 1

    @property
    def dossiers(self) -> int:
        return self.at_desk + self.online


@dataclass(frozen=True, slots=True)
class PlanWishes:
    """`share` of the table's dossiers to be played, `seed` of everything that is left to chance."""

    share: Decimal
    seed: int


def plan_days(
    table: IntakeTable,
    book: OfferBook,
    calendar_of: Callable[[Agency], Calendar],
    wishes: PlanWishes,
    today: date,
) -> list[Slice]:
    """Place every dossier of the table on a day, none after `today`; ordered by day and agency."""
    placed: defaultdict[tuple[date, str], dict[Side, int]] = defaultdict(dict)
    agencies: dict[str, Agency] = {}
    for group in table.groups:
        for agency in group.agencies:
            agencies[agency.code] = agency
            for side in Side:
                weigh = _weigher(agency, side, book, calendar_of(agency))
                for day, count in _place(group, agency, side, weigh, wishes, today):
                    if count:
                        placed[day, agency.code][side] = count
    return [
        Slice(agencies[code], day, counts.get(Side.AT_DESK, 0), counts.get(Side.ONLINE, 0))
        for (day, code), counts in sorted(placed.items())
    ]


def batches(days: Iterable[Slice], size: int) -> Iterator[tuple[Slice, ...]]:
    """Cut a plan into batches of about `size` dossiers at most, days too large for one in parts."""
    batch: list[Slice] = []
    held = 0
    for part in (part for day in days for part in _parts(day, size)):
        # What goes on with a day begins a batch: within one, a day's counter is raised once.
        if batch and (held + part.dossiers > size or part.part):
            yield tuple(batch)
            batch, held = [], 0
        batch.append(part)
        held += part.dossiers
    if batch:
        yield tuple(batch)


def _parts(day: Slice, size: int) -> Iterator[Slice]:
    parts = -(-day.dossiers // size)
    for n in range(parts):
        yield Slice(
            day.agency,
            day.day,
            day.at_desk * (n + 1) // parts - day.at_desk * n // parts,
            day.online * (n + 1) // parts - day.online * n // parts,
            n,
            parts,
        )


_Weigh = Callable[[date], float | None]


def _weigher(agency: Agency, side: Side, book: OfferBook, calendar: Calendar) -> _Weigh:
    """Return what says a day's weight; None: nothing can be handed in on that day."""

    def weigh(day: date) -> float | None:
        offers = book.on(agency, day)
        if not (offers.online if side is Side.ONLINE else offers.all):
            return None
        share = _worked_share(calendar, day)
        return max(share, _ONLINE_ON_DAY_OFF) if side is Side.ONLINE else share

    return weigh


def _worked_share(calendar: Calendar, day: date) -> float:
    minutes = sum(
        (closes - opens).total_seconds() / 60 for opens, closes in calendar.intervals(day)
    )
    return minutes / calendar.hours_on(day).full_day_minutes


def _place(
    group: GroupTable,
    agency: Agency,
    side: Side,
    weigh: _Weigh,
    wishes: PlanWishes,
    today: date,
) -> Iterator[tuple[date, int]]:
    counts = group.counts(agency, side)
    if not any(counts):
        return
    draw = Random(f"{wishes.seed}/{agency.code}/{side}")  # noqa: S311  (play, not secrets)
    stretches = [_weighted_days(stretch, weigh, today) for stretch in group.stretches]
    weights = [sum(weight for _, weight in days) or _LAST_RESORT * len(days) for days in stretches]
    for days, count in zip(stretches, Placing(group.spans, weights).place(counts), strict=True):
        scaled = int((count * wishes.share).quantize(Decimal(1), ROUND_HALF_UP))
        if scaled:
            yield from zip(
                (day for day, _ in days),
                _spread(scaled, [weight for _, weight in days], draw),
                strict=True,
            )


def _weighted_days(stretch: Period, weigh: _Weigh, today: date) -> list[tuple[date, float]]:
    days = (min(stretch.last, today) - stretch.first).days + 1
    weighed = ((day, weigh(day)) for day in (stretch.first + n * _DAY for n in range(days)))
    return [(day, weight) for day, weight in weighed if weight is not None]


def _spread(count: int, weights: Sequence[float], draw: Random) -> list[int]:
    """Share `count` out by weights, made uneven by chance: whole numbers, largest rests first."""
    if not any(weights):
        weights = [1.0] * len(weights)
    uneven = [weight * draw.uniform(1 - _UNEVENNESS, 1 + _UNEVENNESS) for weight in weights]
    per_weight = count / sum(uneven)
    exact = [weight * per_weight for weight in uneven]
    shares = [int(share) for share in exact]
    by_rest = sorted(range(len(exact)), key=lambda n: shares[n] - exact[n])
    for n in by_rest[: count - sum(shares)]:
        shares[n] += 1
    return shares
