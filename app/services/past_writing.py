"""Writing past dossiers in bulk: counters, keys, rows, words and figures, in one transaction.

Whoever writes them (a replay, an import) opens the transaction and leaves a mark of their own in
it: killed at any moment, a batch is there as a whole or not at all.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date, datetime

import psycopg
from sqlalchemy import Engine

from app.db.figure_books import BULK_FOLD, HANDLED, LOCK, Reading
from app.db.figure_facts import HASHED
from app.domain.calendar import Calendar
from app.domain.intake import Channel
from app.domain.office_hours import EVERY_AGENCY
from app.domain.working_time import USUAL, working_time
from app.services.past_rows import (
    COMPONENT_COLUMNS,
    DELIVERY_COLUMNS,
    DOSSIER_COLUMNS,
    EVENT_COLUMNS,
    PAYMENT_COLUMNS,
    SEARCH_COLUMNS,
    Rows,
    code_lexemes,
)


@dataclass(frozen=True, slots=True)
class DayIntake:
    """How many dossiers a batch brings to an agency's day, by channel."""

    agency_id: int
    day: date
    by_channel: Mapping[Channel, int]


@dataclass(frozen=True, slots=True)
class Coded:
    """A dossier's rows with the code and the key that it has got."""

    key: int
    code: str
    rows: Rows


@contextmanager
def connection(owner: Engine) -> Iterator[psycopg.Connection]:
    """Give a connection of the driver's own, outside the pool: COPY and locks of a session."""
    pooled = owner.raw_connection()
    db = pooled.driver_connection
    pooled.detach()
    if not isinstance(db, psycopg.Connection):
        raise TypeError("the driver is psycopg")
    with closing(db):
        db.rollback()
        db.autocommit = True
        yield db


def count_in(cursor: psycopg.Cursor, days: Sequence[DayIntake]) -> dict[tuple[int, date], int]:
    """Raise the counters of the days; return the last number that each day has got.

    Rows are locked in one order, so that two writers never wait for each other.
    """
    cursor.execute(
        """
        INSERT INTO intake_day AS known (agency_id, day, last_number, online, desk, post)
        SELECT agency_id, day, online + desk + post, online, desk, post
        FROM unnest(%s::bigint[], %s::date[], %s::int[], %s::int[], %s::int[])
            AS brought (agency_id, day, online, desk, post)
        ORDER BY agency_id, day
        ON CONFLICT (agency_id, day) DO UPDATE
        SET last_number = known.last_number + excluded.last_number,
            online = known.online + excluded.online,
            desk = known.desk + excluded.desk,
            post = known.post + excluded.post
        RETURNING agency_id, day, last_number
        """,
        (
            [day.agency_id for day in days],
            [day.day for day in days],
            *([day.by_channel.get(channel, 0) for day in days] for channel in _CHANNELS),
        ),
    )
    return {(agency_id, day): number for agency_id, day, number in cursor.fetchall()}


_CHANNELS = (Channel.ONLINE, Channel.DESK, Channel.POST)  # as the columns of intake_day


def reserve(cursor: psycopg.Cursor, count: int) -> list[int]:
    """Take keys from the dossiers' own sequence: others may go on taking theirs meanwhile."""
    cursor.execute(
        "SELECT nextval(pg_get_serial_sequence('dossier', 'id')) FROM generate_series(1, %s)",
        (count,),
    )
    return [key for (key,) in cursor.fetchall()]


def copy_rows(cursor: psycopg.Cursor, dossiers: Sequence[Coded]) -> None:
    """Write the rows of dossiers and the words to find them by."""
    cursor.execute("SET LOCAL app.figures = 'bulk'")
    _copy(
        cursor,
        "dossier",
        DOSSIER_COLUMNS,
        (f"{one.key}\t{one.code}\t{one.rows.dossier}\n" for one in dossiers),
    )
    for table, columns, part in (
        ("dossier_component", COMPONENT_COLUMNS, "components"),
        ("dossier_event", EVENT_COLUMNS, "events"),
        ("delivery", DELIVERY_COLUMNS, "deliveries"),
    ):
        rows = (f"{one.key}\t{row}\n" for one in dossiers for row in getattr(one.rows, part))
        _copy(cursor, table, columns, rows)
    _copy(cursor, "payment", PAYMENT_COLUMNS, _payments(dossiers))
    _copy(cursor, "dossier_search", SEARCH_COLUMNS, map(_search_row, dossiers))


def _payments(dossiers: Iterable[Coded]) -> Iterator[str]:
    for one in dossiers:
        for n, row in enumerate(one.rows.payments, 1):
            yield f"{one.key}\t{one.code}-{n}\t{row}\n"


def _search_row(one: Coded) -> str:
    agency_id, _, _ = one.rows.place.partition("\t")
    words = f"{one.rows.words} {code_lexemes(agency_id, one.code)}"
    return f"{one.key}\t{one.rows.place}\t{words}\n"


def _copy(cursor: psycopg.Cursor, table: str, columns: Iterable[str], rows: Iterable[str]) -> None:
    data = "".join(rows).encode()
    if data:
        with cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
            copy.write(data)


def analyse_if_grown(db: psycopg.Connection, written: int) -> None:
    """Let the planner look again if a tenth or more of the dossiers are new.

    Until the server does so by itself it would plan for tables as small as they were. Words are
    left to it: to count them takes longer than all else, and no plan depends on it.
    """
    row = db.execute("SELECT reltuples FROM pg_class WHERE oid = 'dossier'::regclass").fetchone()
    known = row[0] if row else 0
    if written and written * 10 >= known:
        db.execute(f"ANALYZE {', '.join(_GROWING)}")


_GROWING = (
    *("dossier", "dossier_component", "dossier_event", "delivery", "import_row"),
    *("intake_day", "figure_fact", "figure_entry", "figure_month", "figure_rollup"),
)


@dataclass(frozen=True, slots=True)
class Books:
    """What the books of the figures need: the day of recording, calendars by office's key."""

    today: date
    offices: Mapping[int, Calendar]
    payment_stops: bool = True


def offices_of(
    agency_ids: Mapping[str, int], calendars: Mapping[str, Calendar]
) -> dict[int, Calendar]:
    """Return the calendars by the key of their office, the one of all others under `USUAL`."""
    keys = {**agency_ids, EVERY_AGENCY: USUAL}
    return {keys[code]: known for code, known in calendars.items() if code in keys}


def enter_facts(cursor: psycopg.Cursor, dossiers: Sequence[Coded], books: Books) -> None:
    """Keep the books of the figures in the batch's own transaction: no answer ever misses it.

    Facts are recorded as known `books.today`, or on the first day that no answer was given about.
    """
    keys = [one.key for one in dossiers]
    cursor.execute(LOCK)
    cursor.execute("SELECT greatest(%s, max(day) + 1) FROM figure_closing", (books.today,))
    row = cursor.fetchone()
    span = cursor.execute(_HANDLED, (keys,)).fetchone()
    if row is None or span is None:
        raise AssertionError("an aggregate answers one row")
    others: dict[int, datetime | None] = (
        {one.key: due_at for one in dossiers for due_at in one.rows.other_due}
        if books.payment_stops
        else {}
    )
    reading = Reading(
        keys,
        row[0],
        working_time(books.offices, *span),
        payment_stops=books.payment_stops,
        other_dues=others,
    )
    cursor.execute(HASHED.format("off"))
    cursor.execute(BULK_FOLD, reading.values)


_HANDLED = HANDLED.format(which="id = ANY (%s)")
