"""P4: figures at two sizes of the data, answered from sums; and the recount from the events."""

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from pydantic import SecretStr
from sqlalchemy import Engine, text
from sqlalchemy.engine import URL

from app.api.scraping import gauges
from app.composition import desk_of, engine_of
from app.db.access import acting, connect
from app.domain.actor import SYSTEM
from app.domain.calendar import LOCAL_ZONE
from app.domain.periods import Period
from app.domain.question import Group, Question
from app.domain.reasons import Page
from app.services import durations, figures, reasons, recounting, steering_index
from app.services.desk import Desk
from app.settings import Settings
from bench import machine
from bench.options import Options
from bench.played import plain, province, provinces
from bench.report import Table, keep
from bench.stand import HERE

PUBLISHED = HERE / "data" / "published" / "intake-2021.csv"
DAYS = 3 * 365
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=LOCAL_ZONE)
_ROUNDS = 40
_JUNE = Period(date(2026, 6, 1), date(2026, 6, 30))
_YEAR = Period(date(2025, 1, 1), date(2025, 12, 31))
_ODD = Period(date(2025, 2, 10), date(2026, 6, 17))
_RAW = """
    SELECT dossier_id, count(*) AS n, min(occurred_at) AS first_at, max(occurred_at) AS last_at,
        max(due_at) AS due_at, min(occurred_at) FILTER (
            WHERE target IN ('resolved', 'refused', 'withdrawn', 'stopped')) AS ended_at
    FROM dossier_event GROUP BY dossier_id
"""
_USED = f"""
    SELECT sum(n), max(first_at), max(last_at), max(due_at), max(ended_at) FROM ({_RAW}) AS grouped
"""


@dataclass(frozen=True)
class Books:
    """A province of some size: its desk and its owner's engine."""

    dossiers: int
    desk: Desk
    owner: Engine


def measure(options: Options) -> None:
    """Ask the same questions of both sizes in turns, then recount each."""
    with provinces(options) as server, ExitStack() as stack:
        sizes = [stack.enter_context(_books(server, size)) for size in options.sizes]
        table = Table(
            "P4 figures",
            [
                *("question", *(f"{books.dossiers:,} ms median / longest" for books in sizes)),
                "ratio of medians",
            ],
        )
        for name, ask in _QUESTIONS.items():
            table.add(name, *_alternated(sizes, ask))
        recounts = [_recounted(books) for books in sizes]
        for n, name in enumerate(("recount s", "raw GROUP BY s", "recount of raw", "wrong")):
            table.add(name, *(row[n] for row in recounts), "")
        table.notes = _NOTES
        told = machine.describe_server(plain(server))
        data = ", ".join(f"{books.dossiers:,} dossiers" for books in sizes)
        keep(table, options, f"{data} in three years, by replay; {told}")


_NOTES = """
The questions are asked of both databases in turns, through the service, from one process. The raw
scan groups all events by dossier, as the recount does; the recount also reads components, results,
payments and the ledger, derives handling times, and compares every fact and every sum.

*: counted from the facts, not from sums; these grow with what was received, late or open in the
period.
"""


@contextmanager
def _books(server: URL, size: int) -> Iterator[Books]:
    url = province(server, size, DAYS, NOW)
    owner = connect(url, as_owner=True)
    with TemporaryDirectory(prefix="motcua-bench-") as home:
        settings = Settings(data_dir=Path(home), database_url=SecretStr(url))
        desk = desk_of(settings, engine_of(settings, pool_size=4))
        with acting(owner, SYSTEM) as tx:
            dossiers = tx.db.scalar(text("SELECT count(*) FROM dossier")) or 0
        yield Books(dossiers, desk, owner)
        desk.engine.dispose()
    owner.dispose()


def _ask(desk: Desk, question: Question, what: str) -> None:
    now = NOW
    if what == "annex":
        figures.annex_of(desk, question, actor=SYSTEM, now=now)
    elif what == "running":
        figures.running(desk, question, actor=SYSTEM, now=now)
    else:
        steering_index.index(desk, question, actor=SYSTEM, now=now)


def _late(desk: Desk) -> None:
    durations.late(desk, Question(_JUNE, group=Group.AGENCY), actor=SYSTEM, now=NOW)


def _handling(desk: Desk) -> None:
    question = Question(_YEAR, group=Group.PROCEDURE)
    durations.handling_times(desk, question, actor=SYSTEM, now=NOW)


def _why(desk: Desk) -> None:
    reasons.why(desk, Question(_JUNE), "3.3", Page(), actor=SYSTEM, now=NOW)


def _lost(desk: Desk) -> None:
    reasons.losses(desk, Question(_JUNE), actor=SYSTEM, now=NOW)


def _gauges(desk: Desk) -> None:
    gauges(desk, NOW)


def _asking(what: str, question: Question) -> Callable[[Desk], None]:
    return lambda desk: _ask(desk, question, what)


_QUESTIONS: dict[str, Callable[[Desk], None]] = {
    "annex of a month": _asking("annex", Question(_JUNE)),
    "annex of a year": _asking("annex", Question(_YEAR)),
    "annex of any two days": _asking("annex", Question(_ODD)),
    "running of a month by agency": _asking("running", Question(_JUNE, group=Group.AGENCY)),
    "running of a year by procedure": _asking("running", Question(_YEAR, group=Group.PROCEDURE)),
    "index of a month": _asking("index", Question(_JUNE)),
    "index of a year": _asking("index", Question(_YEAR)),
    "index of a year by agency": _asking("index", Question(_YEAR, group=Group.AGENCY)),
    "handling times of a year by procedure": _handling,
    "all gauges of /metrics, this month and year": _gauges,
    "why: a figure of a month, a page of dossiers *": _why,
    "points lost of a month by reason *": _lost,
    "late of a month by agency *": _late,
    "running of a month by officer of an agency *": _asking(
        "running", Question(_JUNE, agency="H44.16", group=Group.OFFICER)
    ),
}


def _alternated(sizes: list[Books], ask: Callable[[Desk], None]) -> list[str | float]:
    taken: list[list[float]] = [[] for _ in sizes]
    for number in range(_ROUNDS + 6):
        for books, seconds in zip(sizes, taken, strict=True):
            began = time.perf_counter()
            ask(books.desk)
            if number >= 6:  # plans are made, pages are read
                seconds.append((time.perf_counter() - began) * 1000)
    medians = [statistics.median(seconds) for seconds in taken]
    cells = [
        f"{median:.1f} / {max(seconds):.1f}" for median, seconds in zip(medians, taken, strict=True)
    ]
    return [*cells, medians[-1] / medians[0]]


def _recounted(books: Books) -> tuple[float, float, float, int]:
    began = time.monotonic()
    with acting(books.owner, SYSTEM) as tx:
        tx.db.execute(text(_USED)).all()
    raw_s = time.monotonic() - began
    found = recounting.verify(books.desk, now=NOW)
    return found.seconds, raw_s, found.seconds / raw_s, len(found.differences)
