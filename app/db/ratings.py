"""Ratings of dossiers by those they were for."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    SmallInteger,
    Table,
    Text,
    desc,
)

from app.db.metadata import metadata

rating = Table(
    "rating",
    metadata,
    Column("dossier_id", ForeignKey("dossier.id"), primary_key=True),
    Column("version", SmallInteger, primary_key=True),
    Column("agency_id", ForeignKey("agency.id"), nullable=False, comment="Resolved the dossier"),
    Column("score", SmallInteger, nullable=False),
    Column("comment", Text),
    Column("author_id", Text, nullable=False),
    Column(
        "rated_on",
        Date,
        nullable=False,
        comment="Local day of the first version: a change does not move it",
    ),
    Column("rated_at", DateTime(timezone=True), nullable=False),
    CheckConstraint("version >= 1", name="version"),
    CheckConstraint("score BETWEEN 1 AND 5", name="score"),
    CheckConstraint("char_length(comment) BETWEEN 1 AND 2000", name="comment"),
    Index("ix_rating_agency_id_rated_at", "agency_id", desc("rated_at"), desc("dossier_id")),
    Index("ix_rating_rated_on", "rated_on"),
    comment="Đánh giá: a change adds a row, none is ever changed or removed; the last counts",
)
