"""The one door: nothing else changes the status of a dossier.

In one transaction it checks who acts on which version, takes the step of the lifecycle table,
writes the event, what partners and people must be told, the paper that it issues, and the answer
under the request's key. The number of an event in its dossier is the dossier's version after it.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Row, TextClause, select, text
from sqlalchemy.exc import IntegrityError

from app.db.access import Transaction, acting
from app.db.dossiers import dossier as dossier_table
from app.db.visibility import is_here, visible
from app.domain.actor import DESK_ROLES, Actor
from app.domain.errors import DomainError
from app.domain.lifecycle import Act, Status, possible_acts, take
from app.domain.once import InFlight, Once
from app.domain.papers import ISSUED_BY
from app.services.desk import Desk
from app.services.holds import holding, refuse_claimed, waiting
from app.services.issuing import issue_papers
from app.services.stays import keep_stays, refuse_undecidable


class DossierNotFound(DomainError):
    """There is none, or none that this person may see: the answer is the same."""

    code = "dossier.not_found"
    title = "Không tìm thấy hồ sơ"


class DossierElsewhere(DomainError):
    """Another agency has it in hand: who had it may still read it, not act on it."""

    code = "dossier.elsewhere"
    title = "Hồ sơ đang ở cơ quan khác"


class VersionStale(DomainError):
    """Somebody acted in between: the facts say who did what."""

    code = "dossier.version_stale"
    title = "Hồ sơ đã được người khác xử lý"


@dataclass(frozen=True, slots=True)
class Request:
    """What every act on a dossier comes with; the system's own acts have no version or key."""

    code: str
    actor: Actor
    now: datetime
    version: int | None = None
    once: Once | None = None


@dataclass(frozen=True, slots=True)
class Effect:
    """What an act does beside the status: columns of the dossier, words and facts of the event."""

    changes: Mapping[str, Any] = field(default_factory=dict)
    reason: str | None = None
    legal_ground: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """Where an act left the dossier: the answer to every act, instants in ISO 8601."""

    code: str
    status: Status
    version: int
    due_at: str | None
    details: Mapping[str, Any]

    @property
    def possible_acts(self) -> list[Act]:
        return possible_acts(Status(self.status))


Work = Callable[[Transaction, Row[Any]], Effect]


def carry_out(desk: Desk, request: Request, act: Act, work: Work) -> Outcome:
    """Let `request.actor` do `act`; `work` says what it does, seeing the locked dossier."""
    try:
        with acting(desk.engine, request.actor, request.once) as tx:
            if tx.seen is not None:
                return Outcome(**tx.seen)
            dossier = lock(tx, request)
            if request.actor.role in DESK_ROLES:
                refuse_elsewhere(dossier)
                refuse_claimed(dossier, request.actor, request.now)
            target = take(
                Status(dossier.status),
                act,
                request.actor.role,
                before=Status(dossier.status_before) if dossier.status_before else None,
            )
            refuse_undecidable(desk, tx, dossier, act)
            effect = work(tx, dossier)
            changes = {
                **effect.changes,
                **waiting(desk, tx, dossier, target, request.now),
                **holding(desk, dossier, act, target, request.actor, request.now),
            }
            outcome = _record(tx, dossier, request, act, target, replace(effect, changes=changes))
            keep_stays(desk, tx, dossier, act, request.now)
            if act in ISSUED_BY:
                issue_papers(desk, tx, dossier)
    except IntegrityError as error:
        raise as_in_flight(error) from error
    desk.wake()
    return outcome


def lock(tx: Transaction, request: Request) -> Row[Any]:
    """Return the dossier, locked until the end, in the version that the request was made for."""
    found = tx.db.execute(
        select(dossier_table, is_here().label("is_here"))
        .where(dossier_table.c.code == request.code, visible(tx.actor))
        .with_for_update()
    ).one_or_none()
    if found is None:
        raise DossierNotFound(f"Không tìm thấy hồ sơ {request.code}.")
    if request.version is not None and request.version != found.version:
        raise VersionStale(
            "Hồ sơ đã thay đổi sau khi bạn mở. Hãy xem lại trước khi thực hiện.",
            **_what_came(tx, found, request.version),
        )
    return found


def refuse_elsewhere(dossier: Row[Any]) -> None:
    """Refuse what only the agency may do that has the dossier in hand."""
    if not dossier.is_here:
        raise DossierElsewhere("Hồ sơ đang do cơ quan khác xử lý.")


def _what_came(tx: Transaction, found: Row[Any], version: int) -> dict[str, Any]:
    rows = tx.db.execute(
        text("""
            SELECT seq, act, target, actor_name, actor_role, occurred_at, reason
            FROM dossier_event WHERE dossier_id = :id AND seq > :version ORDER BY seq LIMIT 20
        """),
        {"id": found.id, "version": version},
    )
    return {
        "version": found.version,
        "dossier_status": found.status,
        "possible_acts": [str(act) for act in possible_acts(Status(found.status))],
        "changes": [
            {**row._mapping, "occurred_at": row.occurred_at.isoformat()}  # noqa: SLF001  (public)
            for row in rows
        ],
    }


def _record(
    tx: Transaction,
    dossier: Row[Any],
    request: Request,
    act: Act,
    target: Status,
    effect: Effect,
) -> Outcome:
    changes = {**effect.changes, "status": target}
    if changes.get("due_at") is not None:
        changes["calendar_revision"] = tx.calendar_revision
    due_at = changes.get("due_at", dossier.due_at)
    outcome = Outcome(
        dossier.code,
        target,
        dossier.version + 1,
        due_at.isoformat() if due_at else None,
        effect.details,
    )
    once = request.once
    tx.db.execute(
        _record_statement(tuple(sorted(changes)), is_once=once is not None),
        {
            **{f"new_{column}": value for column, value in changes.items()},
            **event_values(request, act, effect, due_at),
            "id": dossier.id,
            "version": dossier.version,
            "source": dossier.status,
            "target": target,
            "agency_id": dossier.at_agency_id,
            "outcome": json.dumps(asdict(outcome)),
            **(asdict(once) if once else {}),
        },
    )
    return outcome


def event_values(
    request: Request, act: Act, effect: Effect, due_at: datetime | None
) -> dict[str, Any]:
    """Return the bound values of an event that do not depend on where the dossier stands."""
    return {
        "act": act,
        "actor_id": request.actor.id,
        "actor_role": request.actor.role,
        "actor_name": request.actor.name,
        "now": request.now,
        "due_at": due_at,
        "reason": effect.reason,
        "legal_ground": effect.legal_ground,
        "details": json.dumps(dict(effect.details)),
    }


REMEMBER = """
, remembered AS (
    INSERT INTO idempotency (caller, key, route, fingerprint, outcome, created_at)
    SELECT :actor_id, :key, :route, :fingerprint, {outcome}, :now FROM {made}
)"""


@lru_cache(maxsize=256)
def _record_statement(columns: tuple[str, ...], *, is_once: bool) -> TextClause:
    """Compose the one statement that writes an act; `columns` are our own names."""
    changes = ", ".join(
        f"{column} = CAST(:new_{column} AS jsonb)"
        if column == "extension"
        else f"{column} = :new_{column}"
        for column in columns
    )
    remember = REMEMBER.format(outcome="CAST(:outcome AS jsonb)", made="changed")
    return text(f"""
WITH changed AS (
    UPDATE dossier SET {changes}, version = version + 1
    WHERE id = :id AND version = :version
    RETURNING id
), event AS (
    INSERT INTO dossier_event (dossier_id, seq, act, source, target, actor_id, actor_role,
        actor_name, agency_id, occurred_at, due_at, reason, legal_ground, details)
    VALUES (:id, :version + 1, :act, :source, :target, :actor_id, :actor_role,
        :actor_name, :agency_id, :now, :due_at, :reason, :legal_ground, CAST(:details AS jsonb))
), told AS (
    INSERT INTO delivery (partner, dossier_id, seq, kind, payload_version, state, attempts, next_at)
    VALUES ('national_portal', :id, :version + 1, 'dossier_event', 1, 'waiting', 0, :now)
), announced AS (
    INSERT INTO announcement (dossier_id, seq) VALUES (:id, :version + 1)
){remember if is_once else ""}
SELECT id FROM changed
""")


def as_in_flight(error: IntegrityError) -> Exception:
    """Tell a race for one key from a real fault: the loser is asked to try again."""
    diagnosis = getattr(error.orig, "diag", None)
    if getattr(diagnosis, "constraint_name", None) == "pk_idempotency":
        return InFlight("Yêu cầu với khóa này đang được xử lý, hãy thử lại sau giây lát.")
    return error
