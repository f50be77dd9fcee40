"""Drafts (hồ sơ nháp): written by their owner alone, handed in as every dossier is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Row, delete, desc, func, insert, select, tuple_, update

from app.db.access import Transaction, acting
from app.db.answers import remember
from app.db.drafts import draft
from app.db.reference import Catalogue
from app.domain.actor import SYSTEM, Actor, Role
from app.domain.application import Application, ApplicationFaulty, Fault
from app.domain.calendar import LOCAL_ZONE
from app.domain.drafts import (
    KEPT,
    MOST,
    DraftNotFound,
    DraftStale,
    Reading,
    TooManyDrafts,
    check_size,
    is_same,
    together,
)
from app.domain.intake import Channel
from app.domain.lifecycle import RoleRefused
from app.domain.once import Once
from app.services.desk import Desk
from app.services.entry import enter
from app.services.examination import examine
from app.services.transition import Outcome

Reader = Callable[[Mapping[str, Any]], Reading]
"""Reads the content of a draft as an application."""

Position = tuple[datetime, int]


@dataclass(frozen=True, slots=True)
class Page:
    drafts: list[dict[str, Any]]
    next: Position | None


def save(
    desk: Desk, content: Mapping[str, Any], *, actor: Actor, now: datetime, once: Once | None
) -> dict[str, Any]:
    """Keep a new draft, complete or not."""
    if actor.role is not Role.APPLICANT:
        raise RoleRefused("Chỉ người nộp lưu được hồ sơ nháp.")
    check_size(content)
    with acting(desk.engine, actor, once) as tx:
        if tx.seen is not None:
            return _saved(UUID(tx.seen["id"]), 1, datetime.fromisoformat(tx.seen["changed_at"]))
        kept = tx.db.scalar(
            select(func.count()).select_from(draft).where(draft.c.owner_id == actor.id)
        )
        if kept is not None and kept >= MOST:
            raise TooManyDrafts(f"Bạn đã có {MOST} hồ sơ nháp. Hãy xóa bớt trước khi lưu mới.")
        draft_id = uuid4()
        tx.db.execute(
            insert(draft).values(
                id=draft_id,
                owner_id=actor.id,
                content=dict(content),
                version=1,
                created_at=now,
                changed_at=now,
            )
        )
        remember(tx, once, {"id": str(draft_id), "changed_at": now.isoformat()}, now)
    return _saved(draft_id, 1, now)


def _saved(draft_id: UUID, version: int, changed_at: datetime) -> dict[str, Any]:
    return {
        "id": draft_id,
        "version": version,
        "changed_at": changed_at.astimezone(LOCAL_ZONE),
        "kept_until": (changed_at + KEPT).astimezone(LOCAL_ZONE),
    }


def list_page(desk: Desk, *, actor: Actor, after: Position | None, limit: int) -> Page:
    """Return a page of one's own drafts, newest first."""
    query = select(draft).where(draft.c.owner_id == actor.id)
    if after is not None:
        query = query.where(tuple_(draft.c.created_at, draft.c.n) < after)
    with acting(desk.engine, actor) as tx:
        rows = tx.db.execute(
            query.order_by(desc(draft.c.created_at), desc(draft.c.n)).limit(limit + 1)
        ).all()
        catalogue = desk.references.catalogue(tx)
        page = rows[:limit]
        place = (page[-1].created_at, page[-1].n) if len(rows) > limit else None
        return Page([_summary(row, catalogue) for row in page], place)


def _summary(row: Row[Any], catalogue: Catalogue) -> dict[str, Any]:
    """Return a draft as lists show it: of its content only what is known to be what it says."""
    procedure, agency = row.content.get("procedure"), row.content.get("agency")
    known = catalogue.procedures.get(procedure) if isinstance(procedure, str) else None
    office = catalogue.agencies.get(agency) if isinstance(agency, str) else None
    return {
        **_saved(row.id, row.version, row.changed_at),
        "created_at": row.created_at,
        "procedure": {"code": known.code, "name": known.name} if known else None,
        "agency": {"code": office.code, "name": office.name} if office else None,
    }


def read(desk: Desk, draft_id: UUID, *, actor: Actor) -> dict[str, Any]:
    """Return one's own draft with its content."""
    with acting(desk.engine, actor) as tx:
        row = _find(tx, draft_id)
        return {**_summary(row, desk.references.catalogue(tx)), "content": row.content}


def change(
    desk: Desk,
    draft_id: UUID,
    content: Mapping[str, Any],
    *,
    version: int,
    actor: Actor,
    now: datetime,
) -> dict[str, Any]:
    """Replace a draft's content; the same content again changes nothing, whatever was read."""
    check_size(content)
    with acting(desk.engine, actor) as tx:
        row = _find(tx, draft_id, lock=True)
        if is_same(content, row.content):
            return _saved(row.id, row.version, row.changed_at)
        _check_version(row, version)
        tx.db.execute(
            update(draft)
            .where(draft.c.n == row.n)
            .values(content=dict(content), version=row.version + 1, changed_at=now)
        )
        return _saved(row.id, row.version + 1, now)


def discard(desk: Desk, draft_id: UUID, *, version: int, actor: Actor) -> None:
    """Delete a draft for good; its uploaded papers stay with their owner."""
    with acting(desk.engine, actor) as tx:
        row = _find(tx, draft_id, lock=True)
        _check_version(row, version)
        tx.db.execute(delete(draft).where(draft.c.n == row.n))


def faults(
    desk: Desk, draft_id: UUID, read_content: Reader, *, actor: Actor, now: datetime
) -> list[Fault]:
    """Return everything that a draft still lacks to be handed in."""
    with acting(desk.engine, actor) as tx:
        reading = read_content(_find(tx, draft_id).content)
        return _faults(desk, tx, reading, now)


def _faults(desk: Desk, tx: Transaction, reading: Reading, now: datetime) -> list[Fault]:
    catalogue = desk.references.catalogue(tx)
    application = _followed(desk, tx, reading.application, now)
    found = examine(tx, catalogue, application, Channel.ONLINE, now).faults
    return together(reading.faults, found)


def submit(
    desk: Desk,
    draft_id: UUID,
    read_content: Reader,
    *,
    version: int,
    actor: Actor,
    now: datetime,
    once: Once,
) -> Outcome:
    """Hand in a draft: it is a dossier, or it stays the draft it was.

    Of two that hand it in at once the second one waits for the first, and finds it gone.
    """

    def taken(tx: Transaction) -> Application:
        row = _find(tx, draft_id, lock=True)
        _check_version(row, version)
        reading = read_content(row.content)
        if reading.faults:
            raise ApplicationFaulty(_faults(desk, tx, reading, now))
        tx.db.execute(delete(draft).where(draft.c.n == row.n))
        return _followed(desk, tx, reading.application, now)

    return enter(desk, taken, Channel.ONLINE, actor=actor, now=now, once=once)


def _followed(desk: Desk, tx: Transaction, application: Application, now: datetime) -> Application:
    """Return an application that was begun for an agency that ended, for the one that goes on."""
    today = now.astimezone(LOCAL_ZONE).date()
    agency = desk.references.catalogue(tx).successions.now_with(
        application.agency, application.procedure, today
    )
    return application if agency == application.agency else replace(application, agency=agency)


def forget_untouched(desk: Desk, *, now: datetime) -> int:
    """Delete drafts that nobody changed for 90 days; return how many."""
    with acting(desk.engine, SYSTEM) as tx:
        return tx.db.execute(delete(draft).where(draft.c.changed_at < now - KEPT)).rowcount


def _find(tx: Transaction, draft_id: UUID, *, lock: bool = False) -> Row[Any]:
    query = select(draft).where(draft.c.id == draft_id, draft.c.owner_id == tx.actor.id)
    row = tx.db.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise DraftNotFound("Không có hồ sơ nháp này trong tài khoản của bạn, hoặc đã được nộp.")
    return row


def _check_version(row: Row[Any], version: int) -> None:
    if row.version != version:
        raise DraftStale(
            "Hồ sơ nháp đã được sửa ở nơi khác sau khi bạn mở. Hãy mở lại trước khi lưu.",
            version=row.version,
            changed_at=row.changed_at.astimezone(LOCAL_ZONE).isoformat(),
        )
