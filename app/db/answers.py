"""Answers kept under the key of their request, in the request's own transaction."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import insert

from app.db.access import Transaction
from app.db.dossiers import idempotency
from app.domain.once import Once


def remember(tx: Transaction, once: Once | None, answer: Mapping[str, Any], now: datetime) -> None:
    """Keep an answer (JSON values), so that the same request gets it again."""
    if once is not None:
        tx.db.execute(
            insert(idempotency).values(
                caller=tx.actor.id, **asdict(once), outcome=dict(answer), created_at=now
            )
        )
