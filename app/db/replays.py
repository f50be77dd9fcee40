"""Which parts of a published table have been played."""

from sqlalchemy import Column, DateTime, Integer, Table, Text

from app.db.metadata import metadata

replay_batch = Table(
    "replay_batch",
    metadata,
    Column("run", Text, primary_key=True, comment="Table's SHA-256, share and seed"),
    Column("batch", Integer, primary_key=True),
    Column("dossiers", Integer, nullable=False),
    Column("played_at", DateTime(timezone=True), nullable=False),
    comment="Written in the transaction of its dossiers: a killed replay goes on after it",
)
