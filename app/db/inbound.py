"""Dossiers that the national portal hands on: the inbox, and where the entered ones are from."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from app.db.errands import open_index, working_columns
from app.db.metadata import metadata, one_of, surrogate_key
from app.domain.inbound import InboundAct, InboundState, Service

inbound = Table(
    "inbound",
    metadata,
    surrogate_key(),
    Column("service", Text, nullable=False),
    Column("code", Text, unique=True, comment="MaHoSo at the portal; NULL: it could not be read"),
    Column("body", LargeBinary, nullable=False, comment="As received"),
    Column("sha256", Text, nullable=False),
    Column("received_at", DateTime(timezone=True), nullable=False),
    Column(
        "corrected",
        JSONB,
        comment="What a person made of it; NULL: it counts as received",
    ),
    Column("procedure", Text, comment="MaTTHC as it was read"),
    Column(
        "agency_id",
        ForeignKey("agency.id"),
        comment="Is to resolve it, as far as that is known",
    ),
    *working_columns(),
    Column(
        "faults",
        JSONB,
        nullable=False,
        server_default=text("'[]'"),
        comment="JSON pointer, code and sentence of each, without personal data",
    ),
    Column("dossier_id", ForeignKey("dossier.id"), unique=True),
    Column("entered_at", DateTime(timezone=True)),
    one_of("service", Service),
    one_of("state", InboundState),
    CheckConstraint("(state = 'entered') = (dossier_id IS NOT NULL)", name="entered"),
    open_index("inbound"),
    Index("ix_inbound_not_entered", "id", postgresql_where=text("state <> 'entered'")),
    Index("uq_inbound_unreadable", "sha256", unique=True, postgresql_where=text("code IS NULL")),
    comment="Inbox of dossiers that the national portal hands on: kept as received, entered later",
)

inbound_copy = Table(
    "inbound_copy",
    metadata,
    Column("inbound_id", ForeignKey("inbound.id"), primary_key=True),
    Column("n", SmallInteger, primary_key=True, autoincrement=False),
    Column("body", LargeBinary, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("received_at", DateTime(timezone=True), nullable=False),
    UniqueConstraint("inbound_id", "sha256", name="uq_inbound_copy_inbound_id_sha256"),
    comment="The same MaHoSo again with another content: kept, never entered by itself",
)

inbound_file = Table(
    "inbound_file",
    metadata,
    Column("inbound_id", ForeignKey("inbound.id"), primary_key=True),
    Column("url", Text, primary_key=True),
    Column("sha256", ForeignKey("stored_file.sha256"), nullable=False),
    Column("fetched_at", DateTime(timezone=True), nullable=False),
    comment="Files that were fetched for a dossier that is not entered yet: a retry fetches the "
    "others",
)

inbound_act = Table(
    "inbound_act",
    metadata,
    surrogate_key(),
    Column("inbound_id", ForeignKey("inbound.id"), nullable=False, index=True),
    Column("act", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column(
        "changed",
        ARRAY(Text),
        nullable=False,
        server_default=text("'{}'"),
        comment="JSON pointers; empty pointer: the whole message",
    ),
    Column("content", JSONB, comment="The message as it was mended"),
    Column("actor_id", Text, nullable=False),
    Column("actor_name", Text, nullable=False),
    Column("actor_role", Text, nullable=False),
    Column("acted_at", DateTime(timezone=True), nullable=False),
    one_of("act", InboundAct),
    comment="What persons did to what came in: rows are added, never changed",
)

portal_origin = Table(
    "portal_origin",
    metadata,
    Column("dossier_id", BigInteger, ForeignKey("dossier.id"), primary_key=True),
    Column("code", Text, nullable=False, unique=True, comment="MaHoSo there"),
    Column("service", Text, nullable=False),
    Column(
        "procedure",
        Text,
        nullable=False,
        comment="MaTTHC there, with its local suffix",
    ),
    Column("submitted_at", DateTime(timezone=True), nullable=False),
    Column("paid", Text, nullable=False, comment="DuocThanhToanTrucTuyen as handed in"),
    one_of("service", Service),
    one_of("paid", ("0", "1", "2")),
    comment="A dossier that was handed in at the national portal, by its name there",
)
