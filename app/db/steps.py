"""Hand-overs of dossiers that are over, opinions of other agencies, drafts of procedures."""

from sqlalchemy import (
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
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from app.db.metadata import metadata, one_of, surrogate_key
from app.domain.handovers import Outcome
from app.domain.opinions import OpinionState, Position
from app.domain.procedure_drafts import DraftOrigin, DraftState

handover = Table(
    "handover",
    metadata,
    Column("dossier_id", ForeignKey("dossier.id"), primary_key=True),
    Column("seq", Integer, primary_key=True, comment="Of the event that handed it over"),
    Column("from_agency_id", ForeignKey("agency.id"), comment="NULL: from the applicant"),
    Column("from_step", Text),
    Column("from_name", Text, nullable=False),
    Column("to_agency_id", ForeignKey("agency.id"), nullable=False),
    Column("to_step", Text, nullable=False),
    Column("to_name", Text, comment="Who worked on it there; NULL: nobody did"),
    Column("sent_at", DateTime(timezone=True), nullable=False),
    Column(
        "received_at",
        DateTime(timezone=True),
        nullable=False,
        comment="From when its time is counted: the rule of 15:00",
    ),
    Column("left_at", DateTime(timezone=True), nullable=False),
    Column("budget_minutes", Integer, nullable=False),
    Column("spent_minutes", Integer, nullable=False),
    Column(
        "due_at",
        DateTime(timezone=True),
        comment="By the step's share; NULL: its time is not counted",
    ),
    Column("outcome", Text),
    Column("note", Text),
    one_of("outcome", Outcome),
    CheckConstraint("(outcome IS NULL) = (due_at IS NULL)", name="judged"),
    CheckConstraint("sent_at <= left_at", name="order"),
    CheckConstraint("budget_minutes >= 0 AND spent_minutes >= 0", name="minutes"),
    Index("ix_handover_to_agency_id_left_at", "to_agency_id", desc("left_at")),
    comment="Giao nhận: rows are added when the dossier leaves, never changed",
)

opinion_request = Table(
    "opinion_request",
    metadata,
    surrogate_key(),
    Column("dossier_id", ForeignKey("dossier.id"), nullable=False, index=True),
    Column("agency_id", ForeignKey("agency.id"), nullable=False, comment="That asks"),
    Column("step", Text, nullable=False),
    Column("question", Text, nullable=False),
    Column("asked_at", DateTime(timezone=True), nullable=False),
    Column("asked_by", Text, nullable=False, comment="Account"),
    Column("asked_name", Text, nullable=False),
    Column("due_at", DateTime(timezone=True), nullable=False),
    CheckConstraint("due_at > asked_at", name="deadline"),
    comment="Xin ý kiến phối hợp: one question to several agencies",
)

opinion = Table(
    "opinion",
    metadata,
    surrogate_key(),
    Column("request_id", ForeignKey("opinion_request.id"), nullable=False),
    Column("dossier_id", ForeignKey("dossier.id"), nullable=False, index=True),
    Column("agency_id", ForeignKey("agency.id"), nullable=False, comment="That is asked"),
    Column("due_at", DateTime(timezone=True), nullable=False, comment="As in the request"),
    Column("state", Text, nullable=False),
    Column("position", Text),
    Column("content", Text),
    Column(
        "closed_at",
        DateTime(timezone=True),
        comment="Answered, given up at the deadline, or no longer needed",
    ),
    Column("answered_by", Text, comment="Account"),
    Column("answered_name", Text),
    UniqueConstraint("request_id", "agency_id"),
    one_of("state", OpinionState),
    one_of("position", Position),
    CheckConstraint("(state = 'waiting') = (closed_at IS NULL)", name="closed"),
    CheckConstraint(
        "(state = 'answered') = (position IS NOT NULL AND answered_by IS NOT NULL"
        " AND answered_name IS NOT NULL)",
        name="answer",
    ),
    Index("ix_opinion_agency_id_state", "agency_id", "state", "due_at", "id"),
    Index("ix_opinion_waiting", "due_at", postgresql_where=text("state = 'waiting'")),
    comment="What one of the agencies asked says",
)

procedure_draft = Table(
    "procedure_draft",
    metadata,
    surrogate_key(),
    Column("procedure_code", Text, nullable=False),
    Column(
        "origin",
        Text,
        nullable=False,
        comment="Who wrote it: an administrator, or what the national portal said",
    ),
    Column("state", Text, nullable=False),
    Column("version", Integer, nullable=False, comment="Raised by every change; the ETag"),
    Column(
        "content",
        JSONB,
        nullable=False,
        comment="name, field, sample, definition: a version without number and dates",
    ),
    Column("note", Text),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("created_by", Text, nullable=False),
    Column("created_name", Text, nullable=False),
    Column("changed_at", DateTime(timezone=True), nullable=False),
    Column("changed_by", Text, nullable=False),
    Column("changed_name", Text, nullable=False),
    Column(
        "procedure_version_id",
        ForeignKey("procedure_version.id"),
        unique=True,
        comment="That it became",
    ),
    one_of("origin", DraftOrigin),
    one_of("state", DraftState),
    CheckConstraint("version >= 1", name="version"),
    CheckConstraint("jsonb_typeof(content) = 'object'", name="content"),
    CheckConstraint("(state = 'published') = (procedure_version_id IS NOT NULL)", name="published"),
    Index("ix_procedure_draft_procedure_code", "procedure_code", "id"),
    comment="Dự thảo phiên bản thủ tục: a version before it is published",
)
