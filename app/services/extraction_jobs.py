"""Extractions over HTTP: asked for by an analyst, made by a worker, fetched when they are done."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import Row, desc, func, insert, literal, select, tuple_

from app.db.access import Transaction, acting
from app.db.answers import remember
from app.db.extractions import extraction, extraction_chunk, extraction_file
from app.domain.actor import SYSTEM, Actor, Role
from app.domain.extraction import (
    ExtractionFileNotFound,
    ExtractionNotFound,
    ExtractionNotReady,
    ExtractionRefused,
    ExtractionsTooMany,
    Kind,
    State,
    Wanted,
    waiting_row,
)
from app.domain.once import Once
from app.services.desk import Desk
from app.services.extracting import check, owned

OPEN_STATES: Final = (State.WAITING, State.RUNNING)
_MOST_OPEN: Final = 20
"""So many of an agency wait or are made at once."""


def request(
    desk: Desk, wanted: Wanted, *, actor: Actor, now: datetime, once: Once
) -> dict[str, Any]:
    """Ask for an extraction; what cannot be made is refused now rather than by the worker."""
    wanted = owned(wanted, actor)
    check(desk, wanted, actor=actor, now=now)
    with acting(desk.engine, actor, once) as tx:
        if tx.seen is not None:
            return _view(tx, _find(tx, UUID(tx.seen["id"])))
        owner_id = desk.references.catalogue(tx).agency_ids[actor.agency or ""]
        _refuse_flood(tx, owner_id)
        key = uuid4()
        values = waiting_row(wanted, owner_id, actor.id, now)
        tx.db.execute(insert(extraction).values(id=key, **values))
        remember(tx, once, {"id": str(key)}, now)
        made = _view(tx, _find(tx, key))
    desk.wake()
    return made


def _refuse_flood(tx: Transaction, owner_id: int) -> None:
    waiting = tx.db.scalar(
        select(func.count()).where(
            extraction.c.owner_agency_id == owner_id, extraction.c.state.in_(OPEN_STATES)
        )
    )
    if (waiting or 0) >= _MOST_OPEN:
        raise ExtractionsTooMany(
            f"Cơ quan đang có {waiting} bản trích xuất chưa xong, hãy đợi bớt rồi yêu cầu thêm."
        )


def read(desk: Desk, key: UUID, *, actor: Actor) -> dict[str, Any]:
    """Return an extraction, how far it is, and its files when it is done."""
    _authorise(actor)
    with acting(desk.engine, actor) as tx:
        return _view(tx, _find(tx, key))


def newest(
    desk: Desk, *, actor: Actor, after: tuple[datetime, UUID] | None, limit: int
) -> list[dict[str, Any]]:
    """Return what the actor's agency and those below it asked for last, or before `after`."""
    _authorise(actor)
    place = tuple_(extraction.c.requested_at, extraction.c.id)
    older = [place < tuple_(*map(literal, after))] if after else []
    with acting(desk.engine, actor) as tx:
        rows = tx.db.execute(
            select(extraction)
            .where(*older)
            .order_by(desc(extraction.c.requested_at), desc(extraction.c.id))
            .limit(limit)
        ).all()
        return [_view(tx, row) for row in rows]


def file_of(desk: Desk, key: UUID, name: str, *, actor: Actor) -> Row[Any]:
    """Return a file of an extraction that is done."""
    _authorise(actor)
    with acting(desk.engine, actor) as tx:
        row = _find(tx, key)
        if row.state != State.DONE:
            raise ExtractionNotReady("Bản trích xuất chưa xong hoặc tệp đã hết hạn lưu.")
        found = tx.db.execute(
            select(extraction_file).where(
                extraction_file.c.extraction_id == key, extraction_file.c.name == name
            )
        ).one_or_none()
    if found is None:
        raise ExtractionFileNotFound("Bản trích xuất không có tệp này.")
    return found


def content(desk: Desk, key: UUID, name: str) -> Iterator[bytes]:
    """Yield a file in pieces, each read in a transaction of its own: a slow reader holds nothing.

    The caller was shown the file.
    """
    n = 0
    while True:
        with acting(desk.engine, SYSTEM) as tx:
            piece: bytes | None = tx.db.scalar(
                select(extraction_chunk.c.content).where(
                    extraction_chunk.c.extraction_id == key,
                    extraction_chunk.c.name == name,
                    extraction_chunk.c.n == n,
                )
            )
        if piece is None:
            return
        yield piece
        n += 1


def _authorise(actor: Actor) -> None:
    if actor.role is not Role.ANALYST and not actor.is_internal:
        raise ExtractionRefused("Trích xuất số liệu dành cho cán bộ tổng hợp.")


def _find(tx: Transaction, key: UUID) -> Row[Any]:
    """Return an extraction that the actor may see: row security says which those are."""
    found = tx.db.execute(select(extraction).where(extraction.c.id == key)).one_or_none()
    if found is None:
        raise ExtractionNotFound("Không tìm thấy bản trích xuất này.")
    return found


def _view(tx: Transaction, row: Row[Any]) -> dict[str, Any]:
    return {
        "id": row.id,
        "kind": Kind(row.kind),
        "first": row.first_on,
        "last": row.last_on,
        "agency": row.agency,
        "as_of": row.as_of,
        "state": State(row.state),
        "requested_at": row.requested_at,
        "rows_done": row.rows_done,
        "rows_total": row.rows_total,
        "parts_done": row.parts_done,
        "parts_total": row.parts_total,
        "finished_at": row.finished_at,
        "expires_at": row.expires_at,
        "fault": row.fault,
        "schedule": row.schedule_id,
        "files": _files(tx, row) if row.state == State.DONE else [],
    }


def _files(tx: Transaction, row: Row[Any]) -> list[dict[str, Any]]:
    found = tx.db.execute(
        select(extraction_file)
        .where(extraction_file.c.extraction_id == row.id)
        .order_by(extraction_file.c.name)
    )
    return [
        {
            "name": file.name,
            "media_type": file.media_type,
            "rows": file.n_rows,
            "size_bytes": file.size_bytes,
            "sha256": file.sha256,
        }
        for file in found
    ]
