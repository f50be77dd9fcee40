"""Working time as data: days that differ from the week, office hours, who changed them, and when.

`calendar_day`, `local_day` and `office_hours` are what holds now; `calendar_change` keeps every
change as it was entered, from which what was known at any moment can be made again.
"""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    SmallInteger,
    Table,
    Text,
    Time,
)
from sqlalchemy.dialects.postgresql import JSONB

from app.db.metadata import metadata, one_of, surrogate_key
from app.domain.office_hours import DayKind

calendar_change = Table(
    "calendar_change",
    metadata,
    surrogate_key(),
    Column("revision", BigInteger, nullable=False, unique=True, comment="That it led to"),
    Column("entered_at", DateTime(timezone=True), nullable=False),
    Column("entered_by", Text, nullable=False, comment="Account"),
    Column("entered_name", Text, nullable=False),
    Column("source", Text, nullable=False, comment="The document that says so"),
    Column("reason", Text, comment="Needed where a past day is changed"),
    Column("document", JSONB, nullable=False, comment="The change as entered"),
    comment="Changes of the calendar: rows are added, never changed",
)

calendar_day = Table(
    "calendar_day",
    metadata,
    Column("day", Date, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("hours", Text, comment="Of a day with hours of its own: 07:30-11:30 13:00-15:00"),
    Column("change_id", ForeignKey("calendar_change.id"), comment="That entered it"),
    one_of("kind", DayKind),
    CheckConstraint("(kind = 'hours') = (hours IS NOT NULL)", name="hours"),
    comment="Holidays, days off in lieu, make-up working days",
)

local_day = Table(
    "local_day",
    metadata,
    Column("agency", Text, primary_key=True, comment="Identifier code"),
    Column("day", Date, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("hours", Text, comment="As in calendar_day"),
    Column("change_id", ForeignKey("calendar_change.id"), nullable=False),
    one_of("kind", DayKind),
    CheckConstraint("(kind = 'hours') = (hours IS NOT NULL)", name="hours"),
    CheckConstraint("agency <> '*'", name="agency"),
    comment="Days on which one office differs from the others",
)

office_hours = Table(
    "office_hours",
    metadata,
    Column("agency", Text, primary_key=True, comment="Identifier code, * for every agency"),
    Column("valid_from", Date, primary_key=True),
    Column("weekday", SmallInteger, primary_key=True, comment="ISO: 1 Monday to 7 Sunday"),
    Column("starts", Time, primary_key=True),
    Column("ends", Time, nullable=False),
    Column("change_id", ForeignKey("calendar_change.id"), comment="That entered it"),
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
