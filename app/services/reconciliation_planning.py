"""What a reconciliation asks about, cut into parts: our dossiers, numbers after them, codes.

Dossiers that were handed in at the portal and are not here are found by the numbers that follow an
agency's last one, on a list of the portal's, in the quarantine, and among those found before.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, time
from typing import Any

from sqlalchemy import insert, select, text

from app.db.access import Transaction
from app.db.portal import portal_route
from app.db.reconciliations import reconciliation_part
from app.domain.calendar import LOCAL_ZONE
from app.domain.deliveries import Generation
from app.domain.portal_routes import Route, route_of
from app.domain.reconciliation import PartKind, Span

SIZE = 100
"""Dossiers of a part: what a killed process asks again, times its threads."""

_OURS = text("""
    INSERT INTO reconciliation_part (reconciliation_id, n, kind, keys)
    SELECT :run, n, 'ours', jsonb_agg(id ORDER BY id)
    FROM (
        SELECT id, (row_number() OVER (ORDER BY id) - 1) / :size AS n FROM dossier
        WHERE agency_id = ANY (ARRAY(SELECT id FROM agency))
            AND received_at >= :begin AND received_at < :end
            AND coalesce(received_agency_id, agency_id) = ANY (:agencies)
    ) AS numbered
    GROUP BY n
    RETURNING jsonb_array_length(keys)
""")
_DAYS = text("""
    SELECT agency_id, agency.code, day, last_number
    FROM intake_day JOIN agency ON agency.id = agency_id
    WHERE day BETWEEN :first AND :last AND agency_id = ANY (:agencies)
    ORDER BY day, agency_id
""")
_FOUND_BEFORE = text("""
    SELECT DISTINCT code FROM reconciliation_difference
    WHERE outcome = 'unknown_here' AND month BETWEEN :first AND :last
    UNION SELECT code FROM inbound WHERE state = 'quarantined' AND code IS NOT NULL
    ORDER BY code
""")


def plan(
    tx: Transaction,
    run_id: int,
    span: Span,
    listed: Iterable[str],
    agencies: Sequence[int],
    *,
    ahead: int,
) -> int:
    """Write a run's parts; return how many dossiers and codes it asks about."""
    end = datetime.combine(span.last, time.max, LOCAL_ZONE)
    counted = tx.db.scalars(
        _OURS,
        {
            "run": run_id,
            "size": SIZE,
            "begin": datetime.combine(span.first, time(), LOCAL_ZONE),
            "end": end,
            "agencies": list(agencies),
        },
    ).all()
    following = _days(tx, span, agencies) if ahead else []
    codes = dict.fromkeys([*listed, *_found_before(tx, span)])
    listed = [code for code in codes if span.holds(code)]
    _write(tx, run_id, len(counted), PartKind.FOLLOWING, following)
    begun = len(counted) + -(-len(following) // SIZE)
    _write(tx, run_id, begun, PartKind.LISTED, listed)
    return int(sum(counted)) + len(listed)


def _days(tx: Transaction, span: Span, agencies: Sequence[int]) -> list[list[Any]]:
    """Return agencies' days with their last number, where the portal can be asked."""
    routes = [
        Route(row.agency, row.valid_from, Generation(row.generation), row.unit)
        for row in tx.db.execute(select(portal_route))
    ]
    rows = tx.db.execute(
        _DAYS, {"first": span.first, "last": span.last, "agencies": list(agencies)}
    )
    return [
        [row.agency_id, row.code, row.day.isoformat(), row.last_number]
        for row in rows
        if route_of(routes, row.code, row.day).generation is Generation.MAPI
    ]


def _found_before(tx: Transaction, span: Span) -> Sequence[str]:
    months = {"first": span.first.replace(day=1), "last": span.last}
    return tx.db.scalars(_FOUND_BEFORE, months).all()


def _write(tx: Transaction, run_id: int, begun: int, kind: PartKind, keys: Sequence[Any]) -> None:
    parts = [
        {
            "reconciliation_id": run_id,
            "n": begun + start // SIZE,
            "kind": kind,
            "keys": list(keys[start : start + SIZE]),
        }
        for start in range(0, len(keys), SIZE)
    ]
    if parts:
        tx.db.execute(insert(reconciliation_part), parts)
