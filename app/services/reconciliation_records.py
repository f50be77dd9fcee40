"""What a reconciliation found, written down: differences, their values, and counts."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import insert
from sqlalchemy.dialects.postgresql import insert as upsert

from app.db.access import Transaction
from app.db.reconciliations import (
    reconciliation_count,
    reconciliation_difference,
    reconciliation_value,
)
from app.services.reconciliation_parts import Finding


def write_differences(
    tx: Transaction, run_id: int, found: Sequence[Finding], now: datetime
) -> set[str]:
    """Write what a person should see; return the codes that were not on the list before."""
    if not found:
        return set()
    by_code = {one.code: one for one in found}
    rows = tx.db.execute(
        upsert(reconciliation_difference)
        .values([_row(run_id, one, now) for one in by_code.values()])
        .on_conflict_do_nothing(index_elements=["reconciliation_id", "code"])
        .returning(reconciliation_difference.c.id, reconciliation_difference.c.code)
    ).all()
    values = [
        {
            "difference_id": row.id,
            "field": one.field,
            "ours": one.ours,
            "theirs": one.theirs,
            "is_personal": one.is_personal,
        }
        for row in rows
        for one in by_code[row.code].differences
    ]
    if values:
        tx.db.execute(insert(reconciliation_value), values)
    return {row.code for row in rows}


def _row(run_id: int, one: Finding, now: datetime) -> dict[str, Any]:
    return {
        "reconciliation_id": run_id,
        "code": one.code,
        "dossier_id": one.dossier_id,
        "agency_id": one.agency_id,
        "month": one.month,
        "outcome": one.outcome,
        "cause": one.cause,
        "told": one.told,
        "stage": one.stage,
        "detail": one.detail and one.detail[:1000].replace("\0", ""),
        "fields": [difference.field for difference in one.differences],
        "found_at": now,
    }


def add_counts(tx: Transaction, run_id: int, found: Sequence[Finding]) -> None:
    """Add findings to the counts of their agencies and months."""
    dossiers = Counter((one.agency_id, one.month, one.outcome) for one in found)
    held = Counter((one.agency_id, one.month, one.outcome) for one in found if one.held)
    if not dossiers:
        return
    count = reconciliation_count.c
    rows = upsert(reconciliation_count).values(
        [
            {
                "reconciliation_id": run_id,
                "agency_id": key[0],
                "month": key[1],
                "outcome": key[2],
                "dossiers": number,
                "held": held[key],
            }
            for key, number in sorted(dossiers.items())
        ]
    )
    tx.db.execute(
        rows.on_conflict_do_update(
            index_elements=["reconciliation_id", "agency_id", "month", "outcome"],
            set_={
                "dossiers": count.dossiers + rows.excluded.dossiers,
                "held": count.held + rows.excluded.held,
            },
        )
    )
