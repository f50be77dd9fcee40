"""Where a dossier went from hand to hand: what the control slip (form 06) lists."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from app.db.dossiers import dossier_event
from app.domain.lifecycle import Act

_ACCEPTING = (Act.ACCEPT, Act.TAKE_IN)
_ACTS = (*_ACCEPTING, Act.START, Act.PASS_ON)


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedOn:
    """One hand-over: agencies by key, steps by code; what is not known is None."""

    giver: str
    giver_agency_id: int
    receiver: str | None
    to_agency: str | None
    to_step: str | None
    handed_at: datetime
    received_at: datetime | None
    note: str


def handovers(db: Connection, dossier_id: int, until_seq: int) -> list[HandedOn]:
    """Return the hand-overs up to an event, in order, as the history tells them.

    The desk hands to the officer who begins; after that each one hands to the next step or to
    another agency, and the history does not tell who took it there, nor when.
    """
    events = db.execute(
        select(dossier_event)
        .where(
            dossier_event.c.dossier_id == dossier_id,
            dossier_event.c.act.in_(_ACTS),
            dossier_event.c.seq <= until_seq,
        )
        .order_by(dossier_event.c.seq)
    ).all()
    return _from_desk(events) + [_passed_on(row) for row in events if row.act == Act.PASS_ON]


def _from_desk(events: Sequence[Row[Any]]) -> list[HandedOn]:
    accepted = next((row for row in events if row.act in _ACCEPTING), None)
    begun = next((row for row in events if row.act == Act.START), None)
    if accepted is None or begun is None:
        return []
    return [
        HandedOn(
            giver=accepted.actor_name,
            giver_agency_id=accepted.agency_id,
            receiver=begun.actor_name,
            to_agency=None,
            to_step=begun.details.get("step"),
            handed_at=accepted.occurred_at,
            received_at=begun.occurred_at,
            note="",
        )
    ]


def _passed_on(row: Row[Any]) -> HandedOn:
    return HandedOn(
        giver=row.actor_name,
        giver_agency_id=row.agency_id,
        receiver=None,
        to_agency=row.details.get("to_agency"),
        to_step=row.details.get("to_step"),
        handed_at=row.occurred_at,
        received_at=None,
        note=row.reason or "",
    )
