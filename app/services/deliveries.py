"""The ledger to partners, worked off: claim in one transaction, call, record in another.

Order is kept per partner and dossier: a message is claimed only when all before it are
acknowledged. A claim that nobody finished is unknown, not failed: it is claimed again after its
lease, and the partner is asked before anything is sent again.
"""

import logging
import random
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.exc import SQLAlchemyError

from app.db.access import acting
from app.domain.actor import SYSTEM
from app.domain.deliveries import DeliveryState, Kind, Partner, retry_in
from app.integrations.national_portal import (
    PortalContractBroken,
    PortalRefused,
    PortalUnavailable,
    Unmapped,
    body_of,
)
from app.integrations.payment_platform import PlatformContractBroken, PlatformUnavailable
from app.integrations.portal_messages import dossier_message, progress_row
from app.services.desk import Desk
from app.services.payment_facts import order_of, record_not_opened, record_opened
from app.services.portal_facts import facts_of

log = logging.getLogger(__name__)

_ANSWER_LIMIT = 4000
_GIVEN_UP = {DeliveryState.BLOCKED, DeliveryState.DEAD}
_BROKEN_ANSWERS = 5
"""An answer that cannot be read may be a proxy's page: asked so often before a person looks."""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one attempt; `wait` is how long to the next, if there is one."""

    state: DeliveryState
    code: str | None
    answer: str
    body_sha256: str | None = None
    wait: timedelta = timedelta()


def drain(
    desk: Desk, now: Callable[[], datetime], *, threads: ThreadPoolExecutor, batch: int
) -> int:
    """Send what is due, several dossiers at once; return how many messages were worked on."""
    claimed = _claim(desk, now(), batch)
    for _ in threads.map(lambda row: deliver(desk, row, now), claimed):
        pass
    return len(claimed)


def deliver(desk: Desk, row: Row[Any], now: Callable[[], datetime]) -> None:
    """Send one claimed message and record what became of it."""
    if now() >= row.leased_until:
        return  # it waited for a thread until its claim ran out: another worker may have it
    result = _final(_attempt(desk, row, now()), row.attempts)
    if row.kind == Kind.PAYMENT_OPENING and result.state in _GIVEN_UP:
        record_not_opened(desk, row.subject, result.code)
    _record(desk, row, result, now())


def _attempt(desk: Desk, row: Row[Any], now: datetime) -> Result:
    try:
        return _SENDERS[Kind(row.kind)](desk, row, now)
    except (PortalUnavailable, PlatformUnavailable) as error:
        return Result(DeliveryState.WAITING, "unavailable", str(error))
    except (PortalContractBroken, PlatformContractBroken) as error:
        again = row.attempts < _BROKEN_ANSWERS
        state = DeliveryState.WAITING if again else DeliveryState.BLOCKED
        return Result(state, "contract_broken", str(error))
    except PortalRefused as error:
        return Result(DeliveryState.BLOCKED, error.code, error.raw or error.message)
    except Unmapped as error:
        return Result(DeliveryState.BLOCKED, "unmapped", f"Chưa có ánh xạ cho {error.name}")
    except SQLAlchemyError:
        raise  # the database is away: claimed again after the lease
    except Exception as fault:
        # A dossier that cannot be put into words must not hold back the others.
        log.exception("delivery %s of dossier %s", row.id, row.dossier_id)
        return Result(DeliveryState.BLOCKED, "fault", repr(fault))


def _final(result: Result, attempts: int) -> Result:
    """Give up on what was tried for about a day; else say when to try again."""
    if result.state is not DeliveryState.WAITING:
        return result
    wait = retry_in(attempts, random.Random())  # noqa: S311  (jitter, not a secret)
    return replace(result, wait=wait) if wait else replace(result, state=DeliveryState.DEAD)


def _tell_portal(desk: Desk, row: Row[Any], _now: datetime) -> Result:
    facts = facts_of(desk, row.dossier_id, row.seq)
    message, progress = dossier_message(facts), progress_row(facts)
    digest = sha256(body_of(message) + body_of(progress)).hexdigest()
    portal = desk.partners.portal
    known = _look_up(desk, row, facts.code)
    if known != message:
        portal.tell_dossier(message, is_update=row.seq > 1 or known is not None)
    answer = portal.tell_progress([progress])
    return Result(DeliveryState.ACKNOWLEDGED, answer.code, answer.raw, digest)


def _look_up(desk: Desk, row: Row[Any], code: str) -> dict[str, Any] | None:
    """Ask what the portal holds where that is not known, so that nothing is told twice.

    The first event makes the dossier there, later ones find it there by the order of the ledger.
    Whether an attempt before this one arrived is unknown.
    """
    if row.seq > 1 and row.attempts == 1:
        return None
    try:
        return desk.partners.portal.look_up(code)
    except PortalRefused:
        if row.seq > 1:
            raise
        return None  # "empty or error: not there"; if it is there, adding it will say so


def _open_payment(desk: Desk, row: Row[Any], now: datetime) -> Result:
    order = order_of(desk, row.subject)
    if order is None:
        return Result(DeliveryState.ACKNOWLEDGED, "not_needed", "Khoản này không còn chờ mở.")
    address = desk.partners.payment.open(order, now)
    record_opened(desk, row.subject, address)
    return Result(DeliveryState.ACKNOWLEDGED, "00", address)


_SENDERS: dict[Kind, Callable[[Desk, Row[Any], datetime], Result]] = {
    Kind.DOSSIER_EVENT: _tell_portal,
    Kind.PAYMENT_OPENING: _open_payment,
}

_CLAIM = text("""
WITH due AS (
    SELECT id FROM delivery AS d
    WHERE d.partner = :partner AND d.state IN ('waiting', 'in_flight') AND d.next_at <= :now
        AND (d.state = 'waiting' OR d.leased_until < :now)
        AND NOT EXISTS (
            SELECT FROM delivery AS earlier
            WHERE earlier.dossier_id = d.dossier_id AND earlier.partner = d.partner
                AND earlier.seq < d.seq AND earlier.state <> 'acknowledged'
                -- A payment that could not be opened is over: another may be.
                AND (d.kind <> 'payment_opening' OR earlier.state NOT IN ('blocked', 'dead')))
    ORDER BY d.next_at, d.id
    LIMIT :batch
    FOR UPDATE SKIP LOCKED
)
UPDATE delivery SET state = 'in_flight', lease = :lease, leased_until = :until,
    attempts = attempts + 1
FROM due WHERE delivery.id = due.id
RETURNING delivery.id, delivery.partner, delivery.dossier_id, delivery.seq, delivery.kind,
    delivery.subject, delivery.attempts, delivery.lease, delivery.leased_until
""")


def _claim(desk: Desk, now: datetime, batch: int) -> list[Row[Any]]:
    claimed: list[Row[Any]] = []
    with acting(desk.engine, SYSTEM) as tx:
        for partner in Partner:
            rows = tx.db.execute(
                _CLAIM,
                {
                    "partner": partner,
                    "now": now,
                    "until": now + timedelta(seconds=desk.partners.lease_s),
                    "lease": secrets.token_hex(8),
                    "batch": batch,
                },
            )
            claimed += rows.all()
    return claimed


_RECORD = text("""
UPDATE delivery SET state = :state, next_at = :next_at, lease = NULL, leased_until = NULL,
    acknowledged_at = :acknowledged_at, answer_code = :code, answer = :answer,
    body_sha256 = coalesce(:body_sha256, body_sha256)
WHERE id = :id AND lease = :lease AND state = 'in_flight'
""")


def _record(desk: Desk, row: Row[Any], result: Result, now: datetime) -> None:
    """Record an attempt, unless the claim was lost to another worker meanwhile."""
    with acting(desk.engine, SYSTEM) as tx:
        tx.db.execute(
            _RECORD,
            {
                "id": row.id,
                "lease": row.lease,
                "state": result.state,
                "next_at": now + result.wait,
                "acknowledged_at": now if result.state is DeliveryState.ACKNOWLEDGED else None,
                "code": result.code,
                "answer": result.answer[:_ANSWER_LIMIT].replace("\0", ""),
                "body_sha256": result.body_sha256,
            },
        )
