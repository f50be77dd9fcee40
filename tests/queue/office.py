"""An office under test: the application's desk on a real database, people, dossiers in any state.

Dossiers are written as rows, so that thousands in every state cost a second; what the acts do is
tested elsewhere.
"""

import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import Any, TypeAlias

from pydantic import SecretStr
from sqlalchemy import Engine, text

from app.composition import desk_of
from app.db.access import acting, connect
from app.db.reference import Catalogue
from app.domain.actor import SYSTEM, Actor, Role
from app.domain.application import Applicant, Application, HandedIn
from app.domain.calendar import LOCAL_ZONE, Calendar
from app.domain.intake import ReturnWay
from app.domain.lifecycle import WAITING, Status
from app.domain.procedure import ApplicantKind
from app.seeds import read_procedure_documents
from app.services.backfill import backfill
from app.services.desk import Desk
from app.settings import Settings

Given: TypeAlias = Any
"""Named columns or settings, handed on to somebody who knows their types."""

TUESDAY = datetime(2026, 10, 6, 9, 0, tzinfo=LOCAL_ZONE)
"""A working Tuesday morning without a holiday near."""

PROVINCE, DISTRICT, OTHER_DISTRICT, JUSTICE = "H44", "H44.29", "H44.30", "H44.10"
AT_DESK = "1.004873"
SATURDAY_OFFICE = "H44.31"
"""Opens on Saturday mornings too: it has hours of its own."""

STATUSES = [status for status in Status if status is not Status.DRAFT]
_FAMILIES = ["Nguyễn", "Trần", "Lê", "Đỗ", "Hoàng"]
_MIDDLES = ["Văn", "Thị", "Đức", "Thị Thu"]
_GIVEN = ["Hòa", "Hoà", "Hương", "Đạt", "Mậu", "Mẫu", "Khuyên", "An", "Anh"]


@dataclass(frozen=True)
class Office:
    """`now` is when most of a test happens."""

    desk: Desk
    owner: Engine
    numbers: Iterator[int]
    now: datetime = TUESDAY

    @cached_property
    def catalogue(self) -> Catalogue:
        """As it was at the first look: no test of an office changes it."""
        with acting(self.desk.engine, SYSTEM) as tx:
            return self.desk.references.catalogue(tx)

    @cached_property
    def calendars(self) -> dict[str, Calendar]:
        with acting(self.desk.engine, SYSTEM) as tx:
            return {
                agency: self.desk.references.calendar(tx, agency)
                for agency in self.catalogue.agencies
            }

    def rows(self, query: str = "SELECT * FROM dossier", **values: object) -> list[dict[str, Any]]:
        """Ask as the owner: no row security, no filter."""
        with self.owner.connect() as db:
            return [dict(row) for row in db.execute(text(query), values).mappings()]

    def row(self, code: str) -> dict[str, Any]:
        [found] = self.rows("SELECT * FROM dossier WHERE code = :code", code=code)
        return found

    def write(self, rows: list[dict[str, Any]]) -> list[str]:
        """Write dossiers with their words; return their codes."""
        if rows:
            columns = ", ".join(rows[0])
            values = ", ".join(
                f"CAST(:{name} AS jsonb)" if name in _JSON else f":{name}" for name in rows[0]
            )
            with self.owner.begin() as db:
                db.execute(text(f"INSERT INTO dossier ({columns}) VALUES ({values})"), rows)
            backfill(self.owner, payment_stops=True)
        return [row["code"] for row in rows]

    def a_dossier(self, status: Status = Status.REGISTERED, **changes: Given) -> str:
        """Write one dossier, at the district unless `agency` says otherwise; return its code."""
        return self.write([self.a_row(status, **changes)])[0]

    def a_row(self, status: Status, *, agency: str = DISTRICT, **changes: Given) -> dict[str, Any]:
        """Return the columns of a dossier that was received the day before `now`."""
        number, catalogue = next(self.numbers), self.catalogue
        agency_id = catalogue.agency_ids[agency]
        received_at = changes.pop("received_at", self.now - timedelta(days=1, seconds=-number))
        is_accepted = status not in _UNACCEPTED
        is_finished = status in {Status.RESOLVED, Status.RETURNED}
        due_at = changes.pop("due_at", self.now + timedelta(days=3))
        return {
            "code": f"{agency}-{received_at.astimezone(LOCAL_ZONE):%y%m%d}-{number:04d}",
            "procedure_version_id": min(catalogue.offered),
            "agency_id": agency_id,
            "at_agency_id": agency_id,
            "agency_ids": [agency_id],
            "step": 0,
            "channel": "online",
            "status": status,
            "status_before": Status.IN_PROCESS if status in WAITING else None,
            "version": 1,
            "applicant_kind": "citizen",
            "applicant_number": f"0259{number:08d}",
            "applicant_name": "Trần Thị Mẫu",
            "contact": f'{{"phone": "09{number:08d}"}}',
            "submitter_id": f"0259{number:08d}",
            "submitter_name": "Trần Thị Mẫu",
            "is_verified": 1,
            "form": "{}",
            "fees": "[]",
            "return_way": "desk",
            "received_on": received_at.astimezone(LOCAL_ZONE).date(),
            "received_at": received_at,
            "answer_due_at": received_at + timedelta(days=1),
            "accepted_at": received_at + timedelta(hours=1) if is_accepted else None,
            "due_at": due_at if is_accepted else None,
            "remaining_minutes": 600 if status in WAITING else None,
            "resolved_at": self.now if is_finished else None,
            "supplements": 0,
            "claimed_by": None,
            "claimed_name": None,
            "claimed_until": None,
            "assigned_to": None,
            "assigned_name": None,
            **changes,
        }

    def random_rows(self, chance: random.Random, many: int) -> list[dict[str, Any]]:
        """Return dossiers of a few agencies in random states, some handed to another agency."""
        return [self._random_row(chance) for _ in range(many)]

    def _random_row(self, chance: random.Random) -> dict[str, Any]:
        agency, at = (chance.choice(_AGENCIES) for _ in range(2))
        at = agency if chance.random() < 0.7 else at
        status = chance.choice(STATUSES)
        ids, offered = self.catalogue.agency_ids, self.catalogue.offered
        version_id = chance.choice(sorted(offered)[:6])
        calendar = self.calendars[agency]
        received_at = self.now - timedelta(minutes=chance.randrange(60 * 24 * 400))
        begin = self.now - timedelta(days=20)
        person = f"0259{chance.randrange(12):08d}"
        account = chance.choice([None, "officer-1", "officer-2"])
        until = self.now + timedelta(minutes=chance.randrange(-30, 30)) if account else None
        name = f"{chance.choice(_FAMILIES)} {chance.choice(_MIDDLES)} {chance.choice(_GIVEN)}"
        return self.a_row(
            status,
            agency=agency,
            received_at=received_at,
            at_agency_id=ids[at],
            agency_ids=sorted({ids[agency], ids[at]}),
            procedure_version_id=version_id,
            step=chance.randrange(len(offered[version_id].version.steps)),
            status_before=Status.IN_PROCESS if status in WAITING else None,
            applicant_number=person,
            applicant_name=chance.choice([name, name.upper()]),
            submitter_id=chance.choice([person, f"0259{chance.randrange(12):08d}"]),
            answer_due_at=calendar.after(begin, chance.randrange(5000, 8000)),
            due_at=calendar.after(begin, chance.randrange(4000, 9000)),
            remaining_minutes=chance.randrange(-900, 3000) if status in WAITING else None,
            claimed_by=account,
            claimed_name=account,
            claimed_until=until,
            assigned_to=chance.choice([None, None, "officer-1", "officer-3"]),
        )


_JSON = {"contact", "form", "fees"}
_AGENCIES = [DISTRICT, OTHER_DISTRICT, JUSTICE, SATURDAY_OFFICE]
_UNACCEPTED = {Status.REGISTERED, Status.REFUSED}


def an_application(
    name: str, number: str = "025900000001", phone: str = "0900000001"
) -> Application:
    """Return a complete application on paper, as the district's desk takes it in."""
    [document] = [found for found in read_procedure_documents() if found["code"] == AT_DESK]
    version = document["versions"][-1]
    return Application(
        procedure=AT_DESK,
        agency=DISTRICT,
        applicant=Applicant(ApplicantKind.CITIZEN, number, name, phone),
        form=version["form"]["examples"][0],
        components=tuple(
            HandedIn(part["code"], None) for part in version["components"] if part["required"]
        ),
        exemptions=(),
        return_way=ReturnWay.DESK,
    )


def staff(role: Role = Role.OFFICER, agency: str = DISTRICT, account: str | None = None) -> Actor:
    return Actor(account or f"{role}@{agency}", role, f"Cán bộ {account or role}", agency)


def citizen(number: str) -> Actor:
    return Actor(number, Role.APPLICANT, "Trần Thị Mẫu", identity_number=number)


def settings_for(url: str, data_dir: Path, **changes: Given) -> Settings:
    given: Mapping[str, Any] = {
        "database_url": SecretStr(url),
        "data_dir": data_dir,
        "link_secret": SecretStr("khoa-thu-nghiem"),
    }
    return Settings(**{**given, **changes})


@contextmanager
def an_office(url: str, data_dir: Path) -> Iterator[Office]:
    """Open an office on a database; one of its agencies has hours of its own."""
    owner, engine = connect(url, as_owner=True, pool_size=2), connect(url, pool_size=60)
    with owner.begin() as db:
        db.execute(
            text("""
                INSERT INTO office_hours (agency, valid_from, weekday, starts, ends)
                SELECT CAST(:agency AS text), valid_from, weekday, starts, ends FROM office_hours
                WHERE agency = '*' UNION ALL
                SELECT :agency, DATE '2020-01-01', 6, TIME '07:30', TIME '11:30'
            """),
            {"agency": SATURDAY_OFFICE},
        )
    yield Office(desk_of(settings_for(url, data_dir), engine), owner, count(1))
    engine.dispose()
    owner.dispose()
