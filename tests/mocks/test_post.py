"""The post's mock: strict on contract, each number once, tracks with a cursor."""

from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
from starlette.testclient import TestClient

from app.mocks.config import MockConfig

NUMBER = "H44.10-261122-0001"
ORDER: dict[str, Any] = {
    "CustomerCode": "KH-H44",
    "OrderNumber": NUMBER,
    "CODAmount": 35000,
    "SenderProvince": 29,
    "SenderDistrict": 0,
    "SenderAddress": "Số 1",
    "SenderName": "Bộ phận Một cửa",
    "SenderTel": "0000000044",
    "Description": "Kết quả",
    "ReceiverName": "Trần Thị Mẫu",
    "ReceiverAddress": "Số 2",
    "ReceiverTel": "0900000001",
    "ReceiverProvince": 29,
    "ReceiverDistrict": 0,
    "FlagConfig": 2,
}


@dataclass
class Client:
    http: TestClient
    token: str = ""

    def send(self, method: str, path: str, **parts: Any) -> httpx2.Response:  # noqa: ANN401  (httpx's)
        headers = {"Authorization": f"Bearer {self.token}"}
        return self.http.request(method, f"/post{path}", headers=headers, **parts)

    def place(self, path: str = "/postal/vnpost", **changes: Any) -> dict[str, Any]:  # noqa: ANN401  (a field of any kind)
        return dict(self.send("POST", path, json={**ORDER, **changes}).json())

    def tracks(self, **query: str) -> dict[str, Any]:
        params = {"pageSize": "100", "lastId": "0", "govAgencyCode": "H44", **query}
        return dict(self.send("GET", "/getOrderTracking", params=params).json())


@pytest.fixture
def post(http: TestClient, config: MockConfig) -> Client:
    keys = {"customerKey": config.post_customer_key, "secretKey": config.post_secret_key}
    client = Client(http)
    client.token = client.send("POST", "/getToken", json=keys).json()["Token"]
    return client


def test_wrong_keys_get_no_token_and_without_one_nothing_is_taken(post: Client) -> None:
    wrong = {"customerKey": "x", "secretKey": "y"}
    assert post.send("POST", "/getToken", json=wrong).json()["Status"] == "99"
    post.token = "khac"
    assert post.send("POST", "/postal/vnpost", json=ORDER).status_code == 401


def test_an_order_gets_a_waybill_and_a_first_track(post: Client) -> None:
    answer = post.place()

    assert answer["Status"] == "100"
    [track] = post.tracks(orderNumber=NUMBER)["Data"]
    assert (track["StatusCode"], track["ItemCode"]) == ("1", answer["ItemCode"])
    assert post.http.get(f"/post/_orders/{NUMBER}").json()["placed"] == 1


def test_the_same_number_again_is_refused_and_counted(post: Client) -> None:
    post.place()
    again = post.place("/postal/collectvnpost")

    assert (again["Status"], "đã tồn tại" in again["Message"]) == ("101", True)
    known = post.http.get(f"/post/_orders/{NUMBER}").json()
    assert (known["placed"], known["kind"]) == (2, "return")


@pytest.mark.parametrize(
    "wrong",
    [
        {"CODAmount": "35000"},
        {"CODAmount": -1},
        {"CODAmount": 1.5},
        {"FlagConfig": 1},
        {"FlagConfig": True},
        {"ReceiverProvince": "29"},
        {"ReceiverTel": "không"},
        {"ReceiverName": ""},
        {"OrderNumber": "x"},
        {"CustomerCode": "KH-KHAC"},
        {"Khac": 1},
    ],
    ids=str,
)
def test_what_is_against_the_contract_is_refused(post: Client, wrong: dict[str, Any]) -> None:
    assert post.place(**wrong)["Status"] == "99"
    assert post.http.get("/post/_orders").json()["orders"] == []


def test_an_order_is_cancelled_until_it_is_fetched(post: Client) -> None:
    def cancel(number: str = NUMBER) -> str:
        body = {"CustomerCode": "KH-H44", "OrderNumber": number}
        return str(post.send("POST", "/cancelOrder", json=body).json()["Status"])

    assert cancel() == "99"
    post.place()
    assert [cancel(), cancel()] == ["100", "100"]
    other = "H44.10-261122-0002"
    post.place(OrderNumber=other)
    post.http.post(f"/post/_orders/{other}/tracks", json={"StatusCode": "2"})
    assert cancel(other) == "99"


def test_tracks_are_read_with_a_cursor(post: Client) -> None:
    for n in range(3):
        post.place(OrderNumber=f"H44.10-261122-000{n + 1}")
    first = post.tracks(pageSize="2")["Data"]
    rest = post.tracks(lastId=str(first[-1]["Id"]))["Data"]

    assert [len(first), len(rest)] == [2, 1]
    assert [row["Id"] for row in first + rest] == sorted(row["Id"] for row in first + rest)
    for wrong in ({"pageSize": "0"}, {"pageSize": "x"}, {"lastId": "-1"}, {"govAgencyCode": "H1"}):
        assert post.tracks(**wrong)["Status"] == "99"


def test_a_parcel_is_moved_only_if_it_is_known(post: Client) -> None:
    path = f"/post/_orders/{NUMBER}/tracks"
    assert post.http.post(path, json={"StatusCode": "3"}).status_code == 404
    post.place()
    assert post.http.post(path, json={"StatusCode": "ba"}).status_code == 422
    assert post.http.post(path, json={"StatusCode": "3"}).status_code == 204
    assert post.tracks()["Data"][-1]["StatusName"] == "Đã giao"


def test_its_own_faults(post: Client) -> None:
    post.http.post("/post/_faults", json={"kind": "already_exists"})
    assert post.place()["Status"] == "101"
    assert post.http.get(f"/post/_orders/{NUMBER}").json()["placed"] == 1
    post.http.post("/post/_faults", json={"kind": "error_code", "error_code": 17})
    assert post.tracks()["Status"] == "17"
    post.http.post("/post/_faults", json={"kind": "expired_session"})
    assert post.send("POST", "/postal/vnpost", json=ORDER).status_code == 401
