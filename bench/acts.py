"""P2: acts of clerks on prepared dossiers, held against the raw driver writing the same rows."""

import json
from collections.abc import Iterator
from itertools import cycle
from typing import Any
from uuid import uuid4

import psycopg

from app import clock
from bench.contest import (
    CLIENTS,
    CONNECTIONS,
    RAW_PROCESSES,
    Contest,
    Measured,
    dealt,
    joined,
    run,
    timed,
)
from bench.crew import HelperFailed
from bench.load import HttpPlan
from bench.options import Options
from bench.province import Offer, Province, request
from bench.raw import RawPlan
from bench.stand import Stand

_FIRST_GUESS = 800.0
_STAFF = ("receptionist", "officer", "approver")
_NOTES = """
Service: for each dossier in turn POST .../acceptance, /processing, /handovers, /resolution (with
a result document), /return, each with the `If-Match` of the version before, by receptionist,
officer and approver of its agency; no idempotency key (it is optional here).

Raw: psycopg as owner, 8 connections in 4 processes: the same update, event and ledger row as
three statements, then the commit. It attaches no result document.
"""
_NEWEST = """
SELECT dossier.id, dossier.code, dossier.agency_id, agency.code, procedure.code
FROM dossier JOIN agency ON agency.id = agency_id
JOIN procedure_version v ON v.id = procedure_version_id
JOIN procedure ON procedure.id = procedure_id
ORDER BY dossier.id DESC LIMIT %s
"""


class Acts(Contest):
    """A stand with dossiers that were handed in; each client leads its own through all acts.

    What is begun in one slot is gone on with in the next: clients keep what is theirs.
    """

    title = "P2 act of a clerk"

    def __init__(self, under_test: Stand) -> None:
        self.stand = under_test
        self.province = Province(under_test)
        self.acted = 0
        self._tokens = {
            (role, agency): under_test.token(role, agency, f"{role}@{agency}", f"Cán bộ {role}")
            for role in _STAFF
            for agency in self.province.agencies
        }
        self._offers = {(one.procedure, one.agency): one for one in self.province.offers}
        self._requests: list[list[bytes]] = [[] for _ in range(CLIENTS)]
        self._jobs: list[list[dict[str, Any]]] = [[] for _ in range(CONNECTIONS)]
        self._guess = {"http": _FIRST_GUESS, "raw": _FIRST_GUESS * 3}

    def over_http(self, seconds: float) -> Measured:
        """Let the clients act for so many seconds."""
        self._fill(self._requests, "http", seconds)
        settings = self.stand.settings
        plan = HttpPlan(settings.host, settings.port, self._requests, seconds)
        return self._done("http", self._requests, timed(self.stand, "bench.load", [plan]))

    def raw(self, kind: str, seconds: float) -> Measured:
        """Let the raw driver do the same rows for so many seconds."""
        self._fill(self._jobs, "raw", seconds)
        plans = [
            RawPlan(self.stand.url, kind, own, seconds) for own in joined(self._jobs, RAW_PROCESSES)
        ]
        return self._done("raw", self._jobs, timed(self.stand, "bench.raw", plans))

    def _done(self, kind: str, lists: list[list[Any]], done: Measured) -> Measured:
        for own, count in zip(lists, done.slot.used, strict=True):
            del own[:count]
        self.acted += sum(done.slot.used)
        self._guess[kind] = max(done.slot.rate, self._guess[kind])
        return done

    def _fill(self, lists: list[list[Any]], kind: str, seconds: float) -> None:
        """Prepare dossiers until each list has enough acts for a slot."""
        enough = int(self._guess[kind] * seconds * 2 / len(lists)) + 50
        wanted = sum(max(0, enough - len(own)) for own in lists) // 5 + len(lists)
        made = self._prepare(wanted)
        acts: Iterator[list[Any]] = (
            self._http_acts(made) if kind == "http" else self._raw_acts(made)
        )
        shortest = cycle(sorted(lists, key=len))
        for own, chain in zip(shortest, acts, strict=False):
            own.extend(chain)

    def _prepare(self, wanted: int) -> list[Any]:
        """Hand in so many dossiers over HTTP; return (id, code, agency id, agency, offer)."""
        given = dealt(self.province.applications(wanted), CLIENTS)
        requests = [self.province.requests(own) for own in given]
        settings = self.stand.settings
        timed(self.stand, "bench.load", [HttpPlan(settings.host, settings.port, requests, 60)])
        with psycopg.connect(self.stand.url) as db:
            rows = db.execute(_NEWEST, (wanted,)).fetchall()
        return [(*row[:4], self._offers[row[4], row[3]]) for row in rows]

    def _http_acts(self, made: list[Any]) -> Iterator[list[bytes]]:
        results = [uuid4() for _ in made]
        owners = (f"approver@{agency}" for _, _, _, agency, _ in made)
        self.province.copy_documents("result", zip(results, owners, strict=True))
        for (_, code, _, agency, offer), result in zip(made, results, strict=True):
            yield [
                request(
                    f"/v1/dossiers/{code}/{path}",
                    self._tokens[role, agency],
                    json.dumps(body).encode() if body is not None else b"",
                    f'If-Match: "{version}"',
                )
                for version, (role, path, body) in enumerate(_way(offer, str(result)), 1)
            ]

    def _raw_acts(self, made: list[Any]) -> Iterator[list[dict[str, Any]]]:
        now = clock.now()
        for dossier, _, agency_id, agency, offer in made:
            common = {"id": dossier, "agency_id": agency_id, "now": now, "due_at": now}
            yield [
                common
                | {
                    "version": version,
                    "seq": version + 1,
                    "act": act,
                    "source": source,
                    "target": target,
                    "role": role,
                    "actor": f"{role}@{agency}",
                    "name": f"Cán bộ {role}",
                    "step": step,
                    "accepted_at": now,
                    "resolved_at": now if target in {"resolved", "returned"} else None,
                }
                for version, (act, source, target, role, step) in enumerate(_rows(offer), 1)
            ]

    def warm_up(self) -> None:
        self.over_http(2.0)
        self.raw("act", 0.5)

    def check(self) -> None:
        """See that every act that was acknowledged has its event and its ledger row."""
        with psycopg.connect(self.stand.url) as db:
            found = db.execute("""
                SELECT (SELECT count(*) FROM dossier_event WHERE seq > 1),
                    (SELECT count(*) FROM delivery WHERE seq > 1),
                    (SELECT sum(version - 1) FROM dossier)
            """).fetchone()
        if set(map(int, found or ())) != {self.acted}:
            raise HelperFailed(f"{self.acted} acts were done, the tables hold {found}")

    def data(self) -> str:
        return f"{self.acted:,} acts over {len(self.province.agencies)} agencies, {CLIENTS} clients"


def _way(offer: Offer, result: str) -> list[tuple[str, str, dict[str, Any] | None]]:
    decision = {"granted": True, "documents": [result]}
    return [
        ("receptionist", "acceptance", None),
        ("officer", "processing", None),
        *([("officer", "handovers", {})] if len(offer.version.steps) > 2 else []),
        ("approver", "resolution", decision),
        ("receptionist", "return", {"way": "desk"}),
    ]


def _rows(offer: Offer) -> list[tuple[str, str, str, str, int]]:
    further = ("pass_on", "in_process", "in_process", "officer", 2)
    last = 2 if len(offer.version.steps) > 2 else 1
    return [
        ("accept", "registered", "accepted", "receptionist", 0),
        ("start", "accepted", "in_process", "officer", 1),
        *([further] if last == 2 else []),
        ("resolve", "in_process", "resolved", "approver", last),
        ("return_result", "resolved", "returned", "receptionist", last),
    ]


def measure(options: Options) -> None:
    """Alternate service and raw driver; keep the table."""
    run(Acts, {"raw": "act"}, _NOTES, options)
