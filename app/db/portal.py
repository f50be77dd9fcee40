"""The national portal's generations: who is told by which, and what the central one gave us."""

from sqlalchemy import Column, Date, DateTime, ForeignKey, Table, Text, UniqueConstraint, Uuid

from app.db.metadata import metadata, one_of
from app.domain.deliveries import Generation

portal_route = Table(
    "portal_route",
    metadata,
    Column(
        "agency",
        Text,
        primary_key=True,
        comment="Identifier code, with those below it; * for every agency",
    ),
    Column("valid_from", Date, primary_key=True),
    Column("generation", Text, nullable=False),
    Column("unit", Text, comment="Code under which the central portal numbers dossiers"),
    one_of("generation", Generation),
    comment="Which generation of the national portal is told of an agency's dossiers, "
    "by day of receipt",
)

portal_dossier = Table(
    "portal_dossier",
    metadata,
    Column("dossier_id", ForeignKey("dossier.id"), primary_key=True),
    Column(
        "number",
        Text,
        nullable=False,
        comment="MaHoSo there, kept before it is used: a retry takes no second one",
    ),
    Column("portal_id", Text, comment="IdHoSo, once it was created there"),
    Column("numbered_at", DateTime(timezone=True), nullable=False),
    UniqueConstraint("number"),
    comment="A dossier at the central portal (generation B), which gives it a number and an id "
    "of its own",
)

portal_file = Table(
    "portal_file",
    metadata,
    Column("document_id", Uuid, ForeignKey("document.id"), primary_key=True),
    Column("file_id", Text, nullable=False, comment="IdTepTin"),
    Column("sha256", Text, nullable=False, comment="HashTepTin, the same as ours"),
    Column("uploaded_at", DateTime(timezone=True), nullable=False),
    comment="A document that was uploaded to the central portal",
)
