"""Delegation while somebody is away: what is theirs shows among what is the delegate's.

It hands on no right: the delegate acts in their own role and name. It is not passed on further.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, func, insert, or_, select, update

from app.db.access import Transaction, acting
from app.db.answers import remember
from app.db.delegations import delegation
from app.db.visibility import own_agencies
from app.domain.actor import DESK_ROLES, Actor, Role
from app.domain.calendar import LOCAL_ZONE
from app.domain.delegation import Delegation, DelegationRefused, check
from app.domain.errors import DomainError
from app.domain.lifecycle import RoleRefused
from app.domain.once import Once
from app.services.desk import Desk


class DelegationNotFound(DomainError):
    code = "delegation.not_found"
    title = "Không tìm thấy ủy quyền"


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for; without `from_account` it is for the person who asks."""

    to_account: str
    to_name: str
    first_on: date
    last_on: date
    reason: str
    from_account: str | None = None
    from_name: str | None = None


def delegate(
    desk: Desk, wish: Wish, *, actor: Actor, now: datetime, once: Once | None
) -> Mapping[str, Any]:
    """Let a colleague work in one's own place, or, as an approver, in somebody else's."""
    _refuse_strangers(actor)
    with acting(desk.engine, actor, once) as tx:
        if tx.seen is not None:
            return tx.seen
        agency_id = desk.references.catalogue(tx).agency_ids.get(actor.agency or "")
        if agency_id is None:
            raise DelegationRefused("Tài khoản của bạn không thuộc cơ quan nào đang hoạt động.")
        asked = _asked(wish, actor)
        check(asked, now.astimezone(LOCAL_ZONE).date())
        row = tx.db.execute(
            insert(delegation)
            .values(
                from_account=asked.from_account,
                from_name=asked.from_name,
                to_account=asked.to_account,
                to_name=asked.to_name,
                agency_id=agency_id,
                first_on=asked.first_on,
                last_on=asked.last_on,
                reason=asked.reason,
                made_by=actor.id,
                made_at=now,
            )
            .returning(delegation)
        ).one()
        answer = _view(row)
        remember(tx, once, answer, now)
    return answer


def _asked(wish: Wish, actor: Actor) -> Delegation:
    from_account, from_name = wish.from_account or actor.id, wish.from_name or actor.name
    if from_account != actor.id:
        if actor.role is not Role.APPROVER:
            raise RoleRefused("Chỉ lãnh đạo được ủy quyền thay người khác.", roles=[Role.APPROVER])
        if wish.from_name is None:
            raise DelegationRefused("Hãy nêu tên người vắng mặt.")
    return Delegation(
        from_account,
        from_name,
        wish.to_account,
        wish.to_name,
        wish.first_on,
        wish.last_on,
        wish.reason,
    )


def listed(desk: Desk, *, actor: Actor, after: int, limit: int, now: datetime) -> list[Any]:
    """Return delegations that are not over, oldest first: one's own, for approvers all."""
    _refuse_strangers(actor)
    with acting(desk.engine, actor) as tx:
        rows = tx.db.execute(
            select(delegation)
            .where(
                delegation.c.id > after,
                delegation.c.ended_at.is_(None),
                delegation.c.last_on >= now.astimezone(LOCAL_ZONE).date(),
                _concerning(actor),
            )
            .order_by(delegation.c.id)
            .limit(limit)
        )
        return [_view(row) for row in rows]


def end(desk: Desk, delegation_id: int, *, actor: Actor, now: datetime) -> Mapping[str, Any]:
    """Take a delegation back: who gave it, who is away, or an approver; again does nothing."""
    _refuse_strangers(actor)
    with acting(desk.engine, actor) as tx:
        row = _find(tx, delegation_id)
        if actor.role is not Role.APPROVER and actor.id not in {row.from_account, row.made_by}:
            raise RoleRefused(
                "Chỉ người ủy quyền hoặc lãnh đạo được thu hồi.", roles=[Role.APPROVER]
            )
        if row.ended_at is None:
            tx.db.execute(update(delegation).where(delegation.c.id == row.id).values(ended_at=now))
        return _view(row)


def _find(tx: Transaction, delegation_id: int) -> Row[Any]:
    row = tx.db.execute(
        select(delegation).where(delegation.c.id == delegation_id, _concerning(tx.actor))
    ).one_or_none()
    if row is None:
        raise DelegationNotFound("Không tìm thấy ủy quyền này.")
    return row


def _concerning(actor: Actor) -> ColumnElement[bool]:
    own = or_(delegation.c.from_account == actor.id, delegation.c.to_account == actor.id)
    if actor.role is Role.APPROVER:
        ours: ColumnElement[bool] = delegation.c.agency_id == func.any(own_agencies())
        return or_(own, ours)
    return own


def _refuse_strangers(actor: Actor) -> None:
    if actor.role not in DESK_ROLES:
        raise RoleRefused("Chỉ công chức xử lý hồ sơ được ủy quyền.", roles=sorted(DESK_ROLES))


def _view(row: Row[Any]) -> dict[str, Any]:
    return {
        "id": row.id,
        "from_account": row.from_account,
        "from_name": row.from_name,
        "to_account": row.to_account,
        "to_name": row.to_name,
        "first_on": row.first_on.isoformat(),
        "last_on": row.last_on.isoformat(),
        "reason": row.reason,
    }
