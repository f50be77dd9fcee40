"""Reconciling in an office: runs, what they found, mending, and a portal that loses things."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from app.domain.actor import SYSTEM
from app.domain.reconciliation import Span
from app.services import reconciling
from app.services.desk import Asking, Desk
from tests.builders import Given, Json
from tests.services.office import Office


class Ticking:
    """A clock that goes on a second with every look, so that breakers' pauses end."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def __call__(self) -> datetime:
        self.at += timedelta(seconds=1)
        return self.at


def asking(desk: Desk, **changes: Given) -> Desk:
    """Return the desk with other rules of asking; fast and with few threads unless told."""
    given: dict[str, Any] = {"threads": 2, "per_second": 0.0, "ahead": 2, "tries": 2}
    return replace(desk, rules=replace(desk.rules, asking=replace(Asking(), **given | changes)))


def span(office: Office, agency: str | None = None) -> Span:
    day = office.clock().date()
    return Span(day.replace(day=1), day, agency)


def reconciled(
    office: Office, *, listed: Iterable[str] = (), agency: str | None = None, **changes: Given
) -> int:
    """Reconcile this month to its end and return the run."""
    desk = asking(office.desk, **changes)
    run_id = reconciling.begin(
        desk, span(office, agency), actor=SYSTEM, now=office.clock(), listed=listed
    )
    assert run_id is not None
    assert reconciling.work(desk, run_id, Ticking(office.clock()))
    return run_id


def differences(office: Office, run_id: int) -> dict[str, dict[str, Any]]:
    """Return what a run listed, by code."""
    rows = office.rows(
        "SELECT * FROM reconciliation_difference WHERE reconciliation_id = :run", run=run_id
    )
    return {row["code"]: row for row in rows}


def said(office: Office, run_id: int) -> dict[str, tuple[str, str | None]]:
    """Return outcome and cause of what a run listed, by code."""
    found = differences(office, run_id)
    return {code: (row["outcome"], row["cause"]) for code, row in found.items()}


def counted(office: Office, run_id: int) -> Counter[str]:
    """Return how many dossiers a run counted, by outcome, and those held."""
    found: Counter[str] = Counter()
    for row in office.rows(
        "SELECT * FROM reconciliation_count WHERE reconciliation_id = :run", run=run_id
    ):
        found[row["outcome"]] += row["dossiers"]
        found["held"] += row["held"]
    return found


def values(office: Office, run_id: int, code: str) -> dict[str, tuple[Json, Json]]:
    """Return what differed of a dossier: ours and theirs, by field."""
    rows = office.rows(
        "SELECT value.* FROM reconciliation_value AS value"
        " JOIN reconciliation_difference AS d ON d.id = difference_id"
        " WHERE reconciliation_id = :run AND code = :code",
        run=run_id,
        code=code,
    )
    return {row["field"]: (row["ours"], row["theirs"]) for row in rows}


def drop(office: Office, code: str) -> None:
    """Let the portal lose a dossier."""
    office.mocks.http.delete(f"/national-portal/_dossiers/{code}").raise_for_status()


def alter(office: Office, code: str, **changes: Json) -> None:
    """Let the portal hold other values of a dossier."""
    office.mocks.http.patch(f"/national-portal/_dossiers/{code}", json=changes).raise_for_status()


def plant(office: Office, like: str, code: str) -> None:
    """Put a dossier into the portal that is none of ours."""
    item = office.mocks.portal(like)["dossier"] | {"MaHoSo": code}
    office.mocks.switch(any_first_status=True)
    office.desk.partners.portal.tell_dossiers([item], is_update=False)


DAY = date(2026, 10, 5)
