"""PAPERS: official papers per second and milliseconds a page; a register of 100,000 dossiers."""

import os
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZipFile

from pypdfium2 import PdfDocument

from app.db.access import connect
from app.db.migrate import migrate
from app.db.server import running
from app.domain.calendar import LOCAL_ZONE
from app.domain.papers import BOOKS, Form
from app.papers.rendering import render
from app.services.seeding import seed
from bench.crew import HelperFailed
from bench.options import Options
from bench.paper_facts import papers
from bench.played import fill
from bench.report import Table, keep
from bench.stand import HERE

_ROUNDS = 60
_THREADS = 2
_DOSSIERS, _DAYS = 310_000, 3 * 365
_NOW = datetime(2026, 10, 5, 9, tzinfo=LOCAL_ZONE)
_COLUMNS = (
    *("form", "paper", "pages", "ms", "p95", "cpu ms", "cpu ms a page", "papers/s"),
    "together/s",
)
_PAPER_NOTES = """
Each paper is a new one: PDF/A-2a with its QR code, nothing kept from the one before but the
compiler's cache of the template. One after the other in one thread; `cpu`: of that the processor's
time, which other work on the machine does not add to; `together`: two threads. The register has
110 entries. Goal: under 50 ms a page.
"""
_REGISTER_NOTES = """
`motcua register --agency H44` for a day, a month and a year, written as a spreadsheet: seconds
of the whole command, its highest resident memory. Goal: the same memory however long.
"""


@dataclass(frozen=True)
class _Printed:
    """How one form was printed, in milliseconds."""

    form: Form
    pages: int
    alone: list[float]
    cpu: list[float]
    together_s: float

    def row(self) -> list[object]:
        median = statistics.median(self.alone)
        cpu = statistics.median(self.cpu)
        slow = statistics.quantiles(self.alone, n=20)[-1]
        title = BOOKS[self.form].form_number if self.form in BOOKS else "07"
        return [
            *(title, str(self.form), self.pages, median, slow, cpu, cpu / self.pages),
            *(1000 / statistics.fmean(self.alone), _ROUNDS / self.together_s),
        ]


def measure(options: Options) -> None:
    """Print each form, write registers of three lengths; keep both tables."""
    table = Table(
        "Papers",
        (
            "form",
            "paper",
            "pages",
            "ms",
            "p95",
            "cpu ms",
            "cpu ms a page",
            "papers/s",
            "together/s",
        ),
        notes=_PAPER_NOTES,
    )
    numbers = count(1)
    for form in (*BOOKS, Form.REGISTER):
        table.add(*_printed(form, numbers).row())
    keep(table, options, f"{_ROUNDS} papers of each form")
    with TemporaryDirectory(prefix="motcua-papers-") as home, running(Path(home)) as url:
        register, held = _registers(url, Path(home))
    keep(register, options, held)


def _printed(form: Form, numbers: "count[int]") -> _Printed:
    pages = len(PdfDocument(render(form, papers(next(numbers))[form])))
    timed = [_timed_ms(form, next(numbers)) for _ in range(_ROUNDS)]
    facts = [papers(next(numbers))[form] for _ in range(_ROUNDS)]
    begun = time.perf_counter()
    with ThreadPoolExecutor(max_workers=_THREADS) as threads:
        list(threads.map(partial(render, form), facts))
    together_s = time.perf_counter() - begun
    alone, cpu = (list(kind) for kind in zip(*timed, strict=True))
    return _Printed(form, pages, alone, cpu, together_s)


def _timed_ms(form: Form, number: int) -> tuple[float, float]:
    """Return how long a paper took, and how much of the processor."""
    facts = papers(number)[form]
    begun, used = time.perf_counter(), time.process_time()
    render(form, facts)
    return (time.perf_counter() - begun) * 1000, (time.process_time() - used) * 1000


def _registers(url: str, home: Path) -> tuple[Table, str]:
    """Fill a province and let the command write its registers."""
    owner = connect(url, as_owner=True)
    migrate(owner)
    seed(owner)
    owner.dispose()
    fill(url, _DOSSIERS, _DAYS, _NOW)
    table = Table("Register", ("days", "rows", "s", "rows/s", "MiB file", "MiB held"))
    table.notes = _REGISTER_NOTES
    for days in (1, 31, 365):
        table.add(days, *_register(url, home, days))
    return table, f"{_DOSSIERS:,} dossiers over three years"


def _register(url: str, home: Path, days: int) -> list[object]:
    out = home / "so.xlsx"
    last = (_NOW - timedelta(days=2)).date()
    first = last - timedelta(days=days - 1)
    asked = ["--agency", "H44", "--from", str(first), "--to", str(last), "--out", str(out)]
    begun = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-m", "app.cli", "register", *asked],
        cwd=HERE,
        env={**os.environ, "APP_DATABASE_URL": url, "APP_DATA_DIR": str(home)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as child:
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        raise HelperFailed(f"motcua register ended with {child.returncode}")
    seconds = time.perf_counter() - begun
    rows = _rows(out)
    size = out.stat().st_size / 2**20
    return [f"{rows:,}", seconds, rows / seconds, size, used.ru_maxrss / 1024]


def _rows(workbook: Path) -> int:
    """Count the rows of a register, without its three lines of headings."""
    with ZipFile(workbook) as package, package.open("xl/worksheets/sheet1.xml") as sheet:
        return sum(piece.count(b"<row ") for piece in iter(partial(sheet.readline), b"")) - 3
