"""The ledger in the hands of a person: what is told, what is not and why, and letting it go on.

Administrators see what their agency and those below it tell, retry it and park it; desk staff see
it too and may retry. Nobody reads an applicant's data here (view `delivery_seen`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, insert, text

from app.db.access import Transaction, acting
from app.db.answers import remember
from app.db.ledger import delivery_act
from app.domain.actor import DESK_ROLES, Actor, Role
from app.domain.deliveries import (
    DeliveryAct,
    DeliveryNotFound,
    DeliveryRoleRefused,
    DeliveryState,
    Kind,
    Partner,
    check_act,
)
from app.domain.explained_delivery import Standing, explain
from app.domain.once import Once
from app.services.desk import Desk

_READERS = DESK_ROLES | {Role.ADMINISTRATOR}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which deliveries; None: any. Without a state or dossier, those that are not acknowledged."""

    partner: Partner | None = None
    state: DeliveryState | None = None
    kind: Kind | None = None
    dossier: str | None = None
    agency: str | None = None
    older_than: timedelta | None = None
    parked: bool | None = None


@dataclass(frozen=True, slots=True)
class Deed:
    """What a person does with one delivery."""

    act: DeliveryAct
    reason: str | None
    actor: Actor
    now: datetime
    once: Once | None = None


def list_page(
    desk: Desk, wanted: Wanted, *, actor: Actor, now: datetime, after: int, limit: int
) -> list[dict[str, Any]]:
    """Return deliveries with keys above `after`, oldest first."""
    _check_reader(actor)
    conditions, values = _conditions(wanted, now)
    with acting(desk.engine, actor) as tx:
        rows = tx.db.execute(
            text(f"""
                SELECT seen.*, {_HEAD} FROM delivery_seen AS seen
                WHERE seen.id > :after AND {" AND ".join(conditions)}
                ORDER BY seen.id LIMIT :limit
            """),
            values | {"after": after, "limit": limit},
        ).all()
        view = _Viewer(desk, tx, now).view
    return [view(row) for row in rows]


def read(desk: Desk, delivery_id: int, *, actor: Actor, now: datetime) -> dict[str, Any]:
    """Return one delivery with its attempts, the partner's raw answers and what persons did."""
    _check_reader(actor)
    with acting(desk.engine, actor) as tx:
        row = _find(tx, delivery_id)
        return _Viewer(desk, tx, now).view(row) | {
            "payload_version": row.payload_version,
            "body_sha256": row.body_sha256,
            "answer": row.answer,
            "attempts_made": _rows(tx, _ATTEMPTS, delivery_id),
            "acts": _rows(tx, _ACTS, delivery_id),
        }


def act(desk: Desk, delivery_id: int, deed: Deed) -> dict[str, Any]:
    """Retry, park or take back a delivery, and keep who did it and why.

    After a retry the back-off begins anew, and the partner is asked before anything is sent.
    """
    _check_actor(deed)
    with acting(desk.engine, deed.actor, deed.once) as tx:
        if tx.seen is not None:
            return dict(tx.seen)
        row = _find(tx, delivery_id, lock=True)
        check_act(deed.act, DeliveryState(row.state), is_parked=row.parked_at is not None)
        tx.db.execute(
            text(_CHANGES[deed.act]),
            {"id": delivery_id, "now": deed.now},
        )
        tx.db.execute(
            insert(delivery_act).values(
                delivery_id=delivery_id,
                act=deed.act,
                reason=deed.reason,
                actor_id=deed.actor.id,
                actor_name=deed.actor.name,
                actor_role=deed.actor.role,
                acted_at=deed.now,
            )
        )
        after = _Viewer(desk, tx, deed.now).view(_find(tx, delivery_id))
        answer = {
            name: value.isoformat() if isinstance(value, datetime) else value
            for name, value in after.items()
        }
        remember(tx, deed.once, answer, deed.now)
    desk.wake()
    return answer


_LET_GO = """
    UPDATE delivery SET state = 'waiting', parked_at = NULL, next_at = :now,
        retried_after = attempts
    WHERE id = :id
"""
_CHANGES = {
    DeliveryAct.RETRY: _LET_GO,
    DeliveryAct.UNPARK: _LET_GO,
    DeliveryAct.PARK: """
        UPDATE delivery SET state = 'blocked', parked_at = :now WHERE id = :id
    """,
}


def summary(desk: Desk, *, actor: Actor, now: datetime) -> list[dict[str, Any]]:
    """Count what is not acknowledged per partner and state, with the breaker of each partner."""
    _check_reader(actor)
    with acting(desk.engine, actor) as tx:
        counted = {(row.partner, row.state): row for row in tx.db.execute(_COUNTS)}
        breakers = {row.partner: row for row in tx.db.execute(_BREAKERS)}
    return [_line(partner, counted, breakers.get(partner), now) for partner in Partner]


def _line(
    partner: Partner,
    counted: Mapping[tuple[str, str], Row[Any]],
    breaker: Row[Any] | None,
    now: datetime,
) -> dict[str, Any]:
    own = {state: row for (name, state), row in counted.items() if name == partner}
    oldest = min((row.oldest for row in own.values() if row.oldest), default=None)
    is_open = breaker is not None and breaker.open_until is not None
    return {
        "partner": partner,
        **{
            state: own[state].n if state in own else 0
            for state in DeliveryState
            if state is not DeliveryState.ACKNOWLEDGED
        },
        "parked": sum(row.parked for row in own.values()),
        "oldest_at": oldest,
        "oldest_age_s": None if oldest is None else max(0, int((now - oldest).total_seconds())),
        "breaker": {
            "is_open": is_open,
            "failures": breaker.failures if breaker else 0,
            "opened_at": breaker.opened_at if breaker else None,
            "open_until": breaker.open_until if breaker else None,
            "reason": breaker.reason if breaker else None,
        },
    }


_COUNTS = text("""
    SELECT partner, state, count(*) AS n, count(parked_at) AS parked, min(arose_at) AS oldest
    FROM delivery_seen WHERE state <> 'acknowledged' GROUP BY partner, state
""")
_BREAKERS = text("SELECT * FROM partner_breaker")
_HEAD = """(
    SELECT jsonb_build_object('id', head.id, 'seq', head.seq, 'state', head.state)
    FROM delivery AS head
    WHERE head.dossier_id = seen.dossier_id AND head.partner = seen.partner
        AND head.seq < seen.seq AND head.state <> 'acknowledged' AND seen.state = 'waiting'
        AND (seen.kind <> 'payment_opening' OR head.state NOT IN ('blocked', 'dead'))
    ORDER BY head.seq LIMIT 1
) AS head"""
_ATTEMPTS = """
    SELECT n, ended_at, outcome, code, answer, body_sha256, payload_version
    FROM delivery_attempt WHERE delivery_id = :id ORDER BY n
"""
_ACTS = """
    SELECT act, reason, actor_name, actor_role, acted_at
    FROM delivery_act WHERE delivery_id = :id ORDER BY id
"""


def _conditions(wanted: Wanted, now: datetime) -> tuple[list[str], dict[str, Any]]:
    asked = {
        "partner": wanted.partner,
        "state": wanted.state,
        "kind": wanted.kind,
        "dossier": wanted.dossier,
        "agency": wanted.agency,
        "before": now - wanted.older_than if wanted.older_than else None,
        "parked": wanted.parked,
    }
    values = {name: value for name, value in asked.items() if value is not None}
    conditions = [_FILTERS[name] for name in values]
    if wanted.state is None and wanted.dossier is None:
        conditions.append("seen.state <> 'acknowledged'")
    return conditions or ["true"], values


_FILTERS = {
    "partner": "seen.partner = :partner",
    "state": "seen.state = :state",
    "kind": "seen.kind = :kind",
    "dossier": "seen.dossier_code = :dossier",
    "agency": "seen.agency_id IN (SELECT id FROM agency"
    " WHERE code = :agency OR code LIKE :agency || '.%')",
    "before": "seen.arose_at <= :before",
    "parked": "(seen.parked_at IS NOT NULL) = :parked",
}


def _check_reader(actor: Actor) -> None:
    if actor.role not in _READERS and not actor.is_internal:
        raise DeliveryRoleRefused("Sổ gửi đối tác dành cho quản trị và cán bộ của cơ quan.")


def _check_actor(deed: Deed) -> None:
    _check_reader(deed.actor)
    is_administrator = deed.actor.role is Role.ADMINISTRATOR or deed.actor.is_internal
    if deed.act is not DeliveryAct.RETRY and not is_administrator:
        raise DeliveryRoleRefused("Chỉ quản trị được tạm gác hoặc bỏ tạm gác bản tin.")


def _find(tx: Transaction, delivery_id: int, *, lock: bool = False) -> Row[Any]:
    """Return a delivery that the actor may see; locked until the end, if it is to be changed."""
    if lock:
        tx.db.execute(text("SELECT FROM delivery WHERE id = :id FOR UPDATE"), {"id": delivery_id})
    found = tx.db.execute(
        text(f"SELECT seen.*, {_HEAD} FROM delivery_seen AS seen WHERE seen.id = :id"),
        {"id": delivery_id},
    ).one_or_none()
    if found is None:
        raise DeliveryNotFound(f"Không có bản tin {delivery_id}.")
    return found


def _rows(tx: Transaction, query: str, delivery_id: int) -> list[dict[str, Any]]:
    return [dict(row) for row in tx.db.execute(text(query), {"id": delivery_id}).mappings()]


class _Viewer:
    """Turns rows into what a person reads."""

    def __init__(self, desk: Desk, tx: Transaction, now: datetime) -> None:
        self._agencies = desk.references.catalogue(tx).agency_codes
        self._pauses = {row.partner: row.open_until for row in tx.db.execute(_BREAKERS)}
        self._now = now

    def view(self, row: Row[Any]) -> dict[str, Any]:
        head = row.head
        standing = Standing(
            state=DeliveryState(row.state),
            attempts=row.attempts,
            tries=row.attempts - row.retried_after,
            next_at=row.next_at,
            leased_until=row.leased_until,
            code=row.answer_code,
            answer=row.answer,
            head=(head["seq"], DeliveryState(head["state"])) if head else None,
            pause=self._pauses.get(row.partner),
            is_parked=row.parked_at is not None,
            now=self._now,
        )
        return {
            "id": row.id,
            "partner": row.partner,
            "dossier": row.dossier_code,
            "agency": self._agencies[row.agency_id],
            "seq": row.seq,
            "kind": row.kind,
            "state": row.state,
            "reason": explain(standing),
            "arose_at": row.arose_at,
            "attempts": row.attempts,
            "next_at": row.next_at if row.state == DeliveryState.WAITING else None,
            "acknowledged_at": row.acknowledged_at,
            "answer_code": row.answer_code,
            "parked_at": row.parked_at,
            "held_back_by": head,
        }
