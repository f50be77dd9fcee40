"""The raw driver: psycopg doing the same rows by hand, statement after statement.

Run as a process of its own (`python -m bench.raw`), as the owner of the tables: no row security,
no check of anything, no HTTP. What it reaches is what the service is held against.
"""

import gc
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, cast

import psycopg

from bench.crew import Slot, serve

Connection = psycopg.Connection[tuple[Any, ...]]
Job = dict[str, Any]


@dataclass(frozen=True)
class RawPlan:
    """Each connection does its jobs one after the other; `kind` is a key of KINDS."""

    url: str
    kind: str
    connections: list[list[Job]]
    seconds: float


_COUNT = """
INSERT INTO intake_day AS known (agency_id, day, last_number, online, desk, post)
VALUES (%(agency_id)s, %(day)s, 1, 1, 0, 0)
ON CONFLICT (agency_id, day) DO UPDATE
SET last_number = known.last_number + 1, online = known.online + 1
RETURNING last_number
"""
_DOSSIER = """
INSERT INTO dossier (code, procedure_version_id, agency_id, at_agency_id, agency_ids, step,
    channel, status, version, applicant_kind, applicant_number, applicant_name, contact,
    submitter_id, submitter_number, submitter_name, submitter_tech_id, is_verified, form, fees,
    return_way, received_on, received_at, answer_due_at, supplements)
VALUES (%(code)s, %(version_id)s, %(agency_id)s, %(agency_id)s, %(agency_ids)s, 0,
    'online', 'registered', 1, %(kind)s, %(number)s, %(name)s, %(contact)s,
    %(number)s, %(number)s, %(name)s, %(tech_id)s, 1, %(form)s, %(fees)s,
    'desk', %(day)s, %(now)s, %(now)s, 0)
RETURNING id
"""
_COMPONENT = """
INSERT INTO dossier_component (dossier_id, n, component, document_id, added_at)
VALUES (%s, %s, %s, %s, %s)
"""
_FIRST_EVENT = """
INSERT INTO dossier_event (dossier_id, seq, act, source, target, actor_id, actor_role, actor_name,
    agency_id, occurred_at, details)
VALUES (%(id)s, 1, 'submit', 'draft', 'registered', %(number)s, 'applicant', %(name)s,
    %(agency_id)s, %(now)s, '{}')
"""
_DELIVERY = """
INSERT INTO delivery (partner, dossier_id, seq, kind, payload_version, state, attempts, next_at)
VALUES ('national_portal', %(id)s, %(seq)s, 'dossier_event', 1, 'waiting', 0, %(now)s)
"""
_ANSWER = """
INSERT INTO idempotency (caller, key, route, fingerprint, outcome, created_at)
VALUES (%(number)s, %(key)s, 'POST /v1/dossiers', %(fingerprint)s, %(outcome)s, %(now)s)
"""
_ATTACH = "UPDATE document SET dossier_id = %s WHERE id = ANY (%s)"
_CHANGE = """
UPDATE dossier SET status = %(target)s, version = version + 1, step = %(step)s,
    accepted_at = coalesce(accepted_at, %(accepted_at)s), due_at = coalesce(due_at, %(due_at)s),
    resolved_at = %(resolved_at)s, ended_at = %(resolved_at)s
WHERE id = %(id)s AND version = %(version)s
"""
_EVENT = """
INSERT INTO dossier_event (dossier_id, seq, act, source, target, actor_id, actor_role, actor_name,
    agency_id, occurred_at, due_at, details)
VALUES (%(id)s, %(seq)s, %(act)s, %(source)s, %(target)s, %(actor)s, %(role)s, %(name)s,
    %(agency_id)s, %(now)s, %(due_at)s, '{}')
"""


def _enter(db: Connection, job: Job) -> int:
    """Write a new dossier: six statements, then the commit; return its key."""
    number = cast("tuple[int]", db.execute(_COUNT, job).fetchone())[0]
    code = f"{job['agency']}-{job['day']:%y%m%d}-{number:04}"
    (made,) = cast("tuple[int]", db.execute(_DOSSIER, job | {"code": code}).fetchone())
    parts = zip(job["components"], job["documents"], strict=True)
    with db.cursor() as cursor:
        cursor.executemany(
            _COMPONENT,
            [(made, n, part, document, job["now"]) for n, (part, document) in enumerate(parts, 1)],
        )
    known = job | {"id": made, "seq": 1}
    db.execute(_FIRST_EVENT, known)
    db.execute(_DELIVERY, known)
    db.execute(_ANSWER, known)
    return made


def _intake(db: Connection, job: Job) -> None:
    _enter(db, job)
    db.commit()


def _intake_with_documents(db: Connection, job: Job) -> None:
    db.execute(_ATTACH, (_enter(db, job), job["documents"]))
    db.commit()


def _act(db: Connection, job: Job) -> None:
    """Change the status, write event and ledger: three statements, then the commit."""
    if db.execute(_CHANGE, job).rowcount != 1:
        raise ValueError(f"no dossier in this version: {job['id']} {job['version']}")
    db.execute(_EVENT, job)
    db.execute(_DELIVERY, job)
    db.commit()


KINDS: dict[str, Callable[[Connection, Job], None]] = {
    "intake": _intake,
    "intake_with_documents": _intake_with_documents,
    "act": _act,
}


def work(plan: RawPlan, ready: Callable[[], None]) -> Slot:
    """Do the jobs of each connection in a thread of its own until the time is over."""
    gc.disable()
    slot = Slot(plan.seconds, used=[0] * len(plan.connections))
    with ExitStack() as stack:
        databases = [stack.enter_context(psycopg.connect(plan.url)) for _ in plan.connections]
        ready()
        deadline = time.perf_counter() + plan.seconds
        threads = [
            threading.Thread(target=_run, args=(plan, n, db, slot, deadline))
            for n, db in enumerate(databases)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return slot


def _run(plan: RawPlan, n: int, db: Connection, slot: Slot, deadline: float) -> None:
    do = KINDS[plan.kind]
    try:
        for job in plan.connections[n]:
            begun = time.perf_counter()
            if begun >= deadline:
                return
            slot.used[n] += 1
            do(db, job)
            ended = time.perf_counter()
            if ended <= deadline:
                slot.latencies.append(ended - begun)
        slot.faults.append("too few jobs were prepared")
    except Exception as error:  # noqa: BLE001  (told to whoever measures)
        slot.faults.append(repr(error))


if __name__ == "__main__":
    serve(work)
