"""P1: handing in a dossier, held against the raw driver writing the same rows."""

from collections import deque

import psycopg

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
from bench.province import Application, Province
from bench.raw import RawPlan
from bench.stand import Stand

_FIRST_GUESS = 2000.0  # per second; a slot prepares for twice that, or what the last one reached
_NOTES = """
Service: POST /v1/dossiers of level 4 with three uploaded documents, everything on: token, form,
idempotency, row security, number, event, ledger, documents attached. The documents were
registered beforehand (one uploaded, the others copied as rows of the same file), tokens were seen
before by each process.

Raw: psycopg as owner, 8 connections in 4 processes: counter, dossier, components (executemany),
event, ledger, idempotency, commit. “With documents”: it also attaches the three documents, as the
service does.
"""


class Intake(Contest):
    """A stand with applications at hand, handed in over HTTP or by the raw driver."""

    title = "P1 intake"

    def __init__(self, under_test: Stand) -> None:
        self.stand = under_test
        self.province = Province(under_test)
        self.waiting: deque[Application] = deque()
        self.guess = dict.fromkeys(("http", "intake", "intake_with_documents"), _FIRST_GUESS)
        self.handed_in = 0

    def over_http(self, seconds: float) -> Measured:
        """Let the clients hand in for so many seconds."""
        given = dealt(self._take("http", seconds), CLIENTS)
        settings = self.stand.settings
        requests = [self.province.requests(own) for own in given]
        plan = HttpPlan(settings.host, settings.port, requests, seconds)
        done = timed(self.stand, "bench.load", [plan])
        self._take_back("http", given, done)
        return done

    def raw(self, kind: str, seconds: float) -> Measured:
        """Let the raw driver do the same rows for so many seconds."""
        given = dealt(self._take(kind, seconds), CONNECTIONS)
        jobs = joined([self.province.raw_jobs(own) for own in given], RAW_PROCESSES)
        plans = [RawPlan(self.stand.url, kind, own, seconds) for own in jobs]
        done = timed(self.stand, "bench.raw", plans)
        self._take_back(kind, given, done)
        return done

    def _take(self, kind: str, seconds: float) -> list[Application]:
        wanted = int(self.guess[kind] * seconds * 2) + CLIENTS * 20
        if len(self.waiting) < wanted:
            self.waiting.extend(self.province.applications(wanted - len(self.waiting)))
        return [self.waiting.popleft() for _ in range(wanted)]

    def _take_back(self, kind: str, given: list[list[Application]], done: Measured) -> None:
        self.handed_in += sum(done.slot.used)
        self.guess[kind] = max(done.slot.rate, _FIRST_GUESS)
        for own, count in zip(given, done.slot.used, strict=True):
            self.waiting.extend(own[count:])

    def warm_up(self) -> None:
        self.over_http(2.0)
        self.raw("intake", 0.5)
        self.raw("intake_with_documents", 0.5)

    def check(self) -> None:
        """See that every dossier that was acknowledged is there, once, with all that belongs."""
        with psycopg.connect(self.stand.url) as db:
            found = db.execute("""
                SELECT (SELECT count(*) FROM dossier), (SELECT count(*) FROM dossier_event),
                    (SELECT count(*) FROM delivery), (SELECT count(*) FROM idempotency),
                    (SELECT sum(last_number) FROM intake_day),
                    (SELECT count(*) / 3 FROM dossier_component)
            """).fetchone()
        if set(map(int, found or ())) != {self.handed_in}:
            raise HelperFailed(f"{self.handed_in} were handed in, the tables hold {found}")

    def data(self) -> str:
        agencies = len(self.province.agencies)
        return f"{self.handed_in:,} dossiers at the end over {agencies} agencies, {CLIENTS} clients"


def measure(options: Options) -> None:
    """Alternate service and raw driver; keep the table."""
    raws = {"raw": "intake", "raw with documents": "intake_with_documents"}
    run(Intake, raws, _NOTES, options)
