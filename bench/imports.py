"""P6: import and replay against a raw COPY of the rows that they leave, in turns."""

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
from sqlalchemy.engine import make_url

from app import clock
from app.db.access import connect
from app.db.migrate import migrate
from app.db.server import running
from app.domain.former_columns import COLUMNS
from app.domain.former_mapping import read_mapping
from app.services.desk import Rules
from app.services.importing import ImportWishes, importing
from app.services.replay import Wishes, replaying
from app.services.seeding import seed
from bench import machine
from bench.figures import PUBLISHED
from bench.options import Options
from bench.report import Table, keep

_DOSSIERS = 20_000
_PUBLISHED_DOSSIERS = 259_898
_EMPTY = "bench_empty"
_TABLES = (
    *("import_run", "dossier", "dossier_component", "dossier_event", "delivery", "payment"),
    *("dossier_search", "intake_day", "import_row", "figure_fact", "figure_entry", "figure_month"),
)
_EXPORT: LiteralString = """
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
    """An embedded server with an empty, ready database that others are copied from."""

    url: str
    folder: Path

    def url_of(self, name: str) -> str:
        return make_url(self.url).set(database=name).render_as_string(hide_password=False)

    def plain(self, name: str) -> str:
        return self.url_of(name).replace("postgresql+psycopg://", "postgresql://")

    def do(self, statement: str) -> None:
        admin = connect(self.url, as_owner=True, pool_size=1)
        with admin.execution_options(isolation_level="AUTOCOMMIT").connect() as db:
            db.execute(text(statement))
        admin.dispose()

    @contextmanager
    def fresh(self, name: str) -> Iterator[Engine]:
        self.do(f"CREATE DATABASE {name} TEMPLATE {_EMPTY}")
        owner = connect(self.url_of(name), as_owner=True)
        try:
            yield owner
        finally:
            owner.dispose()
            self.do(f"DROP DATABASE {name} WITH (FORCE)")


def measure(options: Options) -> None:
    """Import the same dossiers as CSV and NDJSON, replay as many, and COPY their rows."""
    with TemporaryDirectory(prefix="motcua-bench-") as home, running(Path(home)) as url:
        server = _Server(url, Path(home))
        server.do(f"CREATE DATABASE {_EMPTY}")
        owner = connect(server.url_of(_EMPTY), as_owner=True)
        migrate(owner)
        seed(owner)
        owner.dispose()
        files, copies = _prepare(server)
        table = Table("P6 import and replay", _COLUMNS)
        ratios = []
        for pair in range(1, options.pairs + 1):
            rates = [_rate(server, lambda db: _copied(db, copies["objects"]))]
            rates.append(_rate(server, lambda db: _imported(db, files["objects"])))
            rates.append(_rate(server, lambda db: _copied(db, copies["csv"])))
            rates.append(_rate(server, lambda db: _imported(db, files["csv"])))
            rates.append(_rate(server, lambda db: _copied(db, copies["replay"])))
            rates.append(_rate(server, _replayed))
            rates.append(_rate(server, lambda db: _imported(db, files["csv"], write=False)))
            ratios.append([rates[1] / rates[0], rates[3] / rates[2], rates[5] / rates[4]])
            table.add(pair, *ratios[-1], *rates)
        medians = [statistics.median(column) for column in zip(*ratios, strict=True)]
        table.add("median", *medians, *[""] * 7)
        table.notes = _NOTES
        data = f"{_DOSSIERS:,} dossiers; {machine.describe_server(server.plain('postgres'))}"
        keep(table, options, data)


_COLUMNS = [
    *("pair", "NDJSON of raw", "CSV of raw", "replay of raw"),
    *("raw of NDJSON/s", "NDJSON with histories/s", "raw of CSV/s", "CSV/s"),
    *("raw of replay/s", "replay/s", "CSV checked only/s"),
]
_NOTES = """
Each run has a database of its own, a copy of an empty one. Raw is one connection that copies, in
one transaction, exactly the rows that the run beside it left in all tables, words to search by and
figures included, into the same tables with the same indexes, keys and checks. The rows of the
NDJSON file have whole histories (six acts on average), those of the CSV only the columns of
instants, from which four acts follow.
"""


def _prepare(server: _Server) -> tuple[dict[str, Path], dict[str, Path]]:
    """Make the files to be imported, and what their import leaves as files for COPY."""
    files = {"objects": server.folder / "old.ndjson", "csv": server.folder / "old.csv"}
    copies = {name: server.folder / f"copy-{name}" for name in (*files, "replay")}
    with server.fresh("bench_replay") as owner:
        _replayed(owner)
        _export(server.plain("bench_replay"), files)
        _dump(server.plain("bench_replay"), copies["replay"])
    for name, path in files.items():
        with server.fresh("bench_import") as owner:
            _imported(owner, path)
            _dump(server.plain("bench_import"), copies[name])
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
        for (said,) in db.execute(_EXPORT):
            objects.write(json.dumps(said, ensure_ascii=False) + "\n")
            writer.writerow(_columns(said))


def _columns(said: dict[str, Any]) -> dict[str, Any]:
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
    return _DOSSIERS


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
    share = (Decimal(_DOSSIERS) / _PUBLISHED_DOSSIERS).quantize(Decimal("0.0001"))
    wishes = Wishes(share, 1)
    with replaying(owner, PUBLISHED.read_bytes(), wishes, rules=Rules(), now=clock.now()) as replay:
        return sum(replay.play())


def _rate(server: _Server, run: Callable[[Engine], int]) -> float:
    with server.fresh("bench_run") as owner:
        began = time.perf_counter()
        done = run(owner)
        return done / (time.perf_counter() - began)
