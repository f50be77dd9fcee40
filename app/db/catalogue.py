"""Agencies and procedures: what the province offers, who resolves it, since when."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import JSONB

from app.db.metadata import metadata, one_of, surrogate_key
from app.domain.agency import Level

report_group = Table(
    "report_group",
    metadata,
    Column("code", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("position", SmallInteger, nullable=False, unique=True),
    comment="Groups of the published annex, each with a total row",
)

agency = Table(
    "agency",
    metadata,
    surrogate_key(),
    Column("code", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("level", Text, nullable=False),
    Column("parent_id", ForeignKey("agency.id"), index=True),
    Column("valid_from", Date, nullable=False),
    Column("valid_to", Date, comment="Last day; NULL while it exists"),
    Column("successor_id", ForeignKey("agency.id"), index=True),
    Column("report_group", ForeignKey("report_group.code")),
    Column("report_row", SmallInteger),
    one_of("level", Level),
    CheckConstraint("valid_to >= valid_from", name="validity"),
    CheckConstraint("(report_group IS NULL) = (report_row IS NULL)", name="report_line"),
    UniqueConstraint("report_group", "report_row"),
    comment="Cơ quan, đơn vị (Decision 20/2020/QĐ-TTg)",
)

procedure = Table(
    "procedure",
    metadata,
    surrogate_key(),
    Column("code", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("field_code", Text, nullable=False),
    Column("field_name", Text, nullable=False),
    Column("is_sample", Boolean, nullable=False),
    comment="Thủ tục hành chính",
)

procedure_version = Table(
    "procedure_version",
    metadata,
    surrogate_key(),
    Column("procedure_id", ForeignKey("procedure.id"), nullable=False),
    Column("version", SmallInteger, nullable=False),
    Column("valid_from", Date, nullable=False),
    Column("valid_to", Date),
    Column("online_level", SmallInteger, nullable=False),
    Column("definition", JSONB, nullable=False),
    UniqueConstraint("procedure_id", "version"),
    CheckConstraint("online_level BETWEEN 1 AND 4", name="online_level"),
    CheckConstraint("valid_to >= valid_from", name="validity"),
    comment="What a dossier is judged by: it keeps the version it was submitted under",
)

procedure_agency = Table(
    "procedure_agency",
    metadata,
    Column("procedure_version_id", ForeignKey("procedure_version.id"), primary_key=True),
    Column("agency_id", ForeignKey("agency.id"), primary_key=True),
    Index("ix_procedure_agency_agency_id", "agency_id"),
    comment="Which agencies resolve a version",
)
