"""RECONCILE: asking the portal about every dossier of a period, and finding what was spoiled."""

import json
import os
import random
import resource
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Any

import httpx
import psycopg
from pydantic import SecretStr

from app.composition import desk_of, engine_of
from app.integrations.portal_messages import dossier_message
from app.mocks.memory import FILE_NAME
from app.services.portal_facts import Records, read_records
from bench import machine
from bench.machine import Stopwatch
from bench.options import Options
from bench.report import Table, keep
from bench.stand import HERE, Stand, environment_for, stand

_TABLE = HERE / "data" / "published" / "intake-2021.csv"
_DOSSIERS_OF_ALL = 259_898
_FIRST, _LAST = "2020-12-01", "2021-12-31"
_SPOILED = 0.001
_STRETCH = 500
_NOTES = """
Every dossier is asked about by a call of its own (TraCuuHoSo, its session checked, its fields
checked), and every agency's day by one more for the number after its last. Beside the command run,
on the same cores, the mock and PostgreSQL; `command s`, `mock s` and `PostgreSQL s` are seconds of
processor time. Before it the mock's memory is filled with what the dossiers' histories say, and
spoiled: one in a thousand each lost, left at the first event, changed. Found: what the run lists is
what was spoiled, dossier by dossier. Goal: 200,000 in under 600 s on 2 cores.
"""


def measure(options: Options) -> None:
    """Play dossiers, let the mock hold them, spoil some, ask about all; keep the table."""
    with stand() as under_test:
        dossiers = _play(under_test, options.asked)
        spoiled = _fill(under_test)
        calls_before = _calls(under_test)
        load = Stopwatch(
            {
                "mock": lambda: [under_test.children["mocks"]],
                "PostgreSQL": lambda: under_test.postgres,
            }
        )
        load.start()
        begun, before = time.monotonic(), _spent_by_commands()
        _reconcile(under_test)
        seconds, spent = time.monotonic() - begun, _spent_by_commands() - before
        load.stop()
        table = Table(
            "RECONCILE with the national portal",
            [
                *("dossiers", "calls", "seconds", "dossiers/s"),
                *("command s", "mock s", "PostgreSQL s", "found"),
            ],
            notes=_NOTES,
        )
        table.add(
            f"{dossiers:,}",
            f"{_calls(under_test) - calls_before:,}",
            seconds,
            dossiers / seconds,
            spent,
            *(load.percent[name] * seconds / 100 for name in ("mock", "PostgreSQL")),
            _found(under_test, spoiled),
        )
        keep(
            table,
            options,
            f"{dossiers:,} dossiers, {sum(map(len, spoiled.values()))} spoiled, 8 threads, no set "
            f"rate, all processors {load.busy_percent:.0f} % busy, load {os.getloadavg()[0]:.1f} "
            f"after; {machine.describe_server(under_test.url)}",
        )


def _play(under_test: Stand, dossiers: int) -> int:
    """Replay so many dossiers, their ledger acknowledged; return how many there are."""
    share = min(1.0, dossiers / _DOSSIERS_OF_ALL)
    _command(under_test, "replay", str(_TABLE), "--share", f"{share:.6f}", "--tell")
    with psycopg.connect(under_test.url) as db:
        db.execute("ALTER TABLE delivery DISABLE TRIGGER USER")
        db.execute(
            "UPDATE delivery SET state = 'acknowledged', attempts = 1, acknowledged_at = now()"
        )
        db.execute("ALTER TABLE delivery ENABLE TRIGGER USER")
    with psycopg.connect(under_test.url, autocommit=True) as db:
        db.execute("VACUUM ANALYZE delivery")
        row = db.execute("SELECT count(*) FROM dossier").fetchone()
    return int(row[0]) if row else 0


def _fill(under_test: Stand) -> dict[str, set[str]]:
    """Write what the portal would hold into the mock's memory; return what was spoiled, how."""
    spoiled: dict[str, set[str]] = {"missing": set(), "behind": set(), "different": set()}
    path = under_test.settings.data_dir / "mocks" / FILE_NAME
    with closing(sqlite3.connect(path, timeout=60, isolation_level=None)) as memory:
        for page in _messages(under_test, spoiled):
            memory.execute("BEGIN")
            for item in page:
                _write(memory, item)
            memory.execute("COMMIT")
    return spoiled


def _messages(under_test: Stand, spoiled: Mapping[str, set[str]]) -> Iterator[list[dict[str, Any]]]:
    """Yield what the portal is to hold, in pages; some of it spoiled."""
    settings = under_test.settings.model_copy(update={"database_url": SecretStr(under_test.url)})
    engine = engine_of(settings, pool_size=2)
    desk = desk_of(settings, engine)
    draw = random.Random(7)
    with psycopg.connect(under_test.url) as db:
        ids = [row[0] for row in db.execute("SELECT id FROM dossier ORDER BY id").fetchall()]
    for start in range(0, len(ids), _STRETCH):
        page = ids[start : start + _STRETCH]
        records = read_records(desk, page)
        held = (_held(records, key, draw.random(), spoiled) for key in page)
        yield [item for item in held if item is not None]
    desk.partners.close()
    engine.dispose()


def _held(
    records: Records, key: int, chance: float, spoiled: Mapping[str, set[str]]
) -> dict[str, Any] | None:
    """Return what the portal is to hold of a dossier, None if it has lost it."""
    now = dossier_message(records.at(key, records.last(key)))
    if chance >= 3 * _SPOILED:
        return now
    if chance < _SPOILED:
        spoiled["missing"].add(now["MaHoSo"])
        return None
    first = dossier_message(records.at(key, 1))
    if chance < 2 * _SPOILED and first["TrangThaiHoSo"] != now["TrangThaiHoSo"]:
        spoiled["behind"].add(now["MaHoSo"])
        return first
    spoiled["different"].add(now["MaHoSo"])
    return now | {"ChuHoSo": "Người khác"}


def _write(memory: sqlite3.Connection, item: Mapping[str, Any]) -> None:
    content = json.dumps(item, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    memory.execute(
        "INSERT INTO portal_dossiers VALUES (?, ?, 1, ?)",
        (item["MaHoSo"], item["TrangThaiHoSo"], content),
    )


def _spent_by_commands() -> float:
    """Return the processor time of commands that were run and have ended, in seconds."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def _reconcile(under_test: Stand) -> None:
    _command(under_test, "reconcile", "--from", _FIRST, "--to", _LAST)


def _command(under_test: Stand, *arguments: str) -> None:
    rules = {"APP_DATABASE_URL": under_test.url, "APP_RECONCILE_PER_SECOND": "0"}
    subprocess.run(
        [sys.executable, "-m", "app.cli", *arguments],
        env=environment_for(under_test.settings, HERE) | rules,
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _calls(under_test: Stand) -> int:
    """Return how often the mock was asked what it holds."""
    url = f"{under_test.settings.mocks_url}/national-portal/_stats"
    requests = httpx.get(url, trust_env=False, timeout=30).json()["requests"]
    return int(requests["accepted"].get("TraCuuHoSo", 0))


def _found(under_test: Stand, spoiled: Mapping[str, set[str]]) -> str:
    """Say whether the run listed what was spoiled, and nothing else."""
    listed: dict[str, set[str]] = {outcome: set() for outcome in spoiled}
    with psycopg.connect(under_test.url) as db:
        for code, outcome in db.execute("SELECT code, outcome FROM reconciliation_difference"):
            listed.setdefault(outcome, set()).add(code)
    counts = {outcome: len(codes) for outcome, codes in listed.items()}
    return f"{'all of it' if listed == spoiled else 'otherwise'}: {counts}"
