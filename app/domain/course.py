"""The way of the legal clock from acceptance to the due instant, with its stops.

A limit in working days or hours is a budget of working minutes, one working day being the full
day of the office on the day of acceptance. It is spent only while the clock runs. A limit in
calendar days or months counts days of the year (Civil Code 2015, art. 147 and 148). All instants
are read to the minute, as printed on the receipt; the due instant is the end of the last minute.
"""

from bisect import bisect_left
from calendar import monthrange
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from app.domain.calendar import Calendar, local_minute
from app.domain.errors import DomainError
from app.domain.time_limits import LimitUnit, TimeLimit

_HOUR: Final = 60
_MONTHS: Final = 12


class StopRefused(DomainError):
    """A stop that ends before it begins."""

    code = "deadline.stop_refused"
    title = "Khoảng dừng tính thời hạn không hợp lệ"


@dataclass(frozen=True, slots=True)
class Stop:
    """An interval in which the clock stands; without an end it stands still.

    Raises `NaiveInstant`, and `StopRefused` for an end that lies minutes before the start.
    """

    start: datetime
    end: datetime | None
    reason: str = ""

    def __post_init__(self) -> None:
        start = local_minute(self.start)
        if self.end is not None and local_minute(self.end) < start:
            raise StopRefused(
                f"Khoảng dừng kết thúc ({self.end.isoformat()}) trước khi bắt đầu "
                f"({self.start.isoformat()})."
            )


@dataclass(frozen=True, slots=True)
class Term:
    """A stretch of the clock's way that one kind of unit measures.

    `last_day` is the day on which a term of calendar days or months ends by counting alone, before
    art. 148 moves it to a working day; None for working time.
    """

    start: datetime
    due_at: datetime
    last_day: date | None


@dataclass(frozen=True, slots=True)
class Course:
    """How the clock came to its due instant: terms, and the stops that had an effect.

    Stops are merged where they overlap or touch, and cut off at acceptance. If the last one is
    open, the clock stands: the terms then show the way as it was before that stop.
    """

    accepted_at: datetime
    terms: tuple[Term, ...]
    stops: tuple[Stop, ...]

    @property
    def stands(self) -> bool:
        return bool(self.stops) and self.stops[-1].end is None


def follow(
    limit: TimeLimit,
    accepted_at: datetime,
    stops: Iterable[Stop],
    calendar: Calendar,
    extension: TimeLimit | None = None,
) -> Course:
    """Follow the clock from acceptance to the due instant.

    Stops may come in any order, overlap, begin before acceptance or lie after the due instant
    (then without effect). An extension in the same family of units (working time, or days of the
    year) lengthens the limit; one of the other family is a second term that begins where the first
    is due, and stops after that count for it.

    Raises `NaiveInstant`, and `HorizonExceeded` for a way that leaves 1990-2100.
    """
    start = local_minute(accepted_at)
    merged = _merged(stops, start)
    closed = [(stop.start, stop.end) for stop in merged if stop.end is not None]
    terms: list[Term] = []
    for part in _parts(limit, extension):
        measure = _working_term if part[0].unit.is_working_time else _calendar_term
        terms.append(measure(part, start, [s for s in closed if s[1] > start], calendar))
        start = terms[-1].due_at
    counted = merged[: bisect_left(merged, start, key=lambda stop: stop.start)]
    return Course(local_minute(accepted_at), tuple(terms), tuple(counted))


_Closed = tuple[datetime, datetime]


def _parts(limit: TimeLimit, extension: TimeLimit | None) -> list[list[TimeLimit]]:
    if extension is None:
        return [[limit]]
    if extension.unit.is_working_time == limit.unit.is_working_time:
        return [[limit, extension]]
    return [[limit], [extension]]


def _working_term(
    part: Sequence[TimeLimit], start: datetime, stops: Iterable[_Closed], calendar: Calendar
) -> Term:
    day = calendar.hours_on(start).full_day_minutes
    worth = {LimitUnit.WORKING_DAYS: day, LimitUnit.WORKING_HOURS: _HOUR}
    left = sum(limit.count * worth[limit.unit] for limit in part)
    cursor = start
    for stopped_at, resumed_at in stops:
        run = calendar.minutes_between(cursor, stopped_at)
        if run >= left:
            break
        left -= run
        cursor = resumed_at
    return Term(start, calendar.after(cursor, left), None)


def _calendar_term(
    part: Sequence[TimeLimit], start: datetime, stops: Iterable[_Closed], calendar: Calendar
) -> Term:
    """Count days of the year: the first day is not counted, an end on a day off moves on.

    A stop adds the whole days from the date it began to the date it ended: the day on which the
    clock stops counts, the day on which it goes on does not (as art. 147 has it for the first
    day). A due instant never falls before the clock goes on again: a stop that outlasts the close
    of the last day moves it to the next close.
    """
    last_day, running_from = start.date(), start
    queue = list(stops)
    if queue and queue[0][0] <= start:  # accepted while the clock stands: it starts afterwards
        running_from = queue.pop(0)[1]
        last_day = running_from.date()
    for limit in part:
        last_day = _counted_on(last_day, limit)
    for stopped_at, resumed_at in queue:
        if stopped_at >= _closing(last_day, running_from, calendar):
            break
        if stopped_at.date() <= last_day:  # else only the days off before the close are left
            last_day += resumed_at.date() - stopped_at.date()
        running_from = resumed_at
    return Term(start, _closing(last_day, running_from, calendar), last_day)


def _closing(last_day: date, running_from: datetime, calendar: Calendar) -> datetime:
    """Return the first close of a working day from `last_day` on, after the clock runs again."""
    day = calendar.next_working_day(max(last_day, running_from.date()))
    closing = calendar.close(day)
    if closing <= running_from:
        closing = calendar.close(calendar.next_working_day(day + timedelta(days=1)))
    return closing


def _counted_on(day: date, limit: TimeLimit) -> date:
    """Count days or months on from a day that is not counted itself (art. 147, 148).

    A month ends on the corresponding day of the next, or on its last where there is none.
    """
    if limit.unit is LimitUnit.CALENDAR_DAYS:
        return day + timedelta(days=limit.count)
    years, month = divmod(day.month - 1 + limit.count, _MONTHS)
    year, month = day.year + years, month + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def _merged(stops: Iterable[Stop], start: datetime) -> list[Stop]:
    """Put stops in order, read to the minute, merged, and cut off at `start`."""
    merged: list[Stop] = []
    for stop in sorted((_to_the_minute(stop, start) for stop in stops), key=lambda s: s.start):
        if stop.end is not None and stop.end <= stop.start:
            continue
        last = merged[-1] if merged else None
        if last is not None and (last.end is None or stop.start <= last.end):
            merged[-1] = _joined(last, stop)
        else:
            merged.append(stop)
    return merged


def _to_the_minute(stop: Stop, start: datetime) -> Stop:
    begins = max(local_minute(stop.start), start)
    ends = None if stop.end is None else max(local_minute(stop.end), begins)
    return Stop(begins, ends, stop.reason)


def _joined(first: Stop, second: Stop) -> Stop:
    ends = None if first.end is None or second.end is None else max(first.end, second.end)
    reasons = dict.fromkeys(reason for reason in (first.reason, second.reason) if reason)
    return Stop(first.start, ends, "; ".join(reasons))
