"""Look-ups as rows: one of a dossier, what is kept of its answer, who asks."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, select

from app.db.access import Transaction
from app.db.lookup_answers import facts_of
from app.db.lookups import lookup, lookup_answer
from app.domain.lookups import Facts, LookupNotFound
from app.services.desk import Desk
from app.services.transition import Request


def requested_by(desk: Desk, tx: Transaction, found: Row[Any], request: Request) -> dict[str, Any]:
    """Return the columns that say who asks."""
    actor, ids = request.actor, desk.references.catalogue(tx).agency_ids
    return {
        "requested_id": actor.id,
        "requested_role": actor.role,
        "requested_name": actor.name,
        "agency_id": ids.get(actor.agency or "", found.at_agency_id),
        "requested_at": request.now,
    }


def row_of(tx: Transaction, found: Row[Any], lookup_id: int) -> Row[Any]:
    """Return a look-up of this dossier; raises `LookupNotFound`."""
    row = tx.db.execute(
        select(lookup).where(lookup.c.id == lookup_id, lookup.c.dossier_id == found.id)
    ).one_or_none()
    if row is None:
        raise LookupNotFound(f"Hồ sơ {found.code} không có lượt tra cứu {lookup_id}.")
    return row


def kept_facts(desk: Desk, tx: Transaction, lookup_id: int, now: datetime) -> Facts | None:
    """Return what a look-up found, while that is kept."""
    answer = tx.db.execute(
        select(lookup_answer).where(
            lookup_answer.c.lookup_id == lookup_id, lookup_answer.c.expires_at > now
        )
    ).one_or_none()
    return None if answer is None else facts_of(answer, desk.partners.link_key)
