"""The ledger to partners, worked off: claim in one transaction, call, record in another.

Order is kept per partner and dossier: a message is claimed only when all before it are
acknowledged. A claim that nobody finished is unknown, not failed: it is claimed again after its
lease, and the partner is asked before anything is sent again.
"""

import random
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import Row, text

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

_ANSWER_LIMIT = 4000
_BROKEN_ANSWERS = 5
"""An answer that cannot be read may be a proxy's page: asked so often before a person looks."""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one attempt; `retry_at` with a state of waiting."""

    state: DeliveryState
    code: str | None
    answer: str
    body_sha256: str | None = None


def drain(
    desk: Desk, now: Callable[[], datetime], *, threads: ThreadPoolExecutor, batch: int
) -> int:
    """Send what is due, several dossiers at once; return how many messages were worked on."""
    claimed = _claim(desk, now(), batch)
    for _ in threads.map(lambda row: deliver(desk, row, now), claimed):
        pass
    return len(claimed)


def deliver(desk: Desk, row: Row[Any], now: Callable[[], datetime]) -> Result:
    """Send one claimed message and record what became of it."""
    try:
        result = _SENDERS[Kind(row.kind)](desk, row, now())
    except (PortalUnavailable, PlatformUnavailable) as error:
        result = Result(DeliveryState.WAITING, "unavailable", str(error))
    except (PortalContractBroken, PlatformContractBroken) as error:
        again = row.attempts < _BROKEN_ANSWERS
        state = DeliveryState.WAITING if again else DeliveryState.BLOCKED
        result = Result(state, "contract_broken", str(error))
    except PortalRefused as error:
        result = Result(DeliveryState.BLOCKED, error.code, error.raw or error.message)
    except Unmapped as error:
        result = Result(DeliveryState.BLOCKED, "unmapped", f"Chưa có ánh xạ cho {error.name}")
    _record(desk, row, result, now())
    if row.kind == Kind.PAYMENT_OPENING and result.state is DeliveryState.BLOCKED:
        record_not_opened(desk, row.subject, result.code)
    return result


def _tell_portal(desk: Desk, row: Row[Any], _now: datetime) -> Result:
    facts = facts_of(desk, row.dossier_id, row.seq)
    message, progress = dossier_message(facts), progress_row(facts)
    digest = sha256(body_of(message) + body_of(progress)).hexdigest()
    portal = desk.partners.portal
    # The first event makes the dossier there, later ones find it there by the order of the
    # ledger. Whether an attempt before this one arrived is unknown: the portal is asked, and what
    # it holds already is not told again.
    known = portal.look_up(facts.code) if row.seq == 1 or row.attempts > 1 else None
    if known != message:
        portal.tell_dossier(message, is_update=row.seq > 1 or known is not None)
    answer = portal.tell_progress([progress])
    return Result(DeliveryState.ACKNOWLEDGED, answer.code, answer.raw, digest)


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
                AND earlier.seq < d.seq AND earlier.state <> 'acknowledged')
    ORDER BY d.next_at, d.id
    LIMIT :batch
    FOR UPDATE SKIP LOCKED
)
UPDATE delivery SET state = 'in_flight', lease = :lease, leased_until = :until,
    attempts = attempts + 1
FROM due WHERE delivery.id = due.id
RETURNING delivery.id, delivery.partner, delivery.dossier_id, delivery.seq, delivery.kind,
    delivery.subject, delivery.attempts, delivery.lease
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
    state, next_at = result.state, now
    if state is DeliveryState.WAITING:
        wait = retry_in(row.attempts, random.Random())  # noqa: S311  (jitter, not a secret)
        state = DeliveryState.DEAD if wait is None else state
        next_at = now + (wait or timedelta())
    with acting(desk.engine, SYSTEM) as tx:
        tx.db.execute(
            _RECORD,
            {
                "id": row.id,
                "lease": row.lease,
                "state": state,
                "next_at": next_at,
                "acknowledged_at": now if state is DeliveryState.ACKNOWLEDGED else None,
                "code": result.code,
                "answer": result.answer[:_ANSWER_LIMIT].replace("\0", ""),
                "body_sha256": result.body_sha256,
            },
        )
