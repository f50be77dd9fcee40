"""What will be late: kept statistics of finished dossiers, held against the open ones."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, select, text

from app.db.access import Transaction, acting
from app.db.catalogue import procedure
from app.db.clock import pace
from app.db.dossiers import dossier
from app.db.histories import moments_of
from app.db.reference import Catalogue
from app.domain.actor import SYSTEM, Actor, Role
from app.domain.calendar import LOCAL_ZONE
from app.domain.deadlines import in_words
from app.domain.errors import DomainError
from app.domain.forecast import Forecast, forecast, places, present, running_minutes, times_taken
from app.domain.lifecycle import LABELS, Status
from app.domain.timeline import Moment, stops
from app.services.clocks import calendar_of, running_statuses, version_of
from app.services.desk import Desk

KEPT_FOR = timedelta(hours=1)
LATEST = 500
"""So many of a procedure's last finished dossiers are looked at."""
MOST = 5000
"""So many open dossiers are looked at in one question, the first due first."""

_READERS = frozenset({Role.APPROVER, Role.ANALYST})


class ForecastRefused(DomainError):
    """The forecast is for approvers and analysts."""

    code = "forecast.role_refused"
    title = "Vai trò không được xem dự báo"


def refresh_pace(desk: Desk, *, now: datetime) -> int:
    """Count one procedure's finished dossiers anew if that is an hour old; return how many were.

    Each worker takes the one that waits longest and that no other has in hand.
    """
    with acting(desk.engine, SYSTEM) as tx:
        tx.db.execute(
            text("""
                INSERT INTO pace (procedure_id, refreshed_at, cases, samples)
                SELECT id, '-infinity', 0, '{}' FROM procedure
                WHERE NOT EXISTS (SELECT FROM pace WHERE pace.procedure_id = procedure.id)
                ON CONFLICT DO NOTHING
            """)
        )
        procedure_id = tx.db.scalar(
            text("""
                SELECT procedure_id FROM pace WHERE refreshed_at <= :before
                ORDER BY refreshed_at, procedure_id LIMIT 1 FOR UPDATE SKIP LOCKED
            """),
            {"before": now - KEPT_FOR},
        )
        if procedure_id is None:
            return 0
        finished = _finished(tx, procedure_id)
        samples = _samples(desk, tx, finished)
        tx.db.execute(
            pace.update()
            .where(pace.c.procedure_id == procedure_id)
            .values(refreshed_at=now, cases=len(finished), samples=samples)
        )
        return 1


def _finished(tx: Transaction, procedure_id: int) -> Sequence[Any]:
    return tx.db.execute(
        text("""
            SELECT last.id, last.agency_id, last.clock_agency_id FROM procedure_version AS version
            CROSS JOIN LATERAL (
                SELECT id, agency_id, clock_agency_id, resolved_at FROM dossier
                WHERE procedure_version_id = version.id AND resolved_at IS NOT NULL
                ORDER BY resolved_at DESC LIMIT :latest
            ) AS last
            WHERE version.procedure_id = :procedure
            ORDER BY last.resolved_at DESC LIMIT :latest
        """),
        {"procedure": procedure_id, "latest": LATEST},
    ).all()


def _samples(desk: Desk, tx: Transaction, finished: Sequence[Any]) -> dict[str, list[int]]:
    histories = moments_of(tx.db, [row.id for row in finished])
    found: defaultdict[str, list[int]] = defaultdict(list)
    for row in finished:
        calendar = calendar_of(desk, tx, row)
        history = histories[row.id]
        for place, minutes in times_taken(history, _stops(desk, history), calendar).items():
            found[place].append(minutes)
    return {place: sorted(sample) for place, sample in found.items()}


def _stops(desk: Desk, history: Sequence[Moment]) -> list[Any]:
    return stops(history, payment_stops=desk.rules.payment_wait_stops_clock)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page begins: the list is that of `as_of`, ordered by chance, due instant and key."""

    as_of: datetime
    rank: int
    due_at: datetime
    id: int


@dataclass(frozen=True, slots=True)
class Outlook:
    """A page of what is due soon; `is_capped` if more dossiers were due than are looked at."""

    as_of: datetime
    items: list[dict[str, Any]]
    next: Place | None
    looked_at: int
    is_capped: bool


def outlook(
    desk: Desk,
    *,
    actor: Actor,
    now: datetime,
    within_days: int,
    after: Place | None,
    limit: int,
    most: int = MOST,
) -> Outlook:
    """Say of the open dossiers that come due within so many days how likely each will be late.

    The likeliest first; those of which nothing can be said come last. What is late already is not
    in it. An approver asks about the dossiers of the agency and the units below it, an analyst
    too; nobody's personal data is in the answer.
    """
    if actor.role not in _READERS or actor.agency is None:
        raise ForecastRefused("Dự báo dành cho lãnh đạo và cán bộ tổng hợp.")
    as_of = after.as_of if after else now
    # Analysts see no dossiers; what they are told here has no person in it.
    with acting(desk.engine, SYSTEM) as tx:
        catalogue = desk.references.catalogue(tx)
        agencies = _subtree(catalogue, actor.agency)
        rows = _due(desk, tx, agencies, as_of, as_of + timedelta(days=within_days), most + 1)
        judged = _judge(desk, tx, rows[:most], as_of)
        judged.sort(key=lambda one: _order(*one))
        if after is not None:
            key = (after.rank, after.due_at, after.id)
            judged = [one for one in judged if _order(*one) > key]
        page = judged[:limit]
        return Outlook(
            as_of,
            [_view(desk, tx, row, said, left) for row, said, left in page],
            Place(as_of, *_order(*page[-1])) if len(judged) > limit else None,
            min(len(rows), most),
            len(rows) > most,
        )


_Judged = tuple[Any, Forecast, int]


def _order(row: Row[Any], said: Forecast, _left: int) -> tuple[int, datetime, int]:
    rank = 1 if said.chance is None else -round(said.chance * 10_000)
    return rank, row.due_at, row.id


def _subtree(catalogue: Catalogue, agency: str) -> list[int]:
    return [
        key for code, key in catalogue.agency_ids.items() if f"{code}.".startswith(f"{agency}.")
    ]


def _due(
    desk: Desk,
    tx: Transaction,
    agencies: Sequence[int],
    first: datetime,
    last: datetime,
    limit: int,
) -> Sequence[Any]:
    return tx.db.execute(
        select(
            dossier.c.id,
            dossier.c.code,
            dossier.c.status,
            dossier.c.step,
            dossier.c.procedure_version_id,
            dossier.c.agency_id,
            dossier.c.at_agency_id,
            dossier.c.clock_agency_id,
            dossier.c.due_at,
        )
        .where(
            dossier.c.ended_at.is_(None),
            dossier.c.status.in_(running_statuses(desk)),
            dossier.c.due_at.between(first, last),
            dossier.c.agency_id.in_(agencies) | dossier.c.at_agency_id.in_(agencies),
        )
        .order_by(dossier.c.due_at, dossier.c.id)
        .limit(limit)
    ).all()


def _judge(desk: Desk, tx: Transaction, rows: Sequence[Any], as_of: datetime) -> list[_Judged]:
    catalogue = desk.references.catalogue(tx)
    histories = moments_of(tx.db, [row.id for row in rows])
    samples = _kept(tx, catalogue, rows)
    judged: list[_Judged] = []
    for row in rows:
        calendar = calendar_of(desk, tx, row)
        history = [moment for moment in histories[row.id] if moment.at <= as_of]
        stood = _stops(desk, history)
        entered = places(history)
        here = present(Status(row.status), _step(desk, tx, row))
        elapsed = [
            (place, running_minutes(entered[place], as_of, stood, calendar))
            for place in here
            if place in entered
        ]
        left = calendar.minutes_between(as_of, row.due_at)
        known = samples.get(catalogue.offered[row.procedure_version_id].procedure.code, {})
        judged.append((row, forecast(left, elapsed, known), left))
    return judged


def _kept(
    tx: Transaction, catalogue: Catalogue, rows: Sequence[Any]
) -> Mapping[str, Mapping[str, Sequence[int]]]:
    wanted = {catalogue.offered[row.procedure_version_id].procedure.code for row in rows}
    kept = tx.db.execute(
        select(procedure.c.code, pace.c.samples)
        .join(procedure, procedure.c.id == pace.c.procedure_id)
        .where(procedure.c.code.in_(wanted))
    )
    return {row.code: row.samples for row in kept}


def _step(desk: Desk, tx: Transaction, row: Row[Any]) -> str:
    code: str = version_of(desk, tx, row).steps[row.step].code
    return code


def _view(desk: Desk, tx: Transaction, row: Row[Any], said: Forecast, left: int) -> dict[str, Any]:
    catalogue = desk.references.catalogue(tx)
    agency = catalogue.agency_of(row.agency_id)
    offered = catalogue.offered[row.procedure_version_id]
    calendar = calendar_of(desk, tx, row)
    full_day = calendar.hours_on(row.due_at.astimezone(LOCAL_ZONE).date()).full_day_minutes
    return {
        "code": row.code,
        "procedure": {"code": offered.procedure.code, "name": offered.procedure.name},
        "agency": agency.code,
        "at_agency": catalogue.agency_codes[row.at_agency_id],
        "status": row.status,
        "status_label": LABELS[Status(row.status)],
        "step": _step(desk, tx, row),
        "due_at": row.due_at,
        "remaining_minutes": left,
        "in_words": in_words(-left, full_day),
        "chance": said.chance,
        "median_minutes": said.median_minutes,
        "p90_minutes": said.p90_minutes,
        "cases": said.cases,
        "basis": said.basis,
    }
