"""Calendar of an office: when working time passes, as data with dates of effect.

Every instant is read to the minute, as the receipt prints it (seconds are dropped), in the local
zone. Sums of working minutes over the days of the horizon are built once, at the first question;
afterwards an answer costs a look-up and a binary search, however far apart the instants lie.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from functools import cached_property
from itertools import accumulate, pairwise
from types import MappingProxyType
from zoneinfo import ZoneInfo

from app.domain.errors import DomainError
from app.domain.office_hours import (
    CalendarContradiction,
    DayKind,
    DayRule,
    OfficeHours,
    OfficeHoursRefused,
    Span,
    day_rules,
    span_minutes,
    spans_of,
)

__all__ = [
    "FIRST_DAY",
    "LAST_DAY",
    "LOCAL_ZONE",
    "Calendar",
    "CalendarContradiction",
    "DayKind",
    "DayRule",
    "HorizonExceeded",
    "NaiveInstant",
    "OfficeHours",
    "OfficeHoursRefused",
    "end_of",
    "local_minute",
]

LOCAL_ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
FIRST_DAY = date(1990, 1, 1)
LAST_DAY = date(2100, 12, 31)

_FIRST = FIRST_DAY.toordinal()
_DAYS = LAST_DAY.toordinal() - _FIRST + 1
_WEEK = 7
_STANDARD_HOURS = OfficeHours()


class NaiveInstant(DomainError):
    """An instant without a zone: nobody can say when that was."""

    code = "calendar.naive_instant"
    title = "Thời điểm thiếu múi giờ"


class HorizonExceeded(DomainError):
    """Asked for a day before 1990 or after 2100."""

    code = "calendar.horizon"
    title = "Ngoài phạm vi của lịch làm việc"


def local_minute(instant: datetime) -> datetime:
    """Return the local minute in which an instant lies.

    Raises `NaiveInstant`, and `HorizonExceeded` for instants at the very ends of the era.
    """
    if instant.tzinfo is not LOCAL_ZONE:
        if instant.utcoffset() is None:
            raise NaiveInstant(f"Thời điểm {instant.isoformat()} không có múi giờ.")
        try:
            instant = instant.astimezone(LOCAL_ZONE)
        except OverflowError as error:
            raise _beyond_horizon() from error
    if instant.second or instant.microsecond:
        return instant.replace(second=0, microsecond=0)
    return instant


def end_of(day: date) -> datetime:
    """Return the local midnight that ends a day."""
    return datetime.combine(day, time(), LOCAL_ZONE) + timedelta(days=1)


class Calendar:
    """Working time of one office; does not change after it is made.

    `hours` holds always, or is a sequence of (valid from, hours); the earliest of them also holds
    before its date, so that there is no day without. `days` are the days that differ from their
    week; a year without any is a plain run of weeks.

    Raises `CalendarContradiction` and `OfficeHoursRefused` for data that cannot be.
    """

    def __init__(
        self,
        hours: OfficeHours | Iterable[tuple[date, OfficeHours]] = _STANDARD_HOURS,
        days: Mapping[date, DayRule] | Iterable[tuple[date, DayRule]] = (),
    ) -> None:
        self._hours = _timeline([(FIRST_DAY, hours)] if isinstance(hours, OfficeHours) else hours)
        self._valid_from = [since.toordinal() for since, _ in self._hours]
        self._days = day_rules(days.items() if isinstance(days, Mapping) else days)
        self._special = {day.toordinal(): self._rule_spans(day) for day in self._days}

    @property
    def hours(self) -> Sequence[tuple[date, OfficeHours]]:
        return self._hours

    @property
    def days(self) -> Mapping[date, DayRule]:
        return MappingProxyType(self._days)

    def hours_on(self, day: date) -> OfficeHours:
        """Return the office hours in force on a day, whatever that day's own rule."""
        return self._hours_at(day.toordinal())

    def intervals(self, day: date) -> tuple[tuple[datetime, datetime], ...]:
        """Return the open intervals of a day as aware instants, none if it is off."""
        _index(day)
        return tuple(
            (_instant(day, opens), _instant(day, closes))
            for opens, closes in self._spans(day.toordinal())
        )

    def is_working(self, day: date) -> bool:
        _index(day)
        return bool(self._spans(day.toordinal()))

    def close(self, day: date) -> datetime:
        """Return the close of a working day."""
        return self.intervals(day)[-1][1]

    def next_working_day(self, day: date) -> date:
        """Return the first working day that is not before `day`."""
        found = bisect_right(self._totals, self._totals[_index(day)]) - 1
        if found >= _DAYS:
            raise _beyond_horizon()
        return date.fromordinal(_FIRST + found)

    def last_working_day_before(self, day: date) -> date:
        """Return the last working day before `day`."""
        found = bisect_left(self._totals, self._totals[_index(day)]) - 1
        if found < 0:
            raise _beyond_horizon()
        return date.fromordinal(_FIRST + found)

    def next_opening(self, instant: datetime) -> datetime:
        """Return the first instant of working time that is not before `instant`.

        That is the instant itself while the office is open; at 11:30 sharp it is 13:00.
        """
        start = local_minute(instant)
        at = start.hour * 60 + start.minute
        _index(start)
        for opens, closes in self._spans(start.toordinal()):
            if at < closes:
                return start if at >= opens else _instant(start, opens)
        day = self.next_working_day(_next_day(start))
        return _instant(day, self._spans(day.toordinal())[0][0])

    def minutes_between(self, start: datetime, end: datetime) -> int:
        """Count the working minutes from `start` to `end`; negative if `end` is the earlier."""
        return self._passed(local_minute(end)) - self._passed(local_minute(start))

    def after(self, start: datetime, minutes: int) -> datetime:
        """Return the end of the last of `minutes` working minutes counted from `start`.

        That is 11:30 rather than 13:00, and the close of a day rather than the next opening.
        No minutes at all end where they started.
        """
        begin = local_minute(start)
        if minutes <= 0:
            return begin
        target = self._passed(begin) + minutes
        found = bisect_left(self._totals, target) - 1
        if found >= _DAYS:
            raise _beyond_horizon()
        left = target - self._totals[found]
        day = date.fromordinal(_FIRST + found)
        for opens, closes in self._spans(_FIRST + found):
            if left <= closes - opens:
                return _instant(day, opens + left)
            left -= closes - opens
        raise AssertionError(f"the sums of {day} disagree with its hours")

    def _passed(self, local: datetime) -> int:
        """Count the working minutes from the start of the horizon to a local minute."""
        minutes: int = self._totals[_index(local)]
        at = local.hour * 60 + local.minute
        for opens, closes in self._spans(local.toordinal()):
            if at <= opens:
                break
            minutes += min(at, closes) - opens
        return minutes

    @cached_property
    def _totals(self) -> "array[int]":
        """Working minutes before each day of the horizon; one entry more than it has days."""
        minutes: list[int] = []
        horizon = _FIRST + _DAYS
        inner = (min(max(since, _FIRST), horizon) for since in self._valid_from[1:])
        edges = [_FIRST, *inner, horizon]
        for (begin, end), (_, hours) in zip(pairwise(edges), self._hours, strict=True):
            week = [span_minutes(spans) for spans in hours.spans]
            first = (begin - 1) % _WEEK
            turns = (end - begin) // _WEEK + 1
            minutes += ((week[first:] + week[:first]) * turns)[: end - begin]
        for ordinal, spans in self._special.items():
            if 0 <= ordinal - _FIRST < _DAYS:
                minutes[ordinal - _FIRST] = span_minutes(spans)
        return array("l", accumulate(minutes, initial=0))

    def _spans(self, ordinal: int) -> tuple[Span, ...]:
        special = self._special.get(ordinal)
        if special is not None:
            return special
        return self._hours_at(ordinal).spans[(ordinal - 1) % _WEEK]  # day 1 was a Monday

    def _hours_at(self, ordinal: int) -> OfficeHours:
        if len(self._hours) == 1:
            return self._hours[0][1]
        return self._hours[max(0, bisect_right(self._valid_from, ordinal) - 1)][1]

    def _rule_spans(self, day: date) -> tuple[Span, ...]:
        rule = self._days[day]
        if rule.kind is DayKind.WORKED:
            return self.hours_on(day).full_day
        return spans_of(rule.hours)  # none on a day off


def _timeline(
    hours: Iterable[tuple[date, OfficeHours]],
) -> tuple[tuple[date, OfficeHours], ...]:
    found = tuple(sorted(hours, key=lambda entry: entry[0]))
    if not found:
        raise OfficeHoursRefused("Lịch làm việc phải có giờ làm việc của cơ quan.")
    if len({since for since, _ in found}) < len(found):
        raise OfficeHoursRefused("Hai bộ giờ làm việc có cùng ngày hiệu lực.")
    return found


def _index(day: date) -> int:
    index = day.toordinal() - _FIRST
    if not 0 <= index < _DAYS:
        raise _beyond_horizon()
    return index


def _next_day(day: date) -> date:
    return date.fromordinal(day.toordinal() + 1)


def _instant(day: date, minute: int) -> datetime:
    return datetime(day.year, day.month, day.day, minute // 60, minute % 60, tzinfo=LOCAL_ZONE)


def _beyond_horizon() -> HorizonExceeded:
    return HorizonExceeded(
        f"Lịch làm việc chỉ tính được từ {FIRST_DAY:%d/%m/%Y} đến {LAST_DAY:%d/%m/%Y}."
    )
