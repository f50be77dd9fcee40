"""The province's working time as administrators keep it, and what a change of it does.

A change says what holds from now on: for single days (holiday, day off in lieu, make-up day, a
local half-day) and for office hours from a date on. Nothing is edited: the book at any moment is
what all changes entered until then make of an empty one.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum, auto
from functools import cached_property
from typing import TypeVar

from app.domain.calendar import FIRST_DAY, LAST_DAY, Calendar
from app.domain.office_hours import EVERY_AGENCY, DayKind, DayRule, Interval, OfficeHours


class EntryKind(StrEnum):
    """What a change says of a day."""

    OFF = auto()  # nghỉ lễ, tết, nghỉ bù, nghỉ hoán đổi
    WORKED = auto()  # làm bù
    HOURS = auto()  # giờ làm việc riêng của ngày
    USUAL = auto()  # gỡ bỏ: lại như giờ làm việc trong tuần


@dataclass(frozen=True, slots=True)
class DayEntry:
    """What holds on one day for one office, or for every one; `source` if not the change's."""

    agency: str
    day: date
    kind: EntryKind
    name: str = ""
    hours: tuple[Interval, ...] = ()
    source: str | None = None

    def rule(self, source: str) -> DayRule | None:
        """Return what holds, None for a usual day; raises `OfficeHoursRefused`."""
        if self.kind is EntryKind.USUAL:
            return None
        return DayRule(DayKind(self.kind), self.name, self.source or source, self.hours)


@dataclass(frozen=True, slots=True)
class HoursEntry:
    """An office's week from a date on; without a week the hours of that date are withdrawn."""

    agency: str
    valid_from: date
    week: Mapping[int, tuple[Interval, ...]] | None

    def office_hours(self) -> OfficeHours | None:
        """Return the hours; raises `OfficeHoursRefused`."""
        return None if self.week is None else OfficeHours.by_weekday(self.week)


@dataclass(frozen=True, slots=True)
class CalendarChange:
    """What an administrator enters at once, with the document that says so."""

    source: str
    reason: str | None = None
    days: tuple[DayEntry, ...] = ()
    hours: tuple[HoursEntry, ...] = ()

    @property
    def agencies(self) -> set[str]:
        return {entry.agency for entry in self.days} | {entry.agency for entry in self.hours}


T = TypeVar("T", DayRule, OfficeHours)
_Days = Mapping[str, Mapping[date, DayRule]]
_Hours = Mapping[str, Mapping[date, OfficeHours]]


@dataclass(frozen=True)
class Book:
    """What holds: single days and office hours, by agency code or `*`; does not change."""

    days: _Days = field(default_factory=dict)
    hours: _Hours = field(default_factory=dict)

    def after(self, change: CalendarChange) -> "Book":
        """Return the book once `change` was entered; raises `OfficeHoursRefused`."""
        days = {agency: dict(known) for agency, known in self.days.items()}
        for entry in change.days:
            _put(days, entry.agency, entry.day, entry.rule(change.source))
        hours = {agency: dict(known) for agency, known in self.hours.items()}
        for week in change.hours:
            _put(hours, week.agency, week.valid_from, week.office_hours())
        return Book(_without_empty(days), _without_empty(hours))

    @cached_property
    def calendars(self) -> dict[str, Calendar]:
        """The calendar of each office that has days or hours of its own, and `*` for the others."""
        own = (set(self.days) | set(self.hours)) - {EVERY_AGENCY}
        return {agency: self._calendar(agency) for agency in {EVERY_AGENCY, *own}}

    def calendar(self, agency: str) -> Calendar:
        return self.calendars.get(agency, self.calendars[EVERY_AGENCY])

    def _calendar(self, agency: str) -> Calendar:
        usual = self.hours.get(EVERY_AGENCY) or {FIRST_DAY: OfficeHours()}
        own = self.hours.get(agency, {}) if agency != EVERY_AGENCY else {}
        begins = min(own, default=date.max)
        # Before its own hours begin, an office keeps those of every office.
        before = {since: hours for since, hours in usual.items() if since < begins}
        days = {**self.days.get(EVERY_AGENCY, {}), **self.days.get(agency, {})}
        return Calendar({**before, **own}.items(), days)

    def reach(self, change: CalendarChange) -> tuple[date, date]:
        """Return the first and the last day whose working time `change` may alter.

        Hours reach to the end of the horizon, and the earliest hours of all to its beginning,
        because they also hold before their date.
        """
        first = [entry.day for entry in change.days]
        usual = min(self.hours.get(EVERY_AGENCY, ()), default=date.max)
        first += [
            entry.valid_from if usual < entry.valid_from else FIRST_DAY for entry in change.hours
        ]
        last = [entry.day for entry in change.days] + [LAST_DAY for _ in change.hours]
        return min(first), max(last)


def fold(changes: Iterable[CalendarChange]) -> Book:
    """Return the book that changes make in the order in which they were entered."""
    book = Book()
    for change in changes:
        book = book.after(change)
    return book


def _put(into: dict[str, dict[date, T]], agency: str, day: date, value: T | None) -> None:
    known = into.setdefault(agency, {})
    if value is None:
        known.pop(day, None)
    else:
        known[day] = value


def _without_empty(found: dict[str, dict[date, T]]) -> dict[str, dict[date, T]]:
    return {agency: known for agency, known in found.items() if known}
