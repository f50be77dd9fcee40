"""The notices of the payment platform's mock, to a receiver that may misbehave."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from app.mocks.config import MockConfig
from app.mocks.payment_signature import is_signed
from app.mocks.server import create_app
from tests.mocks.conftest import Serve
from tests.mocks.samples import an_init

REFERENCE = "H44.01-260801-0001-1"


@dataclass
class Receiver:
    """Takes notices as the product would; each entry of `moods` spoils one answer."""

    moods: list[str] = field(default_factory=list)
    notices: list[dict[str, Any]] = field(default_factory=list)

    async def take(self, request: Request) -> Response:
        notice = await request.json()
        self.notices.append(notice)
        mood = self.moods.pop(0) if self.moods else ""
        answer = {
            "MaLoi": "00",
            "MaDoiTac": notice["MaDoiTac"],
            "MaThamChieu": notice["MaThamChieu"],
            "MaXacThuc": "x",
        }
        answers: dict[str, Response] = {
            "server error": JSONResponse(answer, 500),
            "refused": JSONResponse(answer | {"MaLoi": "99"}),
            "unsigned": JSONResponse(answer | {"MaXacThuc": ""}),
            "other order": JSONResponse(answer | {"MaThamChieu": "khac"}),
            "no json": Response("<html>"),
        }
        return answers.get(mood, JSONResponse(answer))


@contextmanager
def receiving(
    serve: Serve, config: MockConfig, *moods: str
) -> Iterator[tuple[Receiver, MockConfig]]:
    receiver = Receiver(list(moods))
    with serve(Starlette(routes=[Route("/", receiver.take, methods=["POST"])])) as url:
        yield receiver, replace(config, payment_confirm_url=f"{url}/")


def pay(http: TestClient, config: MockConfig, outcome: str = "paid") -> None:
    http.post("/payment/init", json=an_init(config))
    answer = http.post(f"/payment/pay/{REFERENCE}", json={"outcome": outcome})
    assert answer.status_code == 200


def notices(http: TestClient) -> list[dict[str, Any]]:
    return list(http.get(f"/payment/_orders/{REFERENCE}").json()["notices"])


def when_acknowledged(http: TestClient) -> dict[str, Any]:
    for _ in range(500):
        found = notices(http)
        if found and found[0]["acknowledged_at"]:
            return found[0]
        time.sleep(0.01)
    pytest.fail("the notice was never acknowledged")


@pytest.mark.parametrize(
    ("outcome", "code"), [("paid", "00"), ("failed", "99"), ("cancelled", "02")]
)
def test_the_outcome_is_told_once_and_signed(
    serve: Serve, config: MockConfig, outcome: str, code: str
) -> None:
    with receiving(serve, config) as (receiver, told), TestClient(create_app(told)) as http:
        pay(http, told, outcome)
        done = when_acknowledged(http)

    (notice,) = receiver.notices
    assert done["notice"] == notice
    assert done["attempts"] == 1
    assert not done["is_waiting"]
    assert (notice["LoaiBanTin"], notice["MaLoi"], notice["SoTien"]) == ("CONFIRM", code, 150000)
    assert is_signed(notice, told.payment_secret, "sha256")


def test_a_notice_is_repeated_until_it_is_acknowledged(serve: Serve, config: MockConfig) -> None:
    moods = ["server error", "refused", "unsigned", "other order", "no json"]

    with (
        receiving(serve, config, *moods) as (receiver, told),
        TestClient(create_app(told)) as http,
    ):
        pay(http, told)
        done = when_acknowledged(http)

    assert done["attempts"] == 6
    assert len(receiver.notices) == 6
    assert all(notice == receiver.notices[0] for notice in receiver.notices)
    assert [answer["status"] for answer in done["answers"]] == [500, 200, 200, 200, 200, 200]


def test_a_notice_outlives_a_restart_of_the_platform(serve: Serve, config: MockConfig) -> None:
    with TestClient(create_app(config)) as http:  # nobody listens yet
        pay(http, config)
        while not notices(http)[0]["attempts"]:
            time.sleep(0.01)
        assert notices(http)[0]["is_waiting"]

    with receiving(serve, config) as (receiver, told), TestClient(create_app(told)) as http:
        assert when_acknowledged(http)["answers"][0]["status"] is None
    assert len(receiver.notices) == 1


WRONG: dict[str, dict[str, object]] = {
    "wrong_amount": {"SoTien": 151000},
    "wrong_order": {"MaThamChieu": f"{REFERENCE}-khac"},
    "wrong_merchant": {"MaDoiTac": "DT01X"},
    "wrong_currency": {"MaTienTe": "USD"},
}


@pytest.mark.parametrize("fault", [*WRONG, "wrong_signature"])
def test_a_wrong_notice_differs_in_one_thing_and_settles_nothing(
    serve: Serve, config: MockConfig, fault: str
) -> None:
    with (
        receiving(serve, config, "refused") as (receiver, told),
        TestClient(create_app(told)) as http,
    ):
        http.post("/payment/init", json=an_init(told))
        answer = http.post(f"/payment/_notices/{REFERENCE}", json={"fault": fault}).json()
        order = http.get(f"/payment/_orders/{REFERENCE}").json()

    (notice,) = receiver.notices
    assert answer["sent"][0]["notice"] == notice
    assert (answer["sent"][0]["status"], answer["sent"][0]["body"]["MaLoi"]) == (200, "99")
    right: dict[str, object] = {
        "SoTien": 150000,
        "MaThamChieu": REFERENCE,
        "MaDoiTac": "DT01",
        "MaTienTe": "VND",
    }
    wanted = right | WRONG.get(fault, {})
    assert {name: notice[name] for name in right} == wanted
    is_right = is_signed(notice, told.payment_secret, "sha256")
    assert is_right is (fault != "wrong_signature")
    assert order["status"] == "waiting"
    assert order["notices"][0]["fault"] == fault
    assert not order["notices"][0]["is_waiting"]


@pytest.mark.parametrize(
    ("fault", "codes"),
    [(None, ["00"]), ("duplicate", ["00", "00"]), ("failed_then_paid", ["99", "00"])],
)
def test_a_true_notice_by_hand_settles_the_order(
    serve: Serve, config: MockConfig, fault: str | None, codes: list[str]
) -> None:
    with receiving(serve, config) as (receiver, told), TestClient(create_app(told)) as http:
        http.post("/payment/init", json=an_init(told))
        body = {} if fault is None else {"fault": fault}
        answer = http.post(f"/payment/_notices/{REFERENCE}", json=body).json()
        order = http.get(f"/payment/_orders/{REFERENCE}").json()

    assert [notice["MaLoi"] for notice in receiver.notices] == codes
    assert [sent["status"] for sent in answer["sent"]] == [200] * len(codes)
    assert order["status"] == "paid"
    assert all(notice["acknowledged_at"] for notice in order["notices"])
    assert (receiver.notices[0] == receiver.notices[-1]) is (fault != "failed_then_paid")


def test_a_late_notice_tells_of_a_payment_of_days_ago(serve: Serve, config: MockConfig) -> None:
    with receiving(serve, config) as (receiver, told), TestClient(create_app(told)) as http:
        http.post("/payment/init", json=an_init(told))
        http.post(f"/payment/_notices/{REFERENCE}", json={"fault": "late"})
        settled = http.get(f"/payment/_orders/{REFERENCE}").json()["settled_at"]

    assert receiver.notices[0]["ThoiGianGD"][:8] < settled[:10].replace("-", "")


def test_an_unknown_fault_is_refused(http: TestClient, config: MockConfig) -> None:
    http.post("/payment/init", json=an_init(config))

    assert http.post(f"/payment/_notices/{REFERENCE}", json={"fault": "x"}).status_code == 422
    assert notices(http) == []
