"""Shared categories (danh mục dùng chung), fetched through the LGSP once a day."""

import json
import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import text

from app.db.access import acting
from app.domain.actor import SYSTEM
from app.integrations.lgsp import LgspContractBroken, LgspRefused, LgspUnavailable
from app.services.desk import Desk

log = logging.getLogger(__name__)

_EVERY, _AGAIN = timedelta(days=1), timedelta(minutes=5)

_CLAIM = text("""
UPDATE shared_category SET next_at = :again, attempts = attempts + 1
WHERE name = (SELECT name FROM shared_category WHERE name = ANY (:names) AND next_at <= :now
    ORDER BY next_at LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING name
""")
_KEEP = text("""
UPDATE shared_category SET entries = CAST(:entries AS jsonb), fetched_at = :now, attempts = 0,
    next_at = :next_at
WHERE name = :name
""")
_KNOW = text("""
INSERT INTO shared_category (name, attempts, next_at)
SELECT name, 0, :now FROM unnest(CAST(:names AS text[])) AS wanted (name)
ON CONFLICT DO NOTHING
""")


def refresh(desk: Desk, now: Callable[[], datetime]) -> int:
    """Fetch one category that is due; return how many were claimed, 0 or 1.

    What was fetched before stays in use for as long as the LGSP does not answer.
    """
    name = _claim(desk, now())
    if name is None:
        return 0
    try:
        entries = desk.partners.lgsp.category(name, now())
    except (LgspUnavailable, LgspContractBroken, LgspRefused) as error:
        log.warning("category %s not fetched: %s", name, error)
        return 1
    fetched_at = now()
    with acting(desk.engine, SYSTEM) as tx:
        tx.db.execute(
            _KEEP,
            {
                "name": name,
                "entries": json.dumps(entries),
                "now": fetched_at,
                "next_at": fetched_at + _EVERY,
            },
        )
    return 1


def _claim(desk: Desk, now: datetime) -> str | None:
    names = list(desk.rules.categories)
    with acting(desk.engine, SYSTEM) as tx:
        tx.db.execute(_KNOW, {"names": names, "now": now})
        claimed = {"names": names, "now": now, "again": now + _AGAIN}
        found: str | None = tx.db.scalar(_CLAIM, claimed)
    return found
