"""Papers and registers as they were issued, and the numbers of their books."""

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
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from app.db.metadata import metadata, one_of, surrogate_key
from app.domain.papers import BOOKS

paper_number = Table(
    "paper_number",
    metadata,
    Column("agency_id", ForeignKey("agency.id"), primary_key=True),
    Column("form", Text, primary_key=True),
    Column("year", SmallInteger, primary_key=True, autoincrement=False),
    Column("last_number", Integer, nullable=False),
    one_of("form", BOOKS),
    comment="Number counter of an agency's papers of one form in one year (Decree 30/2020/NĐ-CP)",
)

issued_paper = Table(
    "issued_paper",
    metadata,
    surrogate_key(),
    Column("dossier_id", ForeignKey("dossier.id"), nullable=False),
    Column("seq", Integer, nullable=False, comment="Event that issued it, or was the last then"),
    Column("form", Text, nullable=False),
    Column("apology_id", BigInteger, ForeignKey("apology.id"), comment="If that issued it"),
    Column("agency_id", ForeignKey("agency.id"), nullable=False, comment="In whose books it is"),
    Column("year", SmallInteger, nullable=False, comment="Of the book"),
    Column("number", Integer, nullable=False),
    Column("facts", JSONB, nullable=False, comment="What it says, as it was when it was issued"),
    Column("issued_at", DateTime(timezone=True), nullable=False),
    Column("issued_by", Text, nullable=False, comment="Account"),
    Column("issued_name", Text, nullable=False),
    Column("sha256", ForeignKey("stored_file.sha256"), comment="NULL: not printed yet"),
    Column("template", Text, comment="Version that it was printed with"),
    Column("printed_at", DateTime(timezone=True), comment="For the first time"),
    UniqueConstraint("agency_id", "form", "year", "number"),
    UniqueConstraint("apology_id"),
    one_of("form", BOOKS),
    CheckConstraint("number >= 1 AND seq >= 1", name="counters"),
    CheckConstraint(
        "(sha256 IS NULL) = (template IS NULL) AND (sha256 IS NULL) = (printed_at IS NULL)",
        name="printed",
    ),
    Index(
        "uq_issued_paper_dossier_id_form_seq",
        "dossier_id",
        "form",
        "seq",
        unique=True,
        postgresql_where=text("apology_id IS NULL"),
    ),
    Index("ix_issued_paper_dossier_id", "dossier_id", "id"),
    comment="Giấy tờ đã ban hành: what a paper says is frozen with the act, its bytes when printed",
)

issued_register = Table(
    "issued_register",
    metadata,
    surrogate_key(),
    Column("agency_id", ForeignKey("agency.id"), nullable=False, comment="With the units below it"),
    Column("first_on", Date, nullable=False),
    Column("last_on", Date, nullable=False),
    Column("format", Text, nullable=False),
    Column("entries", Integer, nullable=False),
    Column("said_sha256", Text, nullable=False, comment="Of what its entries say"),
    Column("issued_at", DateTime(timezone=True), nullable=False),
    Column("issued_by", Text, nullable=False, comment="Account"),
    Column("issued_name", Text, nullable=False),
    Column("sha256", ForeignKey("stored_file.sha256"), nullable=False),
    Column("template", Text, comment="Version that it was printed with; NULL: a spreadsheet"),
    UniqueConstraint(
        *("agency_id", "first_on", "last_on", "format", "said_sha256"),
        name="uq_issued_register_said",
    ),
    CheckConstraint("format IN ('pdf', 'xlsx')", name="format"),
    CheckConstraint("first_on <= last_on AND entries >= 1", name="extent"),
    comment="Sổ theo dõi hồ sơ đã phát hành: kept as issued, the same again is the one before",
)
