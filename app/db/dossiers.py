"""Dossiers, their components and their history."""

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
    Uuid,
    desc,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from app.db.metadata import metadata, one_of, surrogate_key
from app.domain.actor import Role
from app.domain.intake import Channel, ReturnWay
from app.domain.lifecycle import Act, Status
from app.domain.procedure import ApplicantKind

STATUSES = [status for status in Status if status is not Status.DRAFT]

dossier = Table(
    "dossier",
    metadata,
    surrogate_key(),
    Column("code", Text, nullable=False, unique=True),
    Column("procedure_version_id", ForeignKey("procedure_version.id"), nullable=False),
    Column("agency_id", ForeignKey("agency.id"), nullable=False, comment="Resolves it"),
    Column("at_agency_id", ForeignKey("agency.id"), nullable=False, comment="Has it now"),
    Column("agency_ids", ARRAY(BigInteger), nullable=False, comment="Have or had it in hand"),
    Column("step", SmallInteger, nullable=False, comment="Index in the version's process"),
    Column("channel", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("status_before", Text, comment="Where a waiting status leads back to"),
    Column("version", Integer, nullable=False, comment="Raised by every act; the ETag"),
    Column("applicant_kind", Text, nullable=False),
    Column("applicant_number", Text, nullable=False, comment="Personal number or tax code"),
    Column("applicant_name", Text, nullable=False),
    Column("contact", JSONB, nullable=False, comment="Phone, e-mail, address"),
    Column("submitter_id", Text, nullable=False, comment="Account that handed it in"),
    Column("submitter_number", Text, comment="Identity number of who handed it in"),
    Column("submitter_name", Text, nullable=False),
    Column("submitter_tech_id", Text, comment="Account at the national portal"),
    Column("is_verified", SmallInteger, nullable=False, comment="1: account verified by VNeID"),
    Column("form", JSONB, nullable=False),
    Column("fees", JSONB, nullable=False, comment="Fees due, less exemptions"),
    Column("return_way", Text, nullable=False),
    Column("received_on", Date, nullable=False, comment="Local day of receipt"),
    Column("received_at", DateTime(timezone=True), nullable=False),
    Column("answer_due_at", DateTime(timezone=True), comment="First answer: 8 working hours"),
    Column("accepted_at", DateTime(timezone=True)),
    Column("due_at", DateTime(timezone=True), comment="Derived from the history; cached"),
    Column("promised_at", DateTime(timezone=True), comment="Appointment on the receipt"),
    Column("reply_due_on", Date, comment="Last day to answer a supplement or payment request"),
    Column("extension", JSONB, comment="Count and unit, once granted"),
    Column("supplements", SmallInteger, nullable=False, comment="Requests since acceptance"),
    Column("resolved_at", DateTime(timezone=True)),
    Column("ended_at", DateTime(timezone=True)),
    Column("result_granted", SmallInteger, comment="1 granted, 0 denied"),
    Column("origin", Text, nullable=False, server_default=text("'live'")),
    Column(
        "calendar_revision",
        BigInteger,
        nullable=False,
        server_default=text("0"),
        comment="Under which the due instants were derived; 0: not known",
    ),
    Column("remaining_minutes", Integer, comment="Working time left while the clock stands"),
    Column(
        "queue_class",
        SmallInteger,
        comment="0 clock runs, 1 stands, 2 result is there; NULL: ended",
    ),
    Column(
        "queue_minutes",
        Integer,
        comment="Order within the class: minutes since 1970 until which the clock runs, or left",
    ),
    Column("claimed_by", Text, comment="Account that is working on it"),
    Column("claimed_name", Text),
    Column("claimed_until", DateTime(timezone=True), comment="End of the lease"),
    Column("assigned_to", Text, comment="Account that it was given to"),
    Column("assigned_name", Text),
    Column("authorisation_id", Uuid, comment="Giấy ủy quyền, if handed in for somebody else"),
    Column(
        "received_agency_id",
        BigInteger,
        comment="Received it, if a reorganisation has moved it since",
    ),
    Column(
        "clock_agency_id",
        BigInteger,
        comment="Whose calendar its clock goes by, if it began before a move",
    ),
    one_of("channel", Channel),
    one_of("status", STATUSES),
    one_of("status_before", (Status.REGISTERED, Status.ACCEPTED, Status.IN_PROCESS)),
    one_of("applicant_kind", ApplicantKind),
    one_of("return_way", ReturnWay),
    one_of("origin", ("live", "replay", "import")),
    CheckConstraint(
        "(status IN ('supplement_requested', 'payment_requested')) = (status_before IS NOT NULL)",
        name="waiting_knows_before",
    ),
    CheckConstraint(
        "status IN ('registered', 'refused', 'withdrawn', 'stopped', 'supplement_requested')"
        " OR accepted_at IS NOT NULL",
        name="accepted",
    ),
    CheckConstraint(
        "status NOT IN ('resolved', 'returned') OR resolved_at IS NOT NULL", name="resolved"
    ),
    CheckConstraint("version >= 1 AND step >= 0 AND supplements >= 0", name="counters"),
    Index("ix_dossier_agency_id_received", "agency_id", desc("received_at"), desc("id")),
    Index("ix_dossier_at_agency_id_received", "at_agency_id", desc("received_at"), desc("id")),
    Index("ix_dossier_applicant_number", "applicant_number", desc("received_at"), desc("id")),
    Index("ix_dossier_submitter_id", "submitter_id", desc("received_at"), desc("id")),
    Index(
        "ix_dossier_open_revision",
        "calendar_revision",
        "id",
        postgresql_where=text("ended_at IS NULL"),
    ),
    Index(
        "ix_dossier_open_due_at",
        "due_at",
        postgresql_where=text("ended_at IS NULL AND due_at IS NOT NULL"),
    ),
    Index(
        "ix_dossier_open_reply_due_on",
        "reply_due_on",
        postgresql_where=text("ended_at IS NULL AND reply_due_on IS NOT NULL"),
    ),
    Index(
        "ix_dossier_resolved",
        "procedure_version_id",
        desc("resolved_at"),
        postgresql_where=text("resolved_at IS NOT NULL"),
    ),
    Index(
        "ix_dossier_queue",
        "at_agency_id",
        "queue_class",
        "queue_minutes",
        "id",
        postgresql_where=text("queue_class IS NOT NULL"),
    ),
    Index(
        "ix_dossier_open_agency_id",
        "agency_id",
        "id",
        postgresql_where=text("queue_class IS NOT NULL"),
    ),
    Index("ix_dossier_claimed_by", "claimed_by", postgresql_where=text("claimed_by IS NOT NULL")),
    Index(
        "ix_dossier_assigned_to", "assigned_to", postgresql_where=text("assigned_to IS NOT NULL")
    ),
    comment="Hồ sơ",
)

dossier_component = Table(
    "dossier_component",
    metadata,
    Column("dossier_id", ForeignKey("dossier.id"), primary_key=True),
    Column("n", SmallInteger, primary_key=True),
    Column("component", Text, nullable=False, comment="Code in the procedure version"),
    Column("document_id", Uuid, comment="NULL: handed in on paper"),
    Column("added_at", DateTime(timezone=True), nullable=False),
    comment="Thành phần hồ sơ as handed in; a supplement adds rows, the last of a code counts",
)

dossier_event = Table(
    "dossier_event",
    metadata,
    Column("dossier_id", ForeignKey("dossier.id"), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("act", Text, nullable=False),
    Column("source", Text),
    Column("target", Text, nullable=False),
    Column("actor_id", Text, nullable=False),
    Column("actor_role", Text, nullable=False),
    Column("actor_name", Text, nullable=False),
    Column("agency_id", ForeignKey("agency.id"), nullable=False, comment="Had it at that moment"),
    Column("occurred_at", DateTime(timezone=True), nullable=False),
    Column("due_at", DateTime(timezone=True), comment="As it stood after the act"),
    Column("reason", Text),
    Column("legal_ground", Text),
    Column("details", JSONB, nullable=False),
    one_of("act", Act),
    one_of("source", Status),
    one_of("target", STATUSES),
    one_of("actor_role", Role),
    comment="History: rows are added, never changed",
)

intake_day = Table(
    "intake_day",
    metadata,
    Column("agency_id", ForeignKey("agency.id"), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("last_number", Integer, nullable=False, comment="Of that day's dossier codes"),
    Column("online", Integer, nullable=False),
    Column("desk", Integer, nullable=False),
    Column("post", Integer, nullable=False),
    CheckConstraint("online + desk + post = last_number", name="sum"),
    Index("ix_intake_day_day", "day"),
    comment="Number counter and received dossiers of an agency's day: one row does both",
)

idempotency = Table(
    "idempotency",
    metadata,
    Column("caller", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("route", Text, primary_key=True, comment="Method and path"),
    Column("fingerprint", Text, nullable=False, comment="SHA-256 of the body"),
    Column("outcome", JSONB, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Index("ix_idempotency_created_at", "created_at"),
    comment="Answers given, so that a repeated request gets the same one",
)
