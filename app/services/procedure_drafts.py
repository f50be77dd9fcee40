"""Drafts of procedures: begun, changed, checked, discarded; published elsewhere."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import insert

from app.db.access import Transaction, acting
from app.db.answers import remember
from app.db.steps import procedure_draft
from app.db.views import procedure_draft_view
from app.domain.actor import Actor
from app.domain.once import Once
from app.domain.procedure_drafts import DraftFaulty, DraftOrigin, DraftState
from app.services.desk import Desk
from app.services.drafting import (
    ProcedureUnknown,
    changed_by,
    checked,
    content_of_version,
    day_of,
    let_in,
    open_draft,
    write_draft,
)


def write(
    desk: Desk,
    code: str,
    content: Mapping[str, Any] | None,
    *,
    note: str | None = None,
    origin: DraftOrigin = DraftOrigin.HAND,
    actor: Actor,
    now: datetime,
    once: Once | None = None,
) -> Mapping[str, Any]:
    """Begin a draft; without content it begins as the procedure's last version stands."""
    with acting(desk.engine, actor, once) as tx:
        if tx.seen is not None:
            return tx.seen
        let_in(desk, tx)
        row = tx.db.execute(
            insert(procedure_draft)
            .values(
                procedure_code=code,
                origin=origin,
                state=DraftState.DRAFT,
                version=1,
                content=dict(content) if content is not None else _last_content(desk, tx, code),
                note=note,
                created_at=now,
                created_by=actor.id,
                created_name=actor.name,
                **changed_by(actor, now),
            )
            .returning(procedure_draft)
        ).one()
        told = procedure_draft_view(row)
        remember(tx, once, told, now)
    return told


def change(
    desk: Desk,
    draft_id: int,
    content: Mapping[str, Any],
    *,
    note: str | None,
    version: int,
    actor: Actor,
    now: datetime,
) -> Mapping[str, Any]:
    """Replace what a draft says; it has to be checked again."""
    with acting(desk.engine, actor) as tx:
        row = open_draft(desk, tx, draft_id, version)
        return procedure_draft_view(
            write_draft(tx, row, now, content=dict(content), note=note, state=DraftState.DRAFT)
        )


def examine(
    desk: Desk, draft_id: int, *, version: int, actor: Actor, now: datetime
) -> tuple[Mapping[str, Any], list[dict[str, Any]]]:
    """Check a draft; return it with its faults. Without any it may be published."""
    with acting(desk.engine, actor) as tx:
        row = open_draft(desk, tx, draft_id, version)
        faults: list[dict[str, Any]] = []
        try:
            checked(desk.references.catalogue(tx), row, day_of(now))
        except DraftFaulty as refusal:
            faults = refusal.facts["errors"]
        state = DraftState.DRAFT if faults else DraftState.CHECKED
        if row.state != state:
            row = write_draft(tx, row, now, state=state)
        return procedure_draft_view(row), faults


def discard(desk: Desk, draft_id: int, *, version: int, actor: Actor, now: datetime) -> None:
    with acting(desk.engine, actor) as tx:
        row = open_draft(desk, tx, draft_id, version)
        write_draft(tx, row, now, state=DraftState.DISCARDED)


def _last_content(desk: Desk, tx: Transaction, code: str) -> dict[str, Any]:
    catalogue = desk.references.catalogue(tx)
    known = catalogue.procedures.get(code)
    if known is None:
        raise ProcedureUnknown(f"Danh mục không có thủ tục {code}, hãy gửi kèm nội dung.")
    return content_of_version(tx, catalogue.version_ids[code, known.versions[-1].version])
