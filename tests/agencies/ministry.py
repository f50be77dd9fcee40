"""A province that is reorganised, for tests: a bureau, its administrators and their changes."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import text

from app.api.agency_changes import ReorganisationForm
from app.domain.actor import Actor, Role
from app.domain.agency import Level
from app.domain.calendar import LOCAL_ZONE
from app.domain.periods import Period
from app.domain.question import Question
from app.domain.reorganisation import Reorganisation
from app.seeds import read_agencies
from app.services import figures, moving, reorganisation_reading, reorganisations
from tests.clock.bureau import PROVINCE, Bureau, a_bureau, at, staff

__all__ = ["PROVINCE", "Ministry", "a_ministry", "at", "change", "commune", "merge", "staff"]

ANALYST = Actor("tong-hop", Role.ANALYST, "Cán bộ tổng hợp", agency="H44")


_AS_SEEDED = text("""
    UPDATE agency SET name = :name, valid_to = NULL, successor_id = NULL WHERE code = :code
""")
_UNITS_FIRST = text("""
    UPDATE agency SET parent_id = NULL, successor_id = NULL WHERE code <> ALL (:codes)
""")


@dataclass
class Ministry(Bureau):
    """A bureau whose agencies change."""

    def enter_change(self, made: Reorganisation, now: datetime, actor: Actor = PROVINCE) -> int:
        """Enter a change and return its number."""
        entered = reorganisations.enter(self.desk, made, actor=actor, now=now)
        return int(entered["id"])

    def look(self, made: Reorganisation, now: datetime, limit: int = 100, after: int = 0) -> Any:  # noqa: ANN401
        return reorganisation_reading.preview(
            self.desk, made, actor=PROVINCE, now=now, after=after, limit=limit
        )

    def work(self, now: datetime, limit: int = 200) -> int:
        """Do what workers do on a day, until nothing is left; return how many moved."""
        before = self.moved()
        while moving.begin_due(self.desk, now=now):
            pass
        while moving.move_next(self.desk, now=now, limit=limit):
            pass
        return self.moved() - before

    def moved(self) -> int:
        return int(self.one("SELECT coalesce(sum(moved), 0) AS n FROM agency_change")["n"])

    def empty(self) -> None:
        """Forget every dossier and every change: agencies are those of the seeds again."""
        self.do("TRUNCATE replay_batch, paper_number")
        super().empty()
        with self.owner.begin() as db:
            for table in ("heir", "succession", "former_name", "change"):
                db.execute(text(f"DELETE FROM agency_{table}"))
            for known in read_agencies():
                values = {"code": known.code, "name": known.name}
                db.execute(_AS_SEEDED, values)
            codes = {"codes": [known.code for known in read_agencies()]}
            db.execute(_UNITS_FIRST, codes)
            db.execute(text("DELETE FROM agency WHERE code <> ALL (:codes)"), codes)
            db.execute(text("DELETE FROM report_group WHERE position > 2"))

    def state(self, number: int) -> str:
        found = self.one("SELECT state FROM agency_change WHERE id = :id", id=number)
        return str(found["state"])

    def places(self) -> dict[str, tuple[str, str]]:
        """Return who resolves and who has in hand, by dossier code."""
        rows = self.rows("""
            SELECT dossier.code, owner.code AS owner, holder.code AS holder FROM dossier
            JOIN agency AS owner ON owner.id = agency_id
            JOIN agency AS holder ON holder.id = at_agency_id
        """)
        return {row["code"]: (row["owner"], row["holder"]) for row in rows}

    def kept(self) -> dict[str, tuple[Any, ...]]:
        """Return what no reorganisation may change of any dossier, by its code."""
        rows = self.rows("""
            SELECT code, status, status_before, step, due_at, promised_at, answer_due_at,
                accepted_at, received_at, remaining_minutes, reply_due_on, queue_class,
                queue_minutes, claimed_by, claimed_until, assigned_to, fees, form
            FROM dossier
        """)
        return {row["code"]: tuple(map(str, row.values())) for row in rows}

    def annex(self, first: str, last: str) -> bytes:
        period = Period(datetime.fromisoformat(first).date(), datetime.fromisoformat(last).date())
        now = datetime.combine(period.last + timedelta(days=1), time(), LOCAL_ZONE)
        rows = figures.annex_of(self.desk, Question(period), actor=ANALYST, now=now)
        return repr(rows).encode()


@contextmanager
def a_ministry(database_url: str, folder: Path) -> Iterator[Ministry]:
    with a_bureau(database_url, folder) as bureau:
        yield Ministry(bureau.desk, bureau.owner, bureau.folder)


def change(on: str, *changes: dict[str, Any], **more: Any) -> Reorganisation:  # noqa: ANN401
    """Return a change as HTTP and files give it."""
    document = {"source": "Nghị quyết số 01/MAU", "on": on, "changes": list(changes)} | more
    return ReorganisationForm.model_validate_json(json.dumps(document)).change()


def merge(*agencies: str, into: str) -> dict[str, Any]:
    return {"kind": "merge", "agencies": list(agencies), "into": into}


def commune(code: str, name: str = "UBND xã Mẫu", group: str | None = None) -> dict[str, Any]:
    """Return a new agency of the lowest level."""
    parent = code.rpartition(".")[0]
    made = {"code": code, "name": name, "level": Level.COMMUNE, "parent": parent}
    return made | {"report_group": group}
