"""What writing and publishing drafts of procedures have in common: who may, which draft, when."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, select, update

from app.db.access import Transaction
from app.db.catalogue import procedure, procedure_version
from app.db.reference import Catalogue
from app.db.steps import procedure_draft
from app.domain.actor import Actor, Role
from app.domain.calendar import LOCAL_ZONE
from app.domain.errors import DomainError
from app.domain.procedure import ProcedureVersion
from app.domain.procedure_drafts import DraftState, check, content_of
from app.services.desk import Desk


class CatalogueRefused(DomainError):
    """The catalogue is kept by administrators of the province."""

    code = "catalogue.role_refused"
    title = "Vai trò không được sửa danh mục thủ tục"


class DraftNotFound(DomainError):
    code = "procedure_draft.not_found"
    title = "Không tìm thấy dự thảo thủ tục"


class DraftStale(DomainError):
    """Somebody changed the draft after it was read."""

    code = "procedure_draft.stale"
    title = "Dự thảo đã được người khác thay đổi"


class DraftClosed(DomainError):
    """Published or discarded: it is changed no more."""

    code = "procedure_draft.closed"
    title = "Dự thảo đã khép lại"


class ProcedureUnknown(DomainError):
    """There is no version to begin from, or to end."""

    code = "procedure.unknown"
    title = "Danh mục không có thủ tục này"


def let_in(desk: Desk, tx: Transaction) -> None:
    """Let in administrators whose agency is the province itself, and our own commands."""
    actor = tx.actor
    if actor.is_internal:
        return
    home = desk.references.catalogue(tx).agencies.get(actor.agency or "")
    if actor.role is not Role.ADMINISTRATOR or home is None or home.parent is not None:
        raise CatalogueRefused("Danh mục thủ tục do quản trị của tỉnh cập nhật.")


def open_draft(desk: Desk, tx: Transaction, draft_id: int, version: int) -> Row[Any]:
    """Return a draft that may still be changed, locked, in the version that was read."""
    let_in(desk, tx)
    row = tx.db.execute(
        select(procedure_draft).where(procedure_draft.c.id == draft_id).with_for_update()
    ).one_or_none()
    if row is None:
        raise DraftNotFound("Không có dự thảo này.")
    if row.state in {DraftState.PUBLISHED, DraftState.DISCARDED}:
        done = "ban hành" if row.state == DraftState.PUBLISHED else "bỏ"
        raise DraftClosed(f"Dự thảo đã được {row.changed_name} {done}.", state=row.state)
    if row.version != version:
        raise DraftStale(
            f"Dự thảo đã được {row.changed_name} thay đổi. Hãy xem lại.", version=row.version
        )
    return row


def write_draft(tx: Transaction, row: Row[Any], now: datetime, **values: object) -> Row[Any]:
    return tx.db.execute(
        update(procedure_draft)
        .where(procedure_draft.c.id == row.id)
        .values(version=row.version + 1, **changed_by(tx.actor, now), **values)
        .returning(procedure_draft)
    ).one()


def changed_by(actor: Actor, now: datetime) -> dict[str, Any]:
    return {"changed_at": now, "changed_by": actor.id, "changed_name": actor.name}


def checked(catalogue: Catalogue, row: Row[Any], valid_from: date) -> ProcedureVersion:
    return check(
        row.procedure_code,
        row.content,
        known=catalogue.procedures.get(row.procedure_code),
        agencies=catalogue.agencies,
        valid_from=valid_from,
    )


def day_of(now: datetime) -> date:
    return now.astimezone(LOCAL_ZONE).date()


def content_of_version(tx: Transaction, version_id: int) -> dict[str, Any]:
    """Return a published version as the content of a draft."""
    row = tx.db.execute(
        select(procedure, procedure_version.c.definition)
        .join(procedure_version, procedure_version.c.procedure_id == procedure.c.id)
        .where(procedure_version.c.id == version_id)
    ).one()
    heading = {
        "name": row.name,
        "field": {"code": row.field_code, "name": row.field_name},
        "sample": row.is_sample,
    }
    return content_of(heading, row.definition)
