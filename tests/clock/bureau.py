"""A province at its clock, for tests: services called directly, on a real database.

Every act is done at an instant that the test names; nothing here reads a clock.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, time
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from pydantic import SecretStr
from sqlalchemy import Engine, text

from app.composition import desk_of, engine_of
from app.db.access import connect
from app.domain.actor import Actor, Role
from app.domain.application import Applicant, Application, HandedIn
from app.domain.calendar import LOCAL_ZONE
from app.domain.calendar_book import CalendarChange, DayEntry, EntryKind
from app.domain.documents import DocumentKind
from app.domain.intake import Channel, ReturnWay
from app.domain.lifecycle import Act
from app.domain.once import Once
from app.domain.procedure import ApplicantKind
from app.domain.time_limits import LimitUnit, TimeLimit
from app.services import (
    calendars,
    fees,
    files,
    processing,
    reception,
    recomputation,
    submission,
    transition,
)
from app.services.desk import Desk
from tests.builders import (
    AGENCY_OF,
    CITIZEN,
    FULL,
    JUSTICE,
    PARTIAL,
    Given,
    procedure,
    settings_for,
)

__all__ = ["CITIZEN", "FULL", "JUSTICE", "PARTIAL", "Bureau"]

PROVINCE = Actor("quan-tri", Role.ADMINISTRATOR, "Đỗ Văn Quản", agency="H44")


_PNG = b"\x89PNG\r\n\x1a\n"


def at(text: str) -> datetime:
    """Return an instant in local time."""
    return datetime.fromisoformat(text).replace(tzinfo=LOCAL_ZONE)


def staff(role: Role, agency: str) -> Actor:
    return Actor(f"{role}@{agency}", role, f"Cán bộ {role}", agency=agency)


def citizen(number: str = CITIZEN) -> Actor:
    return Actor(f"vneid-{number}", Role.APPLICANT, "Trần Thị Mẫu", identity_number=number)


@dataclass
class Bureau:
    desk: Desk
    owner: Engine
    folder: Path

    def under(self, **rules: Given) -> "Bureau":
        """Return the same province with other rules."""
        changed = replace(self.desk.rules, **rules)
        return replace(self, desk=replace(self.desk, rules=changed))

    # -- acts -------------------------------------------------------------------------------

    def take_in(self, now: datetime, code: str = PARTIAL, agency: str | None = None) -> str:
        """Take a dossier in at the desk, and return its code."""
        agency = agency or AGENCY_OF.get(code, JUSTICE)
        actor = staff(Role.RECEPTIONIST, agency)
        made = self._application(code, agency)
        return reception.take_in(self.desk, made, Channel.DESK, actor=actor, now=now).code

    def submit(self, now: datetime, code: str = FULL) -> str:
        """Hand a dossier in online, and return its code."""
        once = Once(str(uuid4()), "POST /v1/dossiers", "0")
        made = self._application(code, AGENCY_OF[code], by=citizen())
        return submission.submit(self.desk, made, actor=citizen(), now=now, once=once).code

    def _application(self, code: str, agency: str, by: Actor | None = None) -> Application:
        version = procedure(code)
        parts = [part["code"] for part in version["components"] if part["required"]]
        return Application(
            code,
            agency,
            Applicant(ApplicantKind.CITIZEN, CITIZEN, "Trần Thị Mẫu"),
            version["form"]["examples"][0],
            tuple(HandedIn(part, self.upload(by) if by else None) for part in parts),
            (),
            ReturnWay.DESK,
        )

    def upload(self, actor: Actor) -> UUID:
        path = self.folder / uuid4().hex
        path.write_bytes(_PNG + path.name.encode())
        kept = files.keep(
            self.desk, path, "giay-to", DocumentKind.COMPONENT, actor=actor, now=at("2026-01-01")
        )
        return UUID(kept["id"])

    def request(self, code: str, role: Role, now: datetime) -> transition.Request:
        agency = self.one(
            "SELECT agency.code FROM dossier JOIN agency ON agency.id = at_agency_id"
            " WHERE dossier.code = :code",
            code=code,
        )["code"]
        actor = citizen() if role is Role.APPLICANT else staff(role, agency)
        return transition.Request(code, actor, now)

    def accept(self, code: str, now: datetime) -> None:
        reception.accept(self.desk, self.request(code, Role.RECEPTIONIST, now))

    def start(self, code: str, now: datetime) -> None:
        processing.start(self.desk, self.request(code, Role.OFFICER, now))

    def hand_on(self, code: str, now: datetime) -> None:
        request = self.request(code, Role.OFFICER, now)
        processing.pass_on(self.desk, request, agency=None, reason=None)

    def hand_to(self, code: str, agency: str, now: datetime) -> None:
        request = self.request(code, Role.OFFICER, now)
        processing.pass_on(self.desk, request, agency=agency, reason="Thuộc thẩm quyền nơi ấy")

    def ask_supplement(self, code: str, now: datetime) -> None:
        processing.request_supplement(
            self.desk,
            self.request(code, Role.OFFICER, now),
            components=("GT01",),
            reason="Thiếu bản chính",
            ground="Điều 17",
        )

    def supplement(self, code: str, now: datetime) -> None:
        """Answer by the citizen, with a document."""
        parts = (HandedIn("GT01", self.upload(citizen())),)
        request = self.request(code, Role.APPLICANT, now)
        submission.supplement(self.desk, request, components=parts, note=None)

    def ask_payment(self, code: str, now: datetime) -> None:
        request = self.request(code, Role.OFFICER, now)
        fees.request_payment(self.desk, request, amount_vnd=50_000, reason="Cấp thêm bản sao")

    def settle(self, code: str, now: datetime) -> None:
        fees.settle_in_cash(self.desk, self.request(code, Role.RECEPTIONIST, now))

    def extend(self, code: str, now: datetime, days: int = 1) -> None:
        by = TimeLimit(days, LimitUnit.WORKING_DAYS)
        request = self.request(code, Role.APPROVER, now)
        processing.extend(self.desk, request, by=by, reason="Phải xác minh")

    def resolve(self, code: str, now: datetime) -> None:
        processing.resolve(
            self.desk,
            self.request(code, Role.APPROVER, now),
            granted=False,
            reason="Không đủ điều kiện",
            documents=(),
        )

    def withdraw(self, code: str, now: datetime) -> None:
        request = self.request(code, Role.APPLICANT, now)
        submission.withdraw(self.desk, request, reason="Không còn nhu cầu")

    # -- the calendar -----------------------------------------------------------------------

    def enter(self, change: CalendarChange, now: datetime, actor: Actor = PROVINCE) -> Any:  # noqa: ANN401
        return calendars.enter(self.desk, change, actor=actor, now=now)

    def preview(self, change: CalendarChange, now: datetime, limit: int = 10_000) -> Any:  # noqa: ANN401
        return calendars.preview(self.desk, change, actor=PROVINCE, now=now, after=0, limit=limit)

    def derive(self, now: datetime, limit: int = 200) -> None:
        """Work off everything that an older calendar gave."""
        while recomputation.recompute_open(self.desk, now=now, limit=limit):
            pass

    # -- the owner's view -------------------------------------------------------------------

    def rows(self, query: str, **values: Given) -> list[dict[str, Any]]:
        with self.owner.connect() as db:
            return [dict(row) for row in db.execute(text(query), values).mappings()]

    def one(self, query: str, **values: Given) -> dict[str, Any]:
        [found] = self.rows(query, **values)
        return found

    def do(self, statement: str, **values: Given) -> None:
        with self.owner.begin() as db:
            db.execute(text(statement), values)

    def empty(self) -> None:
        """Forget every dossier and every change of the calendar."""
        with self.owner.begin() as db:
            db.execute(text("TRUNCATE dossier, intake_day, idempotency, pace CASCADE"))
            for table in ("calendar_day", "office_hours"):
                db.execute(text(f"DELETE FROM {table} WHERE change_id > 1"))
            db.execute(text("DELETE FROM local_day"))
            db.execute(text("DELETE FROM calendar_change WHERE id > 1"))
            db.execute(text("UPDATE revision SET value = 1 WHERE name = 'calendar'"))

    def dossier(self, code: str) -> dict[str, Any]:
        return self.one("SELECT * FROM dossier WHERE code = :code", code=code)

    def due(self, code: str) -> datetime:
        found: datetime = self.dossier(code)["due_at"]
        return found.astimezone(LOCAL_ZONE)

    def events(self, code: str) -> list[dict[str, Any]]:
        return self.rows(
            "SELECT dossier_event.* FROM dossier_event JOIN dossier ON dossier.id = dossier_id"
            " WHERE code = :code ORDER BY seq",
            code=code,
        )

    def acts(self, code: str) -> list[Act]:
        return [Act(event["act"]) for event in self.events(code)]

    def moves(self) -> dict[str, tuple[datetime, datetime]]:
        """Return what is on record as moved: before and after by dossier code."""
        rows = self.rows(
            "SELECT code, before, after FROM due_move JOIN dossier ON dossier.id = dossier_id"
        )
        return {row["code"]: (row["before"], row["after"]) for row in rows}


def hang_up(desk: Desk) -> None:
    """Close the connections to partners."""
    desk.partners.portal.http.close()
    desk.partners.payment.http.close()


@contextmanager
def a_bureau(database_url: str, folder: Path) -> Iterator[Bureau]:
    """Open a province on a database."""
    settings = settings_for(database_url, folder)
    assert isinstance(settings.database_url, SecretStr)
    engine = engine_of(settings, pool_size=8)
    owner = connect(database_url, as_owner=True, pool_size=2)
    desk = desk_of(settings, engine)
    try:
        yield Bureau(desk, owner, folder)
    finally:
        hang_up(desk)
        engine.dispose()
        owner.dispose()


def off(day: str, name: str = "Nghỉ hoán đổi", agency: str = "*") -> DayEntry:
    return DayEntry(agency, datetime.fromisoformat(day).date(), EntryKind.OFF, name)


def worked(day: str, name: str = "Làm bù", agency: str = "*") -> DayEntry:
    return DayEntry(agency, datetime.fromisoformat(day).date(), EntryKind.WORKED, name)


def half(day: str, agency: str, until: str = "11:30") -> DayEntry:
    morning = (time(7, 30), time.fromisoformat(until))
    return DayEntry(
        agency,
        datetime.fromisoformat(day).date(),
        EntryKind.HOURS,
        "Mất điện buổi chiều",
        (morning,),
    )


def swap(closed: str, opened: str) -> CalendarChange:
    """Return a swap letter: one working day off, a Saturday worked for it."""
    return CalendarChange("Công văn hoán đổi", None, (off(closed), worked(opened)))
