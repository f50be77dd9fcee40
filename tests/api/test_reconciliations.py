"""Reconciliations over HTTP: who sees what, and mending."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from app.db.access import acting
from app.domain.actor import SYSTEM, Role
from app.domain.reconciliation import Span
from app.services import reconciling
from tests.api.world import actor
from tests.builders import (
    CITIZEN,
    DISTRICT,
    JUSTICE,
    PARTIAL,
    PROVINCE,
    Api,
    a_dossier,
    refused,
    succeeded,
)

PATH = "/v1/reconciliations"
STAFF = (Role.RECEPTIONIST, Role.OFFICER, Role.APPROVER)


@pytest.fixture(scope="module")
def run(api: Api) -> int:
    """Two dossiers of a district and one unknown here; the portal holds none of them."""
    for _ in range(2):
        a_dossier(api, procedure=PARTIAL)
    desk, day = api.app.state.doors.desk, api.clock().date()
    run_id = reconciling.begin(desk, Span(day, day), actor=SYSTEM, now=api.clock())
    assert run_id is not None
    api.clock.at += timedelta(hours=1)
    assert reconciling.work(desk, run_id, api.clock)
    with api.owner.begin() as db:
        db.execute(text("UPDATE reconciliation_difference SET outcome = 'different'"))
        db.execute(text("UPDATE reconciliation_difference SET fields = '{ChuHoSo,HinhThuc}'"))
        db.execute(text("UPDATE reconciliation_difference SET cause = 'changed'"))
        for field, is_personal in (("ChuHoSo", True), ("HinhThuc", False)):
            db.execute(
                text("""
                    INSERT INTO reconciliation_value
                    SELECT id, :field, '"ta"', '"cong"', :personal FROM reconciliation_difference
                """),
                {"field": field, "personal": is_personal},
            )
    return run_id


def test_administrators_and_analysts_see_the_counts(api: Api, run: int) -> None:
    for role in (Role.ADMINISTRATOR, Role.ANALYST, *STAFF):
        person = api.person(role, PROVINCE)
        [item] = succeeded(person.get(PATH))["items"]
        assert item["outcomes"]["not_told_yet"] == 2
        found = succeeded(person.get(f"{PATH}/{run}"))
        assert [(row["agency"], row["held"]) for row in found["agencies"]] == [(DISTRICT, 0)]
        assert (found["unmended"] is None) == (role is Role.ANALYST)
    other = succeeded(api.person(Role.ANALYST, JUSTICE).get(f"{PATH}/{run}"))
    assert other["agencies"] == []
    assert set(other["outcomes"].values()) == {0}
    for person in (api.citizen(), api.person(Role.PARTNER, None)):
        refused(person.get(PATH), 403, "reconciliation.role_refused")


def test_values_about_persons_are_their_agencys_staffs_alone(api: Api, run: int) -> None:
    path = f"{PATH}/{run}/differences"
    for role in STAFF:
        items = succeeded(api.person(role, DISTRICT).get(path))["items"]
        assert len(items) == 2
        fields = {one["field"]: (one["ours"], one["theirs"]) for one in items[0]["fields"]}
        assert fields == {"ChuHoSo": ("ta", "cong"), "HinhThuc": ("ta", "cong")}
        assert succeeded(api.person(role, JUSTICE).get(path))["items"] == []
    hidden = succeeded(api.person(Role.ADMINISTRATOR, PROVINCE).get(path))["items"][0]
    assert hidden["fields"] == [
        {"field": "ChuHoSo", "is_hidden": True, "ours": "khác", "theirs": "khác"},
        {"field": "HinhThuc", "is_hidden": False, "ours": "ta", "theirs": "cong"},
    ]
    refused(api.person(Role.ANALYST, PROVINCE).get(path), 403, "reconciliation.role_refused")
    refused(api.citizen(CITIZEN).get(path), 403, "reconciliation.role_refused")


def test_differences_are_paged_and_filtered(api: Api, run: int) -> None:
    person, path = api.person(Role.ADMINISTRATOR, PROVINCE), f"{PATH}/{run}/differences"

    first = succeeded(person.get(path, limit=1, outcome="different"))
    second = succeeded(person.get(path, limit=1, outcome="different", after=first["next"]))

    codes = {item["code"] for page in (first, second) for item in page["items"]}
    assert len(codes) == 2
    assert second["next"] is None
    assert succeeded(person.get(path, outcome="missing"))["items"] == []
    assert succeeded(person.get(path, agency=JUSTICE))["items"] == []
    assert succeeded(person.get(path, mended="true"))["items"] == []
    assert first["items"][0]["explanation"] == "Khác nội dung: giá trị khác nhau."


def test_the_database_says_it_too(api: Api, run: int) -> None:
    seen = {}
    engine = api.app.state.doors.desk.engine
    for role, agency in [
        *((role, DISTRICT) for role in (*STAFF, Role.ADMINISTRATOR, Role.ANALYST)),
        (Role.RECEPTIONIST, JUSTICE),
        (Role.APPLICANT, CITIZEN),
    ]:
        with acting(engine, actor(role, agency)) as tx:
            seen[role, agency] = tuple(
                tx.db.scalar(text(f"SELECT count(*) FROM {table}"))
                for table in ("reconciliation_difference", "reconciliation_value")
            )
    assert run
    assert {seen[role, DISTRICT] for role in STAFF} == {(2, 4)}
    assert seen[Role.ADMINISTRATOR, DISTRICT] == (2, 2)
    rest = {seen[Role.ANALYST, DISTRICT], seen[Role.RECEPTIONIST, JUSTICE]}
    assert rest | {seen[Role.APPLICANT, CITIZEN]} == {(0, 0)}


def test_an_administrator_mends_once_however_often_it_is_asked(api: Api, run: int) -> None:
    administrator, path = api.person(Role.ADMINISTRATOR, PROVINCE), f"{PATH}/{run}/mending"
    for role in (*STAFF, Role.ANALYST):
        person = api.person(role, PROVINCE)
        refused(person.post(path, {}), 403, "reconciliation.role_refused")
    refused(administrator.post(f"{PATH}/99999/mending", {}), 404, "reconciliation.not_found")
    foreseen = succeeded(administrator.post(path, {"dry_run": True}))
    assert (foreseen["dossiers"], foreseen["remaining"]) == (2, 2)
    elsewhere = succeeded(api.person(Role.ADMINISTRATOR, JUSTICE).post(path, {}))
    assert elsewhere["dossiers"] == 0

    body = {"kinds": ["different"]}
    first = succeeded(administrator.post(path, body, key="mot-lan"))
    again = succeeded(administrator.post(path, body, key="mot-lan"))

    assert first == again
    assert first["under_way"] == 2  # the ledger tells them for the first time
