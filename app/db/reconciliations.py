"""Reconciliations with the national portal: runs, what they counted, what they found to differ."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from app.db.metadata import metadata, one_of, surrogate_key
from app.domain.reconciliation import Cause, Origin, Outcome, PartKind, RunState

reconciliation = Table(
    "reconciliation",
    metadata,
    surrogate_key(),
    Column("origin", Text, nullable=False),
    Column("night", Date, unique=True, comment="Of a nightly run: one each night"),
    Column("first_on", Date, nullable=False, comment="First day of receipt"),
    Column("last_on", Date, nullable=False),
    Column("agency", Text, comment="With those below it; NULL: every agency"),
    Column("state", Text, nullable=False),
    Column("asked_by", Text, nullable=False),
    Column("asked_name", Text, nullable=False),
    Column("begun_at", DateTime(timezone=True), nullable=False),
    Column("finished_at", DateTime(timezone=True)),
    Column(
        "recorded_on",
        Date,
        comment="First day whose figures know it: answers as of an earlier day stay as they were",
    ),
    Column("planned", Integer, nullable=False, comment="Dossiers and listed codes to ask about"),
    Column("done", Integer, nullable=False),
    Column("lease", Text, comment="Token of the process that works on it"),
    Column("leased_until", DateTime(timezone=True)),
    one_of("origin", Origin),
    one_of("state", RunState),
    CheckConstraint("last_on >= first_on", name="days"),
    CheckConstraint("(state = 'finished') = (finished_at IS NOT NULL)", name="finished"),
    Index("ix_reconciliation_running", "id", postgresql_where=text("state = 'running'")),
    comment="A comparison with what the national portal holds (đối chiếu)",
)

reconciliation_part = Table(
    "reconciliation_part",
    metadata,
    Column("reconciliation_id", ForeignKey("reconciliation.id"), primary_key=True),
    Column("n", Integer, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("keys", JSONB, nullable=False, comment="Of dossiers, of agencies' days, or codes"),
    one_of("kind", PartKind),
    comment="What a run has still to ask; a part that was recorded is gone",
)

reconciliation_count = Table(
    "reconciliation_count",
    metadata,
    Column("reconciliation_id", ForeignKey("reconciliation.id"), primary_key=True),
    Column("agency_id", ForeignKey("agency.id"), primary_key=True, comment="Received them"),
    Column("month", Date, primary_key=True, comment="Of receipt, its first day"),
    Column("outcome", Text, primary_key=True),
    Column("dossiers", Integer, nullable=False),
    Column("held", Integer, nullable=False, comment="Of these, held by the portal"),
    one_of("outcome", Outcome),
    comment="What a run found, by agency and month of receipt",
)

reconciliation_difference = Table(
    "reconciliation_difference",
    metadata,
    surrogate_key(),
    Column("reconciliation_id", ForeignKey("reconciliation.id"), nullable=False),
    Column("code", Text, nullable=False),
    Column("dossier_id", ForeignKey("dossier.id"), comment="NULL: none of ours"),
    Column("agency_id", ForeignKey("agency.id"), nullable=False, comment="Received it"),
    Column("month", Date, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("cause", Text),
    Column("told", Integer, nullable=False, comment="Last event that the portal acknowledged"),
    Column("stage", Integer, comment="Event up to which the portal holds it, if it is one of ours"),
    Column("detail", Text, comment="What the portal or our own fault said"),
    Column("fields", ARRAY(Text), nullable=False, comment="Names of what differs"),
    Column("found_at", DateTime(timezone=True), nullable=False),
    Column("mended_at", DateTime(timezone=True), comment="When it was queued to be told again"),
    Column("mended_by", Text),
    Column("mended", Text, comment="What was done in the ledger"),
    UniqueConstraint("reconciliation_id", "code"),
    one_of("outcome", Outcome),
    one_of("cause", Cause),
    Index("ix_reconciliation_difference_id", "reconciliation_id", "id"),
    Index(
        "ix_reconciliation_difference_unknown",
        "month",
        postgresql_where=text("outcome = 'unknown_here'"),
    ),
    comment="Dossiers that did not compare equal",
)

reconciliation_value = Table(
    "reconciliation_value",
    metadata,
    Column(
        "difference_id",
        BigInteger,
        ForeignKey("reconciliation_difference.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("field", Text, primary_key=True),
    Column("ours", JSONB),
    Column("theirs", JSONB),
    Column("is_personal", Boolean, nullable=False),
    comment="Values that differ; personal ones are seen by the agency's own staff only",
)

catalogue_sync = Table(
    "catalogue_sync",
    metadata,
    surrogate_key(),
    Column("begun_at", DateTime(timezone=True), nullable=False),
    Column("asked_name", Text, nullable=False),
    Column("leased_until", DateTime(timezone=True), comment="Until then its worker reads"),
    Column("finished_at", DateTime(timezone=True)),
    Column("outcome", Text, comment="NULL: under way, or its worker never came back"),
    Column("drafted", ARRAY(Text), nullable=False),
    Column("unchanged", Integer, nullable=False),
    Column("faulty", JSONB, nullable=False, comment="Why, by code"),
    Column("renamed", JSONB, nullable=False, comment="Their names there, by code"),
    Column("reason", Text, comment="Why it failed"),
    one_of("outcome", ("done", "failed")),
    comment="Looks at the national portal's catalogue, and what they brought",
)
