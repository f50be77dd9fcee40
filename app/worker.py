"""Background process: drains the ledger and the inbox, checks signatures, sweeps.

Any number of workers may run, on any machines: each claims what it works on, and what a killed
one had in hand is taken up by another after its lease.
"""

import logging
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from sqlalchemy.exc import SQLAlchemyError

from app import clock
from app.composition import desk_of, engine_of
from app.db.bell import Ear
from app.services import bookkeeping, checks, deliveries, notices, recounting, sweeps
from app.services.desk import Desk
from app.settings import Settings

log = logging.getLogger(__name__)

_LOOK_EVERY_S = 1.0
_AFTER_FAULT_S = 2.0
_FORGET_EVERY = timedelta(hours=1)


class Worker:
    """One loop for the ledger and the inbox; signature checks and figures beside it."""

    def __init__(self, desk: Desk, *, threads: int, now: Callable[[], datetime]) -> None:
        self._desk = desk
        self._threads = threads
        self._now = now
        self._closing = threading.Event()
        self._forgot_at: datetime | None = None

    def close(self) -> None:
        self._closing.set()

    def run(self) -> None:
        """Work until `close`; a database that is away is waited for."""
        checker = threading.Thread(target=self._check_signatures, name="signatures")
        checker.start()
        keeper = threading.Thread(target=self._keep_books, name="figures")
        keeper.start()
        ear = Ear(self._desk.engine)
        with ThreadPoolExecutor(self._threads, "delivery") as pool:
            while not self._closing.is_set():
                if not self._quietly(lambda: self.work_once(pool)):
                    ear.wait(_LOOK_EVERY_S, self._closing)
        ear.close()
        checker.join()
        keeper.join()

    def work_once(self, pool: ThreadPoolExecutor) -> int:
        """Do what is due now; return how much that was."""
        desk, now = self._desk, self._now
        done = notices.apply_waiting(desk, now=now())
        done += sweeps.return_electronic_results(desk, now=now())
        done += deliveries.drain(desk, now, threads=pool, batch=self._threads * 2)
        if self._forgot_at is None or now() - self._forgot_at > _FORGET_EVERY:
            sweeps.forget_answers(desk, now=now())
            self._forgot_at = now()
        return done

    def _check_signatures(self) -> None:
        while not self._closing.is_set():
            if not self._quietly(lambda: checks.check_next(self._desk, now=self._now)):
                self._closing.wait(_LOOK_EVERY_S / 4)

    def _keep_books(self) -> None:
        """Keep the figures up to date, so that answers need not; recount them every night."""
        while not self._closing.is_set():
            if not self._quietly(lambda: bookkeeping.fold(self._desk, now=self._now())):
                self._quietly(lambda: recounting.verify_nightly(self._desk, now=self._now()))
                self._closing.wait(_LOOK_EVERY_S)

    def _quietly(self, work: Callable[[], int]) -> int:
        """Do some work; a fault is logged and waited out, it never ends the worker."""
        try:
            return work()
        except SQLAlchemyError as error:
            log.warning("database is away: %s", error)
        except Exception:
            log.exception("worker fault")
        self._closing.wait(_AFTER_FAULT_S)
        return 0


def work(settings: Settings) -> None:
    """Run one worker until SIGTERM or SIGINT."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(message)s")
    engine = engine_of(settings, pool_size=settings.delivery_threads + 4)
    worker = Worker(desk_of(settings, engine), threads=settings.delivery_threads, now=clock.now)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: worker.close())
    worker.run()
    engine.dispose()


if __name__ == "__main__":
    work(Settings())
