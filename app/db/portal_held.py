"""What the national portal holds by the newest reconciliations: the other side of figure 1.4."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Row, text

from app.db.access import Transaction
from app.domain.periods import Period

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class PortalHeld:
    """An agency's month as a reconciliation counted it, which ended at `counted_at`.

    `unknown_here` are dossiers that only the portal has, `held` the others that it has.
    """

    received: int
    held: int
    unknown_here: int
    counted_at: datetime

    @property
    def surplus(self) -> int:
        """How many more the portal has than we received; negative: fewer."""
        return self.held + self.unknown_here - self.received


_RUNS = text("""
    SELECT id, first_on, last_on, agency, finished_at FROM reconciliation
    WHERE state = 'finished' AND first_on <= :last AND last_on >= :first
        AND (CAST(:as_of AS date) IS NULL OR recorded_on <= :as_of)
""")
_COUNTS = text("""
    SELECT reconciliation_id, agency_id, agency.code AS agency, month,
        sum(dossiers) FILTER (WHERE outcome <> 'unknown_here') AS received,
        sum(held) FILTER (WHERE outcome <> 'unknown_here') AS held,
        sum(dossiers) FILTER (WHERE outcome = 'unknown_here') AS unknown_here
    FROM reconciliation_count JOIN agency ON agency.id = agency_id
    WHERE agency_id = ANY (:agencies) AND (reconciliation_id, month) IN (
        SELECT * FROM unnest(CAST(:runs AS bigint[]), CAST(:months AS date[])))
    GROUP BY reconciliation_id, agency_id, agency.code, month
""")


def portal_held(
    tx: Transaction, period: Period, agencies: Sequence[int], *, as_of: date | None
) -> dict[tuple[int, date], PortalHeld]:
    """Return the portal's side of the period's months, by agency and month of receipt.

    Of each the reconciliation that covers most of the month, then the newest; months that the
    period does not hold as far as it goes are left out, and so are reconciliations after `as_of`.
    """
    runs = tx.db.execute(_RUNS, {"first": period.first, "last": period.last, "as_of": as_of}).all()
    chosen = {month: _candidates(runs, month, period) for month in _months(period)}
    pairs = [(run.id, month) for month, fitting in chosen.items() for run in fitting]
    if not pairs:
        return {}
    ids, months = zip(*pairs, strict=True)
    rows = tx.db.execute(
        _COUNTS, {"agencies": [*agencies], "runs": [*ids], "months": [*months]}
    ).all()
    counted = {(row.reconciliation_id, row.agency_id, row.month): row for row in rows}
    known = {row.agency_id: row.agency for row in rows}
    found: dict[tuple[int, date], PortalHeld] = {}
    for month, fitting in chosen.items():
        for agency_id, agency in known.items():
            run = next((run for run in fitting if _covers(run, agency)), None)
            row = counted.get((run.id, agency_id, month)) if run is not None else None
            if run is not None and row is not None:
                found[agency_id, month] = PortalHeld(
                    row.received or 0, row.held or 0, row.unknown_here or 0, run.finished_at
                )
    return found


def _months(period: Period) -> list[date]:
    month, found = period.first.replace(day=1), []
    while month <= period.last:
        found.append(month)
        month = (month + 32 * _DAY).replace(day=1)
    return found


def _candidates(runs: Sequence[Row[Any]], month: date, period: Period) -> list[Row[Any]]:
    """Return the runs about a month from its first day, the best first, to one of every agency."""
    end = (month + 32 * _DAY).replace(day=1) - _DAY
    fitting = [
        run
        for run in runs
        if run.first_on <= month <= run.last_on
        and period.first <= month
        and min(run.last_on, end) <= period.last
    ]
    fitting.sort(key=lambda run: (min(run.last_on, end), run.id), reverse=True)
    whole = next((n for n, run in enumerate(fitting) if run.agency is None), len(fitting))
    return fitting[: whole + 1]


def _covers(run: Row[Any], agency: str) -> bool:
    return run.agency is None or f"{agency}.".startswith(f"{run.agency}.")
