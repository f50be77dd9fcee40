"""Envelope and session of the national portal's mock."""

from datetime import UTC, datetime, timedelta

import pytest
from starlette.testclient import TestClient

from app.mocks.config import MockConfig
from app.mocks.server import create_app
from tests.mocks.samples import CODE, MAPI, Portal


def test_the_right_account_gets_a_session(portal: Portal) -> None:
    answer = portal.log_in()

    assert answer["error_code"] == 0
    assert portal.call("TraCuuHoSo", mahoso=CODE)["error_code"] == 0


@pytest.mark.parametrize(
    "wrong", [{"username": "khac"}, {"password": "khac"}, {"username": ""}, {"them": "1"}]
)
def test_another_account_gets_none(portal: Portal, wrong: dict[str, str]) -> None:
    answer = portal.log_in(**wrong)

    assert answer["error_code"] == -1
    assert "session" not in answer


@pytest.mark.parametrize("missing", ["Accept", "Charset", "dstcode", "Content-Type"])
def test_login_needs_each_header_of_the_contract(
    http: TestClient, config: MockConfig, missing: str
) -> None:
    headers = {
        "Accept": "application/json",
        "Charset": "utf-8",
        "dstcode": config.portal_dstcode,
        "Content-Type": "application/json",
    }
    headers[missing] = "text/plain"
    body = f'{{"username":"{config.portal_username}","password":"{config.portal_password}"}}'

    answer = http.post(
        f"{MAPI}/login",
        params={"dstcode": config.portal_dstcode},
        headers=headers,
        content=body.encode(),
    ).json()

    assert answer["error_code"] == -1
    assert missing.lower() in answer["message"].lower()


def test_the_destination_must_be_named(portal: Portal, http: TestClient) -> None:
    portal.log_in()
    body = {"session": portal.session, "madonvi": portal.config.portal_unit}

    answer = http.post(f"{MAPI}/g", json=body | {"service": "LayDanhSachTTHC"}).json()

    assert answer["error_code"] == -1
    assert "dstcode" in answer["message"]


@pytest.mark.parametrize("path", ["/national-portal/XrdAdapter/RestService/forward/mapi/g", ""])
def test_both_adapters_lead_to_the_portal_and_nothing_else_does(
    portal: Portal, http: TestClient, path: str
) -> None:
    portal.log_in()
    body = {
        "session": portal.session,
        "madonvi": portal.config.portal_unit,
        "service": "LayDanhSachTTHC",
    }
    dstcode = portal.config.portal_dstcode
    answer = http.post(path or "/national-portal/g", params={"dstcode": dstcode}, json=body)

    assert answer.status_code == (200 if path else 404)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ({"madonvi": "000.00.00.H45"}, "madonvi"),
        ({"service": "XoaHoSo"}, "không tồn tại"),
        ({"session": "khac"}, "hết hạn"),
        ({"session": 1}, "hết hạn"),
        ({"mahoso": ""}, "mahoso"),
        ({"mahoso": "H44"}, "mahoso"),
        ({"them": "1"}, "them"),
    ],
)
def test_a_wrong_envelope_is_refused_by_name(
    portal: Portal, http: TestClient, content: dict[str, object], complaint: str
) -> None:
    portal.log_in()
    body = {
        "session": portal.session,
        "madonvi": portal.config.portal_unit,
        "service": "TraCuuHoSo",
        "mahoso": CODE,
    }
    params = {"dstcode": portal.config.portal_dstcode}

    answer = http.post(f"{MAPI}/g", params=params, json=body | content).json()

    assert answer["error_code"] == -1
    assert complaint in answer["message"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b'{"a":1,"a":2}',
        b"\xff",
        b'{"a":NaN}',
        b'{"a":"\\ud800"}',
        b'{"a":' * 20000,
    ],
)
def test_what_is_no_json_object_is_refused(portal: Portal, http: TestClient, body: bytes) -> None:
    params = {"dstcode": portal.config.portal_dstcode}
    headers = {"Content-Type": "application/json"}

    answer = http.post(f"{MAPI}/g", params=params, headers=headers, content=body)

    assert answer.status_code == 200
    assert answer.json()["error_code"] == -1


def test_a_session_lasts_while_it_is_used_and_is_lost_when_it_is_not(config: MockConfig) -> None:
    at = datetime(2026, 8, 1, tzinfo=UTC)

    with TestClient(create_app(config, now=lambda: at)) as http:
        portal = Portal(http, config)
        portal.log_in()
        for _ in range(3):
            at += timedelta(seconds=config.session_idle_s)
            assert portal.call("LayDanhSachTTHC")["error_code"] == 0
        at += timedelta(seconds=config.session_idle_s + 1)

        answer = portal.call("LayDanhSachTTHC")
        assert answer["error_code"] == -1
        assert "hết hạn" in answer["message"]
        portal.log_in()
        assert portal.call("LayDanhSachTTHC")["error_code"] == 0


def test_sessions_can_be_ended_on_demand(portal: Portal, http: TestClient) -> None:
    portal.log_in()

    assert http.delete("/national-portal/_sessions").json() == {"expired": 1}
    assert portal.call("LayDanhSachTTHC")["error_code"] == -1


@pytest.mark.parametrize(
    ("wanted", "codes"),
    [("number", [0, 0, 0, 0]), ("text", ["00"] * 4), ("alternating", [0, "00", 0, "00"])],
)
def test_success_is_said_as_a_number_as_a_text_or_in_turns(
    portal: Portal, http: TestClient, wanted: str, codes: list[object]
) -> None:
    http.patch("/national-portal/_switches", json={"success_code": wanted})

    answers = [portal.log_in(), *(portal.call("LayDanhSachTTHC") for _ in range(3))]

    assert [answer["error_code"] for answer in answers] == codes
