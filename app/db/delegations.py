"""Who works in whose place while they are away."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Table,
    Text,
    text,
)

from app.db.metadata import metadata, surrogate_key

delegation = Table(
    "delegation",
    metadata,
    surrogate_key(),
    Column("from_account", Text, nullable=False),
    Column("from_name", Text, nullable=False),
    Column("to_account", Text, nullable=False),
    Column("to_name", Text, nullable=False),
    Column("agency_id", ForeignKey("agency.id"), nullable=False, comment="Of who is away"),
    Column("first_on", Date, nullable=False),
    Column("last_on", Date, nullable=False),
    Column("reason", Text, nullable=False),
    Column("made_by", Text, nullable=False, comment="Account: who is away, or an approver"),
    Column("made_at", DateTime(timezone=True), nullable=False),
    Column("ended_at", DateTime(timezone=True), comment="Taken back before its last day"),
    CheckConstraint("last_on >= first_on", name="period"),
    CheckConstraint("from_account <> to_account", name="persons"),
    Index("ix_delegation_agency_id", "agency_id"),
    Index("ix_delegation_from_account", "from_account"),
    Index("ix_delegation_to_account", "to_account", postgresql_where=text("ended_at IS NULL")),
    comment="Ủy quyền xử lý trong thời gian vắng mặt",
)
