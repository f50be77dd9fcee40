"""The book of calendars in the database: read whole, written where a change says so."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, tuple_

from app.db.calendar import calendar_change, calendar_day, local_day, office_hours
from app.domain.calendar_book import Book, CalendarChange, fold
from app.domain.calendar_documents import change_of, intervals, written
from app.domain.office_hours import EVERY_AGENCY, DayKind, DayRule, Interval, OfficeHours


def read_book(db: Connection) -> Book:
    """Return what holds now."""
    days: defaultdict[str, dict[date, DayRule]] = defaultdict(dict)
    for row in db.execute(select(calendar_day)):
        days[EVERY_AGENCY][row.day] = _rule(row)
    for row in db.execute(select(local_day)):
        days[row.agency][row.day] = _rule(row)
    weeks: defaultdict[str, defaultdict[date, defaultdict[int, list[Interval]]]] = defaultdict(
        lambda: defaultdict(lambda: defaultdict(list))
    )
    for row in db.execute(select(office_hours)):
        weeks[row.agency][row.valid_from][row.weekday].append((row.starts, row.ends))
    return Book(
        dict(days),
        {
            agency: {since: OfficeHours.by_weekday(week) for since, week in timeline.items()}
            for agency, timeline in weeks.items()
        },
    )


def read_book_known_at(db: Connection, at: datetime) -> Book:
    """Return the book as it was; what the system began with counts as known all along."""
    first = select(func.min(calendar_change.c.id)).scalar_subquery()
    documents = db.scalars(
        select(calendar_change.c.document)
        .where((calendar_change.c.entered_at <= at) | (calendar_change.c.id == first))
        .order_by(calendar_change.c.id)
    )
    return fold(change_of(document) for document in documents)


def _rule(row: Any) -> DayRule:  # noqa: ANN401  (a row of either table of days)
    return DayRule(DayKind(row.kind), row.name, row.source, intervals(row.hours))


def write_book(db: Connection, after: Book, change: CalendarChange, change_id: int) -> None:
    """Write what `change` made of the book, and that it was this change."""
    _write_days(db, after, change, change_id)
    _write_hours(db, after, change, change_id)


def _write_days(db: Connection, after: Book, change: CalendarChange, change_id: int) -> None:
    changed = [(entry.agency, entry.day) for entry in change.days]
    common = [day for agency, day in changed if agency == EVERY_AGENCY]
    own = [place for place in changed if place[0] != EVERY_AGENCY]
    if common:
        db.execute(delete(calendar_day).where(calendar_day.c.day.in_(common)))
    if own:
        db.execute(delete(local_day).where(tuple_(local_day.c.agency, local_day.c.day).in_(own)))
    common_rows: list[dict[str, Any]] = []
    own_rows: list[dict[str, Any]] = []
    for agency, day in changed:
        rule = after.days.get(agency, {}).get(day)
        if rule is None:
            continue
        row = {
            "day": day,
            "kind": rule.kind,
            "name": rule.name,
            "source": rule.source,
            "hours": written(rule.hours) or None,
            "change_id": change_id,
        }
        if agency == EVERY_AGENCY:
            common_rows.append(row)
        else:
            own_rows.append({**row, "agency": agency})
    _insert(db, calendar_day, common_rows)
    _insert(db, local_day, own_rows)


def _write_hours(db: Connection, after: Book, change: CalendarChange, change_id: int) -> None:
    changed = [(entry.agency, entry.valid_from) for entry in change.hours]
    if not changed:
        return
    place = tuple_(office_hours.c.agency, office_hours.c.valid_from)
    db.execute(delete(office_hours).where(place.in_(changed)))
    rows = [
        {
            "agency": agency,
            "valid_from": since,
            "weekday": weekday,
            "starts": starts,
            "ends": ends,
            "change_id": change_id,
        }
        for agency, since in changed
        if (hours := after.hours.get(agency, {}).get(since)) is not None
        for weekday, spans in enumerate(hours.week, 1)
        for starts, ends in spans
    ]
    _insert(db, office_hours, rows)


def _insert(db: Connection, table: Any, rows: Iterable[dict[str, Any]]) -> None:  # noqa: ANN401
    if found := list(rows):
        db.execute(insert(table), found)
