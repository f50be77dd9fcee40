"""Working time in a form that a database can look up: the minutes that passed at each turn.

An office opens and closes in turns. With the working minutes that passed until each turn, the
working time between any two instants is two look-ups and a difference, for millions of dossiers
in one statement; what counts as working time is said by `Calendar` alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from app.domain.calendar import FIRST_DAY, LAST_DAY, LOCAL_ZONE, Calendar

USUAL: Final = 0
"""In place of an office's key: every office without a calendar of its own."""

FULL_DAY: Final = 480
"""Minutes of a working day in which handling time is kept: 8 hours (Labour Code 2019, art. 105).

An office whose full day is shorter or longer is scaled to it, as its limits are counted by it.
"""

_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class WorkingTime:
    """Turns of offices by key (minutes since 1970), openings and closings alternating; full days.

    `columns` are equally long lists for `unnest`.
    """

    turns: tuple[tuple[int, int, int], ...] = ()
    full_days: tuple[tuple[int, date, int], ...] = ()

    @property
    def columns(self) -> dict[str, list[Any]]:
        return {
            "offices": [office for office, _, _ in self.turns],
            "turns": [at for _, at, _ in self.turns],
            "passed": [passed for _, _, passed in self.turns],
            "full_offices": [office for office, _, _ in self.full_days],
            "full_since": [since for _, since, _ in self.full_days],
            "full_minutes": [minutes for _, _, minutes in self.full_days],
        }


def working_time(
    calendars: Mapping[int, Calendar], since: datetime | None, until: datetime | None
) -> WorkingTime:
    """Return the working time of offices between two instants; none where there are none."""
    if since is None or until is None:
        return WorkingTime()
    first = max(FIRST_DAY, since.astimezone(LOCAL_ZONE).date())
    last = min(LAST_DAY, until.astimezone(LOCAL_ZONE).date())
    turns: list[tuple[int, int, int]] = []
    full_days: list[tuple[int, date, int]] = []
    for office, calendar in calendars.items():
        turns += _turns(office, calendar, first, last)
        full_days += [(office, day, hours.full_day_minutes) for day, hours in calendar.hours]
    return WorkingTime(tuple(turns), tuple(full_days))


def _turns(office: int, calendar: Calendar, first: date, last: date) -> list[tuple[int, int, int]]:
    found: list[tuple[int, int, int]] = []
    passed, day = 0, first
    while day <= last:
        for opens, closes in calendar.intervals(day):
            begin, end = (int(at.timestamp()) // 60 for at in (opens, closes))
            found.append((office, begin, passed))
            passed += end - begin
            found.append((office, end, passed))
        day += _DAY
    # Nothing passes on days off alone, and an office without a turn would be unknown.
    return found or [(office, 0, 0), (office, 1, 0)]
