"""Extractions that are made by themselves whenever a period has ended."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import Row, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from app.db.access import Transaction, acting
from app.db.answers import remember
from app.db.extractions import extraction, extraction_schedule
from app.domain.actor import SYSTEM, Actor, Role
from app.domain.calendar import LOCAL_ZONE
from app.domain.extraction import (
    ExtractionRefused,
    Kind,
    ScheduleExists,
    ScheduleNotFound,
    Wanted,
    waiting_row,
)
from app.domain.once import Once
from app.domain.schedules import Every, next_due, period_before
from app.services.desk import Desk
from app.services.extracting import check, owned

_AT_ONCE: Final = 10
"""Periods that are made up in one go."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be made, how often, of which agencies."""

    kind: Kind
    every: Every
    agency: str | None = None


def add(desk: Desk, wish: Wish, *, actor: Actor, now: datetime, once: Once) -> dict[str, Any]:
    """Add a schedule; the first extraction is of the period that `now` lies in."""
    next_on = next_due(wish.every, _day(now))
    wanted = owned(Wanted(wish.kind, period_before(wish.every, next_on), wish.agency), actor)
    check(desk, wanted, actor=actor, now=now)
    with acting(desk.engine, actor, once) as tx:
        if tx.seen is not None:
            return _view(_find(tx, UUID(tx.seen["id"])))
        key = uuid4()
        made = tx.db.execute(
            upsert(extraction_schedule)
            .values(
                id=key,
                kind=wish.kind,
                every=wish.every,
                agency=wanted.agency,
                owner_agency_id=desk.references.catalogue(tx).agency_ids[actor.agency or ""],
                created_by=actor.id,
                created_at=now,
                next_on=next_on,
            )
            .on_conflict_do_nothing()
            .returning(extraction_schedule.c.id)
        ).one_or_none()
        if made is None:
            raise ScheduleExists("Cơ quan đã đặt lịch trích xuất này.")
        remember(tx, once, {"id": str(key)}, now)
        return _view(_find(tx, key))


def listed(desk: Desk, *, actor: Actor) -> list[dict[str, Any]]:
    """Return the schedules of the actor's agency and those below it, the next one first."""
    _authorise(actor)
    with acting(desk.engine, actor) as tx:
        rows = tx.db.execute(
            select(extraction_schedule)
            .where(extraction_schedule.c.ended_at.is_(None))
            .order_by(extraction_schedule.c.next_on, extraction_schedule.c.created_at)
            .limit(500)
        ).all()
        return [_view(row) for row in rows]


def end(desk: Desk, key: UUID, *, actor: Actor, now: datetime) -> dict[str, Any]:
    """End a schedule; what it has made stays until it expires."""
    _authorise(actor)
    with acting(desk.engine, actor) as tx:
        _find(tx, key)
        tx.db.execute(
            update(extraction_schedule)
            .where(extraction_schedule.c.id == key, extraction_schedule.c.ended_at.is_(None))
            .values(ended_at=now)
        )
        return _view(_find(tx, key))


def ask_due(desk: Desk, *, now: datetime) -> int:
    """Ask for what schedules are due for; return how many extractions that were.

    Each period once, those missed too, and as it was known on its last day: whenever the worker
    comes to it, the answer is the same.
    """
    today, asked = _day(now), 0
    due = extraction_schedule.c.ended_at.is_(None) & (extraction_schedule.c.next_on <= today)
    with acting(desk.engine, SYSTEM) as tx:
        row = tx.db.execute(
            select(extraction_schedule)
            .where(due)
            .order_by(extraction_schedule.c.next_on)
            .limit(1)
            .with_for_update(skip_locked=True)
        ).one_or_none()
        if row is None:
            return 0
        every, next_on = Every(row.every), row.next_on
        while next_on <= today and asked < _AT_ONCE:
            _ask(tx, row, next_on, now)
            next_on, asked = next_due(every, next_on), asked + 1
        tx.db.execute(
            update(extraction_schedule)
            .where(extraction_schedule.c.id == row.id)
            .values(next_on=next_on)
        )
    desk.wake()
    return asked


def _ask(tx: Transaction, row: Row[Any], due_on: date, now: datetime) -> None:
    period = period_before(Every(row.every), due_on)
    wanted = Wanted(Kind(row.kind), period, row.agency, as_of=due_on - timedelta(days=1))
    values = waiting_row(wanted, row.owner_agency_id, row.created_by, now)
    tx.db.execute(
        upsert(extraction)
        .values(id=uuid4(), schedule_id=row.id, **values)
        .on_conflict_do_nothing(constraint="uq_extraction_schedule_id")
    )


def _authorise(actor: Actor) -> None:
    if actor.role is not Role.ANALYST and not actor.is_internal:
        raise ExtractionRefused("Trích xuất số liệu dành cho cán bộ tổng hợp.")


def _find(tx: Transaction, key: UUID) -> Row[Any]:
    """Return a schedule that the actor may see: row security says which those are."""
    found = tx.db.execute(
        select(extraction_schedule).where(extraction_schedule.c.id == key)
    ).one_or_none()
    if found is None:
        raise ScheduleNotFound("Không tìm thấy lịch trích xuất này.")
    return found


def _view(row: Row[Any]) -> dict[str, Any]:
    return {
        "id": row.id,
        "kind": Kind(row.kind),
        "every": Every(row.every),
        "agency": row.agency,
        "next_on": row.next_on,
        "created_at": row.created_at,
        "ended_at": row.ended_at,
    }


def _day(now: datetime) -> date:
    return now.astimezone(LOCAL_ZONE).date()
