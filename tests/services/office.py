"""An office for tests of services: people who act, its ledger, and the portal that is told.

Services are called directly, on a real database; the partners' mocks answer over real HTTP. The
clock stands until somebody acts or a worker waits for its next attempt.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count, groupby
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
from sqlalchemy import Engine, text

from app.composition import desk_of, engine_of
from app.db.access import connect
from app.domain.actor import Actor, Role
from app.domain.application import Applicant, Application, HandedIn
from app.domain.calendar import LOCAL_ZONE
from app.domain.documents import DocumentKind
from app.domain.intake import Channel, ReturnWay
from app.domain.lifecycle import Act
from app.domain.once import Once
from app.domain.procedure import ApplicantKind
from app.domain.time_limits import LimitUnit, TimeLimit
from app.services import deliveries, fees, files, processing, reception, submission
from app.services.desk import Desk
from app.services.transition import Outcome, Request
from app.settings import Settings
from tests.builders import CITIZEN, FULL, JUSTICE, Clock, Given, procedure

PORTAL_STATUS = {
    "registered": "1",
    "accepted": "2",
    "refused": "3",
    "in_process": "4",
    "supplement_requested": "5",
    "payment_requested": "6",
    "withdrawn": "7",
    "stopped": "8",
    "resolved": "9",
    "returned": "10",
}
"""CONTRACTS.md 1.1.3, TrangThaiHoSo, by our own words."""

OFFICERS = {
    Act.ACCEPT: Role.RECEPTIONIST,
    Act.REFUSE: Role.RECEPTIONIST,
    Act.REQUEST_SUPPLEMENT: Role.OFFICER,
    Act.START: Role.OFFICER,
    Act.PASS_ON: Role.OFFICER,
    Act.REQUEST_PAYMENT: Role.OFFICER,
    Act.SETTLE: Role.RECEPTIONIST,
    Act.EXTEND: Role.APPROVER,
    Act.RESOLVE: Role.APPROVER,
    Act.STOP: Role.APPROVER,
    Act.RETURN_RESULT: Role.RECEPTIONIST,
}
"""Who at the agency does it here; the other acts are the applicant's."""

_PNG = b"\x89PNG\r\n\x1a\n"
_SETTLED_WITHIN = 500  # rounds of work
_numbers = count(1)


def stamp(at: datetime) -> str:
    """Return an instant as the contract writes it."""
    return at.astimezone(LOCAL_ZONE).strftime("%Y%m%d%H%M%S")


def an_applicant(number: str = CITIZEN, *, has_account: bool = True) -> Actor:
    return Actor(
        id=f"vneid-{number}",
        role=Role.APPLICANT,
        name="Trần Thị Mẫu",
        identity_number=number,
        tech_id=f"tech-{number}" if has_account else None,
        is_verified=True,
    )


def staff(role: Role, agency: str) -> Actor:
    return Actor(id=f"{role}@{agency}", role=role, name=f"Cán bộ {role}", agency=agency)


@dataclass(frozen=True)
class Mocks:
    """The partners' mocks, and their own endpoints for looking inside and for faults."""

    url: str
    http: httpx.Client
    _past: dict[str, Counter[str]] = field(default_factory=dict)

    def fault(self, kind: str, *, partner: str = "national-portal", **given: Given) -> None:
        self.http.post(f"/{partner}/_faults", json={"kind": kind, **given}).raise_for_status()

    def hits(self, partner: str = "national-portal") -> Counter[str]:
        """Return how often each kind of fault has struck in this test."""
        return self._all_hits(partner) - self._past.get(partner, Counter())

    def _all_hits(self, partner: str) -> Counter[str]:
        return Counter(self.http.get(f"/{partner}/_faults").json()["hits"])

    def switch(self, *, partner: str = "national-portal", **values: float | bool | str) -> None:
        self.http.patch(f"/{partner}/_switches", json=values).raise_for_status()

    def portal(self, code: str) -> dict[str, Any]:
        """Return all that the portal remembers of a dossier."""
        found: dict[str, Any] = self.http.get(f"/national-portal/_dossiers/{code}").json()
        return found

    def stats(self) -> dict[str, Any]:
        found: dict[str, Any] = self.http.get("/national-portal/_stats").json()
        return found

    def order(self, reference: str) -> dict[str, Any]:
        """Return all that the payment platform remembers of an order."""
        response = self.http.get(f"/payment/_orders/{reference}")
        found: dict[str, Any] = response.raise_for_status().json()
        return found

    def orders(self) -> list[str]:
        found = self.http.get("/payment/_orders").json()["orders"]
        return [order["reference"] for order in found]

    def notice(self, reference: str, fault: str | None = None) -> list[dict[str, Any]]:
        """Have a notice sent by hand, right or wrong; return what was sent and answered."""
        body = {} if fault is None else {"fault": fault}
        response = self.http.post(f"/payment/_notices/{reference}", json=body)
        sent: list[dict[str, Any]] = response.raise_for_status().json()["sent"]
        return sent

    def calm(self) -> None:
        """Forget everything, and be well-behaved again."""
        for partner in ("national-portal", "central-portal", "payment", "lgsp", "post"):
            self.http.delete(f"/{partner}/_faults").raise_for_status()
            self.http.delete(f"/{partner}/_memory").raise_for_status()
            self._past[partner] = self._all_hits(partner)
            switches = {"chaos": 0.0, "delay_ms": 0.0}
            self.http.patch(f"/{partner}/_switches", json=switches).raise_for_status()


@dataclass(repr=False)  # Hypothesis prints what a test was given
class Office:
    """One province at work; `desk` is what its services are called with."""

    settings: Settings
    desk: Desk
    owner: Engine
    mocks: Mocks
    clock: Clock
    folder: Path
    _agencies: dict[str, str] = field(default_factory=dict)
    _applicants: dict[str, Actor] = field(default_factory=dict)

    def upload(
        self,
        actor: Actor,
        kind: DocumentKind = DocumentKind.COMPONENT,
        content: bytes | None = None,
        name: str = "giay-to",
    ) -> UUID:
        """Upload a file; without `content` a picture, which nobody checks for signatures."""
        path = self.folder / uuid4().hex
        path.write_bytes(_PNG + str(next(_numbers)).encode() if content is None else content)
        kept = files.keep(self.desk, path, name, kind, actor=actor, now=self.clock())
        path.unlink()
        return UUID(kept["id"])

    def application(
        self,
        code: str = FULL,
        agency: str = JUSTICE,
        *,
        by: Actor | None = None,
        kind: ApplicantKind = ApplicantKind.CITIZEN,
        return_way: ReturnWay = ReturnWay.DESK,
        content: bytes | None = None,
    ) -> Application:
        """Return a complete application; `by` uploads its papers, all with `content` if given."""
        version = procedure(code)
        number = CITIZEN if kind is ApplicantKind.CITIZEN else "2600123456"
        parts = [part["code"] for part in version["components"] if part["required"]]
        return Application(
            procedure=code,
            agency=agency,
            applicant=Applicant(kind, number, "Trần Thị Mẫu", "0900000001", "mau@example.vn"),
            form=version["form"]["examples"][0],
            components=tuple(
                HandedIn(part, self.upload(by, content=content) if by else None) for part in parts
            ),
            exemptions=(),
            return_way=return_way,
        )

    def submit(
        self,
        code: str = FULL,
        agency: str = JUSTICE,
        *,
        by: Actor | None = None,
        kind: ApplicantKind = ApplicantKind.CITIZEN,
        return_way: ReturnWay = ReturnWay.DESK,
        content: bytes | None = None,
    ) -> str:
        """Hand in a dossier online and return its code."""
        actor = by or an_applicant(CITIZEN if kind is ApplicantKind.CITIZEN else "2600123456")
        self.clock.move(minutes=1)
        application = self.application(
            code, agency, by=actor, kind=kind, return_way=return_way, content=content
        )
        once = Once(str(uuid4()), "POST /v1/dossiers", "0")
        made = submission.submit(self.desk, application, actor=actor, now=self.clock(), once=once)
        return self._entered(made, agency, actor)

    def take_in(
        self,
        code: str = FULL,
        agency: str = JUSTICE,
        channel: Channel = Channel.DESK,
        return_way: ReturnWay = ReturnWay.DESK,
        *,
        is_scanned: bool = False,
    ) -> str:
        """Take a dossier in at the desk or from the post and return its code."""
        self.clock.move(minutes=1)
        clerk = staff(Role.RECEPTIONIST, agency)
        made = reception.take_in(
            self.desk,
            self.application(code, agency, by=clerk if is_scanned else None, return_way=return_way),
            channel,
            actor=clerk,
            now=self.clock(),
        )
        return self._entered(made, agency, an_applicant())

    def _entered(self, made: Outcome, agency: str, applicant: Actor) -> str:
        self._agencies[made.code] = agency
        self._applicants[made.code] = applicant
        return made.code

    def request(self, code: str, act: Act) -> Request:
        """Return a request by the person who does `act` with this dossier, a minute later."""
        self.clock.move(minutes=1)
        role = OFFICERS.get(act)
        actor = self._applicants[code] if role is None else staff(role, self._agencies[code])
        return Request(code, actor, self.clock())

    def hand_to(self, code: str, agency: str) -> None:
        """Let the people of another agency act on a dossier that was handed to it."""
        self._agencies[code] = agency

    def act(self, code: str, act: Act) -> Outcome:
        """Do one act with nothing wrong in it."""
        return _DEEDS[act](self, self.request(code, act))

    def walk(self, *acts: Act) -> str:
        """Let a new dossier go through `acts`, the first of which enters it."""
        code = self.submit() if acts[0] is Act.SUBMIT else self.take_in()
        for act in acts[1:]:
            self.act(code, act)
        return code

    def drain(self, *, threads: int = 4) -> None:
        """Tell partners what is due now."""
        with ThreadPoolExecutor(threads) as pool:
            while deliveries.drain(self.desk, self.clock, threads=pool, hands=threads):
                pass

    def settle(self) -> None:
        """Tell partners everything that can be told, the clock put on to each next attempt."""
        for _ in range(_SETTLED_WITHIN):
            self.drain()
            next_at = self.one(_NEXT)["at"]
            if next_at is None:
                return
            self.clock.at = max(self.clock.at, next_at + timedelta(milliseconds=1))
        raise AssertionError("the ledger does not come to rest")

    def rows(self, query: str, **values: Given) -> list[dict[str, Any]]:
        """Ask the database as its owner: no row security."""
        with self.owner.connect() as db:
            return [dict(row) for row in db.execute(text(query), values).mappings()]

    def one(self, query: str, **values: Given) -> dict[str, Any]:
        [found] = self.rows(query, **values)
        return found

    def change(self, statement: str, **values: Given) -> None:
        """Change the database as its owner."""
        with self.owner.begin() as db:
            db.execute(text(statement), values)

    def dossier(self, code: str) -> dict[str, Any]:
        return self.one("SELECT * FROM dossier WHERE code = :code", code=code)

    def payment(self, reference: str) -> dict[str, Any]:
        return self.one("SELECT * FROM payment WHERE reference = :ref", ref=reference)

    def events(self, code: str) -> list[dict[str, Any]]:
        return self.rows(_EVENTS, code=code)

    def ledger(self, code: str, partner: str = "national_portal") -> list[dict[str, Any]]:
        return self.rows(_LEDGER, code=code, partner=partner)

    def states(self, code: str, partner: str = "national_portal") -> list[str]:
        return [row["state"] for row in self.ledger(code, partner)]

    def check_books(self, code: str) -> None:
        """Check that the portal remembers this dossier's events: all, in order, each once.

        A fault may have delivered a telling a second time; the client itself may say it once. The
        dossier's acts must each change what the portal sees of it (no `pass_on`).
        """
        events, known = self.events(code), self.mocks.portal(code)
        words = [PORTAL_STATUS[event["target"]] for event in events]
        assert self.states(code) == ["acknowledged"] * len(events)
        rows = [(row["TrangThai"], row["ThoiDiemXuLy"]) for row in known["progress"]]
        assert rows == [
            (word, stamp(event["occurred_at"])) for word, event in zip(words, events, strict=True)
        ]
        told = [list(run) for _, run in groupby(known["told"], lambda entry: entry["sha256"])]
        assert [run[0]["status"] for run in told] == words
        for run in told:
            assert sum(not entry["by_fault"] for entry in run) <= 1, run

    def central(self, code: str) -> dict[str, Any]:
        """Return all that the central portal remembers of a dossier, under its number there."""
        number = self.one(
            "SELECT number FROM portal_dossier JOIN dossier ON dossier.id = dossier_id"
            " WHERE code = :code",
            code=code,
        )["number"]
        found: dict[str, Any] = self.mocks.http.get(f"/central-portal/_dossiers/{number}").json()
        return found

    def check_central_books(self, code: str) -> None:
        """Check the same of the central portal: every event as progress, every status in turn."""
        events, known = self.events(code), self.central(code)
        words = [PORTAL_STATUS[event["target"]] for event in events]
        assert self.states(code) == ["acknowledged"] * len(events)
        rows = [(row["TrangThai"], row["ThoiDiemXuLy"]) for row in known["progress"]]
        assert rows == [
            (word, event["occurred_at"].astimezone(LOCAL_ZONE).isoformat(timespec="milliseconds"))
            for word, event in zip(words, events, strict=True)
        ]
        assert [entry["status"] for entry in known["told"]] == words


_NEXT = """
    SELECT min(greatest(breaker.open_until,
        CASE d.state WHEN 'in_flight' THEN d.leased_until ELSE d.next_at END)) AS at
    FROM delivery AS d LEFT JOIN partner_breaker AS breaker ON breaker.partner = d.partner
    WHERE d.state IN ('waiting', 'in_flight') AND NOT EXISTS (
        SELECT FROM delivery AS earlier
        WHERE earlier.dossier_id = d.dossier_id AND earlier.partner = d.partner
            AND earlier.seq < d.seq AND earlier.state <> 'acknowledged')
"""
_EVENTS = """
    SELECT dossier_event.* FROM dossier_event JOIN dossier ON dossier.id = dossier_id
    WHERE code = :code ORDER BY seq
"""
_LEDGER = """
    SELECT delivery.* FROM delivery JOIN dossier ON dossier.id = dossier_id
    WHERE code = :code AND partner = :partner ORDER BY seq
"""


def release(office: Office, code: str) -> None:
    """Do what a person does who has seen to a blocked or dead message: let it be tried again."""
    office.change(
        """
        UPDATE delivery SET state = 'waiting', attempts = 1, next_at = :now
        FROM dossier WHERE dossier.id = dossier_id AND code = :code
            AND state IN ('blocked', 'dead')
        """,
        code=code,
        now=office.clock(),
    )


def _ask_supplement(office: Office, request: Request) -> Outcome:
    return processing.request_supplement(
        office.desk,
        request,
        components=("GT01",),
        reason="Tờ khai: bản chụp bị mờ",
        ground="Điều 17",
    )


def _supplement(office: Office, request: Request) -> Outcome:
    parts = (HandedIn("GT01", office.upload(request.actor)),)
    return submission.supplement(office.desk, request, components=parts, note=None)


def _resolve(office: Office, request: Request) -> Outcome:
    result = office.upload(request.actor, DocumentKind.RESULT, name="ket-qua")
    return processing.resolve(office.desk, request, granted=True, reason=None, documents=(result,))


_DEEDS: dict[Act, Callable[[Office, Request], Outcome]] = {
    Act.ACCEPT: lambda office, request: reception.accept(office.desk, request),
    Act.REFUSE: lambda office, request: reception.refuse(
        office.desk, request, reason="Không thuộc thẩm quyền", legal_ground="Điều 17"
    ),
    Act.REQUEST_SUPPLEMENT: _ask_supplement,
    Act.SUPPLEMENT: _supplement,
    Act.START: lambda office, request: processing.start(office.desk, request),
    Act.PASS_ON: lambda office, request: processing.pass_on(
        office.desk, request, agency=None, reason=None
    ),
    Act.REQUEST_PAYMENT: lambda office, request: fees.request_payment(
        office.desk, request, amount_vnd=20_000, reason="Cấp thêm bản sao"
    ),
    Act.SETTLE: lambda office, request: fees.settle_in_cash(office.desk, request),
    Act.EXTEND: lambda office, request: processing.extend(
        office.desk, request, by=TimeLimit(2, LimitUnit.WORKING_DAYS), reason="Cần xác minh"
    ),
    Act.RESOLVE: _resolve,
    Act.STOP: lambda office, request: processing.stop(
        office.desk, request, reason="Không bổ sung", legal_ground="Điều 17"
    ),
    Act.WITHDRAW: lambda office, request: submission.withdraw(
        office.desk, request, reason="Không còn nhu cầu"
    ),
    Act.RETURN_RESULT: lambda office, request: reception.return_result(
        office.desk, request, way=ReturnWay.DESK, note=None
    ),
}


@contextmanager
def opened(settings: Settings, mocks: Mocks, folder: Path) -> Iterator[Office]:
    """Open an office on the database that `settings` name."""
    with a_desk(settings) as desk:
        assert settings.database_url is not None
        owner = connect(settings.database_url.get_secret_value(), as_owner=True, pool_size=2)
        yield Office(settings, desk, owner, mocks, Clock(), folder)
        owner.dispose()


@contextmanager
def a_desk(settings: Settings) -> Iterator[Desk]:
    """Put a desk together as the processes do, with an engine and clients of its own."""
    engine = engine_of(settings, pool_size=8)
    desk = desk_of(settings, engine)
    yield desk
    desk.partners.close()
    engine.dispose()
