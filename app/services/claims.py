"""Whose work a dossier is: claimed for a while by oneself, or assigned by an approver.

A claim keeps colleagues from acting on the dossier until its lease has run out; an assignment says
whose it is, and keeps nobody from anything. Neither is an act on the dossier: its version stays.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, update

from app.db.access import acting
from app.db.answers import remember
from app.db.dossiers import dossier as dossier_table
from app.domain.actor import DESK_ROLES, Actor, Role
from app.domain.errors import DomainError
from app.domain.lifecycle import LABELS, RoleRefused, Status, possible_acts
from app.domain.queue import OPEN
from app.services.desk import Desk
from app.services.holds import UNASSIGNED, UNCLAIMED, refuse_claimed
from app.services.transition import Request, lock, refuse_elsewhere


class NotClaimable(DomainError):
    """Nothing is left to do with it, or nothing for this role."""

    code = "dossier.not_claimable"
    title = "Không nhận xử lý được hồ sơ"


class NotHeld(DomainError):
    code = "dossier.not_held"
    title = "Hồ sơ không do bạn giữ"


@dataclass(frozen=True, slots=True)
class Holding:
    """Who works on a dossier and whom it was given to; instants in ISO 8601."""

    code: str
    claimed_by: str | None
    claimed_name: str | None
    claimed_until: str | None
    assigned_to: str | None
    assigned_name: str | None


def claim(desk: Desk, request: Request) -> Holding:
    """Claim a dossier for as long as a lease lasts, or renew one's own claim."""

    def change(dossier: Row[Any]) -> Mapping[str, Any]:
        _refuse_idle(dossier, request.actor)
        refuse_claimed(dossier, request.actor, request.now)
        return {
            "claimed_by": request.actor.id,
            "claimed_name": request.actor.name,
            "claimed_until": request.now + desk.rules.claim_lease,
        }

    return _change(desk, request, change)


def release(desk: Desk, request: Request) -> Holding:
    """Give a dossier back: one's own claim and assignment, for an approver anybody's."""

    def change(dossier: Row[Any]) -> Mapping[str, Any]:
        is_approver = request.actor.role is Role.APPROVER
        changes: dict[str, Any] = {}
        if is_approver or dossier.claimed_by == request.actor.id:
            changes |= UNCLAIMED
        if is_approver or dossier.assigned_to == request.actor.id:
            changes |= UNASSIGNED
        if not changes:
            raise NotHeld("Bạn không nhận và không được giao hồ sơ này.")
        return changes

    return _change(desk, request, change)


def assign(desk: Desk, request: Request, *, account: str, name: str) -> Holding:
    """Give a dossier to a colleague; a claim of somebody else ends with it."""

    def change(dossier: Row[Any]) -> Mapping[str, Any]:
        if request.actor.role is not Role.APPROVER:
            raise RoleRefused("Chỉ lãnh đạo được giao hồ sơ.", roles=[Role.APPROVER])
        _refuse_ended(dossier)
        is_theirs = dossier.claimed_by == account
        given = {"assigned_to": account, "assigned_name": name}
        return given if is_theirs else UNCLAIMED | given

    return _change(desk, request, change)


Change = Callable[[Row[Any]], Mapping[str, Any]]


def _change(desk: Desk, request: Request, change: Change) -> Holding:
    with acting(desk.engine, request.actor, request.once) as tx:
        if tx.seen is not None:
            return Holding(**tx.seen)
        dossier = lock(tx, request)
        if request.actor.role not in DESK_ROLES:
            raise RoleRefused(
                "Chỉ công chức xử lý hồ sơ được nhận hồ sơ.", roles=sorted(DESK_ROLES)
            )
        refuse_elsewhere(dossier)
        changes = change(dossier)
        tx.db.execute(
            update(dossier_table).where(dossier_table.c.id == dossier.id).values(**changes)
        )
        holding = _holding(dict(dossier._mapping) | dict(changes), request.now)  # noqa: SLF001  (public)
        remember(tx, request.once, asdict(holding), request.now)
    return holding


def _holding(dossier: Mapping[str, Any], now: datetime) -> Holding:
    until = dossier["claimed_until"]
    is_claimed = until is not None and until > now
    return Holding(
        dossier["code"],
        dossier["claimed_by"] if is_claimed else None,
        dossier["claimed_name"] if is_claimed else None,
        until.isoformat() if is_claimed else None,
        dossier["assigned_to"],
        dossier["assigned_name"],
    )


def _refuse_idle(dossier: Row[Any], actor: Actor) -> None:
    """Refuse a claim of what the person's role can do nothing with."""
    _refuse_ended(dossier)
    status = Status(dossier.status)
    if not possible_acts(status, actor.role):
        raise NotClaimable(
            f"Vai trò của bạn không có thao tác nào khi hồ sơ “{LABELS[status].lower()}”.",
            dossier_status=status,
        )


def _refuse_ended(dossier: Row[Any]) -> None:
    status = Status(dossier.status)
    if status not in OPEN:
        raise NotClaimable(f"Hồ sơ đã kết thúc: {LABELS[status].lower()}.", dossier_status=status)
