"""Replay: a published table (KPI A) played through the same rules and tables as real dossiers.

A run is known by what it plays: table, share, seed, told or not. Its batches are always the same,
each is written in one transaction with its mark, and whoever plays the run again goes on after
the last mark. Partners are not called; what they would have been told is written to the ledger.
"""

import hashlib
import json
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from queue import SimpleQueue
from random import Random

import psycopg
from sqlalchemy import Engine, text

from app import seeds
from app.db.reference import Catalogue, read_calendars, read_catalogue
from app.domain.agency import Agency
from app.domain.calendar import LOCAL_ZONE, Calendar
from app.domain.errors import DomainError
from app.domain.figures import Intake
from app.domain.intake_plan import PlanWishes, Slice, batches, plan_days
from app.domain.intake_table import IntakeTable, Register, read_table
from app.domain.invented_people import NameLists, People
from app.domain.offers import OfferBook
from app.domain.past_dossier import PastRules
from app.domain.past_intake import PastIntake
from app.domain.past_life import Storyteller
from app.domain.past_stage import Odds, Words
from app.domain.periods import Period
from app.services.desk import Rules
from app.services.past_rows import RowMaker
from app.services.past_writing import Books, analyse_if_grown, connection, offices_of
from app.services.replay_writing import Batch, write

BATCH = 2000
_USUAL = Odds()
_WRITERS = 2  # connections that write at a time, while the next batch is being invented


class ReplayRunning(DomainError):
    """The same run is being played by another process."""

    code = "replay.running"
    title = "Bảng này đang được phát lại"


class ReplayChanged(DomainError):
    """A run was begun under another catalogue or calendar: its batches would not be the same."""

    code = "replay.changed"
    title = "Danh mục hoặc lịch đã thay đổi giữa chừng"


@dataclass(frozen=True, slots=True)
class Wishes:
    """What to play of a table: its share, the seed of chance, and whether partners are told."""

    share: Decimal = Decimal(1)
    seed: int = 1
    tell: bool = False


@dataclass(frozen=True, slots=True)
class Reference:
    """What the replay reads of the database before it begins."""

    catalogue: Catalogue
    calendars: dict[str, Calendar]
    calendar_revision: int
    book: OfferBook

    @classmethod
    def read(cls, owner: Engine) -> "Reference":
        with owner.connect() as db:
            catalogue = read_catalogue(db)
            revision = db.scalar(text("SELECT value FROM revision WHERE name = 'calendar'"))
            book = OfferBook(catalogue.procedures.values())
            return cls(catalogue, read_calendars(db), revision or 0, book)

    def table(self, data: bytes, now: datetime) -> IntakeTable:
        register = Register(self.catalogue.groups, self.catalogue.agencies.values())
        return read_table(data, register, self.book, now.astimezone(LOCAL_ZONE).date())

    @property
    def offices(self) -> dict[int, Calendar]:
        """The calendars by the key of their office, the one of all others under `USUAL`."""
        return offices_of(self.catalogue.agency_ids, self.calendars)

    def calendar_of(self, agency: Agency) -> Calendar:
        return self.calendars.get(agency.code, self.calendars["*"])


@dataclass(frozen=True, slots=True)
class Replay:
    """A run that is open: nobody else plays it. `now` is when it began, even if that was before."""

    table: IntakeTable
    run: str
    now: datetime
    today: date  # on which its facts become known
    wishes: Wishes
    done: dict[int, int]  # dossiers by number of the batches written before
    plan: Sequence[Sequence[Slice]]
    odds: Odds
    _reference: Reference
    _rules: Rules
    _owner: Engine
    _db: psycopg.Connection

    @property
    def total(self) -> int:
        return sum(part.dossiers for batch in self.plan for part in batch)

    @property
    def already(self) -> int:
        return sum(self.done.values())

    @property
    def is_played(self) -> bool:
        return len(self.done) == len(self.plan)

    def play(self) -> Generator[int, None, None]:
        """Write what is left, batch by batch; yield the dossiers of each once it is committed."""
        written: deque[Future[int]] = deque()
        books = Books(self.today, self._reference.offices)
        connections: SimpleQueue[psycopg.Connection] = SimpleQueue()
        with ExitStack() as stack:
            for _ in range(_WRITERS):
                connections.put(stack.enter_context(connection(self._owner)))
            writers = stack.enter_context(ThreadPoolExecutor(_WRITERS, "replay"))
            for batch in self._invented():
                written.append(writers.submit(_write, connections, batch, self.now, books))
                while len(written) > _WRITERS:
                    yield written.popleft().result()
            while written:
                yield written.popleft().result()
        analyse_if_grown(self._db, self.total)

    def received(self) -> dict[Period, Intake]:
        """Return what the table's groups hold in each of its periods by now, whoever wrote it."""
        agency_ids = [
            self._reference.catalogue.agency_ids[agency.code]
            for group in self.table.groups
            for agency in group.agencies
        ]
        found = {}
        for period in self.table.periods:
            row = self._db.execute(
                """
                SELECT coalesce(sum(desk + post), 0), coalesce(sum(online), 0) FROM intake_day
                WHERE day BETWEEN %s AND %s AND agency_id = ANY (%s)
                """,
                (period.first, period.last, agency_ids),
            ).fetchone()
            found[period] = Intake(*row) if row else Intake()
        return found

    def _invented(self) -> Iterator[Batch]:
        """Invent the batches that are left; the same ones whenever they are asked for."""
        words = json.loads(seeds.read_text("replay.json"))
        rows = RowMaker(
            self._reference.catalogue,
            self._reference.calendar_revision,
            self.now,
            "replay",
        )
        intake = PastIntake(
            self._reference.book,
            People(NameLists.of(words)),
            Storyteller(Words.of(words), self.odds, self.now),
            self._reference.calendar_of,
            PastRules(self._rules.payment_wait_stops_clock, self._rules.handover_cutoff),
            self.now,
        )
        for number, parts in enumerate(self.plan):
            if number not in self.done:
                draw = Random(f"{self.run}/{number}")  # noqa: S311  (play, not secrets)
                days = [
                    rows.received(part, intake.receive(part, draw), tell=self.wishes.tell)
                    for part in parts
                ]
                yield Batch(self.run, number, days)


def _write(
    connections: "SimpleQueue[psycopg.Connection]", batch: Batch, now: datetime, books: Books
) -> int:
    db = connections.get()
    try:
        return write(db, batch, now, books)
    finally:
        connections.put(db)


@contextmanager
def replaying(
    owner: Engine,
    data: bytes,
    wishes: Wishes,
    *,
    rules: Rules,
    now: datetime,
    odds: Odds = _USUAL,
    batch: int = BATCH,
    patience_s: float = 30.0,
) -> Iterator[Replay]:
    """Open a run for a table: read it or refuse it (`TableRefused`), plan it, see what is done.

    Raises `ReplayRunning` if another process plays the same run for longer than `patience_s`
    seconds, and `ReplayChanged`.
    """
    reference = Reference.read(owner)
    table = reference.table(data, now)
    run = _run(table, wishes)
    with _locked(owner, run, patience_s) as db:
        marks = db.execute(
            "SELECT batch, dossiers, played_at FROM replay_batch WHERE run = %s", (run,)
        ).fetchall()
        done = {number: dossiers for number, dossiers, _ in marks}
        begun = min((at for _, _, at in marks), default=now).astimezone(LOCAL_ZONE)
        plan = list(batches(_plan(reference, table, wishes, begun), batch))
        _refuse_changed(done, plan)
        today = now.astimezone(LOCAL_ZONE).date()
        yield Replay(
            table, run, begun, today, wishes, done, plan, odds, reference, rules, owner, db
        )


def _run(table: IntakeTable, wishes: Wishes) -> str:
    played = f"{table.digest} {wishes.share.normalize()} {wishes.seed} {wishes.tell}"
    return hashlib.sha256(played.encode()).hexdigest()


def _plan(reference: Reference, table: IntakeTable, wishes: Wishes, now: datetime) -> list[Slice]:
    return plan_days(
        table,
        reference.book,
        reference.calendar_of,
        PlanWishes(wishes.share, wishes.seed),
        now.date(),
    )


def _refuse_changed(done: dict[int, int], plan: Sequence[Sequence[Slice]]) -> None:
    sizes = [sum(part.dossiers for part in batch) for batch in plan]
    if any(number >= len(sizes) or sizes[number] != size for number, size in done.items()):
        raise ReplayChanged(
            f"Bảng này đã phát lại {sum(done.values())} hồ sơ theo danh mục hoặc lịch làm việc "
            "khác với hiện nay, nên không thể phát tiếp mà không trùng."
        )


@contextmanager
def _locked(owner: Engine, run: str, patience_s: float) -> Iterator[psycopg.Connection]:
    """Give a connection that holds the run's lock for as long as it is open.

    Somebody killed a moment ago may still hold it until the server notices: hence the wait.
    """
    with connection(owner) as db:
        db.execute(f"SET lock_timeout = {max(1, int(patience_s * 1000))}")
        try:
            db.execute("SELECT pg_advisory_lock(%s)", (_lock_number(run),))
        except psycopg.errors.LockNotAvailable as error:
            raise ReplayRunning(
                "Bảng này đang được một lệnh khác phát lại; hãy đợi lệnh đó xong."
            ) from error
        db.execute("SET lock_timeout = 0")
        yield db


def _lock_number(run: str) -> int:
    return int.from_bytes(bytes.fromhex(run)[:8], "big", signed=True)
