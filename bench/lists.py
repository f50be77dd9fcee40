"""P3: lists, queue and search with few dossiers and with many (`--sizes 10000 2000000`).

Both databases lie on one server and are asked in turn, call by call, through the use cases: what
the API and its transport cost would only hide the difference.
"""

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from pydantic import SecretStr
from sqlalchemy import Engine, event, text

from app.composition import desk_of
from app.db.access import acting, connect
from app.domain.actor import Actor, Role
from app.domain.calendar import LOCAL_ZONE
from app.domain.folding import fold
from app.domain.queue import Tab
from app.services import queue, search
from app.services.desk import Desk
from app.services.search import Wanted
from app.settings import Settings
from bench.options import Options
from bench.played import province, provinces
from bench.report import Table, keep

_NOW = datetime(2026, 11, 23, 9, 0, tzinfo=LOCAL_ZONE)
_LARGEST, _MIDDLE, _PROVINCE = "H44.01", "H44.08", "H44"
_WARM_UP = 6
_ROUNDS = 200
_ALL_DAYS, _LAST_DAYS = 3 * 365, 20
"""Of the large province and of the small one: a small one of three years has nothing in hand."""
_NOTES = """\
Milliseconds of the use case alone: a connection from the pool, telling who acts, the queries under
row security. Both provinces are played by replay, with events, components, papers on paper and
messages: the large one over three years, the small one over twenty days, so that both have dossiers
in hand. The 31 agencies are of very different size; the clerk is of the largest (15 of 100) unless
said otherwise. Rare names are the rarest of that agency. Counts go through all open dossiers of the
agency, everything else through a page's worth: how many dossiers were shown, or counted, is told on
average, for where the small province has less to show the large one has more to do.
"""


@dataclass(frozen=True)
class Side:
    """One of the two databases, as the application sees it."""

    desk: Desk
    url: str
    samples: dict[str, list[str]]


Call = Callable[[Side, int], object]


def measure(options: Options) -> None:
    """Build both databases, ask them in turn, keep the table and the plans."""
    smallest, largest = min(options.sizes), max(options.sizes)
    with (
        provinces(options) as server,
        _side(province(server, smallest, _LAST_DAYS, _NOW)) as small,
        _side(province(server, largest, _ALL_DAYS, _NOW)) as large,
    ):
        table = _measured(small, large)
        table.notes = "\n\n".join([_NOTES.strip(), *_plans(large)])
        data = f"{smallest:,} and {largest:,} dossiers, {_ROUNDS} calls of each kind"
        keep(table, options, f"{data}; {_sizes(large)}")


@contextmanager
def _side(url: str) -> Iterator[Side]:
    engine = connect(url)
    link_key = SecretStr("khoa-do-toc-do")
    desk = desk_of(Settings(database_url=SecretStr(url), link_secret=link_key), engine)
    plain_url = url.replace("+psycopg", "")
    yield Side(desk, plain_url, _samples(plain_url))
    engine.dispose()


def _samples(url: str) -> dict[str, list[str]]:
    """Return what clerks of the largest agency may look for: codes, numbers, names."""
    with psycopg.connect(url) as db:
        rows = db.execute(
            """
            SELECT dossier.code, contact ->> 'phone', applicant_number, applicant_name
            FROM dossier JOIN agency ON agency.id = agency_id
            WHERE agency.code = %s ORDER BY hashint8(dossier.id) LIMIT 300
            """,
            [_LARGEST],
        ).fetchall()
        rare = db.execute(
            """
            SELECT min(applicant_name) FROM dossier JOIN agency ON agency.id = agency_id
            WHERE agency.code = %s GROUP BY applicant_name
            ORDER BY count(*), hashtext(applicant_name) LIMIT 300
            """,
            [_LARGEST],
        ).fetchall()
    codes, phones, numbers, names = (list(map(str, column)) for column in zip(*rows, strict=True))
    return {
        "code": codes,
        "part": [code.split("-", 1)[1] for code in codes],
        "phone": phones,
        "number": numbers,
        "name": [fold(name) for name in names],
        "rare": [fold(str(name)) for (name,) in rare],
    }


def _clerk(agency: str, role: Role = Role.OFFICER) -> Actor:
    return Actor(f"{role}@{agency}", role, "Lê Thị Thụ", agency)


def _page(tab: Tab, agency: str = _LARGEST, role: Role = Role.OFFICER) -> Call:
    asked, actor = queue.Asked(tab), _clerk(agency, role)
    return lambda side, _: queue.page(side.desk, asked, actor=actor, after=None, limit=20, now=_NOW)


def _counts(agency: str) -> Call:
    return lambda side, _: queue.counts(side.desk, actor=_clerk(agency), hours=None, now=_NOW)


def _find(words: str | None, agency: str = _LARGEST) -> Call:
    return lambda side, _: _found(side, words, agency)


def _find_each(kind: str, agency: str = _LARGEST) -> Call:
    return lambda side, n: _found(side, side.samples[kind][n % len(side.samples[kind])], agency)


def _found(side: Side, words: str | None, agency: str) -> search.Page:
    wanted, actor = Wanted(words), _clerk(agency)
    return search.find(side.desk, wanted, actor=actor, after=None, limit=20, now=_NOW)


CALLS: dict[str, Call] = {
    "queue: desk": _page(Tab.DESK),
    "queue: overdue": _page(Tab.OVERDUE),
    "queue: unanswered": _page(Tab.UNANSWERED, role=Role.RECEPTIONIST),
    "queue: whole province": _page(Tab.AGENCY, _PROVINCE),
    "counts of all tabs, middle agency": _counts(_MIDDLE),
    "counts of all tabs, largest agency": _counts(_LARGEST),
    "list, newest first": _find(None),
    "search: code": _find_each("code"),
    "search: part of a code": _find_each("part"),
    "search: phone": _find_each("phone"),
    "search: personal number": _find_each("number"),
    "search: nguyễn văn": _find("nguyễn văn"),
    "search: nguyen thi": _find("nguyen thi"),
    "search: rare names": _find_each("rare"),
    "search: names as they come": _find_each("name"),
    "search: a name nobody has": _find("nguyen zyx"),
    "search: nguyễn văn, whole province": _find("nguyễn văn", _PROVINCE),
    "search: rare names, whole province": _find_each("rare", _PROVINCE),
}


def _measured(small: Side, large: Side) -> Table:
    table = Table(
        "P3 lists, queue and search",
        (
            *("call", "large / small", "small ms", "large ms", "small p99 ms", "large p99 ms"),
            *("on small's page", "on large's page"),
        ),
    )
    for name, call in CALLS.items():
        taken: tuple[list[float], list[float]] = ([], [])
        shown: tuple[list[int], list[int]] = ([], [])
        for n in range(-_WARM_UP, _ROUNDS):
            for side, times, lengths in zip((small, large), taken, shown, strict=True):
                begun = time.perf_counter()
                answer = call(side, n)
                if n >= 0:
                    times.append((time.perf_counter() - begun) * 1000)
                    lengths.append(_length(answer))
        medians = [statistics.median(times) for times in taken]
        late = [sorted(times)[int(0.99 * len(times))] for times in taken]
        mean_lengths = [statistics.fmean(each) for each in shown]
        table.add(name, medians[1] / medians[0], *medians, *late, *mean_lengths)
    return table


def _length(answer: object) -> int:
    """Return how many dossiers an answer shows or counts."""
    match answer:
        case search.Page():
            return len(answer.dossiers)
        case queue.Page():
            return len(answer.items)
        case queue.Counts():
            return answer.tabs[Tab.AGENCY].count
    raise TypeError(answer)


def _sizes(side: Side) -> str:
    with psycopg.connect(side.url) as db:
        rows = db.execute("""
            SELECT relname, pg_size_pretty(pg_relation_size(oid)) FROM pg_class
            WHERE relname IN ('dossier', 'dossier_search', 'ix_dossier_search_words',
                'ix_dossier_queue') ORDER BY relname
        """).fetchall()
    return ", ".join(f"{name} {size}" for name, size in rows)


_PLANNED = {
    "Queue, desk of the largest agency": _page(Tab.DESK),
    "Counts of all tabs, largest agency": _counts(_LARGEST),
    "List, newest first": _find(None),
    "Search, a common name: the newest are walked through": _find("nguyễn văn"),
}


def _plans(side: Side) -> list[str]:
    plans = [_block(title, _plan(side, call)) for title, call in _PLANNED.items()]
    return [*plans, _block("Search, a rare name: what `search_hits` asks the index", _hits(side))]


_HIDDEN = ("InitPlan", "Result (", "CTE Scan", "Storage:", "Index Searches", "Sort Method")
_WIDTH = 140


def _block(title: str, plan: list[str]) -> str:
    """Show a plan without what row security adds to every table, long lines cut."""
    told = [
        line if len(line) <= _WIDTH else f"{line[:_WIDTH]} ..."
        for line in plan
        if not any(hidden in line[: line.find("(") + 20] for hidden in _HIDDEN)
    ]
    return "\n".join([f"Plan on the large one. {title}:", "", "```text", *told, "```"])


_EXPLAIN = "EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF, BUFFERS OFF) "


def _plan(side: Side, call: Call) -> list[str]:
    """Explain the last statement of a call as the application's role runs it."""
    said: list[tuple[str, Any]] = []

    def listen(*told: Any) -> None:  # noqa: ANN401  (connection, cursor, statement, parameters, ...)
        said.append((told[2], told[3]))

    engine: Engine = side.desk.engine
    event.listen(engine, "before_cursor_execute", listen)
    call(side, 0)
    event.remove(engine, "before_cursor_execute", listen)
    told = [one for one in said if "acting_agencies()" in one[0] and "set_config" not in one[0]]
    statement, parameters = told[0]
    with acting(engine, _clerk(_LARGEST)) as tx:
        return [str(line[0]) for line in tx.db.exec_driver_sql(_EXPLAIN + statement, parameters)]


def _hits(side: Side) -> list[str]:
    agency, name = 2, side.samples["rare"][0].split()
    wanted = " & ".join(f"'{agency}:{word}'" for word in name)
    owner = connect(side.url, as_owner=True)
    with owner.connect() as db:
        found = db.execute(
            text(
                f"{_EXPLAIN} SELECT dossier_id FROM dossier_search"
                " WHERE words @@ CAST(:wanted AS tsquery)"
            ),
            {"wanted": f"('{agency}:~2026q4' | '{agency}:~2026q3') & {wanted}"},
        )
        lines = [str(line[0]) for line in found]
    owner.dispose()
    return lines
