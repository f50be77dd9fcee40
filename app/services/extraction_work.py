"""Making extractions: one worker makes one, part by part; killed, another goes on from there.

A part is written to a file of the worker's own, and put into the database with all its pieces in
one transaction, which also looks whether the claim is still this worker's.
"""

import hashlib
import json
import logging
import secrets
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Event
from typing import IO, Any, Final

from sqlalchemy import Row, delete, insert, select, text, update
from sqlalchemy.exc import SQLAlchemyError

from app.db.access import Transaction, acting
from app.db.extractions import extraction, extraction_chunk, extraction_file
from app.domain.actor import SYSTEM
from app.domain.errors import DomainError
from app.domain.extraction import MANIFEST, Kind, Made, Part, State, Wanted, manifest
from app.domain.periods import Period
from app.services.desk import Desk
from app.services.extract_parts import JSON, VERSION
from app.services.extracting import Plan, planned

log = logging.getLogger(__name__)

_LEASE: Final = timedelta(seconds=60)
_RENEW_EVERY: Final = timedelta(seconds=10)
_MOST_ATTEMPTS: Final = 5
_MOST_CLAIMS: Final = 20
"""Workers that were killed over one extraction: then it is what kills them."""
_WAIT: Final = timedelta(minutes=1)
_CHUNK: Final = 256 * 1024

_CLAIM = text("""
WITH due AS (
    SELECT id FROM extraction
    WHERE state IN ('waiting', 'running') AND next_at <= :now
        AND (state = 'waiting' OR leased_until < :now)
    ORDER BY next_at, id LIMIT 1 FOR UPDATE SKIP LOCKED
)
UPDATE extraction SET state = 'running', lease = :lease, leased_until = :until,
    attempts = attempts + 1
FROM due WHERE extraction.id = due.id RETURNING extraction.*
""")


class _ClaimLost(Exception):
    """Another worker took over: this one was too slow."""


class _Stopped(Exception):
    """The worker is to end: another goes on."""


@dataclass
class _Job:
    """A claimed extraction that is being made."""

    desk: Desk
    row: Row[Any]
    now: Callable[[], datetime]
    closing: Event
    rows: int = 0
    parts: int = 0
    told_at: datetime | None = field(default=None)

    def watch(self, rows: int) -> None:
        """Count rows; now and then say how far it is, and that somebody works on it."""
        self.rows += rows
        at = self.now()
        if self.told_at is None or at - self.told_at >= _RENEW_EVERY:
            with acting(self.desk.engine, SYSTEM) as tx:
                self.hold(tx)
            self.told_at = at

    def hold(self, tx: Transaction, **values: Any) -> None:  # noqa: ANN401  (columns)
        """Renew the claim and say how far it is, or find out that it is lost."""
        held = tx.db.execute(
            update(extraction)
            .where(extraction.c.id == self.row.id, extraction.c.lease == self.row.lease)
            .values(
                {
                    "leased_until": self.now() + _LEASE,
                    "rows_done": self.rows,
                    "parts_done": self.parts,
                    **values,
                }
            )
        )
        if not held.rowcount:
            raise _ClaimLost


def work(desk: Desk, now: Callable[[], datetime], *, closing: Event) -> int:
    """Claim an extraction and make it; return how many were claimed."""
    with acting(desk.engine, SYSTEM) as tx:
        at = now()
        row = tx.db.execute(
            _CLAIM, {"now": at, "until": at + _LEASE, "lease": secrets.token_hex(8)}
        ).one_or_none()
    if row is None:
        return 0
    job = _Job(desk, row, now, closing)
    if row.attempts > _MOST_CLAIMS:
        sentence = "Tiến trình trích xuất nhiều lần bị ngắt giữa chừng."
        _put_down(job, state=State.FAILED, fault=sentence, finished_at=now())
        return 1
    try:
        _make(job)
    except _ClaimLost:
        log.warning("extraction %s was taken over", row.id)
    except _Stopped:
        _put_down(job, state=State.WAITING, attempts=row.attempts - 1)
    except SQLAlchemyError:
        raise  # the database is away: claimed again after the lease
    except DomainError as refusal:
        _try_later(job, refusal.detail)
    except Exception as fault:
        # One that cannot be made must not hold back the others.
        log.exception("extraction %s", row.id)
        _try_later(job, f"Lỗi khi trích xuất ({type(fault).__name__}).")
    return 1


def _try_later(job: _Job, sentence: str) -> None:
    """Try again later; in the end say why not."""
    if job.row.attempts >= _MOST_ATTEMPTS:
        _put_down(job, state=State.FAILED, fault=sentence, finished_at=job.now())
    else:
        next_at = job.now() + _WAIT * job.row.attempts
        _put_down(job, state=State.WAITING, fault=sentence, next_at=next_at)


def _put_down(job: _Job, **values: Any) -> None:  # noqa: ANN401  (columns)
    try:
        with acting(job.desk.engine, SYSTEM) as tx:
            job.hold(tx, lease=None, **values)
    except _ClaimLost:
        log.warning("extraction %s was taken over", job.row.id)


def _make(job: _Job) -> None:
    row = job.row
    wanted = Wanted(Kind(row.kind), Period(row.first_on, row.last_on), row.agency, row.as_of)
    with planned(job.desk, wanted, actor=SYSTEM, now=job.now()) as plan:
        known = _known(job, plan)
        for part in plan.parts:
            before = known.get(part.name)
            if before is not None and before.fingerprint == part.fingerprint:
                job.rows += before.rows if before.is_data else 0
            else:
                known[part.name] = _keep(job, part)
            job.parts += 1
            if job.closing.is_set():
                raise _Stopped
    _finish(job, plan, [known[part.name] for part in plan.parts])


def _known(job: _Job, plan: Plan) -> dict[str, Made]:
    """Return the parts that are there, and forget those that belong to no part of the plan."""
    names = [part.name for part in plan.parts]
    of_it = extraction_file.c.extraction_id == job.row.id
    with acting(job.desk.engine, SYSTEM) as tx:
        job.hold(tx, rows_total=plan.rows, parts_total=len(plan.parts))
        tx.db.execute(delete(extraction_file).where(of_it, extraction_file.c.name.not_in(names)))
        rows = tx.db.execute(select(extraction_file).where(of_it)).all()
    return {
        row.name: Made(
            row.name,
            row.media_type,
            row.fingerprint,
            row.n_rows,
            row.size_bytes,
            row.sha256,
            row.is_data,
        )
        for row in rows
    }


def _keep(job: _Job, part: Part) -> Made:
    with tempfile.TemporaryFile(prefix="extraction-") as spool:
        rows = part.write(spool, job.watch)
        size = spool.seek(0, 2)
        spool.seek(0)
        sha256 = hashlib.file_digest(spool, "sha256").hexdigest()
        made = Made(part.name, part.media_type, part.fingerprint, rows, size, sha256, part.is_data)
        with acting(job.desk.engine, SYSTEM) as tx:
            job.hold(tx)
            _store(tx, job, made, spool)
    return made


def _store(tx: Transaction, job: _Job, made: Made, content: IO[bytes]) -> None:
    key = job.row.id
    tx.db.execute(
        delete(extraction_file).where(
            extraction_file.c.extraction_id == key, extraction_file.c.name == made.name
        )
    )
    tx.db.execute(
        insert(extraction_file).values(
            extraction_id=key,
            name=made.name,
            media_type=made.media_type,
            fingerprint=made.fingerprint,
            n_rows=made.rows,
            size_bytes=made.size_bytes,
            sha256=made.sha256,
            is_data=made.is_data,
        )
    )
    content.seek(0)
    for n, piece in enumerate(iter(lambda: content.read(_CHUNK), b"")):
        tx.db.execute(
            insert(extraction_chunk).values(extraction_id=key, name=made.name, n=n, content=piece)
        )


def _finish(job: _Job, plan: Plan, made: list[Made]) -> None:
    """Write the manifest and say that it is done, with the day until which it is kept."""
    told = manifest(
        plan.wanted,
        made,
        read_at=plan.read_at,
        created_at=job.row.requested_at,
        version=VERSION,
    )
    page = (json.dumps(told, ensure_ascii=False, indent=1) + "\n").encode()
    at = job.now()
    sha256 = hashlib.sha256(page).hexdigest()
    whole = Made(MANIFEST, JSON, sha256, len(made), len(page), sha256, is_data=False)
    with acting(job.desk.engine, SYSTEM) as tx, tempfile.TemporaryFile() as spool:
        spool.write(page)
        _store(tx, job, whole, spool)
        job.hold(
            tx,
            state=State.DONE,
            lease=None,
            fault=None,
            finished_at=at,
            expires_at=at + job.desk.rules.extraction_kept,
        )


def forget(desk: Desk, *, now: datetime) -> int:
    """Delete the files of extractions that were kept for long enough."""
    with acting(desk.engine, SYSTEM) as tx:
        ended = tx.db.scalars(
            update(extraction)
            .where(extraction.c.state == State.DONE, extraction.c.expires_at <= now)
            .values(state=State.EXPIRED)
            .returning(extraction.c.id)
        ).all()
        tx.db.execute(delete(extraction_file).where(extraction_file.c.extraction_id.in_(ended)))
    return len(ended)
