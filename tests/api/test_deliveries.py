"""The ledger to partners over HTTP: who sees what of it, why it stands, letting it go on."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from app.domain.actor import Role
from app.domain.deliveries import BREAKS_AFTER
from app.domain.lifecycle import Status
from app.services import deliveries
from app.services.desk import Desk
from tests.api.world import READERS, World, a_world, reader
from tests.builders import (
    DISTRICT,
    JUSTICE,
    OTHER_DISTRICT,
    PROVINCE,
    Api,
    Json,
    Person,
    a_dossier,
    refused,
    succeeded,
)

PATH = "/v1/deliveries"


@pytest.fixture(scope="module")
def world(api: Api) -> World:
    return a_world(api)


@pytest.fixture
def administrator(own_api: Api) -> Person:
    return own_api.person(Role.ADMINISTRATOR, PROVINCE)


def _drain(api: Api) -> None:
    desk: Desk = api.app.state.doors.desk
    with ThreadPoolExecutor(2) as pool:
        deliveries.drain(desk, api.clock, threads=pool, hands=2)


def _fault(api: Api, kind: str, **given: Json) -> None:
    url = f"{api.settings.portal}/_faults"
    httpx.post(url, json={"kind": kind, **given}, trust_env=False).raise_for_status()


def _all(person: Person, **query: Json) -> list[dict[str, Any]]:
    """Read a list to its end, following the cursor."""
    found: list[dict[str, Any]] = []
    page = succeeded(person.get(PATH, limit=7, **query))
    while True:
        found += page["items"]
        if page["next"] is None:
            return found
        page = succeeded(person.get(PATH, limit=7, after=page["next"], **query))


@pytest.mark.parametrize(("role", "who"), READERS, ids=str)
def test_everybody_sees_exactly_the_deliveries_of_their_agencies(
    api: Api, world: World, role: Role, who: str | None
) -> None:
    person = reader(api, role, who)
    if role in {Role.APPLICANT, Role.ANALYST, Role.PARTNER}:
        refused(person.get(PATH), 403, "delivery.role_refused")
        refused(person.get(f"{PATH}/summary"), 403, "delivery.role_refused")
        return
    mine = {
        row["id"]
        for row in world.dossiers
        if any(
            world.agencies[place] == who or world.agencies[place].startswith(f"{who}.")
            for place in row["agency_ids"]
        )
    }
    expected = [
        row["id"]
        for row in api.rows("SELECT id, dossier_id FROM delivery ORDER BY id")
        if row["dossier_id"] in mine
    ]

    assert [item["id"] for item in _all(person)] == expected
    counted = succeeded(person.get(f"{PATH}/summary"))["items"]
    assert sum(line["waiting"] for line in counted) == len(expected)


def test_nobody_reads_anything_of_the_applicant_there(api: Api, world: World) -> None:
    person = api.person(Role.ADMINISTRATOR, PROVINCE)
    first = _all(person)[0]["id"]

    shown = person.get(PATH).text + person.get(f"{PATH}/{first}").text

    for row in world.dossiers:
        assert row["applicant_name"] not in shown
        assert row["applicant_number"] not in shown


def test_what_belongs_to_another_agency_is_not_there(api: Api, world: World) -> None:
    assert world.dossiers
    own = {item["id"] for item in _all(api.officer(JUSTICE))}
    foreign = next(
        item["id"] for item in _all(api.officer(OTHER_DISTRICT)) if item["id"] not in own
    )

    refused(api.officer(JUSTICE).get(f"{PATH}/{foreign}"), 404, "delivery.not_found")
    refused(api.officer(JUSTICE).post(f"{PATH}/{foreign}/retry"), 404, "delivery.not_found")


def test_a_list_is_narrowed_by_each_of_its_filters(own_api: Api, administrator: Person) -> None:
    first = a_dossier(own_api, Status.IN_PROCESS)
    own_api.clock.move(hours=2)
    second = a_dossier(own_api, Status.ACCEPTED)

    def codes(**query: Json) -> list[str]:
        return [item["dossier"] for item in _all(administrator, **query)]

    assert codes() == [first] * 3 + [second] * 2
    assert codes(dossier=second) == [second] * 2
    assert codes(partner="payment_platform") == []
    assert codes(kind="dossier_event", partner="national_portal") == codes()
    assert codes(state="acknowledged") == []
    assert codes(min_age_s=3600) == [first] * 3
    assert codes(agency=DISTRICT) == codes()
    assert codes(agency=JUSTICE) == []
    assert codes(parked=True) == []
    _drain(own_api)
    assert codes() == []
    assert codes(state="acknowledged") == [first] * 3 + [second] * 2
    assert codes(dossier=first) == [first] * 3


def test_a_delivery_tells_why_it_stands_and_which_one_is_at_the_head(
    own_api: Api, administrator: Person
) -> None:
    code = a_dossier(own_api, Status.ACCEPTED)
    _fault(own_api, "error_code", service="DongBoHoSoMC", error_code=-9, message="Sai mã thủ tục")
    _drain(own_api)

    head, waiting = _all(administrator, dossier=code)

    assert (head["state"], head["answer_code"]) == ("blocked", "-9")
    assert head["reason"].startswith("Đối tác từ chối, mã -9: ")
    assert "Sai mã thủ tục" in head["reason"]
    assert head["held_back_by"] is None
    assert waiting["held_back_by"] == {"id": head["id"], "seq": 1, "state": "blocked"}
    assert waiting["reason"] == (
        "Chờ bản tin số 1 của cùng hồ sơ (bị chặn): các bước phải được báo đúng thứ tự."
    )
    shown = succeeded(administrator.get(f"{PATH}/{head['id']}"))
    [attempt] = shown["attempts_made"]
    assert (attempt["n"], attempt["outcome"], attempt["code"]) == (1, "blocked", "-9")
    assert "Sai mã thủ tục" in attempt["answer"]
    assert attempt["answer"] == shown["answer"]
    assert len(attempt["body_sha256"]) == 64
    assert attempt["payload_version"] == shown["payload_version"] == 2
    assert shown["acts"] == []


def test_what_was_mended_is_sent_again_and_all_that_waited_behind_it(
    own_api: Api, administrator: Person
) -> None:
    code = a_dossier(own_api, Status.IN_PROCESS)
    _fault(own_api, "error_code", service="DongBoHoSoMC", error_code=-9)
    _drain(own_api)
    head = _all(administrator, dossier=code)[0]["id"]

    told = succeeded(administrator.post(f"{PATH}/{head}/retry", {"reason": "Đã khai báo mã"}))
    _drain(own_api)

    assert told["state"] == "waiting"
    assert [item["state"] for item in _all(administrator, dossier=code)] == ["acknowledged"] * 3
    shown = succeeded(administrator.get(f"{PATH}/{head}"))
    assert [(act["act"], act["reason"]) for act in shown["acts"]] == [("retry", "Đã khai báo mã")]
    assert shown["attempts"] == 2
    refused(administrator.post(f"{PATH}/{head}/retry"), 409, "delivery.act_refused")


def test_what_is_parked_is_not_sent_until_it_is_taken_back(
    own_api: Api, administrator: Person
) -> None:
    code, free = a_dossier(own_api, Status.ACCEPTED), a_dossier(own_api)
    number = _all(administrator, dossier=code)[0]["id"]
    parking = f"{PATH}/{number}/parking"

    refused(administrator.post(parking, {}), 422, "request.invalid")
    parked = succeeded(administrator.post(parking, {"reason": "Chờ cổng sửa danh mục"}))
    refused(administrator.post(parking, {"reason": "Lần nữa"}), 409, "delivery.act_refused")
    refused(administrator.post(f"{PATH}/{number}/retry"), 409, "delivery.act_refused")
    _drain(own_api)

    assert parked["state"] == "blocked"
    assert parked["parked_at"] is not None
    assert [item["id"] for item in _all(administrator, parked=True)] == [number]
    assert [item["state"] for item in _all(administrator, dossier=code)] == ["blocked", "waiting"]
    assert [item["state"] for item in _all(administrator, dossier=free)] == ["acknowledged"]
    assert succeeded(administrator.get(f"{PATH}/summary"))["items"][0]["parked"] == 1
    succeeded(administrator.post(f"{PATH}/{number}/unparking", {"reason": "Danh mục đã sửa"}))
    _drain(own_api)
    assert [item["state"] for item in _all(administrator, dossier=code)] == ["acknowledged"] * 2


def test_staff_of_the_agency_may_retry_but_not_park(own_api: Api) -> None:
    a_dossier(own_api)
    officer = own_api.officer()
    [item] = _all(officer)

    refused(
        officer.post(f"{PATH}/{item['id']}/parking", {"reason": "Gác"}),
        403,
        "delivery.role_refused",
    )
    succeeded(officer.post(f"{PATH}/{item['id']}/retry"))


def test_a_repeated_request_gets_the_same_answer_and_acts_once(
    own_api: Api, administrator: Person
) -> None:
    a_dossier(own_api)
    [item] = _all(administrator)
    body = {"reason": "Chờ"}

    answers = [
        administrator.post(f"{PATH}/{item['id']}/parking", body, key="mot-lan") for _ in range(2)
    ]

    assert answers[0].status_code == answers[1].status_code == 200
    assert answers[0].json() == answers[1].json()
    assert own_api.row("SELECT count(*) AS n FROM delivery_act")["n"] == 1


def test_a_partner_that_does_not_answer_is_left_alone_and_shown_as_such(
    own_api: Api, administrator: Person
) -> None:
    _fault(own_api, "http_503", times=None)
    for _ in range(BREAKS_AFTER + 1):
        a_dossier(own_api)
        _drain(own_api)

    portal = succeeded(administrator.get(f"{PATH}/summary"))["items"][0]
    assert portal["breaker"]["is_open"]
    assert portal["breaker"]["reason"] == "HTTP 503"
    assert portal["waiting"] == BREAKS_AFTER + 1
    untried = own_api.rows("SELECT id FROM delivery WHERE attempts = 0")
    assert untried, "no attempt is spent on a partner that does not answer"
    said = succeeded(administrator.get(f"{PATH}/{untried[0]['id']}"))["reason"]
    assert said.startswith("Đối tác không trả lời nên tạm ngừng gọi; thử lại lúc ")
