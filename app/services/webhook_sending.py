"""Events, sent to subscribers: claim in one transaction, post, record in another.

Order is kept per subscriber and dossier. An endpoint that is away is left alone as a whole, with
growing pauses, and asked with one event; one that refuses events of a dossier holds up that
dossier only.
"""

import logging
import random
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.exc import SQLAlchemyError

from app.db.access import Transaction, acting
from app.domain.actor import SYSTEM, Role
from app.domain.deliveries import DeliveryState
from app.domain.lifecycle import Status
from app.domain.message_texts import Facts, Topic, text_of
from app.domain.webhooks import Event, cloud_event, event_id, pause_after, retry_in, signature
from app.integrations.webhook_wire import EndpointRefused, EndpointUnavailable
from app.services import notice_rows
from app.services.desk import Desk
from app.services.notice_rows import Notice
from app.services.webhook_secrets import valid_secrets

log = logging.getLogger(__name__)

_ANSWER_LIMIT = 1000
_CONTENT_TYPE = "application/cloudevents+json; charset=utf-8"

_CLAIM = text("""
WITH hook AS MATERIALIZED (
    SELECT id, failures FROM webhook WHERE state = 'active' AND paused_until <= :now
), due AS (
    SELECT found.id FROM hook CROSS JOIN LATERAL (
        SELECT d.id FROM webhook_delivery AS d
        WHERE d.webhook_id = hook.id AND d.state IN ('waiting', 'in_flight')
            AND d.next_at <= :now AND (d.state = 'waiting' OR d.leased_until < :now)
            AND NOT EXISTS (
                SELECT FROM webhook_delivery AS earlier
                WHERE earlier.dossier_id = d.dossier_id AND earlier.webhook_id = d.webhook_id
                    AND earlier.id < d.id AND earlier.state <> 'acknowledged')
        ORDER BY d.next_at, d.id
        -- An endpoint that failed is asked with one event before it gets the others.
        LIMIT CASE WHEN hook.failures > 0 THEN 1 ELSE :batch END
        FOR UPDATE SKIP LOCKED) AS found
)
UPDATE webhook_delivery SET state = 'in_flight', lease = :lease, leased_until = :until,
    attempts = attempts + 1
FROM due WHERE webhook_delivery.id = due.id
""")
_CLAIMED = text("""
SELECT d.id, d.webhook_id, d.attempts, d.lease, d.leased_until, webhook.url, webhook.failures,
    publication.type, publication.seq, event.target, event.occurred_at, dossier.code,
    agency.code AS agency
FROM webhook_delivery AS d
JOIN webhook ON webhook.id = d.webhook_id
JOIN publication ON publication.id = d.publication_id
JOIN dossier ON dossier.id = d.dossier_id
JOIN dossier_event AS event ON event.dossier_id = d.dossier_id AND event.seq = publication.seq
JOIN agency ON agency.id = publication.agency_id
WHERE d.lease = :lease AND d.state = 'in_flight' AND d.leased_until = :until
ORDER BY d.id
""")


@dataclass(frozen=True, slots=True)
class _Result:
    """What became of one attempt; `is_away`: of the endpoint, not of this event."""

    state: DeliveryState
    code: str
    answer: str
    wait: timedelta = timedelta()
    is_away: bool = False
    is_gone: bool = False


def send(
    desk: Desk, now: Callable[[], datetime], *, threads: ThreadPoolExecutor, batch: int
) -> int:
    """Send what is due to every subscriber; return how many events were worked on."""
    claimed, keys = _claim(desk, now(), batch)
    for _ in threads.map(lambda row: _deliver(desk, row, keys[row.webhook_id], now), claimed):
        pass
    return len(claimed)


def _claim(desk: Desk, now: datetime, batch: int) -> tuple[list[Row[Any]], dict[int, list[str]]]:
    given = {
        "now": now,
        "until": now + timedelta(seconds=desk.partners.lease_s),
        "lease": secrets.token_hex(8),
        "batch": batch,
    }
    with acting(desk.engine, SYSTEM) as tx:
        if not tx.db.execute(_CLAIM, given).rowcount:
            return [], {}
        rows = list(tx.db.execute(_CLAIMED, given).all())
        keys = {row.webhook_id: valid_secrets(desk, tx, row.webhook_id, now) for row in rows}
        return rows, keys


def _deliver(desk: Desk, row: Row[Any], keys: list[str], now: Callable[[], datetime]) -> None:
    """Post one claimed event and record what became of it."""
    if now() >= row.leased_until:
        return  # it waited for a thread until its claim ran out: another worker may have it
    result = _attempt(desk, row, keys, now())
    with acting(desk.engine, SYSTEM) as tx:
        _record(desk, tx, row, result, now())


def _attempt(desk: Desk, row: Row[Any], keys: list[str], now: datetime) -> _Result:
    draw = random.Random()  # noqa: S311  (jitter, not a secret)
    try:
        taken = desk.partners.webhooks.post(row.url, *_message(row, keys, now))
    except EndpointUnavailable as error:
        pause = pause_after(row.failures + 1, draw)
        return _Result(DeliveryState.WAITING, error.code, str(error), pause, is_away=True)
    except EndpointRefused as error:
        wait = retry_in(row.attempts, draw)
        state = DeliveryState.WAITING if wait else DeliveryState.DEAD
        return _Result(state, error.code, str(error), wait or timedelta(), is_gone=error.is_gone)
    except SQLAlchemyError:
        raise  # the database is away: claimed again after the lease
    except Exception as fault:
        log.exception("webhook delivery %s", row.id)
        return _Result(DeliveryState.BLOCKED, "fault", repr(fault))
    return _Result(DeliveryState.ACKNOWLEDGED, taken.code, taken.answer)


def _message(row: Row[Any], keys: list[str], now: datetime) -> tuple[dict[str, str], bytes]:
    """Return headers and body: signed anew at each sending, the body and its id are the same."""
    event = Event(row.code, row.seq, row.type, Status(row.target), row.agency, row.occurred_at)
    body, number = cloud_event(event), event_id(row.code, row.seq)
    headers = {
        "Content-Type": _CONTENT_TYPE,
        "User-Agent": "motcua-webhooks",
        "webhook-id": number,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": signature(keys, number, now, body),
    }
    return headers, body


_RECORD = text("""
UPDATE webhook_delivery SET state = :state, next_at = :next_at, lease = NULL,
    leased_until = NULL, acknowledged_at = :acknowledged_at, answer_code = :code,
    answer = :answer, attempts = attempts - :uncounted
WHERE id = :id AND lease = :lease AND state = 'in_flight'
""")
_WENT_WELL = text("""
UPDATE webhook SET failures = 0, failing_since = NULL
WHERE id = :id AND failing_since IS NOT NULL
""")
_WENT_WRONG = text("""
UPDATE webhook SET failing_since = coalesce(failing_since, :now),
    failures = failures + :away,
    paused_until = CASE WHEN :away = 1 THEN greatest(paused_until, :next_at)
        ELSE paused_until END,
    state = CASE WHEN state = 'active' AND (:is_gone OR failing_since < :since)
        THEN 'disabled' ELSE state END,
    disabled_at = CASE WHEN state = 'active' AND (:is_gone OR failing_since < :since)
        THEN :now ELSE disabled_at END,
    disabled_reason = CASE WHEN state = 'active' AND (:is_gone OR failing_since < :since)
        THEN :code ELSE disabled_reason END
WHERE id = :id
RETURNING name, agency_id, state = 'disabled' AND disabled_at = :now AS is_disabled_now
""")


def _record(desk: Desk, tx: Transaction, row: Row[Any], result: _Result, now: datetime) -> None:
    """Record an attempt, unless the claim was lost to another worker meanwhile."""
    is_done = result.state is DeliveryState.ACKNOWLEDGED
    next_at = now + result.wait
    tx.db.execute(
        _RECORD,
        {
            "id": row.id,
            "lease": row.lease,
            "state": result.state,
            "next_at": next_at,
            "acknowledged_at": now if is_done else None,
            "code": result.code,
            "answer": result.answer[:_ANSWER_LIMIT].replace("\0", ""),
            "uncounted": int(result.is_away),
        },
    )
    if is_done:
        tx.db.execute(_WENT_WELL, {"id": row.webhook_id})
        return
    hook = tx.db.execute(
        _WENT_WRONG,
        {
            "id": row.webhook_id,
            "now": now,
            "next_at": next_at,
            "away": int(result.is_away),
            "is_gone": result.is_gone,
            "since": now - desk.rules.webhook_disable_after,
            "code": result.code,
        },
    ).one()
    if hook.is_disabled_now:
        _tell_administrators(desk, tx, row.webhook_id, hook, now)


def _tell_administrators(
    desk: Desk, tx: Transaction, webhook_id: int, hook: Row[Any], now: datetime
) -> None:
    agency = desk.references.catalogue(tx).agency_of(hook.agency_id).name
    notice = Notice(
        f"webhook:{webhook_id}:{int(now.timestamp())}",
        Topic.WEBHOOK_DISABLED,
        Role.ADMINISTRATOR,
        hook.agency_id,
        text_of(Topic.WEBHOOK_DISABLED, Facts(hook.name, "", agency, now)),
    )
    notice_rows.keep(tx, list(notice_rows.to_staff(desk, notice, notice_rows.mailboxes(tx), now)))
