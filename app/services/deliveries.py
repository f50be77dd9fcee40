"""The ledger to partners, worked off: claim in one transaction, call, record in another.

Order is kept per partner and dossier: a message is claimed only when all before it are
acknowledged. A claim that nobody finished is unknown, not failed: it is claimed again after its
lease, and the partner is asked before anything is sent again.
"""

import logging
import random
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from threading import Event
from typing import Any

from sqlalchemy import Row
from sqlalchemy.exc import SQLAlchemyError

from app.db.access import acting
from app.domain.actor import SYSTEM
from app.domain.deliveries import DeliveryState, Partner, retry_in
from app.services import payment_sender, portal_sender
from app.services.delivery_claims import Load, Terms, claim, claim_on, record
from app.services.desk import Desk
from app.services.results import Result, fault

log = logging.getLogger(__name__)

_LOOK_S = 0.2
"""So often it is looked for something new to tell while some hands are free and others are not."""
_GATHER_S = 0.02
"""Hands that became free are filled together: a claim costs more than so short a wait."""
_ROUNDS = 20
"""So often a hand goes on by itself before the hands are shared out anew among the partners."""

Send = Callable[[Sequence[Row[Any]], Callable[[], datetime]], list[Result]]


@dataclass(frozen=True, slots=True)
class Sender:
    """How a partner is told: rows of different dossiers, `most` at once.

    `begin` gives what one hand sends with, for as long as it goes on by itself.
    """

    most: int
    begin: Callable[[Desk], Send]
    settle: Callable[[Desk, Row[Any], Result], None] | None = None  # before the record


SENDERS: dict[Partner, Sender] = {
    Partner.NATIONAL_PORTAL: Sender(portal_sender.MOST, portal_sender.begin),
    Partner.PAYMENT_PLATFORM: Sender(
        payment_sender.MOST,
        lambda desk: lambda rows, now: payment_sender.send(desk, rows, now()),
        payment_sender.given_up,
    ),
}


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
    closing = closing or Event()
    carried: dict[Future[int], Partner] = {}
    done = 0
    while not closing.is_set():
        for load in _claim_for_free_hands(desk, now(), Counter(carried.values()), hands):
            carried[threads.submit(deliver, desk, load, now, closing)] = load.partner
        if not carried:
            return done
        done += _put_down(carried, _LOOK_S if len(carried) < hands else None)
    while carried:
        done += _put_down(carried, None)
    return done


def _put_down(carried: dict[Future[int], Partner], timeout_s: float | None) -> int:
    """Wait until a hand is free, and a moment for others; return what they have worked on."""
    finished, running = wait(carried, timeout_s, return_when=FIRST_COMPLETED)
    if finished and running:
        finished |= wait(running, timeout=_GATHER_S).done
    done = 0
    for future in finished:
        del carried[future]
        done += future.result()
    return done


def deliver(desk: Desk, load: Load, now: Callable[[], datetime], closing: Event) -> int:
    """Send claimed messages, record what became of them, and go on with what comes next.

    Returns how many messages were worked on.
    """
    send, done = SENDERS[load.partner].begin(desk), 0
    following: Load | None = load
    for rounds_left in reversed(range(_ROUNDS)):
        # Those that waited for a thread until their claim ran out: another worker may have them.
        if following is None or now() >= following.leased_until:
            break
        done += len(following.rows)
        is_last = rounds_left == 0 or closing.is_set()
        following = _deliver(desk, send, following, now, is_last=is_last)
    return done


def _deliver(
    desk: Desk, send: Send, load: Load, now: Callable[[], datetime], *, is_last: bool
) -> Load | None:
    """Send and record a load; return what its hand carries next, None if it is put down."""
    sender = SENDERS[load.partner]
    attempted = _attempt(send, load.rows, now)
    results = [_final(result, row.tries) for row, result in zip(load.rows, attempted, strict=True)]
    if sender.settle is not None:
        for row, result in zip(load.rows, results, strict=True):
            sender.settle(desk, row, result)
    told = [
        row.dossier_id
        for row, result in zip(load.rows, results, strict=True)
        if result.state is DeliveryState.ACKNOWLEDGED
    ]
    at = now()
    with acting(desk.engine, SYSTEM) as tx:
        record(tx, load, results, at)
        return None if is_last or not told else claim_on(tx, _terms(desk, load.partner), at, told)


def _attempt(send: Send, rows: Sequence[Row[Any]], now: Callable[[], datetime]) -> list[Result]:
    try:
        return send(rows, now)
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
                found += claim(tx, _terms(desk, partner), now, wanted)
    return found


def _terms(desk: Desk, partner: Partner) -> Terms:
    return Terms(partner, SENDERS[partner].most, timedelta(seconds=desk.partners.lease_s))
