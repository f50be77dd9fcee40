"""What is still to be announced, and what people were told of it."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from app.db.metadata import metadata, one_of, surrogate_key
from app.domain.actor import DESK_ROLES, Role
from app.domain.deliveries import DeliveryState
from app.domain.message_texts import Topic
from app.domain.messages import APPLICANT, Channel

STAFF = (*sorted(DESK_ROLES), Role.ADMINISTRATOR)
"""Roles that get notices."""

announcement = Table(
    "announcement",
    metadata,
    # No foreign keys: it is written with its event in one statement, and gone within a second.
    Column("dossier_id", BigInteger, primary_key=True, autoincrement=False),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    comment="Events that nobody was told of yet; deleted in the transaction that plans the telling",
)

message = Table(
    "message",
    metadata,
    surrogate_key(),
    Column("key", Text, nullable=False, unique=True, comment="What makes it the same notice"),
    Column("dossier_id", ForeignKey("dossier.id")),
    Column("seq", Integer, comment="Of the event that it tells of"),
    Column("topic", Text, nullable=False),
    Column("recipient", Text, nullable=False, comment="The applicant, or a role of staff"),
    Column("agency_id", ForeignKey("agency.id"), nullable=False, comment="Whose it is"),
    Column("channel", Text, nullable=False),
    Column("address", Text),
    Column("subject", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("short", Text, nullable=False, comment="For telephones"),
    Column("deadline_on", Date, comment="Of the recipient: on that day nothing is put off"),
    Column("tried", JSONB, nullable=False, comment="Channels that refused it, with their answer"),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", SmallInteger, nullable=False),
    Column("next_at", DateTime(timezone=True), nullable=False),
    Column("lease", Text, comment="Token of the claim that is under way"),
    Column("leased_until", DateTime(timezone=True)),
    Column("acknowledged_at", DateTime(timezone=True)),
    Column("answer_code", Text),
    Column("answer", Text, comment="As received, cut at 1,000 characters"),
    one_of("topic", Topic),
    one_of("recipient", (APPLICANT, *STAFF)),
    one_of("channel", Channel),
    one_of("state", DeliveryState),
    CheckConstraint("(channel = 'inbox') = (address IS NULL)", name="address"),
    Index(
        "ix_message_open",
        "channel",
        "next_at",
        postgresql_where=text("state IN ('waiting', 'in_flight')"),
    ),
    Index("ix_message_dossier_id", "dossier_id", "id"),
    Index(
        "ix_message_desk",
        "agency_id",
        "recipient",
        "id",
        postgresql_where=text("channel = 'inbox' AND recipient <> 'applicant'"),
    ),
    Index("ix_message_stuck", "id", postgresql_where=text("state IN ('blocked', 'dead')")),
    comment="Notices to people: one per event and recipient, in the words in which it was told",
)

notice_preference = Table(
    "notice_preference",
    metadata,
    Column("number", Text, primary_key=True, comment="Personal number or tax code"),
    Column("channel", Text, nullable=False),
    Column("changed_at", DateTime(timezone=True), nullable=False),
    one_of("channel", Channel),
    comment="Over which channel a person wants to be told",
)

notice_address = Table(
    "notice_address",
    metadata,
    Column("agency_id", ForeignKey("agency.id"), primary_key=True),
    Column("role", Text, primary_key=True),
    Column("email", Text, comment="NULL: only in the application"),
    Column("changed_at", DateTime(timezone=True), nullable=False),
    Column("changed_by", Text, nullable=False),
    one_of("role", STAFF),
    comment="Office mailboxes: where a role of an agency gets its notices",
)
