"""IMPORT: a long file of old dossiers as `motcua import` takes it in; its pace and its memory."""

import csv
import os
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
import psycopg
from sqlalchemy.engine import URL, make_url

from app.db.access import connect
from app.db.migrate import migrate
from app.domain.former_columns import COLUMNS
from app.services.seeding import seed
from bench import machine
from bench.crew import HelperFailed
from bench.figures import DAYS, NOW
from bench.imports import EXPORT, columns
from bench.options import Options
from bench.played import plain, province, provinces
from bench.report import Table, keep

_INTO = "bench_import"
_PARTS = 10
_LOOK_S = 0.05
_MIB = 2**20
_NOTES = """
The whole command as a process of its own, into an empty province: survey of the file, every row
checked by the rules, written with history, ledger, words and figures. Memory is the largest
resident set of that process, looked at every 50 ms; the database's own is not in it.
"""


def measure(options: Options) -> None:
    """Write a province of the largest size as a CSV file, and import it into an empty one."""
    size = max(options.sizes)
    with TemporaryDirectory(prefix="motcua-bench-") as home, provinces(options) as server:
        file = Path(home) / "old.csv"
        _write(plain(server, str(make_url(province(server, size, DAYS, NOW)).database)), file)
        into = _empty(server)
        table = Table("IMPORT of a long file", ("dossiers", "seconds", "dossiers/s", "peak MiB"))
        _import(into, file, size, table)
        table.notes = _NOTES
        length = f"{size:,} dossiers in a file of {file.stat().st_size / _MIB:,.0f} MiB"
        keep(table, options, f"{length}; {machine.describe_server(plain(server))}")
        _drop(server)


def _write(url: str, file: Path) -> None:
    names = [column.name for column in COLUMNS if column.name != "history"]
    with (
        psycopg.connect(url) as db,
        db.cursor("old") as found,
        file.open("w", encoding="utf-8", newline="") as rows,
    ):
        writer = csv.DictWriter(rows, names, restval="", extrasaction="ignore")
        writer.writeheader()
        found.itersize = 2000
        found.execute(EXPORT)
        for (said,) in found:
            writer.writerow(columns(said))


def _drop(server: URL) -> None:
    with psycopg.connect(plain(server), autocommit=True) as db:
        db.execute(f"DROP DATABASE IF EXISTS {_INTO} WITH (FORCE)".encode())


def _empty(server: URL) -> str:
    _drop(server)
    with psycopg.connect(plain(server), autocommit=True) as db:
        db.execute(f"CREATE DATABASE {_INTO}".encode())
    url = server.set(database=_INTO).render_as_string(hide_password=False)
    owner = connect(url, as_owner=True)
    migrate(owner)
    seed(owner)
    owner.dispose()
    return url


def _import(url: str, file: Path, size: int, table: Table) -> None:
    """Import, and note the pace and the memory of each tenth."""
    command = [sys.executable, "-m", "app.cli", "import", str(file)]
    environment = {**os.environ, "APP_DATABASE_URL": url, "APP_DATA_DIR": str(file.parent)}
    began = time.monotonic()
    process = psutil.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    peak, told, told_at = 0, 0, began
    looked_at = began
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as db:
        while process.poll() is None:
            try:
                peak = max(peak, process.memory_info().rss)
            except psutil.NoSuchProcess:
                break
            time.sleep(_LOOK_S)
            if time.monotonic() - looked_at < 1:
                continue
            looked_at = time.monotonic()
            row = db.execute("SELECT coalesce(max(written), 0) FROM import_run").fetchone()
            written = int(row[0]) if row else 0
            if written - told >= size / _PARTS:
                pace = (written - told) / (looked_at - told_at)
                table.add(f"{written:,}", looked_at - began, pace, peak / _MIB)
                sys.stderr.write(f"{written:,} of {size:,} imported\n")
                told, told_at = written, looked_at
    seconds = time.monotonic() - began
    if process.wait():
        raise HelperFailed(f"motcua import ended with {process.returncode}")
    table.add(f"{size:,} in all", seconds, size / seconds, peak / _MIB)
