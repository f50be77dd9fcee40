"""Subscriptions over HTTP: who makes them, what is answered, what an address may be."""

from typing import Any
from uuid import uuid4

import pytest

from app.domain.actor import Role
from app.domain.webhooks import EVENT_TYPES
from app.services import announcements
from tests.builders import DISTRICT, JUSTICE, PROVINCE, Api, Person, a_dossier, refused, succeeded

PATH = "/v1/webhooks"
URL = "https://kho.example.vn/su-kien"


@pytest.fixture
def administrator(api: Api) -> Person:
    return api.person(Role.ADMINISTRATOR, PROVINCE)


def _wish(**changes: Any) -> dict[str, Any]:  # noqa: ANN401  (JSON)
    return {"name": "Kho dữ liệu", "url": URL, "agency": DISTRICT, **changes}


def _made(person: Person, **changes: Any) -> dict[str, Any]:  # noqa: ANN401  (JSON)
    return succeeded(person.post(PATH, _wish(**changes)))


def test_the_secret_is_shown_when_it_is_made_and_never_again(administrator: Person) -> None:
    key = str(uuid4())
    answer = administrator.post(PATH, _wish(), key=key)
    assert answer.status_code == 201
    made = answer.json()
    again = succeeded(administrator.post(PATH, _wish(), key=key))

    assert made["secret"].startswith("whsec_")
    assert again["secret"] == made["secret"], "the answer may have been lost on the way"
    assert "secret" not in succeeded(administrator.get(f"{PATH}/{made['id']}"))
    listed = succeeded(administrator.get(PATH))["items"]
    assert made["id"] in {item["id"] for item in listed}
    assert all("secret" not in item for item in listed)


@pytest.mark.parametrize(
    ("role", "agency"), [(Role.RECEPTIONIST, DISTRICT), (Role.APPROVER, PROVINCE)]
)
def test_only_administrators_subscribe(api: Api, role: Role, agency: str) -> None:
    refused(api.person(role, agency).post(PATH, _wish()), 403, "webhook.role_refused")
    refused(api.citizen().get(PATH), 403, "webhook.role_refused")


def test_administrators_keep_to_their_own_agencies(api: Api, administrator: Person) -> None:
    elsewhere = api.person(Role.ADMINISTRATOR, JUSTICE)
    made = _made(administrator)

    refused(elsewhere.post(PATH, _wish()), 403, "agency.not_yours")
    for answer in (
        elsewhere.get(f"{PATH}/{made['id']}"),
        elsewhere.get(f"{PATH}/{made['id']}/deliveries"),
        elsewhere.send("PATCH", f"{PATH}/{made['id']}", json={"name": "của tôi"}),
        elsewhere.send("DELETE", f"{PATH}/{made['id']}"),
        elsewhere.post(f"{PATH}/{made['id']}/secrets"),
        elsewhere.post(f"{PATH}/{made['id']}/replays", {"after": 0}),
    ):
        refused(answer, 404, "webhook.not_found")
    assert made["id"] not in {item["id"] for item in succeeded(elsewhere.get(PATH))["items"]}


@pytest.mark.parametrize(
    "url",
    [
        "http://kho.example.vn/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://10.1.2.3/",
        "https://169.254.169.254/latest/meta-data/",
        "https://2130706433/",
        "https://localhost:5432/",
        "https://nguoi:khoa@kho.example.vn/",
    ],
)
def test_an_internal_address_is_refused(administrator: Person, url: str) -> None:
    refused(administrator.post(PATH, _wish(url=url)), 422, "webhook.url_refused")
    made = _made(administrator)
    change = administrator.send("PATCH", f"{PATH}/{made['id']}", json={"url": url})
    refused(change, 422, "webhook.url_refused")


def test_types_are_those_that_there_are(administrator: Person) -> None:
    assert _made(administrator, types=list(EVENT_TYPES))["types"] == list(EVENT_TYPES)
    answer = administrator.post(PATH, _wish(types=["vn.motcua.dossier.eaten"]))
    refused(answer, 422, "request.invalid")


def test_a_subscription_is_changed_stopped_resumed_and_ended(administrator: Person) -> None:
    path = f"{PATH}/{_made(administrator)['id']}"

    renamed = succeeded(administrator.send("PATCH", path, json={"name": "Kho mới"}))
    stopped = succeeded(administrator.send("PATCH", path, json={"state": "disabled"}))
    resumed = succeeded(administrator.send("PATCH", path, json={"state": "active"}))
    ended = succeeded(administrator.send("DELETE", path))

    assert renamed["name"] == "Kho mới"
    assert (stopped["state"], stopped["disabled_reason"]) == ("disabled", "by_hand")
    assert (resumed["state"], resumed["disabled_at"]) == ("active", None)
    assert ended["state"] == "ended"
    refused(administrator.get(path), 404, "webhook.not_found")


def test_the_log_names_dossiers_and_a_replay_answers_the_same_again(
    api: Api, administrator: Person
) -> None:
    made = _made(administrator)
    path = f"{PATH}/{made['id']}"
    code = a_dossier(api)
    announcements.plan(api.app.state.doors.desk, now=api.clock())

    log = succeeded(administrator.get(f"{path}/deliveries", state="waiting"))["items"]
    replays = [
        succeeded(administrator.post(f"{path}/replays", {"after": 0}, key="phat-lai"))
        for _ in range(2)
    ]

    assert code in {item["code"] for item in log}
    assert {item["replay"] for item in log} == {0}
    assert replays[0] == replays[1]
    assert replays[0]["events"] >= 1
    counted = succeeded(administrator.get(path))["open"]["waiting"]
    assert counted == len(log) + replays[0]["events"]


def test_the_log_goes_by_pages(api: Api, administrator: Person) -> None:
    path = f"{PATH}/{_made(administrator)['id']}/deliveries"
    for _ in range(2):
        a_dossier(api)
    announcements.plan(api.app.state.doors.desk, now=api.clock())

    first = succeeded(administrator.get(path, limit=1))
    second = succeeded(administrator.get(path, limit=1, after=first["next"]))

    assert first["items"][0]["cursor"] < second["items"][0]["cursor"]


def test_a_new_secret_is_another(administrator: Person) -> None:
    made = _made(administrator)

    changed = succeeded(administrator.post(f"{PATH}/{made['id']}/secrets"))

    assert changed["id"] == made["id"]
    assert changed["secret"] != made["secret"]
