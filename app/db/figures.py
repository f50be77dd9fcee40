"""Facts of dossiers and petitions in versions, and the marks by which they are read anew."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    SmallInteger,
    Table,
    Text,
    false,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from app.db.metadata import metadata, one_of, surrogate_key
from app.domain.petitions import PetitionStatus

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
    Column("dossier_id", BigInteger, primary_key=True, autoincrement=False),
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
    Column("is_population_asked", Boolean, nullable=False, server_default=false()),
    Column("officer_id", Text, comment="Account of the officer who had it in hand last"),
    Column("officer_name", Text),
    Column("stood_at", DateTime(timezone=True), comment="Since when its clock stands, if it does"),
    Column(
        "spent",
        BigInteger,
        comment="Handling time once it ended: minutes of working time (480 a full day), or days "
        "of the year, as the limit is counted; less what the applicant took",
    ),
    Column(
        "crossed_on",
        ARRAY(Date),
        nullable=False,
        server_default=text("'{}'"),
        comment="Days on which it was forwarded to an agency of another level",
    ),
    Column("is_reused", Boolean, nullable=False, server_default=false()),
    Column("is_from_store", Boolean, nullable=False, server_default=false()),
    Column("is_displeased", Boolean, nullable=False, server_default=false()),
    Column(
        "reading",
        SmallInteger,
        nullable=False,
        server_default=text("0"),
        comment="Generation of the rules by which it was read; an older one is read anew",
    ),
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
    Index("ix_figure_fact_ended_on", "ended_on"),
    Index(
        "ix_figure_fact_overdue_ended",
        "ended_on",
        postgresql_where=text("overdue_on IS NOT NULL"),
    ),
    Index("ix_figure_fact_moved", "dossier_id", postgresql_where=text("moved_on <> '{}'")),
    Index(
        "ix_figure_fact_stale",
        "dossier_id",
        postgresql_where=text("until_on = '9999-12-31' AND reading < 1"),
    ),
    Index("ix_figure_fact_store", "recorded_on", postgresql_where=text("is_from_store")),
    comment="What figures need of a dossier, in versions: "
    "the one valid on a day says what was known then",
)

READING = 1
"""Raised, with the index of what is stale, when a release reads more or otherwise than before."""

FACTS = tuple(
    column.name
    for column in figure_fact.columns
    if column.name not in {"dossier_id", "recorded_on", "until_on"}
)
"""Columns of a fact without its key."""

figure_petition_mark = Table(
    "figure_petition_mark",
    metadata,
    surrogate_key(),
    Column("petition_id", BigInteger, nullable=False),
    Column(
        "recorded_at",
        DateTime(timezone=True),
        nullable=False,
        comment="Instant of the act; -infinity: not known, now",
    ),
    Index("ix_figure_petition_mark_recorded_at", "recorded_at"),
    comment="Petitions whose facts are to be read anew, marked in the transaction of the act",
)

figure_petition = Table(
    "figure_petition",
    metadata,
    Column("petition_id", ForeignKey("petition.id"), primary_key=True),
    Column("recorded_on", Date, primary_key=True),
    Column("until_on", Date, nullable=False, comment="As in figure_fact"),
    Column("code", Text, nullable=False),
    Column("agency_id", BigInteger, nullable=False, comment="Owes the answer"),
    Column("procedure_version_id", BigInteger, comment="Of the dossier that it is about"),
    Column("channel", Text, comment="Of the dossier that it is about"),
    Column("received_on", Date, nullable=False),
    Column("status", Text, nullable=False),
    Column("due_at", DateTime(timezone=True), comment="NULL: the clock stands"),
    Column("due_on", Date, comment="NULL: no answer is owed, or the clock stands"),
    Column("answered_on", Date),
    Column("is_in_time", Boolean, nullable=False, comment="Answered by the due minute"),
    CheckConstraint("until_on > recorded_on", name="validity"),
    one_of("status", PetitionStatus),
    Index("ix_figure_petition_due", "agency_id", "due_on", "petition_id"),
    comment="What figure 5.2 needs of a petition, in versions as figure_fact",
)

PETITION_FACTS = tuple(
    column.name
    for column in figure_petition.columns
    if column.name not in {"petition_id", "recorded_on", "until_on"}
)
