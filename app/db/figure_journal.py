"""The journal of the sums, what is added up from it, the days that were closed, the recounts."""

from collections.abc import Sequence

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    DateTime,
    Double,
    Index,
    Integer,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from app.db.metadata import metadata, one_of, surrogate_key
from app.domain.measures import MEASURES, SPENT


def _counts(defaulted: Sequence[str]) -> list[Column[int]]:
    """Return a column for each measure; some have a default, for older releases."""
    return [
        Column(
            name,
            BigInteger if name == SPENT else Integer,
            nullable=False,
            server_default=text("0") if name in defaulted else None,
        )
        for name in MEASURES
    ]


_SINCE_20261211 = (
    *("finished", SPENT, "reused", "from_store", "displeased", "handled_displeased", "crossed"),
)


figure_entry = Table(
    "figure_entry",
    metadata,
    Column("recorded_on", Date, primary_key=True, comment="Day on which it became known"),
    Column("received_on", Date, primary_key=True),
    Column("day", Date, primary_key=True, comment="Day that the counts belong to"),
    Column("agency_id", BigInteger, primary_key=True, autoincrement=False),
    Column("procedure_version_id", BigInteger, primary_key=True, autoincrement=False),
    Column("channel", Text, primary_key=True),
    *_counts(_SINCE_20261211),
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
    *_counts(_SINCE_20261211),
    comment="The journal added up by months, as it stands now",
)

figure_rollup = Table(
    "figure_rollup",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("span", Text, primary_key=True),
    Column("since", Date, primary_key=True, comment="First day of the span"),
    Column("received_month", Date, primary_key=True, comment="Of a year's row: the year"),
    Column(
        "part",
        BigInteger,
        primary_key=True,
        autoincrement=False,
        comment="Key of the agency or of the version of the procedure",
    ),
    Column("channel", Text, primary_key=True),
    *_counts(defaulted=()),
    one_of("kind", ("agency", "procedure")),
    one_of("span", ("day", "month", "year")),
    comment="The journal added up by agency or by procedure, as it stands now",
)

figure_closing = Table(
    "figure_closing",
    metadata,
    Column("day", Date, primary_key=True),
    Column("closed_at", DateTime(timezone=True), nullable=False),
    comment="Days about which an answer was given: what comes later is recorded later",
)

figure_since = Table(
    "figure_since",
    metadata,
    Column("figure", Text, primary_key=True),
    Column("since_on", Date, nullable=False, comment="First day as of which they are answered"),
    comment="Figures that came with a later release: before that day nobody counted them",
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
