"""A clerk's day with the queue as HTTP calls; people are let in by name, not by token."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from starlette.testclient import TestClient

from app.domain.actor import Actor, Role
from app.domain.lifecycle import Status
from app.integrations.identity import TokenRefused
from app.main import build
from tests.queue.office import (
    DISTRICT,
    OTHER_DISTRICT,
    TUESDAY,
    Office,
    an_office,
    citizen,
    settings_for,
    staff,
)

PEOPLE = {
    actor.id: actor
    for actor in (
        staff(),
        staff(account="officer-2"),
        staff(Role.RECEPTIONIST),
        staff(Role.APPROVER),
        staff(Role.ANALYST),
        staff(agency=OTHER_DISTRICT),
        citizen("025900000001"),
    )
}
OFFICER, DESK, CHIEF = f"officer@{DISTRICT}", f"receptionist@{DISTRICT}", f"approver@{DISTRICT}"


class ByName:
    """Lets people in by their account: what a token is worth is tested elsewhere."""

    def remembered(self, token: str, now: datetime) -> Actor | None:  # noqa: ARG002  (a guard)
        return PEOPLE.get(token)

    def check(self, token: str, now: datetime) -> Actor:  # noqa: ARG002  (a guard)
        raise TokenRefused(f"Không biết {token}.")


@dataclass
class Desk:
    """The application called in-process, with a clock that a test moves."""

    http: TestClient
    office: Office
    now: datetime = TUESDAY

    def send(self, who: str, method: str, path: str, **parts: Any) -> httpx2.Response:  # noqa: ANN401
        headers = {"Authorization": f"Bearer {who}", **parts.pop("headers", {})}
        return self.http.request(method, path, headers=headers, **parts)

    def get(self, who: str, path: str, **query: object) -> dict[str, Any]:
        answer = self.send(who, "GET", path, params=query or None)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def post(
        self, who: str, path: str, body: object = None, *, key: str | None = None
    ) -> httpx2.Response:
        headers = {"Idempotency-Key": key or str(uuid4())}
        return self.send(who, "POST", path, json=body or {}, headers=headers)


@contextmanager
def opened(database: str, data_dir: Path) -> Iterator[Desk]:
    with an_office(database, data_dir) as office:
        app = build(settings_for(database, data_dir))
        with TestClient(app, "http://motcua.test") as http:
            found = Desk(http, office)
            app.state.doors = replace(app.state.doors, guard=ByName(), now=lambda: found.now)
            yield found


@pytest.fixture(scope="module")
def desk(module_database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with opened(module_database, tmp_path_factory.mktemp("calls")) as found:
        yield found


@pytest.fixture
def own_desk(database: str, tmp_path: Path) -> Iterator[Desk]:
    with opened(database, tmp_path) as found:
        yield found


def refused(answer: httpx2.Response, status: int, code: str) -> dict[str, Any]:
    problem: dict[str, Any] = answer.json()
    assert (answer.status_code, problem["code"]) == (status, code), problem
    assert answer.headers["content-type"] == "application/problem+json"
    return problem


def test_a_day_with_the_queue(own_desk: Desk) -> None:
    due_at = TUESDAY.replace(hour=11, minute=30) + timedelta(days=2)
    urgent, later = own_desk.office.write(
        [
            own_desk.office.a_row(Status.ACCEPTED, due_at=due_at),
            own_desk.office.a_row(Status.ACCEPTED, due_at=due_at + timedelta(days=4)),
        ]
    )
    counts = own_desk.get(OFFICER, "/v1/queue/counts")
    assert counts["tabs"]["desk"] == {"count": 2, "exact": True}
    assert counts["tabs"]["mine"] == {"count": 0, "exact": True}
    assert counts["statuses"] == {"accepted": {"count": 2, "exact": True}}

    first = own_desk.send(OFFICER, "GET", "/v1/queue", params={"tab": "desk", "limit": 1})
    [item] = first.json()["items"]
    assert (item["code"], item["in_words"]) == (urgent, "còn 2 ngày 2 giờ")
    assert item["remaining_minutes"] == 2 * 480 + 150
    assert item["possible_acts"] == ["request_supplement", "start", "request_payment"]
    link = first.headers["Link"].removeprefix("<").split(">")[0]
    assert "tab=desk" in link
    [item] = own_desk.get(OFFICER, link)["items"]
    assert item["code"] == later

    held = own_desk.post(OFFICER, f"/v1/dossiers/{urgent}/claim")
    assert held.json()["claimed_until"].startswith("2026-10-06T09:30:00")
    assert [item["code"] for item in own_desk.get(OFFICER, "/v1/queue", tab="mine")["items"]] == [
        urgent
    ]
    problem = refused(
        own_desk.send(
            "officer-2", "POST", f"/v1/dossiers/{urgent}/processing", headers={"If-Match": '"1"'}
        ),
        409,
        "dossier.claimed",
    )
    assert problem["claimed_name"] == PEOPLE[OFFICER].name
    assert "09:30 ngày 06/10/2026" in problem["detail"]
    refused(own_desk.post("officer-2", f"/v1/dossiers/{urgent}/claim"), 409, "dossier.claimed")
    refused(own_desk.post("officer-2", f"/v1/dossiers/{urgent}/release"), 409, "dossier.not_held")

    given = own_desk.post(
        CHIEF, f"/v1/dossiers/{urgent}/assignment", {"account": "officer-2", "name": "Cán bộ 2"}
    )
    assert given.json()["assigned_name"] == "Cán bộ 2"
    assert given.json()["claimed_by"] is None
    [item] = own_desk.get("officer-2", "/v1/queue", tab="mine")["items"]
    assert (item["code"], item["assigned_name"]) == (urgent, "Cán bộ 2")

    today = "2026-10-06"
    wish = {"to_account": OFFICER, "to_name": "Thay", "first_on": today, "last_on": today}
    made = own_desk.post("officer-2", "/v1/delegations", {**wish, "reason": "Nghỉ phép"})
    assert made.status_code == 201
    [item] = own_desk.get(OFFICER, "/v1/queue", tab="mine")["items"]
    assert item["code"] == urgent
    [known] = own_desk.get(CHIEF, "/v1/delegations")["items"]
    assert known == made.json()
    gone = own_desk.send("officer-2", "DELETE", f"/v1/delegations/{known['id']}")
    assert gone.json() == known
    assert own_desk.get(CHIEF, "/v1/delegations")["items"] == []
    refused(own_desk.send(CHIEF, "DELETE", "/v1/delegations/999"), 404, "delegation.not_found")


def test_many_are_accepted_with_a_result_each(desk: Desk) -> None:
    good, stale = desk.office.write(
        [
            desk.office.a_row(Status.REGISTERED),
            desk.office.a_row(Status.REGISTERED, version=4),
        ]
    )
    body = {"items": [{"code": good, "version": 1}, {"code": stale, "version": 1}]}
    answer = desk.post(DESK, "/v1/queue/acceptances", body, key="mot").json()
    assert (answer["done"], answer["refused"]) == (1, 1)
    done, refusal = answer["results"]
    assert (done["code"], done["outcome"]["status"], done["problem"]) == (good, "accepted", None)
    assert refusal["outcome"] is None
    assert refusal["problem"]["code"] == "dossier.version_stale"
    assert refusal["problem"]["status"] == 412
    assert refusal["problem"]["version"] == 4
    assert refusal["problem"]["instance"] == f"/v1/dossiers/{stale}/acceptance"

    body["items"][1]["version"] = 4
    refused(
        desk.post(DESK, "/v1/queue/acceptances", body, key="mot"), 422, "idempotency.key_reused"
    )
    again = desk.post(DESK, "/v1/queue/acceptances", body, key="hai").json()
    assert [result["problem"] and result["problem"]["code"] for result in again["results"]] == [
        "dossier.version_stale",
        None,
    ]


def test_many_are_handed_on(desk: Desk) -> None:
    codes = desk.office.write([desk.office.a_row(Status.IN_PROCESS) for _ in range(3)])
    body = {
        "items": [{"code": code, "version": 1} for code in codes],
        "agency": OTHER_DISTRICT,
        "reason": "Đúng thẩm quyền",
    }
    answer = desk.post(OFFICER, "/v1/queue/handovers", body).json()
    assert (answer["done"], answer["refused"]) == (3, 0)
    there = desk.get(f"officer@{OTHER_DISTRICT}", "/v1/queue", tab="agency")
    assert {item["code"] for item in there["items"]} == set(codes)


def test_a_bulk_act_of_ten_thousand_is_refused_clearly(desk: Desk) -> None:
    items = [{"code": f"{DISTRICT}-261005-{n:04d}", "version": 1} for n in range(10_000)]
    problem = refused(
        desk.post(DESK, "/v1/queue/acceptances", {"items": items}), 422, "bulk.too_many"
    )
    assert "1000" in problem["detail"]
    assert "10000" in problem["detail"]
    refused(desk.post(DESK, "/v1/queue/acceptances", {"items": []}), 422, "request.invalid")
    bare = desk.send(DESK, "POST", "/v1/queue/acceptances", json={"items": items[:1]})
    refused(bare, 400, "idempotency.key_missing")


def test_dossiers_are_found_and_pages_linked(desk: Desk) -> None:
    codes = desk.office.write(
        [
            desk.office.a_row(Status.ACCEPTED, applicant_name="Đặng Thị Hòa"),
            desk.office.a_row(Status.RETURNED, applicant_name="ĐẶNG VĂN HOÀ"),
        ]
    )

    def found(**query: object) -> set[str]:
        return {item["code"] for item in desk.get(OFFICER, "/v1/dossiers", **query)["items"]}

    assert found(q="hoa dang") == found(q="Hoà đặng") == found(q="đặng ho") == set(codes)
    assert found(q=codes[0]) == {codes[0]}
    assert found(q="hoa", status="returned") == {codes[1]}
    assert found(q="hoa", **{"from": "2026-10-06"}) == set()
    assert found(q="hoa", **{"from": "2026-10-05", "to": "2026-10-05"}) == set(codes)
    assert found(q="hoa", agency=OTHER_DISTRICT) == set()
    assert found(q="hoa", **{"to": "9999-12-31", "from": "0001-01-01"}) == set(codes)

    first = desk.send(OFFICER, "GET", "/v1/dossiers", params={"q": "hoà đặng", "limit": 1})
    link = first.headers["Link"].removeprefix("<").split(">")[0]
    assert "q=ho%C3%A0" in link
    shown = {first.json()["items"][0]["code"], desk.get(OFFICER, link)["items"][0]["code"]}
    assert shown == set(codes)


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ("a", 422),
        ("!!! & | <->", 422),
        ("", 422),
        ("a" + "\u0301" * 199, 422),
        ("x" * 201, 422),
        ("a & b | !c:* <-> 'd", 200),
        ("\x00ab", 200),
        ("7", 200),
        ("'; DROP TABLE dossier; --", 200),
        ("\\' :*A & @@", 422),
    ],
)
def test_strange_searches_get_a_clear_answer(desk: Desk, words: str, status: int) -> None:
    answer = desk.send(OFFICER, "GET", "/v1/dossiers", params={"q": words})
    assert answer.status_code == status, answer.text
    if status == 422:
        assert answer.json()["code"] in {"search.too_short", "request.invalid"}


def test_the_queue_is_for_the_desk(desk: Desk) -> None:
    for who in (f"analyst@{DISTRICT}", "025900000001"):
        refused(desk.send(who, "GET", "/v1/queue"), 403, "queue.role_refused")
        refused(desk.send(who, "GET", "/v1/queue/counts"), 403, "queue.role_refused")
        refused(desk.send(who, "GET", "/v1/delegations"), 403, "dossier.role_refused")
    assert desk.get(f"analyst@{DISTRICT}", "/v1/dossiers", q="mau")["items"] == []


@pytest.mark.parametrize(
    "cursor", ["W10", "xx", "WzAsMCwwXQ", "WzksMCwxXQ", "WyIwIiwwLDFd", "WzEuNSwwLDFd", "e30", ""]
)
def test_a_cursor_that_nobody_gave_is_refused(desk: Desk, cursor: str) -> None:
    answer = desk.send(OFFICER, "GET", "/v1/queue", params={"after": cursor})
    refused(answer, 400, "cursor.refused")


def test_an_unknown_tab_is_refused(desk: Desk) -> None:
    answer = desk.send(OFFICER, "GET", "/v1/queue", params={"tab": "all", "hours": 0})
    problem = refused(answer, 422, "request.invalid")
    assert {fault["pointer"] for fault in problem["errors"]} == {"/query/tab", "/query/hours"}
