"""Keeping the calendar: what holds, what a change would move, and entering it."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, func, insert, or_, select, text, update

from app.db.access import Transaction, acting
from app.db.answers import remember
from app.db.books import read_book, write_book
from app.db.calendar import calendar_change, revision
from app.db.dossiers import dossier
from app.db.figure_books import LOCK
from app.db.views import calendar_change_view
from app.domain.actor import SYSTEM, Actor, Role
from app.domain.calendar import LOCAL_ZONE
from app.domain.calendar_book import Book, CalendarChange
from app.domain.calendar_documents import as_document
from app.domain.calendar_faults import check
from app.domain.errors import DomainError
from app.domain.office_hours import EVERY_AGENCY
from app.domain.once import Once
from app.services.clocks import CLOCK_COLUMNS, Move, moves
from app.services.desk import Desk

_AT_ONCE = 1000


class CalendarRefused(DomainError):
    """The calendar is kept by administrators of the province."""

    code = "calendar.role_refused"
    title = "Vai trò không được sửa lịch làm việc"


class CalendarStale(DomainError):
    """Somebody changed the calendar after it was looked at: what was previewed no longer holds."""

    code = "calendar.stale"
    title = "Lịch làm việc đã được người khác thay đổi"


@dataclass(frozen=True, slots=True)
class Preview:
    """What a change would move, in the order of the dossiers' keys, with a page of it."""

    revision: int
    count: int
    by_agency: Mapping[str, int]
    page: list[dict[str, Any]]
    next: int | None


def preview(
    desk: Desk, change: CalendarChange, *, actor: Actor, now: datetime, after: int, limit: int
) -> Preview:
    """Say what a change would move: every open dossier with its old and its new instant.

    Nothing is written. The page begins after the dossier with key `after`.
    """
    with acting(desk.engine, actor) as tx:
        _let_in(desk, tx)
    # Keepers of the calendar see no dossiers; they are told codes and instants, no persons.
    with acting(desk.engine, SYSTEM) as tx:
        known = tx.db.scalar(select(revision.c.value).where(revision.c.name == "calendar"))
        book = read_book(tx.db)
        changed = check(book, change, _agencies(desk, tx), _day(now))
        found = list(_moved(desk, tx, book, changed, change))
        rest = [move for move in found if move.dossier.id > after]
        page = rest[:limit]
        by_agency = Counter(_agency_code(desk, tx, move) for move in found)
        return Preview(
            known or 0,
            len(found),
            dict(sorted(by_agency.items())),
            [_view(desk, tx, move) for move in page],
            page[-1].dossier.id if len(rest) > limit else None,
        )


def enter(
    desk: Desk,
    change: CalendarChange,
    *,
    actor: Actor,
    now: datetime,
    once: Once | None = None,
    seen_revision: int | None = None,
) -> Mapping[str, Any]:
    """Enter a change; the workers then derive the due instants of open dossiers anew.

    `seen_revision` is the calendar that was looked at before: if it changed since, nothing is
    entered (`CalendarStale`). Raises `CalendarChangeFaulty` with everything that is wrong.
    """
    with acting(desk.engine, actor, once) as tx:
        if tx.seen is not None:
            return tx.seen
        _let_in(desk, tx)
        known = tx.db.scalars(
            select(revision.c.value).where(revision.c.name == "calendar").with_for_update()
        ).one()
        if seen_revision not in {None, known}:
            raise CalendarStale(
                "Lịch đã thay đổi sau khi bạn xem trước. Hãy xem lại rồi áp dụng.", revision=known
            )
        book = read_book(tx.db)
        after = check(book, change, _agencies(desk, tx), _day(now))
        entered = tx.db.execute(
            insert(calendar_change)
            .values(
                revision=known + 1,
                entered_at=now,
                entered_by=actor.id,
                entered_name=actor.name,
                source=change.source,
                reason=change.reason,
                document=as_document(change),
            )
            .returning(calendar_change)
        ).one()
        write_book(tx.db, after, change, entered.id)
        _mark_handled(desk, tx, book, change, _day(now))
        tx.db.execute(update(revision).where(revision.c.name == "calendar").values(value=known + 1))
        answer = calendar_change_view(entered)
        remember(tx, once, answer, now)
    desk.wake()
    return answer


def _mark_handled(
    desk: Desk, tx: Transaction, book: Book, change: CalendarChange, today: date
) -> None:
    """Have the handling time of ended dossiers counted anew (figure 2.2); their due stays.

    Facts are written under the lock: whoever reads them by the calendar of before is through.
    """
    first, last = book.reach(change)
    if first > today:
        return
    theirs = None
    if EVERY_AGENCY not in change.agencies:
        ids = desk.references.catalogue(tx).agency_ids
        theirs = [ids[agency] for agency in change.agencies]
    tx.db.execute(text(LOCK))
    tx.db.execute(
        text("""
            INSERT INTO figure_mark (dossier_id, recorded_at)
            SELECT dossier_id, '-infinity' FROM figure_fact
            WHERE until_on = '9999-12-31' AND ended_on >= :first AND accepted_on <= :last
                AND (CAST(:theirs AS bigint[]) IS NULL OR owner_ids && CAST(:theirs AS bigint[]))
        """),
        {"first": first, "last": last, "theirs": theirs},
    )


def _let_in(desk: Desk, tx: Transaction) -> None:
    """Let in administrators whose agency is the province itself, and our own commands."""
    actor = tx.actor
    if actor.is_internal:
        return
    home = desk.references.catalogue(tx).agencies.get(actor.agency or "")
    if actor.role is not Role.ADMINISTRATOR or home is None or home.parent is not None:
        raise CalendarRefused("Lịch làm việc do quản trị của tỉnh cập nhật.")


def _moved(
    desk: Desk, tx: Transaction, book: Book, changed: Book, change: CalendarChange
) -> Iterator[Move]:
    """Yield what the changed book would move; only dossiers that it can concern are read."""
    concerned = _concerned(desk, tx, book, change)
    last = 0
    while True:
        rows = tx.db.execute(
            select(*CLOCK_COLUMNS)
            .where(dossier.c.ended_at.is_(None), concerned, dossier.c.id > last)
            .order_by(dossier.c.id)
            .limit(_AT_ONCE)
        ).all()
        yield from moves(desk, tx, rows, changed.calendar)
        if len(rows) < _AT_ONCE:
            return
        last = rows[-1].id


def _concerned(
    desk: Desk, tx: Transaction, book: Book, change: CalendarChange
) -> ColumnElement[bool]:
    """Return the condition that a change may move a dossier's instant.

    Working time after the instant, or before the clock began, moves nothing. What an older
    calendar gave is looked at in any case.
    """
    first, last = book.reach(change)
    begins = datetime.combine(first, time(), LOCAL_ZONE)
    ends = datetime.combine(last + timedelta(days=1), time(), LOCAL_ZONE)
    in_reach = or_(
        and_(dossier.c.accepted_at < ends, dossier.c.due_at >= begins),
        and_(
            dossier.c.accepted_at.is_(None),
            dossier.c.received_at < ends,
            dossier.c.answer_due_at >= begins,
        ),
    )
    if EVERY_AGENCY not in change.agencies:
        ids = desk.references.catalogue(tx).agency_ids
        theirs = [ids[agency] for agency in change.agencies]
        office = func.coalesce(dossier.c.clock_agency_id, dossier.c.agency_id)
        in_reach = and_(in_reach, office.in_(theirs))
    return or_(in_reach, dossier.c.calendar_revision < tx.calendar_revision)


def _view(desk: Desk, tx: Transaction, move: Move) -> dict[str, Any]:
    row = move.dossier
    catalogue = desk.references.catalogue(tx)
    return {
        "code": row.code,
        "agency": catalogue.agency_codes[row.agency_id],
        "procedure": catalogue.offered[row.procedure_version_id].procedure.name,
        "status": row.status,
        "what": move.what,
        "before": move.before,
        "after": move.after.astimezone(UTC),
        "promised_at": row.promised_at,
    }


def _agency_code(desk: Desk, tx: Transaction, move: Move) -> str:
    return desk.references.catalogue(tx).agency_codes[move.dossier.agency_id]


def _agencies(desk: Desk, tx: Transaction) -> set[str]:
    return set(desk.references.catalogue(tx).agencies)


def _day(now: datetime) -> date:
    return now.astimezone(LOCAL_ZONE).date()
