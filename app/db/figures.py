"""Facts of dossiers in versions, the sums of them, and what is known of their correctness."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Double,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from app.db.metadata import metadata, one_of, surrogate_key
from app.domain.measures import MEASURES


def _counts() -> list[Column[int]]:
    return [Column(name, Integer, nullable=False) for name in MEASURES]


figure_mark = Table(
    "figure_mark",
    metadata,
    surrogate_key(),
    Column("dossier_id", BigInteger, nullable=False),
    Column(
        "recorded_at",
        DateTime(timezone=True),
        nullable=False,
        comment="Instant of the act; -infinity: not known, now",
    ),
    Index("ix_figure_mark_recorded_at", "recorded_at"),
    comment="Dossiers whose facts are to be read anew, marked in the transaction of the act",
)

figure_fact = Table(
    "figure_fact",
    metadata,
    Column("dossier_id", ForeignKey("dossier.id"), primary_key=True),
    Column("recorded_on", Date, primary_key=True),
    Column(
        "until_on",
        Date,
        nullable=False,
        comment="First day on which a later version is valid; 9999-12-31: the current one",
    ),
    Column("code", Text, nullable=False),
    Column("agency_id", BigInteger, nullable=False, comment="Received it"),
    Column(
        "owner_ids",
        ARRAY(BigInteger),
        nullable=False,
        comment="Resolved it one after the other: who received it, then each successor",
    ),
    Column("procedure_version_id", BigInteger, nullable=False),
    Column("channel", Text, nullable=False),
    Column("received_on", Date, nullable=False),
    Column("status", Text, nullable=False),
    Column("answered_on", Date),
    Column("answered_late", Boolean, nullable=False),
    Column("accepted_on", Date),
    Column("ended_on", Date),
    Column("outcome", Text),
    Column("timing", Text),
    Column("returned_on", Date),
    Column("due_at", DateTime(timezone=True)),
    Column("overdue_on", Date, comment="Day on which the due instant passed while it was open"),
    Column("handled_on", Date, comment="Day of the end as figure 2.1 counts it"),
    Column(
        "counted_due_at",
        DateTime(timezone=True),
        comment="Due as figure 2.1 counts it: only supplements stop the clock",
    ),
    Column("late_on", Date, comment="Day since which figure 2.1 counts it as late"),
    Column("late_why", Text),
    Column("asked_on", ARRAY(Date), nullable=False),
    Column("supplied_on", ARRAY(Date), nullable=False),
    Column("billed_on", ARRAY(Date), nullable=False),
    Column("settled_on", ARRAY(Date), nullable=False),
    Column("forwarded_on", ARRAY(Date), nullable=False),
    Column(
        "moved_on",
        ARRAY(Date),
        nullable=False,
        comment="Days on which the successors took it over",
    ),
    Column("sync_state", Text, nullable=False),
    Column("sync_code", Text),
    Column("is_paper_due", Boolean, nullable=False),
    Column("has_result_file", Boolean, nullable=False),
    Column("is_fee_due", Boolean, nullable=False),
    Column("is_paid_online", Boolean, nullable=False),
    Column("are_files", Boolean, nullable=False),
    Column("is_digital", Boolean, nullable=False),
    Column("is_verified", Boolean, nullable=False),
    CheckConstraint("until_on > recorded_on", name="validity"),
    one_of("outcome", ("resolved", "refused", "withdrawn", "stopped")),
    one_of("timing", ("early", "on_time", "late")),
    Index("ix_figure_fact_received", "agency_id", "received_on", "dossier_id"),
    Index("ix_figure_fact_handled", "agency_id", "handled_on", "dossier_id"),
    Index("ix_figure_fact_recorded", "recorded_on", "dossier_id"),
    Index(
        "ix_figure_fact_due",
        "overdue_on",
        postgresql_where=text("until_on = '9999-12-31' AND ended_on IS NULL"),
    ),
    Index(
        "ix_figure_fact_late",
        "late_on",
        postgresql_where=text("until_on = '9999-12-31' AND handled_on IS NULL"),
    ),
    comment="What figures need of a dossier, in versions: "
    "the one valid on a day says what was known then",
)

FACTS = tuple(
    column.name
    for column in figure_fact.columns
    if column.name not in {"dossier_id", "recorded_on", "until_on"}
)
"""Columns of a fact without its key."""

figure_entry = Table(
    "figure_entry",
    metadata,
    Column("recorded_on", Date, primary_key=True, comment="Day on which it became known"),
    Column("received_on", Date, primary_key=True),
    Column("day", Date, primary_key=True, comment="Day that the counts belong to"),
    Column("agency_id", BigInteger, primary_key=True, autoincrement=False),
    Column("procedure_version_id", BigInteger, primary_key=True, autoincrement=False),
    Column("channel", Text, primary_key=True),
    *_counts(),
    Index("ix_figure_entry_day", "day"),
    Index("ix_figure_entry_received_on", "received_on"),
    comment="Journal of the sums: what a day of recording changed in the counts of days",
)

figure_month = Table(
    "figure_month",
    metadata,
    Column("received_month", Date, primary_key=True),
    Column("month", Date, primary_key=True),
    Column("agency_id", BigInteger, primary_key=True, autoincrement=False),
    Column("procedure_version_id", BigInteger, primary_key=True, autoincrement=False),
    Column("channel", Text, primary_key=True),
    *_counts(),
    comment="The journal added up by months, as it stands now",
)

figure_closing = Table(
    "figure_closing",
    metadata,
    Column("day", Date, primary_key=True),
    Column("closed_at", DateTime(timezone=True), nullable=False),
    comment="Days about which an answer was given: what comes later is recorded later",
)

figure_check = Table(
    "figure_check",
    metadata,
    surrogate_key(),
    Column("checked_at", DateTime(timezone=True), nullable=False),
    Column("dossiers", BigInteger, nullable=False),
    Column("differences", BigInteger, nullable=False),
    Column("seconds", Double, nullable=False),
    Column("report", JSONB, nullable=False),
    comment="Results of recounting everything from the events",
)
