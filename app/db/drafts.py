"""Drafts: applications that are not handed in yet."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    Table,
    Text,
    Uuid,
    desc,
)
from sqlalchemy.dialects.postgresql import JSONB

from app.db.metadata import metadata

draft = Table(
    "draft",
    metadata,
    Column("n", BigInteger, Identity(always=True), primary_key=True),
    Column("id", Uuid, nullable=False, unique=True),
    Column("owner_id", Text, nullable=False, comment="Account that writes it"),
    Column(
        "content", JSONB, nullable=False, comment="As POST /v1/dossiers takes it, complete or not"
    ),
    Column("version", Integer, nullable=False, comment="Raised by every change; the ETag"),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("changed_at", DateTime(timezone=True), nullable=False),
    CheckConstraint("jsonb_typeof(content) = 'object'", name="content"),
    CheckConstraint("version >= 1", name="version"),
    Index("ix_draft_owner_id", "owner_id", desc("created_at"), desc("n")),
    Index("ix_draft_changed_at", "changed_at"),
    comment="Hồ sơ nháp: an application that is not handed in yet, told to nobody",
)
