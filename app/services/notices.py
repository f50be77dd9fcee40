"""Inbound notices: verified on the raw bytes, kept once, answered, applied by a worker."""

import logging
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select, text
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.exc import IntegrityError

from app.db.access import Transaction, acting
from app.db.ledger import notice as notice_table
from app.db.payments import payment
from app.domain.actor import PAYMENT_PLATFORM, SYSTEM
from app.domain.deliveries import NoticeState, Partner
from app.domain.errors import DomainError
from app.domain.lifecycle import Act
from app.domain.payments import PAYABLE, PaymentRefused, PaymentStatus, Purpose
from app.integrations.payment_platform import (
    Notice,
    NoticeForged,
    answer_notice,
    read_kept_notice,
    read_notice,
)
from app.services.clocks import settlement
from app.services.desk import Desk
from app.services.transition import Effect, Request, carry_out

log = logging.getLogger(__name__)

_CURRENCY = "VND"
_CONFLICTS = {"uq_payment_transaction": "Trùng mã giao dịch"}


def receive_payment(desk: Desk, raw: bytes, *, now: datetime) -> dict[str, str]:
    """Take a CONFIRM of the platform and return the answer to it.

    A wrong signature, merchant, order, amount or currency changes nothing and is answered 99. The
    same notice again is answered as before.
    """
    merchant = desk.partners.payment.merchant
    try:
        notice = read_notice(raw, merchant)
    except NoticeForged as forgery:
        log.warning("payment notice refused: %s", forgery)
        return answer_notice(merchant, "", fault="Sai chữ ký hoặc sai bản tin", now=now)
    with acting(desk.engine, SYSTEM) as tx:
        fault = _fault(tx, notice, merchant.partner)
        _keep(tx, notice, raw, fault, now)
    if fault is None:
        desk.wake()
    return answer_notice(merchant, notice.reference, fault=fault, now=now)


def _fault(tx: Transaction, notice: Notice, partner: str) -> str | None:
    if notice.partner != partner:
        return "Sai mã đối tác"
    known = tx.db.execute(
        select(payment.c.amount_vnd).where(payment.c.reference == notice.reference)
    ).one_or_none()
    if known is None:
        return "Không có khoản thanh toán này"
    if notice.amount_vnd != known.amount_vnd:
        return "Sai số tiền"
    if notice.currency != _CURRENCY:
        return "Sai loại tiền"
    return None


def _keep(tx: Transaction, notice: Notice, raw: bytes, fault: str | None, now: datetime) -> None:
    key = "|".join(
        (
            notice.reference,
            notice.result,
            notice.transaction,
            str(notice.amount_vnd),
            notice.currency,
            notice.partner,
        )
    )
    tx.db.execute(
        upsert(notice_table)
        .values(
            source=Partner.PAYMENT_PLATFORM,
            key=key,
            body=raw.decode(),
            received_at=now,
            state=NoticeState.REJECTED if fault else NoticeState.WAITING,
            attempts=0,
            handled_at=now if fault else None,
            reason=fault,
        )
        .on_conflict_do_nothing()
    )


def apply_waiting(desk: Desk, *, now: datetime, limit: int = 50) -> int:
    """Apply notices that wait, in the order they came; return how many were looked at."""
    with acting(desk.engine, SYSTEM) as tx:
        waiting = tx.db.execute(
            text("""
                UPDATE notice SET attempts = attempts + 1
                WHERE id IN (SELECT id FROM notice WHERE state = 'waiting'
                    ORDER BY id LIMIT :limit FOR UPDATE SKIP LOCKED)
                RETURNING id, body, attempts
            """),
            {"limit": limit},
        ).all()
    for row in sorted(waiting, key=lambda row: row.id):
        try:
            _apply(desk, row, now)
        except IntegrityError as error:
            _reject(desk, row.id, error, now)
    return len(waiting)


def _apply(desk: Desk, row: Row[Any], now: datetime) -> None:
    notice = read_kept_notice(row.body.encode())
    with acting(desk.engine, SYSTEM) as tx:
        found = tx.db.execute(
            text("""
                SELECT payment.purpose, payment.status, dossier.code
                FROM payment JOIN dossier ON dossier.id = payment.dossier_id
                WHERE reference = :reference
            """),
            {"reference": notice.reference},
        ).one()
    is_obligation = found.purpose == Purpose.OBLIGATION
    if notice.is_paid and is_obligation and found.status != PaymentStatus.PAID:
        try:
            _settle(desk, found.code, notice, row.id, now)
        except DomainError as refusal:
            # Paid after the dossier moved on (withdrawn, stopped, paid in cash): it goes back.
            log.warning("payment %s cannot settle: %s", notice.reference, refusal.code)
        else:
            return
    with acting(desk.engine, SYSTEM) as tx:
        _mark(tx, notice, row.id, now, is_wanted=not is_obligation)


def _settle(desk: Desk, code: str, notice: Notice, notice_id: int, now: datetime) -> None:
    """Let the dossier go on, in one transaction with the payment and the notice."""

    def work(tx: Transaction, dossier: Row[Any]) -> Effect:
        if _is_of_an_earlier_request(tx, dossier.id, notice.reference):
            raise PaymentRefused("Khoản này thuộc yêu cầu trước, đã được hoàn thành.")
        _mark(tx, notice, notice_id, now, is_wanted=True)
        return settlement(desk, tx, dossier, now, notice.reference)

    carry_out(desk, Request(code, PAYMENT_PLATFORM, now), Act.SETTLE, work)


def _is_of_an_earlier_request(tx: Transaction, dossier_id: int, reference: str) -> bool:
    return bool(
        tx.db.scalar(
            text("""
                SELECT EXISTS (SELECT FROM dossier_event JOIN payment USING (dossier_id)
                    WHERE dossier_id = :dossier AND act = 'request_payment'
                        AND reference = :reference AND occurred_at > opened_at)
            """),
            {"dossier": dossier_id, "reference": reference},
        )
    )


def _mark(
    tx: Transaction, notice: Notice, notice_id: int, now: datetime, *, is_wanted: bool
) -> None:
    """Write what a notice says on its payment; failed is never final, paid is.

    Money that is not wanted, or paid twice, or after the dossier ended, is to go back.
    """
    row = tx.db.execute(
        select(payment).where(payment.c.reference == notice.reference).with_for_update()
    ).one()
    status = PaymentStatus(row.status)
    if notice.is_paid and status in PAYABLE:
        is_kept = is_wanted and (row.purpose == Purpose.OBLIGATION or not _is_too_much(tx, row))
        tx.db.execute(
            payment.update()
            .where(payment.c.reference == notice.reference)
            .values(
                status=PaymentStatus.PAID,
                paid_at=now,
                transaction=notice.transaction,
                bank=notice.bank,
                receipt_number=f"BL-{notice.reference}",
                failure=None,
                refund_due_at=None if is_kept else now,
            )
        )
    elif not notice.is_paid and status in {PaymentStatus.OPENED, PaymentStatus.PENDING}:
        tx.db.execute(
            payment.update()
            .where(payment.c.reference == notice.reference)
            .values(status=PaymentStatus.FAILED, failure=notice.result)
        )
    _close(tx, notice_id, NoticeState.APPLIED, None, now)


def _close(
    tx: Transaction, notice_id: int, state: NoticeState, reason: str | None, now: datetime
) -> None:
    tx.db.execute(
        notice_table.update()
        .where(notice_table.c.id == notice_id)
        .values(state=state, reason=reason, handled_at=now)
    )


def _reject(desk: Desk, notice_id: int, error: IntegrityError, now: datetime) -> None:
    """Leave to a person what contradicts our books, so that it holds up no other notice."""
    log.error("payment notice %s contradicts our books: %s", notice_id, error.orig)
    constraint = str(getattr(getattr(error.orig, "diag", None), "constraint_name", ""))
    with acting(desk.engine, SYSTEM) as tx:
        _close(tx, notice_id, NoticeState.REJECTED, _CONFLICTS.get(constraint, constraint), now)


def _is_too_much(tx: Transaction, row: Row[Any]) -> bool:
    """Tell whether a fee was paid that is to go back: paid twice, or after the dossier ended."""
    return bool(
        tx.db.scalar(
            text("""
                SELECT EXISTS (SELECT FROM payment WHERE dossier_id = :dossier
                        AND purpose = :purpose AND reference <> :reference
                        AND status IN ('opened', 'pending', 'paid') AND refund_due_at IS NULL)
                    OR EXISTS (SELECT FROM dossier WHERE id = :dossier
                        AND status IN ('refused', 'withdrawn', 'stopped'))
            """),
            {"dossier": row.dossier_id, "purpose": row.purpose, "reference": row.reference},
        )
    )
