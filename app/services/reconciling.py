"""Reconciling with the national portal (đối chiếu): every dossier of a period is asked about.

A run is cut into parts when it begins. Whoever works on it holds its lease; each part is recorded
with what it found in one transaction, or not at all: killed at any moment, the run goes on where
it was. Several runs at once do not know of one another.
"""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from threading import Event

from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from app.db.access import Transaction, acting
from app.db.figure_books import LOCK
from app.db.figure_journal import figure_closing
from app.db.reconciliations import reconciliation
from app.domain.actor import SYSTEM, Actor
from app.domain.calendar import LOCAL_ZONE
from app.domain.reconciliation import (
    Origin,
    ReconciliationBusy,
    ReconciliationRefused,
    RunState,
    Span,
    nightly_span,
)
from app.services.desk import Desk
from app.services.pace import Gate, Pace
from app.services.reconciliation_planning import plan
from app.services.reconciliation_shift import Shift, claim

_DAY = timedelta(days=1)


def begin(
    desk: Desk,
    span: Span,
    *,
    actor: Actor,
    now: datetime,
    listed: Iterable[str] = (),
    night: date | None = None,
) -> int | None:
    """Begin a run and plan what it asks; None if this night's run was begun by another worker.

    `listed` are codes that the portal is said to hold.
    """
    with acting(desk.engine, SYSTEM) as tx:
        scope = _scope(desk, tx, span)
        run_id = tx.db.scalar(
            upsert(reconciliation)
            .values(
                origin=Origin.ASKED if night is None else Origin.NIGHTLY,
                night=night,
                first_on=span.first,
                last_on=span.last,
                agency=span.agency,
                state=RunState.RUNNING,
                asked_by=actor.id,
                asked_name=actor.name,
                begun_at=now,
                planned=0,
                done=0,
            )
            .on_conflict_do_nothing(index_elements=["night"])
            .returning(reconciliation.c.id)
        )
        if run_id is None:
            return None
        planned = plan(tx, run_id, span, listed, scope, ahead=desk.rules.asking.ahead)
        tx.db.execute(
            update(reconciliation).where(reconciliation.c.id == run_id).values(planned=planned)
        )
        return int(run_id)


def unfinished(desk: Desk, *, origin: Origin = Origin.ASKED) -> int | None:
    """Return the newest run that is not finished, None if there is none."""
    with acting(desk.engine, SYSTEM) as tx:
        newest: int | None = tx.db.scalar(
            select(func.max(reconciliation.c.id))
            .where(reconciliation.c.state == RunState.RUNNING)
            .where(reconciliation.c.origin == origin)
        )
        return newest


def work(
    desk: Desk,
    run_id: int,
    now: Callable[[], datetime],
    *,
    closing: Event | None = None,
    advance: Callable[[int], None] = lambda _: None,
) -> bool:
    """Work on a run until it is finished, or `closing`; tell which.

    Refused (`ReconciliationBusy`) while another process works on it. `advance` is told how many
    dossiers were asked about.
    """
    asking = desk.rules.asking
    patience_s = asking.patience.total_seconds()
    gate = Gate(desk.engine, Pace(asking.per_second), now, asking.tries, patience_s)
    shift = Shift(desk, run_id, claim(desk, run_id, now()), gate, now)
    with ThreadPoolExecutor(asking.threads, "reconciling") as pool:
        is_done = shift.work(pool, asking.threads, closing or Event(), advance)
    if not is_done:
        return False
    _finish(desk, run_id, now())
    return True


def nightly(desk: Desk, now: Callable[[], datetime], *, closing: Event | None = None) -> int:
    """Reconcile once a night, and take up what a worker left; return how many runs that was."""
    local = now().astimezone(LOCAL_ZONE)
    if desk.rules.asking.is_night(local.hour) and not _is_begun(desk, local.date()):
        begin(desk, nightly_span(local.date()), actor=SYSTEM, now=now(), night=local.date())
        _forget(desk, now())
    run_id = unfinished(desk, origin=Origin.NIGHTLY)
    if run_id is None:
        return 0
    try:
        return int(work(desk, run_id, now, closing=closing))
    except ReconciliationBusy:
        return 0


def _scope(desk: Desk, tx: Transaction, span: Span) -> list[int]:
    catalogue = desk.references.catalogue(tx)
    if span.agency is None:
        return list(catalogue.agency_ids.values())
    if span.agency not in catalogue.agencies:
        raise ReconciliationRefused(f"Không có cơ quan {span.agency}.")
    return [
        key
        for code, key in catalogue.agency_ids.items()
        if f"{code}.".startswith(f"{span.agency}.")
    ]


def _finish(desk: Desk, run_id: int, now: datetime) -> None:
    """End a run; figures know it from today on, or from the first day that is not closed yet."""
    with acting(desk.engine, SYSTEM) as tx:
        tx.db.execute(text(LOCK))
        closed = tx.db.scalar(select(func.max(figure_closing.c.day)))
        today = now.astimezone(LOCAL_ZONE).date()
        tx.db.execute(
            update(reconciliation)
            .where(reconciliation.c.id == run_id, reconciliation.c.state == RunState.RUNNING)
            .values(
                state=RunState.FINISHED,
                finished_at=now,
                recorded_on=today if closed is None else max(today, closed + _DAY),
                lease=None,
                leased_until=None,
            )
        )


def _is_begun(desk: Desk, night: date) -> bool:
    with acting(desk.engine, SYSTEM) as tx:
        known = select(reconciliation.c.id).where(reconciliation.c.night == night)
        return tx.db.scalar(known) is not None


def _forget(desk: Desk, now: datetime) -> None:
    """Drop what old nightly runs listed, but for what is unknown here; the counts are kept."""
    with acting(desk.engine, SYSTEM) as tx:
        tx.db.execute(
            text("""
                DELETE FROM reconciliation_difference
                WHERE outcome <> 'unknown_here' AND reconciliation_id IN (
                    SELECT id FROM reconciliation
                    WHERE origin = 'nightly' AND state = 'finished' AND finished_at < :before)
            """),
            {"before": now - desk.rules.asking.keep},
        )
