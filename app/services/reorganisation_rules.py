"""What every use case of a reorganisation begins with: who may, and what is wrong with it."""

from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, select

from app.db.access import Transaction, acting
from app.db.reference import Catalogue
from app.db.reorganisations import agency_change
from app.db.successions import last_received, open_named
from app.domain.actor import SYSTEM, Role
from app.domain.calendar import LOCAL_ZONE
from app.domain.errors import DomainError
from app.domain.reorganisation import ChangeState, Reorganisation, change_of
from app.domain.reorganisation_faults import Known, check
from app.services.desk import Desk

Holders = Mapping[str, Collection[str]]
"""Who resolves and who holds the open dossiers that a change names."""


class AgencyChangeRefused(DomainError):
    """Agencies are kept by administrators of the province."""

    code = "agency.role_refused"
    title = "Vai trò không được sắp xếp cơ quan"


class AgencyChangeNotFound(DomainError):
    code = "agency.change_not_found"
    title = "Không tìm thấy thay đổi cơ quan"


def let_in(desk: Desk, tx: Transaction) -> None:
    """Let in administrators whose agency is the province itself, and our own commands."""
    actor = tx.actor
    if actor.is_internal:
        return
    home = desk.references.catalogue(tx).agencies.get(actor.agency or "")
    if actor.role is not Role.ADMINISTRATOR or home is None or home.parent is not None:
        raise AgencyChangeRefused("Cơ quan do quản trị của tỉnh sắp xếp.")


def holders(desk: Desk, change: Reorganisation) -> Holders:
    """Look up the dossiers that a change names: administrators see none themselves."""
    named = {code for ending in change.endings for code in ending.dossiers}
    if not named:
        return {}
    with acting(desk.engine, SYSTEM) as tx:
        codes = desk.references.catalogue(tx).agency_codes
        return {
            row.code: {codes[row.agency_id], codes[row.at_agency_id]}
            for row in open_named(tx.db, named)
        }


def examine(
    tx: Transaction, catalogue: Catalogue, change: Reorganisation, known: Holders, now: datetime
) -> None:
    """Refuse a change that cannot be entered now (`AgencyChangeFaulty`)."""
    ids = {code: catalogue.agency_ids[code] for code in change.ended if code in catalogue.agencies}
    received = last_received(tx.db, ids.values())
    check(
        change,
        Known(
            agencies=catalogue.agencies,
            groups={group.code for group in catalogue.groups},
            procedures=catalogue.procedures.keys(),
            pending=[change_of(row.document) for row in pending(tx)],
            received_on={code: received[key] for code, key in ids.items() if key in received},
            holders=known,
            today=local_day(now),
        ),
    )


def pending(tx: Transaction) -> list[Row[Any]]:
    """Return the changes that are not done, in their order."""
    states = (ChangeState.SCHEDULED, ChangeState.MOVING)
    return list(
        tx.db.execute(
            select(agency_change)
            .where(agency_change.c.state.in_(states))
            .order_by(agency_change.c.id)
        )
    )


def local_day(now: datetime) -> date:
    return now.astimezone(LOCAL_ZONE).date()
