"""Changes of the agencies: what was entered, who succeeds whom, names of former days."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from app.db.metadata import metadata, one_of, surrogate_key
from app.domain.reorganisation import ChangeState

agency_change = Table(
    "agency_change",
    metadata,
    surrogate_key(),
    Column("takes_on", Date, nullable=False, comment="First day on which it holds"),
    Column("state", Text, nullable=False),
    Column("source", Text, nullable=False, comment="The document that says so"),
    Column("document", JSONB, nullable=False, comment="The change as entered"),
    Column("entered_at", DateTime(timezone=True), nullable=False),
    Column("entered_by", Text, nullable=False, comment="Account"),
    Column("entered_name", Text, nullable=False),
    Column("begun_at", DateTime(timezone=True)),
    Column("finished_at", DateTime(timezone=True)),
    Column("withdrawn_at", DateTime(timezone=True)),
    Column("withdrawn_name", Text),
    Column("total", Integer, nullable=False, comment="Open dossiers to move when it began"),
    Column("moved", Integer, nullable=False, comment="Moves of dossiers done so far"),
    Column(
        "through",
        BigInteger,
        nullable=False,
        comment="Open dossiers are looked for after this key, at the end from anew",
    ),
    Column(
        "shown",
        BigInteger,
        nullable=False,
        comment="Ended dossiers of a split are shown to their successor up to this key",
    ),
    one_of("state", ChangeState),
    CheckConstraint("(state IN ('moving', 'done')) = (begun_at IS NOT NULL)", name="begun"),
    CheckConstraint("(state = 'done') = (finished_at IS NOT NULL)", name="finished"),
    CheckConstraint("(state = 'withdrawn') = (withdrawn_at IS NOT NULL)", name="withdrawn"),
    CheckConstraint("total >= 0 AND moved >= 0 AND through >= 0 AND shown >= 0", name="counters"),
    Index(
        "ix_agency_change_unfinished",
        "takes_on",
        "id",
        postgresql_where=text("state IN ('scheduled', 'moving')"),
    ),
    comment="Sắp xếp cơ quan: entered, carried out on its day, never removed",
)

agency_succession = Table(
    "agency_succession",
    metadata,
    Column("agency_id", ForeignKey("agency.id"), primary_key=True),
    Column(
        "procedure_code", Text, primary_key=True, comment="* for everything that no other row names"
    ),
    Column("successor_id", ForeignKey("agency.id"), nullable=False, index=True),
    Column("from_on", Date, nullable=False),
    Column("change_id", ForeignKey("agency_change.id"), nullable=False, index=True),
    CheckConstraint("agency_id <> successor_id", name="other"),
    comment="Who goes on with an agency's work, from when",
)

agency_heir = Table(
    "agency_heir",
    metadata,
    Column("agency_id", ForeignKey("agency.id"), primary_key=True),
    Column("heir_id", ForeignKey("agency.id"), primary_key=True, index=True),
    comment="Ended agencies with all that inherited their files, directly or not",
)

agency_former_name = Table(
    "agency_former_name",
    metadata,
    Column("agency_id", ForeignKey("agency.id"), primary_key=True),
    Column("last_on", Date, primary_key=True, comment="Last day of the name"),
    Column("name", Text, nullable=False),
    comment="Names that agencies had until a day",
)
