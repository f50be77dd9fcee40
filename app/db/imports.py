"""Files of former systems that were taken in, and what each dossier came from."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    LargeBinary,
    Table,
    Text,
)

from app.db.metadata import metadata, surrogate_key

import_run = Table(
    "import_run",
    metadata,
    surrogate_key(),
    Column("source", Text, nullable=False, comment="Name of the former system"),
    Column("file", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column(
        "mapping", Text, nullable=False, comment="SHA-256 of how columns and words were translated"
    ),
    Column(
        "is_told", Boolean, nullable=False, comment="The national portal is told of its dossiers"
    ),
    Column("begun_at", DateTime(timezone=True), nullable=False),
    Column(
        "ended_at",
        DateTime(timezone=True),
        comment="NULL: it is running, or was killed and goes on when started again",
    ),
    Column("lines", BigInteger, nullable=False, comment="Rows of the file; known at its end"),
    Column("written", BigInteger, nullable=False),
    Column("faulty", BigInteger, nullable=False),
    CheckConstraint("lines >= 0 AND written >= 0 AND faulty >= 0", name="counts"),
    Index("ix_import_run_sha256", "sha256"),
    comment="Files of former systems whose dossiers were taken in",
)

import_row = Table(
    "import_row",
    metadata,
    Column("dossier_id", ForeignKey("dossier.id"), primary_key=True),
    Column("run_id", ForeignKey("import_run.id"), nullable=False),
    Column("line", BigInteger, nullable=False, comment="Line of the file on which its row begins"),
    Column(
        "digest",
        LargeBinary,
        nullable=False,
        comment="Of what the row said: the same row again is not a fault",
    ),
    Column(
        "promise_given",
        Boolean,
        nullable=False,
        comment="The appointment is the former system's, not derived",
    ),
    comment="Where an imported dossier came from; written in its transaction",
)
