"""Petitions (phản ánh, kiến nghị) and their history."""

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
    desc,
    text,
)

from app.db.metadata import metadata, one_of, surrogate_key
from app.domain.actor import Role
from app.domain.petitions import ENDED, PetitionAct, PetitionKind, PetitionStatus

_ENDED = ", ".join(f"'{status}'" for status in PetitionStatus if status in ENDED)

petition = Table(
    "petition",
    metadata,
    surrogate_key(),
    Column("code", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column(
        "agency_id", ForeignKey("agency.id"), nullable=False, comment="It is about, and answered by"
    ),
    Column("dossier_id", ForeignKey("dossier.id"), comment="It is about, if it is about one"),
    Column("subject", Text, nullable=False),
    Column("content", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("status_before", Text, comment="Where a supplement leads back to"),
    Column("version", Integer, nullable=False, comment="Raised by every act; the ETag"),
    Column("petitioner_id", Text, nullable=False, comment="Account that sent it"),
    Column("petitioner_number", Text, comment="Personal number or tax code"),
    Column("petitioner_name", Text, nullable=False),
    Column("phone", Text),
    Column("received_at", DateTime(timezone=True), nullable=False),
    Column(
        "due_at",
        DateTime(timezone=True),
        comment="Derived from the history; NULL while the clock stands",
    ),
    Column(
        "calendar_revision",
        BigInteger,
        nullable=False,
        comment="Of the calendar that due_at was derived by",
    ),
    Column("supplements", SmallInteger, nullable=False),
    Column("answered_at", DateTime(timezone=True)),
    Column("ended_at", DateTime(timezone=True)),
    one_of("kind", PetitionKind),
    one_of("status", PetitionStatus),
    one_of("status_before", (PetitionStatus.RECEIVED, PetitionStatus.ACCEPTED)),
    CheckConstraint(
        "(status = 'supplement_requested') = (status_before IS NOT NULL)"
        " AND (status = 'supplement_requested') = (due_at IS NULL)",
        name="waiting",
    ),
    CheckConstraint("(status = 'answered') = (answered_at IS NOT NULL)", name="answered"),
    CheckConstraint(f"(status IN ({_ENDED})) = (ended_at IS NOT NULL)", name="ended"),
    CheckConstraint("version >= 1 AND supplements >= 0", name="counters"),
    Index("ix_petition_agency_id_received", "agency_id", desc("received_at"), desc("id")),
    Index("ix_petition_petitioner_id", "petitioner_id", desc("received_at"), desc("id")),
    Index("ix_petition_petitioner_number", "petitioner_number", desc("received_at"), desc("id")),
    Index("ix_petition_dossier_id", "dossier_id"),
    Index("ix_petition_open", "calendar_revision", postgresql_where=text("ended_at IS NULL")),
    comment="Phản ánh, kiến nghị (PAKN)",
)

petition_event = Table(
    "petition_event",
    metadata,
    Column("petition_id", ForeignKey("petition.id"), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("act", Text, nullable=False),
    Column("source", Text),
    Column("target", Text, nullable=False),
    Column("actor_id", Text, nullable=False),
    Column("actor_role", Text, nullable=False),
    Column("actor_name", Text, nullable=False),
    Column("occurred_at", DateTime(timezone=True), nullable=False),
    Column("due_at", DateTime(timezone=True), comment="As it stood after the act"),
    Column("words", Text, comment="Reason, what was asked for, what was added, the answer"),
    one_of("act", PetitionAct),
    one_of("source", PetitionStatus),
    one_of("target", PetitionStatus),
    one_of("actor_role", Role),
    comment="History of a petition: rows are added, never changed",
)

petition_day = Table(
    "petition_day",
    metadata,
    Column("agency_id", ForeignKey("agency.id"), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("last_number", Integer, nullable=False),
    comment="Number counter of petitions of an agency's day",
)
