"""Extractions asked for, the files that were made, in pieces, and what is made by itself."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)

from app.db.metadata import metadata, one_of
from app.domain.extraction import Kind, State
from app.domain.schedules import Every

extraction_schedule = Table(
    "extraction_schedule",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("every", Text, nullable=False),
    Column("agency", Text, comment="With the units below it; NULL: the whole province"),
    Column("owner_agency_id", ForeignKey("agency.id"), nullable=False, comment="Who asked"),
    Column("created_by", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("next_on", Date, nullable=False, comment="Day on which the next one is made"),
    Column("ended_at", DateTime(timezone=True)),
    one_of("kind", Kind),
    one_of("every", Every),
    Index("ix_extraction_schedule_due", "next_on", postgresql_where=text("ended_at IS NULL")),
    Index(
        "uq_extraction_schedule_wish",
        "owner_agency_id",
        "kind",
        "every",
        text("coalesce(agency, '')"),
        unique=True,
        postgresql_where=text("ended_at IS NULL"),
    ),
    comment="Extractions that are made whenever a period has ended",
)

extraction = Table(
    "extraction",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("first_on", Date, nullable=False),
    Column("last_on", Date, nullable=False),
    Column("agency", Text, comment="With the units below it; NULL: the whole province"),
    Column("as_of", Date),
    Column("owner_agency_id", ForeignKey("agency.id"), nullable=False, comment="Who asked"),
    Column("requested_by", Text, nullable=False),
    Column("requested_at", DateTime(timezone=True), nullable=False),
    Column("schedule_id", ForeignKey("extraction_schedule.id")),
    Column("state", Text, nullable=False),
    Column("rows_done", BigInteger, nullable=False),
    Column("rows_total", BigInteger),
    Column("parts_done", Integer, nullable=False),
    Column("parts_total", Integer),
    Column("attempts", SmallInteger, nullable=False),
    Column("next_at", DateTime(timezone=True), nullable=False),
    Column("lease", Text, comment="Token of the worker that makes it"),
    Column("leased_until", DateTime(timezone=True)),
    Column("finished_at", DateTime(timezone=True)),
    Column("expires_at", DateTime(timezone=True), comment="Its files are kept until then"),
    Column("fault", Text, comment="Why it could not be made, as a sentence"),
    one_of("kind", Kind),
    one_of("state", State),
    CheckConstraint("last_on >= first_on", name="period"),
    UniqueConstraint("schedule_id", "first_on", name="uq_extraction_schedule_id"),
    Index(
        "ix_extraction_open", "next_at", postgresql_where=text("state IN ('waiting', 'running')")
    ),
    Index("ix_extraction_kept", "expires_at", postgresql_where=text("state = 'done'")),
    Index("ix_extraction_owner_agency_id", "owner_agency_id", "requested_at"),
    comment="An extraction that somebody, or a schedule, asked for",
)

extraction_file = Table(
    "extraction_file",
    metadata,
    Column("extraction_id", ForeignKey("extraction.id"), primary_key=True),
    Column("name", Text, primary_key=True),
    Column("media_type", Text, nullable=False),
    Column("fingerprint", Text, nullable=False, comment="The same: not made again"),
    Column("n_rows", BigInteger, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("is_data", Boolean, nullable=False),
    comment="A file of an extraction, complete",
)

extraction_chunk = Table(
    "extraction_chunk",
    metadata,
    Column("extraction_id", Uuid, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("n", Integer, primary_key=True),
    Column("content", LargeBinary, nullable=False),
    ForeignKeyConstraint(
        ["extraction_id", "name"],
        ["extraction_file.extraction_id", "extraction_file.name"],
        name="fk_extraction_chunk_file",
        ondelete="CASCADE",
    ),
    comment="Content in pieces of 256 KiB, so that reading it back streams",
)
