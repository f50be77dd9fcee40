"""A replay with `--tell`: the worker tells the portal every step, and the portal takes each."""

from datetime import UTC, date, datetime

from app.domain.calendar import LOCAL_ZONE
from app.domain.figures import Intake
from app.domain.periods import Period
from tests.services.office import PORTAL_STATUS, Office
from tests.services.replays import OFTEN, a_table, play

DAY = date(2021, 3, 3)
TABLE = a_table(
    {(code, DAY): Intake(3, 4) for code in ("H44.03", "H44.10", "H44.18", "H44.29")},
    [Period(DAY, DAY)],
)


def test_every_step_is_told_and_taken(office: Office) -> None:
    play(office.owner, TABLE, tell=True, odds=OFTEN)
    assert {row["state"] for row in office.rows("SELECT state FROM delivery")} == {"waiting"}

    office.drain()

    told = office.rows(
        "SELECT d.code, state, l.answer FROM delivery AS l JOIN dossier AS d"
        " ON d.id = dossier_id WHERE state <> 'acknowledged'"
    )
    assert told == []
    for dossier in office.rows("SELECT code, status FROM dossier"):
        known = office.mocks.portal(dossier["code"])
        assert known["told"][-1]["status"] == PORTAL_STATUS[dossier["status"]]
        assert len(known["progress"]) == len(office.events(dossier["code"]))


def test_without_it_nobody_is_told_anything(office: Office) -> None:
    play(office.owner, TABLE)

    office.drain()

    assert office.mocks.hits() == {}
    ledger = office.rows("SELECT * FROM delivery")
    assert {row["state"] for row in ledger} == {"acknowledged"}
    latest = datetime(2026, 11, 22, 9, 30, tzinfo=LOCAL_ZONE).astimezone(UTC)
    assert max(row["acknowledged_at"] for row in ledger) <= latest
