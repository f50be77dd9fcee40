"""Look-ups of personal data: the questions, the record for the person, answers while allowed."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from app.db.errands import open_index, working_columns
from app.db.metadata import metadata, one_of, surrogate_key
from app.domain.actor import Role
from app.domain.deliveries import DeliveryState
from app.domain.lookups import LookupEvent, LookupOutcome, Purpose, Source

lookup = Table(
    "lookup",
    metadata,
    surrogate_key(),
    Column("dossier_id", ForeignKey("dossier.id"), nullable=False),
    Column("source", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("subject_number", Text, nullable=False, comment="The applicant it is about"),
    Column("requested_id", Text, nullable=False),
    Column("requested_role", Text, nullable=False),
    Column("requested_name", Text, nullable=False),
    Column("agency_id", ForeignKey("agency.id"), nullable=False, comment="Of who asked"),
    Column("requested_at", DateTime(timezone=True), nullable=False),
    *working_columns(),
    Column("answered_at", DateTime(timezone=True)),
    Column("outcome", Text, comment="NULL: chưa kiểm tra"),
    Column("differs", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    one_of("source", Source),
    one_of("purpose", Purpose),
    one_of("requested_role", Role),
    one_of("state", DeliveryState),
    one_of("outcome", LookupOutcome),
    CheckConstraint("(state = 'acknowledged') = (outcome IS NOT NULL)", name="answered"),
    CheckConstraint("(outcome = 'differs') <= (cardinality(differs) > 0)", name="differing"),
    Index("ix_lookup_dossier_id", "dossier_id", "id"),
    Index(
        "uq_lookup_check",
        "dossier_id",
        unique=True,
        postgresql_where=text("purpose = 'verify_applicant'"),
    ),
    open_index("lookup"),
    comment="Lượt tra cứu: one question to a register, about one applicant, for one dossier",
)

lookup_log = Table(
    "lookup_log",
    metadata,
    surrogate_key(),
    Column("lookup_id", ForeignKey("lookup.id"), nullable=False, index=True),
    Column("dossier_id", ForeignKey("dossier.id"), nullable=False),
    Column("subject_number", Text, nullable=False),
    Column("event", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("actor_id", Text, nullable=False),
    Column("actor_role", Text, nullable=False),
    Column("actor_name", Text, nullable=False),
    Column("agency_id", ForeignKey("agency.id"), nullable=False),
    Column("occurred_at", DateTime(timezone=True), nullable=False),
    Column("request", Text, comment="MaYeuCau, as the register has it"),
    one_of("event", LookupEvent),
    one_of("source", Source),
    one_of("purpose", Purpose),
    one_of("actor_role", Role),
    Index("ix_lookup_log_subject_number", "subject_number", "id"),
    comment="Who asked about a person or saw an answer: rows are added, never changed",
)

lookup_answer = Table(
    "lookup_answer",
    metadata,
    Column("lookup_id", ForeignKey("lookup.id"), primary_key=True),
    Column("source", Text, nullable=False),
    Column("subject_number", Text, nullable=False),
    Column("content", LargeBinary, nullable=False, comment="Encrypted"),
    Column("fetched_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    one_of("source", Source),
    Index("ix_lookup_answer_subject_number", "subject_number", "source"),
    Index("ix_lookup_answer_expires_at", "expires_at"),
    comment="What a register answered, kept only as long as allowed",
)

lookup_file = Table(
    "lookup_file",
    metadata,
    Column("lookup_id", ForeignKey("lookup.id"), primary_key=True),
    Column(
        "from_lookup_id",
        ForeignKey("lookup.id"),
        nullable=False,
        comment="The look-up that listed it",
    ),
    Column("owner", Text, nullable=False, comment="CoQuanChuQuan"),
    Column("path", Text, nullable=False, comment="DuongDan"),
    Column("name", Text, nullable=False),
    Column("result_code", Text, nullable=False, comment="MaKetQua"),
    Column("component", Text, nullable=False),
    Column("document_id", Uuid, ForeignKey("document.id")),
    comment="A look-up that fetches one file of the store of results, to meet a component",
)

shared_category = Table(
    "shared_category",
    metadata,
    Column("name", Text, primary_key=True),
    Column("entries", JSONB, comment="Names by code; NULL: never fetched"),
    Column("fetched_at", DateTime(timezone=True)),
    Column("attempts", SmallInteger, nullable=False),
    Column("next_at", DateTime(timezone=True), nullable=False, comment="Claimed until then"),
    comment="Shared categories (danh mục dùng chung) as the LGSP last gave them",
)
