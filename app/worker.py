"""Background process: drains the ledger and the inbox, checks signatures, sweeps.

Any number of workers may run, on any machines: each claims what it works on, and what a killed
one had in hand is taken up by another after its lease.
"""

import logging
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy.exc import OperationalError, SQLAlchemyError

from app import clock
from app.composition import desk_of, engine_of
from app.db.bell import Ear
from app.domain.messages import CALLED, Channel
from app.services import (
    announcements,
    bookkeeping,
    category_work,
    checks,
    deliveries,
    drafts,
    extraction_schedules,
    extraction_work,
    forecasts,
    lookup_work,
    message_sending,
    moving,
    notices,
    opinions,
    parcel_tracking,
    parcel_work,
    petitions,
    recomputation,
    recounting,
    sweeps,
    tracking,
    warnings,
    webhook_sending,
)
from app.services.desk import Desk
from app.settings import Settings

log = logging.getLogger(__name__)

_LOOK_EVERY_S = 1.0
_AFTER_FAULT_S = 2.0


@dataclass(frozen=True, slots=True)
class _Chore:
    """What time alone causes: looked after every so often, at once again while there is more."""

    work: Callable[[Desk, datetime], int]
    every: timedelta
    again: bool = True


_TELLING_THREADS = 4
_HOUR = timedelta(hours=1)
_CHORES = (
    _Chore(lambda desk, now: recomputation.recompute_open(desk, now=now), timedelta(seconds=1)),
    _Chore(lambda desk, _now: petitions.recompute_open(desk), timedelta(seconds=1)),
    _Chore(lambda desk, now: sweeps.return_electronic_results(desk, now=now), timedelta()),
    _Chore(lambda desk, now: sweeps.stop_unanswered(desk, now=now), timedelta(minutes=1)),
    _Chore(lambda desk, now: warnings.raise_due(desk, now=now), timedelta(minutes=1)),
    _Chore(lambda desk, now: announcements.warn_of_overdue(desk, now=now), timedelta(minutes=1)),
    _Chore(lambda desk, now: opinions.give_up(desk, now=now), timedelta(minutes=1)),
    _Chore(lambda desk, now: forecasts.refresh_pace(desk, now=now), timedelta(seconds=10)),
    _Chore(lambda desk, now: moving.begin_due(desk, now=now), timedelta(seconds=1)),
    _Chore(lambda desk, now: moving.move_next(desk, now=now), timedelta(seconds=1)),
    _Chore(lambda desk, now: lookup_work.forget(desk, now=now), timedelta(seconds=30), again=False),
    _Chore(lambda desk, _now: moving.reopen_late(desk), timedelta(minutes=1)),
    _Chore(lambda desk, now: sweeps.forget_answers(desk, now=now), _HOUR, again=False),
    _Chore(lambda desk, now: extraction_schedules.ask_due(desk, now=now), timedelta(seconds=30)),
    _Chore(lambda desk, now: extraction_work.forget(desk, now=now), _HOUR, again=False),
    _Chore(
        lambda desk, now: drafts.forget_untouched(desk, now=now), timedelta(hours=1), again=False
    ),
    _Chore(
        lambda desk, now: tracking.forget_counts(desk, now=now), timedelta(hours=1), again=False
    ),
)


class Worker:
    """One loop for inbox and chores, others beside it for the ledger and what takes long."""

    def __init__(self, desk: Desk, *, threads: int, now: Callable[[], datetime]) -> None:
        self._desk = desk
        self._threads = threads
        self._now = now
        self._closing = threading.Event()
        self._next_at: dict[_Chore, datetime] = {}

    def close(self) -> None:
        self._closing.set()

    def run(self) -> None:
        """Work until `close`; a database that is away is waited for."""
        beside = [threading.Thread(target=loop, name=name) for name, loop in self._beside().items()]
        for thread in beside:
            thread.start()
        self._repeatedly(self.work_once)
        for thread in beside:
            thread.join()

    def _beside(self) -> dict[str, Callable[[], None]]:
        """Name the loops beside the chores': a partner that hangs holds up nothing else."""
        loops: dict[str, Callable[[], None]] = {
            "deliveries": self._deliver,
            "signatures": self._check_signatures,
            "announcements": self._announce,
            "figures": self._keep_books,
            "extractions": self._extract,
            "lookups": partial(self._tell, look_up),
            "parcels": partial(self._tell, carry),
            "webhooks": partial(self._tell, webhook_sending.send),
        }
        for channel in CALLED:
            if channel in self._desk.partners.messengers:
                send = partial(_over, channel)
                loops[channel] = partial(self._tell, send)
        return loops

    def _deliver(self) -> None:
        with ThreadPoolExecutor(self._threads, "delivery") as pool:
            self._repeatedly(lambda: self._drain(pool))

    def _drain(self, pool: ThreadPoolExecutor) -> int:
        return deliveries.drain(
            self._desk, self._now, threads=pool, hands=self._threads, closing=self._closing
        )

    def _repeatedly(self, work: Callable[[], int]) -> None:
        """Work until `close`; when there is nothing to do, until the bell rings or a second."""
        ear = Ear(self._desk.engine)
        while not self._closing.is_set():
            if not self._quietly(work):
                ear.wait(_LOOK_EVERY_S, self._closing)
        ear.close()

    def work_once(self) -> int:
        """Apply notices and do what time causes; return how much that was."""
        desk, now = self._desk, self._now
        done = notices.apply_waiting(desk, now=now())
        done += sum(self._look_after(chore) for chore in _CHORES)
        return done

    def _look_after(self, chore: _Chore) -> int:
        """Do a chore if its time has come; a fault in one keeps nobody from the others."""
        now = self._now()
        if now < self._next_at.get(chore, now):
            return 0
        self._next_at[chore] = now + chore.every
        try:
            done = chore.work(self._desk, now)
        except OperationalError:
            raise  # the database is away: for everything else too
        except Exception:
            log.exception("worker fault")
            return 0
        if done and chore.again:
            self._next_at[chore] = now
        return done if chore.again else 0

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

    def _extract(self) -> None:
        def make() -> int:
            return extraction_work.work(self._desk, self._now, closing=self._closing)

        while not self._closing.is_set():
            if not self._quietly(make):
                self._closing.wait(_LOOK_EVERY_S)

    def _announce(self) -> None:
        while not self._closing.is_set():
            if not self._quietly(lambda: announcements.plan(self._desk, now=self._now())):
                self._closing.wait(_LOOK_EVERY_S)

    def _tell(self, send: Callable[..., int]) -> None:
        with ThreadPoolExecutor(_TELLING_THREADS, "telling") as pool:
            while not self._closing.is_set():
                if not self._quietly(
                    lambda: send(self._desk, self._now, threads=pool, batch=_TELLING_THREADS)
                ):
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


def look_up(
    desk: Desk, now: Callable[[], datetime], *, threads: ThreadPoolExecutor, batch: int
) -> int:
    """Ask the LGSP what is due now."""
    done = category_work.refresh(desk, now)
    return done + lookup_work.work(desk, now, threads=threads, batch=batch)


def carry(
    desk: Desk, now: Callable[[], datetime], *, threads: ThreadPoolExecutor, batch: int
) -> int:
    """Bring orders to the post, follow parcels, return results that were delivered."""
    done = parcel_work.work(desk, now, threads=threads, batch=batch)
    done += parcel_tracking.poll(desk, now)
    return done + parcel_work.return_delivered(desk, now=now())


def _over(
    channel: Channel,
    desk: Desk,
    now: Callable[[], datetime],
    *,
    threads: ThreadPoolExecutor,
    batch: int,
) -> int:
    return message_sending.send(desk, channel, now, threads=threads, batch=batch)


def work(settings: Settings) -> None:
    """Run one worker until SIGTERM or SIGINT."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(message)s")
    engine = engine_of(settings, pool_size=settings.delivery_threads + 16)
    desk = desk_of(settings, engine)
    worker = Worker(desk, threads=settings.delivery_threads, now=clock.now)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: worker.close())
    worker.run()
    desk.partners.close()
    engine.dispose()


if __name__ == "__main__":
    work(Settings())
