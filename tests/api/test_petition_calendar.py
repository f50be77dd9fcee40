"""When the calendar changes, open petitions are due anew; ended ones stay as they were."""

from datetime import timedelta

from sqlalchemy import text

from app.domain.petitions import PetitionStatus
from app.services import petitions
from tests.api.citizen_samples import a_petition, act_on
from tests.builders import JUSTICE, Api, Json, succeeded


def _declare_off(api: Api, day: str) -> None:
    with api.owner.begin() as db:
        db.execute(
            text(
                "INSERT INTO calendar_day (day, kind, name, source)"
                " VALUES (:day, 'off', 'Nghỉ', 'thử')"
            ),
            {"day": day},
        )
        db.execute(text("UPDATE revision SET value = value + 1 WHERE name = 'calendar'"))


def _due(api: Api) -> dict[str, Json]:
    rows = api.rows("SELECT code, due_at FROM petition")
    return {row["code"]: row["due_at"] and row["due_at"].isoformat()[:16] for row in rows}


def test_open_petitions_follow_the_calendar(own_api: Api) -> None:
    api = own_api
    desk = api.app.state.doors.desk
    opened = a_petition(api)
    accepted = a_petition(api, PetitionStatus.ACCEPTED, agency=JUSTICE)
    asked = a_petition(api, PetitionStatus.SUPPLEMENT_REQUESTED)
    answered = a_petition(api, PetitionStatus.ANSWERED)
    assert petitions.recompute_open(desk) == 0

    _declare_off(api, "2026-10-14")

    assert petitions.recompute_open(desk, limit=2) == 2
    assert petitions.recompute_open(desk, limit=2) == 1
    assert petitions.recompute_open(desk) == 0
    assert _due(api) == {
        opened: "2026-10-27T02:00",
        accepted: "2026-10-27T02:00",
        asked: None,
        answered: "2026-10-26T02:00",
    }
    api.clock.move(hours=1)
    assert succeeded(act_on(api, asked, "supplements"))["due_at"] == "2026-10-27T10:00:00+07:00"


def test_the_days_of_refusal_follow_it_at_once(own_api: Api) -> None:
    api = own_api
    code = a_petition(api)
    api.clock.move(days=3)

    _declare_off(api, "2026-10-06")

    found = succeeded(api.approver().get(f"/v1/petitions/{code}"))
    assert found["refuse_until"] == "2026-10-08T09:00:00+07:00"
    api.clock.at -= timedelta(seconds=1)
    assert act_on(api, code, "refusal").is_success
