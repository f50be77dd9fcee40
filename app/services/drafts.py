"""Drafts of procedure versions: taken from the portal's catalogue, and compared.

A draft changes nothing until an administrator publishes it. Published, it is the next version of
its procedure from a day on; dossiers keep the version that they were handed in under.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import Row, insert, select, text

from app.db.access import Transaction, acting
from app.db.drafts import procedure_draft
from app.db.reference import Catalogue, Offered
from app.domain.actor import Actor
from app.domain.drafts import (
    DraftState,
    Origin,
    changes,
)
from app.domain.procedure_definition import DefinitionError, parse_version
from app.integrations.portal import PORTAL_ERRORS
from app.integrations.portal_catalogue import CataloguedProcedure, read_catalogued
from app.services.desk import Desk
from app.services.draft_rows import (
    check_administrator,
    definition_of,
    find,
    head_of,
    last_of,
    undated,
)


@dataclass(frozen=True, slots=True)
class Synced:
    """What a look at the portal's catalogue brought: codes, and for faulty ones why."""

    drafted: list[str]
    unchanged: list[str]
    faulty: dict[str, str]


def sync(desk: Desk, *, actor: Actor, now: datetime) -> Synced:
    """Read the portal's catalogue and draft what differs from ours; the portal may be away.

    Raises the portal's errors where not even its list can be read.
    """
    check_administrator(actor)
    found = Synced([], [], {})
    for head in desk.partners.portal.list_procedures():
        code = str(head.get("MATTHC"))
        try:
            source = desk.partners.portal.read_procedure(code)
            is_new = _draft(desk, source, actor, now)
        except PORTAL_ERRORS as error:
            found.faulty[code] = str(error)
            continue
        (found.drafted if is_new else found.unchanged).append(code)
    return found


def _draft(desk: Desk, source: Mapping[str, Any], actor: Actor, now: datetime) -> bool:
    """Keep one procedure as a draft if it says something new; tell whether it does."""
    digest = sha256(json.dumps(source, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
    with acting(desk.engine, actor) as tx:
        catalogue = desk.references.catalogue(tx)
        last = last_of(catalogue, str(source.get("MATTHC")))
        base = definition_of(tx, last)
        read = read_catalogued(source, base, catalogue.agency_ids)
        if _is_known(tx, read.code, digest) or (last and _is_same(last, base, read)):
            return False
        tx.db.execute(
            text("""
                UPDATE procedure_draft SET state = 'discarded', closed_at = :now,
                    closed_by = :by, reason = 'Có bản mới hơn từ cổng'
                WHERE code = :code AND origin = 'national_portal' AND state = 'open'
            """),
            {"code": read.code, "now": now, "by": actor.name},
        )
        tx.db.execute(
            insert(procedure_draft).values(
                **asdict(read),
                origin=Origin.NATIONAL_PORTAL,
                state=DraftState.OPEN,
                source=dict(source),
                source_sha256=digest,
                based_on_id=last.id if last else None,
                created_by=actor.name,
                created_at=now,
            )
        )
    return True


def _is_known(tx: Transaction, code: str, digest: str) -> bool:
    """Tell whether the newest draft from the portal said the same: it was seen to, or will be."""
    newest = tx.db.scalar(
        text("""
            SELECT source_sha256 FROM procedure_draft
            WHERE code = :code AND origin = 'national_portal' ORDER BY id DESC LIMIT 1
        """),
        {"code": code},
    )
    return bool(newest == digest)


def _is_same(last: Offered, base: Mapping[str, Any] | None, read: CataloguedProcedure) -> bool:
    known = last.procedure
    heads = (known.name, known.field.code, known.field.name)
    is_same_head = heads == (read.name, read.field_code, read.field_name)
    return is_same_head and not list(changes(undated(base), read.definition))


def list_page(
    desk: Desk, *, actor: Actor, state: DraftState | None, after: int, limit: int
) -> list[dict[str, Any]]:
    """Return drafts with keys above `after`, oldest first."""
    check_administrator(actor)
    with acting(desk.engine, actor) as tx:
        query = select(procedure_draft).where(procedure_draft.c.id > after)
        if state is not None:
            query = query.where(procedure_draft.c.state == state)
        rows = tx.db.execute(query.order_by(procedure_draft.c.id).limit(limit))
        return [head_of(row) for row in rows]


def read(desk: Desk, draft_id: int, *, actor: Actor) -> dict[str, Any]:
    """Return a draft with what publishing it would change, and what keeps it from being valid."""
    check_administrator(actor)
    with acting(desk.engine, actor) as tx:
        row = find(tx, draft_id)
        catalogue = desk.references.catalogue(tx)
        base = _based_on(catalogue, row)
        before = _whole(base, definition_of(tx, base))
        after = {
            "name": row.name,
            "field": {"code": row.field_code, "name": row.field_name},
            **row.definition,
        }
        return head_of(row) | {
            "definition": row.definition,
            "changes": [asdict(change) for change in changes(before, after)],
            "faults": _faults(row),
        }


def _based_on(catalogue: Catalogue, row: Row[Any]) -> Offered | None:
    return None if row.based_on_id is None else catalogue.offered[row.based_on_id]


def _whole(offered: Offered | None, definition: Mapping[str, Any] | None) -> dict[str, Any]:
    if offered is None:
        return {}
    known = offered.procedure
    field = {"code": known.field.code, "name": known.field.name}
    return {"name": known.name, "field": field, **undated(definition)}


def _faults(row: Row[Any]) -> list[Any]:
    """Return what keeps a draft from being a version; whatever day it would begin."""
    dated = {"version": 1, "valid_from": "2026-01-01", "valid_to": None}
    try:
        parse_version({**row.definition, **dated})
    except DefinitionError as error:
        return [
            asdict(fault) if not isinstance(fault, dict) else fault
            for fault in error.facts["faults"]
        ]
    return []
