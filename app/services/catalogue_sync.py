"""Looks at the national portal's catalogue: on demand and every night, each on record."""

import time
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, desc, insert, select, text, update

from app.db.access import Transaction, acting
from app.db.reconciliations import catalogue_sync
from app.domain.actor import SYSTEM, Actor
from app.domain.calendar import LOCAL_ZONE
from app.integrations.portal import PORTAL_ERRORS
from app.services.catalogue_drafting import Synced, draft_differences
from app.services.desk import Desk
from app.services.drafting import let_in

_ALONE = "SELECT pg_advisory_xact_lock(760000009)"
"""Any number that nothing else locks: whose turn it is, is decided by one worker at a time."""

_LEASE = timedelta(hours=1)
_AGAIN_AFTER_FAILING = timedelta(minutes=30)
_DAY = timedelta(days=1)


def sync(desk: Desk, *, actor: Actor, now: datetime) -> Synced:
    """Read the portal's catalogue and draft what differs from ours; the portal may be away.

    Raises the portal's errors where not even its list can be read. Either is kept for everybody
    to see (`last_looks`).
    """
    with acting(desk.engine, actor) as tx:
        let_in(desk, tx)
        look = _begin(tx, actor, now)
    return _looked(desk, look, actor, now)


def sync_when_due(desk: Desk, *, now: datetime) -> int:
    """Read the catalogue if it is time, by one worker; return whether this one did.

    By default once a night. A portal that was away is tried again half an hour later.
    """
    with acting(desk.engine, SYSTEM) as tx:
        tx.db.execute(text(_ALONE))
        last = tx.db.execute(
            select(catalogue_sync).order_by(desc(catalogue_sync.c.id)).limit(1)
        ).one_or_none()
        if not _is_due(desk, last, now):
            return 0
        look = _begin(tx, SYSTEM, now)
    with suppress(*PORTAL_ERRORS):
        _looked(desk, look, SYSTEM, now)
    return 1


def last_looks(desk: Desk, *, limit: int = 1) -> list[dict[str, Any]]:
    """Return the newest looks at the catalogue: when, by whom, what they brought, why not."""
    with acting(desk.engine, SYSTEM) as tx:
        rows = tx.db.execute(
            select(catalogue_sync).order_by(desc(catalogue_sync.c.id)).limit(limit)
        ).all()
    return [
        {
            "begun_at": row.begun_at,
            "asked_by": row.asked_name,
            "finished_at": row.finished_at,
            "outcome": row.outcome,
            "drafted": row.drafted,
            "unchanged": row.unchanged,
            "faulty": row.faulty,
            "renamed": row.renamed,
            "reason": row.reason,
        }
        for row in rows
    ]


def _is_due(desk: Desk, last: Row[Any] | None, now: datetime) -> bool:
    every = desk.rules.catalogue_every
    is_time = every < _DAY or desk.rules.asking.is_night(now.astimezone(LOCAL_ZONE).hour)
    if last is None:
        return is_time
    if last.outcome is None:
        return is_time and (last.leased_until is None or last.leased_until <= now)
    if last.outcome == "failed":
        return bool(now >= last.begun_at + min(_AGAIN_AFTER_FAILING, every))
    # By days rather than to the minute: else each night begins later than the one before.
    since = now - last.begun_at if every < _DAY else _days_between(last.begun_at, now)
    return is_time and bool(since >= every)


def _days_between(then: datetime, now: datetime) -> timedelta:
    return now.astimezone(LOCAL_ZONE).date() - then.astimezone(LOCAL_ZONE).date()


def _begin(tx: Transaction, actor: Actor, now: datetime) -> int:
    nothing: dict[str, Any] = {"drafted": [], "unchanged": 0, "faulty": {}, "renamed": {}}
    row = insert(catalogue_sync).values(
        begun_at=now, asked_name=actor.name, leased_until=now + _LEASE, **nothing
    )
    return int(tx.db.scalars(row.returning(catalogue_sync.c.id)).one())


def _looked(desk: Desk, look: int, actor: Actor, now: datetime) -> Synced:
    """Read the catalogue, and keep what became of it."""
    begun = time.monotonic()
    try:
        found = draft_differences(desk, actor=actor, now=now)
    except PORTAL_ERRORS as error:
        reason = str(error)[:1000].replace("\0", "")
        _end(desk, look, _after(now, begun), outcome="failed", reason=reason)
        raise
    _end(
        desk,
        look,
        _after(now, begun),
        outcome="done",
        drafted=found.drafted,
        unchanged=len(found.unchanged),
        faulty=found.faulty,
        renamed=found.renamed,
    )
    return found


def _after(now: datetime, begun: float) -> datetime:
    return now + timedelta(seconds=time.monotonic() - begun)


def _end(desk: Desk, look: int, now: datetime, **became: Any) -> None:  # noqa: ANN401  (columns)
    with acting(desk.engine, SYSTEM) as tx:
        tx.db.execute(
            update(catalogue_sync)
            .where(catalogue_sync.c.id == look)
            .values(finished_at=now, leased_until=None, **became)
        )
