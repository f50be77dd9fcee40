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
from app.services.desk import Desk

log = logging.getLogger(__name__)

_BROKEN_ANSWERS = 5
"""An answer that cannot be read may be a proxy's page: asked so often before a person looks."""

_TOLERATED = 5
_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(seconds=5), timedelta(minutes=5)
"""After so many failures in a row nobody asks for a while, then one question tries again."""

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
        allowed = _allowed(tx, trade.partner, now, batch)
        if not allowed:
            return []
        values = {
            "now": now,
            "until": now + timedelta(seconds=desk.partners.lease_s),
            "lease": secrets.token_hex(8),
            "batch": allowed,
        }
        return list(tx.db.execute(_claiming(trade.table), values).all())


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
        result = Result(DeliveryState.WAITING, "unavailable", str(error))
    except trade.broken as error:
        again = row.attempts < _BROKEN_ANSWERS
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


def heed(tx: Transaction, partner: str, now: datetime, *, is_unavailable: bool) -> None:
    """Let the breaker know how the partner answered."""
    if not is_unavailable:
        tx.db.execute(_CLOSE, {"partner": partner})
        return
    failures = tx.db.scalar(_COUNT, {"partner": partner}) or 0
    if failures >= _TOLERATED:
        pause = min(_FIRST_PAUSE * 2 ** min(failures - _TOLERATED, 10), _LONGEST_PAUSE)
        tx.db.execute(_OPEN, {"partner": partner, "until": now + pause})


def _allowed(tx: Transaction, partner: str, now: datetime, batch: int) -> int:
    """Return how many may be claimed: none while the breaker is open, then one that tries."""
    known = tx.db.execute(
        text("SELECT failures, open_until FROM partner_breaker WHERE partner = :partner"),
        {"partner": partner},
    ).one_or_none()
    if known is None or known.open_until is None:
        return batch
    probe = {"partner": partner, "now": now, "until": now + _FIRST_PAUSE}
    return 1 if tx.db.execute(_PROBE, probe).rowcount else 0


_CLOSE = text("""
UPDATE partner_breaker SET failures = 0, open_until = NULL
WHERE partner = :partner AND failures > 0
""")
_COUNT = text("""
INSERT INTO partner_breaker AS known (partner, failures) VALUES (:partner, 1)
ON CONFLICT (partner) DO UPDATE SET failures = least(known.failures + 1, 1000)
RETURNING failures
""")
_OPEN = text("UPDATE partner_breaker SET open_until = :until WHERE partner = :partner")
_PROBE = text("""
UPDATE partner_breaker SET open_until = :until WHERE partner = :partner AND open_until <= :now
""")
