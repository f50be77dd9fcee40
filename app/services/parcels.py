"""Orders at the public post: a clerk sends results or has papers collected; workers see to it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, func, insert, select

from app.db import partner_views
from app.db.access import Transaction, acting
from app.db.answers import remember
from app.db.dossiers import dossier
from app.db.parcels import post_order
from app.db.partner_views import parcel_view
from app.db.visibility import visible
from app.domain.actor import Actor, Role
from app.domain.deliveries import DeliveryState
from app.domain.lifecycle import RoleRefused, Status
from app.domain.parcels import (
    FREED,
    Parcel,
    ParcelKind,
    ParcelNotFound,
    ParcelRefused,
    Wanted,
    check_possible,
    order_number,
)
from app.services.desk import Desk
from app.services.transition import DossierElsewhere, DossierNotFound, Request, lock

_STUCK = frozenset({DeliveryState.BLOCKED, DeliveryState.DEAD})


@dataclass(frozen=True, slots=True)
class Person:
    """The applicant's end of the way; areas are the post's own numbers."""

    name: str
    phone: str
    address: str
    province: int
    district: int
    email: str | None = None


def place(
    desk: Desk, request: Request, *, kind: ParcelKind, person: Person, cod_vnd: int
) -> Mapping[str, Any]:
    """Order a parcel: the worker brings it to the post, within about a second.

    Raises `ParcelRefused` while another of its kind is under way or was delivered.
    """
    with acting(desk.engine, request.actor, request.once) as tx:
        if tx.seen is not None:
            return tx.seen
        found = _lock_here(tx, request)
        check_possible(kind, Status(found.status))
        _refuse_twice(tx, found.id, kind)
        made = parcel_view(_insert(tx, found, request, kind, person, cod_vnd))
        remember(tx, request.once, made, request.now)
    desk.wake()
    return made


def cancel(desk: Desk, request: Request, n: int) -> Mapping[str, Any]:
    """Cancel an order that nobody has fetched yet; what the post does not know ends at once."""
    with acting(desk.engine, request.actor, request.once) as tx:
        if tx.seen is not None:
            return tx.seen
        known = _order(tx, _lock_here(tx, request), n)
        if Parcel(known.parcel) not in {Parcel.REQUESTED, Parcel.REGISTERED}:
            raise ParcelRefused("Bưu gửi đã được thu gom hoặc đã kết thúc, không hủy được.")
        changes: dict[str, Any] = {"wanted": Wanted.CANCELLED}
        if known.state == DeliveryState.WAITING and known.attempts == 0:
            over = {"parcel": Parcel.CANCELLED, "state": DeliveryState.ACKNOWLEDGED}
            changes |= over | {"moved_at": request.now}
        elif known.state != DeliveryState.IN_FLIGHT:  # else its worker sees to it afterwards
            changes |= {"state": DeliveryState.WAITING, "attempts": 0, "next_at": request.now}
        changed = parcel_view(_change(tx, known, changes))
        remember(tx, request.once, changed, request.now)
    desk.wake()
    return changed


def retry(desk: Desk, request: Request, n: int) -> Mapping[str, Any]:
    """Try an order again that is blocked or dead: the post is asked first what it has of it."""
    with acting(desk.engine, request.actor, request.once) as tx:
        if tx.seen is not None:
            return tx.seen
        known = _order(tx, _lock_here(tx, request), n)
        if known.state not in _STUCK:
            raise ParcelRefused("Đơn này không bị dừng, không cần gửi lại.")
        again = {"state": DeliveryState.WAITING, "attempts": 1, "next_at": request.now}
        changed = parcel_view(_change(tx, known, again))
        remember(tx, request.once, changed, request.now)
    desk.wake()
    return changed


def list_of(desk: Desk, code: str, *, actor: Actor) -> list[dict[str, Any]]:
    """Return the orders of a dossier, each with where its parcel was."""
    with acting(desk.engine, actor) as tx:
        dossier_id = tx.db.scalar(
            select(dossier.c.id).where(dossier.c.code == code, visible(actor))
        )
        if dossier_id is None:
            raise DossierNotFound(f"Không tìm thấy hồ sơ {code}.")
        return partner_views.parcels(tx, dossier_id)


def _lock_here(tx: Transaction, request: Request) -> Row[Any]:
    if request.actor.role is not Role.RECEPTIONIST:
        raise RoleRefused("Chỉ công chức một cửa lập và hủy đơn bưu chính.")
    found = lock(tx, request)
    if not found.is_here:
        raise DossierElsewhere("Hồ sơ đang do cơ quan khác xử lý.")
    return found


def _refuse_twice(tx: Transaction, dossier_id: int, kind: ParcelKind) -> None:
    alive = tx.db.scalar(
        select(post_order.c.number).where(
            post_order.c.dossier_id == dossier_id,
            post_order.c.kind == kind,
            post_order.c.parcel.not_in(FREED),
        )
    )
    if alive is not None:
        raise ParcelRefused(f"Đã có đơn {alive} cho việc này.", number=alive)


def _insert(
    tx: Transaction,
    found: Row[Any],
    request: Request,
    kind: ParcelKind,
    person: Person,
    cod_vnd: int,
) -> Row[Any]:
    earlier = tx.db.scalar(
        select(func.count()).select_from(post_order).where(post_order.c.dossier_id == found.id)
    )
    n = (earlier or 0) + 1
    return tx.db.execute(
        insert(post_order)
        .values(
            dossier_id=found.id,
            n=n,
            number=order_number(found.code, n),
            kind=kind,
            person={
                "name": person.name,
                "phone": person.phone,
                "address": person.address,
                "province": person.province,
                "district": person.district,
                "email": person.email or "",
            },
            cod_vnd=cod_vnd,
            requested_id=request.actor.id,
            requested_role=request.actor.role,
            requested_name=request.actor.name,
            requested_at=request.now,
            wanted=Wanted.PLACED,
            state=DeliveryState.WAITING,
            attempts=0,
            next_at=request.now,
            parcel=Parcel.REQUESTED,
            moved_at=request.now,
        )
        .returning(post_order)
    ).one()


def _order(tx: Transaction, found: Row[Any], n: int) -> Row[Any]:
    known = tx.db.execute(
        select(post_order)
        .where(post_order.c.dossier_id == found.id, post_order.c.n == n)
        .with_for_update()
    ).one_or_none()
    if known is None:
        raise ParcelNotFound(f"Hồ sơ {found.code} không có đơn bưu chính số {n}.")
    return known


def _change(tx: Transaction, known: Row[Any], changes: Mapping[str, Any]) -> Row[Any]:
    return tx.db.execute(
        post_order.update()
        .where(post_order.c.id == known.id)
        .values(**changes)
        .returning(post_order)
    ).one()
