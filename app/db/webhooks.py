"""Events for other systems: published once, delivered to whoever subscribed."""

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
from sqlalchemy.dialects.postgresql import ARRAY

from app.db.metadata import metadata, one_of, surrogate_key
from app.domain.deliveries import DeliveryState
from app.domain.webhooks import WebhookState

publication = Table(
    "publication",
    metadata,
    surrogate_key(),
    Column("dossier_id", ForeignKey("dossier.id"), nullable=False),
    Column("seq", Integer, nullable=False, comment="Of the event in its dossier"),
    Column("type", Text, nullable=False),
    Column("agency_id", ForeignKey("agency.id"), nullable=False, comment="Resolves the dossier"),
    Column("occurred_at", DateTime(timezone=True), nullable=False),
    UniqueConstraint("dossier_id", "seq"),
    comment="Every event in the order in which it was published: the key is the cursor of replays",
)

webhook = Table(
    "webhook",
    metadata,
    surrogate_key(),
    Column("name", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("types", ARRAY(Text), nullable=False, comment="Empty: every type"),
    Column("agency_id", ForeignKey("agency.id"), nullable=False, comment="And those below it"),
    Column("state", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("created_by", Text, nullable=False),
    Column("replays", Integer, nullable=False, comment="Asked for so far"),
    Column("failures", Integer, nullable=False, comment="In a row, of the endpoint itself"),
    Column("failing_since", DateTime(timezone=True)),
    Column("paused_until", DateTime(timezone=True), nullable=False, comment="Breaker"),
    Column("disabled_at", DateTime(timezone=True)),
    Column("disabled_reason", Text),
    one_of("state", WebhookState),
    CheckConstraint("(state = 'disabled') <= (disabled_at IS NOT NULL)", name="disabled"),
    comment="Other systems of the province that want to know",
)

webhook_secret = Table(
    "webhook_secret",
    metadata,
    Column("webhook_id", ForeignKey("webhook.id"), primary_key=True),
    Column("n", SmallInteger, primary_key=True, autoincrement=False),
    Column("secret", Text, nullable=False, comment="Encrypted with a key from APP_LINK_SECRET"),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("ends_at", DateTime(timezone=True), comment="NULL: the newest"),
    comment="Signing secrets: at most two are valid at once",
)

webhook_delivery = Table(
    "webhook_delivery",
    metadata,
    surrogate_key(),
    Column("webhook_id", ForeignKey("webhook.id"), nullable=False),
    Column("publication_id", ForeignKey("publication.id"), nullable=False),
    Column("replay", Integer, nullable=False, comment="0: the first telling"),
    Column("dossier_id", ForeignKey("dossier.id"), nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", SmallInteger, nullable=False, comment="Answered, or under way"),
    Column("next_at", DateTime(timezone=True), nullable=False),
    Column("lease", Text, comment="Token of the claim that is under way"),
    Column("leased_until", DateTime(timezone=True)),
    Column("acknowledged_at", DateTime(timezone=True)),
    Column("answer_code", Text),
    Column("answer", Text, comment="As received, cut at 1,000 characters"),
    UniqueConstraint("webhook_id", "publication_id", "replay"),
    one_of("state", DeliveryState),
    Index(
        "ix_webhook_delivery_open",
        "webhook_id",
        "next_at",
        postgresql_where=text("state IN ('waiting', 'in_flight')"),
    ),
    Index(
        "ix_webhook_delivery_unacknowledged",
        "dossier_id",
        "webhook_id",
        "id",
        postgresql_where=text("state <> 'acknowledged'"),
    ),
    Index("ix_webhook_delivery_log", "webhook_id", "id"),
    comment="Log of what each subscriber was sent, in order per dossier",
)
