"""Notices to people, sent: claim in one transaction, send, record in another.

A claim that nobody finished is unknown, not failed: it is sent again after its lease under the
same number, by which a gateway sends it once and a mailbox recognises it.
"""

import logging
import random
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.exc import SQLAlchemyError

from app.db.access import Transaction, acting
from app.db.messages import message
from app.domain.actor import SYSTEM
from app.domain.calendar import LOCAL_ZONE
from app.domain.deliveries import DeliveryState
from app.domain.messages import APPLICANT, BROKEN_ANSWERS, Channel, retry_in
from app.integrations.messaging import (
    ChannelContractBroken,
    ChannelRefused,
    ChannelUnavailable,
    Letter,
    Messenger,
)
from app.services.desk import Desk
from app.services.notice_rows import way_of

log = logging.getLogger(__name__)

_ANSWER_LIMIT = 1000

_CLAIM = text("""
WITH due AS (
    SELECT id FROM message AS m
    WHERE channel = :channel AND state IN ('waiting', 'in_flight') AND next_at <= :now
        AND (state = 'waiting' OR leased_until < :now)
        AND (:is_quiet IS FALSE OR deadline_on <= :today)
        -- In order for each person, but nobody waits for a notice that failed.
        AND NOT EXISTS (
            SELECT FROM message AS earlier
            WHERE earlier.dossier_id = m.dossier_id AND earlier.id < m.id
                AND earlier.recipient = m.recipient AND earlier.channel = m.channel
                AND (earlier.state = 'in_flight'
                    OR earlier.state = 'waiting' AND earlier.attempts = 0 AND :is_quiet IS FALSE))
    ORDER BY next_at, id
    LIMIT :batch
    FOR UPDATE SKIP LOCKED
)
UPDATE message SET state = 'in_flight', lease = :lease, leased_until = :until,
    attempts = attempts + 1
FROM due WHERE message.id = due.id
RETURNING message.*
""")


@dataclass(frozen=True, slots=True)
class _Result:
    """What became of one attempt; `changes` are columns of the notice."""

    state: DeliveryState
    code: str | None
    answer: str
    wait: timedelta = timedelta()
    changes: dict[str, Any] = field(default_factory=dict)


def send(
    desk: Desk,
    channel: Channel,
    now: Callable[[], datetime],
    *,
    threads: ThreadPoolExecutor,
    batch: int,
) -> int:
    """Send what is due over a channel; return how many notices were worked on.

    In quiet hours only those go out whose recipient has a legal deadline of the day.
    """
    messenger = desk.partners.messengers.get(channel)
    if messenger is None:
        return 0
    claimed = _claim(desk, channel, now(), batch)
    for _ in threads.map(lambda row: _deliver(desk, messenger, row, now), claimed):
        pass
    return len(claimed)


def _claim(desk: Desk, channel: Channel, now: datetime, batch: int) -> list[Row[Any]]:
    with acting(desk.engine, SYSTEM) as tx:
        claimed = tx.db.execute(
            _CLAIM,
            {
                "channel": channel,
                "now": now,
                "is_quiet": desk.rules.quiet.holds(channel, now),
                "today": now.astimezone(LOCAL_ZONE).date(),
                "until": now + timedelta(seconds=desk.partners.lease_s),
                "lease": secrets.token_hex(8),
                "batch": batch,
            },
        )
        return list(claimed.all())


def _deliver(desk: Desk, messenger: Messenger, row: Row[Any], now: Callable[[], datetime]) -> None:
    """Send one claimed notice and record what became of it."""
    if now() >= row.leased_until:
        return  # it waited for a thread until its claim ran out: another worker may have it
    result = _final(_attempt(desk, messenger, row), row.attempts)
    with acting(desk.engine, SYSTEM) as tx:
        _record(tx, row, result, now())


def _attempt(desk: Desk, messenger: Messenger, row: Row[Any]) -> _Result:
    letter = Letter(
        f"notice-{row.id}-{row.channel}",
        row.address,
        row.topic,
        row.subject,
        row.body,
        row.short,
        row.created_at,
    )
    try:
        receipt = messenger.send(letter)
    except ChannelUnavailable as error:
        return _Result(DeliveryState.WAITING, error.code, str(error))
    except ChannelContractBroken as error:
        again = row.attempts < BROKEN_ANSWERS
        state = DeliveryState.WAITING if again else DeliveryState.BLOCKED
        return _Result(state, "contract_broken", str(error))
    except ChannelRefused as error:
        return _refused(desk, row, error)
    except SQLAlchemyError:
        raise  # the database is away: claimed again after the lease
    except Exception as fault:
        log.exception("notice %s", row.id)
        return _Result(DeliveryState.BLOCKED, "fault", repr(fault))
    return _Result(DeliveryState.ACKNOWLEDGED, receipt.code, receipt.number)


def _final(result: _Result, attempts: int) -> _Result:
    """Give up on what was tried for about a day; else say when to try again."""
    if result.state is not DeliveryState.WAITING or result.changes:
        return result
    wait = retry_in(attempts, random.Random())  # noqa: S311  (jitter, not a secret)
    return replace(result, wait=wait) if wait else replace(result, state=DeliveryState.DEAD)


def _refused(desk: Desk, row: Row[Any], error: ChannelRefused) -> _Result:
    """Try another channel where this one cannot reach the person; else a person looks."""
    blocked = _Result(DeliveryState.BLOCKED, error.code, str(error))
    if not error.is_person or row.recipient != APPLICANT:
        return blocked
    tried = [*row.tried, {"channel": row.channel, "code": error.code}]
    channel, address = way_of(desk, row, [one["channel"] for one in tried])
    if address is None:
        return blocked
    changes = {"channel": channel, "address": address, "tried": tried, "attempts": 0}
    return _Result(DeliveryState.WAITING, error.code, str(error), changes=changes)


def _record(tx: Transaction, row: Row[Any], result: _Result, now: datetime) -> None:
    """Record an attempt, unless the claim was lost to another worker meanwhile."""
    is_done = result.state is DeliveryState.ACKNOWLEDGED
    tx.db.execute(
        message.update()
        .where(message.c.id == row.id, message.c.lease == row.lease)
        .values(
            state=result.state,
            next_at=now + result.wait,
            lease=None,
            leased_until=None,
            acknowledged_at=now if is_done else None,
            answer_code=result.code,
            answer=result.answer[:_ANSWER_LIMIT].replace("\0", ""),
            **result.changes,
        )
    )
