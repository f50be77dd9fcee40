"""Subscriptions of other systems: made, changed, ended by administrators; replays, the log."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, func, insert, select, text

from app.db.access import Transaction, acting
from app.db.answers import remember
from app.db.visibility import own_agencies
from app.db.webhooks import webhook, webhook_delivery
from app.domain.actor import SYSTEM, Actor, Role
from app.domain.agency import AgencyNotYours
from app.domain.deliveries import DeliveryState
from app.domain.once import Once
from app.domain.webhooks import WebhookNotFound, WebhookRefused, WebhookState
from app.services.desk import Desk
from app.services.webhook_secrets import make_secret, read_secret

LARGEST_REPLAY = 10_000
"""So many events at once; the answer says where the next replay begins."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a subscriber wants: no types are every type, `agency` includes those below it."""

    name: str
    url: str
    types: tuple[str, ...]
    agency: str


def create(desk: Desk, wish: Wish, *, actor: Actor, now: datetime, once: Once) -> dict[str, Any]:
    """Subscribe; the signing secret is in this answer and in no other."""
    _check(actor)
    desk.partners.webhooks.check(wish.url)
    with acting(desk.engine, actor, once) as tx:
        if tx.seen is None:
            agency_id = desk.references.catalogue(tx).agency_ids.get(wish.agency)
            if agency_id is None or not f"{wish.agency}.".startswith(f"{actor.agency}."):
                raise AgencyNotYours(f"Không có cơ quan {wish.agency} trong phạm vi của bạn.")
            made = tx.db.execute(
                insert(webhook)
                .values(
                    name=wish.name,
                    url=wish.url,
                    types=list(wish.types),
                    agency_id=agency_id,
                    state=WebhookState.ACTIVE,
                    created_at=now,
                    created_by=actor.id,
                    replays=0,
                    failures=0,
                    paused_until=now,
                )
                .returning(webhook.c.id)
            ).scalar_one()
            named = {"id": made, "n": make_secret(desk, tx, made, now)}
            remember(tx, once, named, now)  # not the secret itself
        else:
            named = dict(tx.seen)
        return _with_secret(desk, tx, named)


def rotate(
    desk: Desk, webhook_id: int, *, actor: Actor, now: datetime, once: Once
) -> dict[str, Any]:
    """Make a new secret; the one before signs beside it for a day."""
    _check(actor)
    with acting(desk.engine, actor, once) as tx:
        if tx.seen is None:
            _find(tx, webhook_id, is_locked=True)
            named = {"id": webhook_id, "n": make_secret(desk, tx, webhook_id, now)}
            remember(tx, once, named, now)
        else:
            named = dict(tx.seen)
        return _with_secret(desk, tx, named)


def _with_secret(desk: Desk, tx: Transaction, named: Mapping[str, Any]) -> dict[str, Any]:
    secret = read_secret(desk, tx, named["id"], named["n"])
    return _view(desk, tx, _find(tx, named["id"])) | {"secret": secret}


def read(desk: Desk, webhook_id: int, *, actor: Actor) -> dict[str, Any]:
    """Return a subscription and how it stands."""
    _check(actor)
    with acting(desk.engine, actor) as tx:
        return _view(desk, tx, _find(tx, webhook_id))


def list_page(desk: Desk, *, actor: Actor, after: int, limit: int) -> list[dict[str, Any]]:
    """Return subscriptions of the administrator's agency and those below it, oldest first."""
    _check(actor)
    with acting(desk.engine, actor) as tx:
        rows = tx.db.execute(
            select(webhook)
            .where(*_mine(), webhook.c.id > after)
            .order_by(webhook.c.id)
            .limit(limit)
        ).all()
        return [_view(desk, tx, row) for row in rows]


def change(
    desk: Desk, webhook_id: int, changes: Mapping[str, Any], *, actor: Actor, now: datetime
) -> dict[str, Any]:
    """Change name, address, types or state; made active again, all that is stuck is sent on."""
    _check(actor)
    if "url" in changes:
        desk.partners.webhooks.check(changes["url"])
    values: dict[str, Any] = dict(changes)
    with acting(desk.engine, actor) as tx:
        _find(tx, webhook_id, is_locked=True)
        if changes.get("state") == WebhookState.ACTIVE:
            values |= {"failures": 0, "failing_since": None, "paused_until": now}
            values |= {"disabled_at": None, "disabled_reason": None}
            _free(tx, webhook_id, now)
        elif changes.get("state") == WebhookState.DISABLED:
            values |= {"disabled_at": now, "disabled_reason": "by_hand"}
        if values:
            tx.db.execute(webhook.update().where(webhook.c.id == webhook_id).values(**values))
        return _view(desk, tx, _find(tx, webhook_id))


def _free(tx: Transaction, webhook_id: int, now: datetime) -> None:
    stuck = (DeliveryState.BLOCKED, DeliveryState.DEAD, DeliveryState.WAITING)
    tx.db.execute(
        webhook_delivery.update()
        .where(webhook_delivery.c.webhook_id == webhook_id, webhook_delivery.c.state.in_(stuck))
        .values(state=DeliveryState.WAITING, attempts=0, next_at=now)
    )


def end(desk: Desk, webhook_id: int, *, actor: Actor) -> dict[str, Any]:
    """End a subscription for good; its log stays."""
    _check(actor)
    with acting(desk.engine, actor) as tx:
        found = _view(desk, tx, _find(tx, webhook_id, is_locked=True))
        tx.db.execute(
            webhook.update().where(webhook.c.id == webhook_id).values(state=WebhookState.ENDED)
        )
    return found | {"state": WebhookState.ENDED}


_REPLAY = text("""
WITH wanted AS (
    SELECT publication.id, publication.dossier_id
    FROM publication
    JOIN agency ON agency.id = publication.agency_id
    JOIN agency AS above ON above.id = :agency_id
        AND (agency.code = above.code OR agency.code LIKE above.code || '.%')
    WHERE publication.id > :after AND (CAST(:types AS text[]) = '{}'
            OR publication.type = ANY (CAST(:types AS text[])))
    ORDER BY publication.id LIMIT :limit
), added AS (
    INSERT INTO webhook_delivery (webhook_id, publication_id, replay, dossier_id, created_at,
        state, attempts, next_at)
    SELECT :webhook_id, id, :replay, dossier_id, :now, 'waiting', 0, :now
    FROM wanted ORDER BY id
    RETURNING publication_id
)
SELECT count(*) AS events, max(publication_id) AS last FROM added
""")


def replay(
    desk: Desk, webhook_id: int, after: int, *, actor: Actor, now: datetime, once: Once
) -> dict[str, Any]:
    """Send again, in order, every event published after a cursor that the subscriber wants.

    The cursor is the number of an event's publication, as the log shows it; 0: from the beginning.
    """
    _check(actor)
    with acting(desk.engine, actor, once) as tx:
        if tx.seen is not None:
            return dict(tx.seen)
        found = _find(tx, webhook_id, is_locked=True)
        number = found.replays + 1
        tx.db.execute(webhook.update().where(webhook.c.id == webhook_id).values(replays=number))
        row = tx.db.execute(
            _REPLAY,
            {
                "webhook_id": webhook_id,
                "agency_id": found.agency_id,
                "types": found.types,
                "replay": number,
                "after": after,
                "now": now,
                "limit": LARGEST_REPLAY,
            },
        ).one()
        is_more = row.events == LARGEST_REPLAY
        answer = {
            "replay": number,
            "events": row.events,
            "next": row.last if is_more else None,
        }
        remember(tx, once, answer, now)
    desk.wake()
    return answer


def log_page(
    desk: Desk,
    webhook_id: int,
    *,
    actor: Actor,
    state: DeliveryState | None,
    after: int,
    limit: int,
) -> list[dict[str, Any]]:
    """Return what a subscriber was sent, in order: events, attempts, answers."""
    _check(actor)
    with acting(desk.engine, actor) as tx:
        _find(tx, webhook_id)
    with acting(desk.engine, SYSTEM) as tx:  # administrators see no dossiers, but their codes
        rows = tx.db.execute(
            _LOG, {"id": webhook_id, "state": state, "after": after, "limit": limit}
        ).all()
    return [dict(row._mapping) for row in rows]  # noqa: SLF001  (public)


_LOG = text("""
SELECT d.id, d.publication_id AS cursor, d.replay, publication.type, dossier.code,
    publication.seq AS version, publication.occurred_at, d.state, d.attempts,
    CASE WHEN d.state = 'waiting' THEN d.next_at END AS next_at, d.acknowledged_at,
    d.answer_code, d.answer
FROM webhook_delivery AS d
JOIN publication ON publication.id = d.publication_id
JOIN dossier ON dossier.id = d.dossier_id
WHERE d.webhook_id = :id AND d.id > :after
    AND (CAST(:state AS text) IS NULL OR d.state = :state)
ORDER BY d.id LIMIT :limit
""")


def _check(actor: Actor) -> None:
    if actor.role is not Role.ADMINISTRATOR or actor.agency is None:
        raise WebhookRefused("Chỉ quản trị của cơ quan quản lý điểm nhận sự kiện.")


def _mine() -> tuple[ColumnElement[bool], ...]:
    return webhook.c.agency_id == func.any(own_agencies()), webhook.c.state != WebhookState.ENDED


def _find(tx: Transaction, webhook_id: int, *, is_locked: bool = False) -> Row[Any]:
    statement = select(webhook).where(*_mine(), webhook.c.id == webhook_id)
    row = tx.db.execute(statement.with_for_update() if is_locked else statement).one_or_none()
    if row is None:
        raise WebhookNotFound(f"Không có điểm nhận sự kiện số {webhook_id}.")
    return row


def _view(desk: Desk, tx: Transaction, row: Row[Any]) -> dict[str, Any]:
    counts = tx.db.execute(
        select(webhook_delivery.c.state, func.count())
        .where(webhook_delivery.c.webhook_id == row.id, webhook_delivery.c.state.in_(_OPEN))
        .group_by(webhook_delivery.c.state)
    )
    return {
        "id": row.id,
        "name": row.name,
        "url": row.url,
        "types": row.types,
        "agency": desk.references.catalogue(tx).agency_codes[row.agency_id],
        "state": row.state,
        "created_at": row.created_at,
        "failing_since": row.failing_since,
        "disabled_at": row.disabled_at,
        "disabled_reason": row.disabled_reason,
        "open": {str(state): count for state, count in counts},
    }


_OPEN = [state for state in DeliveryState if state is not DeliveryState.ACKNOWLEDGED]
