"""The poll of the post's tracking: by one worker at a time, from where the last one ended."""

import logging
import random
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, select, text
from sqlalchemy.dialects.postgresql import insert

from app.db.access import Transaction, acting
from app.db.parcels import post_order, post_track
from app.domain.actor import SYSTEM
from app.domain.deliveries import ATTEMPTS, retry_in
from app.domain.parcels import Parcel, moves
from app.integrations.post import PostContractBroken, PostRefused, PostUnavailable, Track
from app.services.desk import Desk

log = logging.getLogger(__name__)

_CLAIM = text("""
UPDATE post_poll SET lease = :lease, leased_until = :until
WHERE id = 1 AND next_at <= :now AND (lease IS NULL OR leased_until < :now)
RETURNING last_id, attempts
""")
_ADVANCE = text("""
UPDATE post_poll SET last_id = :last_id, leased_until = :until WHERE id = 1 AND lease = :lease
""")
_END = text("""
UPDATE post_poll SET lease = NULL, leased_until = NULL, attempts = :attempts, next_at = :next_at,
    answer = :answer
WHERE id = 1 AND lease = :lease
""")


class _ClaimLost(Exception):
    """Another worker has taken the poll over: what is not committed here is its work."""


def poll(desk: Desk, now: Callable[[], datetime]) -> int:
    """Fetch what happened to parcels, if it is time; return how many tracks were read."""
    lease = secrets.token_hex(8)
    with acting(desk.engine, SYSTEM) as tx:
        claimed = tx.db.execute(
            _CLAIM, {"lease": lease, "now": now(), "until": _until(desk, now())}
        ).one_or_none()
    if claimed is None:
        return 0
    try:
        read = _read_pages(desk, claimed.last_id, lease, now)
    except _ClaimLost:
        return 0
    except (PostUnavailable, PostContractBroken, PostRefused) as error:
        log.warning("tracking not polled: %s", error)
        _end(desk, lease, now(), attempts=claimed.attempts + 1, answer=str(error)[:1000])
        return 0
    _end(desk, lease, now(), attempts=0, answer=None)
    return read


def _until(desk: Desk, now: datetime) -> datetime:
    return now + timedelta(seconds=desk.partners.lease_s)


def _read_pages(desk: Desk, last_id: int, lease: str, now: Callable[[], datetime]) -> int:
    read, size = 0, desk.rules.post_page_size
    while True:
        page = desk.partners.post.tracks(last_id, size, now())
        if page:
            last_id = page[-1].id
            _keep(desk, page, last_id, lease, now())
            read += len(page)
        if len(page) < size:
            return read


def _keep(desk: Desk, page: list[Track], last_id: int, lease: str, now: datetime) -> None:
    """Keep a page and the cursor behind it together, or neither."""
    with acting(desk.engine, SYSTEM) as tx:
        advanced = {"last_id": last_id, "lease": lease, "until": _until(desk, now)}
        if not tx.db.execute(_ADVANCE, advanced).rowcount:
            raise _ClaimLost
        numbers = {track.number for track in page}
        orders = {
            row.number: row
            for row in tx.db.execute(
                select(post_order).where(post_order.c.number.in_(numbers)).with_for_update()
            )
        }
        places = {number: Parcel(row.parcel) for number, row in orders.items()}
        for track in page:
            if track.number in orders:  # else another system's of the same customer
                parcel = desk.rules.post_statuses.get(track.code)
                _add(tx, orders[track.number], track, parcel, now)
                places[track.number] = _move(
                    tx, orders[track.number], track, places[track.number], parcel
                )


def _add(
    tx: Transaction, order: Row[Any], track: Track, parcel: Parcel | None, now: datetime
) -> None:
    tx.db.execute(
        insert(post_track)
        .values(
            id=track.id,
            post_order_id=order.id,
            code=track.code,
            words=track.words,
            parcel=parcel,
            occurred_at=track.occurred_at,
            received_at=now,
        )
        .on_conflict_do_nothing()
    )


def _move(
    tx: Transaction, order: Row[Any], track: Track, place: Parcel, told: Parcel | None
) -> Parcel:
    """Move a parcel on; a code without a word of ours moves nothing and is shown to a person."""
    if told is None:
        changes: dict[str, Any] = {"unmapped_code": track.code}
    elif moves(place, told):
        changes = {"parcel": told, "moved_at": track.occurred_at, "unmapped_code": None}
    else:
        return place
    if track.item_code:
        changes["item_code"] = track.item_code
    tx.db.execute(post_order.update().where(post_order.c.id == order.id).values(**changes))
    return told or place


def _end(desk: Desk, lease: str, now: datetime, *, attempts: int, answer: str | None) -> None:
    wait = desk.rules.post_poll_every
    if attempts:
        again = retry_in(min(attempts, ATTEMPTS - 1), random.Random())  # noqa: S311  (jitter)
        wait = min(wait, again or wait)
    with acting(desk.engine, SYSTEM) as tx:
        tx.db.execute(
            _END,
            {
                "lease": lease,
                "attempts": min(attempts, ATTEMPTS),
                "next_at": now + wait,
                "answer": answer,
            },
        )
