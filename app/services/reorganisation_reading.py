"""Reading reorganisations: what one would move, what was entered, how far each is worked off."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, desc, func, select

from app.db.access import Transaction, acting
from app.db.dossiers import dossier
from app.db.petitions import petition
from app.db.reference import Catalogue, read_catalogue
from app.db.reorganisations import agency_change
from app.db.successions import change_view, count_open, open_named, open_page
from app.domain.actor import SYSTEM, Actor
from app.domain.reorganisation import ChangeState, Reorganisation, change_of
from app.services.desk import Desk
from app.services.reorganisation_rules import AgencyChangeNotFound, examine, holders, let_in


@dataclass(frozen=True, slots=True)
class Preview:
    """What a change would move as things are now: counts by route, and a page of the dossiers."""

    count: int
    routes: list[dict[str, Any]]
    petitions: int
    page: list[dict[str, Any]]
    next: int | None


def preview(
    desk: Desk, change: Reorganisation, *, actor: Actor, now: datetime, after: int, limit: int
) -> Preview:
    """Say what a change would move; nothing is written. The page begins after a dossier's key."""
    with acting(desk.engine, actor) as tx:
        let_in(desk, tx)
    known = holders(desk, change)
    # Administrators see no dossiers: they are told codes and agencies, no persons.
    with acting(desk.engine, SYSTEM) as tx:
        catalogue = read_catalogue(tx.db)
        examine(tx, catalogue, change, known, now)
        ended = [catalogue.agency_ids[code] for code in change.ended]
        keys = open_page(tx.db, ended, after, limit + 1)
        rows = tx.db.execute(
            select(dossier).where(dossier.c.id.in_(keys[:limit])).order_by(dossier.c.id)
        )
        petitions = tx.db.scalar(
            select(func.count())
            .select_from(petition)
            .where(petition.c.agency_id.in_(ended), petition.c.ended_at.is_(None))
        )
        routes = _routes(tx, catalogue, change)
        return Preview(
            sum(route["dossiers"] for route in routes),
            routes,
            petitions or 0,
            [_previewed(row, catalogue, change) for row in rows],
            keys[limit - 1] if len(keys) > limit else None,
        )


def _routes(tx: Transaction, catalogue: Catalogue, change: Reorganisation) -> list[dict[str, Any]]:
    """Count open dossiers by the agency that they leave and the one that they go to."""
    counted: Counter[tuple[str, str]] = Counter()
    ids = [catalogue.agency_ids[code] for code in change.ended]
    for row in count_open(tx.db, ids):
        counted[_route(row, catalogue, change, "")] += row.dossiers
    named = {code for ending in change.endings for code in ending.dossiers}
    for row in open_named(tx.db, named):
        usual = _route(row, catalogue, change, "")
        counted[usual] -= 1
        counted[_route(row, catalogue, change, row.code)] += 1
    return [
        {"from": source, "to": target, "dossiers": dossiers}
        for (source, target), dossiers in sorted(counted.items())
        if dossiers
    ]


def _route(
    row: Row[Any], catalogue: Catalogue, change: Reorganisation, code: str
) -> tuple[str, str]:
    """Return which agency a dossier leaves, as who resolves it or else holds it, for which."""
    owner, holder = catalogue.agency_codes[row.agency_id], catalogue.agency_codes[row.at_agency_id]
    left = owner if owner in change.ended else holder
    procedure = catalogue.offered[row.procedure_version_id].procedure.code
    return left, change.ended[left].goes_to(code, procedure)


def _previewed(row: Row[Any], catalogue: Catalogue, change: Reorganisation) -> dict[str, Any]:
    source, target = _route(row, catalogue, change, row.code)
    return {
        "code": row.code,
        "procedure": catalogue.offered[row.procedure_version_id].procedure.name,
        "status": row.status,
        "from": source,
        "to": target,
        "due_at": row.due_at,
    }


def changes(desk: Desk, *, actor: Actor, before: int | None, limit: int) -> list[dict[str, Any]]:
    """Return changes, the newest first; `before` is the number of the last one seen."""
    query = select(agency_change).order_by(desc(agency_change.c.id)).limit(limit)
    if before is not None:
        query = query.where(agency_change.c.id < before)
    with acting(desk.engine, actor) as tx:
        let_in(desk, tx)
        return [change_view(row) for row in tx.db.execute(query)]


def change(desk: Desk, number: int, *, actor: Actor, is_counted: bool = True) -> Mapping[str, Any]:
    """Return a change; if `is_counted`, with how many open dossiers it has still to move."""
    with acting(desk.engine, actor) as tx:
        let_in(desk, tx)
    with acting(desk.engine, SYSTEM) as tx:
        row = tx.db.execute(select(agency_change).where(agency_change.c.id == number)).one_or_none()
        if row is None:
            raise AgencyChangeNotFound(f"Không có thay đổi số {number}.")
        if not is_counted:
            return change_view(row)
        left = 0
        if row.state in {ChangeState.SCHEDULED, ChangeState.MOVING}:
            ids = desk.references.catalogue(tx).agency_ids
            ended = [ids[code] for code in change_of(row.document).ended]
            left = sum(found.dossiers for found in count_open(tx.db, ended))
        return change_view(row, left)
