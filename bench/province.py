"""Invented applicants with ready tokens and the applications that they hand in."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import count, cycle
from typing import Any, LiteralString
from uuid import UUID, uuid4

import psycopg

from app import clock
from app.domain.application import fee_lines
from app.domain.procedure import ApplicantKind, OnlineLevel, ProcedureVersion
from app.mocks.people import tech_id
from app.seeds import read_agencies, read_procedures
from bench.stand import Stand

COMPONENTS = 3
_APPLICANTS_PER_KIND = 100
_KINDS = list(ApplicantKind)
PAPER = b"%PDF-1.4\n% a paper of the measurements; its content is not looked at here\n%%EOF\n"


@dataclass(frozen=True)
class Offer:
    """A service of level 4 at an agency, handed in with three papers."""

    procedure: str
    version: ProcedureVersion
    agency: str
    kind: ApplicantKind
    components: tuple[str, ...]
    form: dict[str, Any]

    def application(self, number: str, name: str, documents: Sequence[str]) -> dict[str, Any]:
        """Return what an applicant sends to hand this in."""
        papers = zip(self.components, documents, strict=True)
        return {
            "procedure": self.procedure,
            "agency": self.agency,
            "applicant": {
                "kind": self.kind,
                "number": number,
                "name": name,
                "phone": "0900000001",
                "email": "mau@example.vn",
                "address": "Số 1 phố Mẫu, thành phố Việt Trì",
            },
            "form": self.form,
            "components": [
                {"component": component, "document": document} for component, document in papers
            ],
            "return_way": "desk",
        }


@dataclass(frozen=True)
class Applicant:
    number: str
    name: str
    token: str


@dataclass(frozen=True)
class Application:
    """One request to come: who hands in what, with which documents, under which key."""

    offer: Offer
    applicant: Applicant
    documents: tuple[UUID, ...]
    key: str

    def body(self) -> bytes:
        documents = tuple(map(str, self.documents))
        body = self.offer.application(self.applicant.number, self.applicant.name, documents)
        return json.dumps(body, ensure_ascii=False).encode()


def offers(day: date) -> list[Offer]:
    """Return what can be handed in with three papers, going round the agencies in turn."""
    by_agency: defaultdict[str, list[Offer]] = defaultdict(list)
    agencies = [agency for agency in read_agencies() if agency.is_valid_on(day)]
    for procedure in read_procedures():
        version = procedure.version_on(day)
        if version is None or version.online_level is not OnlineLevel.FULL:
            continue
        papers = sorted(
            (part for part in version.components if part.electronic),
            key=lambda part: not part.required,
        )
        needed = sum(part.required for part in version.components)
        if not needed <= COMPONENTS <= len(papers):
            continue
        handed_in = tuple(part.code for part in papers[:COMPONENTS])
        form = version.form["examples"][0]
        for agency in agencies:
            if version.is_resolved_by(agency):
                by_agency[agency.code].append(
                    Offer(
                        procedure.code, version, agency.code, version.applicants[0], handed_in, form
                    )
                )
    rounds = max(map(len, by_agency.values()))
    return [own[n % len(own)] for n in range(rounds) for own in by_agency.values()]


class Province:
    """Makes applications without end; their documents are in the database before they are used.

    One file is uploaded over HTTP; its further documents are rows copied into the table, as
    uploads of the same content would have left them (a file is kept once by its SHA-256).
    """

    def __init__(self, stand: Stand) -> None:
        self.stand = stand
        self.offers = offers(clock.today())
        self.agencies = sorted({offer.agency for offer in self.offers})
        self._people = {kind: self._applicants(kind) for kind in ApplicantKind}
        first = next(iter(self._people.values()))
        with stand.client(next(first).token) as http:
            answer = http.post("/v1/documents", params={"name": "a.pdf"}, content=PAPER)
            self._sha256 = str(answer.raise_for_status().json()["sha256"])
        self._turn = cycle(self.offers)

    def _applicants(self, kind: ApplicantKind) -> Iterator[Applicant]:
        made = []
        for n in range(_APPLICANTS_PER_KIND):
            is_citizen = kind is ApplicantKind.CITIZEN
            number = f"0250990{n:05}" if is_citizen else f"26{_KINDS.index(kind)}{n:07}"
            name = f"{'Nguyễn Văn' if is_citizen else 'Công ty'} Mẫu {n}"
            token = self.stand.token("applicant", None, number, name)
            made.append(Applicant(number, name, token))
        return cycle(made)

    def applications(self, wanted: int) -> list[Application]:
        """Return so many new applications, each with three documents that wait for it."""
        made = []
        for _ in range(wanted):
            offer = next(self._turn)
            applicant = next(self._people[offer.kind])
            documents = tuple(uuid4() for _ in range(COMPONENTS))
            made.append(Application(offer, applicant, documents, str(uuid4())))
        self.copy_documents(
            "component",
            ((document, one.applicant.number) for one in made for document in one.documents),
        )
        return made

    def copy_documents(self, kind: str, owned: Iterable[tuple[UUID, str]]) -> None:
        """Write documents of a kind for (id, owner's account) as uploads would have done."""
        now, names = clock.now(), count(1)
        with (
            psycopg.connect(self.stand.url) as db,
            db.cursor() as cursor,
            cursor.copy(
                "COPY document (id, sha256, kind, name, owner_id, uploaded_at) FROM STDIN"
            ) as rows,
        ):
            for document, owner in owned:
                rows.write_row((document, self._sha256, kind, f"{next(names)}.pdf", owner, now))

    def requests(self, applications: list[Application]) -> list[bytes]:
        """Return the bytes that hand in each application."""
        return [
            request("/v1/dossiers", one.applicant.token, one.body(), f"Idempotency-Key: {one.key}")
            for one in applications
        ]

    def raw_jobs(self, applications: list[Application]) -> list[dict[str, Any]]:
        """Return the values of the same rows for the raw driver."""
        with psycopg.connect(self.stand.url) as db:
            agency_ids = _ids(db, "SELECT code, id FROM agency")
            version_ids = _ids(
                db,
                "SELECT code, version.id FROM procedure_version AS version "
                "JOIN procedure ON procedure.id = procedure_id",
            )
        now = clock.now()
        return [_raw_job(one, agency_ids, version_ids, now) for one in applications]


def _ids(db: psycopg.Connection[Any], query: LiteralString) -> dict[str, int]:
    return {str(code): int(key) for code, key in db.execute(query).fetchall()}


def _raw_job(
    one: Application, agency_ids: dict[str, int], version_ids: dict[str, int], now: datetime
) -> dict[str, Any]:
    body = json.loads(one.body())
    contact = {name: body["applicant"][name] for name in ("phone", "email", "address")}
    agency_id = agency_ids[one.offer.agency]
    return {
        "agency": one.offer.agency,
        "agency_id": agency_id,
        "agency_ids": [agency_id],
        "version_id": version_ids[one.offer.procedure],
        "day": now.date(),
        "now": now,
        "kind": str(one.offer.kind),
        "number": one.applicant.number,
        "name": one.applicant.name,
        "tech_id": tech_id(one.applicant.number),
        "contact": json.dumps(contact),
        "form": json.dumps(one.offer.form),
        "fees": json.dumps(fee_lines(one.offer.version, ())),
        "components": list(one.offer.components),
        "documents": list(one.documents),
        "key": one.key,
        "fingerprint": "0" * 64,
        "outcome": json.dumps(
            {"code": "", "status": "registered", "version": 1, "due_at": None, "details": {}}
        ),
    }


def request(path: str, token: str, body: bytes, *headers: str) -> bytes:
    """Return the bytes of a POST as a browser would send them."""
    lines = [
        f"POST {path} HTTP/1.1",
        "Host: 127.0.0.1",
        "User-Agent: motcua-bench",
        "Accept: application/json",
        f"Authorization: Bearer {token}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        *headers,
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


def read_request(path: str, token: str) -> bytes:
    """Return the bytes of a GET."""
    lines = [
        f"GET {path} HTTP/1.1",
        "Host: 127.0.0.1",
        "User-Agent: motcua-bench",
        "Accept: application/json",
        f"Authorization: Bearer {token}",
    ]
    return "\r\n".join([*lines, "", ""]).encode()
