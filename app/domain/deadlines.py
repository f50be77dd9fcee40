"""When the result of a dossier is due, and how early or late it is.

The rules stand in `course`; this is what the rest of the code asks.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Final

from app.domain.calendar import Calendar, HorizonExceeded, NaiveInstant, local_minute
from app.domain.course import Stop, StopRefused, follow
from app.domain.explanation import DayMinutes, DayNature, explain
from app.domain.time_limits import LimitRefused, LimitUnit, TimeLimit, parse_limit

__all__ = [
    "FIRST_ANSWER",
    "HAND_ON_UNTIL",
    "DayMinutes",
    "DayNature",
    "Deadline",
    "HorizonExceeded",
    "LimitRefused",
    "LimitUnit",
    "NaiveInstant",
    "Stop",
    "StopRefused",
    "TimeLimit",
    "due",
    "explain",
    "first_answer_due",
    "in_words",
    "lateness",
    "next_working_start",
    "parse_limit",
]

HAND_ON_UNTIL: Final = time(15)  # a default; the province may set another hour
FIRST_ANSWER: Final = TimeLimit(8, LimitUnit.WORKING_HOURS)
_HOUR: Final = 60


@dataclass(frozen=True, slots=True)
class Deadline:
    """When the result is due, and the working minutes spent and left at the last stop.

    `due_at` is None while the clock stands. Without a stop nothing is spent yet and all is left;
    spent and remaining always add up to the working time granted.
    """

    due_at: datetime | None
    spent_minutes: int
    remaining_minutes: int

    @property
    def budget_minutes(self) -> int:
        return self.spent_minutes + self.remaining_minutes


def due(
    limit: TimeLimit,
    accepted_at: datetime,
    stops: Iterable[Stop],
    calendar: Calendar,
    extension: TimeLimit | None = None,
) -> Deadline:
    """Say when the result of a dossier is due; see `follow` for the rules."""
    course = follow(limit, accepted_at, stops, calendar, extension)
    spent, cursor = 0, course.accepted_at
    for stop in course.stops:
        spent += calendar.minutes_between(cursor, stop.start)
        cursor = stop.start if stop.end is None else stop.end
    end = course.terms[-1].due_at
    remaining = calendar.minutes_between(cursor, end)
    return Deadline(None if course.stands else end, spent, remaining)


def first_answer_due(received_at: datetime, calendar: Calendar) -> datetime:
    """Say until when a dossier sent in online must be answered: 8 working hours.

    Decree 45/2020/NĐ-CP.
    """
    return calendar.after(received_at, FIRST_ANSWER.count * _HOUR)


def next_working_start(
    received_at: datetime, calendar: Calendar, cutoff: time = HAND_ON_UNTIL
) -> datetime:
    """Say from when the desk has to hand on what it received.

    At once, or from the next opening; what is received after `cutoff` (local time), from the start
    of the next working day.
    """
    received = local_minute(received_at)
    if received.time() <= cutoff:
        return calendar.next_opening(received)
    day = calendar.next_working_day(received.date() + timedelta(days=1))
    return calendar.intervals(day)[0][0]


def lateness(at: datetime, due_at: datetime, calendar: Calendar) -> int:
    """Count the working minutes by which `at` is late; negative while there is time left."""
    return calendar.minutes_between(due_at, at)


def in_words(late_minutes: int, full_day_minutes: int) -> str:
    """Say a `lateness` as a clerk reads it: `còn 2 ngày 4 giờ`, `quá hạn 1 ngày 3 giờ`.

    In working days of the office and hours, both rounded down; minutes under an hour alone.
    """
    if late_minutes == 0:
        return "đến hạn"
    days, rest = divmod(abs(late_minutes), full_day_minutes)
    hours, minutes = divmod(rest, _HOUR)
    named = ((days, "ngày"), (hours, "giờ"), (minutes if not days and not hours else 0, "phút"))
    words = " ".join(f"{count} {unit}" for count, unit in named if count)
    return f"{'quá hạn' if late_minutes > 0 else 'còn'} {words}"
