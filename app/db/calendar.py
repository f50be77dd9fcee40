"""Working time as data: days that differ from the week, office hours, and their revision."""

from sqlalchemy import BigInteger, CheckConstraint, Column, Date, SmallInteger, Table, Text, Time

from app.db.metadata import metadata, one_of
from app.domain.office_hours import DayKind

calendar_day = Table(
    "calendar_day",
    metadata,
    Column("day", Date, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("hours", Text, comment="Of a day with hours of its own: 07:30-11:30 13:00-15:00"),
    one_of("kind", DayKind),
    CheckConstraint("(kind = 'hours') = (hours IS NOT NULL)", name="hours"),
    comment="Holidays, days off in lieu, make-up working days",
)

office_hours = Table(
    "office_hours",
    metadata,
    Column("agency", Text, primary_key=True, comment="Identifier code, * for every agency"),
    Column("valid_from", Date, primary_key=True),
    Column("weekday", SmallInteger, primary_key=True, comment="ISO: 1 Monday to 7 Sunday"),
    Column("starts", Time, primary_key=True),
    Column("ends", Time, nullable=False),
    CheckConstraint("weekday BETWEEN 1 AND 7", name="weekday"),
    CheckConstraint("ends > starts", name="interval"),
    comment="Working hours of an office, effective-dated",
)

revision = Table(
    "revision",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", BigInteger, nullable=False),
    one_of("name", ("calendar", "catalogue")),
    comment="Raised by every change, so that processes know when to read again",
)
