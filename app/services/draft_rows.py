"""Rows of drafts, as every use case of them reads them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select

from app.db.access import Transaction
from app.db.catalogue import procedure_version
from app.db.drafts import procedure_draft
from app.db.reference import Catalogue, Offered
from app.domain.actor import Actor, Role
from app.domain.drafts import DraftNotFound, DraftRoleRefused

_DATED = ("version", "valid_from", "valid_to")


def check_administrator(actor: Actor) -> None:
    if actor.role is not Role.ADMINISTRATOR and not actor.is_internal:
        raise DraftRoleRefused("Dự thảo thủ tục dành cho quản trị.")


def find(tx: Transaction, draft_id: int) -> Row[Any]:
    row = tx.db.execute(
        select(procedure_draft).where(procedure_draft.c.id == draft_id)
    ).one_or_none()
    if row is None:
        raise DraftNotFound(f"Không có bản dự thảo {draft_id}.")
    return row


def head_of(row: Row[Any]) -> dict[str, Any]:
    names = (
        *("id", "code", "name", "origin", "state", "created_by", "created_at"),
        *("closed_by", "closed_at", "reason"),
    )
    return {name: getattr(row, name) for name in names}


def last_of(catalogue: Catalogue, code: str) -> Offered | None:
    known = catalogue.procedures.get(code)
    if known is None:
        return None
    return catalogue.offered[catalogue.version_ids[code, known.versions[-1].version]]


def definition_of(tx: Transaction, offered: Offered | None) -> dict[str, Any] | None:
    if offered is None:
        return None
    found: dict[str, Any] = tx.db.scalars(
        select(procedure_version.c.definition).where(procedure_version.c.id == offered.id)
    ).one()
    return found


def undated(definition: Mapping[str, Any] | None) -> dict[str, Any]:
    return {name: value for name, value in (definition or {}).items() if name not in _DATED}


def as_json(answer: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in answer.items()
    }
