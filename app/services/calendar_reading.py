"""Reading the calendar: what holds, what was known when, who changed what, and what that moved."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import desc, func, select

from app.db.access import Transaction, acting
from app.db.books import read_book, read_book_known_at
from app.db.calendar import calendar_change, calendar_day, local_day
from app.db.clock import due_move
from app.db.dossiers import dossier
from app.db.views import calendar_change_view
from app.domain.actor import SYSTEM, Actor, Role
from app.domain.calendar import Calendar
from app.domain.errors import DomainError
from app.domain.office_hours import EVERY_AGENCY, DayRule, OfficeHours
from app.services.desk import Desk

MOST = 1000
"""Counting what is left stops here: `1000` then means that many or more."""


class CalendarRecordRefused(DomainError):
    """Who changed the calendar is told to staff."""

    code = "calendar.record_refused"
    title = "Vai trò không được xem nhật ký lịch làm việc"


class CalendarChangeNotFound(DomainError):
    code = "calendar.change_not_found"
    title = "Không tìm thấy thay đổi lịch làm việc"


class UnknownOffice(DomainError):
    code = "calendar.unknown_office"
    title = "Không tìm thấy cơ quan"


@dataclass(frozen=True, slots=True)
class SpecialDay:
    """A day that differs from its week; `is_own` if for this office alone."""

    day: date
    rule: DayRule
    is_own: bool
    entered_at: datetime | None
    entered_by: str | None


@dataclass(frozen=True, slots=True)
class Year:
    """An office's working time in one year."""

    revision: int
    agency: str
    hours: list[tuple[date, OfficeHours]]
    days: list[SpecialDay]
    working_days: int
    working_minutes: int


def year_of(desk: Desk, year: int, *, agency: str, known_at: datetime | None = None) -> Year:
    """Return an office's year, or that year as it was known at an instant."""
    with acting(desk.engine, SYSTEM) as tx:
        known = desk.references.catalogue(tx).agencies
        if agency != EVERY_AGENCY and agency not in known:
            raise UnknownOffice(f"Không có cơ quan {agency}.")
        book = read_book(tx.db) if known_at is None else read_book_known_at(tx.db, known_at)
        entered = {} if known_at is not None else _entered(tx, year)
    calendar = book.calendar(agency)
    own = book.days.get(agency, {}) if agency != EVERY_AGENCY else {}
    days = [
        SpecialDay(day, rule, day in own, *entered.get((agency if day in own else "*", day), _NOT))
        for day, rule in sorted(calendar.days.items())
        if day.year == year
    ]
    return Year(tx.calendar_revision, agency, list(calendar.hours), days, *_worked(calendar, year))


_NOT = (None, None)


def _entered(tx: Transaction, year: int) -> Mapping[tuple[str, date], tuple[datetime, str]]:
    """Return when and by whom the days of a year were entered."""
    first, last = date(year, 1, 1), date(year, 12, 31)
    found: dict[tuple[str, date], tuple[datetime, str]] = {}
    for table in (calendar_day, local_day):
        office = table.c.agency if "agency" in table.c else func.coalesce(EVERY_AGENCY)
        for row in tx.db.execute(
            select(
                office.label("agency"),
                table.c.day,
                calendar_change.c.entered_at,
                calendar_change.c.entered_name,
            )
            .join(calendar_change, calendar_change.c.id == table.c.change_id)
            .where(table.c.day.between(first, last))
        ):
            found[row.agency, row.day] = row.entered_at, row.entered_name
    return found


def _worked(calendar: Calendar, year: int) -> tuple[int, int]:
    """Count the working days and minutes of a year."""
    day, days, minutes = date(year, 1, 1), 0, 0
    while day.year == year:
        open_for = sum(
            int((closes - opens).total_seconds()) // 60 for opens, closes in calendar.intervals(day)
        )
        days += open_for > 0
        minutes += open_for
        day += timedelta(days=1)
    return days, minutes


def changes(desk: Desk, *, actor: Actor, before: int | None, limit: int) -> list[dict[str, Any]]:
    """Return changes, the newest first, entered before the one with number `before`."""
    with acting(desk.engine, actor) as tx:
        _let_in(actor)
        earlier = [] if before is None else [calendar_change.c.id < before]
        rows = tx.db.execute(
            select(calendar_change)
            .where(*earlier)
            .order_by(desc(calendar_change.c.id))
            .limit(limit)
        )
        return [calendar_change_view(row) for row in rows]


def change(desk: Desk, number: int, *, actor: Actor) -> dict[str, Any]:
    """Return a change, how many instants it moved, and how many dossiers are still to be looked at.

    The latter stops at `MOST`.
    """
    with acting(desk.engine, actor) as tx:
        _let_in(actor)
        found = calendar_change_view(_find(tx, number))
    with acting(desk.engine, SYSTEM) as tx:
        moved = select(func.count()).select_from(due_move).where(_by(found["revision"]))
        waiting = (
            select(dossier.c.id)
            .where(dossier.c.ended_at.is_(None), dossier.c.calendar_revision < found["revision"])
            .limit(MOST)
        )
        return {
            **found,
            "moved": tx.db.scalar(moved),
            "left": tx.db.scalar(select(func.count()).select_from(waiting.subquery())),
        }


def moved_by(
    desk: Desk, number: int, *, actor: Actor, after: int, limit: int
) -> list[dict[str, Any]]:
    """Return what a change moved, in order, after the record `after`: codes and instants only."""
    with acting(desk.engine, actor) as tx:
        _let_in(actor)
        revision = _find(tx, number).revision
    with acting(desk.engine, SYSTEM) as tx:
        catalogue = desk.references.catalogue(tx)
        rows = tx.db.execute(
            select(
                due_move,
                dossier.c.code,
                dossier.c.status,
                dossier.c.agency_id,
                dossier.c.procedure_version_id,
                dossier.c.promised_at,
            )
            .join(dossier, dossier.c.id == due_move.c.dossier_id)
            .where(_by(revision), due_move.c.id > after)
            .order_by(due_move.c.id)
            .limit(limit)
        )
        return [
            {
                "id": row.id,
                "code": row.code,
                "agency": catalogue.agency_codes[row.agency_id],
                "procedure": catalogue.offered[row.procedure_version_id].procedure.name,
                "status": row.status,
                "what": row.what,
                "before": row.before,
                "after": row.after,
                "promised_at": row.promised_at,
                "moved_at": row.moved_at,
            }
            for row in rows
        ]


def _by(revision: int) -> Any:  # noqa: ANN401  (a condition)
    """Return the condition that a move is due to a change, alone or with others after it."""
    return (due_move.c.revision >= revision) & (due_move.c.revision_before < revision)


def _find(tx: Transaction, number: int) -> Any:  # noqa: ANN401  (a row)
    row = tx.db.execute(select(calendar_change).where(calendar_change.c.id == number)).one_or_none()
    if row is None:
        raise CalendarChangeNotFound(f"Không có thay đổi lịch số {number}.")
    return row


def _let_in(actor: Actor) -> None:
    if actor.role in {Role.APPLICANT, Role.PARTNER} and not actor.is_internal:
        raise CalendarRecordRefused("Nhật ký lịch làm việc dành cho cán bộ của tỉnh.")
