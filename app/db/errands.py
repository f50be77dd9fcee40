"""What every loop that works for a partner keeps: how a row stands, and the partner's breaker."""

from sqlalchemy import CheckConstraint, Column, DateTime, Index, SmallInteger, Table, Text, text

from app.db.metadata import metadata
from app.domain.deliveries import DeliveryState

OPEN_STATES = (DeliveryState.WAITING, DeliveryState.IN_FLIGHT)


def working_columns() -> list[Column[object]]:
    """Return the columns by which rows are claimed, tried and put down."""
    columns: list[Column[object]] = [
        Column("state", Text, nullable=False),
        Column("attempts", SmallInteger, nullable=False),
        Column("next_at", DateTime(timezone=True), nullable=False),
        Column("lease", Text, comment="Token of the claim that is under way"),
        Column("leased_until", DateTime(timezone=True)),
        Column("answer_code", Text),
        Column("answer", Text, comment="Why it stands so, without personal data"),
    ]
    return columns


def open_index(table: str) -> Index:
    """Return the index by which workers find what is due."""
    return Index(
        f"ix_{table}_open", "next_at", postgresql_where=text("state IN ('waiting', 'in_flight')")
    )


partner_breaker = Table(
    "partner_breaker",
    metadata,
    Column("partner", Text, primary_key=True),
    Column("failures", SmallInteger, nullable=False, comment="In a row"),
    Column("open_until", DateTime(timezone=True), comment="Until then nobody is asked"),
    CheckConstraint("failures >= 0", name="failures"),
    comment="Partners that do not answer are left alone for a while, by all workers",
)
