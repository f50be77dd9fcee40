"""Reading what keepers of the catalogue see: versions, drafts with their faults and differences."""

from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import desc, select

from app.db.access import Transaction, acting
from app.db.reference import Catalogue
from app.db.steps import procedure_draft
from app.db.views import procedure_draft_view
from app.domain.actor import Actor
from app.domain.differences import differences
from app.domain.procedure_drafts import DraftFaulty, DraftState, check, check_succession
from app.services.desk import Desk
from app.services.drafting import (
    DraftNotFound,
    ProcedureUnknown,
    checked,
    content_of_version,
    day_of,
    let_in,
)


@dataclass(frozen=True, slots=True)
class Review:
    """A draft's faults, and what it changes against the version in force (None: there is none)."""

    faults: list[dict[str, Any]]
    against: int | None
    differences: list[dict[str, Any]]


def drafts(
    desk: Desk,
    *,
    actor: Actor,
    state: DraftState | None = None,
    code: str | None = None,
    before: int | None = None,
    limit: int = 100,
) -> list[dict[str, Any]]:
    """List drafts, the newest first."""
    with acting(desk.engine, actor) as tx:
        let_in(desk, tx)
        query = select(procedure_draft).order_by(desc(procedure_draft.c.id)).limit(limit)
        if state is not None:
            query = query.where(procedure_draft.c.state == state)
        if code is not None:
            query = query.where(procedure_draft.c.procedure_code == code)
        if before is not None:
            query = query.where(procedure_draft.c.id < before)
        return [procedure_draft_view(row) for row in tx.db.execute(query)]


def draft(desk: Desk, draft_id: int, *, actor: Actor, now: datetime) -> dict[str, Any]:
    """Return a draft with its faults and what it changes against the version in force."""
    with acting(desk.engine, actor) as tx:
        let_in(desk, tx)
        row = tx.db.execute(
            select(procedure_draft).where(procedure_draft.c.id == draft_id)
        ).one_or_none()
        if row is None:
            raise DraftNotFound("Không có dự thảo này.")
        catalogue = desk.references.catalogue(tx)
        faults: list[dict[str, Any]] = []
        if row.state in {DraftState.DRAFT, DraftState.CHECKED}:
            try:
                checked(catalogue, row, day_of(now))
            except DraftFaulty as refusal:
                faults = refusal.facts["errors"]
        compared = _compared(tx, catalogue, row.procedure_code, row.content, day_of(now))
        return {
            **procedure_draft_view(row),
            "errors": faults,
            "against": compared.against,
            "differences": compared.differences,
        }


def review(
    desk: Desk,
    code: str,
    content: dict[str, Any],
    *,
    valid_from: date | None,
    actor: Actor,
    now: datetime,
) -> Review:
    """Check and compare what nobody has written down yet; nothing is.

    With `valid_from` also whether it may be published from that day on.
    """
    with acting(desk.engine, actor) as tx:
        let_in(desk, tx)
        catalogue = desk.references.catalogue(tx)
        known, today = catalogue.procedures.get(code), day_of(now)
        faults: list[dict[str, Any]] = []
        try:
            check(
                code,
                content,
                known=known,
                agencies=catalogue.agencies,
                valid_from=valid_from or today,
            )
            if valid_from is not None:
                check_succession(known, valid_from, today)
        except DraftFaulty as refusal:
            faults = refusal.facts["errors"]
        return replace(_compared(tx, catalogue, code, content, today), faults=faults)


def _compared(
    tx: Transaction, catalogue: Catalogue, code: str, content: dict[str, Any], today: date
) -> Review:
    """Compare with the version in force, or, if there is none today, with the last one."""
    known = catalogue.procedures.get(code)
    if known is None:
        return Review([], None, [])
    number = (known.version_on(today) or known.versions[-1]).version
    before = content_of_version(tx, catalogue.version_ids[code, number])
    found = [asdict(one) for one in differences(before, content)]
    return Review([], number, found)


def version(desk: Desk, code: str, number: int | None, *, actor: Actor) -> dict[str, Any]:
    """Return a version (the last if not said which) as the content of a draft, with its dates."""
    with acting(desk.engine, actor) as tx:
        let_in(desk, tx)
        catalogue = desk.references.catalogue(tx)
        known = catalogue.procedures.get(code)
        wanted = [one for one in known.versions if number in {None, one.version}] if known else []
        if not wanted:
            raise ProcedureUnknown(f"Danh mục không có thủ tục {code}, phiên bản {number or ''}.")
        found = wanted[-1]
        return {
            "code": code,
            "version": found.version,
            "valid_from": found.valid_from,
            "valid_to": found.valid_to,
            "content": content_of_version(tx, catalogue.version_ids[code, found.version]),
        }


def catalogue(desk: Desk, *, actor: Actor) -> Catalogue:
    """Return every procedure with all its versions."""
    with acting(desk.engine, actor) as tx:
        let_in(desk, tx)
        return desk.references.catalogue(tx)
