"""Signature checks of uploaded files: done by the worker, kept as evidence, never rewritten."""

import tempfile
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache
from importlib.metadata import version
from pathlib import Path

from sqlalchemy import func, insert, select, text

from app.db.access import acting
from app.db.documents import signature_verdict, stored_file
from app.db.file_store import content
from app.domain.actor import SYSTEM
from app.domain.signature import Verdict
from app.services.desk import Desk
from app.signatures import sandbox, wire

_LEASE = timedelta(seconds=60)
_LIBRARIES = ("pyhanko", "pyhanko-certvalidator", "xmlsec", "lxml", "cryptography")


def check_next(desk: Desk, *, now: Callable[[], datetime]) -> int:
    """Check the file that has waited longest; return how many were checked, 0 or 1."""
    sha256 = _claim(desk, now())
    if sha256 is None:
        return 0
    with tempfile.NamedTemporaryFile(prefix="check-") as file:
        for piece in content(desk.engine, sha256):
            file.write(piece)
        file.flush()
        checked_at = now()
        verdict = sandbox.check(Path(file.name), desk.partners.trust_dir, now=checked_at)
    _record(desk, sha256, verdict, checked_at)
    return 1


def _claim(desk: Desk, now: datetime) -> str | None:
    with acting(desk.engine, SYSTEM) as tx:
        found: str | None = tx.db.scalar(
            text("""
                UPDATE stored_file SET check_until = :until
                WHERE sha256 = (
                    SELECT sha256 FROM stored_file
                    WHERE checked_at IS NULL AND coalesce(check_until, :now) <= :now
                    ORDER BY stored_at LIMIT 1 FOR UPDATE SKIP LOCKED)
                RETURNING sha256
            """),
            {"now": now, "until": now + _LEASE},
        )
    return found


def _record(desk: Desk, sha256: str, verdict: Verdict, checked_at: datetime) -> None:
    with acting(desk.engine, SYSTEM) as tx:
        known = tx.db.scalar(
            select(func.count())
            .select_from(signature_verdict)
            .where(signature_verdict.c.sha256 == sha256)
        )
        tx.db.execute(
            insert(signature_verdict).values(
                sha256=sha256,
                n=(known or 0) + 1,
                checked_at=checked_at,
                indication=verdict.indication,
                sub_indication=verdict.sub_indication,
                reason=verdict.reason,
                report=wire.to_json(verdict),
                policy=_policy(),
            )
        )
        tx.db.execute(
            stored_file.update()
            .where(stored_file.c.sha256 == sha256)
            .values(checked_at=checked_at, check_until=None)
        )


@cache
def _policy() -> str:
    return "; ".join(f"{name} {version(name)}" for name in _LIBRARIES)
