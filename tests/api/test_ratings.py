"""Ratings: given once by those it was for, changeable for a while, hidden by nobody, counted."""

import json
from collections.abc import Iterator
from datetime import timedelta

import httpx2
import pytest

from app.domain.actor import Role
from app.domain.lifecycle import Status
from app.domain.ratings import RATED
from tests.api.citizen_samples import HOSTILE, UNSTORABLE, a_key, at_once, changed
from tests.builders import (
    DISTRICT,
    FULL,
    JUSTICE,
    MONDAY,
    OTHER_CITIZEN,
    OTHER_DISTRICT,
    PROVINCE,
    Api,
    Json,
    a_dossier,
    an_online_application,
    refused,
    succeeded,
)

OCTOBER = {"from": "2026-10-01", "to": "2026-10-31"}


@pytest.fixture(autouse=True)
def _back_to_monday(api: Api) -> Iterator[None]:
    yield
    api.clock.at = MONDAY


def _path(code: str) -> str:
    return f"/v1/dossiers/{code}/rating"


def _rate(api: Api, code: str, score: int = 5, **more: Json) -> httpx2.Response:
    return api.citizen().post(_path(code), {"score": score, **more})


def _figures(api: Api, agency: str | None = None, period: Json = None) -> dict[str, Json]:
    query = dict(period or OCTOBER) | ({"agency": agency} if agency else {})
    return succeeded(api.person(Role.ANALYST, PROVINCE).get("/v1/ratings", **query))


@pytest.mark.parametrize("status", sorted(set(Status) - {Status.DRAFT}))
def test_a_dossier_is_rated_after_the_agency_ended_it(api: Api, status: Status) -> None:
    answer = _rate(api, a_dossier(api, status), 2, comment="Chậm")

    if status in RATED:
        assert answer.status_code == 201
        assert answer.headers["ETag"] == '"1"'
        assert (answer.json()["score"], answer.json()["comment"]) == (2, "Chậm")
        assert answer.json()["changeable_until"] == "2026-10-20"
    else:
        refused(answer, 409, "rating.refused")


def test_it_is_rated_once_whoever_of_the_two_comes_first(api: Api) -> None:
    owner, submitter = api.citizen(), api.citizen(OTHER_CITIZEN)
    body = an_online_application(submitter) | {"authorisation": submitter.upload()}
    body["applicant"]["number"] = owner.subject
    code = succeeded(submitter.post("/v1/dossiers", body))["code"]
    api.receptionist().does(code, "refusal", {"reason": "Sai mẫu", "legal_ground": "Điều 17"})

    assert owner.post(_path(code), {"score": 1}).status_code == 201

    refused(submitter.post(_path(code), {"score": 5}), 409, "rating.given")
    refused(owner.post(_path(code), {"score": 5}), 409, "rating.given")
    told = changed(submitter, "PUT", _path(code), {"score": 5}, version=1)
    refused(told, 409, "rating.fixed")
    assert succeeded(submitter.get(_path(code)))["score"] == 1


def test_nobody_else_rates(api: Api) -> None:
    code = a_dossier(api, Status.RETURNED)

    refused(api.citizen(OTHER_CITIZEN).post(_path(code), {"score": 5}), 404, "dossier.not_found")
    for role in (Role.RECEPTIONIST, Role.OFFICER, Role.APPROVER, Role.ANALYST):
        refused(
            api.person(role, DISTRICT).post(_path(code), {"score": 5}), 403, "dossier.role_refused"
        )
        told = changed(api.person(role, DISTRICT), "PUT", _path(code), {"score": 5}, version=1)
        refused(told, 403, "dossier.role_refused")
    refused(api.citizen().get(_path(code)), 404, "rating.not_found")


def test_thinking_again_is_possible_for_fifteen_days_and_leaves_a_trace(api: Api) -> None:
    citizen, code = api.citizen(), a_dossier(api, Status.RETURNED)
    succeeded(_rate(api, code, 1, comment="Tệ"))

    api.clock.at = MONDAY + timedelta(days=15, hours=14, minutes=59)  # the last day's last minute
    second = changed(citizen, "PUT", _path(code), {"score": 4}, version=1)

    assert second.headers["ETag"] == '"2"'
    found = succeeded(api.receptionist().get(_path(code)))
    assert (found["score"], found["comment"], found["rated_on"]) == (4, None, "2026-10-05")
    assert [(old["score"], old["comment"]) for old in found["earlier"]] == [(1, "Tệ")]
    api.clock.move(minutes=1)
    told = changed(citizen, "PUT", _path(code), {"score": 5}, version=2)
    assert "20/10/2026" in refused(told, 409, "rating.fixed")["detail"]


def test_changes_are_made_to_the_rating_that_was_read(api: Api) -> None:
    citizen, code = api.citizen(), a_dossier(api, Status.RETURNED)
    refused(changed(citizen, "PUT", _path(code), {"score": 1}, version=1), 404, "rating.not_found")
    succeeded(_rate(api, code, 1))
    succeeded(changed(citizen, "PUT", _path(code), {"score": 2}, version=1))

    told = changed(citizen, "PUT", _path(code), {"score": 3}, version=1)
    assert refused(told, 412, "rating.version_stale")["version"] == 2
    again = changed(citizen, "PUT", _path(code), {"score": 2}, version=1)
    assert again.headers["ETag"] == '"2"'  # what is said already is no conflict
    refused(changed(citizen, "PUT", _path(code), {"score": 3}), 428, "dossier.version_missing")


def test_fifty_ratings_at_once_are_one(api: Api) -> None:
    code = a_dossier(api, Status.RETURNED)

    answers = at_once(lambda n: _rate(api, code, n % 5 + 1), 50)

    [given] = [answer.json() for answer in answers if answer.is_success]
    assert {a.json()["code"] for a in answers if not a.is_success} == {"rating.given"}
    assert succeeded(api.citizen().get(_path(code)))["score"] == given["score"]


def test_fifty_changes_at_once_are_one_each_time(api: Api) -> None:
    citizen, code = api.citizen(), a_dossier(api, Status.RETURNED)
    succeeded(_rate(api, code, 1))
    bodies = [{"score": 2, "comment": f"lần {n}"} for n in range(50)]

    answers = at_once(lambda n: changed(citizen, "PUT", _path(code), bodies[n], version=1), 50)

    assert sorted(answer.status_code for answer in answers) == [200] + [412] * 49
    assert succeeded(citizen.get(_path(code)))["version"] == 2


def test_a_repeated_request_rates_once(api: Api) -> None:
    code, key = a_dossier(api, Status.RETURNED), a_key()

    answers = [api.citizen().post(_path(code), {"score": 3}, key=key) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].content == answers[1].content
    refused(api.citizen().post(_path(code), {"score": 4}, key=key), 422, "idempotency.key_reused")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"score": 0},
        {"score": 6},
        {"score": 4.5},
        {"score": "5"},
        {"score": True},
        {"score": 5, "comment": ""},
        {"score": 5, "comment": "x" * 2001},
        {"score": 5, "comment": "\a"},
        {"score": 5, "stars": 5},
    ],
)
def test_what_is_no_rating_is_refused(api: Api, body: Json) -> None:
    answer = api.citizen().post(_path(a_dossier(api, Status.RETURNED)), body)

    refused(answer, 422, "request.invalid")


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_comments_are_kept_as_they_are(api: Api, text: str) -> None:
    code = a_dossier(api, Status.RETURNED)
    succeeded(_rate(api, code, 1, comment=text))

    assert succeeded(api.receptionist().get(_path(code)))["comment"] == text


@pytest.mark.parametrize("text", UNSTORABLE)
def test_comments_that_cannot_be_kept_are_refused(api: Api, text: str) -> None:
    code = a_dossier(api, Status.RETURNED)
    answer = api.citizen().send(
        "POST",
        _path(code),
        content=json.dumps({"score": 1, "comment": text}),
        headers={"Content-Type": "application/json"},
    )

    refused(answer, 422, "request.invalid")


def _received(api: Api, agency: str = DISTRICT, **query: Json) -> list[dict[str, Json]]:
    found, answer = [], api.receptionist(agency).get("/v1/ratings/received", limit=2, **query)
    while True:
        page = succeeded(answer)
        found += page["items"]
        if page["next"] is None:
            return found
        answer = api.receptionist(agency).get(
            "/v1/ratings/received", limit=2, after=page["next"], **query
        )


def test_an_agency_reads_all_that_was_said_about_it(own_api: Api) -> None:
    api = own_api
    codes = []
    for score in (1, 5, 1, 3):
        codes.append(a_dossier(api, Status.RETURNED))
        succeeded(_rate(api, codes[-1], score, comment=f"điểm {score}"))
        api.clock.move(minutes=1)
    succeeded(_rate(api, a_dossier(api, Status.RETURNED, procedure=FULL), 2))
    succeeded(changed(api.citizen(), "PUT", _path(codes[0]), {"score": 4}, version=1))

    found = _received(api)

    assert [(item["dossier"], item["score"]) for item in found] == [
        (codes[0], 4),
        (codes[3], 3),
        (codes[2], 1),
        (codes[1], 5),
    ]
    assert [item["is_changed"] for item in found] == [True, False, False, False]
    assert [item["dossier"] for item in _received(api, score=1)] == [codes[2]]
    assert [item["score"] for item in _received(api, JUSTICE)] == [2]
    assert _received(api, OTHER_DISTRICT) == []
    assert len(_received(api, PROVINCE)) == 5
    for person in (api.person(Role.ANALYST, PROVINCE), api.citizen()):
        refused(person.get("/v1/ratings/received"), 403, "rating.role_refused")


def test_no_way_leads_to_a_rating_that_is_changed_or_removed(api: Api) -> None:
    """Not even for the application's own role: bad ones stay."""
    code = a_dossier(api, Status.RETURNED)
    succeeded(_rate(api, code, 1))

    granted = api.rows("""
        SELECT privilege_type FROM information_schema.role_table_grants
        WHERE grantee = 'motcua_app' AND table_name = 'rating'
    """)

    assert {row["privilege_type"] for row in granted} == {"SELECT", "INSERT"}
    path = _path(code)
    for method in ("DELETE", "PATCH"):
        assert api.approver().send(method, path).status_code == 405


def test_figures_count_each_rating_once_at_the_score_that_stands(own_api: Api) -> None:
    api = own_api
    assert _figures(api)["total"] == {
        "ratings": 0,
        "mean": None,
        "satisfied_percent": None,
        "by_score": {"1": 0, "2": 0, "3": 0, "4": 0, "5": 0},
    }
    codes = [a_dossier(api, Status.RETURNED) for _ in range(3)]
    for code, score in zip(codes, (1, 4, 5), strict=True):
        succeeded(_rate(api, code, score))
    succeeded(_rate(api, a_dossier(api, Status.RETURNED, procedure=FULL), 3))
    api.clock.move(days=2)
    succeeded(changed(api.citizen(), "PUT", _path(codes[0]), {"score": 2}, version=1))

    found = _figures(api)

    assert [(row["agency_code"], row["ratings"], row["mean"]) for row in found["rows"]] == [
        (JUSTICE, 1, "3.00"),
        (DISTRICT, 3, "3.67"),
    ]
    assert found["total"] == {
        "ratings": 4,
        "mean": "3.50",
        "satisfied_percent": "50.00",
        "by_score": {"1": 0, "2": 1, "3": 1, "4": 1, "5": 1},
    }
    assert found["period"] == "2026-10"
    assert _figures(api, DISTRICT)["total"]["ratings"] == 3
    assert _figures(api, PROVINCE) == found
    assert _figures(api, "H44.291")["rows"] == []  # begins like it, is not below it
    the_day = {"from": "2026-10-05", "to": "2026-10-05"}
    assert _figures(api, period=the_day)["total"] == found["total"]  # a change moves no day
    the_day_of_the_change = {"from": "2026-10-07", "to": "2026-10-07"}
    assert _figures(api, period=the_day_of_the_change)["total"]["ratings"] == 0


def test_figures_tell_nothing_about_anybody(api: Api) -> None:
    succeeded(_rate(api, a_dossier(api, Status.RETURNED), 1, comment="Bí mật"))

    told = str(_figures(api))

    for private in ("Bí mật", "Trần Thị Mẫu", "025099", "H44.29-"):
        assert private not in told


@pytest.mark.parametrize("role", [Role.APPLICANT, Role.ADMINISTRATOR, Role.PARTNER])
def test_figures_are_for_staff(api: Api, role: Role) -> None:
    person = api.citizen() if role is Role.APPLICANT else api.person(role, PROVINCE)

    refused(person.get("/v1/ratings", **OCTOBER), 403, "rating.role_refused")


def test_a_period_has_a_beginning_and_an_end(api: Api) -> None:
    analyst = api.person(Role.ANALYST, PROVINCE)
    backwards = {"from": "2026-10-02", "to": "2026-10-01"}

    refused(analyst.get("/v1/ratings", **backwards), 422, "period.refused")
    refused(analyst.get("/v1/ratings"), 422, "request.invalid")
    widest = {"from": "0001-01-01", "to": "9999-12-31"}
    assert succeeded(analyst.get("/v1/ratings", **widest))["total"]["ratings"] >= 0
