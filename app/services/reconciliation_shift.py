"""One process at work on a reconciliation: it holds the run's lease, and records part by part."""

import secrets
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Event

from sqlalchemy import delete, select, text, update

from app.db.access import Transaction, acting
from app.db.reconciliations import reconciliation, reconciliation_part
from app.domain.actor import SYSTEM
from app.domain.calendar import LOCAL_ZONE
from app.domain.reconciliation import (
    Outcome,
    PartKind,
    ReconciliationBusy,
    ReconciliationNotFound,
    ReconciliationRefused,
    RunState,
)
from app.services.desk import Desk
from app.services.pace import Gate
from app.services.reconciliation_parts import Finding, find
from app.services.reconciliation_records import add_counts, write_differences

_LEASE = timedelta(seconds=30)
_RENEW_S, _LOOK_S = 5.0, 0.5


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

    def work(
        self,
        pool: ThreadPoolExecutor,
        threads: int,
        closing: Event,
        advance: Callable[[int], None],
    ) -> bool:
        """Work on parts, as many at once as there are threads; False if it was `closing`."""
        waiting = self.parts()
        begun: set[Future[int]] = set()
        try:
            while (waiting or begun) and not closing.is_set():
                while waiting and len(begun) < threads:
                    begun.add(pool.submit(self.ask_part, waiting.pop()))
                ended, begun = wait(begun, timeout=_LOOK_S, return_when=FIRST_COMPLETED)
                for future in ended:
                    advance(future.result())
                if time.monotonic() - self._renewed >= _RENEW_S:
                    self.renew()
        finally:
            self.gate.closing.set()  # whoever waits for the portal waits no more
            wait(begun)
        if not closing.is_set():
            return True
        with acting(self.desk.engine, SYSTEM) as tx:
            self._check(tx)
            _lease(tx, self.run_id, lease=None, until=None)
        return False

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
            known = {one.code for one in listed} - write_differences(tx, self.run_id, listed, now)
            add_counts(tx, self.run_id, [one for one in found if one.code not in known])
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
