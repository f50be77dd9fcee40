"""Money: opening a payment, cash at the desk, obligations found while processing."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Row, func, insert, select, text

from app.db.access import Transaction, acting
from app.db.answers import remember
from app.db.dossiers import dossier as dossier_table
from app.db.ledger import delivery
from app.db.payments import payment
from app.db.views import payment_view
from app.db.visibility import visible
from app.domain.actor import Actor
from app.domain.calendar import LOCAL_ZONE
from app.domain.deliveries import PAYLOAD_VERSION, DeliveryState, Kind, Partner
from app.domain.lifecycle import Act, Status
from app.domain.payments import Method, PaymentNotFound, PaymentRefused, PaymentStatus, Purpose
from app.services.clocks import settlement, version_of
from app.services.desk import Desk
from app.services.transition import (
    DossierElsewhere,
    Effect,
    Outcome,
    Request,
    carry_out,
    lock,
)

_WAITING = (PaymentStatus.OPENED, PaymentStatus.PENDING)
_ALIVE = (*_WAITING, PaymentStatus.PAID)
_CLOSED = frozenset({Status.REFUSED, Status.WITHDRAWN, Status.STOPPED})


def request_payment(desk: Desk, request: Request, *, amount_vnd: int, reason: str) -> Outcome:
    """Ask for a financial obligation found while processing; the clock stands by default."""

    def work(tx: Transaction, dossier: Row[Any]) -> Effect:
        days = version_of(desk, tx, dossier).payment_days
        reply_due_on = _day(request.now) + timedelta(days=days)
        details = {"amount_vnd": amount_vnd, "reply_due_on": reply_due_on.isoformat()}
        return Effect({"reply_due_on": reply_due_on}, reason, details=details)

    return carry_out(desk, request, Act.REQUEST_PAYMENT, work)


def settle_in_cash(desk: Desk, request: Request) -> Outcome:
    """Take the obligation in cash at the desk: the dossier goes on where it was."""

    def work(tx: Transaction, dossier: Row[Any]) -> Effect:
        _refuse_twice(tx, dossier.id, Purpose.OBLIGATION)
        if _alive(tx, dossier.id, Purpose.OBLIGATION) is not None:
            raise PaymentRefused("Khoản này đang chờ thanh toán trực tuyến.")
        paid = _insert(tx, dossier, request, Purpose.OBLIGATION, Method.CASH, "")
        return settlement(desk, tx, dossier, request.now, paid["reference"])

    return carry_out(desk, request, Act.SETTLE, work)


def open_payment(
    desk: Desk, request: Request, *, purpose: Purpose, payer_ip: str
) -> Mapping[str, Any]:
    """Open a payment at the platform; asked again, the one that is open is answered.

    The platform is called by a worker: the payment is `opened` until its address is known.
    """
    with acting(desk.engine, request.actor, request.once) as tx:
        if tx.seen is not None:
            return tx.seen
        dossier = lock(tx, request)
        if not version_of(desk, tx, dossier).online_level.pays_online:
            raise PaymentRefused(
                "Thủ tục này chưa thanh toán trực tuyến, hãy nộp tại Bộ phận Một cửa."
            )
        alive = _alive(tx, dossier.id, purpose)
        if alive is None:
            alive = _insert(tx, dossier, request, purpose, Method.PLATFORM, payer_ip)
            _tell_platform(tx, dossier.id, alive["reference"], request.now)
        elif alive["status"] == PaymentStatus.PAID:
            raise PaymentRefused("Khoản này đã được thanh toán.")
        remember(tx, request.once, alive, request.now)
    desk.wake()
    return alive


def take_cash(desk: Desk, request: Request, *, purpose: Purpose) -> Mapping[str, Any]:
    """Take a fee in cash at the desk (level 3, or whoever prefers to)."""
    if purpose is Purpose.OBLIGATION:
        raise PaymentRefused("Nghĩa vụ tài chính được ghi nhận bằng thao tác hoàn thành nghĩa vụ.")
    with acting(desk.engine, request.actor, request.once) as tx:
        if tx.seen is not None:
            return tx.seen
        dossier = lock(tx, request)
        if not dossier.is_here:
            raise DossierElsewhere("Hồ sơ đang do cơ quan khác xử lý.")
        _refuse_twice(tx, dossier.id, purpose)
        taken = _insert(tx, dossier, request, purpose, Method.CASH, "")
        remember(tx, request.once, taken, request.now)
    return taken


def _refuse_twice(tx: Transaction, dossier_id: int, purpose: Purpose) -> None:
    if _alive(tx, dossier_id, purpose) is not None:
        raise PaymentRefused("Khoản này đã thanh toán hoặc đang chờ thanh toán trực tuyến.")


def read(desk: Desk, code: str, reference: str, *, actor: Actor) -> dict[str, Any]:
    """Return a payment of a dossier that the actor may see."""
    with acting(desk.engine, actor) as tx:
        row = tx.db.execute(
            select(payment)
            .join(dossier_table, dossier_table.c.id == payment.c.dossier_id)
            .where(
                dossier_table.c.code == code, payment.c.reference == reference[:200], visible(actor)
            )
        ).one_or_none()
    if row is None:
        raise PaymentNotFound(f"Không có khoản thanh toán {reference[:80]}.")
    return payment_view(row)


def _alive(tx: Transaction, dossier_id: int, purpose: Purpose) -> dict[str, Any] | None:
    """Return the payment that stands for a purpose; a paid obligation is over, another may come."""
    row = tx.db.execute(
        select(payment).where(
            payment.c.dossier_id == dossier_id,
            payment.c.purpose == purpose,
            payment.c.status.in_(_WAITING if purpose is Purpose.OBLIGATION else _ALIVE),
            payment.c.refund_due_at.is_(None),
        )
    ).one_or_none()
    return None if row is None else payment_view(row)


def amount_due(tx: Transaction, dossier: Row[Any], purpose: Purpose) -> int:
    """Return what is due for a purpose, in đồng, paid or not; 0 if nothing is."""
    if purpose is not Purpose.OBLIGATION:
        return sum(fee["amount_vnd"] for fee in dossier.fees if fee["phase"] == purpose)
    if dossier.status != Status.PAYMENT_REQUESTED:
        return 0
    asked = tx.db.scalar(
        text("""
            SELECT details -> 'amount_vnd' FROM dossier_event
            WHERE dossier_id = :id AND act = 'request_payment' ORDER BY seq DESC LIMIT 1
        """),
        {"id": dossier.id},
    )
    return int(asked or 0)


def _insert(
    tx: Transaction,
    dossier: Row[Any],
    request: Request,
    purpose: Purpose,
    method: Method,
    payer_ip: str,
) -> dict[str, Any]:
    amount = amount_due(tx, dossier, purpose)
    if amount <= 0:
        raise PaymentRefused("Hồ sơ không có khoản này phải nộp.")
    if Status(dossier.status) in _CLOSED:
        raise PaymentRefused("Hồ sơ đã kết thúc, không thu thêm.")
    earlier = tx.db.scalar(
        select(func.count()).select_from(payment).where(payment.c.dossier_id == dossier.id)
    )
    reference = f"{dossier.code}-{(earlier or 0) + 1}"
    is_cash = method is Method.CASH
    row = tx.db.execute(
        insert(payment)
        .values(
            reference=reference,
            dossier_id=dossier.id,
            purpose=purpose,
            method=method,
            amount_vnd=amount,
            status=PaymentStatus.PAID if is_cash else PaymentStatus.OPENED,
            payer_ip=payer_ip,
            opened_at=request.now,
            paid_at=request.now if is_cash else None,
            receipt_number=f"BL-{reference}" if is_cash else None,
        )
        .returning(payment)
    ).one()
    return payment_view(row)


def _tell_platform(tx: Transaction, dossier_id: int, reference: str, now: datetime) -> None:
    last = tx.db.scalar(
        select(func.max(delivery.c.seq)).where(
            delivery.c.dossier_id == dossier_id, delivery.c.partner == Partner.PAYMENT_PLATFORM
        )
    )
    tx.db.execute(
        insert(delivery).values(
            partner=Partner.PAYMENT_PLATFORM,
            dossier_id=dossier_id,
            seq=(last or 0) + 1,
            kind=Kind.PAYMENT_OPENING,
            payload_version=PAYLOAD_VERSION,
            subject=reference,
            state=DeliveryState.WAITING,
            attempts=0,
            next_at=now,
        )
    )


def _day(now: datetime) -> date:
    return now.astimezone(LOCAL_ZONE).date()
