"""The ledger to partners, worked off: claim in one transaction, call, record in another.

Order is kept per partner and dossier: a message is claimed only when all before it are
acknowledged. A claim that nobody finished is unknown, not failed: it is claimed again after its
lease, and the partner is asked before anything is sent again.
"""

import json
import logging
import random
import secrets
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from threading import Event
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.exc import SQLAlchemyError

from app.db.access import Transaction, acting
from app.domain.actor import SYSTEM
from app.domain.deliveries import DeliveryState, Partner, retry_in
from app.services import payment_sender, portal_sender
from app.services.breakers import hold, is_half_open, note_answer, note_silence
from app.services.desk import Desk
from app.services.results import Result, fault

log = logging.getLogger(__name__)

_ANSWER_LIMIT = 4000
_GATHER_S = 0.02
"""Hands that became free are filled together: a claim costs more than so short a wait."""


@dataclass(frozen=True, slots=True)
class Sender:
    """How a partner is told: rows of different dossiers, `most` at once."""

    most: int
    send: Callable[[Desk, Sequence[Row[Any]], datetime], list[Result]]
    settle: Callable[[Desk, Row[Any], Result], None] | None = None  # before the record


SENDERS: dict[Partner, Sender] = {
    Partner.NATIONAL_PORTAL: Sender(portal_sender.MOST, portal_sender.send),
    Partner.PAYMENT_PLATFORM: Sender(
        payment_sender.MOST, payment_sender.send, payment_sender.given_up
    ),
}


@dataclass(frozen=True, slots=True)
class Load:
    """What one hand carries: claimed rows of one partner."""

    partner: Partner
    rows: Sequence[Row[Any]]
    is_probe: bool


def drain(
    desk: Desk,
    now: Callable[[], datetime],
    *,
    threads: ThreadPoolExecutor,
    hands: int,
    closing: Event | None = None,
) -> int:
    """Send what is due until nothing is; return how many messages were worked on.

    `hands` is how many loads are carried at once, each by one of `threads`. No partner gets all
    of them, so that one that hangs does not keep the others waiting.
    """
    carried: dict[Future[None], Partner] = {}
    done = 0
    while not (closing and closing.is_set()):
        loads = _claim_for_free_hands(desk, now(), Counter(carried.values()), hands)
        for load in loads:
            carried[threads.submit(deliver, desk, load, now)] = load.partner
            done += len(load.rows)
        if not carried:
            return done
        _put_down(carried)
    while carried:
        _put_down(carried)
    return done


def _put_down(carried: dict[Future[None], Partner]) -> None:
    """Wait until a hand is free, and a moment for others."""
    finished, running = wait(carried, return_when=FIRST_COMPLETED)
    if running:
        finished |= wait(running, timeout=_GATHER_S).done
    for future in finished:
        del carried[future]
        future.result()


def deliver(desk: Desk, load: Load, now: Callable[[], datetime]) -> None:
    """Send claimed messages and record what became of them."""
    if now() >= load.rows[0].leased_until:
        return  # they waited for a thread until their claim ran out: another worker may have them
    sender = SENDERS[load.partner]
    attempted = _attempt(desk, sender, load.rows, now())
    results = [_final(result, row.tries) for row, result in zip(load.rows, attempted, strict=True)]
    if sender.settle is not None:
        for row, result in zip(load.rows, results, strict=True):
            sender.settle(desk, row, result)
    _record(desk, load, results, now())


def _attempt(desk: Desk, sender: Sender, rows: Sequence[Row[Any]], now: datetime) -> list[Result]:
    try:
        return sender.send(desk, rows, now)
    except SQLAlchemyError:
        raise  # the database is away: claimed again after the lease
    except Exception as error:
        log.exception("deliveries %s", [row.id for row in rows])
        return [fault(error) for _ in rows]


def _final(result: Result, tries: int) -> Result:
    """Give up on what was tried for about a day; else say when to try again."""
    if result.state is not DeliveryState.WAITING:
        return result
    pause = retry_in(tries, random.Random())  # noqa: S311  (jitter, not a secret)
    return replace(result, wait=pause) if pause else replace(result, state=DeliveryState.DEAD)


_CLAIM = text("""
WITH due AS (
    SELECT id, state, attempts, leased_until, payload_version FROM delivery AS d
    WHERE d.partner = :partner AND d.state IN ('waiting', 'in_flight') AND d.next_at <= :now
        AND (d.state = 'waiting' OR d.leased_until < :now)
        AND NOT EXISTS (
            SELECT FROM delivery AS earlier
            WHERE earlier.dossier_id = d.dossier_id AND earlier.partner = d.partner
                AND earlier.seq < d.seq AND earlier.state <> 'acknowledged'
                -- A payment that could not be opened is over: another may be.
                AND (d.kind <> 'payment_opening' OR earlier.state NOT IN ('blocked', 'dead')))
    ORDER BY d.next_at, d.id
    LIMIT :most
    FOR UPDATE SKIP LOCKED
), lost AS (
    INSERT INTO delivery_attempt (delivery_id, n, ended_at, outcome, payload_version)
    SELECT id, attempts, leased_until, 'unknown', payload_version
    FROM due WHERE state = 'in_flight'
    ON CONFLICT DO NOTHING
)
UPDATE delivery SET state = 'in_flight', lease = :lease, leased_until = :until,
    attempts = delivery.attempts + 1
FROM due WHERE delivery.id = due.id
RETURNING delivery.id, delivery.partner, delivery.dossier_id, delivery.seq, delivery.kind,
    delivery.subject, delivery.attempts, delivery.attempts - delivery.retried_after AS tries,
    delivery.lease, delivery.leased_until
""")


def _claim_for_free_hands(
    desk: Desk, now: datetime, carried: Counter[Partner], hands: int
) -> list[Load]:
    share = max(1, hands * 3 // 4)
    free = hands - carried.total()
    found: list[Load] = []
    if free <= 0:
        return found
    with acting(desk.engine, SYSTEM) as tx:
        for partner in SENDERS:
            wanted = min(free - len(found), share - carried[partner])
            if wanted > 0:
                found += _claim(tx, desk, partner, now, wanted)
    return found


def _claim(tx: Transaction, desk: Desk, partner: Partner, now: datetime, hands: int) -> list[Load]:
    is_probe = is_half_open(tx, partner, now)
    if is_probe is None:
        return []
    most = SENDERS[partner].most
    until = now + timedelta(seconds=desk.partners.lease_s)
    rows = tx.db.execute(
        _CLAIM,
        {
            "partner": partner,
            "now": now,
            "until": until,
            "lease": secrets.token_hex(8),
            "most": 1 if is_probe else hands * most,
        },
    ).all()
    if is_probe and rows:
        hold(tx, partner, until)
    size = max(1, min(most, -(-len(rows) // hands)))
    return [
        Load(partner, rows[start : start + size], is_probe) for start in range(0, len(rows), size)
    ]


_RECORD = text("""
WITH result AS (
    SELECT * FROM jsonb_to_recordset(CAST(:results AS jsonb)) AS result (id bigint, state text,
        next_at timestamptz, acknowledged_at timestamptz, code text, answer text,
        body_sha256 text, payload_version smallint)
), recorded AS (
    UPDATE delivery SET state = result.state, next_at = result.next_at, lease = NULL,
        leased_until = NULL, acknowledged_at = result.acknowledged_at, answer_code = result.code,
        answer = result.answer, body_sha256 = coalesce(result.body_sha256, delivery.body_sha256),
        payload_version = coalesce(result.payload_version, delivery.payload_version)
    FROM result
    WHERE delivery.id = result.id AND lease = :lease AND delivery.state = 'in_flight'
    RETURNING delivery.id, delivery.attempts, delivery.payload_version, result.state,
        result.code, result.answer, result.body_sha256
)
INSERT INTO delivery_attempt (delivery_id, n, ended_at, outcome, code, answer, body_sha256,
    payload_version)
SELECT id, attempts, :now, state, code, answer, body_sha256, payload_version
FROM recorded WHERE state <> 'acknowledged'
ON CONFLICT DO NOTHING
""")


def _record(desk: Desk, load: Load, results: Sequence[Result], now: datetime) -> None:
    """Record an attempt, unless the claim was lost to another worker meanwhile."""
    with acting(desk.engine, SYSTEM) as tx:
        tx.db.execute(
            _RECORD,
            {
                "lease": load.rows[0].lease,
                "now": now,
                "results": json.dumps(
                    [
                        _recorded(row, result, now)
                        for row, result in zip(load.rows, results, strict=True)
                    ]
                ),
            },
        )
        answered = {result.is_answered for result in results}
        if True in answered:
            note_answer(tx, load.partner)
        elif False in answered:
            reason = next(result.answer for result in results if result.is_answered is False)
            note_silence(tx, load.partner, reason, now, is_probe=load.is_probe)


def _recorded(row: Row[Any], result: Result, now: datetime) -> dict[str, Any]:
    is_taken = result.state is DeliveryState.ACKNOWLEDGED
    return {
        "id": row.id,
        "state": result.state,
        "next_at": (now + result.wait).isoformat(),
        "acknowledged_at": now.isoformat() if is_taken else None,
        "code": result.code,
        "answer": result.answer[:_ANSWER_LIMIT].replace("\0", ""),
        "body_sha256": result.body_sha256,
        "payload_version": result.payload_version,
    }
