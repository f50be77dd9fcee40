"""Drafts: saved and resumed by their owner alone, handed in once, swept when forgotten."""

import json
from collections.abc import Iterator
from datetime import timedelta
from uuid import uuid4

import httpx2
import pytest

from app.domain.actor import Role
from app.domain.drafts import KEPT, LARGEST_BYTES, MOST
from app.services import drafts
from tests.api.citizen_samples import HOSTILE, UNSTORABLE, a_draft, a_key, at_once, changed
from tests.builders import (
    MONDAY,
    OTHER_CITIZEN,
    PARTIAL,
    Api,
    an_online_application,
    refused,
    succeeded,
)


@pytest.fixture(autouse=True)
def _back_to_monday(api: Api) -> Iterator[None]:
    yield
    api.clock.at = MONDAY


def test_a_draft_is_saved_resumed_and_saved_again(api: Api) -> None:
    citizen = api.citizen()
    made = citizen.post("/v1/drafts", {"procedure": PARTIAL})
    path = made.headers["Location"]

    assert made.status_code == 201
    assert (made.headers["ETag"], made.json()["version"]) == ('"1"', 1)
    opened = citizen.get(path)
    assert opened.headers["ETag"] == '"1"'
    assert opened.json()["content"] == {"procedure": PARTIAL}
    assert opened.json()["procedure"]["name"] == "Cấp Giấy xác nhận tình trạng hôn nhân"
    saved = changed(citizen, "PUT", path, {"note": ["ạ", None, 1.5]}, version=1)
    assert saved.headers["ETag"] == '"2"'
    assert citizen.get(path).json()["content"] == {"note": ["ạ", None, 1.5]}
    assert citizen.get(path).json()["procedure"] is None


def test_what_a_draft_says_is_no_business_of_the_list(api: Api) -> None:
    """Whatever stands where a procedure is expected, the list is shown."""
    citizen = api.citizen("025099000031")
    for odd in ({"procedure": [1], "agency": {}}, {"procedure": "9", "agency": "H99"}, {}):
        a_draft(citizen, odd)

    items = succeeded(citizen.get("/v1/drafts"))["items"]

    assert [(item["procedure"], item["agency"]) for item in items] == [(None, None)] * 3
    assert "content" not in items[0]


def test_the_pages_together_are_every_draft_once_even_if_some_change_meanwhile(api: Api) -> None:
    citizen = api.citizen("025099000032")
    made = [a_draft(citizen, {"n": n}) for n in range(7)]

    found, answer = [], citizen.get("/v1/drafts", limit=3)
    while True:
        page = succeeded(answer)
        found += [item["id"] for item in page["items"]]
        if page["next"] is None:
            break
        succeeded(
            changed(citizen, "PUT", f"/v1/drafts/{made[0]}", {"n": len(found)}, version=1)
            if len(found) == 3
            else citizen.get("/v1/drafts")
        )
        answer = citizen.get("/v1/drafts", limit=3, after=page["next"])

    assert found == made[::-1]


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.SYSTEM])
def test_nobody_but_the_owner_sees_or_touches_a_draft(api: Api, role: Role) -> None:
    path = f"/v1/drafts/{a_draft(api.citizen(), {'secret': 1})}"
    agency = None if role in {Role.APPLICANT, Role.PARTNER} else "H44"
    other = api.person(role, agency, OTHER_CITIZEN if role is Role.APPLICANT else None)

    for answer in (
        other.get(path),
        other.get(f"{path}/faults"),
        changed(other, "PUT", path, {}, version=1),
        changed(other, "DELETE", path, version=1),
    ):
        refused(answer, 404, "draft.not_found")
    submitted = other.post(f"{path}/submission", version=1)
    assert submitted.status_code in {403, 404}
    assert succeeded(other.get("/v1/drafts"))["items"] == []
    assert api.citizen().get(path).json()["content"] == {"secret": 1}


@pytest.mark.parametrize("role", [Role.RECEPTIONIST, Role.OFFICER, Role.APPROVER, Role.ANALYST])
def test_staff_keep_no_drafts(api: Api, role: Role) -> None:
    refused(api.person(role, "H44").post("/v1/drafts", {}), 403, "dossier.role_refused")


def test_two_devices_do_not_spoil_each_others_draft(api: Api) -> None:
    citizen = api.citizen()
    path = f"/v1/drafts/{a_draft(citizen, {'a': 1})}"
    succeeded(changed(citizen, "PUT", path, {"a": 2}, version=1))

    told = refused(changed(citizen, "PUT", path, {"a": 3}, version=1), 412, "draft.version_stale")
    assert told["version"] == 2
    refused(changed(citizen, "DELETE", path, version=1), 412, "draft.version_stale")
    refused(changed(citizen, "PUT", path, {"a": 3}), 428, "dossier.version_missing")
    refused(changed(citizen, "DELETE", path), 428, "dossier.version_missing")
    assert citizen.get(path).json()["content"] == {"a": 2}


def test_saving_again_after_a_broken_line_is_no_conflict(api: Api) -> None:
    citizen = api.citizen()
    path = f"/v1/drafts/{a_draft(citizen, {'a': 1})}"

    first = changed(citizen, "PUT", path, {"a": True}, version=1)
    again = changed(citizen, "PUT", path, {"a": True}, version=1)

    assert (first.status_code, first.json()) == (again.status_code, again.json())
    assert api.row("SELECT version FROM draft WHERE id = :id", id=path[-36:])["version"] == 2


def test_fifty_devices_save_at_once_and_one_of_them_wins(api: Api) -> None:
    citizen = api.citizen()
    path = f"/v1/drafts/{a_draft(citizen)}"

    answers = at_once(lambda n: changed(citizen, "PUT", path, {"n": n}, version=1), 50)

    assert sorted(answer.status_code for answer in answers) == [200] + [412] * 49
    assert citizen.get(path).json()["version"] == 2


def test_a_deleted_draft_is_gone_and_its_papers_are_not(api: Api) -> None:
    citizen = api.citizen()
    document = citizen.upload()
    path = f"/v1/drafts/{a_draft(citizen, {'authorisation': document})}"

    assert changed(citizen, "DELETE", path, version=1).status_code == 204

    refused(citizen.get(path), 404, "draft.not_found")
    assert citizen.get(f"/v1/documents/{document}").is_success


def test_saving_a_draft_twice_under_one_key_keeps_one(api: Api) -> None:
    citizen, key = api.citizen("025099000033"), a_key()

    answers = [citizen.post("/v1/drafts", {"a": 1}, key=key) for _ in range(3)]

    assert len({answer.content for answer in answers}) == 1
    assert len({answer.headers["Location"] for answer in answers}) == 1
    assert len(succeeded(citizen.get("/v1/drafts"))["items"]) == 1
    refused(citizen.post("/v1/drafts", {"a": 2}, key=key), 422, "idempotency.key_reused")
    kept = api.row("SELECT outcome FROM idempotency WHERE key = :key", key=key)
    assert set(kept["outcome"]) == {"id", "changed_at"}  # not what it says


def test_a_draft_has_room_for_64_kib(api: Api) -> None:
    citizen = api.citizen()
    path = f"/v1/drafts/{a_draft(citizen, {'a': 'x' * (LARGEST_BYTES - 8)})}"

    too_large = {"a": "ế" * (LARGEST_BYTES // 3)}
    refused(citizen.post("/v1/drafts", too_large), 413, "draft.too_large")
    refused(changed(citizen, "PUT", path, too_large, version=1), 413, "draft.too_large")


def test_nobody_hoards_drafts(api: Api) -> None:
    citizen = api.citizen("025099000034")
    for n in range(MOST):
        a_draft(citizen, {"n": n})

    refused(citizen.post("/v1/drafts", {}), 409, "draft.too_many")

    [newest] = succeeded(citizen.get("/v1/drafts", limit=1))["items"]
    changed(citizen, "DELETE", f"/v1/drafts/{newest['id']}", version=1)
    assert citizen.post("/v1/drafts", {}).is_success


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_kept_as_it_is(api: Api, text: str) -> None:
    citizen, content = api.citizen(), {text: {"x": [text]}}

    path = f"/v1/drafts/{a_draft(citizen, content)}"

    assert citizen.get(path).json()["content"] == content


@pytest.mark.parametrize("text", [*UNSTORABLE, float("nan"), float("inf")])
def test_what_no_table_can_hold_is_refused(api: Api, text: object) -> None:
    body = json.dumps({"a": text})
    headers = {"Content-Type": "application/json"}

    answer = api.citizen().send("POST", "/v1/drafts", content=body, headers=headers)

    refused(answer, 422, "request.not_storable")


@pytest.mark.parametrize("body", ["[]", "1", "null", '"x"', "[" * 5000, '{"a":' * 5000, "{"])
def test_a_draft_is_an_object(api: Api, body: str) -> None:
    headers = {"Content-Type": "application/json"}

    answer = api.citizen().send("POST", "/v1/drafts", content=body, headers=headers)

    assert answer.status_code in {400, 422}
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_complete_draft_becomes_a_dossier_and_is_gone(api: Api) -> None:
    citizen = api.citizen()
    body = an_online_application(citizen)
    path = f"/v1/drafts/{a_draft(citizen, body)}"
    assert succeeded(citizen.get(f"{path}/faults")) == {"is_complete": True, "errors": []}

    key = a_key()
    made = citizen.post(f"{path}/submission", version=1, key=key)

    assert made.status_code == 201
    code = succeeded(made)["code"]
    assert made.headers["Location"] == f"/v1/dossiers/{code}"
    assert citizen.get(f"/v1/dossiers/{code}").json()["form"] == body["form"]
    assert api.traces(code)["documents"] == len(body["components"])
    refused(citizen.get(path), 404, "draft.not_found")
    again = citizen.post(f"{path}/submission", version=1, key=key)
    assert (again.status_code, again.content) == (201, made.content)
    refused(citizen.post(f"{path}/submission", version=1), 404, "draft.not_found")


def test_a_draft_with_faults_stays_and_tells_all_of_them(api: Api) -> None:
    citizen = api.citizen()
    body = an_online_application(citizen) | {"agency": "H99", "return_way": "pigeon"}
    body["applicant"].pop("name")
    path = f"/v1/drafts/{a_draft(citizen, body)}"

    told = refused(citizen.post(f"{path}/submission", version=1), 422, "application.faulty")

    assert told["errors"] == succeeded(citizen.get(f"{path}/faults"))["errors"]
    assert [fault["pointer"] for fault in told["errors"]] == [
        "/applicant/name",
        "/return_way",
        "/agency",
    ]
    assert citizen.get(path).json()["content"] == body
    assert api.row("SELECT count(*) AS n FROM document WHERE dossier_id IS NULL")["n"] > 0


def test_handing_in_needs_a_key_and_the_version_that_was_looked_over(api: Api) -> None:
    citizen = api.citizen()
    path = f"/v1/drafts/{a_draft(citizen, an_online_application(citizen))}/submission"

    refused(citizen.post(path, version=1, key=None), 400, "idempotency.key_missing")
    refused(citizen.post(path), 428, "dossier.version_missing")
    refused(citizen.post(path, version=2), 412, "draft.version_stale")
    assert citizen.post(path, version=1).status_code == 201


@pytest.mark.parametrize("keys", ["one", "many"])
def test_fifty_who_hand_in_one_draft_at_once_make_one_dossier(api: Api, keys: str) -> None:
    citizen, key = api.citizen(), a_key()
    path = f"/v1/drafts/{a_draft(citizen, an_online_application(citizen))}/submission"
    before = api.row("SELECT count(*) AS n FROM dossier")["n"]

    answers = at_once(
        lambda _: citizen.post(path, version=1, key=key if keys == "one" else a_key()), 50
    )

    made = {answer.json()["code"] for answer in answers if answer.is_success}
    refusals = {answer.json()["code"] for answer in answers if not answer.is_success}
    assert len(made) == 1
    assert refusals <= ({"idempotency.in_flight"} if keys == "one" else {"draft.not_found"})
    assert api.row("SELECT count(*) AS n FROM dossier")["n"] == before + 1
    counted = api.row("SELECT sum(last_number) AS n FROM intake_day")["n"]
    assert counted == before + 1


def test_a_draft_that_is_changed_while_it_is_handed_in_is_either(api: Api) -> None:
    """Never a dossier of one content beside a draft of another."""
    citizen = api.citizen()
    body = an_online_application(citizen)
    path = f"/v1/drafts/{a_draft(citizen, body)}"

    def send(n: int) -> httpx2.Response:
        if n % 2:
            return changed(citizen, "PUT", path, body | {"return_way": "post"}, version=1)
        return citizen.post(f"{path}/submission", version=1)

    answers = at_once(send, 10)

    handed_in = [answer for answer in answers if answer.status_code == 201]
    is_there = citizen.get(path).status_code == 200
    assert len(handed_in) == (0 if is_there else 1)


def test_drafts_that_nobody_touched_for_ninety_days_are_swept(own_api: Api) -> None:
    api = own_api
    citizen, desk = api.citizen(), api.app.state.doors.desk
    old, touched = a_draft(citizen), a_draft(citizen)
    api.clock.at += KEPT
    succeeded(changed(citizen, "PUT", f"/v1/drafts/{touched}", {"a": 1}, version=1))

    assert drafts.forget_untouched(desk, now=api.clock.at) == 0  # to the day, not before
    assert drafts.forget_untouched(desk, now=api.clock.at + timedelta(seconds=1)) == 1

    refused(citizen.get(f"/v1/drafts/{old}"), 404, "draft.not_found")
    assert citizen.get(f"/v1/drafts/{touched}").is_success


def test_no_such_draft(api: Api) -> None:
    refused(api.citizen().get(f"/v1/drafts/{uuid4()}"), 404, "draft.not_found")
    refused(api.citizen().get("/v1/drafts/1"), 422, "request.invalid")
