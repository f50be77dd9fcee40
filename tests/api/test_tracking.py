"""Public tracking: progress without personal data, and one answer to whatever is wrong."""

import json
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import quote

import httpx2
import pytest

from app.domain.lifecycle import Status
from app.domain.petitions import PetitionStatus
from tests.api.citizen_samples import a_petition, statements
from tests.builders import (
    AGENCY_OF,
    CITIZEN,
    FULL,
    MONDAY,
    Api,
    a_dossier,
    an_application,
    refused,
    succeeded,
)

CHECK = CITIZEN[-4:]
PHONE = "0912345678"


def _forget(api: Api) -> None:
    with api.owner.begin() as db:
        db.exec_driver_sql("TRUNCATE quota_use")


@pytest.fixture(autouse=True)
def _fresh(api: Api) -> Iterator[None]:
    """Nothing is counted yet, and it is Monday."""
    _forget(api)
    yield
    api.clock.at = MONDAY


def _track(api: Api, code: str, check: str | None = CHECK, accept: str = "*/*") -> httpx2.Response:
    params = {} if check is None else {"check": check}
    path = f"/v1/tracking/{quote(code, safe='')}"
    return api.http.get(path, params=params, headers={"Accept": accept})


STANDING = {Status.SUPPLEMENT_REQUESTED, Status.PAYMENT_REQUESTED}
RUNNING = {Status.ACCEPTED, Status.IN_PROCESS}


@pytest.mark.parametrize("status", sorted(set(Status) - {Status.DRAFT}))
def test_progress_is_told_in_words_and_instants(api: Api, status: Status) -> None:
    code = a_dossier(api, status)

    found = succeeded(_track(api, code))

    assert (found["kind"], found["code"], found["status"]) == ("dossier", code, status)
    assert found["agency_name"] == "UBND Thành phố Việt Trì"
    assert found["summary"].endswith(".")
    assert found["received_at"] == "2026-10-05T02:00:00Z"
    known = api.dossier(code)
    if status in RUNNING:
        assert found["due_at"] == known["due_at"].strftime("%Y-%m-%dT%H:%M:%SZ")
        assert found["in_words"] == "còn 3 ngày"
    elif status in STANDING:
        assert (found["due_at"], found["in_words"]) == (None, "đang dừng tính thời hạn")
        assert found["reply_due_on"] is not None
    else:
        assert found["in_words"] is None
    assert (found["answer_due_at"] is not None) is (status is Status.REGISTERED)
    events = api.rows(
        "SELECT act FROM dossier_event JOIN dossier ON dossier.id = dossier_id"
        " WHERE code = :code ORDER BY seq",
        code=code,
    )
    assert len(found["steps"]) == len(events)


def test_a_late_one_says_by_how_much(api: Api) -> None:
    code = a_dossier(api, Status.IN_PROCESS)
    api.clock.at = MONDAY + timedelta(days=4, hours=2)

    assert succeeded(_track(api, code))["in_words"] == "quá hạn 1 ngày 2 giờ"


@pytest.mark.parametrize("status", PetitionStatus)
def test_a_petition_is_followed_the_same_way(api: Api, status: PetitionStatus) -> None:
    code = a_petition(api, status)

    found = succeeded(_track(api, code))

    assert (found["kind"], found["status"]) == ("petition", status)
    assert (found["due_at"] is None) is (status is PetitionStatus.SUPPLEMENT_REQUESTED)
    assert found["steps"][0]["label"] == "Gửi phản ánh, kiến nghị"


@pytest.mark.parametrize("check", [CHECK, PHONE[-4:]])
def test_the_last_digits_of_number_or_phone_open(api: Api, check: str) -> None:
    applicant = an_application(FULL)["applicant"] | {"phone": PHONE}
    desk = api.receptionist(AGENCY_OF[FULL])
    made = desk.post("/v1/dossiers/intake", an_application(FULL, applicant=applicant))

    assert _track(api, succeeded(made)["code"].lower(), check).is_success


def test_no_personal_data_is_told(api: Api) -> None:
    """Whatever anybody wrote about the person or the case, nothing of it is there."""
    secret = "Bí mật đời tư"
    applicant = {"kind": "citizen", "number": CITIZEN, "name": secret, "phone": PHONE}
    applicant |= {"email": "bimat@example.vn", "address": secret}
    desk = api.receptionist(AGENCY_OF[FULL])
    body = an_application(FULL, applicant=applicant)
    code = succeeded(desk.post("/v1/dossiers/intake", body))["code"]
    desk.does(code, "supplement-requests", {"components": ["GT01"], "reason": secret})
    petition = a_petition(
        api, PetitionStatus.SUPPLEMENT_REQUESTED, subject=secret, content=secret, phone=PHONE
    )

    for followed in (code, petition):
        for accept in ("application/json", "text/html"):
            told = _track(api, followed, accept=accept).text
            for private in (secret, CITIZEN, PHONE, "bimat", "Trần Thị Mẫu", "Cán bộ", "lý lịch"):
                assert private not in told, private


def _try(api: Api, code: str, check: str | None, accept: str = "*/*") -> httpx2.Response:
    """Try as if it were the first time."""
    _forget(api)
    return _track(api, code, check, accept)


def _variants(api: Api) -> list[tuple[str, str | None]]:
    code, petition = a_dossier(api), a_petition(api)
    return [
        (code, "9999"),
        (petition, "9999"),
        ("H44.29-261005-9999", CHECK),
        ("PA-H44.29-261005-9999", CHECK),
        ("H99.99-000000-0000", CHECK),
        (code, None),
        (code, ""),
        (code, "x"),
        (code, "00000001"),
        (code, "0001\0"),
        (code, "１２３４"),
        (code, "' OR 1=1 --"),
        ("nonsense", CHECK),
        ("x" * 5000, CHECK),
        ("\0", CHECK),
        ("<script>", CHECK),
        ("H44.29-261005-0001' --", CHECK),
        ("Ệ" * 300, "Ệ"),
        ("%", "%"),
        ("", CHECK),
        ("a/b", CHECK),
        ("../dossiers", CHECK),
    ]


def test_whatever_is_wrong_the_answer_is_the_same_to_the_byte(api: Api) -> None:
    answers = [_try(api, code, check) for code, check in _variants(api)]

    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1
    assert len({json.dumps(dict(answer.headers)) for answer in answers}) == 1
    assert answers[0].json()["code"] == "tracking.not_found"
    assert answers[0].headers["content-type"] == "application/problem+json"


def test_whatever_is_wrong_the_same_statements_are_sent(api: Api) -> None:
    sent = []
    _try(api, "x", CHECK)  # whatever a first request does beside
    for code, check in _variants(api):
        with statements(api) as seen:
            _try(api, code, check)
        sent.append(tuple(seen))

    assert len(set(sent)) == 1
    assert len(sent[0]) == 5  # who acts, three counters, one look-up


def test_the_page_that_says_no_is_the_same_to_the_byte(api: Api) -> None:
    variants = [(code, check) for code, check in _variants(api) if check is not None]
    answers = [_try(api, code, check, "text/html") for code, check in variants]

    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1


def test_nobody_needs_to_log_in_and_logging_in_changes_nothing(api: Api) -> None:
    code = a_dossier(api)

    as_clerk = api.receptionist().get(f"/v1/tracking/{code}", check=CHECK)

    assert as_clerk.content == _track(api, code).content
    refused_to = api.receptionist().get(f"/v1/tracking/{code}", check="9999")
    assert refused_to.status_code == 404
    garbage = {"Authorization": "Bearer nonsense"}
    assert api.http.get(f"/v1/tracking/{code}?check={CHECK}", headers=garbage).is_success


def test_other_methods_are_not_served(api: Api) -> None:
    answer = api.http.post(f"/v1/tracking/{a_dossier(api)}", json={})

    refused(answer, 405, "request.no_such_method")
