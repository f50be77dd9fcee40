"""Import of a former system's dossiers: every row by the rules of live ones, never twice.

Stopped at any moment and started again, it goes on: what is there already is known by its code and
what it said. Faulty rows stay out and are told; good ones go in, unless too many are faulty.
"""

import json
import tomllib
from collections import deque
from collections.abc import Generator, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Final, Self

import psycopg
from sqlalchemy import Engine, Row, desc, select, text

from app.db.imports import import_run
from app.db.reference import Catalogue, read_calendars, read_catalogue
from app.domain.calendar import LOCAL_ZONE, Calendar
from app.domain.former_columns import FormerFileRefused
from app.domain.former_dossier import FormerRules
from app.domain.former_mapping import FormerMapping, MappingRefused, read_mapping
from app.domain.past_dossier import PastRules
from app.services.desk import Rules
from app.services.import_checking import Checker, Tally
from app.services.import_faults import FaultsFile
from app.services.import_objects import NdjsonFile
from app.services.import_reading import CsvFile, FormerFile, Record, Survey, survey
from app.services.import_writing import Good, Run, Written, write
from app.services.past_writing import Books, analyse_if_grown, connection, offices_of

BATCH: Final = 2000
_WRITERS: Final = 2  # connections that write at a time, while the next batch is being checked
_OBJECTS: Final = frozenset({".ndjson", ".jsonl"})


@dataclass(frozen=True, slots=True)
class ImportWishes:
    """`tolerated` is the share of faulty rows up to which the good ones go in."""

    faults: Path
    write: bool = True
    tell: bool = False
    tolerated: float = 1.0
    batch: int = BATCH


@dataclass(slots=True)
class Import:
    """A file that is open; `tally` holds what was found, `written` what went in this time."""

    path: Path
    mapping: FormerMapping
    wishes: ImportWishes
    survey: Survey
    rules: FormerRules
    _owner: Engine
    _catalogue: Catalogue
    _calendar_revision: int
    _offices: Mapping[int, Calendar]
    ignored: tuple[str, ...] = ()
    tally: Tally = field(default_factory=Tally)
    written: int = 0
    is_refused: bool = False  # too many rows are faulty: none went in

    @property
    def passes(self) -> int:
        """Return how often the file is read: once more, if all is checked before any is written."""
        return 2 if self.wishes.write and self.wishes.tolerated < 1 else 1

    @property
    def lines(self) -> int:
        return self.survey.lines * self.passes

    def go(self) -> Generator[int, None, None]:
        """Check and write the file; yield how many rows were gone through since the last time."""
        if self.passes == 2:  # noqa: PLR2004  (as above)
            yield from self._pass(write=False)
            self.is_refused = self.tally.faulty > self.wishes.tolerated * self.tally.rows
            if self.is_refused:
                return
        yield from self._pass(write=self.wishes.write)

    def _pass(self, *, write: bool) -> Generator[int, None, None]:
        self.tally, self.written = Tally(), 0
        bom = "\ufeff" if self.survey.has_bom else ""
        with ExitStack() as stack:
            db = stack.enter_context(connection(self._owner))
            file = _opened(stack, self.path, self.mapping)
            faults = stack.enter_context(FaultsFile(self.wishes.faults, file, self.mapping, bom))
            checker = Checker(file, self.rules, self._catalogue, self._calendar_revision, db)
            crew = stack.enter_context(_Crew(self._owner)) if write else None
            run = self._run(db) if write else None
            for records in _batches(file.records(), self.wishes.batch):
                goods, faulty = checker.check(records, self.tally, tell=self.wishes.tell)
                for record, found in faulty:
                    faults.add(record, found)
                if crew is not None and run is not None:
                    self._enter(crew.write(run, goods), faults)
                yield len(records)
            if crew is not None and run is not None:
                self._enter(crew.rest(), faults)
                self._end(db, run)
            self.ignored = file.ignored

    def _enter(self, outcomes: Sequence[Written], faults: FaultsFile) -> None:
        for outcome in outcomes:
            self.written += outcome.written
            self.tally.already += outcome.already
            self.tally.good -= outcome.already + len(outcome.taken)
            for record, fault in outcome.taken:
                self.tally.blame(record, [fault])
                faults.add(record, [fault])

    def _run(self, db: psycopg.Connection) -> Run:
        """Begin a run, or go on with the same one that was killed."""
        found = db.execute(
            """
            SELECT id FROM import_run WHERE sha256 = %s AND source = %s AND mapping = %s
                AND is_told = %s AND ended_at IS NULL ORDER BY id DESC LIMIT 1
            """,
            (self.survey.sha256, self.mapping.source, self.mapping.digest, self.wishes.tell),
        ).fetchone()
        if found is None:
            found = db.execute(
                """
                INSERT INTO import_run (source, file, sha256, mapping, is_told, begun_at,
                    lines, written, faulty)
                VALUES (%s, %s, %s, %s, %s, %s, 0, 0, 0) RETURNING id
                """,
                (
                    *(self.mapping.source, self.path.name, self.survey.sha256),
                    *(self.mapping.digest, self.wishes.tell, self.rules.now),
                ),
            ).fetchone()
        if found is None:
            raise AssertionError("an INSERT answers its key")
        today = self.rules.now.astimezone(LOCAL_ZONE).date()
        stops = self.rules.past.payment_wait_stops_clock
        return Run(found[0], Books(today, self._offices, stops))

    def _end(self, db: psycopg.Connection, run: Run) -> None:
        db.execute(
            "UPDATE import_run SET ended_at = %s, lines = %s, faulty = %s WHERE id = %s",
            (self.rules.now, self.tally.rows, self.tally.faulty, run.id),
        )
        analyse_if_grown(db, self.written)


class _Crew:
    """Connections that write batches while the next one is being checked."""

    def __init__(self, owner: Engine) -> None:
        self._owner = owner
        self._stack = ExitStack()
        self._connections: SimpleQueue[psycopg.Connection] = SimpleQueue()
        self._under_way: deque[Future[Written]] = deque()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            for _ in range(_WRITERS):
                self._connections.put(stack.enter_context(connection(self._owner)))
            self._writers = stack.enter_context(ThreadPoolExecutor(_WRITERS, "import"))
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def write(self, run: Run, goods: Sequence[Good]) -> list[Written]:
        """Hand a batch over; return what became of those before that are done."""
        if goods:
            self._under_way.append(self._writers.submit(self._write, run, goods))
        done = []
        while len(self._under_way) > _WRITERS:
            done.append(self._under_way.popleft().result())
        return done

    def rest(self) -> list[Written]:
        return [self._under_way.popleft().result() for _ in range(len(self._under_way))]

    def _write(self, run: Run, goods: Sequence[Good]) -> Written:
        db = self._connections.get()
        try:
            return write(db, run, goods)
        finally:
            self._connections.put(db)


@contextmanager
def importing(
    owner: Engine,
    path: Path,
    wishes: ImportWishes,
    *,
    mapping: FormerMapping,
    rules: Rules,
    now: datetime,
) -> Iterator[Import]:
    """Open a file of old dossiers, or refuse it (`FormerFileRefused`)."""
    if wishes.faults.resolve() == path.resolve():
        raise FormerFileRefused("Tệp ghi lỗi phải khác tệp nhập.")
    found = survey(path)
    with ExitStack() as stack:
        ignored = _opened(stack, path, mapping).ignored
    with owner.connect() as db:
        catalogue, calendars = read_catalogue(db), read_calendars(db)
        revision = db.scalar(text("SELECT value FROM revision WHERE name = 'calendar'")) or 0
    checked_by = FormerRules(
        catalogue.agencies,
        catalogue.procedures,
        lambda agency: calendars.get(agency.code, calendars["*"]),
        PastRules(rules.payment_wait_stops_clock, rules.handover_cutoff),
        mapping,
        now.astimezone(LOCAL_ZONE),
    )
    yield Import(
        *(path, mapping, wishes, found, checked_by),
        *(owner, catalogue, revision, offices_of(catalogue.agency_ids, calendars), ignored),
    )


def mapping_of(path: Path | None, source: str | None) -> FormerMapping:
    """Read a mapping file, JSON or TOML, or refuse it; without one, columns are ours."""
    if path is None:
        return read_mapping({}, source)
    try:
        text_of = path.read_bytes().decode("utf-8-sig")
        said = tomllib.loads(text_of) if path.suffix == ".toml" else json.loads(text_of)
    except (ValueError, RecursionError) as error:
        raise MappingRefused(f"Không đọc được tệp ánh xạ: {error}.") from error
    return read_mapping(said, source)


def runs(owner: Engine) -> list[Row[Any]]:
    """List what was imported, the newest first."""
    with owner.connect() as db:
        return list(db.execute(select(import_run).order_by(desc(import_run.c.id))).all())


def _opened(stack: ExitStack, path: Path, mapping: FormerMapping) -> FormerFile:
    stream = stack.enter_context(path.open("rb"))
    is_objects = path.suffix.lower() in _OBJECTS
    return NdjsonFile(stream, mapping) if is_objects else CsvFile(stream, mapping)


def _batches(records: Iterator[Record], size: int) -> Iterator[list[Record]]:
    while batch := list(islice(records, size)):
        yield batch
