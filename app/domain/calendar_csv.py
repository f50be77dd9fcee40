"""Calendars written as CSV: the seeds, and what an administrator uploads.

Two tables. Days: `day,kind,name,source`, where `kind` is `off`, `worked` (làm bù),
`hours 07:30-11:30 13:00-15:00`, or `usual` for a day that is as its week again. Hours:
`agency,valid_from,weekday,start,end`, one row for each open interval of an ISO weekday; weekdays
without a row are closed, agency `*` is every other.
"""

import csv
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date, time
from io import StringIO

from app.domain.calendar import Calendar
from app.domain.calendar_book import CalendarChange, DayEntry, EntryKind, HoursEntry
from app.domain.errors import DomainError
from app.domain.office_hours import (
    EVERY_AGENCY,
    DayRule,
    Interval,
    OfficeHours,
    OfficeHoursRefused,
)

__all__ = ["EVERY_AGENCY", "CalendarTableRefused", "calendar_from_csv", "change_from_csv"]

_DAY_COLUMNS = ("day", "kind", "name", "source")
_HOURS_COLUMNS = ("agency", "valid_from", "weekday", "start", "end")

_Row = Mapping[str, str]
_Week = dict[int, list[Interval]]


class CalendarTableRefused(DomainError):
    """A row of a calendar table that cannot be read; the line is named."""

    code = "calendar.table_refused"
    title = "Bảng lịch làm việc không hợp lệ"


def calendar_from_csv(calendar_text: str, hours_text: str, agency: str = EVERY_AGENCY) -> Calendar:
    """Return the calendar of an agency.

    An agency's own hours hold from the first date they name; before it, and for an agency without
    hours of its own, those of `*` hold.

    Raises `CalendarTableRefused`, and whatever `Calendar` refuses.
    """
    return Calendar(_hours(hours_text, agency), list(_days(calendar_text)))


def change_from_csv(
    calendar_text: str,
    hours_text: str | None,
    *,
    source: str,
    reason: str | None = None,
    agency: str = EVERY_AGENCY,
) -> CalendarChange:
    """Return what the tables say as one change: the days for `agency`, the hours for their own.

    Raises `CalendarTableRefused`.
    """
    weeks = {} if hours_text is None else _weeks(hours_text)
    return CalendarChange(
        source,
        reason,
        tuple(entry for entry, _ in _entries(calendar_text, agency)),
        tuple(
            HoursEntry(
                office, since, {day: tuple(sorted(spans)) for day, spans in sorted(week.items())}
            )
            for office, timeline in sorted(weeks.items())
            for since, week in sorted(timeline.items())
        ),
    )


def _days(text: str) -> Iterator[tuple[date, DayRule]]:
    for entry, rule in _entries(text, EVERY_AGENCY):
        if rule is not None:
            yield entry.day, rule


def _entries(text: str, agency: str) -> Iterator[tuple[DayEntry, DayRule | None]]:
    for line, row in _rows(text, _DAY_COLUMNS):
        try:
            kind, *hours = row["kind"].split()
            intervals = tuple(_interval(*part.split("-")) for part in hours)
            day = date.fromisoformat(row["day"])
            source = row["source"] or None
            entry = DayEntry(agency, day, EntryKind(kind), row["name"], intervals, source)
            yield entry, entry.rule("")
        except (ValueError, TypeError) as error:
            raise _refused(line, row) from error
        except OfficeHoursRefused as error:
            raise CalendarTableRefused(f"Dòng {line}: {error.detail}", line=line) from error


def _hours(text: str, agency: str) -> list[tuple[date, OfficeHours]]:
    weeks = _weeks(text)
    own = {} if agency == EVERY_AGENCY else weeks.get(agency, {})
    own_from = min(own, default=date.max)
    usual = weeks.get(EVERY_AGENCY, {})
    shared = {since: week for since, week in usual.items() if since < own_from}
    return [(since, OfficeHours.by_weekday(week)) for since, week in {**shared, **own}.items()]


def _weeks(text: str) -> Mapping[str, Mapping[date, _Week]]:
    weeks: defaultdict[str, defaultdict[date, _Week]] = defaultdict(lambda: defaultdict(dict))
    for line, row in _rows(text, _HOURS_COLUMNS):
        try:
            since, weekday = date.fromisoformat(row["valid_from"]), int(row["weekday"])
            interval = _interval(row["start"], row["end"])
        except ValueError as error:
            raise _refused(line, row) from error
        weeks[row["agency"]][since].setdefault(weekday, []).append(interval)
    return weeks


def _rows(text: str, columns: tuple[str, ...]) -> Iterator[tuple[int, _Row]]:
    reader = csv.DictReader(StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    try:
        if tuple(reader.fieldnames or ()) != columns:
            raise CalendarTableRefused(f"Bảng phải có các cột {', '.join(columns)}.")
        for row in reader:
            if None in row or None in row.values():
                raise CalendarTableRefused(
                    f"Dòng {reader.line_num} phải có {len(columns)} cột.", line=reader.line_num
                )
            yield reader.line_num, row
    except csv.Error as error:
        raise CalendarTableRefused(
            f"Từ sau dòng {reader.line_num} bảng không còn là CSV.", line=reader.line_num
        ) from error


def _interval(start: str, end: str) -> Interval:
    return time.fromisoformat(start), time.fromisoformat(end)


def _refused(line: int, row: _Row) -> CalendarTableRefused:
    return CalendarTableRefused(
        f"Dòng {line} không đọc được: {', '.join(row.values())}.", line=line
    )
