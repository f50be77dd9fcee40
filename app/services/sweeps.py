"""What time alone, or a finished step, causes: done by the worker, safe with several of them."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, text

from app.db.access import Transaction, acting
from app.domain.actor import SYSTEM
from app.domain.errors import DomainError
from app.domain.intake import ReturnWay
from app.domain.lifecycle import Act
from app.services.desk import Desk
from app.services.transition import Effect, Request, carry_out

_ANSWERS_KEPT = timedelta(days=7)


def return_electronic_results(desk: Desk, *, now: datetime, limit: int = 50) -> int:
    """Return results that the applicant wanted online and that are there as files."""
    with acting(desk.engine, SYSTEM) as tx:
        codes = tx.db.scalars(
            text("""
                SELECT code FROM dossier
                WHERE status = 'resolved' AND return_way = 'online' AND origin = 'live'
                    AND EXISTS (SELECT FROM document
                        WHERE dossier_id = dossier.id AND kind = 'result')
                ORDER BY resolved_at LIMIT :limit
            """),
            {"limit": limit},
        ).all()
    return sum(_return(desk, code, now) for code in codes)


def _return(desk: Desk, code: str, now: datetime) -> bool:
    def work(_tx: Transaction, _dossier: Row[Any]) -> Effect:
        return Effect(details={"return_way": ReturnWay.ONLINE})

    try:
        carry_out(desk, Request(code, SYSTEM, now), Act.RETURN_RESULT, work)
    except DomainError:
        return False  # another worker, or the desk, was first
    return True


def forget_answers(desk: Desk, *, now: datetime) -> int:
    """Forget answers under request keys that are older than a week."""
    with acting(desk.engine, SYSTEM) as tx:
        done = tx.db.execute(
            text("DELETE FROM idempotency WHERE created_at < :before"),
            {"before": now - _ANSWERS_KEPT},
        )
        return done.rowcount
