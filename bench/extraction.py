"""EXTRACT: dossiers taken out as Parquet and CSV, at two sizes; time, and memory of the process.

What is measured is the command as it is typed. A part of the province is played by replay, the
rest are copies of its dossiers and their facts: an extraction reads nothing else.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
import psycopg
from sqlalchemy.engine import URL, make_url

from app import clock
from app.db.access import connect
from app.db.dossiers import dossier
from app.db.figures import FACTS
from app.db.migrate import migrate
from app.db.server import running
from app.services.seeding import seed
from bench import machine
from bench.options import Options
from bench.played import fill
from bench.report import Table, keep

_PLAYED = 40_000
_DAYS = 3 * 365
_MIB = 2**20
_KINDS = ("parquet", "dossiers", "open-data", "report")
_NOTES = """\
The whole command as a process of its own: start, plan, every file written, brought to the disk and
renamed, the manifest. Memory is the largest resident set of that process, looked at every 20 ms;
the database's own is not in it. The raw run copies the same facts out of the database with psycopg
and throws them away. Three years, 31 agencies; a file for each month and agency in Parquet, for
each month in CSV.
"""


@dataclass(frozen=True)
class Run:
    """One command: how long, how much memory, what it wrote."""

    seconds: float
    peak_mib: float
    files: int
    mib: float


def measure(options: Options) -> None:
    """Take out everything at each size, one kind after the other."""
    with TemporaryDirectory(prefix="motcua-bench-") as home, running(Path(home)) as url:
        sizes = {size: _province(make_url(url), size) for size in options.sizes}
        table = Table(
            "EXTRACT",
            ("what", "dossiers", "seconds", "dossiers/s", "raw COPY s", "peak MiB", "files", "MiB"),
        )
        for kind in _KINDS:
            for size, own_url in sizes.items():
                raw_s = _raw(own_url) if kind in _KINDS[:2] else None
                run = _extracted(own_url, Path(home), kind)
                table.add(
                    *(kind, f"{size:,}", run.seconds, size / run.seconds),
                    *("" if raw_s is None else raw_s, run.peak_mib, run.files, run.mib),
                )
        table.notes = _NOTES
        told = machine.describe_server(next(iter(sizes.values())))
        sides = ", ".join(f"{size:,}" for size in sizes)
        keep(table, options, f"{sides} dossiers, at most {_PLAYED:,} by replay, copies; {told}")


def _province(server: URL, size: int) -> str:
    name = f"extract_{size}"
    plain = server.set(drivername="postgresql")
    with psycopg.connect(plain.render_as_string(hide_password=False), autocommit=True) as db:
        db.execute(f"CREATE DATABASE {name}".encode())
    url = server.set(database=name).render_as_string(hide_password=False)
    owner = connect(url, as_owner=True)
    migrate(owner)
    seed(owner)
    owner.dispose()
    played = min(size, _PLAYED)
    fill(url, played, _DAYS, clock.now())
    own_url = plain.set(database=name).render_as_string(hide_password=False)
    _multiply(own_url, size, played)
    return own_url


def _multiply(url: str, size: int, played: int) -> None:
    """Copy the dossiers that were played, with their facts, until there are enough."""
    columns = ", ".join(c.name for c in dossier.columns if c.name not in {"id", "code"})
    facts = ", ".join(name for name in FACTS if name != "code")
    code = (
        "split_part(code, '-', 1) || '-' || split_part(code, '-', 2) || '-' ||"
        " (split_part(code, '-', 3)::int + %(copy)s * 10000)::text"
    )
    with psycopg.connect(url) as db, _without_indexes(db):
        row = db.execute("SELECT max(id) FROM dossier").fetchone()
        last = row[0] if row else 0
        for copy in range(1, size // played):
            given = {"copy": copy, "offset": copy * last, "last": last}
            db.execute(
                f"INSERT INTO dossier (id, code, {columns}) OVERRIDING SYSTEM VALUE"
                f" SELECT id + %(offset)s, {code}, {columns} FROM dossier"
                " WHERE id <= %(last)s".encode(),
                given,
            )
            db.execute(
                f"INSERT INTO figure_fact (dossier_id, recorded_on, until_on, code, {facts})"
                f" SELECT dossier_id + %(offset)s, recorded_on, until_on, {code}, {facts}"
                " FROM figure_fact WHERE dossier_id <= %(last)s".encode(),
                given,
            )
            sys.stderr.write(f"{(copy + 1) * played:,} of {size:,} dossiers\n")
    with psycopg.connect(url, autocommit=True) as db:
        # Nobody searches for the copies: the command that is measured need not index their words.
        db.execute(
            "UPDATE backfill SET through = (SELECT max(id) FROM dossier) WHERE name = 'search'"
        )
        db.execute("VACUUM (ANALYZE) dossier, figure_fact")
        db.execute("CHECKPOINT")


@contextmanager
def _without_indexes(db: psycopg.Connection) -> Iterator[None]:
    """Make the indexes of both tables once, at the end; the copies' keys are right anyway."""
    db.execute("SET session_replication_role = replica")
    db.execute("SET synchronous_commit = off")
    db.execute("SET maintenance_work_mem = '512MB'")
    found = db.execute(
        "SELECT indexname, indexdef FROM pg_indexes WHERE tablename IN ('dossier', 'figure_fact')"
        " AND indexname LIKE 'ix%'"
    ).fetchall()
    for name, _ in found:
        db.execute(f"DROP INDEX {name}".encode())
    yield
    for _, definition in found:
        db.execute(definition)
    db.commit()


def _raw(url: str) -> float:
    began = time.monotonic()
    with psycopg.connect(url) as db, db.cursor() as cursor:
        facts = ", ".join(FACTS)
        with cursor.copy(f"COPY (SELECT {facts} FROM figure_fact) TO STDOUT".encode()) as copy:
            for _ in copy:
                pass
    return time.monotonic() - began


def _extracted(url: str, home: Path, kind: str) -> Run:
    out = home / "out"
    shutil.rmtree(out, ignore_errors=True)
    year = clock.now().year
    asked = ["--from", f"{year - 3}-01-01", "--to", f"{year}-12-31"]
    command = [sys.executable, "-m", "app.cli", "extract", kind, *asked, "--out", str(out)]
    environment = {**os.environ, "APP_DATABASE_URL": url, "APP_DATA_DIR": str(home)}
    began = time.monotonic()
    process = psutil.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    peak = 0
    while process.poll() is None:
        try:
            peak = max(peak, process.memory_info().rss)
        except psutil.NoSuchProcess:
            break
        time.sleep(0.02)
    seconds = time.monotonic() - began
    if process.wait():
        raise RuntimeError(f"extract {kind} ended with {process.returncode}")
    files = [path for path in out.rglob("*") if path.is_file()]
    mib = sum(path.stat().st_size for path in files) / _MIB
    return Run(seconds, peak / _MIB, len(files), mib)
