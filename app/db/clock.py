"""What the clock of a dossier brings with it: moved due instants, warnings, apologies, pace."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    desc,
)
from sqlalchemy.dialects.postgresql import JSONB

from app.db.metadata import metadata, one_of, surrogate_key
from app.domain.warnings import WarningKind

due_move = Table(
    "due_move",
    metadata,
    surrogate_key(),
    Column("dossier_id", ForeignKey("dossier.id"), nullable=False),
    Column("what", Text, nullable=False),
    Column("before", DateTime(timezone=True), nullable=False),
    Column("after", DateTime(timezone=True), nullable=False),
    Column("revision_before", BigInteger, nullable=False, comment="Of the calendar"),
    Column("revision", BigInteger, nullable=False, comment="Of the calendar that moved it"),
    Column("moved_at", DateTime(timezone=True), nullable=False),
    UniqueConstraint("dossier_id", "what", "revision"),
    one_of("what", ("due", "answer")),
    CheckConstraint("before <> after", name="moved"),
    CheckConstraint("revision_before < revision", name="revisions"),
    Index("ix_due_move_revision", "revision", "id"),
    comment="What changes of the calendar moved; the promise on the receipt stays as it is",
)

warning = Table(
    "warning",
    metadata,
    surrogate_key(),
    Column("dossier_id", ForeignKey("dossier.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("due_at", DateTime(timezone=True), nullable=False, comment="What it warns of"),
    Column("raised_at", DateTime(timezone=True), nullable=False),
    UniqueConstraint("dossier_id", "kind", "due_at"),
    one_of("kind", WarningKind),
    Index("ix_warning_raised_at", desc("raised_at"), desc("id")),
    comment="Cảnh báo thời hạn: each once per dossier and due instant",
)

warning_reading = Table(
    "warning_reading",
    metadata,
    Column("warning_id", ForeignKey("warning.id"), primary_key=True),
    Column("account", Text, primary_key=True),
    Column("read_at", DateTime(timezone=True), nullable=False),
    comment="Who has read which warning",
)

apology = Table(
    "apology",
    metadata,
    surrogate_key(),
    Column("dossier_id", ForeignKey("dossier.id"), nullable=False),
    Column("missed_at", DateTime(timezone=True), nullable=False, comment="Appointment missed"),
    Column("new_due_at", DateTime(timezone=True), nullable=False, comment="Appointment given"),
    Column("reason", Text, nullable=False),
    Column("agency_id", ForeignKey("agency.id"), nullable=False, comment="That apologises"),
    Column("signed_by", Text, nullable=False, comment="Account"),
    Column("signed_name", Text, nullable=False),
    Column("signed_at", DateTime(timezone=True), nullable=False),
    UniqueConstraint("dossier_id", "missed_at"),
    CheckConstraint("new_due_at > missed_at", name="later"),
    comment="Phiếu xin lỗi và hẹn lại of dossiers that are late already; the due instant stays",
)

pace = Table(
    "pace",
    metadata,
    Column("procedure_id", ForeignKey("procedure.id"), primary_key=True),
    Column("refreshed_at", DateTime(timezone=True), nullable=False),
    Column("cases", Integer, nullable=False, comment="Finished dossiers looked at"),
    Column("samples", JSONB, nullable=False, comment="Minutes to the decision by place, sorted"),
    comment="How long finished dossiers of a procedure took from where",
)
