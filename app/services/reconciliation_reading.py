"""What reconciliations found, for those who may see it.

Administrators and analysts see the counts, by agency and month; what differs is seen by
administrators and by the agency's own staff, values about persons by the latter only.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Row, text

from app.db.access import Transaction, acting
from app.domain.actor import DESK_ROLES, Actor, Role
from app.domain.reconciliation import (
    CAUSE_LABELS,
    OUTCOME_LABELS,
    Cause,
    Outcome,
    ReconciliationNotFound,
    ReconciliationRoleRefused,
)
from app.services.desk import Desk

HIDDEN = "khác"
"""What is shown in place of values about a person."""

_COUNTERS = DESK_ROLES | {Role.ADMINISTRATOR, Role.ANALYST}
_READERS = DESK_ROLES | {Role.ADMINISTRATOR}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which differences of a run; None: any."""

    outcome: Outcome | None = None
    agency: str | None = None
    is_mended: bool | None = None


_RUNS = text("""
    SELECT run.*, (SELECT jsonb_object_agg(outcome, n) FROM (
        SELECT outcome, sum(dossiers) AS n FROM reconciliation_count
        WHERE reconciliation_id = run.id AND agency_id = ANY (:agencies) GROUP BY outcome
    ) AS counted) AS outcomes
    FROM reconciliation AS run
    WHERE (:before = 0 OR run.id < :before) AND (CAST(:id AS bigint) IS NULL OR run.id = :id)
    ORDER BY run.id DESC LIMIT :limit
""")
_COUNTS = text("""
    SELECT agency.code AS agency, month, outcome, dossiers, held FROM reconciliation_count
    JOIN agency ON agency.id = agency_id
    WHERE reconciliation_id = :id AND agency_id = ANY (:agencies)
    ORDER BY agency.code, month, outcome
""")
_UNMENDED = text("""
    SELECT outcome, count(*) AS n FROM reconciliation_difference
    WHERE reconciliation_id = :id AND mended_at IS NULL
        AND outcome IN ('missing', 'behind', 'different')
    GROUP BY outcome
""")


def runs(desk: Desk, *, actor: Actor, before: int, limit: int) -> list[dict[str, Any]]:
    """Return the runs before a number, the newest first; 0 are all."""
    _check(actor, _COUNTERS)
    with acting(desk.engine, actor) as tx:
        keys = {"agencies": _own(desk, tx, actor), "before": before, "id": None, "limit": limit}
        return [_run(row) for row in tx.db.execute(_RUNS, keys)]


def read(desk: Desk, run_id: int, *, actor: Actor) -> dict[str, Any]:
    """Return a run with its counts by agency and month of receipt."""
    _check(actor, _COUNTERS)
    with acting(desk.engine, actor) as tx:
        agencies = _own(desk, tx, actor)
        row = _found(tx, run_id, agencies)
        counted: dict[tuple[str, date], Counter[str]] = {}
        for count in tx.db.execute(_COUNTS, {"id": run_id, "agencies": agencies}):
            known = counted.setdefault((count.agency, count.month), Counter())
            known[count.outcome] += count.dossiers
            known["held"] += count.held
        unmended = {row.outcome: row.n for row in tx.db.execute(_UNMENDED, {"id": run_id})}
        known_as = desk.references.catalogue(tx).agencies
    return _run(row) | {
        "unmended": unmended if actor.role in _READERS or actor.is_internal else None,
        "agencies": [
            {
                "agency": agency,
                "agency_name": known_as[agency].name,
                "month": month,
                "held": known.pop("held", 0),
                "outcomes": _sorted(known),
            }
            for (agency, month), known in counted.items()
        ],
    }


_DIFFERENCES = """
    SELECT d.*, agency.code AS agency,
        coalesce((SELECT jsonb_agg(to_jsonb(v) - 'difference_id' ORDER BY v.field)
            FROM reconciliation_value AS v WHERE v.difference_id = d.id), '[]') AS seen
    FROM reconciliation_difference AS d JOIN agency ON agency.id = d.agency_id
    WHERE d.reconciliation_id = :run AND d.id > :after {more}
    ORDER BY d.id LIMIT :limit
"""
_FILTERS = {
    "outcome": "AND d.outcome = :outcome",
    "agency": "AND (agency.code = :agency OR agency.code LIKE :agency || '.%')",
    "is_mended": "AND (d.mended_at IS NOT NULL) = :is_mended",
}


def differences(
    desk: Desk, run_id: int, wanted: Wanted, *, actor: Actor, after: int, limit: int
) -> list[dict[str, Any]]:
    """Return what differs, with keys above `after`; row security leaves out what is not theirs."""
    _check(actor, _READERS)
    asked = {
        "outcome": wanted.outcome,
        "agency": wanted.agency,
        "is_mended": wanted.is_mended,
    }
    values = {name: value for name, value in asked.items() if value is not None}
    more = " ".join(_FILTERS[name] for name in values)
    with acting(desk.engine, actor) as tx:
        _found(tx, run_id, [])
        rows = tx.db.execute(
            text(_DIFFERENCES.format(more=more)),
            {**values, "run": run_id, "after": after, "limit": limit},
        ).all()
    return [_difference(row) for row in rows]


def _found(tx: Transaction, run_id: int, agencies: list[int]) -> Row[Any]:
    keys = {"agencies": agencies, "before": 0, "id": run_id, "limit": 1}
    row = tx.db.execute(_RUNS, keys).one_or_none()
    if row is None:
        raise ReconciliationNotFound(f"Không có lần đối chiếu {run_id}.")
    return row


def _own(desk: Desk, tx: Transaction, actor: Actor) -> list[int]:
    if actor.is_internal:
        return list(desk.references.catalogue(tx).agency_ids.values())
    return list(tx.db.scalars(text("SELECT unnest(acting_agencies())")))


def _check(actor: Actor, roles: frozenset[Role]) -> None:
    if actor.role not in roles and not actor.is_internal:
        raise ReconciliationRoleRefused("Kết quả đối chiếu dành cho cán bộ của tỉnh.")


def _run(row: Row[Any]) -> dict[str, Any]:
    return {
        "id": row.id,
        "origin": row.origin,
        "first_on": row.first_on,
        "last_on": row.last_on,
        "agency": row.agency,
        "state": row.state,
        "asked_by": row.asked_name,
        "begun_at": row.begun_at,
        "finished_at": row.finished_at,
        "planned": row.planned,
        "done": row.done,
        "outcomes": _sorted(Counter(row.outcomes or {})),
    }


def _sorted(counted: Counter[str]) -> dict[str, int]:
    return {outcome: int(counted[outcome]) for outcome in Outcome}


def _difference(row: Row[Any]) -> dict[str, Any]:
    seen = {value["field"]: value for value in row.seen}
    return {
        "id": row.id,
        "code": row.code,
        "agency": row.agency,
        "outcome": row.outcome,
        "cause": row.cause,
        "explanation": _explained(row),
        "told": row.told,
        "stage": row.stage,
        "fields": [_field(name, seen.get(name)) for name in row.fields],
        "found_at": row.found_at,
        "mended_at": row.mended_at,
        "mended_by": row.mended_by,
        "mended": row.mended,
    }


def _field(name: str, seen: dict[str, Any] | None) -> dict[str, Any]:
    if seen is None:
        return {"field": name, "is_hidden": True, "ours": HIDDEN, "theirs": HIDDEN}
    return {"field": name, "is_hidden": False, "ours": seen["ours"], "theirs": seen["theirs"]}


def _explained(row: Row[Any]) -> str:
    said = OUTCOME_LABELS[Outcome(row.outcome)]
    if row.cause is not None:
        said += f": {CAUSE_LABELS[Cause(row.cause)]}"
    if row.outcome == Outcome.BEHIND and row.stage is not None:
        said += f" (cổng giữ đến bước {row.stage}, đã xác nhận đến bước {row.told})"
    return said + "."
