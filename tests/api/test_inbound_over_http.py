"""The portal's door and the quarantine over HTTP, with the portal's mock as the caller."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import httpx2
import pytest

from app.domain.actor import Role
from app.services import inbound_work
from tests.builders import CITIZEN, JUSTICE, PROVINCE, Api, Person, refused, succeeded

DOOR = "/v1/notices/portal/nhanhsdvcqg"


@pytest.fixture
def administrator(api: Api) -> Person:
    return api.person(Role.ADMINISTRATOR, PROVINCE)


def _message(api: Api, **changes: object) -> dict[str, Any]:
    body = {"strict": False, "message": {"NgayNopHoSo": "20261005083000", **changes}}
    answer = httpx.post(f"{api.settings.portal}/_submissions", json=body, trust_env=False)
    found: dict[str, Any] = answer.raise_for_status().json()["message"]
    return found


def _hand_on(api: Api, message: object, secret: str | None = None) -> httpx2.Response:
    known = api.settings.portal_inbound_secret.get_secret_value()
    return api.http.post(DOOR, json=message, headers={"Authorization": f"Bearer {secret or known}"})


def _work(api: Api) -> None:
    desk = api.app.state.doors.desk
    with ThreadPoolExecutor(1) as pool:
        while inbound_work.work(desk, api.clock, threads=pool, batch=1):
            pass


def test_from_the_portal_to_the_citizens_own_list(api: Api) -> None:
    message = _message(api)
    assert _hand_on(api, message).json()["error_code"] == 0
    assert _hand_on(api, message).json()["error_code"] == 1
    _work(api)

    code = api.row(
        "SELECT dossier.code FROM dossier JOIN portal_origin ON dossier_id = id"
        " WHERE portal_origin.code = :code",
        code=message["MaHoSo"],
    )["code"]
    listed = succeeded(api.citizen(CITIZEN).get("/v1/dossiers"))["items"]
    assert code in {found["code"] for found in listed}
    shown = succeeded(api.citizen(CITIZEN).get(f"/v1/dossiers/{code}"))
    assert shown["portal"]["code"] == message["MaHoSo"]
    accepted = api.receptionist(JUSTICE).does(code, "acceptance", {})
    assert accepted["status"] == "accepted"


@pytest.mark.parametrize("secret", ["khac", "sample-portal-inbound-secre"])
def test_who_is_not_the_portal_leaves_nothing(api: Api, secret: str) -> None:
    before = api.row("SELECT count(*) AS n FROM inbound")
    assert _hand_on(api, _message(api), secret).json()["error_code"] == -1
    assert api.http.post(DOOR, json={}).json()["error_code"] == -1

    assert api.row("SELECT count(*) AS n FROM inbound") == before


def test_an_administrator_sees_the_fault_and_mends_its_place(
    api: Api, administrator: Person
) -> None:
    message = _message(api, LoaiDoiTuong="7")
    _hand_on(api, message)
    _work(api)

    page = succeeded(administrator.get("/v1/inbound", portal_code=message["MaHoSo"]))
    [stands] = page["items"]
    assert (stands["state"], stands["faults"][0]["pointer"]) == ("quarantined", "/LoaiDoiTuong")
    assert CITIZEN not in str(stands)
    path = f"/v1/inbound/{stands['id']}"
    form = {"reason": "Cổng xác nhận là công dân", "changes": {"/LoaiDoiTuong": "1"}}
    mended = succeeded(administrator.post(f"{path}/mending", form))
    assert (mended["state"], mended["is_corrected"]) == ("waiting", True)
    _work(api)
    done = succeeded(administrator.get(path))
    assert done["state"] == "entered"
    assert done["dossier"]
    assert [act["changed"] for act in done["acts"]] == [["/LoaiDoiTuong"]]
    refused(administrator.post(f"{path}/replay", {"reason": "x"}), 409, "inbound.act_refused")


def test_what_is_discarded_leaves_the_list_with_a_reason(api: Api, administrator: Person) -> None:
    message = _message(api, LoaiDoiTuong="7")
    _hand_on(api, message)
    _work(api)
    [stands] = succeeded(administrator.get("/v1/inbound", portal_code=message["MaHoSo"]))["items"]
    path = f"/v1/inbound/{stands['id']}"
    refused(administrator.post(f"{path}/discard", {"reason": " "}), 422, "request.invalid")
    refused(
        api.receptionist(JUSTICE).post(f"{path}/discard", {"reason": "x"}),
        403,
        "inbound.role_refused",
    )

    gone = succeeded(administrator.post(f"{path}/discard", {"reason": "Cổng gửi thử"}))

    assert gone["state"] == "discarded"
    listed = succeeded(administrator.get("/v1/inbound", limit=100))["items"]
    assert stands["id"] not in {one["id"] for one in listed}
    [act] = succeeded(administrator.get(path))["acts"]
    assert (act["act"], act["reason"]) == ("discard", "Cổng gửi thử")
    refused(administrator.post(f"{path}/discard", {"reason": "x"}), 409, "inbound.act_refused")


def test_lists_go_on_after_their_cursor_and_are_for_administrators(
    api: Api, administrator: Person
) -> None:
    for _ in range(2):
        _hand_on(api, _message(api, TrangThaiHoSo="4"))
    _work(api)
    first = succeeded(administrator.get("/v1/inbound", limit=1, state="quarantined"))
    second = succeeded(
        administrator.get("/v1/inbound", limit=1, state="quarantined", after=first["next"])
    )
    assert first["items"][0]["id"] < second["items"][0]["id"]
    refused(api.receptionist(JUSTICE).get("/v1/inbound"), 403, "inbound.role_refused")
    refused(administrator.get("/v1/inbound/999999"), 404, "inbound.not_found")
