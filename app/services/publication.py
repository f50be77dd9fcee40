"""Publishing a draft as the next version of its procedure, or putting it aside for good."""

from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Row, insert, select, text

from app.db.access import Transaction, acting
from app.db.answers import remember
from app.db.catalogue import procedure, procedure_agency, procedure_version
from app.db.drafts import procedure_draft
from app.db.reference import Catalogue, Offered
from app.domain.actor import Actor
from app.domain.calendar import LOCAL_ZONE
from app.domain.drafts import DraftClosed, DraftDayRefused, DraftStale, DraftState
from app.domain.once import Once
from app.domain.procedure_definition import parse_version
from app.services.desk import Desk
from app.services.draft_rows import (
    as_json,
    check_administrator,
    find,
    head_of,
    last_of,
)


def publish(
    desk: Desk, draft_id: int, *, valid_from: date, actor: Actor, now: datetime, once: Once | None
) -> dict[str, Any]:
    """Make a draft the next version of its procedure from a day on."""
    check_administrator(actor)
    with acting(desk.engine, actor, once) as tx:
        if tx.seen is not None:
            return dict(tx.seen)
        row = _open(tx, draft_id)
        catalogue = desk.references.catalogue(tx)
        last = last_of(catalogue, row.code)
        if (last.id if last else None) != row.based_on_id:
            raise DraftStale("Thủ tục đã có phiên bản khác. Hãy lấy lại dự thảo và so sánh.")
        _check_day(last, valid_from, now)
        version_id = _write_version(tx, catalogue, row, last, valid_from)
        _close(tx, row.id, DraftState.PUBLISHED, actor, now, version_id=version_id)
        answer = head_of(find(tx, draft_id))
        remember(tx, once, as_json(answer), now)
    return answer


def discard(
    desk: Desk, draft_id: int, *, reason: str, actor: Actor, now: datetime, once: Once | None
) -> dict[str, Any]:
    """Put a draft aside for good; the same from the portal is not drafted again."""
    check_administrator(actor)
    with acting(desk.engine, actor, once) as tx:
        if tx.seen is not None:
            return dict(tx.seen)
        _open(tx, draft_id)
        _close(tx, draft_id, DraftState.DISCARDED, actor, now, reason=reason)
        answer = head_of(find(tx, draft_id))
        remember(tx, once, as_json(answer), now)
    return answer


def _check_day(last: Offered | None, valid_from: date, now: datetime) -> None:
    if valid_from < now.astimezone(LOCAL_ZONE).date():
        raise DraftDayRefused("Ngày có hiệu lực không được ở trong quá khứ.")
    if last is not None and valid_from <= last.version.valid_from:
        raise DraftDayRefused(
            f"Phải sau ngày có hiệu lực của phiên bản trước ({last.version.valid_from:%d/%m/%Y})."
        )


def _write_version(
    tx: Transaction, catalogue: Catalogue, row: Row[Any], last: Offered | None, valid_from: date
) -> int:
    number = last.version.version + 1 if last else 1
    definition = {
        **row.definition,
        "version": number,
        "valid_from": valid_from.isoformat(),
        "valid_to": None,
    }
    version = parse_version(definition)
    if last is not None:
        tx.db.execute(
            procedure_version.update()
            .where(procedure_version.c.id == last.id)
            .values(valid_to=valid_from - timedelta(days=1))
        )
    version_id: int = tx.db.scalars(
        insert(procedure_version)
        .values(
            procedure_id=_procedure_id(tx, row),
            version=number,
            valid_from=valid_from,
            valid_to=None,
            online_level=int(version.online_level),
            definition=definition,
        )
        .returning(procedure_version.c.id)
    ).one()
    resolvers = [
        {"procedure_version_id": version_id, "agency_id": catalogue.agency_ids[known.code]}
        for known in catalogue.agencies.values()
        if version.is_resolved_by(known)
    ]
    if resolvers:
        tx.db.execute(insert(procedure_agency), resolvers)
    tx.db.execute(text("UPDATE revision SET value = value + 1 WHERE name = 'catalogue'"))
    return version_id


def _procedure_id(tx: Transaction, row: Row[Any]) -> int:
    """Return the key of the draft's procedure, under the name that the draft gives it."""
    head = {"name": row.name, "field_code": row.field_code, "field_name": row.field_name}
    known: int | None = tx.db.scalars(
        procedure.update()
        .where(procedure.c.code == row.code)
        .values(**head)
        .returning(procedure.c.id)
    ).one_or_none()
    if known is not None:
        return known
    made = insert(procedure).values(code=row.code, is_sample=False, **head)
    fresh: int = tx.db.scalars(made.returning(procedure.c.id)).one()
    return fresh


def _close(
    tx: Transaction,
    draft_id: int,
    state: DraftState,
    actor: Actor,
    now: datetime,
    *,
    version_id: int | None = None,
    reason: str | None = None,
) -> None:
    tx.db.execute(
        procedure_draft.update()
        .where(procedure_draft.c.id == draft_id)
        .values(
            state=state, closed_by=actor.name, closed_at=now, version_id=version_id, reason=reason
        )
    )


def _open(tx: Transaction, draft_id: int) -> Row[Any]:
    """Return a draft that is still open, locked until the end."""
    locked = select(procedure_draft.c.id).where(procedure_draft.c.id == draft_id)
    tx.db.execute(locked.with_for_update())
    row = find(tx, draft_id)
    if row.state != DraftState.OPEN:
        raise DraftClosed("Bản dự thảo đã được công bố hoặc đã bỏ.")
    return row
