"""Breakers: a partner that does not answer is left alone for a while, by all workers together.

Closed, every worker calls. After some calls without an answer it opens: nobody calls, and no
message spends an attempt. When its pause is over one worker sends a single message (half-open);
an answer closes it, none opens it again for longer.
"""

import random
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, text

from app.db.access import Transaction
from app.domain.deliveries import pause_after

_SEEN = text("SELECT open_until FROM partner_breaker WHERE partner = :partner")
_PROBE = text("""
    SELECT partner FROM partner_breaker
    WHERE partner = :partner AND open_until <= :now FOR UPDATE SKIP LOCKED
""")

_HELD = text("SELECT FROM partner_breaker WHERE partner = :partner AND open_until = :until")


def is_half_open(tx: Transaction, partner: str, now: datetime) -> bool | None:
    """Tell whether a single message may be sent (True), any number (False), or none (None).

    Whoever is told True holds the breaker until the end of the transaction.
    """
    seen: Row[Any] | None = tx.db.execute(_SEEN, {"partner": partner}).one_or_none()
    if seen is None or seen.open_until is None:
        return False
    if seen.open_until > now:
        return None
    probing = tx.db.execute(_PROBE, {"partner": partner, "now": now}).one_or_none()
    return None if probing is None else True


def hold(tx: Transaction, partner: str, until: datetime) -> None:
    """Keep other workers away while the single message is under way."""
    tx.db.execute(
        text("UPDATE partner_breaker SET open_until = :until WHERE partner = :partner"),
        {"partner": partner, "until": until},
    )


def is_held(tx: Transaction, partner: str, until: datetime) -> bool:
    """Tell whether the single message that is under way was claimed until then."""
    held = {"partner": partner, "until": until}
    return tx.db.execute(_HELD, held).one_or_none() is not None


def let_go(tx: Transaction, partner: str, until: datetime, now: datetime) -> None:
    """Let the next message try in place of one that asked nobody in the end."""
    tx.db.execute(
        text("""
            UPDATE partner_breaker SET open_until = :now
            WHERE partner = :partner AND open_until = :until
        """),
        {"partner": partner, "until": until, "now": now},
    )


def note_answer(tx: Transaction, partner: str) -> None:
    """Close the breaker: the partner has answered."""
    tx.db.execute(
        text("""
            UPDATE partner_breaker
            SET failures = 0, opened_at = NULL, open_until = NULL, reason = NULL
            WHERE partner = :partner AND failures > 0
        """),
        {"partner": partner},
    )


def note_silence(
    tx: Transaction, partner: str, reason: str, now: datetime, *, is_probe: bool
) -> None:
    """Count a call without an answer, and open the breaker if there were too many.

    Calls that were under way when it opened say nothing new.
    """
    failures = tx.db.scalar(
        text("""
            INSERT INTO partner_breaker AS known (partner, failures, reason)
            VALUES (:partner, 1, :reason)
            ON CONFLICT (partner) DO UPDATE
            SET failures = least(known.failures + 1, 1000), reason = excluded.reason
            WHERE known.open_until IS NULL OR :is_probe
            RETURNING failures
        """),
        {"partner": partner, "reason": reason[:500].replace("\0", ""), "is_probe": is_probe},
    )
    pause = pause_after(failures or 0, random.Random())  # noqa: S311  (jitter, not a secret)
    if pause is not None:
        _open(tx, partner, now, pause)


def _open(tx: Transaction, partner: str, now: datetime, pause: timedelta) -> None:
    tx.db.execute(
        text("""
            UPDATE partner_breaker
            SET opened_at = coalesce(opened_at, :now), open_until = :until
            WHERE partner = :partner
        """),
        {"partner": partner, "now": now, "until": now + pause},
    )
