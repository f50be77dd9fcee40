"""A province of any size, for P3, P4 and the register: a table of its own, played by replay.

Its rows are the agencies of the published table; each receives 0.85 of what the one before does, so
that they are of very different size. Persons, days, outcomes and clocks are invented by the replay.
"""

import csv
import io
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
from sqlalchemy.engine import URL, make_url

from app.db.access import connect
from app.db.migrate import migrate
from app.db.server import running
from app.domain.calendar import LOCAL_ZONE
from app.domain.figures import Intake
from app.domain.periods import Period
from app.services.backfill import backfill
from app.services.desk import Rules
from app.services.replay import Wishes, replaying
from app.services.seeding import seed
from bench.options import Options

PUBLISHED = Path(__file__).resolve().parent.parent / "data" / "published" / "intake-2021.csv"

_SHARE_OF_LARGER = 0.85
_ONLINE_PERCENT = 80
_TOLD_EVERY_S = 10.0


@contextmanager
def provinces(options: Options) -> Iterator[URL]:
    """Start a server for provinces: in a folder of its own, or in the one that is to be kept."""
    with TemporaryDirectory(prefix="motcua-bench-") as own:
        home = options.keep or Path(own)
        home.mkdir(parents=True, exist_ok=True)
        with running(home) as url:
            yield make_url(url)


def province(server: URL, dossiers: int, days: int, now: datetime) -> str:
    """Return the address of a province in a database of its own, played if it is not there yet."""
    name = f"played_{dossiers}_in_{days}"
    url = server.set(database=name).render_as_string(hide_password=False)
    with psycopg.connect(plain(server), autocommit=True) as db:
        if db.execute("SELECT FROM pg_database WHERE datname = %s", [name]).rowcount:
            owner = connect(url, as_owner=True)
            migrate(owner)
            owner.dispose()
            return url
        # Named when it is whole: what was interrupted is made anew.
        db.execute("DROP DATABASE IF EXISTS being_played")
        db.execute("CREATE DATABASE being_played")
        own_url = server.set(database="being_played").render_as_string(hide_password=False)
        owner = connect(own_url, as_owner=True)
        migrate(owner)
        seed(owner)
        owner.dispose()
        fill(own_url, dossiers, days, now)
        db.execute(f"ALTER DATABASE being_played RENAME TO {name}".encode())
    return url


def plain(server: URL, database: str = "postgres") -> str:
    """Return the address of a database as psycopg takes it."""
    own = server.set(drivername="postgresql", database=database)
    return own.render_as_string(hide_password=False)


def fill(url: str, dossiers: int, days: int, now: datetime) -> None:
    """Play `dossiers`, received on the `days` days before that of `now`, into a seeded database."""
    today = now.astimezone(LOCAL_ZONE).date()
    table = _table(Period(today - timedelta(days=days), today - timedelta(days=1)), dossiers)
    owner = connect(url, as_owner=True)
    begun = told = time.monotonic()
    done = 0
    with replaying(owner, table, Wishes(), rules=Rules(), now=now) as replay:
        for written in replay.play():
            done += written
            if time.monotonic() - told > _TOLD_EVERY_S:
                told = time.monotonic()
                sys.stderr.write(f"{done:,} of {dossiers:,} played\n")
    backfill(owner, payment_stops=True)  # the words to find them by, as the command does
    sys.stderr.write(f"{done:,} dossiers in {time.monotonic() - begun:.0f} s\n")
    with owner.execution_options(isolation_level="AUTOCOMMIT").connect() as db:
        db.exec_driver_sql("VACUUM (ANALYZE)")
        db.exec_driver_sql("CHECKPOINT")
    owner.dispose()


def _table(period: Period, dossiers: int) -> bytes:
    """Write a table in the published layout in which `dossiers` were received in `period`."""
    with PUBLISHED.open(encoding="utf-8", newline="") as file:
        published = list(csv.DictReader(file))
    rows = [row for row in published if row["period"] == published[0]["period"]]
    agencies = [row for row in rows if row["row"] != "total"]
    weights = [_SHARE_OF_LARGER**place for place in range(len(agencies))]
    edges = [round(dossiers * sum(weights[:n]) / sum(weights)) for n in range(len(weights) + 1)]
    received = {
        row["agency"]: _intake(last - first)
        for row, first, last in zip(agencies, edges, edges[1:], strict=False)
    }
    out = io.StringIO()
    writer = csv.DictWriter(out, list(published[0]), lineterminator="\n")
    writer.writeheader()
    for row in rows:
        members = [one for one in agencies if one["group"] == row["group"]]
        counted = [
            received[one["agency"]] for one in members if row["row"] in {"total", one["row"]}
        ]
        intake = sum(counted, Intake())
        row |= {
            "period": f"{period.first}..{period.last}",
            "total": str(intake.received),
            "at_desk": str(intake.at_desk),
            "online": str(intake.online),
            "online_rate_percent": str(intake.online_rate or "0.00"),
        }
        writer.writerow(row)
    return out.getvalue().encode()


def _intake(received: int) -> Intake:
    online = received * _ONLINE_PERCENT // 100
    return Intake(received - online, online)
