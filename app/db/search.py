"""Words to find dossiers by, and how far existing rows have got theirs."""

from sqlalchemy import BigInteger, Column, DateTime, ForeignKey, Index, Table, Text
from sqlalchemy.dialects.postgresql import TSVECTOR

from app.db.metadata import metadata

dossier_search = Table(
    "dossier_search",
    metadata,
    Column("agency_id", BigInteger, primary_key=True),
    Column("received_at", DateTime(timezone=True), primary_key=True),
    Column("dossier_id", ForeignKey("dossier.id"), primary_key=True),
    Column("words", TSVECTOR, nullable=False, comment="Each begins with the agency's number"),
    Index(
        "ix_dossier_search_words",
        "words",
        postgresql_using="gin",
        postgresql_with={"gin_pending_list_limit": 256},
    ),
    comment="Words to find a dossier by, per agency that has or had it in hand",
)

backfill = Table(
    "backfill",
    metadata,
    Column("name", Text, primary_key=True),
    Column("through", BigInteger, nullable=False, comment="Highest key that is done"),
    comment="Steps after a migration that go through existing rows in batches",
)
