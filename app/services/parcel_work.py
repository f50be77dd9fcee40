"""Orders worked off at the public post: placed once, cancelled, followed to their end.

After an attempt whose outcome is unknown the post is asked by OrderNumber before anything is
ordered again.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text

from app.db.access import Transaction, acting
from app.domain.actor import SYSTEM
from app.domain.errors import DomainError
from app.domain.intake import ReturnWay
from app.domain.lifecycle import Act
from app.domain.parcels import Parcel, ParcelKind, Wanted
from app.integrations.post import (
    Contact,
    Order,
    PostContractBroken,
    PostRefused,
    PostUnavailable,
)
from app.services.desk import Desk
from app.services.errands import Result, Trade, attempt, claim, done, heed, standing
from app.services.transition import Effect, Request, carry_out

POST = Trade("post", "post_order", PostUnavailable, PostContractBroken, PostRefused)

_WORDS = {
    ParcelKind.RETURN: "Kết quả giải quyết thủ tục hành chính",
    ParcelKind.COLLECT: "Thu gom giấy tờ của hồ sơ",
}


def work(
    desk: Desk, now: Callable[[], datetime], *, threads: ThreadPoolExecutor, batch: int
) -> int:
    """Bring to the post what is due; return how many orders were worked on."""
    claimed = claim(desk, POST, now(), batch)
    for _ in threads.map(lambda row: see_to(desk, row, now), claimed):
        pass
    return len(claimed)


def see_to(desk: Desk, row: Row[Any], now: Callable[[], datetime]) -> None:
    """Bring one claimed order to where it is wanted and record what came of it."""
    if now() >= row.leased_until:
        return  # it waited for a thread until its claim ran out: another worker may have it
    deed = _cancel if row.wanted == Wanted.CANCELLED else _place
    result = attempt(POST, row, lambda: deed(desk, row, now()))
    _record(desk, row, result, now())


def _place(desk: Desk, row: Row[Any], now: datetime) -> Result:
    post = desk.partners.post
    known = post.find(row.number, now) if row.attempts > 1 else None
    if known is not None:
        return done("found", item_code=known, parcel=Parcel.REGISTERED)
    order = Order(
        row.number,
        ParcelKind(row.kind),
        Contact(**row.person),
        row.cod_vnd,
        f"{_WORDS[ParcelKind(row.kind)]} {row.number}",
    )
    try:
        item_code = post.place(order, now)
    except PostRefused:
        # "Already there" may be the answer to this very order, delivered twice on its way.
        known = post.find(row.number, now)
        if known is None:
            raise
        return done("found", item_code=known, parcel=Parcel.REGISTERED)
    return done("100", item_code=item_code, parcel=Parcel.REGISTERED)


def _cancel(desk: Desk, row: Row[Any], now: datetime) -> Result:
    post = desk.partners.post
    if post.find(row.number, now) is None:
        return done("not_there", parcel=Parcel.CANCELLED)
    post.cancel(row.number, now)
    return done("100", parcel=Parcel.CANCELLED)


# Somebody may have wanted it cancelled while it was being placed: then there is more to do.
_RECORD = text("""
UPDATE post_order SET lease = NULL, leased_until = NULL,
    state = CASE WHEN wanted = :wanted THEN :state ELSE 'waiting' END,
    next_at = CASE WHEN wanted = :wanted THEN :next_at ELSE :now END,
    answer_code = :code, answer = :answer, item_code = coalesce(:item_code, item_code),
    parcel = CASE WHEN CAST(:parcel AS text) IS NULL OR parcel NOT IN ('requested', 'registered')
        THEN parcel ELSE CAST(:parcel AS text) END,
    moved_at = CASE WHEN CAST(:parcel AS text) IS NULL THEN moved_at ELSE :now END
WHERE id = :id AND lease = :lease AND state = 'in_flight'
""")


def _record(desk: Desk, row: Row[Any], result: Result, now: datetime) -> None:
    """Record an attempt, unless the claim was lost to another worker meanwhile."""
    found = result.found
    values = standing(row, result, now) | {
        "wanted": row.wanted,
        "item_code": found.get("item_code") or None,
        "parcel": found.get("parcel"),
        "now": now,
    }
    with acting(desk.engine, SYSTEM) as tx:
        tx.db.execute(_RECORD, values)
        heed(tx, POST.partner, now, is_unavailable=result.code == "unavailable")


def return_delivered(desk: Desk, *, now: datetime, limit: int = 50) -> int:
    """Return results whose parcels were delivered; return how many dossiers were."""
    with acting(desk.engine, SYSTEM) as tx:
        rows = tx.db.execute(
            text("""
                SELECT o.id, o.number, d.code FROM post_order AS o
                JOIN dossier AS d ON d.id = o.dossier_id
                WHERE o.kind = 'return' AND o.parcel = 'delivered' AND o.closed_at IS NULL
                ORDER BY o.id LIMIT :limit
            """),
            {"limit": limit},
        ).all()
    return sum(_return(desk, row, now) for row in rows)


def _return(desk: Desk, row: Row[Any], now: datetime) -> bool:
    def work(tx: Transaction, _dossier: Row[Any]) -> Effect:
        _close(tx, row, now)
        return Effect(details={"return_way": ReturnWay.POST, "post_order": row.number})

    try:
        carry_out(desk, Request(row.code, SYSTEM, now), Act.RETURN_RESULT, work)
    except DomainError:
        # The desk, or another worker, was first: the parcel's end has nothing more to say.
        with acting(desk.engine, SYSTEM) as tx:
            _close(tx, row, now)
        return False
    return True


def _close(tx: Transaction, row: Row[Any], now: datetime) -> None:
    tx.db.execute(
        text("UPDATE post_order SET closed_at = :now WHERE id = :id AND closed_at IS NULL"),
        {"id": row.id, "now": now},
    )
