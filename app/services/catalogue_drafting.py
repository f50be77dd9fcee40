"""The national portal's catalogue as drafts of procedures: what differs from ours is written down.

A draft changes nothing until an administrator has checked and published it like any other.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import Row, desc, select

from app.db.access import Transaction, acting
from app.db.calendar import revision
from app.db.reference import Catalogue
from app.db.steps import procedure_draft
from app.domain.actor import Actor
from app.domain.differences import differences
from app.domain.procedure_drafts import DraftOrigin, DraftState
from app.integrations.portal import PORTAL_ERRORS
from app.integrations.portal_catalogue import CataloguedProcedure, read_catalogued
from app.services.desk import Desk
from app.services.drafting import begin_draft, content_of_version, day_of, write_draft

_NOTE = "Lấy từ danh mục của Cổng Dịch vụ công quốc gia."
_OVERTAKEN = "Cổng đã có bản mới hơn."


@dataclass(frozen=True, slots=True)
class Synced:
    """What a look at the portal's catalogue brought, by code.

    For faulty ones why; for ones that the portal calls otherwise than we do, how it calls them.
    """

    drafted: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    faulty: dict[str, str] = field(default_factory=dict)
    renamed: dict[str, str] = field(default_factory=dict)


def draft_differences(desk: Desk, *, actor: Actor, now: datetime) -> Synced:
    """Read every procedure of the portal's catalogue and draft what differs from ours.

    Raises the portal's errors where not even its list can be read.
    """
    found = Synced()
    for head in desk.partners.portal.list_procedures():
        code = str(head.get("MATTHC"))
        try:
            source = desk.partners.portal.read_procedure(code)
            is_new, heading = _draft(desk, source, actor, now)
        except PORTAL_ERRORS as error:
            found.faulty[code] = str(error)
            continue
        (found.drafted if is_new else found.unchanged).append(code)
        if heading is not None:
            found.renamed[code] = heading
    return found


def _draft(
    desk: Desk, source: Mapping[str, Any], actor: Actor, now: datetime
) -> tuple[bool, str | None]:
    """Draft one procedure if the portal says something new of it.

    Return whether it does, and the name and field that it has there if they are not ours: those
    are never taken over, because papers of years ago print the ones that the catalogue has.
    """
    digest = sha256(json.dumps(source, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
    with acting(desk.engine, actor) as tx:
        # One at a time, and nobody publishes meanwhile: what is compared stays the last version.
        tx.db.execute(select(revision).where(revision.c.name == "catalogue").with_for_update())
        catalogue = desk.references.catalogue(tx)
        base = _last_content(tx, catalogue, str(source.get("MATTHC")))
        agencies = {
            code for code, known in catalogue.agencies.items() if known.is_valid_on(day_of(now))
        }
        read = read_catalogued(source, base and base["definition"], agencies)
        content = _content(read, base)
        heading = _heading(read, base)
        newest = _newest(tx, read.code)
        if newest is not None and newest.source_sha256 == digest:
            return False, heading  # it was seen to, or will be
        if base is not None and not list(differences(base, content)):
            return False, heading
        if newest is not None and newest.state in {DraftState.DRAFT, DraftState.CHECKED}:
            write_draft(tx, newest, now, state=DraftState.DISCARDED, note=_OVERTAKEN)
        note = _NOTE if heading is None else f"{_NOTE} Ở đó tên là {heading}."
        origin = DraftOrigin.NATIONAL_PORTAL
        begin_draft(tx, read.code, content, now, origin=origin, note=note, source_sha256=digest)
    return True, heading


def _last_content(tx: Transaction, catalogue: Catalogue, code: str) -> dict[str, Any] | None:
    known = catalogue.procedures.get(code)
    if known is None:
        return None
    return content_of_version(tx, catalogue.version_ids[code, known.versions[-1].version])


def _content(read: CataloguedProcedure, base: Mapping[str, Any] | None) -> dict[str, Any]:
    field_of_it = {"code": read.field_code, "name": read.field_name}
    heading = base or {"name": read.name, "field": field_of_it, "sample": False}
    return {
        **{name: heading[name] for name in ("name", "field", "sample")},
        "definition": read.definition,
    }


def _heading(read: CataloguedProcedure, base: Mapping[str, Any] | None) -> str | None:
    if base is None:
        return None
    ours = (base["name"], base["field"]["code"], base["field"]["name"])
    if ours == (read.name, read.field_code, read.field_name):
        return None
    return f"“{read.name}”, lĩnh vực {read.field_code} {read.field_name}"


def _newest(tx: Transaction, code: str) -> Row[Any] | None:
    """Return the newest draft of a procedure that came from the portal, locked."""
    return tx.db.execute(
        select(procedure_draft)
        .where(procedure_draft.c.procedure_code == code)
        .where(procedure_draft.c.origin == DraftOrigin.NATIONAL_PORTAL)
        .order_by(desc(procedure_draft.c.id))
        .limit(1)
        .with_for_update()
    ).one_or_none()
