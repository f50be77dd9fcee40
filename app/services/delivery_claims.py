"""Rows of the ledger in a worker's hand: claimed in one transaction, recorded in another.

What is recorded and what is claimed next are one transaction: a hand that has told some dossiers
goes on with their next messages, and with others where there are none.
"""

import json
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, text

from app.db.access import Transaction
from app.domain.deliveries import DeliveryState, Partner
from app.services.breakers import hold, is_half_open, note_answer, note_silence
from app.services.results import Result

_ANSWER_LIMIT = 4000
_WORTH_A_HAND = 5
"""So few messages go together: one more call after another takes less than a hand of its own."""


@dataclass(frozen=True, slots=True)
class Load:
    """What one hand carries: claimed rows of one partner, each of another dossier."""

    partner: Partner
    rows: Sequence[Row[Any]]
    is_probe: bool

    @property
    def leased_until(self) -> datetime:
        until: datetime = self.rows[0].leased_until
        return until


@dataclass(frozen=True, slots=True)
class Terms:
    """What may be claimed: at most so many messages a load, for so long."""

    partner: Partner
    most: int
    lease: timedelta


_CLAIM = """
WITH due AS (
    SELECT id, state, attempts, leased_until, payload_version FROM delivery AS d
    WHERE d.partner = :partner AND d.state IN ('waiting', 'in_flight') AND d.next_at <= :now
        AND (d.state = 'waiting' OR d.leased_until < :now) {narrowed}
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
"""
_CLAIM_ANY = text(_CLAIM.format(narrowed=""))
_CLAIM_OF = text(_CLAIM.format(narrowed="AND d.dossier_id = ANY (:dossiers)"))


def claim(tx: Transaction, terms: Terms, now: datetime, hands: int) -> list[Load]:
    """Claim what is due, shared out to at most so many hands; a single message for a probe."""
    is_probe = is_half_open(tx, terms.partner, now)
    if is_probe is None:
        return []
    values = _values(terms, now)
    most = 1 if is_probe else hands * terms.most
    rows = tx.db.execute(_CLAIM_ANY, values | {"most": most}).all()
    if is_probe and rows:
        hold(tx, terms.partner, values["until"])
    size = min(terms.most, max(_WORTH_A_HAND, -(-len(rows) // hands)))
    return [
        Load(terms.partner, rows[start : start + size], is_probe)
        for start in range(0, len(rows), size)
    ]


def claim_on(
    tx: Transaction, terms: Terms, now: datetime, dossiers: Collection[int]
) -> Load | None:
    """Claim what comes next of these dossiers, with others if that leaves the hand half empty.

    None if nothing comes next: what else there is, is shared out among all hands that are free.
    None too while the partner is left alone: whoever probes it begins with a load of its own.
    """
    if is_half_open(tx, terms.partner, now) is not False:
        return None
    values = _values(terms, now)
    rows = list(tx.db.execute(_CLAIM_OF, values | {"most": terms.most, "dossiers": list(dossiers)}))
    if not rows:
        return None
    if len(rows) <= terms.most // 2:
        rows += tx.db.execute(_CLAIM_ANY, values | {"most": terms.most - len(rows)})
    return Load(terms.partner, rows, is_probe=False)


def _values(terms: Terms, now: datetime) -> dict[str, Any]:
    return {
        "partner": terms.partner,
        "now": now,
        "until": now + terms.lease,
        "lease": secrets.token_hex(8),
    }


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


def record(tx: Transaction, load: Load, results: Sequence[Result], now: datetime) -> None:
    """Record an attempt, unless the claim was lost to another worker meanwhile."""
    rows = [_recorded(row, result, now) for row, result in zip(load.rows, results, strict=True)]
    tx.db.execute(_RECORD, {"lease": load.rows[0].lease, "now": now, "results": json.dumps(rows)})
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
