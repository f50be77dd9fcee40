"""What partners must be told, and what they told us."""

from sqlalchemy import (
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from app.db.metadata import metadata, one_of, surrogate_key
from app.domain.deliveries import DeliveryState, Kind, NoticeState, Partner

delivery = Table(
    "delivery",
    metadata,
    surrogate_key(),
    Column("partner", Text, nullable=False),
    Column("dossier_id", ForeignKey("dossier.id"), nullable=False),
    Column("seq", Integer, nullable=False, comment="Order within partner and dossier"),
    Column("kind", Text, nullable=False),
    Column("payload_version", SmallInteger, nullable=False),
    Column("subject", Text, comment="What it is about if not an event: a payment's reference"),
    Column("state", Text, nullable=False),
    Column("attempts", SmallInteger, nullable=False),
    Column("next_at", DateTime(timezone=True), nullable=False),
    Column("lease", Text, comment="Token of the claim that is under way"),
    Column("leased_until", DateTime(timezone=True)),
    Column("acknowledged_at", DateTime(timezone=True)),
    Column("answer_code", Text),
    Column("answer", Text, comment="As received, cut at 4,000 characters"),
    Column("body_sha256", Text),
    UniqueConstraint("partner", "dossier_id", "seq"),
    one_of("partner", Partner),
    one_of("kind", Kind),
    one_of("state", DeliveryState),
    Index(
        "ix_delivery_open",
        "partner",
        "next_at",
        postgresql_where=text("state IN ('waiting', 'in_flight')"),
    ),
    Index(
        "ix_delivery_unacknowledged",
        "dossier_id",
        "partner",
        "seq",
        postgresql_where=text("state <> 'acknowledged'"),
    ),
    comment="Ledger to partners: one row per fact, kept in order per dossier",
)

notice = Table(
    "notice",
    metadata,
    surrogate_key(),
    Column("source", Text, nullable=False),
    Column("key", Text, nullable=False, comment="What makes it the same notice"),
    Column("body", Text, nullable=False, comment="As received"),
    Column("received_at", DateTime(timezone=True), nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", SmallInteger, nullable=False),
    Column("handled_at", DateTime(timezone=True)),
    Column("reason", Text),
    UniqueConstraint("source", "key"),
    one_of("source", Partner),
    one_of("state", NoticeState),
    Index("ix_notice_waiting", "id", postgresql_where=text("state = 'waiting'")),
    comment="Inbox: verified on receipt, applied later",
)
