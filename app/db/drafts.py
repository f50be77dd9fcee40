"""Drafts of procedure versions: what may be published, by whoever it was written."""

from sqlalchemy import CheckConstraint, Column, DateTime, ForeignKey, Index, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB

from app.db.metadata import metadata, one_of, surrogate_key
from app.domain.drafts import DraftState, Origin

procedure_draft = Table(
    "procedure_draft",
    metadata,
    surrogate_key(),
    Column("code", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("field_code", Text, nullable=False),
    Column("field_name", Text, nullable=False),
    Column("origin", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column(
        "definition",
        JSONB,
        nullable=False,
        comment="As procedure_version.definition; number and days are given when it is published",
    ),
    Column("source", JSONB, comment="As the partner said it"),
    Column("source_sha256", Text),
    Column(
        "based_on_id",
        ForeignKey("procedure_version.id"),
        comment="Version it was made from, and is compared with",
    ),
    Column("created_by", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("closed_by", Text),
    Column("closed_at", DateTime(timezone=True)),
    Column("reason", Text, comment="Why it was discarded"),
    Column("version_id", ForeignKey("procedure_version.id")),
    one_of("origin", Origin),
    one_of("state", DraftState),
    CheckConstraint("(state = 'open') = (closed_at IS NULL)", name="closed"),
    CheckConstraint("(state = 'published') = (version_id IS NOT NULL)", name="published"),
    Index(
        "uq_procedure_draft_open",
        "code",
        "origin",
        unique=True,
        postgresql_where=text("state = 'open'"),
    ),
    comment="A version of a procedure that is not yet in force, wherever it came from",
)
