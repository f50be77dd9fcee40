"""Mending what a reconciliation found, through the ledger: told again in order, nothing skipped.

What stands (blocked, dead) is let go on. What the portal has lost is told again from the first
event that it lacks; what differs, from the last one that it acknowledged. Each of these is asked
about before it is sent, so that what the portal has meanwhile is not told twice. What the ledger
tells already, and what a person set aside, is left as it is.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum, auto
from typing import Any

from sqlalchemy import Row, text

from app.db.access import Transaction, acting
from app.db.answers import remember
from app.domain.actor import SYSTEM, Actor, Role
from app.domain.deliveries import PAYLOAD_VERSION, DeliveryAct, DeliveryState, Partner
from app.domain.once import Once
from app.domain.reconciliation import (
    MENDABLE,
    Cause,
    Outcome,
    ReconciliationBusy,
    ReconciliationNotFound,
    ReconciliationRoleRefused,
    RunState,
)
from app.services.desk import Desk

_BATCH = 200


class Deed(StrEnum):
    """What was done to the ledger of a dossier."""

    RETRIED = auto()  # what stood was let go on
    TOLD_AGAIN = auto()  # acknowledged messages were put back
    TOLD_FIRST = auto()  # rows were written for events without one
    UNDER_WAY = auto()  # the ledger tells it already
    PARKED = auto()  # a person set it aside: left
    TOLD_SINCE = auto()  # acknowledged since it was found: another run tells how it stands


DONE = frozenset({Deed.RETRIED, Deed.TOLD_AGAIN, Deed.TOLD_FIRST})
"""Deeds after which the portal will hold it; the others are looked at again next time."""


@dataclass(frozen=True, slots=True)
class Wish:
    """Which differences of a run are mended: of these kinds, at most so many dossiers."""

    run_id: int
    kinds: Sequence[Outcome] = MENDABLE
    is_dry: bool = False
    most: int | None = None


@dataclass
class Mended:
    """What was done, counted by deed; `messages` are rows of the ledger that are told again."""

    deeds: Counter[Deed] = field(default_factory=Counter)
    messages: int = 0
    remaining: int = 0

    @property
    def dossiers(self) -> int:
        return self.deeds.total()

    def view(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "dossiers": self.dossiers,
            "messages": self.messages,
            "remaining": self.remaining,
            **{deed: self.deeds[deed] for deed in Deed},
        }


def mend(
    desk: Desk, wish: Wish, *, actor: Actor, now: datetime, once: Once | None = None
) -> dict[str, Any]:
    """Let the ledger tell the portal what it lacks; what was mended before is not touched again.

    Done in batches, each in a transaction of its own: begun again, it goes on.
    """
    if actor.role is not Role.ADMINISTRATOR and not actor.is_internal:
        raise ReconciliationRoleRefused("Chỉ quản trị được gửi lại theo kết quả đối chiếu.")
    with acting(desk.engine, actor, once) as tx:
        if tx.seen is not None:
            return dict(tx.seen)
        _check_finished(tx, wish.run_id)
        agencies = _agencies(tx, actor)
    done = Mended()
    for batch in _batches(desk, wish, agencies):
        _mend_batch(desk, wish, batch, (actor, now), done)
    done.remaining = _left(desk, wish, agencies)
    answer = done.view()
    if once is not None:
        with acting(desk.engine, actor, once) as tx:
            remember(tx, once, answer, now)
    if done.messages and not wish.is_dry:
        desk.wake()
    return answer


def _check_finished(tx: Transaction, run_id: int) -> None:
    state = tx.db.scalar(text("SELECT state FROM reconciliation WHERE id = :id"), {"id": run_id})
    if state is None:
        raise ReconciliationNotFound(f"Không có lần đối chiếu {run_id}.")
    if state != RunState.FINISHED:
        raise ReconciliationBusy(f"Lần đối chiếu {run_id} chưa xong.")


def _agencies(tx: Transaction, actor: Actor) -> list[int] | None:
    """Return whose dossiers the actor may mend; None are all."""
    if actor.is_internal:
        return None
    return list(tx.db.scalars(text("SELECT unnest(acting_agencies())")))


_WANTED = """
    reconciliation_id = :run AND outcome = ANY (:kinds) AND mended_at IS NULL
        AND dossier_id IS NOT NULL
        AND (CAST(:agencies AS bigint[]) IS NULL OR agency_id = ANY (:agencies))
"""
_NEXT = text(f"""
    SELECT id, dossier_id, outcome, cause, stage, found_at FROM reconciliation_difference
    WHERE {_WANTED} AND id > :after ORDER BY id LIMIT :most
""")
_LEFT = text(f"SELECT count(*) FROM reconciliation_difference WHERE {_WANTED}")


def _wanted(wish: Wish, agencies: list[int] | None) -> dict[str, Any]:
    return {"run": wish.run_id, "kinds": [*wish.kinds], "agencies": agencies}


def _batches(desk: Desk, wish: Wish, agencies: list[int] | None) -> Iterator[Sequence[Row[Any]]]:
    after, seen = 0, 0
    while wish.most is None or seen < wish.most:
        most = _BATCH if wish.most is None else min(_BATCH, wish.most - seen)
        with acting(desk.engine, SYSTEM) as tx:
            rows = tx.db.execute(
                _NEXT, {**_wanted(wish, agencies), "after": after, "most": most}
            ).all()
        if not rows:
            return
        yield rows
        after, seen = rows[-1].id, seen + len(rows)


def _left(desk: Desk, wish: Wish, agencies: list[int] | None) -> int:
    with acting(desk.engine, SYSTEM) as tx:
        return int(tx.db.scalar(_LEFT, _wanted(wish, agencies)) or 0)


_LOCKED = text("""
    SELECT id, dossier_id, seq, state, attempts, acknowledged_at, parked_at FROM delivery
    WHERE partner = 'national_portal' AND dossier_id = ANY (:ids)
    ORDER BY dossier_id, seq FOR UPDATE
""")
_EVENTS = text("""
    SELECT dossier_id, max(seq) AS last FROM dossier_event
    WHERE dossier_id = ANY (:ids) GROUP BY dossier_id
""")


@dataclass
class _Changes:
    """Rows of the ledger that one batch changes."""

    retried: list[int] = field(default_factory=list)
    again: list[int] = field(default_factory=list)
    first: list[tuple[int, int]] = field(default_factory=list)  # dossier and event
    marked: list[tuple[int, Deed]] = field(default_factory=list)  # difference
    dossiers: list[int] = field(default_factory=list)

    @property
    def messages(self) -> int:
        return len(self.retried) + len(self.again) + len(self.first)


def _mend_batch(
    desk: Desk, wish: Wish, batch: Sequence[Row[Any]], by: tuple[Actor, datetime], done: Mended
) -> None:
    with acting(desk.engine, SYSTEM) as tx:
        ids = {"ids": [row.dossier_id for row in batch]}
        ledgers: dict[int, list[Row[Any]]] = {row.dossier_id: [] for row in batch}
        for row in tx.db.execute(_LOCKED, ids):
            ledgers[row.dossier_id].append(row)
        last = {row.dossier_id: row.last for row in tx.db.execute(_EVENTS, ids)}
        changes = _Changes()
        for row in batch:
            deed = _decide(row, ledgers[row.dossier_id], last[row.dossier_id], changes)
            changes.marked.append((row.id, deed))
            changes.dossiers += [row.dossier_id] * (deed in DONE)
            done.deeds[deed] += 1
        done.messages += changes.messages
        if not wish.is_dry:
            _apply(tx, wish.run_id, changes, by)


def _decide(difference: Row[Any], ledger: Sequence[Row[Any]], last: int, changes: _Changes) -> Deed:
    """Say what has to be done with a dossier's ledger as it stands now."""
    head = next((row for row in ledger if row.state != DeliveryState.ACKNOWLEDGED), None)
    if head is not None and head.state == DeliveryState.IN_FLIGHT:
        return Deed.UNDER_WAY  # what is told at this moment must not be overtaken
    if any(row.acknowledged_at and row.acknowledged_at > difference.found_at for row in ledger):
        return Deed.TOLD_SINCE  # told again from where it was, it would go backwards there
    again = _lacking(difference, ledger, head)
    stands = head is not None and head.state in {DeliveryState.BLOCKED, DeliveryState.DEAD}
    if head is not None and stands and head.parked_at is None:
        changes.retried.append(head.id)
    missing = sorted(set(range(1, last + 1)) - {row.seq for row in ledger})
    changes.first += [(difference.dossier_id, seq) for seq in missing]
    changes.again += [row.id for row in again]
    if again:
        return Deed.TOLD_AGAIN
    if missing:
        return Deed.TOLD_FIRST
    if head is not None and stands:
        return Deed.RETRIED if head.parked_at is None else Deed.PARKED
    return Deed.UNDER_WAY


def _lacking(
    difference: Row[Any], ledger: Sequence[Row[Any]], head: Row[Any] | None
) -> Sequence[Row[Any]]:
    """Return the acknowledged messages that the portal does not have as they were told."""
    told = [row for row in ledger if head is None or row.seq < head.seq]
    if difference.cause == Cause.LOST:
        return [row for row in told if row.seq > (difference.stage or 0)]
    if difference.cause == Cause.CHANGED and (head is None or not head.attempts):
        return told[-1:]
    return []  # the next message is asked about first, and then told whole


_RETRY = text("""
    UPDATE delivery SET state = 'waiting', next_at = :now, retried_after = attempts
    WHERE id = ANY (:deliveries)
""")
_KEEP_ANSWERS = text("""
    INSERT INTO delivery_attempt (delivery_id, n, ended_at, outcome, code, answer, body_sha256,
        payload_version)
    SELECT id, attempts, coalesce(acknowledged_at, :now), 'acknowledged', answer_code, answer,
        body_sha256, payload_version
    FROM delivery WHERE id = ANY (:deliveries)
    ON CONFLICT DO NOTHING
""")
_AGAIN = text("""
    -- Attempted once at least: it is then asked about before it is sent.
    UPDATE delivery SET state = 'waiting', next_at = :now, acknowledged_at = NULL,
        attempts = greatest(attempts, 1), retried_after = greatest(attempts, 1)
    WHERE id = ANY (:deliveries)
""")
_ACT = text("""
    INSERT INTO delivery_act (delivery_id, act, reason, actor_id, actor_name, actor_role, acted_at)
    SELECT unnest(CAST(:deliveries AS bigint[])), :act, :reason, :id, :name, :role, :now
""")
_FIRST = text("""
    INSERT INTO delivery (partner, dossier_id, seq, kind, payload_version, state, attempts, next_at)
    SELECT :partner, missing.*, 'dossier_event', :version, 'waiting', 0, :now
    FROM unnest(CAST(:dossiers AS bigint[]), CAST(:events AS int[])) AS missing
    ON CONFLICT DO NOTHING
""")
_MARK = text("""
    UPDATE reconciliation_difference SET mended_at = :now, mended_by = :name, mended = done.deed
    FROM unnest(CAST(:differences AS bigint[]), CAST(:deeds AS text[])) AS done (id, deed)
    WHERE reconciliation_difference.id = done.id
""")


def _apply(tx: Transaction, run_id: int, changes: _Changes, by: tuple[Actor, datetime]) -> None:
    actor, now = by
    person = {"id": actor.id, "name": actor.name, "role": actor.role, "now": now}
    person["reason"] = f"Đối chiếu số {run_id}"
    for deliveries, act, statements in (
        (changes.retried, DeliveryAct.RETRY, [_RETRY]),
        (changes.again, DeliveryAct.MEND, [_KEEP_ANSWERS, _AGAIN]),
    ):
        if deliveries:
            for statement in statements:
                tx.db.execute(statement, {"deliveries": deliveries, "now": now})
            tx.db.execute(_ACT, {**person, "deliveries": deliveries, "act": act})
    if changes.first:
        dossiers, events = zip(*changes.first, strict=True)
        rows = {"dossiers": [*dossiers], "events": [*events], "now": now}
        tx.db.execute(
            _FIRST, {**rows, "partner": Partner.NATIONAL_PORTAL, "version": PAYLOAD_VERSION}
        )
    tx.db.execute(text("SELECT figures_mark_told(:ids)"), {"ids": changes.dossiers})
    marked = [(key, deed) for key, deed in changes.marked if deed in DONE]
    if marked:
        keys, deeds = zip(*marked, strict=True)
        told = {"differences": [*keys], "deeds": [*deeds], "name": actor.name, "now": now}
        tx.db.execute(_MARK, told)
