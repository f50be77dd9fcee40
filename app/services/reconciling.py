"""Reconciling with the national portal (đối chiếu): every dossier of a period is asked about.

A run is cut into parts when it begins. Whoever works on it holds its lease; each part is recorded
with what it found in one transaction, or not at all: killed at any moment, the run goes on where
it was. Several runs at once do not know of one another.
"""

import secrets
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from threading import Event
from typing import Any

from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from app.db.access import Transaction, acting
from app.db.figure_books import LOCK
from app.db.figures import figure_closing
from app.db.reconciliations import (
    reconciliation,
    reconciliation_count,
    reconciliation_difference,
    reconciliation_part,
    reconciliation_value,
)
from app.domain.actor import SYSTEM, Actor
from app.domain.calendar import LOCAL_ZONE
from app.domain.reconciliation import (
    Origin,
    Outcome,
    PartKind,
    ReconciliationBusy,
    ReconciliationNotFound,
    ReconciliationRefused,
    RunState,
    Span,
    nightly_span,
)
from app.services.desk import Desk
from app.services.pace import Gate, Pace
from app.services.reconciliation_parts import Finding, find
from app.services.reconciliation_planning import plan

_LEASE = timedelta(seconds=30)
_RENEW_S = 5.0
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
    closing = closing or Event()
    gate = Gate(
        desk.engine,
        Pace(asking.per_second),
        now,
        asking.tries,
        asking.patience.total_seconds(),
        closing,
    )
    shift = Shift(desk, run_id, claim(desk, run_id, now()), gate, now)
    try:
        with ThreadPoolExecutor(asking.threads, "reconciling") as pool:
            shift.work(pool, asking.threads, advance)
    except BaseException:
        closing.set()
        raise
    if closing.is_set():
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


def claim(desk: Desk, run_id: int, now: datetime) -> str:
    """Take a run for one process; refused while another's lease lasts."""
    lease = secrets.token_hex(8)
    with acting(desk.engine, SYSTEM) as tx:
        row = tx.db.execute(
            select(reconciliation).where(reconciliation.c.id == run_id).with_for_update()
        ).one_or_none()
        if row is None:
            raise ReconciliationNotFound(f"Không có lần đối chiếu {run_id}.")
        if row.state == RunState.FINISHED:
            raise ReconciliationRefused(f"Lần đối chiếu {run_id} đã xong.")
        if row.leased_until is not None and row.leased_until > now:
            raise ReconciliationBusy(
                f"Một tiến trình khác đang chạy lần đối chiếu {run_id}; nếu nó đã dừng, "
                f"hãy thử lại sau {row.leased_until.astimezone(LOCAL_ZONE):%H:%M:%S}."
            )
        _lease(tx, run_id, lease=lease, until=now + _LEASE)
    return lease


def _lease(tx: Transaction, run_id: int, *, lease: str | None, until: datetime | None) -> None:
    tx.db.execute(
        update(reconciliation)
        .where(reconciliation.c.id == run_id)
        .values(lease=lease, leased_until=until)
    )


@dataclass
class Shift:
    """One process at work on a run, under its lease."""

    desk: Desk
    run_id: int
    lease: str
    gate: Gate
    now: Callable[[], datetime]
    _renewed: float = field(default_factory=time.monotonic)

    def work(self, pool: ThreadPoolExecutor, threads: int, advance: Callable[[int], None]) -> None:
        waiting = self.parts()
        begun: set[Future[int]] = set()
        while (waiting or begun) and not self.gate.closing.is_set():
            while waiting and len(begun) < threads:
                begun.add(pool.submit(self.ask_part, waiting.pop()))
            ended, begun = wait(begun, timeout=_RENEW_S, return_when=FIRST_COMPLETED)
            for future in ended:
                advance(future.result())
            if time.monotonic() - self._renewed >= _RENEW_S:
                self.renew()
        if self.gate.closing.is_set():
            wait(begun)
            with acting(self.desk.engine, SYSTEM) as tx:
                self._check(tx)
                _lease(tx, self.run_id, lease=None, until=None)

    def parts(self) -> list[int]:
        """Return what is left to ask, the last first."""
        part = reconciliation_part.c
        with acting(self.desk.engine, SYSTEM) as tx:
            return list(
                tx.db.scalars(
                    select(part.n).where(part.reconciliation_id == self.run_id).order_by(-part.n)
                )
            )

    def ask_part(self, n: int) -> int:
        """Ask about one part and record what was found; return how many dossiers that were."""
        part = reconciliation_part.c
        with acting(self.desk.engine, SYSTEM) as tx:
            row = tx.db.execute(
                select(reconciliation_part).where(
                    part.reconciliation_id == self.run_id, part.n == n
                )
            ).one()
        kind = PartKind(row.kind)
        found = list(find(self.desk, self.gate, kind, row.keys))
        if self.gate.closing.is_set():
            return 0  # what was not asked for that reason is asked by whoever goes on
        done = 0 if kind is PartKind.FOLLOWING else len(row.keys)
        now = self.now()
        with acting(self.desk.engine, SYSTEM) as tx:
            self._check(tx, done)
            tx.db.execute(
                delete(reconciliation_part).where(
                    part.reconciliation_id == self.run_id, part.n == n
                )
            )
            listed = [one for one in found if self._is_listed(one)]
            known = {one.code for one in listed} - _list(tx, self.run_id, listed, now)
            _count(tx, self.run_id, [one for one in found if one.code not in known])
        return done

    def _is_listed(self, one: Finding) -> bool:
        """Tell whether a person finds it in the list: not each one of a night without a portal."""
        return one.is_listed and not (one.outcome is Outcome.UNASKED and self.gate.is_given_up)

    def renew(self) -> None:
        """Keep the run for a while longer."""
        with acting(self.desk.engine, SYSTEM) as tx:
            self._check(tx)
            _lease(tx, self.run_id, lease=self.lease, until=self.now() + _LEASE)
        self._renewed = time.monotonic()

    def _check(self, tx: Transaction, done: int = 0) -> None:
        """Refuse to record anything once another process has taken the run over."""
        mine = tx.db.execute(
            text("UPDATE reconciliation SET done = done + :done WHERE id = :id AND lease = :lease"),
            {"done": done, "id": self.run_id, "lease": self.lease},
        )
        if not mine.rowcount:
            raise ReconciliationBusy(
                f"Một tiến trình khác đã tiếp tục lần đối chiếu {self.run_id}."
            )


def _list(tx: Transaction, run_id: int, found: Sequence[Finding], now: datetime) -> set[str]:
    """Write what a person should see; return the codes that were not on the list before."""
    if not found:
        return set()
    by_code = {one.code: one for one in found}
    rows = tx.db.execute(
        upsert(reconciliation_difference)
        .values([_row(run_id, one, now) for one in by_code.values()])
        .on_conflict_do_nothing(index_elements=["reconciliation_id", "code"])
        .returning(reconciliation_difference.c.id, reconciliation_difference.c.code)
    ).all()
    values = [
        {
            "difference_id": row.id,
            "field": one.field,
            "ours": one.ours,
            "theirs": one.theirs,
            "is_personal": one.is_personal,
        }
        for row in rows
        for one in by_code[row.code].differences
    ]
    if values:
        tx.db.execute(insert(reconciliation_value), values)
    return {row.code for row in rows}


def _row(run_id: int, one: Finding, now: datetime) -> dict[str, Any]:
    return {
        "reconciliation_id": run_id,
        "code": one.code,
        "dossier_id": one.dossier_id,
        "agency_id": one.agency_id,
        "month": one.month,
        "outcome": one.outcome,
        "cause": one.cause,
        "told": one.told,
        "stage": one.stage,
        "detail": one.detail and one.detail[:1000].replace("\0", ""),
        "fields": [difference.field for difference in one.differences],
        "found_at": now,
    }


def _count(tx: Transaction, run_id: int, found: Sequence[Finding]) -> None:
    dossiers = Counter((one.agency_id, one.month, one.outcome) for one in found)
    held = Counter((one.agency_id, one.month, one.outcome) for one in found if one.held)
    if not dossiers:
        return
    count = reconciliation_count.c
    rows = upsert(reconciliation_count).values(
        [
            {
                "reconciliation_id": run_id,
                "agency_id": key[0],
                "month": key[1],
                "outcome": key[2],
                "dossiers": number,
                "held": held[key],
            }
            for key, number in sorted(dossiers.items())
        ]
    )
    tx.db.execute(
        rows.on_conflict_do_update(
            index_elements=["reconciliation_id", "agency_id", "month", "outcome"],
            set_={
                "dossiers": count.dossiers + rows.excluded.dossiers,
                "held": count.held + rows.excluded.held,
            },
        )
    )


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
