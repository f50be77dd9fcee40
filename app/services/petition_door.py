"""The petitions' one door: nothing else changes one, writes its history or derives its clock."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Row, insert, select, update

from app.db.access import Transaction, acting
from app.db.answers import remember
from app.db.petitions import petition, petition_event
from app.db.visibility import visible_petitions
from app.domain.calendar import LOCAL_ZONE, Calendar
from app.domain.errors import DomainError
from app.domain.once import Once
from app.domain.petition_clock import PetitionClock, PetitionMoment, clock_of, stops
from app.domain.petitions import (
    ENDED,
    PetitionAct,
    PetitionNotFound,
    PetitionStatus,
    possible_acts,
    take,
)
from app.services.desk import Desk
from app.services.transition import Request


class PetitionStale(DomainError):
    """Somebody acted in between: the facts say who did what."""

    code = "petition.version_stale"
    title = "Phản ánh, kiến nghị đã được người khác xử lý"


@dataclass(frozen=True, slots=True)
class PetitionOutcome:
    """Where an act left the petition; `due_at` in ISO 8601, None while the clock stands."""

    code: str
    status: PetitionStatus
    version: int
    due_at: str | None

    @property
    def possible_acts(self) -> list[PetitionAct]:
        return possible_acts(PetitionStatus(self.status))


@dataclass(frozen=True, slots=True)
class Written:
    """What an act says, and the columns that it changes beside status and clock."""

    words: str | None = None
    changes: dict[str, Any] = field(default_factory=dict)


Work = Callable[[Row[Any], PetitionClock], Written]


def carry_out(desk: Desk, request: Request, act: PetitionAct, work: Work) -> PetitionOutcome:
    """Let `request.actor` do `act`; `work` says what it does, seeing petition and clock."""
    with acting(desk.engine, request.actor, request.once) as tx:
        if tx.seen is not None:
            return PetitionOutcome(**tx.seen)
        row = _lock(tx, request)
        target = take(
            PetitionStatus(row.status),
            act,
            request.actor.role,
            before=PetitionStatus(row.status_before) if row.status_before else None,
        )
        clock = derived_clock(desk, tx, row, request.now)
        written = work(row, clock)
        stands = target is PetitionStatus.SUPPLEMENT_REQUESTED
        made = tx.db.execute(
            update(petition)
            .where(petition.c.id == row.id)
            .values(
                status=target,
                status_before=row.status if stands else None,
                version=row.version + 1,
                due_at=None if stands else clock.due_at,
                calendar_revision=tx.calendar_revision,
                ended_at=request.now if target in ENDED else None,
                **written.changes,
            )
            .returning(petition)
        ).one()
        add_event(tx, made, request, act, written.words, source=row.status)
        return remembered(tx, made, request.once, request.now)


def _lock(tx: Transaction, request: Request) -> Row[Any]:
    row = tx.db.execute(
        select(petition)
        .where(petition.c.code == request.code, visible_petitions(tx.actor))
        .with_for_update()
    ).one_or_none()
    if row is None:
        raise PetitionNotFound(f"Không tìm thấy phản ánh, kiến nghị {request.code}.")
    if request.version is not None and request.version != row.version:
        raise PetitionStale(
            "Phản ánh, kiến nghị đã thay đổi sau khi bạn mở. Hãy xem lại trước khi thực hiện.",
            version=row.version,
            petition_status=row.status,
            possible_acts=[str(act) for act in possible_acts(PetitionStatus(row.status))],
            changes=_what_came(tx, row, request.version),
        )
    return row


def _what_came(tx: Transaction, row: Row[Any], version: int) -> list[dict[str, Any]]:
    events = tx.db.execute(
        select(petition_event)
        .where(petition_event.c.petition_id == row.id, petition_event.c.seq > version)
        .order_by(petition_event.c.seq)
    )
    return [
        {
            "seq": event.seq,
            "act": event.act,
            "target": event.target,
            "actor_name": event.actor_name,
            "actor_role": event.actor_role,
            "occurred_at": event.occurred_at.isoformat(),
        }
        for event in events
    ]


def derived_clock(
    desk: Desk, tx: Transaction, row: Row[Any], until: datetime | None
) -> PetitionClock:
    """Derive a petition's clock from its history; a stop that is still open ends `until`."""
    moments = [
        PetitionMoment(PetitionStatus(event.target), event.occurred_at)
        for event in tx.db.execute(
            select(petition_event.c.target, petition_event.c.occurred_at)
            .where(petition_event.c.petition_id == row.id)
            .order_by(petition_event.c.seq)
        )
    ]
    return clock_of(row.received_at, stops(moments, until), calendar_of(desk, tx, row))


def calendar_of(desk: Desk, tx: Transaction, row: Row[Any]) -> Calendar:
    code = desk.references.catalogue(tx).agency_codes[row.agency_id]
    return desk.references.calendar(tx, code)


def add_event(
    tx: Transaction,
    row: Row[Any],
    request: Request,
    act: PetitionAct,
    words: str | None,
    *,
    source: str | None = None,
) -> None:
    tx.db.execute(
        insert(petition_event).values(
            petition_id=row.id,
            seq=row.version,
            act=act,
            source=source,
            target=row.status,
            actor_id=request.actor.id,
            actor_role=request.actor.role,
            actor_name=request.actor.name,
            occurred_at=request.now,
            due_at=row.due_at,
            words=words,
        )
    )


def remembered(tx: Transaction, row: Row[Any], once: Once | None, now: datetime) -> PetitionOutcome:
    due_at = row.due_at.astimezone(LOCAL_ZONE).isoformat() if row.due_at else None
    outcome = PetitionOutcome(row.code, PetitionStatus(row.status), row.version, due_at)
    remember(tx, once, asdict(outcome), now)
    return outcome
