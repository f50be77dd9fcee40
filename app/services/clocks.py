"""The due instant of a dossier, derived from its history each time it may have moved."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from app.db.access import Transaction
from app.db.dossiers import dossier as table
from app.db.histories import moments, moments_of
from app.domain.calendar import Calendar, local_minute
from app.domain.deadlines import FIRST_ANSWER, Stop, due, lateness
from app.domain.errors import DomainError
from app.domain.lifecycle import WAITING, Status
from app.domain.procedure import ProcedureVersion
from app.domain.time_limits import LimitUnit, TimeLimit
from app.domain.timeline import Moment, stops
from app.services.desk import Desk
from app.services.transition import Effect

log = logging.getLogger(__name__)

CLOCK_COLUMNS = (
    *(table.c.id, table.c.code, table.c.status, table.c.agency_id, table.c.procedure_version_id),
    *(table.c.received_at, table.c.answer_due_at, table.c.accepted_at, table.c.due_at),
    *(table.c.promised_at, table.c.extension, table.c.calendar_revision),
    table.c.clock_agency_id,
)
"""What `moves` has to know of a dossier."""


@dataclass(frozen=True, slots=True)
class Move:
    """What another calendar makes of an instant: `due` (hẹn trả) or `answer` (first answer)."""

    dossier: Row[Any]
    what: str
    before: datetime
    after: datetime


def version_of(desk: Desk, tx: Transaction, dossier: Row[Any]) -> ProcedureVersion:
    """Return the procedure version that the dossier was handed in under."""
    return desk.references.catalogue(tx).offered[dossier.procedure_version_id].version


def calendar_of(desk: Desk, tx: Transaction, dossier: Row[Any]) -> Calendar:
    """Return the calendar that the dossier's clock goes by."""
    return desk.references.calendar(tx, clock_office(desk, tx, dossier))


def clock_office(desk: Desk, tx: Transaction, dossier: Any) -> str:  # noqa: ANN401  (a row)
    """Return whose calendar a clock goes by: of the agency that resolves the dossier.

    A clock that began before a reorganisation keeps the calendar it was promised by.
    """
    codes = desk.references.catalogue(tx).agency_codes
    return codes[dossier.clock_agency_id or dossier.agency_id]


def own_calendars(desk: Desk, tx: Transaction) -> dict[int, Calendar]:
    """Return the calendars of the agencies that have one of their own, by their keys."""
    ids = desk.references.catalogue(tx).agency_ids
    known = desk.references.calendars(tx)
    return {ids[code]: calendar for code, calendar in known.items() if code in ids}


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


def answer_due_anew(
    desk: Desk, tx: Transaction, dossier: Row[Any], now: datetime
) -> datetime | None:
    """Derive the end of the first answer's clock once it goes on; None if it never ran.

    A supplement asked for before acceptance stops it; nobody is late for the days that the
    applicant took. Once the dossier is accepted it is over, and stays as it was.
    """
    kept: datetime | None = dossier.answer_due_at
    if dossier.accepted_at is not None or kept is None:
        return kept
    stood = stops_of(desk, tx, dossier, now)
    return due(FIRST_ANSWER, dossier.received_at, stood, calendar_of(desk, tx, dossier)).due_at


def settlement(
    desk: Desk, tx: Transaction, dossier: Row[Any], now: datetime, reference: str
) -> Effect:
    """Return what the settlement of an obligation does to its dossier."""
    return Effect(
        {"due_at": due_anew(desk, tx, dossier, now), "reply_due_on": None},
        details={"payment": reference},
    )


def running_statuses(desk: Desk) -> list[Status]:
    """List the statuses in which the clock of an accepted dossier runs."""
    running = [Status.ACCEPTED, Status.IN_PROCESS]
    return running if desk.rules.payment_wait_stops_clock else [*running, Status.PAYMENT_REQUESTED]


def moves(
    desk: Desk,
    tx: Transaction,
    dossiers: Sequence[Any],
    calendar_for: Callable[[str], Calendar],
) -> list[Move]:
    """List what the calendars of `calendar_for` (by agency code) move of open dossiers.

    `dossiers` are rows of `CLOCK_COLUMNS`.

    While a clock stands, its due instant is kept as it was before that stop: so it is derived here
    too. A dossier whose instants cannot be derived is left as it is and logged.
    """
    histories = moments_of(tx.db, [row.id for row in dossiers])
    found: list[Move] = []
    for row in dossiers:
        calendar = calendar_for(clock_office(desk, tx, row))
        try:
            instants = _instants(desk, tx, row, histories[row.id], calendar)
        except DomainError as refusal:
            log.error("clock of dossier %s cannot be derived: %s", row.id, refusal.code)  # noqa: TRY400  (a refusal, no fault of the code)
            continue
        found += [
            Move(row, what, before, after)
            for what, before, after in instants
            if before is not None and after is not None and after != local_minute(before)
        ]
    return found


def left_standing(
    desk: Desk, tx: Transaction, dossiers: Sequence[Any], due_of: Mapping[int, datetime]
) -> dict[int, int]:
    """Return the working minutes that standing clocks of accepted dossiers have left, by key.

    `dossiers` are rows of `CLOCK_COLUMNS`; `due_of` are due instants that replace the kept ones.
    """
    waiting = [row for row in dossiers if row.status in WAITING and row.accepted_at is not None]
    histories = moments_of(tx.db, [row.id for row in waiting])
    found: dict[int, int] = {}
    for row in waiting:
        stood = stops(histories[row.id], payment_stops=desk.rules.payment_wait_stops_clock)
        due_at = due_of.get(row.id, row.due_at)
        if stood and stood[-1].end is None and due_at is not None:
            found[row.id] = -lateness(stood[-1].start, due_at, calendar_of(desk, tx, row))
    return found


def _instants(
    desk: Desk, tx: Transaction, row: Row[Any], history: Sequence[Moment], calendar: Calendar
) -> list[tuple[str, datetime | None, datetime | None]]:
    """Return what is kept and what is derived of an open dossier's instants."""
    if row.accepted_at is None:
        if row.status != Status.REGISTERED:
            return []  # a request to supplement was the first answer
        stood = stops(history, payment_stops=desk.rules.payment_wait_stops_clock)
        answer_due_at = due(FIRST_ANSWER, row.received_at, stood, calendar).due_at
        return [("answer", row.answer_due_at, answer_due_at)]
    stood = stops(history, payment_stops=desk.rules.payment_wait_stops_clock)
    closed = [stop for stop in stood if stop.end is not None]
    limit = version_of(desk, tx, row).limit
    due_at = due(limit, row.accepted_at, closed, calendar, extension_of(row.extension)).due_at
    return [("due", row.due_at, due_at)]
