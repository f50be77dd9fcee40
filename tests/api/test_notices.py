"""Notices over HTTP: who sees what was told, who mends what is stuck."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, text

from app.db.access import acting, connect
from app.domain.actor import Actor, Role
from app.domain.lifecycle import Status
from app.services import announcements
from tests.api.world import READERS, actor
from tests.builders import (
    CITIZEN,
    DISTRICT,
    JUSTICE,
    OTHER_CITIZEN,
    OTHER_DISTRICT,
    PROVINCE,
    Api,
    a_dossier,
    refused,
    succeeded,
)

EMAIL = "mau@example.vn"


@pytest.fixture(scope="module")
def told(api: Api) -> str:
    """A dossier with a contact that was accepted, everybody told, one notice stuck."""
    code = a_dossier(api)
    with api.owner.begin() as db:
        contact = {"contact": f'{{"email": "{EMAIL}"}}', "code": code}
        db.execute(
            text("UPDATE dossier SET contact = CAST(:contact AS jsonb) WHERE code = :code"), contact
        )
    api.receptionist().does(code, "acceptance")
    a_dossier(api, Status.IN_PROCESS, applicant=OTHER_CITIZEN)
    announcements.plan(api.app.state.doors.desk, now=api.clock())
    with api.owner.begin() as db:
        db.execute(
            text("""
                UPDATE message SET state = 'dead', answer_code = 'smtp_421', answer = 'bận'
                WHERE topic = 'accepted' AND address = :email
            """),
            {"email": EMAIL},
        )
    return code


def _items(answer: Any) -> list[dict[str, Any]]:  # noqa: ANN401  (a response)
    found: list[dict[str, Any]] = succeeded(answer)["items"]
    return found


def test_the_applicant_reads_what_was_told(api: Api, told: str) -> None:
    items = _items(api.citizen().get(f"/v1/dossiers/{told}/notices"))

    assert [item["topic"] for item in items] == ["received", "accepted"]
    assert {item["address"] for item in items} == {EMAIL}
    assert {item["recipient"] for item in items} == {"applicant"}
    assert told in items[1]["subject"]


def test_staff_read_it_with_the_address_masked_and_their_own_roles_notices(
    api: Api, told: str
) -> None:
    items = _items(api.receptionist().get(f"/v1/dossiers/{told}/notices"))

    by_recipient = {item["recipient"]: item for item in items}
    assert set(by_recipient) == {"applicant", "receptionist"}
    assert by_recipient["applicant"]["address"] == "m***@example.vn"
    assert by_recipient["receptionist"]["topic"] == "to_accept"


def test_who_may_not_see_the_dossier_does_not_see_what_was_told(api: Api, told: str) -> None:
    for person in (
        api.citizen(OTHER_CITIZEN),
        api.receptionist(OTHER_DISTRICT),
        api.person(Role.ADMINISTRATOR, PROVINCE),
    ):
        refused(person.get(f"/v1/dossiers/{told}/notices"), 404, "dossier.not_found")


def test_the_list_goes_by_pages(api: Api, told: str) -> None:
    path = f"/v1/dossiers/{told}/notices"
    first = succeeded(api.citizen().get(path, limit=1))
    second = succeeded(api.citizen().get(path, limit=1, after=first["next"]))

    assert [page["items"][0]["topic"] for page in (first, second)] == ["received", "accepted"]
    assert second["next"] is None


def test_a_desk_has_its_own_list_newest_first(api: Api, told: str) -> None:
    mine = _items(api.officer().get("/v1/notices"))

    assert {item["recipient"] for item in mine} == {"officer"}
    assert [item["id"] for item in mine] == sorted((item["id"] for item in mine), reverse=True)
    assert told in {item["code"] for item in mine}
    assert _items(api.officer(OTHER_DISTRICT).get("/v1/notices")) == []
    refused(api.citizen().get("/v1/notices"), 403, "message.role_refused")


def test_the_desks_list_goes_on_where_a_page_ended(api: Api, told: str) -> None:
    assert told
    first = succeeded(api.officer().get("/v1/notices", limit=1))
    second = succeeded(api.officer().get("/v1/notices", limit=1, after=first["next"]))

    assert first["items"][0]["id"] > second["items"][0]["id"]


def test_an_administrator_sees_what_is_stuck_without_its_text(api: Api, told: str) -> None:
    [stuck] = _items(api.person(Role.ADMINISTRATOR, DISTRICT).get("/v1/notices/stuck"))

    assert (stuck["code"], stuck["state"], stuck["answer"]) == (told, "dead", "bận")
    assert (stuck["body"], stuck["short"], stuck["address"]) == ("", "", "m***@example.vn")
    assert _items(api.person(Role.ADMINISTRATOR, JUSTICE).get("/v1/notices/stuck")) == []
    refused(api.receptionist().get("/v1/notices/stuck"), 403, "message.role_refused")


def test_only_what_is_stuck_is_sent_on_and_only_by_its_administrator(api: Api, told: str) -> None:
    assert told
    [stuck] = api.rows("SELECT id FROM message WHERE state = 'dead'")
    waiting = api.rows("SELECT id FROM message WHERE state = 'waiting' LIMIT 1")[0]
    path = f"/v1/notices/{stuck['id']}/resending"
    administrator = api.person(Role.ADMINISTRATOR, DISTRICT)

    refused(api.receptionist().post(path), 403, "message.role_refused")
    refused(api.person(Role.ADMINISTRATOR, JUSTICE).post(path), 404, "message.not_found")
    refused(administrator.post(f"/v1/notices/{waiting['id']}/resending"), 409, "message.not_stuck")
    refused(administrator.post(path, key=None), 400, "idempotency.key_missing")
    answers = [administrator.post(path, key="gui-lai") for _ in range(2)]

    assert [succeeded(answer) for answer in answers] == [
        {"id": stuck["id"], "channel": "email", "state": "waiting"}
    ] * 2
    with api.owner.begin() as db:
        db.execute(text("UPDATE message SET state = 'dead' WHERE id = :id"), {"id": stuck["id"]})


def test_a_person_chooses_a_channel_for_themselves_alone(api: Api) -> None:
    path = "/v1/me/notice-preference"
    citizen = api.citizen("025099000077")

    assert succeeded(citizen.get(path)) == {"channel": None}
    assert succeeded(citizen.send("PUT", path, json={"channel": "sms"})) == {"channel": "sms"}
    assert succeeded(citizen.send("PUT", path, json={"channel": "zalo"})) == {"channel": "zalo"}
    assert succeeded(citizen.get(path)) == {"channel": "zalo"}
    assert succeeded(api.citizen("025099000078").get(path)) == {"channel": None}
    refused(api.receptionist().get(path), 403, "message.role_refused")
    refused(citizen.send("PUT", path, json={"channel": "fax"}), 422, "request.invalid")


def test_an_administrator_sets_mailboxes_of_their_own_agencies(api: Api) -> None:
    administrator = api.person(Role.ADMINISTRATOR, DISTRICT)
    path = f"/v1/agencies/{DISTRICT}/notice-addresses/officer"
    box = {"email": "thu-ly@example.vn"}

    kept = succeeded(administrator.send("PUT", path, json=box))
    assert kept == {"agency": DISTRICT, "role": "officer", **box}
    assert _items(administrator.get("/v1/notice-addresses")) == [kept]
    assert _items(api.person(Role.ADMINISTRATOR, JUSTICE).get("/v1/notice-addresses")) == []
    elsewhere = f"/v1/agencies/{JUSTICE}/notice-addresses/officer"
    refused(administrator.send("PUT", elsewhere, json=box), 403, "agency.not_yours")
    to_analyst = f"/v1/agencies/{DISTRICT}/notice-addresses/analyst"
    refused(administrator.send("PUT", to_analyst, json=box), 403, "message.role_refused")
    refused(api.receptionist().send("PUT", path, json=box), 403, "message.role_refused")
    for wrong in ("khong-phai-thu", "a b@example.vn", "a@b@c", "<a@example.vn>"):
        answer = administrator.send("PUT", path, json={"email": wrong})
        refused(answer, 422, "request.invalid")


@pytest.fixture(scope="module")
def application(module_database: str) -> Iterator[Engine]:
    engine = connect(module_database)
    yield engine
    engine.dispose()


@pytest.mark.parametrize(("role", "who"), READERS, ids=str)
def test_without_any_filter_the_database_gives_no_more_than_the_reader_may_see(
    api: Api, told: str, application: Engine, role: Role, who: str | None
) -> None:
    assert told
    with acting(application, actor(role, who)) as tx:
        found = {row.id for row in tx.db.execute(text("SELECT id FROM message"))}
        dossiers = {row.id for row in tx.db.execute(text("SELECT id FROM dossier"))}

    expected = {
        row["id"]
        for row in api.rows(
            "SELECT message.*, agency.code AS agency FROM message"
            " JOIN agency ON agency.id = agency_id"
        )
        if _may_see(row, dossiers, role, who)
    }
    assert found == expected


def _may_see(row: dict[str, Any], dossiers: set[int], role: Role, who: str | None) -> bool:
    if row["recipient"] == "applicant" and row["dossier_id"] in dossiers:
        return True
    is_mine = who is not None and f"{row['agency']}.".startswith(f"{who}.")
    return is_mine and role in {row["recipient"], Role.ADMINISTRATOR}


def test_nobody_sees_or_writes_the_preference_of_somebody_else(
    api: Api, application: Engine
) -> None:
    citizen = api.citizen()
    path = "/v1/me/notice-preference"
    succeeded(citizen.send("PUT", path, json={"channel": "email"}))
    others = [
        Actor(id=OTHER_CITIZEN, role=Role.APPLICANT, name="", identity_number=OTHER_CITIZEN),
        actor(Role.RECEPTIONIST, PROVINCE),
        actor(Role.ADMINISTRATOR, PROVINCE),
    ]
    for other in others:
        with acting(application, other) as tx:
            seen = tx.db.execute(text("SELECT number FROM notice_preference")).scalars().all()
            changed = tx.db.execute(
                text("UPDATE notice_preference SET channel = 'sms' WHERE number = :number"),
                {"number": CITIZEN},
            ).rowcount
        assert CITIZEN not in seen
        assert changed == 0
