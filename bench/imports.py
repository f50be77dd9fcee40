"""P6: import and replay against a raw COPY of the rows that they leave, in turns.

The same file goes into a province that holds few dossiers and into one that holds many (`--sizes`).
"""

import csv
import json
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, LiteralString

import psycopg
from psycopg import sql
from sqlalchemy import Engine, text
from sqlalchemy.engine import URL, make_url

from app import clock
from app.db.access import connect
from app.db.migrate import migrate
from app.domain.former_columns import COLUMNS
from app.domain.former_mapping import read_mapping
from app.services.desk import Rules
from app.services.importing import ImportWishes, importing
from app.services.replay import Wishes, replaying
from app.services.seeding import seed
from bench import machine
from bench.figures import DAYS, NOW, PUBLISHED
from bench.options import Options
from bench.played import plain, province, provinces
from bench.report import Table, keep

_PUBLISHED_DOSSIERS = 259_898
_ROWS = 40_000  # of the file
_EMPTY = "bench_empty"
_FREE_KEY = 1_000_000_000  # beyond those of any province: the rows fit into each of them
_TABLES = (
    *("import_run", "dossier", "dossier_component", "dossier_event", "delivery", "payment"),
    *("dossier_search", "intake_day", "import_row", "figure_fact", "figure_entry", "figure_month"),
)
EXPORT: LiteralString = """
SELECT jsonb_strip_nulls(jsonb_build_object(
    'code', d.code, 'procedure', procedure.code, 'agency', agency.code, 'channel', channel,
    'applicant_kind', applicant_kind, 'applicant_number', applicant_number,
    'applicant_name', applicant_name, 'applicant_phone', contact ->> 'phone',
    'applicant_email', contact ->> 'email', 'applicant_address', contact ->> 'address',
    'received_at', received_at, 'due_at', promised_at, 'status', status,
    'return_way', return_way, 'told_at', now() - interval '1 day',
    'components', (SELECT string_agg(component, ' ' ORDER BY n) FROM dossier_component AS c
        WHERE c.dossier_id = d.id AND added_at = d.received_at),
    'history', (SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
            'act', act, 'at', occurred_at, 'by', actor_name, 'role', actor_role,
            'reason', reason, 'legal_ground', coalesce(legal_ground, 'Điều 1'),
            'components', e.details -> 'components', 'granted', e.details -> 'granted',
            'extension', (e.details #>> '{extension,count}') || ' '
                || replace(e.details #>> '{extension,unit}', '_', ' '))) ORDER BY seq)
        FROM dossier_event AS e WHERE e.dossier_id = d.id AND seq > 1)))
FROM dossier AS d JOIN agency ON agency.id = d.agency_id
JOIN procedure_version AS version ON version.id = procedure_version_id
JOIN procedure ON procedure.id = version.procedure_id ORDER BY d.id
"""


@dataclass(frozen=True)
class _Server:
    """A server whose databases are copied, one for each run."""

    url: URL
    folder: Path

    def url_of(self, name: str) -> str:
        return self.url.set(database=name).render_as_string(hide_password=False)

    def do(self, statement: LiteralString, *names: str) -> None:
        with psycopg.connect(plain(self.url), autocommit=True) as db:
            db.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))

    @contextmanager
    def fresh(self, name: str, template: str) -> Iterator[Engine]:
        self.do("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)
        self.do("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy", name, template)
        owner = connect(self.url_of(name), as_owner=True)
        try:
            yield owner
        finally:
            owner.dispose()
            self.do("DROP DATABASE {} WITH (FORCE)", name)


def measure(options: Options) -> None:
    """Import the same dossiers as CSV and NDJSON, replay as many, and COPY their rows."""
    with TemporaryDirectory(prefix="motcua-bench-") as home, provinces(options) as url:
        server = _Server(url, Path(home))
        bases = {size: province(url, size, DAYS, NOW) for size in options.sizes}
        server.do("DROP DATABASE IF EXISTS {} WITH (FORCE)", _EMPTY)
        server.do("CREATE DATABASE {}", _EMPTY)
        _begin(server.url_of(_EMPTY))
        files, copies = _prepare(server)
        table = Table("P6 import and replay", _COLUMNS)
        for size, base in bases.items():
            _measure_in(
                server,
                table,
                f"{size:,}",
                str(make_url(base).database),
                files,
                copies,
                options.pairs,
            )
        server.do("DROP DATABASE {} WITH (FORCE)", _EMPTY)
        table.notes = _NOTES
        sizes = " and ".join(f"{size:,}" for size in bases)
        told = machine.describe_server(plain(url))
        keep(table, options, f"a file of {_ROWS:,} dossiers into {sizes} that are there; {told}")


def _measure_in(
    server: _Server,
    table: Table,
    there: str,
    base: str,
    files: dict[str, Path],
    copies: dict[str, Path],
    pairs: int,
) -> None:
    ratios = []
    for pair in range(1, pairs + 1):
        rates = [_rate(server, base, lambda db: _copied(db, copies["objects"]))]
        rates.append(_rate(server, base, lambda db: _imported(db, files["objects"])))
        rates.append(_rate(server, base, lambda db: _copied(db, copies["csv"])))
        rates.append(_rate(server, base, lambda db: _imported(db, files["csv"])))
        rates.append(_rate(server, base, lambda db: _copied(db, copies["replay"])))
        rates.append(_rate(server, base, _replayed))
        rates.append(_rate(server, base, lambda db: _imported(db, files["csv"], write=False)))
        ratios.append([rates[1] / rates[0], rates[3] / rates[2], rates[5] / rates[4]])
        table.add(there, pair, *ratios[-1], *rates)
    medians = [statistics.median(column) for column in zip(*ratios, strict=True)]
    table.add(there, "median", *medians, *[""] * 7)


def _begin(url: str) -> None:
    """Make an empty database whose keys begin where no province's are."""
    owner = connect(url, as_owner=True)
    migrate(owner)
    seed(owner)
    with owner.begin() as db:
        db.execute(
            text(f"SELECT setval(oid::regclass, {_FREE_KEY}) FROM pg_class WHERE relkind = 'S'")
        )
    owner.dispose()


_COLUMNS = [
    *("there before", "pair", "NDJSON of raw", "CSV of raw", "replay of raw"),
    *("raw of NDJSON/s", "NDJSON with histories/s", "raw of CSV/s", "CSV/s"),
    *("raw of replay/s", "replay/s", "CSV checked only/s"),
]
_NOTES = """
Each run has a database of its own, a copy of the province. Raw is one connection that copies, in
one transaction, exactly the rows that the run beside it leaves in all tables, words to search by
and figures included, into the same tables with the same indexes, keys and checks. The rows of the
NDJSON file have whole histories (six acts on average), those of the CSV only the columns of
instants, from which four acts follow.
"""


def _prepare(server: _Server) -> tuple[dict[str, Path], dict[str, Path]]:
    """Make the files to be imported, and what their import leaves as files for COPY."""
    files = {"objects": server.folder / "old.ndjson", "csv": server.folder / "old.csv"}
    copies = {name: server.folder / f"copy-{name}" for name in (*files, "replay")}
    with server.fresh("bench_run", _EMPTY) as owner:
        _replayed(owner)
        _export(plain(server.url, "bench_run"), files)
        _dump(plain(server.url, "bench_run"), copies["replay"])
    for name, path in files.items():
        with server.fresh("bench_run", _EMPTY) as owner:
            _imported(owner, path)
            _dump(plain(server.url, "bench_run"), copies[name])
    return files, copies


def _export(url: str, files: dict[str, Path]) -> None:
    names = [column.name for column in COLUMNS if column.name != "history"]
    with (
        psycopg.connect(url) as db,
        files["objects"].open("w", encoding="utf-8") as objects,
        files["csv"].open("w", encoding="utf-8", newline="") as rows,
    ):
        writer = csv.DictWriter(rows, names, restval="", extrasaction="ignore")
        writer.writeheader()
        for (said,) in db.execute(EXPORT):
            objects.write(json.dumps(said, ensure_ascii=False) + "\n")
            writer.writerow(columns(said))


def columns(said: dict[str, Any]) -> dict[str, Any]:
    """Return a dossier as its instants alone: received, accepted, resolved, returned."""
    at = {act["act"]: act["at"] for act in said["history"]} if "history" in said else {}
    row = {**said, "accepted_at": at.get("accept"), "resolved_at": at.get("resolve")}
    accepted = at.get("accept") or said["channel"] != "online"
    if "resolve" not in at or not accepted:
        row |= {"resolved_at": None, "status": "in_process" if accepted else "registered"}
        return row
    if any(act.get("granted") is False for act in said["history"]):
        row |= {"granted": "no", "reason": "Không đủ điều kiện"}
    returned = at.get("return_result")
    return row | {"returned_at": returned, "status": "returned" if returned else "resolved"}


def _dump(url: str, folder: Path) -> None:
    folder.mkdir()
    with psycopg.connect(url) as db:
        for name in _TABLES:
            # What the file of a copy holds can be read back into a table of generated keys.
            query = sql.SQL("COPY {} TO STDOUT").format(sql.Identifier(name))
            with (folder / name).open("wb") as file, db.cursor().copy(query) as copy:
                for piece in copy:
                    file.write(piece)


def _copied(owner: Engine, folder: Path) -> int:
    url = owner.url.render_as_string(hide_password=False)
    with psycopg.connect(url.replace("postgresql+psycopg://", "postgresql://")) as db:
        db.execute("SET LOCAL app.figures = 'bulk'")
        for name in _TABLES:
            query = sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(name))
            with db.cursor().copy(query) as copy:
                copy.write((folder / name).read_bytes())
        row = db.execute("SELECT count(*) FROM dossier WHERE id > %s", [_FREE_KEY]).fetchone()
    return int(row[0]) if row else 0


def _imported(owner: Engine, path: Path, *, write: bool = True) -> int:
    wishes = ImportWishes(faults=path.with_suffix(".faults"), write=write)
    with importing(
        *(owner, path, wishes), mapping=read_mapping({}), rules=Rules(), now=clock.now()
    ) as found:
        for _ in found.go():
            pass
    if found.tally.faulty:
        raise RuntimeError(f"faulty rows: {found.tally.examples}")
    return found.tally.rows


def _replayed(owner: Engine) -> int:
    share = (Decimal(_ROWS) / _PUBLISHED_DOSSIERS).quantize(Decimal("0.0001"))
    wishes = Wishes(share, 1)
    with replaying(owner, PUBLISHED.read_bytes(), wishes, rules=Rules(), now=clock.now()) as replay:
        return sum(replay.play())


def _rate(server: _Server, base: str, run: Callable[[Engine], int]) -> float:
    with server.fresh("bench_run", base) as owner:
        began = time.perf_counter()
        done = run(owner)
        return done / (time.perf_counter() - began)
