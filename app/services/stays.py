"""The stays of a dossier at its steps, kept when they end; what a step lets be decided.

Part of the door: `transition` asks here, nothing else writes hand-overs.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.dialects.postgresql import insert

from app.db.access import Transaction
from app.db.histories import deeds
from app.db.steps import handover
from app.domain.course import Stop
from app.domain.deadlines import due
from app.domain.errors import DomainError
from app.domain.handovers import (
    ENDING_STAYS,
    Deed,
    DossierClock,
    Judged,
    Outcome,
    judge,
    stays,
)
from app.domain.lifecycle import ACT_LABELS, Act, Status
from app.domain.procedure import ProcedureVersion
from app.domain.time_limits import LimitUnit, TimeLimit
from app.domain.timeline import Moment, stops
from app.services.desk import Desk


class NotDecidedHere(DomainError):
    """The process lets this be decided at other steps: the facts name them."""

    code = "dossier.not_decided_here"
    title = "Bước hiện tại không được thực hiện thao tác này"


def refuse_undecidable(desk: Desk, tx: Transaction, dossier: Row[Any], act: Act) -> None:
    """Refuse an act that the step of a dossier in process leaves to other steps."""
    if dossier.status != Status.IN_PROCESS:
        return
    steps = _version(desk, tx, dossier).steps
    step = steps[dossier.step]
    if not step.lets(act):
        raise NotDecidedHere(
            f"Bước “{step.name}” không được “{ACT_LABELS[act].lower()}”.",
            step=step.code,
            steps=[other.code for other in steps[1:] if other.lets(act)],
        )


def keep_stays(desk: Desk, tx: Transaction, dossier: Row[Any], act: Act, now: datetime) -> None:
    """Write down the stay that an act has ended, and earlier ones that nobody wrote down.

    `dossier` is the row from before the act: of it only what acts that end stays leave alone.
    """
    if act not in ENDING_STAYS or dossier.accepted_at is None:
        return
    ids = desk.references.catalogue(tx).agency_ids
    steps = _version(desk, tx, dossier).steps
    rows = [
        {
            "dossier_id": dossier.id,
            "seq": one.stay.seq,
            "from_agency_id": ids.get(one.stay.from_agency or ""),
            "from_step": one.stay.from_step,
            "from_name": one.stay.from_name,
            "to_agency_id": ids[one.stay.to_agency],
            "to_step": steps[one.stay.to_step].code,
            "to_name": one.stay.to_name,
            "sent_at": one.stay.sent_at,
            "received_at": one.stay.received_at,
            "left_at": one.stay.left_at,
            "budget_minutes": one.budget_minutes,
            "spent_minutes": one.spent_minutes,
            "due_at": one.due_at,
            "outcome": one.outcome,
            "note": one.stay.note,
        }
        for one in derived(desk, tx, dossier, now)
        if one.stay.left_at is not None
    ]
    if rows:
        tx.db.execute(insert(handover).values(rows).on_conflict_do_nothing())


def stays_of(desk: Desk, tx: Transaction, dossier: Row[Any], now: datetime) -> list[Judged]:
    """Return the stays of a dossier; those that are over as they were judged on their day."""
    kept = {
        row.seq: row
        for row in tx.db.execute(select(handover).where(handover.c.dossier_id == dossier.id))
    }
    return [
        Judged(
            one.stay,
            kept[one.stay.seq].budget_minutes,
            kept[one.stay.seq].spent_minutes,
            kept[one.stay.seq].due_at,
            Outcome(kept[one.stay.seq].outcome) if kept[one.stay.seq].outcome else None,
        )
        if one.stay.seq in kept
        else one
        for one in derived(desk, tx, dossier, now)
    ]


def derived(desk: Desk, tx: Transaction, dossier: Row[Any], now: datetime) -> list[Judged]:
    """Derive the stays of a dossier from its history, as the calendar stands today."""
    if dossier.accepted_at is None:
        return []
    catalogue = desk.references.catalogue(tx)
    codes, version = catalogue.agency_codes, _version(desk, tx, dossier)
    calendar = desk.references.calendar(tx, codes[dossier.agency_id])
    history = deeds(tx.db, dossier.id, codes)
    stood = _stops(desk, history, now)
    extension = dossier.extension
    course = due(
        version.limit,
        dossier.accepted_at,
        stood,
        calendar,
        TimeLimit(extension["count"], LimitUnit(extension["unit"])) if extension else None,
    )
    clock = DossierClock(
        course.budget_minutes, course.due_at or dossier.due_at, tuple(stood), calendar
    )
    return judge(stays(history, version.steps, calendar), version.steps, clock)


def _stops(desk: Desk, history: Sequence[Deed], now: datetime) -> list[Stop]:
    """List when the clock stood; a stop that lasts is closed now."""
    moments = [Moment(deed.act, deed.target, deed.at) for deed in history]
    found = stops(moments, payment_stops=desk.rules.payment_wait_stops_clock)
    return [Stop(stop.start, stop.end or max(stop.start, now), stop.reason) for stop in found]


def _version(desk: Desk, tx: Transaction, dossier: Row[Any]) -> ProcedureVersion:
    return desk.references.catalogue(tx).offered[dossier.procedure_version_id].version
