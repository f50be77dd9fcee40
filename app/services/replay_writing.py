"""Writing a batch of invented dossiers: numbers, keys, rows and the mark that it is done, at once.

One transaction per batch: killed at any moment, a batch is there as a whole or not at all.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice

import psycopg

from app.db.figure_books import BULK_FOLD, HANDLED, LOCK, Reading
from app.db.figure_facts import HASHED
from app.domain.calendar import Calendar
from app.domain.intake import Channel
from app.domain.numbering import dossier_code
from app.domain.working_time import working_time
from app.services.replay_rows import (
    COMPONENT_COLUMNS,
    DELIVERY_COLUMNS,
    DOSSIER_COLUMNS,
    EVENT_COLUMNS,
    ReceivedDay,
)


@dataclass(frozen=True, slots=True)
class Batch:
    """Part `number` of a run: what it brings to each agency's day."""

    run: str
    number: int
    days: Sequence[ReceivedDay]

    @property
    def dossiers(self) -> int:
        return sum(len(day.rows) for day in self.days)


@dataclass(frozen=True, slots=True)
class Books:
    """What the books of the figures need: the day of recording, and calendars by office's key."""

    today: date
    offices: Mapping[int, Calendar]


def write(db: psycopg.Connection, batch: Batch, now: datetime, books: Books) -> int:
    """Write a batch in one transaction, unless it is there; return how many dossiers it holds.

    `now` is when the run began; the facts for the figures are recorded as known `books.today`.

    The mark comes first: whoever was killed a moment ago may still be committing the same batch
    in the server, and then this waits for the outcome.
    """
    with db.transaction(), db.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO replay_batch (run, batch, dossiers, played_at) VALUES (%s, %s, %s, %s)
            ON CONFLICT (run, batch) DO NOTHING
            """,
            (batch.run, batch.number, batch.dossiers, now),
        )
        if cursor.rowcount:
            first = _count_in(cursor, batch.days)
            keys = _reserve(cursor, batch.dossiers)
            cursor.execute("SET LOCAL app.figures = 'bulk'")
            _copy_rows(cursor, batch, first, iter(keys))
            _enter_facts(cursor, keys, books)
    return batch.dossiers


def _enter_facts(cursor: psycopg.Cursor, keys: Sequence[int], books: Books) -> None:
    """Keep the books of the figures in the batch's own transaction: no answer ever misses it."""
    cursor.execute(LOCK)
    cursor.execute("SELECT greatest(%s, max(day) + 1) FROM figure_closing", (books.today,))
    row = cursor.fetchone()
    span = cursor.execute(_HANDLED, (list(keys),)).fetchone()
    if row is not None and span is not None:
        reading = Reading(keys, row[0], working_time(books.offices, *span))
        cursor.execute(HASHED.format("off"))
        cursor.execute(BULK_FOLD, reading.values)


_HANDLED = HANDLED.format(which="id = ANY (%s)")


def _count_in(cursor: psycopg.Cursor, days: Sequence[ReceivedDay]) -> dict[tuple[int, date], int]:
    """Raise the counters of the days; return the first number that each day got here.

    Rows are locked in one order, so that two replays never wait for each other.
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
            *([day.by_channel[channel] for day in days] for channel in _CHANNELS),
        ),
    )
    last = {(agency_id, day): number for agency_id, day, number in cursor.fetchall()}
    return {
        (day.agency_id, day.day): last[day.agency_id, day.day] - len(day.rows) + 1 for day in days
    }


_CHANNELS = (Channel.ONLINE, Channel.DESK, Channel.POST)  # as the columns of intake_day


def _reserve(cursor: psycopg.Cursor, count: int) -> list[int]:
    """Take keys from the dossiers' own sequence: others may go on taking theirs meanwhile."""
    cursor.execute(
        "SELECT nextval(pg_get_serial_sequence('dossier', 'id')) FROM generate_series(1, %s)",
        (count,),
    )
    return [key for (key,) in cursor.fetchall()]


def _copy_rows(
    cursor: psycopg.Cursor,
    batch: Batch,
    first: dict[tuple[int, date], int],
    keys: Iterator[int],
) -> None:
    dossiers: list[str] = []
    components: list[str] = []
    events: list[str] = []
    deliveries: list[str] = []
    for day in batch.days:
        number = first[day.agency_id, day.day]
        numbered = enumerate(day.rows, number)
        for key, (n, rows) in zip(islice(keys, len(day.rows)), numbered, strict=True):
            code = dossier_code(day.agency_code, day.day, n)
            dossiers.append(f"{key}\t{code}\t{rows.dossier}\n")
            components += [f"{key}\t{row}\n" for row in rows.components]
            events += [f"{key}\t{row}\n" for row in rows.events]
            deliveries += [f"{key}\t{row}\n" for row in rows.deliveries]
    _copy(cursor, "dossier", DOSSIER_COLUMNS, dossiers)
    _copy(cursor, "dossier_component", COMPONENT_COLUMNS, components)
    _copy(cursor, "dossier_event", EVENT_COLUMNS, events)
    _copy(cursor, "delivery", DELIVERY_COLUMNS, deliveries)


def _copy(cursor: psycopg.Cursor, table: str, columns: Iterable[str], rows: Iterable[str]) -> None:
    with cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
        copy.write("".join(rows).encode())
