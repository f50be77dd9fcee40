"""What partners must be told, and what they told us."""

from sqlalchemy import (
    CheckConstraint,
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
from app.domain.deliveries import DeliveryAct, DeliveryState, Kind, NoticeState, Partner

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
    Column(
        "retried_after",
        SmallInteger,
        nullable=False,
        server_default="0",
        comment="Attempts made when a person last let it go on: the back-off counts from there",
    ),
    Column(
        "parked_at",
        DateTime(timezone=True),
        comment="Set aside by a person since then; blocked until taken back",
    ),
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

delivery_attempt = Table(
    "delivery_attempt",
    metadata,
    Column("delivery_id", ForeignKey("delivery.id"), primary_key=True),
    Column("n", SmallInteger, primary_key=True, autoincrement=False),
    Column("ended_at", DateTime(timezone=True), nullable=False),
    Column(
        "outcome",
        Text,
        nullable=False,
        comment="State of the delivery after it, or unknown: its worker never came back",
    ),
    Column("code", Text),
    Column("answer", Text, comment="As received, cut at 4,000 characters"),
    Column("body_sha256", Text),
    Column("payload_version", SmallInteger, nullable=False),
    comment="Attempts that did not end in an acknowledgement; that one is in the delivery itself",
)

delivery_act = Table(
    "delivery_act",
    metadata,
    surrogate_key(),
    Column("delivery_id", ForeignKey("delivery.id"), nullable=False, index=True),
    Column("act", Text, nullable=False),
    Column("reason", Text),
    Column("actor_id", Text, nullable=False),
    Column("actor_name", Text, nullable=False),
    Column("actor_role", Text, nullable=False),
    Column("acted_at", DateTime(timezone=True), nullable=False),
    one_of("act", DeliveryAct),
    CheckConstraint("act = 'retry' OR reason IS NOT NULL", name="reason"),
    comment="What persons did to deliveries: rows are added, never changed",
)

partner_breaker = Table(
    "partner_breaker",
    metadata,
    Column("partner", Text, primary_key=True),
    Column(
        "failures",
        SmallInteger,
        nullable=False,
        comment="Calls without an answer, one after the other",
    ),
    Column(
        "open_until",
        DateTime(timezone=True),
        comment="Then one worker tries a single call (half-open)",
    ),
    Column("opened_at", DateTime(timezone=True)),
    Column("reason", Text),
    CheckConstraint("failures >= 0", name="failures"),
    comment="Whether a partner is called at present; shared by all workers",
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
