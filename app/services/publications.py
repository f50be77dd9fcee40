"""Publishing a checked draft from a day on, and ending the last version of a procedure.

A version that was published is never rewritten, and dossiers keep the one they were handed in
under. Publications queue up behind the catalogue's revision, which every process looks at.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, insert, select, text, update

from app.db.access import Transaction, acting
from app.db.answers import remember
from app.db.calendar import revision
from app.db.catalogue import procedure, procedure_agency, procedure_version
from app.db.reference import Catalogue, read_catalogue
from app.domain.actor import Actor
from app.domain.errors import DomainError
from app.domain.once import Once
from app.domain.procedure import ProcedureVersion
from app.domain.procedure_drafts import (
    DraftState,
    check_retirement,
    check_succession,
    definition_of,
    last_day_before,
)
from app.services.desk import Desk
from app.services.drafting import (
    ProcedureUnknown,
    checked,
    day_of,
    let_in,
    open_draft,
    write_draft,
)


class DraftNotChecked(DomainError):
    code = "procedure_draft.not_checked"
    title = "Dự thảo chưa được kiểm tra"


def publish(
    desk: Desk,
    draft_id: int,
    *,
    valid_from: date,
    version: int,
    actor: Actor,
    now: datetime,
    once: Once | None = None,
) -> Mapping[str, Any]:
    """Make a version of a checked draft, in force from a day on; the one before it ends."""
    with acting(desk.engine, actor, once) as tx:
        if tx.seen is not None:
            return tx.seen
        row = open_draft(desk, tx, draft_id, version)
        if row.state != DraftState.CHECKED:
            raise DraftNotChecked("Hãy kiểm tra dự thảo, hết lỗi rồi mới ban hành.")
        told = _publish(tx, row, valid_from, now)
        remember(tx, once, told, now)
    return told


def _publish(tx: Transaction, row: Row[Any], valid_from: date, now: datetime) -> dict[str, Any]:
    catalogue = _locked(tx)
    known = catalogue.procedures.get(row.procedure_code)
    check_succession(known, valid_from, day_of(now))
    made = checked(catalogue, row, valid_from)
    ended = None
    if known is not None:
        last_day = last_day_before(known.versions[-1], valid_from)
        ended = None if last_day is None else (known.versions[-1].version, last_day)
    if ended is not None:
        _end(tx, catalogue.version_ids[row.procedure_code, ended[0]], ended[1])
    version_id = _insert(tx, catalogue, row, made)
    write_draft(tx, row, now, state=DraftState.PUBLISHED, procedure_version_id=version_id)
    return {
        "draft": row.id,
        "procedure": row.procedure_code,
        "version": made.version,
        "valid_from": made.valid_from.isoformat(),
        "replaces": ended[0] if ended else None,
        "replaced_until": ended[1].isoformat() if ended else None,
    }


def _insert(tx: Transaction, catalogue: Catalogue, row: Row[Any], made: ProcedureVersion) -> int:
    heading = row.content
    procedure_id = tx.db.scalar(
        select(procedure.c.id).where(procedure.c.code == row.procedure_code)
    ) or tx.db.scalar(
        insert(procedure)
        .values(
            code=row.procedure_code,
            name=heading["name"],
            field_code=heading["field"]["code"],
            field_name=heading["field"]["name"],
            is_sample=heading["sample"],
        )
        .returning(procedure.c.id)
    )
    version_id: int = tx.db.scalars(
        insert(procedure_version)
        .values(
            procedure_id=procedure_id,
            version=made.version,
            valid_from=made.valid_from,
            valid_to=None,
            online_level=int(made.online_level),
            definition=definition_of(row.content, made.version, made.valid_from),
        )
        .returning(procedure_version.c.id)
    ).one()
    tx.db.execute(
        insert(procedure_agency),
        [
            {"procedure_version_id": version_id, "agency_id": catalogue.agency_ids[known.code]}
            for known in catalogue.agencies.values()
            if made.is_resolved_by(known) and known.is_valid_on(made.valid_from)
        ],
    )
    return version_id


def retire(
    desk: Desk,
    code: str,
    *,
    last_day: date,
    actor: Actor,
    now: datetime,
    once: Once | None = None,
) -> Mapping[str, Any]:
    """End a procedure's last version without one that follows it; running dossiers go on."""
    with acting(desk.engine, actor, once) as tx:
        if tx.seen is not None:
            return tx.seen
        let_in(desk, tx)
        catalogue = _locked(tx)
        known = catalogue.procedures.get(code)
        if known is None:
            raise ProcedureUnknown(f"Danh mục không có thủ tục {code}.")
        ended = check_retirement(known, last_day, day_of(now))
        _end(tx, catalogue.version_ids[code, ended.version], last_day)
        told = {"procedure": code, "version": ended.version, "valid_to": last_day.isoformat()}
        remember(tx, once, told, now)
    return told


def _locked(tx: Transaction) -> Catalogue:
    """Raise the catalogue's revision and return what it held: whoever comes next waits here."""
    tx.db.execute(
        update(revision).where(revision.c.name == "catalogue").values(value=revision.c.value + 1)
    )
    return read_catalogue(tx.db)


def _end(tx: Transaction, version_id: int, last_day: date) -> None:
    tx.db.execute(
        text("SELECT end_procedure_version(:id, :last_day)"),
        {"id": version_id, "last_day": last_day},
    )
