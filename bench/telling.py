"""P5: telling the portal what waits, with one and two workers, clean and with faults."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
import psutil
import psycopg

from bench import machine
from bench.options import Options
from bench.report import Table, keep
from bench.stand import HERE, Stand, environment_for, stand

_TABLE = HERE / "data" / "published" / "intake-2021.csv"
_MESSAGES_OF_ALL = 1_480_000  # about as many events have all dossiers of the table
_DELAY_MS = 20.0
_FAULTS = 0.1
_MOST = 0.95
_GROUPS = ("workers", "mock", "PostgreSQL")
_SEED = "5"
_LONGEST_S = 600.0
_PER_SECOND = 100
_ARRIVING_S = 20
_NOTES = """
Messages: events of replayed dossiers, told as a dossier's state and a row of progress; a dossier's
next message is sent only when the one before was acknowledged. The mock answers each call after
20 ms; faults of all kinds (hang, reset before and after, 5xx, half JSON, HTML, quota, expired
session, duplicates, out of order) strike 10 % of the calls. Beside it on the same cores run the
mock and PostgreSQL. Books: the mock's memory against our events, dossier by dossier: all, in order,
each once. Arrivals: 100 new messages/s for 20 s; the oldest wait is that of the slowest of them.
To 95 %: without the last dossiers, which wait for their next attempt alone. Others: what the rest
of the machine did, in percent of one core; what it takes of the two is missing here.
Goal: ≥ 500/s with 2 workers, oldest wait ≤ 5 s, nothing lost or doubled.
"""


@dataclass(frozen=True)
class _Run:
    """One way to drain the same ledger."""

    workers: int
    chaos: float


_RUNS = (_Run(1, 0.0), _Run(2, 0.0), _Run(1, _FAULTS), _Run(2, _FAULTS))


def measure(options: Options) -> None:
    """Drain the same messages in each way, check the books each time; keep the table."""
    with stand() as under_test:
        dossiers, messages = _fill(under_test, options.messages)
        table = Table(
            "P5 telling the portal",
            [
                *("workers", "faults", "messages", "seconds", "per second", "to 95 %: per second"),
                *("attempts", "CPU ms each: workers", "mock", "PostgreSQL", "others %", "books"),
            ],
        )
        for run in _RUNS:
            seconds, most_s, watch = _drained(under_test, run)
            attempts = _number(under_test, "SELECT sum(attempts) FROM delivery")
            table.add(
                run.workers,
                f"{run.chaos:.0%}",
                messages,
                seconds,
                messages / seconds,
                messages * _MOST / most_s,
                attempts,
                *(watch.percent[name] / 100 * watch.seconds * 1000 / messages for name in _GROUPS),
                round(watch.busy_percent - sum(watch.percent.values())),
                _books(under_test),
            )
        oldest, waited = _arrivals(under_test)
        table.notes = (
            f"Oldest wait at {_PER_SECOND} new messages/s with 2 workers: {oldest:.2f} s "
            f"(half of them at most {waited:.2f} s).\n{_NOTES}"
        )
        data = (
            f"{messages:,} messages of {dossiers:,} dossiers, {_DELAY_MS:.0f} ms a call; "
            f"{machine.describe_server(under_test.url)}"
        )
        keep(table, options, data)


def _fill(under_test: Stand, messages: int) -> tuple[int, int]:
    """Replay so many dossiers that about as many messages wait as were asked for."""
    share = messages / _MESSAGES_OF_ALL
    arguments = ["replay", str(_TABLE), "--share", f"{share:.6f}", "--tell"]
    subprocess.run(
        [sys.executable, "-m", "app.cli", *arguments],
        env=_environment(under_test),
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    with psycopg.connect(under_test.url) as db:
        # The measurement is of dossiers that the portal takes from their first event on.
        db.execute("CREATE TABLE bench_ledger AS SELECT id, next_at FROM delivery")
    return (
        _number(under_test, "SELECT count(*) FROM dossier"),
        _number(under_test, "SELECT count(*) FROM delivery"),
    )


def _drained(under_test: Stand, run: _Run) -> tuple[float, float, machine.Stopwatch]:
    """Let workers drain the whole ledger.

    Returns the seconds from the first claim to the last answer and to that of most of them, and
    what the processor did meanwhile.
    """
    _reset(under_test, run.chaos)
    with _workers(under_test, run.workers) as workers:
        watch = machine.Stopwatch(
            {
                "workers": lambda: workers,
                "mock": lambda: [under_test.children["mocks"]],
                "PostgreSQL": lambda: under_test.postgres,
            }
        )
        watch.start()
        deadline = time.monotonic() + _LONGEST_S
        while _waiting(under_test) and time.monotonic() < deadline:
            time.sleep(0.2)
        watch.stop()
    with psycopg.connect(under_test.url) as db:
        row = db.execute(
            """
            SELECT extract(epoch FROM max(acknowledged_at) - begun.value), extract(epoch FROM
                percentile_disc(%s) WITHIN GROUP (ORDER BY acknowledged_at) - begun.value)
            FROM delivery, bench_begun AS begun GROUP BY begun.value
            """,
            (_MOST,),
        ).fetchone()
    if row is None or row[0] is None:
        return _LONGEST_S, _LONGEST_S, watch
    return float(row[0]), float(row[1]), watch


def _reset(under_test: Stand, chaos: float) -> None:
    """Make every message new, and let the mock forget."""
    with psycopg.connect(under_test.url) as db:
        db.execute("DELETE FROM delivery_attempt")
        db.execute("DELETE FROM partner_breaker")
        db.execute(
            "UPDATE delivery SET state = 'waiting', attempts = 0, acknowledged_at = NULL,"
            " answer = NULL, answer_code = NULL, next_at = known.next_at"
            " FROM bench_ledger AS known WHERE known.id = delivery.id"
        )
        db.execute("DROP TABLE IF EXISTS bench_begun")
        db.execute("CREATE TABLE bench_begun AS SELECT clock_timestamp() AS value")
    with psycopg.connect(under_test.url, autocommit=True) as db:
        db.execute("VACUUM ANALYZE delivery")
    portal = f"{under_test.settings.mocks_url}/national-portal"
    with httpx.Client(trust_env=False, timeout=30) as http:
        http.delete(f"{portal}/_memory").raise_for_status()
        switches = {"delay_ms": _DELAY_MS, "chaos": chaos, "any_first_status": False}
        http.patch(f"{portal}/_switches", json=switches).raise_for_status()


@contextmanager
def _workers(under_test: Stand, count: int) -> Iterator[list[psutil.Process]]:
    """Run so many worker processes; the time runs from when they begin to look."""
    processes = [
        subprocess.Popen([sys.executable, "-m", "app.cli", "worker"], env=_environment(under_test))
        for _ in range(count)
    ]
    try:
        _until_begun(under_test)
        yield [psutil.Process(process.pid) for process in processes]
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(30)


def _until_begun(under_test: Stand) -> None:
    """Wait for the first claim and let the time run from then on: a start is not a rate."""
    claimed = "SELECT count(*) FROM delivery WHERE state <> 'waiting'"
    while not _number(under_test, claimed):
        time.sleep(0.01)
    with psycopg.connect(under_test.url) as db:
        db.execute("UPDATE bench_begun SET value = clock_timestamp()")


def _environment(under_test: Stand) -> dict[str, str]:
    return environment_for(under_test.settings, HERE) | {"APP_DATABASE_URL": under_test.url}


def _waiting(under_test: Stand) -> int:
    return _number(
        under_test, "SELECT count(*) FROM delivery WHERE state IN ('waiting', 'in_flight')"
    )


def _number(under_test: Stand, query: str) -> int:
    with psycopg.connect(under_test.url) as db:
        row = db.execute(query).fetchone()
    return int(row[0]) if row and row[0] is not None else 0


def _books(under_test: Stand) -> str:
    """Compare what the mock remembers of each dossier with its events; name what differs."""
    with psycopg.connect(under_test.url) as db:
        events = db.execute("""
            SELECT dossier.code, array_agg(to_char(occurred_at AT TIME ZONE 'Asia/Ho_Chi_Minh',
                'YYYYMMDDHH24MISS') ORDER BY seq)
            FROM dossier_event JOIN dossier ON dossier.id = dossier_id GROUP BY dossier.code
        """).fetchall()
    different = 0
    portal = f"{under_test.settings.mocks_url}/national-portal/_dossiers"
    with httpx.Client(trust_env=False, timeout=30) as http:
        for code, instants in events:
            known = http.get(f"{portal}/{code}").json()
            progress = [row["ThoiDiemXuLy"] for row in known.get("progress", [])]
            told = [entry for entry in known.get("told", []) if not entry["by_fault"]]
            different += progress != instants or len(told) > len(instants)
    blocked = _number(under_test, "SELECT count(*) FROM delivery WHERE state <> 'acknowledged'")
    if different or blocked:
        return f"{different} dossiers differ, {blocked} messages not told"
    return "equal"


def _arrivals(under_test: Stand) -> tuple[float, float]:
    """Let messages become due at an even rate; return the longest and the median wait, seconds."""
    _reset(under_test, 0.0)
    count = _PER_SECOND * _ARRIVING_S
    with psycopg.connect(under_test.url) as db:
        db.execute("UPDATE delivery SET state = 'acknowledged', acknowledged_at = NULL")
        db.execute(
            """
            CREATE TABLE bench_arrival AS
            SELECT id, clock_timestamp() + interval '5 s' + n * %s * interval '1 s' AS due_at
            FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM delivery
                WHERE seq = 1 ORDER BY id LIMIT %s) AS first
            """,
            (1 / _PER_SECOND, count),
        )
        db.execute(
            "UPDATE delivery SET state = 'waiting', next_at = due_at FROM bench_arrival AS due"
            " WHERE due.id = delivery.id"
        )
    with _workers(under_test, 2):
        while _waiting(under_test):
            time.sleep(0.2)
    with psycopg.connect(under_test.url) as db:
        row = db.execute("""
            SELECT max(wait), percentile_cont(0.5) WITHIN GROUP (ORDER BY wait) FROM (
                SELECT extract(epoch FROM acknowledged_at - due_at) AS wait
                FROM delivery JOIN bench_arrival USING (id)) AS waits
        """).fetchone()
    return (float(row[0]), float(row[1])) if row else (0.0, 0.0)
