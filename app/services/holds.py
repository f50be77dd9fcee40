"""Columns of a dossier that follow from an act: whose it is, and what its standing clock has left.

Part of the door: `transition` asks here, nothing else writes these columns but `claims`.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Row

from app.db.access import Transaction
from app.domain.actor import DESK_ROLES, Actor
from app.domain.calendar import LOCAL_ZONE
from app.domain.deadlines import lateness
from app.domain.errors import DomainError
from app.domain.lifecycle import WAITING, Act, Status
from app.domain.queue import OPEN, ends_assignment, ends_claim
from app.services.desk import Desk

UNCLAIMED = {"claimed_by": None, "claimed_name": None, "claimed_until": None}
UNASSIGNED = {"assigned_to": None, "assigned_name": None}


class DossierClaimed(DomainError):
    """A colleague is working on it: the facts say who, and until when."""

    code = "dossier.claimed"
    title = "Hồ sơ đang có người xử lý"


def refuse_claimed(dossier: Row[Any], actor: Actor, now: datetime) -> None:
    """Refuse to spoil a colleague's work: somebody else's claim whose lease has not run out."""
    until = dossier.claimed_until
    if until is None or until <= now or dossier.claimed_by == actor.id:
        return
    raise DossierClaimed(
        f"{dossier.claimed_name} đang xử lý hồ sơ này, đến "
        f"{until.astimezone(LOCAL_ZONE):%H:%M ngày %d/%m/%Y}.",
        claimed_by=dossier.claimed_by,
        claimed_name=dossier.claimed_name,
        claimed_until=until.isoformat(),
    )


def waiting(
    desk: Desk, tx: Transaction, dossier: Row[Any], target: Status, now: datetime
) -> dict[str, Any]:
    """Say what a dossier that waits for the applicant goes back to, and what its clock has left.

    That is of the first answer until the dossier is accepted, then of the result.
    """
    if target == dossier.status:
        return {}
    if target not in WAITING:
        return {"status_before": None, "remaining_minutes": None}
    until = dossier.answer_due_at if dossier.accepted_at is None else dossier.due_at
    stands = target is Status.SUPPLEMENT_REQUESTED or desk.rules.payment_wait_stops_clock
    left = None
    if stands and until is not None:
        codes = desk.references.catalogue(tx).agency_codes
        office = codes[dossier.clock_agency_id or dossier.agency_id]
        left = -lateness(now, until, desk.references.calendar(tx, office))
    return {"status_before": dossier.status, "remaining_minutes": left}


def holding(
    desk: Desk, dossier: Row[Any], act: Act, target: Status, actor: Actor, now: datetime
) -> dict[str, Any]:
    """Renew the claim of whoever goes on working, end what an act brings to its end."""
    changes: dict[str, Any] = {}
    if dossier.claimed_by is not None and (actor.role in DESK_ROLES or target not in OPEN):
        is_own = dossier.claimed_by == actor.id
        goes_on = is_own and not ends_claim(act, target)
        changes = {"claimed_until": now + desk.rules.claim_lease} if goes_on else dict(UNCLAIMED)
    if dossier.assigned_to is not None and ends_assignment(act, target):
        changes |= UNASSIGNED
    return changes
