"""The due instant of a dossier, derived from its history each time it may have moved."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from app.db.access import Transaction
from app.db.histories import moments
from app.domain.calendar import Calendar
from app.domain.deadlines import Stop, due
from app.domain.procedure import ProcedureVersion
from app.domain.time_limits import LimitUnit, TimeLimit
from app.domain.timeline import stops
from app.services.desk import Desk
from app.services.transition import Effect


def version_of(desk: Desk, tx: Transaction, dossier: Row[Any]) -> ProcedureVersion:
    """Return the procedure version that the dossier was handed in under."""
    return desk.references.catalogue(tx).offered[dossier.procedure_version_id].version


def calendar_of(desk: Desk, tx: Transaction, dossier: Row[Any]) -> Calendar:
    """Return the calendar of the agency that resolves the dossier."""
    code = desk.references.catalogue(tx).agency_codes[dossier.agency_id]
    return desk.references.calendar(tx, code)


def extension_of(granted: Mapping[str, Any] | None) -> TimeLimit | None:
    return TimeLimit(granted["count"], LimitUnit(granted["unit"])) if granted else None


def stops_of(desk: Desk, tx: Transaction, dossier: Row[Any], until: datetime) -> list[Stop]:
    """List when the clock stood; an open stop ends `until`, where an act is ending it."""
    found = stops(moments(tx.db, dossier.id), payment_stops=desk.rules.payment_wait_stops_clock)
    return [Stop(stop.start, stop.end or max(stop.start, until), stop.reason) for stop in found]


def due_anew(
    desk: Desk,
    tx: Transaction,
    dossier: Row[Any],
    now: datetime,
    extension: TimeLimit | None = None,
) -> datetime | None:
    """Derive the due instant once an act at `now` has set the clock going; None: not begun."""
    if dossier.accepted_at is None:
        return None
    return due(
        version_of(desk, tx, dossier).limit,
        dossier.accepted_at,
        stops_of(desk, tx, dossier, now),
        calendar_of(desk, tx, dossier),
        extension or extension_of(dossier.extension),
    ).due_at


def settlement(
    desk: Desk, tx: Transaction, dossier: Row[Any], now: datetime, reference: str
) -> Effect:
    """Return what the settlement of an obligation does to its dossier."""
    return Effect(
        {"due_at": due_anew(desk, tx, dossier, now), "reply_due_on": None},
        details={"payment": reference},
    )
