"""Quotas counted in the database, for all web processes of all machines together."""

from datetime import datetime

from sqlalchemy import Column, DateTime, Index, Integer, Table, Text, delete, text

from app.db.access import Transaction
from app.db.metadata import metadata
from app.domain.quotas import Meter, Quota

quota_use = Table(
    "quota_use",
    metadata,
    Column("quota", Text, primary_key=True),
    Column(
        "subject",
        Text,
        primary_key=True,
        comment="Keyed hash: neither an address nor a code can be read from it",
    ),
    Column("ends_at", DateTime(timezone=True), primary_key=True, comment="End of the window"),
    Column("used", Integer, nullable=False),
    Index("ix_quota_use_ends_at", "ends_at"),
    comment="What was used of a quota in a fixed window, counted for all web processes",
    prefixes=["UNLOGGED"],  # lost in a crash: then somebody has a few more tries
)

_USE = text("""
    INSERT INTO quota_use AS known (quota, subject, ends_at, used)
    VALUES (:quota, :subject, :ends_at, 1)
    ON CONFLICT (quota, subject, ends_at) DO UPDATE SET used = least(known.used + 1, 1000000000)
    RETURNING used
""")
_GIVE_BACK = text("""
    UPDATE quota_use SET used = used - 1
    WHERE quota = :quota AND subject = :subject AND ends_at = :ends_at
""")


def use(tx: Transaction, quota: Quota, subject: str, now: datetime) -> Meter:
    """Count one use, whatever was used before, and say how the quota stands.

    Two uses by one subject wait for each other until the first one's transaction ends: neither
    can slip through on a count that was read before.
    """
    ends_at = quota.ends_at(now)
    bound = {"quota": quota.name, "subject": subject, "ends_at": ends_at}
    return Meter(quota, tx.db.execute(_USE, bound).scalar_one(), ends_at)


def give_back(tx: Transaction, meter: Meter, subject: str) -> Meter:
    """Take back a use that was counted in this transaction."""
    bound = {"quota": meter.quota.name, "subject": subject, "ends_at": meter.ends_at}
    tx.db.execute(_GIVE_BACK, bound)
    return Meter(meter.quota, meter.used - 1, meter.ends_at)


def forget(tx: Transaction, now: datetime) -> int:
    """Forget the windows that have ended; return how many."""
    return tx.db.execute(delete(quota_use).where(quota_use.c.ends_at < now)).rowcount
