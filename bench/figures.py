"""P4: figures at two sizes of the data, answered from sums; and the recount from the events."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

from pydantic import SecretStr
from sqlalchemy import Engine, text
from sqlalchemy.engine import make_url

from app import clock
from app.composition import desk_of, engine_of
from app.db.access import acting, connect
from app.db.migrate import migrate
from app.db.server import running
from app.domain.actor import SYSTEM
from app.domain.periods import Period
from app.domain.question import Group, Question
from app.services import durations, figures, recounting, steering_index
from app.services.desk import Desk, Rules
from app.services.replay import Wishes, replaying
from app.services.seeding import seed
from app.settings import Settings
from bench import machine
from bench.options import Options
from bench.report import Table, keep
from bench.stand import HERE

PUBLISHED = HERE / "data" / "published" / "intake-2021.csv"
_PUBLISHED_DOSSIERS = 259_898
_ROUNDS = 40
_JUNE = Period(date(2021, 6, 1), date(2021, 6, 30))
_YEAR = Period(date(2021, 1, 1), date(2021, 12, 31))
_ODD = Period(date(2021, 2, 10), date(2021, 6, 17))
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
    replay_s: float


def measure(options: Options) -> None:
    """Ask the same questions of both sizes in turns, then recount each."""
    with TemporaryDirectory(prefix="motcua-bench-") as home, running(Path(home)) as url:
        sizes = [_province(url, Path(home), size) for size in options.sizes]
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
        table.add("replay, books kept, dossiers/s", *(b.dossiers / b.replay_s for b in sizes), "")
        table.notes = _NOTES
        plain = url.replace("postgresql+psycopg://", "postgresql://")
        data = ", ".join(f"{books.dossiers:,} dossiers" for books in sizes)
        keep(table, options, f"{data} by replay; {machine.describe_server(plain)}")
        for books in sizes:
            books.desk.engine.dispose()
            books.owner.dispose()


_NOTES = """
The questions are asked of both databases in turns, through the service, from one process. The raw
scan groups all events by dossier, as the recount does; the recount also reads components, results,
payments and the ledger, derives handling times, and compares every fact and every sum.

*: counted from the facts, not from sums; these grow with what was late or open in the period.
"""


def _province(url: str, home: Path, size: int) -> Books:
    admin = connect(url, as_owner=True, pool_size=1)
    name = f"figures_{size}"
    with admin.execution_options(isolation_level="AUTOCOMMIT").connect() as db:
        db.execute(text(f"CREATE DATABASE {name}"))
    admin.dispose()
    own_url = make_url(url).set(database=name).render_as_string(hide_password=False)
    owner = connect(own_url, as_owner=True)
    migrate(owner)
    seed(owner)
    began = time.monotonic()
    played = _replayed(owner, size)
    replay_s = time.monotonic() - began
    settings = Settings(data_dir=home, database_url=SecretStr(own_url))
    return Books(played, desk_of(settings, engine_of(settings, pool_size=2)), owner, replay_s)


def _replayed(owner: Engine, size: int) -> int:
    """Play so many dossiers: the published table as often as it takes, each time another one."""
    data, left, played = PUBLISHED.read_bytes(), size, 0
    for number in range(1, 1000):
        share = min(Decimal(1), Decimal(left) / _PUBLISHED_DOSSIERS)
        wishes = Wishes(share.quantize(Decimal("0.0001")), number)
        with replaying(owner, data, wishes, rules=Rules(), now=clock.now()) as replay:
            played += sum(replay.play())
        left = size - played
        if left < size / 100:
            break
    return played


def _ask(desk: Desk, question: Question, what: str) -> None:
    now = clock.now()
    if what == "annex":
        figures.annex_of(desk, question, actor=SYSTEM, now=now)
    elif what == "running":
        figures.running(desk, question, actor=SYSTEM, now=now)
    else:
        steering_index.index(desk, question, actor=SYSTEM, now=now)


def _late(desk: Desk) -> None:
    durations.late(desk, Question(_JUNE, group=Group.AGENCY), actor=SYSTEM, now=clock.now())


def _handling(desk: Desk) -> None:
    question = Question(_YEAR, group=Group.PROCEDURE)
    durations.handling_times(desk, question, actor=SYSTEM, now=clock.now())


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
    found = recounting.verify(books.desk, now=clock.now())
    return found.seconds, raw_s, found.seconds / raw_s, len(found.differences)
