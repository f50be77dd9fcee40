"""A province of any size, for P3 and the register: a table of its own, played by replay.

Its rows are the agencies of the published table; each receives 0.85 of what the one before does, so
that they are of very different size. Persons, days, outcomes and clocks are invented by the replay.
"""

import csv
import io
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path

from app.db.access import connect
from app.domain.calendar import LOCAL_ZONE
from app.domain.figures import Intake
from app.domain.periods import Period
from app.services.backfill import backfill
from app.services.desk import Rules
from app.services.replay import Wishes, replaying

PUBLISHED = Path(__file__).resolve().parent.parent / "data" / "published" / "intake-2021.csv"

_SHARE_OF_LARGER = 0.85
_ONLINE_PERCENT = 80
_TOLD_EVERY_S = 10.0


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
        db.exec_driver_sql("VACUUM (ANALYZE) dossier, dossier_search, dossier_event")
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
