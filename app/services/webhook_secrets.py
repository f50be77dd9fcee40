"""Signing secrets of subscribers: encrypted at rest, two valid at once while they are changed."""

import base64
import hashlib
import secrets
from datetime import datetime, timedelta

from cryptography.fernet import Fernet
from sqlalchemy import func, insert, select, text

from app.db.access import Transaction
from app.db.webhooks import webhook_secret
from app.domain.webhooks import SECRET_BYTES, SECRET_PREFIX
from app.services.desk import Desk

OVERLAP = timedelta(hours=24)
"""So long an old secret signs beside the new one."""


def make_secret(desk: Desk, tx: Transaction, webhook_id: int, now: datetime) -> int:
    """Make a new secret and return its number; the one before ends after a while, older ones now.

    The caller holds the webhook's row, so that two at once do not get the same number.
    """
    tx.db.execute(
        text("""
            UPDATE webhook_secret
            SET ends_at = CASE WHEN ends_at IS NULL THEN :later ELSE least(ends_at, :now) END
            WHERE webhook_id = :id
        """),
        {"id": webhook_id, "now": now, "later": now + OVERLAP},
    )
    known = select(func.coalesce(func.max(webhook_secret.c.n), 0)).where(
        webhook_secret.c.webhook_id == webhook_id
    )
    number = int(tx.db.execute(known).scalar_one()) + 1
    secret = SECRET_PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()
    tx.db.execute(
        insert(webhook_secret).values(
            webhook_id=webhook_id,
            n=number,
            secret=_cipher(desk).encrypt(secret.encode()).decode(),
            created_at=now,
        )
    )
    return number


def read_secret(desk: Desk, tx: Transaction, webhook_id: int, number: int) -> str:
    """Return a secret in clear, to be shown to who asked for it."""
    kept = tx.db.execute(
        select(webhook_secret.c.secret).where(
            webhook_secret.c.webhook_id == webhook_id, webhook_secret.c.n == number
        )
    ).scalar_one()
    return _cipher(desk).decrypt(kept.encode()).decode()


def valid_secrets(desk: Desk, tx: Transaction, webhook_id: int, now: datetime) -> list[str]:
    """Return the secrets that sign now, the newest first."""
    rows = tx.db.scalars(
        text("""
            SELECT secret FROM webhook_secret
            WHERE webhook_id = :id AND (ends_at IS NULL OR ends_at > :now) ORDER BY n DESC
        """),
        {"id": webhook_id, "now": now},
    )
    cipher = _cipher(desk)
    return [cipher.decrypt(row.encode()).decode() for row in rows]


def _cipher(desk: Desk) -> Fernet:
    key = hashlib.sha256(b"webhook secrets\0" + desk.partners.link_key).digest()
    return Fernet(base64.urlsafe_b64encode(key))
