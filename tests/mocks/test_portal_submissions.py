"""Dossiers handed in at the portal's mock, to a receiver that may misbehave."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from app.mocks.config import MockConfig
from app.mocks.server import create_app
from tests.mocks.conftest import Serve
from tests.mocks.samples import Portal

PATH = "/national-portal/_submissions"
TAKEN = {"error_code": 0, "message": "ok"}


@dataclass
class Receiver:
    """Takes dossiers as the product would; each entry of `moods` spoils one answer."""

    moods: list[str] = field(default_factory=list)
    taken: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)

    async def take(self, request: Request) -> Response:
        secret = request.headers["authorization"]
        self.taken.append((request.url.path, secret, await request.json()))
        answers: dict[str, Response] = {
            "server error": JSONResponse(TAKEN, 500),
            "error": JSONResponse({"error_code": -1, "message": "?"}),
            "duplicate": JSONResponse({"error_code": 1, "message": "?"}),
            "no json": Response("<html>"),
        }
        return answers.get(self.moods.pop(0) if self.moods else "", JSONResponse(TAKEN))


@contextmanager
def receiving(
    serve: Serve, config: MockConfig, *moods: str
) -> Iterator[tuple[Receiver, TestClient]]:
    receiver = Receiver(list(moods))
    app = Starlette(routes=[Route("/{service}", receiver.take, methods=["POST"])])
    with serve(app) as url:
        told = replace(config, portal_submission_url=url, notice_backoff_s=0.005)
        with TestClient(create_app(told)) as http:
            yield receiver, http


def _sent(http: TestClient, code: str, count: int = 1) -> list[dict[str, Any]]:
    """Wait until everything of a dossier was taken."""
    deadline = time.monotonic() + 10
    while True:
        found: list[dict[str, Any]] = http.get(f"{PATH}/{code}").json()["sent"]
        if len(found) == count and all(sent["acknowledged_at"] for sent in found):
            return found
        assert time.monotonic() < deadline, found
        time.sleep(0.005)


def _hand_in(http: httpx2.Client, **body: object) -> dict[str, Any]:
    answer = http.post(PATH, json=body)
    assert answer.status_code == 201, answer.text
    return dict(answer.json()["message"])


def test_it_is_sent_until_it_is_taken_and_known_from_the_start(
    serve: Serve, config: MockConfig
) -> None:
    moods = ("server error", "no json", "error", "duplicate")
    with receiving(serve, config, *moods) as (receiver, http):
        message = _hand_in(http)
        [sent] = _sent(http, message["MaHoSo"])
        held = http.get(f"/national-portal/_dossiers/{message['MaHoSo']}").json()

    assert sent["attempts"] == len(moods)
    assert [body for _, _, body in receiver.taken] == [message] * len(moods)
    assert receiver.taken[0][:2] == ("/nhanhsdvcqg", f"Bearer {config.portal_submission_secret}")
    assert held["dossier"]["TrangThaiHoSo"] == "1"
    assert held["told"] == []


def test_its_files_are_behind_links_with_their_hash(portal: Portal) -> None:
    message = _hand_in(portal.http)
    [first, _] = message["TaiLieuNop"]
    path = first["DuongDanTaiTepTin"].removeprefix(portal.config.public_url)

    answer = portal.http.get(path)

    assert sha256(answer.content).hexdigest() == first["HashTepTin"]
    assert portal.http.get(f"{path}x").status_code == 404
    found = portal.http.get(f"{PATH}/{message['MaHoSo']}").json()
    assert [file["fetched"] for file in found["files"]] == [1, 0]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"message": {"TrangThaiHoSo": "4"}}, "TrangThaiHoSo"),
        ({"message": {"MaDoiTuong": None, "ChuHoSo": ""}}, "ChuHoSo"),
        ({"service": "khac"}, "service"),
        ({"fault": "khac"}, "fault"),
        ({"files": {"1": "*"}}, "files"),
        ({"service": "addtthcKhuyenMai", "message": {"MaSoThue": "1"}}, "MaSoThue"),
    ],
)
def test_what_breaks_the_contract_is_not_sent_by_mistake(
    http: TestClient, body: dict[str, Any], told: str
) -> None:
    answer = http.post(PATH, json=body)

    assert answer.status_code == 422
    assert told in answer.json()["detail"]
    assert http.get(PATH).json()["submissions"] == []


def test_on_purpose_it_is_sent_and_not_known(http: TestClient) -> None:
    message = _hand_in(http, strict=False, message={"TrangThaiHoSo": "4"})

    known = http.get(f"/national-portal/_dossiers/{message['MaHoSo']}")
    assert known.status_code == 404


def test_twice_another_content_late_and_with_a_wrong_secret(
    serve: Serve, config: MockConfig
) -> None:
    with receiving(serve, config) as (receiver, http):
        twice = _hand_in(http, fault="duplicate")["MaHoSo"]
        _sent(http, twice, 2)
        changed = _hand_in(http, fault="changed")["MaHoSo"]
        one, other = _sent(http, changed, 2)
        late = _hand_in(http, fault="out_of_order")["MaHoSo"]
        next_one = _hand_in(http, fault="wrong_secret")["MaHoSo"]
        _sent(http, next_one)
        _sent(http, late)

    assert one["message"] != other["message"]
    order = [body["MaHoSo"] for _, _, body in receiver.taken]
    assert order == [twice, twice, changed, changed, next_one, late]
    assert receiver.taken[4][1] == f"Bearer {config.portal_submission_secret[::-1]}"


def test_a_promotion_is_answered_with_its_own_status(portal: Portal) -> None:
    message = _hand_in(portal.http, service="addtthcKhuyenMai")
    row = {
        "TrangThai": "11",
        "MaHoSo": message["MaHoSo"],
        "MaHoSoDonVi": "H44.01-261130-0001",
        "NoiDung": "Từ chối tiếp nhận",
        "NgayXuLy": "20261130090000",
        "TaiLieuXuLy": [],
    }
    send = "DongBoTrangThaiHoSoKM"

    assert portal.call(send, data=[row | {"TrangThai": "3"}])["error_code"] == -1
    assert portal.call(send, data=[row])["error_code"] == 0
    again = portal.call(send, data=[row])
    assert (again["error_code"], "đã tồn tại" in again["message"]) == (3, True)
    assert portal.call(send, data=[row | {"TrangThai": "2"}])["error_code"] == -1
    assert portal.call(send, data=[row | {"MaHoSo": "H44.01-261130-0009"}])["error_code"] == -1
    held = portal.http.get(f"/national-portal/_dossiers/{message['MaHoSo']}").json()
    assert [entry["status"] for entry in held["told"]] == ["3"]


def test_links_of_files_can_misbehave(http: TestClient, config: MockConfig) -> None:
    message = _hand_in(http)
    path = message["TaiLieuNop"][0]["DuongDanTaiTepTin"].removeprefix(config.public_url)
    http.post("/national-portal/_faults", json={"kind": "http_503", "service": "file"})

    assert http.get(path).status_code == 503
    assert http.get(path).status_code == 200
