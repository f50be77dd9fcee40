"""Files, kept once by content, and the documents that name them."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from app.db.metadata import metadata, one_of, surrogate_key
from app.domain.documents import DocumentKind
from app.domain.signature import Indication

stored_file = Table(
    "stored_file",
    metadata,
    Column("sha256", Text, primary_key=True),
    Column("size_bytes", BigInteger, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("stored_at", DateTime(timezone=True), nullable=False),
    Column("checked_at", DateTime(timezone=True), comment="Of the last signature verdict"),
    Column("check_until", DateTime(timezone=True), comment="Claimed by a checker until then"),
    CheckConstraint("size_bytes > 0", name="size"),
    Index("ix_stored_file_unchecked", "stored_at", postgresql_where=text("checked_at IS NULL")),
    comment="A file, kept once under the SHA-256 of its content",
)

file_chunk = Table(
    "file_chunk",
    metadata,
    Column("sha256", ForeignKey("stored_file.sha256"), primary_key=True),
    Column("n", Integer, primary_key=True),
    Column("content", LargeBinary, nullable=False),
    comment="Content in pieces of 256 KiB, so that reading it back streams",
)

document = Table(
    "document",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("sha256", ForeignKey("stored_file.sha256"), nullable=False, index=True),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("owner_id", Text, nullable=False, comment="Account that uploaded it"),
    Column("agency_id", ForeignKey("agency.id"), comment="Of the owner, if staff"),
    Column("dossier_id", ForeignKey("dossier.id"), index=True),
    Column("uploaded_at", DateTime(timezone=True), nullable=False),
    one_of("kind", DocumentKind),
    Index("ix_document_owner_id", "owner_id"),
    comment="A file under a name, in a dossier or waiting to be handed in",
)

signature_verdict = Table(
    "signature_verdict",
    metadata,
    surrogate_key(),
    Column("sha256", ForeignKey("stored_file.sha256"), nullable=False),
    Column("n", SmallInteger, nullable=False, comment="1 for the first check of this file"),
    Column("checked_at", DateTime(timezone=True), nullable=False),
    Column("indication", Text, nullable=False),
    Column("sub_indication", Text),
    Column("reason", Text, nullable=False, comment="For the clerk"),
    Column("report", JSONB, nullable=False),
    Column("policy", Text, nullable=False, comment="Policy and versions used"),
    one_of("indication", Indication),
    Index("uq_signature_verdict_sha256_n", "sha256", "n", unique=True),
    comment="Evidence: rows are added, never changed",
)

verdict_count = Table(
    "verdict_count",
    metadata,
    Column("indication", Text, primary_key=True),
    Column("total", BigInteger, nullable=False),
    comment="Signature verdicts by indication, kept with each verdict",
)
