"""The post's client alone: each bad answer is the right fault, tracks only in order."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from app.domain.parcels import ParcelKind
from app.integrations.post import (
    Contact,
    Customer,
    Order,
    Post,
    PostContractBroken,
    PostRefused,
    PostUnavailable,
)

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
OFFICE = Contact("Một cửa", "0000000044", "Số 1", 29, 0)
PERSON = Contact("Trần Thị Mẫu", "0900000001", "Số 2", 30, 5, "mau@example.vn")
NUMBER = "H44.10-261122-0001"


def _post(answer: Callable[[httpx.Request], httpx.Response]) -> Post:
    def give(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/getToken":
            return httpx.Response(200, json={"Status": "100", "Token": "t", "ExpiresIn": 3600})
        return answer(request)

    http = httpx.Client(transport=httpx.MockTransport(give), base_url="http://post.test")
    return Post(http, Customer("k", "s", "KH", "H44", OFFICE))


@pytest.mark.parametrize(
    ("kind", "path", "sender", "receiver"),
    [
        (ParcelKind.RETURN, "/postal/vnpost", OFFICE, PERSON),
        (ParcelKind.COLLECT, "/postal/collectvnpost", PERSON, OFFICE),
    ],
)
def test_an_order_is_what_the_contract_says(
    kind: ParcelKind, path: str, sender: Contact, receiver: Contact
) -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={"Status": "100", "ItemCode": "BC1"})

    assert _post(answer).place(Order(NUMBER, kind, PERSON, 35_000, "Kết quả"), NOW) == "BC1"

    [request] = seen
    body = json.loads(request.content)
    assert request.url.path == path
    assert request.headers["Authorization"] == "Bearer t"
    assert (body["OrderNumber"], body["CODAmount"], body["FlagConfig"]) == (NUMBER, 35_000, 2)
    for side, contact in (("Sender", sender), ("Receiver", receiver)):
        assert body[f"{side}Name"] == contact.name
        assert body[f"{side}Tel"] == contact.phone
        assert body[f"{side}Province"] == contact.province
        assert body[f"{side}District"] == contact.district
        assert body.get(f"{side}Email", "") == contact.email


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (httpx.Response(502), PostUnavailable),
        (httpx.Response(429), PostUnavailable),
        (httpx.Response(401), PostUnavailable),
        (httpx.ReadTimeout("lâu"), PostUnavailable),
        (httpx.Response(404), PostContractBroken),
        (httpx.Response(200, text="<html>"), PostContractBroken),
        (httpx.Response(200, json={"Message": "x"}), PostContractBroken),
        (httpx.Response(200, json={"Status": "101", "Message": "đã tồn tại"}), PostRefused),
        (httpx.Response(200, json={"Status": None}), PostRefused),
    ],
    ids=str,
)
def test_each_bad_answer_is_the_right_fault(
    answer: httpx.Response | Exception, error: type[Exception]
) -> None:
    def give(_: httpx.Request) -> httpx.Response:
        if isinstance(answer, Exception):
            raise answer
        return answer

    with pytest.raises(error):
        _post(give).cancel(NUMBER, NOW)


def _row(number: int, **changes: Any) -> dict[str, Any]:  # noqa: ANN401  (a field of any kind)
    return {
        "Id": number,
        "OrderNumber": NUMBER,
        "ItemCode": "BC1",
        "StatusCode": "2",
        "StatusName": "Đang thu gom",
        "StatusDate": "20261123091500",
        **changes,
    }


def test_tracks_are_read_with_their_instant() -> None:
    post = _post(lambda _: httpx.Response(200, json={"Status": "100", "Data": [_row(8)]}))

    [track] = post.tracks(7, 10, NOW)

    assert (track.id, track.number, track.code) == (8, NUMBER, "2")
    assert track.occurred_at == datetime(2026, 11, 23, 2, 15, tzinfo=UTC)
    assert post.find(NUMBER, NOW) == "BC1"


def test_an_order_that_the_post_does_not_have_is_not_found() -> None:
    assert _post(lambda _: httpx.Response(200, json={"Status": "100"})).find(NUMBER, NOW) is None


@pytest.mark.parametrize(
    "rows",
    [
        [_row(7)],
        [_row(9), _row(8)],
        [_row(8), _row(8)],
        [_row(8, StatusDate="hôm qua")],
        [_row(8, Id="x")],
        [{"Id": 8}],
        [None],
        "x",
    ],
    ids=str,
)
def test_tracks_out_of_order_or_unreadable_are_not_believed(rows: object) -> None:
    post = _post(lambda _: httpx.Response(200, json={"Status": "100", "Data": rows}))

    with pytest.raises(PostContractBroken):
        post.tracks(7, 10, NOW)
