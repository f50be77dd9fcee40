"""Writing a batch of invented dossiers with the mark that it is done, at once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import psycopg

from app.domain.numbering import dossier_code
from app.services.past_rows import ReceivedDay
from app.services.past_writing import (
    Books,
    Coded,
    DayIntake,
    copy_rows,
    count_in,
    enter_facts,
    reserve,
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
            days = [DayIntake(day.agency_id, day.day, day.by_channel) for day in batch.days]
            last = count_in(cursor, days)
            dossiers = list(_coded(batch, last, reserve(cursor, batch.dossiers)))
            copy_rows(cursor, dossiers)
            enter_facts(cursor, dossiers, books)
    return batch.dossiers


def _coded(batch: Batch, last: dict[tuple[int, date], int], keys: Sequence[int]) -> Iterator[Coded]:
    """Give each day's dossiers the numbers after those that it had before."""
    free = iter(keys)
    for day in batch.days:
        first = last[day.agency_id, day.day] - len(day.rows) + 1
        for number, rows in enumerate(day.rows, first):
            yield Coded(next(free), dossier_code(day.agency_code, day.day, number), rows)
