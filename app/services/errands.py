"""What the loops that work for a partner have in common: claim, judge, put down, breaker.

A row is claimed in one short transaction, the partner is called outside of any, the result is
recorded in another. A claim that nobody finished is unknown and is claimed again after its lease.
"""

import logging
import random
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import Row, TextClause, text
from sqlalchemy.exc import SQLAlchemyError

from app.db.access import Transaction, acting
from app.domain.actor import SYSTEM
from app.domain.deliveries import DeliveryState, retry_in
from app.services.breakers import hold, is_half_open, is_held, let_go, note_answer, note_silence
from app.services.desk import Desk

log = logging.getLogger(__name__)

BROKEN_ANSWERS = 5
"""An answer that cannot be read may be a proxy's page: asked so often before a person looks."""

UNAVAILABLE = "unavailable"
"""Code of an attempt to which the partner did not answer."""

_ANSWER_LIMIT = 1000


@dataclass(frozen=True, slots=True)
class Trade:
    """A kind of errand: whom it is done at, its table, what that partner's faults are called."""

    partner: str
    table: str
    unavailable: type[Exception]
    broken: type[Exception]
    refused: type[Exception]


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one attempt; `wait` is how long to the next, if there is one."""

    state: DeliveryState
    code: str | None = None
    answer: str = ""
    wait: timedelta = timedelta()
    found: dict[str, Any] = field(default_factory=dict)


def done(code: str | None = None, **found: Any) -> Result:  # noqa: ANN401  (each trade's own)
    """Return the result of an attempt that succeeded, with what it found."""
    return Result(DeliveryState.ACKNOWLEDGED, code, found=found)


def claim(desk: Desk, trade: Trade, now: datetime, batch: int) -> list[Row[Any]]:
    """Claim what is due, unless the partner is left alone at present."""
    with acting(desk.engine, SYSTEM) as tx:
        is_probe = is_half_open(tx, trade.partner, now)
        if is_probe is None:
            return []
        until = now + timedelta(seconds=desk.partners.lease_s)
        values = {
            "now": now,
            "until": until,
            "lease": secrets.token_hex(8),
            "batch": 1 if is_probe else batch,
        }
        rows = list(tx.db.execute(_claiming(trade.table), values).all())
        if is_probe and rows:
            hold(tx, trade.partner, until)
        return rows


@lru_cache
def _claiming(table: str) -> TextClause:
    return text(f"""
WITH due AS (
    SELECT id FROM {table}
    WHERE state IN ('waiting', 'in_flight') AND next_at <= :now
        AND (state = 'waiting' OR leased_until < :now)
    ORDER BY next_at, id LIMIT :batch FOR UPDATE SKIP LOCKED
)
UPDATE {table} AS errand SET state = 'in_flight', lease = :lease, leased_until = :until,
    attempts = attempts + 1
FROM due WHERE errand.id = due.id RETURNING errand.*
""")


def attempt(trade: Trade, row: Row[Any], work: Callable[[], Result]) -> Result:
    """Do the work of a claimed row; whatever comes of it is a result."""
    try:
        result = work()
    except SQLAlchemyError:
        raise  # the database is away: claimed again after the lease
    except trade.unavailable as error:
        result = Result(DeliveryState.WAITING, UNAVAILABLE, str(error))
    except trade.broken as error:
        again = row.attempts < BROKEN_ANSWERS
        state = DeliveryState.WAITING if again else DeliveryState.BLOCKED
        result = Result(state, "contract_broken", str(error))
    except trade.refused as error:
        result = Result(DeliveryState.BLOCKED, "refused", str(error))
    except Exception as fault:
        # One row that cannot be worked on must not hold back the others.
        log.exception("%s errand %s", trade.partner, row.id)
        result = Result(DeliveryState.BLOCKED, "fault", type(fault).__name__)
    if result.state is not DeliveryState.WAITING:
        return result
    wait = retry_in(row.attempts, random.Random())  # noqa: S311  (jitter, not a secret)
    return replace(result, wait=wait) if wait else replace(result, state=DeliveryState.DEAD)


def standing(row: Row[Any], result: Result, now: datetime) -> dict[str, Any]:
    """Return the bound values by which a result is put down under its claim."""
    return {
        "id": row.id,
        "lease": row.lease,
        "state": result.state,
        "next_at": now + result.wait,
        "code": result.code,
        "answer": result.answer[:_ANSWER_LIMIT].replace("\0", "") or None,
    }


def heed(tx: Transaction, partner: str, row: Row[Any], result: Result, now: datetime) -> None:
    """Let the breaker know how the partner answered, if it was asked at all."""
    if not result.found.get("was_asked", True):
        let_go(tx, partner, row.leased_until, now)
    elif result.code == UNAVAILABLE:
        is_probe = is_held(tx, partner, row.leased_until)
        note_silence(tx, partner, result.answer, now, is_probe=is_probe)
    else:
        note_answer(tx, partner)
