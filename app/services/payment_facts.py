"""What the payment platform is told of a payment, and what it told us, on record."""

from sqlalchemy import select, text

from app.db.access import acting
from app.db.dossiers import dossier
from app.db.payments import payment
from app.domain.actor import SYSTEM
from app.domain.payments import PaymentStatus, Purpose
from app.integrations.payment_platform import Order
from app.services.desk import Desk

_TEXTS = {
    Purpose.ACCEPTANCE: "Nộp phí, lệ phí hồ sơ {code}",
    Purpose.RETURN: "Nộp phí, lệ phí nhận kết quả hồ sơ {code}",
    Purpose.OBLIGATION: "Nộp nghĩa vụ tài chính hồ sơ {code}",
}


def order_of(desk: Desk, reference: str) -> Order | None:
    """Read the order of a payment that waits to be opened; None if it no longer does."""
    with acting(desk.engine, SYSTEM) as tx:
        row = tx.db.execute(
            select(payment, dossier.c.code.label("dossier_code"), dossier)
            .join(dossier, dossier.c.id == payment.c.dossier_id)
            .where(payment.c.reference == reference, payment.c.status == PaymentStatus.OPENED)
        ).one_or_none()
        catalogue = desk.references.catalogue(tx)
    if row is None:
        return None
    fields = row._mapping  # noqa: SLF001  (public)
    offered = catalogue.offered[row.procedure_version_id]
    agency = catalogue.agency_of(row.agency_id)
    said = _TEXTS[Purpose(row.purpose)].format(code=row.dossier_code)
    lines = tuple(
        (fee["kind"], fee["code"], fee["name"], fee["amount_vnd"])
        for fee in row.fees
        if fee["phase"] == row.purpose
    )
    return Order(
        reference=reference,
        amount_vnd=fields[payment.c.amount_vnd],
        text=said,
        payer_ip=row.payer_ip or "127.0.0.1",
        dossier_code=row.dossier_code,
        procedure_code=offered.procedure.code,
        procedure_name=offered.procedure.name,
        agency_code=agency.code,
        agency_name=agency.name,
        payer_name=row.applicant_name,
        payer_number=row.applicant_number,
        payer_address=row.contact.get("address", ""),
        lines=lines or (("fee", "NVTC", said, row.amount_vnd),),
    )


def record_opened(desk: Desk, reference: str, address: str) -> None:
    """Record where a payment is paid, unless a notice of its end came first."""
    with acting(desk.engine, SYSTEM) as tx:
        tx.db.execute(
            text("""
                UPDATE payment SET status = 'pending', pay_url = :address
                WHERE reference = :reference AND status = 'opened'
            """),
            {"reference": reference, "address": address},
        )


def record_not_opened(desk: Desk, reference: str, reason: str | None) -> None:
    """Record that the platform does not take a payment, so that another may be opened."""
    with acting(desk.engine, SYSTEM) as tx:
        tx.db.execute(
            text("""
                UPDATE payment SET status = 'failed', failure = :reason
                WHERE reference = :reference AND status = 'opened'
            """),
            {"reference": reference, "reason": reason},
        )
