"""Office hours of a week, and the rule of a single day that differs from its week."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, time
from enum import StrEnum, auto
from functools import cached_property
from itertools import pairwise

from app.domain.errors import DomainError

Interval = tuple[time, time]  # opens, closes: whole minutes of one local day
Span = tuple[int, int]  # the same as minutes since midnight

EVERY_AGENCY = "*"
"""Whose hours and days hold for every office that has none of its own."""

_DAYS_OF_WEEK = 7
_USUAL_DAY: tuple[Interval, ...] = ((time(7, 30), time(11, 30)), (time(13), time(17)))


class OfficeHoursRefused(DomainError):
    """Intervals that overlap, are out of order, empty or not in whole minutes."""

    code = "calendar.office_hours"
    title = "Giờ làm việc không hợp lệ"


class CalendarContradiction(DomainError):
    """Two rules that cannot both hold for one day, such as a make-up day on a holiday."""

    code = "calendar.contradiction"
    title = "Lịch làm việc mâu thuẫn"


@dataclass(frozen=True)
class OfficeHours:
    """Open intervals of each weekday, Monday first; by default the usual 480 minutes, Mon-Fri.

    Raises `OfficeHoursRefused` where the intervals of a day do not follow one another, or where
    the office is never open.
    """

    week: tuple[tuple[Interval, ...], ...] = (_USUAL_DAY,) * 5 + ((), ())

    def __post_init__(self) -> None:
        if len(self.week) != _DAYS_OF_WEEK:
            raise OfficeHoursRefused("Giờ làm việc phải được khai cho đủ bảy ngày trong tuần.")
        for intervals in self.week:
            check_intervals(intervals)
        if not any(self.week):
            raise OfficeHoursRefused("Cơ quan phải mở cửa ít nhất một buổi trong tuần.")

    @classmethod
    def by_weekday(cls, intervals: Mapping[int, Iterable[Interval]]) -> "OfficeHours":
        """Return the hours given per ISO weekday (1 Monday to 7 Sunday); others are closed."""
        if not set(intervals) <= set(range(1, _DAYS_OF_WEEK + 1)):
            raise OfficeHoursRefused("Thứ trong tuần phải từ 1 (thứ hai) đến 7 (chủ nhật).")
        days = range(1, _DAYS_OF_WEEK + 1)
        return cls(tuple(tuple(sorted(intervals.get(day, ()))) for day in days))

    @cached_property
    def spans(self) -> tuple[tuple[Span, ...], ...]:
        """The week in minutes since midnight, Monday first."""
        return tuple(spans_of(intervals) for intervals in self.week)

    @cached_property
    def full_day(self) -> tuple[Span, ...]:
        """The office's full day: the first of its longest weekdays.

        This is what one working day of a time limit is worth, and what a make-up day is worked.
        An office that opens on Saturday mornings too keeps the full day of its weekdays.
        """
        return max(self.spans, key=span_minutes)

    @cached_property
    def full_day_minutes(self) -> int:
        return span_minutes(self.full_day)


class DayKind(StrEnum):
    """How a day differs from its week."""

    OFF = auto()  # nghỉ lễ, tết, nghỉ bù, nghỉ hoán đổi
    WORKED = auto()  # làm bù: the office's full day
    HOURS = auto()  # giờ làm việc riêng của một ngày, such as a local half-day


@dataclass(frozen=True, slots=True)
class DayRule:
    """What holds on one day, its name for the reader and the text that says so."""

    kind: DayKind
    name: str = ""
    source: str = ""
    hours: tuple[Interval, ...] = ()

    def __post_init__(self) -> None:
        check_intervals(self.hours)
        if (self.kind is DayKind.HOURS) != bool(self.hours):
            raise OfficeHoursRefused(
                "Giờ riêng phải được khai, và chỉ được khai, cho ngày có giờ làm việc riêng."
            )


def day_rules(pairs: Iterable[tuple[date, DayRule]]) -> dict[date, DayRule]:
    """Gather rules by day; two of one day must say the same, their names are then joined.

    Raises `CalendarContradiction` for a make-up day on a holiday and for any other two rules of a
    day that differ in more than name.
    """
    rules: dict[date, DayRule] = {}
    for day, rule in pairs:
        known = rules.get(day)
        rules[day] = rule if known is None else _joined(day, known, rule)
    return rules


def _joined(day: date, known: DayRule, rule: DayRule) -> DayRule:
    if (known.kind, known.hours) != (rule.kind, rule.hours):
        raise CalendarContradiction(
            f"Ngày {day:%d/%m/%Y} vừa là “{_label(known)}” vừa là “{_label(rule)}”.",
            day=day.isoformat(),
        )
    if rule.name in known.name:
        return known
    return DayRule(known.kind, f"{known.name}; {rule.name}", known.source, known.hours)


_LABELS = {
    DayKind.OFF: "ngày nghỉ",
    DayKind.WORKED: "ngày làm bù",
    DayKind.HOURS: "ngày có giờ làm việc riêng",
}


def _label(rule: DayRule) -> str:
    return f"{_LABELS[rule.kind]}: {rule.name}" if rule.name else _LABELS[rule.kind]


def check_intervals(intervals: tuple[Interval, ...]) -> None:
    """Refuse intervals of one day that are reversed, overlapping or not in whole minutes."""
    for opens, closes in intervals:
        if closes <= opens or any(t.second or t.microsecond or t.tzinfo for t in (opens, closes)):
            raise OfficeHoursRefused(
                f"Buổi làm việc {opens}-{closes} không hợp lệ: giờ mở cửa phải trước giờ đóng cửa, "
                "tính tròn phút."
            )
    for (_, closes), (opens, _) in pairwise(intervals):
        if opens < closes:
            raise OfficeHoursRefused(
                f"Buổi làm việc bắt đầu lúc {opens} chồng lên buổi kết thúc lúc {closes}."
            )


def spans_of(intervals: tuple[Interval, ...]) -> tuple[Span, ...]:
    """Return intervals as minutes since midnight."""
    return tuple((_minute(opens), _minute(closes)) for opens, closes in intervals)


def span_minutes(spans: tuple[Span, ...]) -> int:
    return sum(closes - opens for opens, closes in spans)


def _minute(at: time) -> int:
    return at.hour * 60 + at.minute
