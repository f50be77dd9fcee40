"""Telling the national portal of dossiers that were imported untold, from their first act on.

The portal takes no dossier that begins in the middle: what is told later than the import is told
whole, before whatever was done here since.
"""

from datetime import datetime

from sqlalchemy import Engine, text

_TELL = text("""
WITH untold AS (
    SELECT import_row.dossier_id,
        (SELECT min(seq) FROM delivery WHERE partner = 'national_portal'
            AND delivery.dossier_id = import_row.dossier_id) AS first_seq
    FROM import_row JOIN dossier ON dossier.id = import_row.dossier_id
    WHERE (CAST(:run AS bigint) IS NULL OR run_id = :run)
        AND (NOT :only_open OR ended_at IS NULL)
        AND NOT EXISTS (SELECT FROM delivery WHERE partner = 'national_portal'
            AND delivery.dossier_id = import_row.dossier_id AND seq = 1)
), told AS (
    INSERT INTO delivery (partner, dossier_id, seq, kind, payload_version, state, attempts, next_at)
    SELECT 'national_portal', untold.dossier_id, seq, 'dossier_event', 1, 'waiting', 0, :now
    FROM untold JOIN dossier_event ON dossier_event.dossier_id = untold.dossier_id
        AND seq < coalesce(first_seq, 2147483647)
    ON CONFLICT DO NOTHING
), marked AS (
    INSERT INTO figure_mark (dossier_id, recorded_at) SELECT dossier_id, '-infinity' FROM untold
)
SELECT count(*) FROM untold
""")


def tell(owner: Engine, *, run: int | None, only_open: bool, now: datetime) -> int:
    """Put what was never told into the ledger; return of how many dossiers that was."""
    with owner.begin() as db:
        # Two of these would tell the same dossiers; acts are told by themselves.
        db.execute(text("LOCK TABLE import_row IN SHARE ROW EXCLUSIVE MODE"))
        found: int = db.scalar(_TELL, {"run": run, "only_open": only_open, "now": now}) or 0
        return found
