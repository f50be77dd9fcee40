"""Writing a batch of imported dossiers with where each came from, at once, never twice.

A code is unique: whoever writes it second, in whatever import, finds it there and looks what it
is. The same content is there already; another is a fault.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import psycopg
from psycopg.errors import DeadlockDetected, UniqueViolation

from app.domain.former_columns import CellFault
from app.domain.intake import Channel
from app.services.import_reading import Record
from app.services.past_rows import Rows
from app.services.past_writing import (
    Books,
    Coded,
    DayIntake,
    copy_rows,
    count_in,
    enter_facts,
    reserve,
)

_TRIES = 5
TAKEN = "Mã này đã có trong hệ thống với nội dung khác."


@dataclass(frozen=True, slots=True)
class Good:
    """A row without a fault, ready to be written."""

    record: Record
    code: str
    digest: bytes
    agency_id: int
    day: date
    channel: Channel
    promise_given: bool
    rows: Rows


@dataclass(frozen=True, slots=True)
class Run:
    """What is the same for all batches of a run."""

    id: int
    books: Books


@dataclass(slots=True)
class Written:
    """What became of a batch: rows written, there already, and faulty after all."""

    written: int = 0
    already: int = 0
    taken: list[tuple[Record, CellFault]] = field(default_factory=list)


def known_codes(db: psycopg.Connection, codes: Sequence[str]) -> Mapping[str, bytes | None]:
    """Return the codes that are there, with the digest of what was imported under them."""
    rows = db.execute(
        """
        SELECT code, digest FROM dossier LEFT JOIN import_row ON dossier_id = dossier.id
        WHERE code = ANY (%s)
        """,
        (list(codes),),
    )
    return dict(rows.fetchall())


def write(db: psycopg.Connection, run: Run, goods: Sequence[Good]) -> Written:
    """Write a batch in one transaction; what another wrote meanwhile is left out."""
    outcome, left = Written(), list(goods)
    for attempt in range(1, _TRIES + 1):
        if not left:
            break
        try:
            _write(db, run, left)
        except (UniqueViolation, DeadlockDetected):
            if attempt == _TRIES:
                raise
            left = _sorted_out(db, left, outcome)
        else:
            outcome.written = len(left)
            break
    return outcome


def _sorted_out(db: psycopg.Connection, goods: Sequence[Good], outcome: Written) -> list[Good]:
    """Take out what is there by now; return what is left to write."""
    known = known_codes(db, [good.code for good in goods])
    for good in goods:
        if good.code not in known:
            continue
        if known[good.code] == good.digest:
            outcome.already += 1
        else:
            outcome.taken.append((good.record, CellFault("code", "code.taken", TAKEN)))
    return [good for good in goods if good.code not in known]


def _write(db: psycopg.Connection, run: Run, goods: Sequence[Good]) -> None:
    ordered = sorted(goods, key=lambda good: good.code)  # two writers never wait for each other
    with db.transaction(), db.cursor() as cursor:
        count_in(cursor, _days(ordered))
        keys = reserve(cursor, len(ordered))
        coded = [Coded(key, good.code, good.rows) for key, good in zip(keys, ordered, strict=True)]
        copy_rows(cursor, coded)
        with cursor.copy(
            "COPY import_row (dossier_id, run_id, line, digest, promise_given) FROM STDIN"
        ) as copy:
            copy.write(
                "".join(
                    f"{key}\t{run.id}\t{good.record.line}\t\\\\x{good.digest.hex()}"
                    f"\t{good.promise_given}\n"
                    for key, good in zip(keys, ordered, strict=True)
                )
            )
        enter_facts(cursor, coded, run.books)
        cursor.execute(
            "UPDATE import_run SET written = written + %s WHERE id = %s", (len(ordered), run.id)
        )


def _days(goods: Sequence[Good]) -> list[DayIntake]:
    counts: dict[tuple[int, date], dict[Channel, int]] = {}
    for good in goods:
        by_channel = counts.setdefault((good.agency_id, good.day), {})
        by_channel[good.channel] = by_channel.get(good.channel, 0) + 1
    return [DayIntake(agency_id, day, found) for (agency_id, day), found in counts.items()]
