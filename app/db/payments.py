"""Payments and what the platform said of them."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Table,
    Text,
    text,
)

from app.db.metadata import metadata, one_of
from app.domain.payments import Method, PaymentStatus, Purpose

payment = Table(
    "payment",
    metadata,
    Column("reference", Text, primary_key=True, comment="MaThamChieu"),
    Column("dossier_id", ForeignKey("dossier.id"), nullable=False, index=True),
    Column("purpose", Text, nullable=False),
    Column("method", Text, nullable=False),
    Column("amount_vnd", BigInteger, nullable=False),
    Column("status", Text, nullable=False),
    Column("payer_ip", Text, nullable=False),
    Column("opened_at", DateTime(timezone=True), nullable=False),
    Column("pay_url", Text),
    Column("paid_at", DateTime(timezone=True)),
    Column("transaction", Text, comment="MaGiaoDich of the platform"),
    Column("bank", Text, comment="MaNganHang"),
    Column("receipt_number", Text, unique=True),
    Column("failure", Text),
    Column("refund_due_at", DateTime(timezone=True), comment="Paid twice, or after the end"),
    one_of("purpose", Purpose),
    one_of("method", Method),
    one_of("status", PaymentStatus),
    CheckConstraint("amount_vnd > 0", name="amount"),
    CheckConstraint("(status = 'paid') <= (paid_at IS NOT NULL)", name="paid"),
    Index(
        "uq_payment_transaction",
        "transaction",
        unique=True,
        postgresql_where=text("transaction IS NOT NULL"),
    ),
    Index(
        "uq_payment_one_alive",
        "dossier_id",
        "purpose",
        unique=True,
        # A paid obligation is over: processing may find another.
        postgresql_where=text(
            "refund_due_at IS NULL AND (status IN ('opened', 'pending')"
            " OR status = 'paid' AND purpose <> 'obligation')"
        ),
    ),
    Index(
        "ix_payment_waiting",
        "status",
        postgresql_where=text("status IN ('opened', 'pending')"),
    ),
    comment="One attempt to pay; money in integer đồng",
)
