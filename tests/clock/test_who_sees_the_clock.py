"""The database itself shows what belongs to a dossier only to who sees the dossier."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from app.db.access import acting
from app.domain.actor import Actor, Role
from app.domain.calendar_book import CalendarChange
from app.domain.time_limits import LimitUnit, TimeLimit
from app.services import apologies, warnings
from tests.clock.bureau import Bureau, at, citizen, off, staff

TABLES = ("due_move", "warning", "apology")
LATE = at("2026-10-09T14:00")


@pytest.fixture
def with_traces(bureau: Bureau) -> Bureau:
    """A province with one dossier that was moved, warned about and apologised for."""
    code = bureau.take_in(at("2026-10-05T10:00"))
    bureau.enter(CalendarChange("x", None, (off("2026-10-07"),)), at("2026-10-05T11:00"))
    bureau.derive(at("2026-10-05T11:00"))
    warnings.raise_due(bureau.desk, now=LATE)
    request = bureau.request(code, Role.APPROVER, LATE)
    by = TimeLimit(1, LimitUnit.WORKING_DAYS)
    apologies.apologise(bureau.desk, request, by=by, reason="Thiếu người")
    return bureau


@pytest.mark.parametrize(
    ("actor", "sees"),
    [
        (staff(Role.OFFICER, "H44.29"), True),
        (staff(Role.APPROVER, "H44"), True),
        (citizen(), True),
        (citizen("025099000009"), False),
        (staff(Role.OFFICER, "H44.30"), False),
        (staff(Role.ANALYST, "H44"), False),
        (staff(Role.ADMINISTRATOR, "H44"), False),
    ],
)
def test_rows_are_seen_with_their_dossier(with_traces: Bureau, actor: Actor, *, sees: bool) -> None:
    with acting(with_traces.desk.engine, actor) as tx:
        for table in TABLES:
            found = tx.db.scalar(text(f"SELECT count(*) FROM {table}"))
            assert bool(found) is sees, table


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM due_move",
        "UPDATE due_move SET after = before",
        "DELETE FROM warning",
        "UPDATE warning SET raised_at = due_at",
        "DELETE FROM warning_reading",
        "DELETE FROM apology",
        "UPDATE apology SET reason = ''",
        "DELETE FROM calendar_change",
        "UPDATE calendar_change SET source = ''",
    ],
)
def test_the_record_cannot_be_changed(bureau: Bureau, statement: str) -> None:
    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        acting(bureau.desk.engine, staff(Role.APPROVER, "H44")) as tx,
    ):
        tx.db.execute(text(statement))
