"""The same request again gets the same answer, and does nothing a second time."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from sqlalchemy import text

from app.domain.lifecycle import STEPS, Act, Status
from tests.builders import (
    DISTRICT,
    FULL,
    OTHER_CITIZEN,
    PATH_OF,
    Api,
    a_body,
    a_dossier,
    a_pdf,
    an_application,
    an_online_application,
    refused,
    succeeded,
)

Send = Callable[[str], httpx2.Response]
"""One request, made ready: sent under the key that is given."""


def _an_act(act: Act) -> Callable[[Api], Send]:
    status, step = next((s, step) for (s, a), step in STEPS.items() if a is act and s)
    role = min(step.by & {"applicant", "receptionist", "officer", "approver"})

    def ready(api: Api) -> Send:
        code = a_dossier(api, status)
        person = api.citizen() if role == "applicant" else api.person(role, DISTRICT)
        body, version = a_body(api, act), api.dossier(code)["version"]
        return lambda key: person.act(code, PATH_OF[act], body, version=version, key=key)

    return ready


def _a_submission(api: Api) -> Send:
    body = an_online_application(api.citizen())
    return lambda key: api.citizen().post("/v1/dossiers", body, key=key)


def _an_intake(api: Api) -> Send:
    body = an_application()
    return lambda key: api.receptionist().post("/v1/dossiers/intake", body, key=key)


def _a_payment(api: Api) -> Send:
    code = a_dossier(api, procedure=FULL)
    return lambda key: api.citizen().post(f"/v1/dossiers/{code}/payments", {}, key=key)


def _cash(api: Api) -> Send:
    path = f"/v1/dossiers/{a_dossier(api)}/payments"
    return lambda key: api.receptionist().post(path, {"purpose": "acceptance"}, key=key)


def _an_upload(api: Api) -> Send:
    content = a_pdf()
    return lambda key: api.citizen().send(
        "POST",
        "/v1/documents",
        params={"name": "a.pdf"},
        content=content,
        headers={"Idempotency-Key": key},
    )


def _a_handover(api: Api) -> Send:
    code = a_dossier(api, Status.IN_PROCESS)
    body = {"agency": "H44.30", "reason": "Thuộc thẩm quyền của huyện Phù Ninh"}
    return lambda key: api.officer().act(code, "handovers", body, version=3, key=key)


def _a_result(api: Api) -> Send:
    code = a_dossier(api, Status.IN_PROCESS)
    result = api.approver().upload(name="ket-qua.pdf", kind="result")
    body = {"granted": True, "documents": [result]}
    return lambda key: api.approver().act(code, "resolution", body, version=3, key=key)


POSTS: dict[str, Callable[[Api], Send]] = {
    **{str(act): _an_act(act) for act in PATH_OF},
    "submit": _a_submission,
    "take_in": _an_intake,
    "pay_online": _a_payment,
    "pay_cash": _cash,
    "upload": _an_upload,
    "hand_over_to_another_agency": _a_handover,
    "grant": _a_result,
}


def _traces(api: Api) -> dict[str, Any]:
    return api.row("""
        SELECT (SELECT count(*) FROM dossier) AS dossiers,
            (SELECT sum(version) FROM dossier) AS versions,
            (SELECT count(*) FROM dossier_event) AS events,
            (SELECT count(*) FROM delivery) AS deliveries,
            (SELECT count(*) FROM payment) AS payments,
            (SELECT count(*) FROM document) AS documents,
            (SELECT sum(last_number) FROM intake_day) AS received,
            (SELECT count(*) FROM idempotency) AS keys
    """)


@pytest.mark.parametrize("post", POSTS)
def test_the_same_request_again_is_answered_the_same_to_the_byte(api: Api, post: str) -> None:
    send, key = POSTS[post](api), str(uuid4())
    before = _traces(api)
    first = send(key)
    after = _traces(api)

    again = send(key)

    succeeded(first)
    assert after != before
    assert again.status_code == first.status_code
    assert again.content == first.content
    for header in ("ETag", "Location", "Content-Type"):
        assert again.headers.get(header) == first.headers.get(header)
    assert _traces(api) == after


@pytest.mark.parametrize("post", POSTS)
def test_a_key_that_was_used_for_another_body_is_refused(api: Api, post: str) -> None:
    send, key = POSTS[post](api), str(uuid4())
    first = send(key)
    succeeded(first)
    before = _traces(api)

    request = first.request
    other = api.http.request(
        "POST", request.url, content=request.content + b" ", headers=request.headers
    )

    refused(other, 422, "idempotency.key_reused")
    assert _traces(api) == before


@pytest.mark.parametrize("post", ["submit", "take_in"])
def test_handing_in_needs_a_key(api: Api, post: str) -> None:
    path = {"submit": "/v1/dossiers", "take_in": "/v1/dossiers/intake"}[post]
    person = api.citizen() if post == "submit" else api.receptionist()
    before = _traces(api)

    refused(person.post(path, an_application(), key=None), 400, "idempotency.key_missing")

    assert _traces(api) == before


def test_an_act_may_be_sent_without_a_key(api: Api) -> None:
    code = a_dossier(api)

    succeeded(api.receptionist().act(code, "acceptance", key=None))
    again = api.receptionist().act(code, "acceptance", version=1, key=None)
    refused(again, 412, "dossier.version_stale")


@pytest.mark.parametrize("key", ["", '""', "a b", "k" * 201, "khoá", "a\tb", "\x7f"])
def test_a_key_that_cannot_be_one_is_refused(api: Api, key: str) -> None:
    answer = api.citizen().send(
        "POST",
        "/v1/dossiers",
        json=an_application(),
        headers={"Idempotency-Key": key.encode("utf-8")},  # type: ignore[dict-item]
    )

    refused(answer, 400, "idempotency.key_malformed")


def test_a_key_is_the_same_with_and_without_the_quotes_of_the_draft(api: Api) -> None:
    send, key = _a_submission(api), str(uuid4())

    assert send(f'"{key}"').content == send(key).content


def test_a_key_belongs_to_who_sent_it(api: Api) -> None:
    key, other = str(uuid4()), api.citizen(OTHER_CITIZEN)
    mine = api.citizen().post("/v1/dossiers", an_online_application(api.citizen()), key=key)

    theirs = other.post("/v1/dossiers", an_online_application(other), key=key)

    assert succeeded(mine)["code"] != succeeded(theirs)["code"]


def test_a_key_belongs_to_its_path(api: Api) -> None:
    key, one, two = str(uuid4()), a_dossier(api), a_dossier(api)
    desk = api.receptionist()

    for code in (one, two):
        assert succeeded(desk.act(code, "acceptance", key=key))["code"] == code
    for code in (one, two):
        body = a_body(api, Act.REQUEST_PAYMENT)
        assert succeeded(desk.act(code, "payment-requests", body, key=key))["code"] == code


def test_a_refused_request_leaves_no_key_and_may_be_mended(api: Api) -> None:
    key, body = str(uuid4()), an_online_application(api.citizen())
    before = _traces(api)

    broken = api.citizen().post("/v1/dossiers", body | {"form": {}}, key=key)

    refused(broken, 422, "application.faulty")
    assert _traces(api) == before
    assert succeeded(api.citizen().post("/v1/dossiers", body, key=key))["status"] == "registered"


def test_a_refused_act_leaves_no_key_and_may_be_done_later(api: Api) -> None:
    key, code = str(uuid4()), a_dossier(api)
    officer = api.officer()

    refused(officer.act(code, "processing", key=key), 409, "dossier.step_refused")
    api.receptionist().does(code, "acceptance")

    assert succeeded(officer.act(code, "processing", key=key))["status"] == "in_process"


def test_an_answer_is_given_again_even_when_the_dossier_has_moved_on(api: Api) -> None:
    key, code = str(uuid4()), a_dossier(api)
    first = api.receptionist().act(code, "acceptance", version=1, key=key)
    api.officer().does(code, "processing")

    again = api.receptionist().act(code, "acceptance", version=1, key=key)

    assert again.content == first.content
    assert again.headers["ETag"] == '"2"'


def test_a_request_under_a_key_that_is_being_worked_on_is_asked_to_come_again(api: Api) -> None:
    citizen, key = api.citizen(), str(uuid4())
    body = an_online_application(citizen)
    succeeded(citizen.post("/v1/dossiers", an_online_application(citizen)))
    waiting = Event()

    def first() -> httpx2.Response:
        waiting.set()
        return citizen.post("/v1/dossiers", body, key=key)

    with ThreadPoolExecutor(1) as pool, api.owner.begin() as counter:
        counter.execute(text("SELECT * FROM intake_day FOR UPDATE"))
        held = pool.submit(first)
        waiting.wait()
        _until_somebody_waits_for_a_lock(api)
        second = citizen.post("/v1/dossiers", body, key=key)
        refused(second, 409, "idempotency.in_flight")
        assert second.headers["Retry-After"] == "1"
        counter.commit()
        made = held.result()

    assert succeeded(made)["status"] == "registered"
    assert citizen.post("/v1/dossiers", body, key=key).content == made.content


def _until_somebody_waits_for_a_lock(api: Api) -> None:
    query = "SELECT count(*) AS n FROM pg_locks WHERE NOT granted"
    while not api.row(query)["n"]:
        pass


def test_the_answer_is_kept_with_the_act_or_not_at_all(api: Api) -> None:
    key, code = str(uuid4()), a_dossier(api)
    answer = api.receptionist().act(code, "acceptance", key=key)

    kept = api.row("SELECT * FROM idempotency WHERE key = :key", key=key)

    assert kept["route"] == f"POST /v1/dossiers/{code}/acceptance"
    assert kept["outcome"]["version"] == answer.json()["version"] == 2
    assert json.dumps(kept["outcome"]).count(code) == 1
