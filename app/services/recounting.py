"""Counting everything again from the events, and naming whatever the books say otherwise."""

import time
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select, text

from app.db.access import Transaction, acting
from app.db.dossiers import dossier
from app.db.figure_books import (
    RECOUNTED,
    WRONG_DAYS,
    WRONG_MONTHS,
    WRONG_OWNERS,
    WRONG_SUMS,
)
from app.db.figure_petitions import WRONG_PETITIONS
from app.db.figures import figure_check
from app.domain.actor import SYSTEM
from app.domain.calendar import LOCAL_ZONE
from app.services.bookkeeping import bring_up_to_date, hashed, other_dues, working_of
from app.services.desk import Desk

_STRETCH = 50_000  # dossiers by key in one statement
_NAMED = 100  # differences that are told; more is one fault, not many
_WITNESSES = (
    *(("day", WRONG_SUMS), ("month", WRONG_MONTHS), ("number", WRONG_DAYS)),
    *(("owner", WRONG_OWNERS), ("petition", WRONG_PETITIONS)),
)
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
    frozen = desk.engine.execution_options(isolation_level="REPEATABLE READ")
    with acting(frozen, SYSTEM) as tx:
        tx.db.execute(text("SET LOCAL statement_timeout = '10min'"))
        dossiers = tx.db.scalar(select(func.count()).select_from(dossier)) or 0
        differences = _facts(desk, tx) + _sums(tx)
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


def _facts(desk: Desk, tx: Transaction) -> list[dict[str, Any]]:
    last = tx.db.scalar(select(func.max(dossier.c.id))) or 0
    found: list[dict[str, Any]] = []
    for after in range(0, last, _STRETCH):
        until = after + _STRETCH
        payment_stops = desk.rules.payment_wait_stops_clock
        within = (dossier.c.id > after) & (dossier.c.id <= until)
        others = other_dues(desk, tx, within) if payment_stops else {}
        stretch = {"after": after, "last": until}
        working = working_of(desk, tx, "id > :after AND id <= :last", stretch)
        values = {
            **stretch,
            **working.columns,
            "upto": "infinity",
            "payment_stops": payment_stops,
            "other_ids": list(others),
            "other_dues": list(others.values()),
            "most": _NAMED,
        }
        with hashed(tx):
            rows = tx.db.execute(text(RECOUNTED), values).all()
        found += [_difference(row.code, row.recounted or {}, row.kept or {}) for row in rows]
        if len(found) >= _NAMED:
            break
    return found


def _difference(code: str, recounted: dict[str, Any], kept: dict[str, Any]) -> dict[str, Any]:
    names = sorted(recounted.keys() | kept.keys())
    return {
        "what": "fact",
        "dossier": code,
        "recounted": {n: recounted.get(n) for n in names if recounted.get(n) != kept.get(n)},
        "kept": {n: kept.get(n) for n in names if recounted.get(n) != kept.get(n)},
    }


def _sums(tx: Transaction) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for what, query in _WITNESSES:
        for row in tx.db.execute(text(query), {"most": _NAMED}):
            values = {
                name: value if isinstance(value, int | str | dict) else str(value)
                for name, value in row._asdict().items()
            }
            found.append({"what": what, **values})
    return found
