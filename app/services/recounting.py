"""Counting everything again from the events, and naming whatever the books say otherwise."""

import os
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Engine, QueuePool, func, insert, select, text

from app.db.access import Transaction, acting
from app.db.dossiers import dossier
from app.db.figure_books import (
    BOTH_FACTS,
    WRONG_DAYS,
    WRONG_FACTS,
    WRONG_MONTHS,
    WRONG_OWNERS,
    WRONG_ROLLUPS,
    WRONG_SUMS,
)
from app.db.figure_journal import figure_check
from app.db.figure_petitions import WRONG_PETITIONS
from app.domain.actor import SYSTEM
from app.domain.calendar import LOCAL_ZONE
from app.services.bookkeeping import bring_up_to_date, hashed, other_dues, working_of
from app.services.desk import Desk

_STRETCH = 50_000  # dossiers by key in one statement
_NAMED = 100  # differences that are told; more is one fault, not many
_WITNESSES = (
    *(("day", WRONG_SUMS), ("month", WRONG_MONTHS), ("number", WRONG_DAYS)),
    ("rollup", WRONG_ROLLUPS),
    *(("owner", WRONG_OWNERS), ("petition", WRONG_PETITIONS)),
)
_AT_A_TIME = min(4, os.cpu_count() or 1)  # connections that count
_PATIENT = text("""
    SELECT set_config('statement_timeout', '10min', true), set_config('work_mem', '64MB', true),
        set_config('idle_in_transaction_session_timeout', '0', true)
""")
_LAST = text("""
    SELECT greatest((SELECT max(id) FROM dossier), (SELECT max(dossier_id) FROM figure_fact))
""")
_NIGHT_HOUR = 2  # local time from which the nightly recount may begin


@dataclass(frozen=True, slots=True)
class Verification:
    """What a recount found; `differences` holds at most a hundred, `dossiers` were counted."""

    dossiers: int
    seconds: float
    differences: list[dict[str, Any]] = field(default_factory=list)

    @property
    def is_right(self) -> bool:
        return not self.differences


def verify(desk: Desk, *, now: datetime) -> Verification:
    """Recount every dossier and every sum at one instant, and keep the result.

    It reads one snapshot of the database and holds up nobody; dossiers that are acted on meanwhile
    are of the next recount.
    """
    bring_up_to_date(desk, now=now)
    began = time.monotonic()
    with _frozen(desk) as book:
        dossiers = book.tx.db.scalar(select(func.count()).select_from(dossier)) or 0
        differences = _differences(book)
    found = Verification(dossiers, time.monotonic() - began, differences[:_NAMED])
    with acting(desk.engine, SYSTEM) as tx:
        tx.db.execute(
            insert(figure_check).values(
                checked_at=now,
                dossiers=found.dossiers,
                differences=len(found.differences),
                seconds=found.seconds,
                report=found.differences,
            )
        )
    return found


def verify_nightly(desk: Desk, *, now: datetime) -> bool:
    """Recount once a night; tell whether this was the time. Another worker's recount counts."""
    local = now.astimezone(LOCAL_ZONE)
    if local.hour < _NIGHT_HOUR:
        return False
    with acting(desk.engine, SYSTEM) as tx:
        last = tx.db.scalar(select(func.max(figure_check.c.checked_at)))
    if last is not None and last.astimezone(LOCAL_ZONE).date() >= local.date():
        return False
    verify(desk, now=now)
    return True


def last_check(tx: Transaction) -> dict[str, Any] | None:
    """Return the newest result, for the metrics: when, how many dossiers, how many differences."""
    row = tx.db.execute(
        select(figure_check).order_by(figure_check.c.id.desc()).limit(1)
    ).one_or_none()
    return None if row is None else row._asdict()


@dataclass(frozen=True, slots=True)
class _Book:
    """The database as it stands at one instant, for as many connections as look at it."""

    desk: Desk
    engine: Engine
    tx: Transaction
    snapshot: str

    @contextmanager
    def opened(self) -> Iterator[Transaction]:
        with acting(self.engine, SYSTEM, snapshot=self.snapshot) as tx:
            tx.db.execute(_PATIENT)
            yield tx


@contextmanager
def _frozen(desk: Desk) -> Iterator[_Book]:
    engine = desk.engine.execution_options(isolation_level="REPEATABLE READ")
    with acting(engine, SYSTEM) as tx:
        tx.db.execute(_PATIENT)
        yield _Book(desk, engine, tx, tx.db.scalar(text("SELECT pg_export_snapshot()")))


def _differences(book: _Book) -> list[dict[str, Any]]:
    """Recount with several connections: the sums, and stretch by stretch the facts.

    Facts that are wrong are told first: they are why sums are.
    """
    last = book.tx.db.scalar(_LAST) or 0
    with ThreadPoolExecutor(_hands(book.engine), "recount") as crew:
        sums = [crew.submit(_sums, book, what, query) for what, query in _WITNESSES]
        stretches = deque(crew.submit(_facts, book, after) for after in range(0, last, _STRETCH))
        found: list[dict[str, Any]] = []
        while stretches:
            found += stretches.popleft().result()
            if len(found) >= _NAMED:
                for stretch in stretches:
                    stretch.cancel()
                break
        return found + [difference for one in sums for difference in one.result()]


def _hands(engine: Engine) -> int:
    """Return how many connections count: as many as the pool keeps, beside the one that waits.

    A pool opens twice as many as it keeps; a hand that waited for one might be refused.
    """
    kept = engine.pool.size() if isinstance(engine.pool, QueuePool) else 1
    return max(1, min(_AT_A_TIME, kept))


def _facts(book: _Book, after: int) -> list[dict[str, Any]]:
    stretch = {"after": after, "last": after + _STRETCH}
    within = (dossier.c.id > after) & (dossier.c.id <= after + _STRETCH)
    with book.opened() as tx:
        values = _reading(book.desk, tx, within, "id > :after AND id <= :last", stretch)
        with hashed(tx):
            wrong = tx.db.scalars(text(WRONG_FACTS), values | {"most": _NAMED}).all()
        if not wrong:
            return []
        some = {"ids": list(wrong)}
        values = _reading(book.desk, tx, dossier.c.id.in_(wrong), "id = ANY (:ids)", some)
        with hashed(tx):
            rows = tx.db.execute(text(BOTH_FACTS), values).all()
    return [_difference(row.code, row.recounted or {}, row.kept or {}) for row in rows]


def _reading(
    desk: Desk, tx: Transaction, within: ColumnElement[bool], which: str, bound: dict[str, Any]
) -> dict[str, Any]:
    """Return what `fact_ctes` wants to be bound, for dossiers as they are now."""
    payment_stops = desk.rules.payment_wait_stops_clock
    others = other_dues(desk, tx, within) if payment_stops else {}
    return {
        **bound,
        **working_of(desk, tx, which, bound).columns,
        "upto": "infinity",
        "payment_stops": payment_stops,
        "other_ids": list(others),
        "other_dues": list(others.values()),
    }


def _difference(code: str, recounted: dict[str, Any], kept: dict[str, Any]) -> dict[str, Any]:
    names = sorted(recounted.keys() | kept.keys())
    return {
        "what": "fact",
        "dossier": code,
        "recounted": {n: recounted.get(n) for n in names if recounted.get(n) != kept.get(n)},
        "kept": {n: kept.get(n) for n in names if recounted.get(n) != kept.get(n)},
    }


def _sums(book: _Book, what: str, query: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    with book.opened() as tx:
        for row in tx.db.execute(text(query), {"most": _NAMED}):
            values = {
                name: value if isinstance(value, int | str | dict) else str(value)
                for name, value in row._asdict().items()
            }
            found.append({"what": what, **values})
    return found
