"""Petitions over HTTP: sent by citizens, handled by the agency in its days, followed by both."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import product

import pytest

from app.domain.actor import Role
from app.domain.calendar import LOCAL_ZONE
from app.domain.petitions import ENDED, STEPS, PetitionAct, PetitionStatus
from tests.api.citizen_samples import (
    BODY_OF,
    HOSTILE,
    ROLE_OF,
    UNSTORABLE,
    a_key,
    a_petition,
    a_petition_body,
    act_on,
)
from tests.builders import (
    CITIZEN,
    DISTRICT,
    JUSTICE,
    MONDAY,
    OTHER_CITIZEN,
    OTHER_DISTRICT,
    PROVINCE,
    Api,
    Json,
    a_dossier,
    refused,
    succeeded,
)

ACT_OF = {
    "acceptance": PetitionAct.ACCEPT,
    "refusal": PetitionAct.REFUSE,
    "supplement-requests": PetitionAct.ASK_SUPPLEMENT,
    "supplements": PetitionAct.SUPPLEMENT,
    "answer": PetitionAct.ANSWER,
    "withdrawal": PetitionAct.WITHDRAW,
}
STAFF = (Role.RECEPTIONIST, Role.OFFICER, Role.APPROVER)


@pytest.fixture(autouse=True)
def _back_to_monday(api: Api) -> Iterator[None]:
    yield
    api.clock.at = MONDAY


def _read(api: Api, code: str) -> dict[str, Json]:
    return succeeded(api.citizen().get(f"/v1/petitions/{code}"))


def test_a_petition_goes_from_hand_to_hand(own_api: Api) -> None:
    api = own_api
    dossier = a_dossier(api)
    body = a_petition_body(dossier=dossier)

    sent = api.citizen().post("/v1/petitions", body)
    code = succeeded(sent)["code"]

    assert (sent.status_code, code) == (201, "PA-H44.29-261005-0001")
    assert sent.headers["Location"] == f"/v1/petitions/{code}"
    assert (sent.headers["ETag"], sent.json()["status"]) == ('"1"', "received")
    assert sent.json()["due_at"] == "2026-10-26T09:00:00+07:00"
    for act in ("supplement-requests", "supplements", "acceptance", "answer"):
        api.clock.move(hours=1)
        succeeded(act_on(api, code, act))
    found = _read(api, code)
    assert (found["status"], found["status_label"]) == ("answered", "Đã trả lời")
    assert found["in_words"] == "trả lời trong hạn"
    assert (found["dossier"], found["content"]) == (dossier, body["content"])
    assert [(e["act"], e["words"]) for e in found["events"]] == [
        ("submit", None),
        ("ask_supplement", "Cho biết mã hồ sơ"),
        ("supplement", "Mã hồ sơ ở phía sau"),
        ("accept", None),
        ("answer", "Đã trả kết quả ngày hôm nay."),
    ]
    assert [e["seq"] for e in found["events"]] == [1, 2, 3, 4, 5]
    assert found["petitioner"]["number"] == CITIZEN


@pytest.mark.parametrize(("status", "path"), list(product(PetitionStatus, ACT_OF)), ids=str)
def test_the_whole_table_over_http(api: Api, status: PetitionStatus, path: str) -> None:
    """Each act by each role: done by those the table names, refused and without trace else."""
    code = a_petition(api, status)
    step = STEPS.get((status, ACT_OF[path]))
    version = _read(api, code)["version"]
    for role in (Role.APPLICANT, *STAFF):
        if step is not None and role in step.by:
            continue
        person = api.citizen() if role is Role.APPLICANT else api.person(role, DISTRICT)
        answer = person.post(f"/v1/petitions/{code}/{path}", BODY_OF[path], version=version)
        if step is None:
            told = refused(answer, 409, "petition.step_refused")
            assert told["petition_status"] == status
        else:
            refused(answer, 403, "petition.role_refused")
    assert _read(api, code)["version"] == version
    if step is not None:
        done = act_on(api, code, path)
        target = step.target or PetitionStatus.RECEIVED
        assert (succeeded(done)["status"], done.headers["ETag"]) == (target, f'"{version + 1}"')
        assert (_read(api, code)["ended_at"] is not None) is (target in ENDED)


def test_what_is_offered_is_what_can_be_done(api: Api) -> None:
    for status in PetitionStatus:
        code = a_petition(api, status)
        for role in (Role.APPLICANT, *STAFF):
            person = api.citizen() if role is Role.APPLICANT else api.person(role, DISTRICT)
            offered = succeeded(person.get(f"/v1/petitions/{code}"))["possible_acts"]
            assert set(offered) == {
                act for (source, act), step in STEPS.items() if source is status and role in step.by
            }


def test_refusing_takes_two_working_days_at_most(api: Api) -> None:
    code = a_petition(api)
    approver = api.approver()
    assert _read(api, code)["refuse_until"] == "2026-10-07T09:00:00+07:00"

    api.clock.at = MONDAY + timedelta(days=2, minutes=1)

    told = refused(act_on(api, code, "refusal"), 409, "petition.too_late")
    assert told["until"] == "2026-10-07T09:00:00+07:00"
    assert "09:00 ngày 07/10/2026" in told["detail"]
    assert "refuse" not in succeeded(approver.get(f"/v1/petitions/{code}"))["possible_acts"]
    api.clock.at = MONDAY + timedelta(days=2, seconds=59)
    succeeded(act_on(api, code, "refusal"))


def test_asking_takes_five_working_days_at_most_and_once(api: Api) -> None:
    late, asked = a_petition(api), a_petition(api, PetitionStatus.ACCEPTED)
    api.clock.at = MONDAY + timedelta(days=7)
    succeeded(act_on(api, asked, "supplement-requests"))
    succeeded(act_on(api, asked, "supplements"))

    told = act_on(api, asked, "supplement-requests")

    refused(told, 409, "petition.supplement_asked_before")
    offered = succeeded(api.officer().get(f"/v1/petitions/{asked}"))["possible_acts"]
    assert offered == []
    api.clock.move(minutes=1)
    refused(act_on(api, late, "supplement-requests"), 409, "petition.too_late")


def test_the_clock_stands_while_the_petitioner_is_asked(api: Api) -> None:
    code = a_petition(api, PetitionStatus.ACCEPTED)
    api.clock.at = MONDAY + timedelta(days=1)
    succeeded(act_on(api, code, "supplement-requests"))

    found = _read(api, code)
    assert (found["due_at"], found["in_words"]) == (None, "đang dừng tính thời hạn")
    api.clock.at = MONDAY + timedelta(days=11)  # Friday
    succeeded(act_on(api, code, "supplements"))
    found = _read(api, code)
    assert found["due_at"] == "2026-11-05T02:00:00Z"  # 14 of 15 days are left
    assert found["in_words"] == "còn 14 ngày"


def test_whoever_does_not_reply_can_be_answered_all_the_same(api: Api) -> None:
    code = a_petition(api, PetitionStatus.SUPPLEMENT_REQUESTED)
    api.clock.move(days=90)

    assert succeeded(act_on(api, code, "answer"))["status"] == "answered"

    assert _read(api, code)["in_words"] == "trả lời trong hạn"


def test_a_late_answer_is_called_late(api: Api) -> None:
    code = a_petition(api, PetitionStatus.ACCEPTED)
    api.clock.at = datetime(2026, 10, 27, 11, 0, tzinfo=LOCAL_ZONE)
    assert _read(api, code)["in_words"] == "quá hạn 1 ngày 2 giờ"

    succeeded(act_on(api, code, "answer"))

    api.clock.move(days=3)
    assert _read(api, code)["in_words"] == "trả lời quá hạn 1 ngày 2 giờ"


@pytest.mark.parametrize(
    ("changes", "faults"),
    [
        ({"agency": "H99"}, [("/agency", "agency.unknown")]),
        ({"dossier": "H44.29-260101-0001"}, [("/dossier", "dossier.unknown")]),
        ({"dossier": "\u202e'"}, [("/dossier", "dossier.unknown")]),
        (
            {"agency": "H99", "dossier": "x"},
            [("/agency", "agency.unknown"), ("/dossier", "dossier.unknown")],
        ),
    ],
)
def test_all_faults_are_told_at_once(
    api: Api, changes: dict[str, str], faults: list[tuple[str, str]]
) -> None:
    answer = api.citizen().post("/v1/petitions", a_petition_body(**changes))

    told = refused(answer, 422, "petition.faulty")
    assert [(fault["pointer"], fault["code"]) for fault in told["errors"]] == faults


def test_a_petition_is_about_ones_own_dossier_at_an_agency_that_had_it(api: Api) -> None:
    mine, theirs = a_dossier(api), a_dossier(api, applicant=OTHER_CITIZEN)

    def send(dossier: str, agency: str) -> list[str]:
        body = a_petition_body(dossier=dossier, agency=agency)
        answer = api.citizen().post("/v1/petitions", body)
        if answer.is_success:
            return []
        return [fault["code"] for fault in refused(answer, 422, "petition.faulty")["errors"]]

    assert send(mine, DISTRICT) == []
    assert send(mine, PROVINCE) == []  # above it
    assert send(mine, JUSTICE) == ["agency.not_concerned"]
    assert send(theirs, DISTRICT) == ["dossier.unknown"]


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "praise"},
        {"subject": ""},
        {"subject": "x" * 201},
        {"subject": "a\nb"},
        {"content": " "},
        {"content": "x" * 4001},
        {"phone": "gọi tôi"},
        {"agency": "'"},
        {"dossier": ""},
        {"more": 1},
    ],
)
def test_what_is_no_petition_is_refused(api: Api, changes: dict[str, Json]) -> None:
    answer = api.citizen().post("/v1/petitions", a_petition_body(**changes))

    refused(answer, 422, "request.invalid")


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_kept_as_it_is(api: Api, text: str) -> None:
    code = a_petition(api, subject=text[:200], content=text)
    answered = api.officer().post(
        f"/v1/petitions/{code}/supplement-requests", {"reason": text}, version=1
    )

    assert answered.is_success
    found = succeeded(api.receptionist().get(f"/v1/petitions/{code}"))
    assert (found["subject"], found["content"]) == (text[:200], text)
    assert found["events"][1]["words"] == text


@pytest.mark.parametrize("text", UNSTORABLE)
def test_text_that_cannot_be_kept_is_refused(api: Api, text: str) -> None:
    body = a_petition_body(content=text)
    headers = {"Content-Type": "application/json", "Idempotency-Key": a_key()}

    answer = api.citizen().send("POST", "/v1/petitions", content=json.dumps(body), headers=headers)

    refused(answer, 422, "request.invalid")


def test_sending_again_after_a_broken_line_sends_once(api: Api) -> None:
    key, body = a_key(), a_petition_body()

    answers = [api.citizen().post("/v1/petitions", body, key=key) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].content == answers[1].content
    assert answers[0].headers["ETag"] == answers[1].headers["ETag"]
    refused(api.citizen().post("/v1/petitions", body, key=None), 400, "idempotency.key_missing")
    changed = api.citizen().post("/v1/petitions", a_petition_body(subject="Khác"), key=key)
    refused(changed, 422, "idempotency.key_reused")


@pytest.mark.parametrize("path", ACT_OF)
def test_an_act_again_under_its_key_is_answered_the_same(api: Api, path: str) -> None:
    status = next(s for (s, act) in STEPS if act is ACT_OF[path] and s is not None)
    code, key = a_petition(api, status), a_key()
    version = _read(api, code)["version"]
    role = ROLE_OF[path]
    person = api.citizen() if role == "applicant" else api.person(role, DISTRICT)

    first, again = (
        person.post(f"/v1/petitions/{code}/{path}", BODY_OF[path], version=version, key=key)
        for _ in range(2)
    )

    assert first.is_success
    assert (first.content, first.headers["ETag"]) == (again.content, again.headers["ETag"])
    assert _read(api, code)["version"] == version + 1


def test_only_citizens_send_petitions(api: Api) -> None:
    for role in (*STAFF, Role.ANALYST, Role.ADMINISTRATOR):
        answer = api.person(role, DISTRICT).post("/v1/petitions", a_petition_body())
        refused(answer, 403, "petition.role_refused")


def test_a_stranger_finds_nothing(api: Api) -> None:
    code = a_petition(api)
    strangers = [
        api.citizen(OTHER_CITIZEN),
        api.receptionist(OTHER_DISTRICT),
        api.person(Role.ANALYST, PROVINCE),
        api.person(Role.ADMINISTRATOR, PROVINCE),
    ]

    for stranger in strangers:
        refused(stranger.get(f"/v1/petitions/{code}"), 404, "petition.not_found")
        answer = stranger.post(f"/v1/petitions/{code}/withdrawal", {}, version=1)
        refused(answer, 404, "petition.not_found")
        assert succeeded(stranger.get("/v1/petitions"))["items"] == []


def test_who_is_slower_hears_what_the_other_did(api: Api) -> None:
    code = a_petition(api)
    succeeded(act_on(api, code, "acceptance"))

    told = refused(act_on(api, code, "withdrawal", version=1), 412, "petition.version_stale")

    assert (told["version"], told["petition_status"]) == (2, "accepted")
    assert [change["act"] for change in told["changes"]] == ["accept"]
    answer = api.receptionist().post(f"/v1/petitions/{code}/acceptance")
    refused(answer, 428, "dossier.version_missing")


def _codes(api: Api, agency: str = DISTRICT, **query: Json) -> list[str]:
    found: list[str] = []
    after: dict[str, str] = {}
    while True:
        page = succeeded(api.receptionist(agency).get("/v1/petitions", limit=2, **query, **after))
        found += [item["code"] for item in page["items"]]
        if page["next"] is None:
            return found
        after = {"after": page["next"]}


def test_lists_show_the_newest_or_the_most_urgent_first(own_api: Api) -> None:
    api = own_api
    made = []
    for _ in range(4):
        made.append(a_petition(api))
        api.clock.move(minutes=30)
    stopped, answered = made[0], made[1]
    succeeded(act_on(api, stopped, "supplement-requests"))
    succeeded(act_on(api, answered, "acceptance"))
    succeeded(act_on(api, answered, "answer"))
    elsewhere = a_petition(api, agency=JUSTICE)

    assert _codes(api) == made[::-1]
    assert _codes(api, open="true") == [made[2], made[3], stopped]
    assert _codes(api, status="answered") == [answered]
    assert _codes(api, JUSTICE) == [elsewhere]
    assert _codes(api, OTHER_DISTRICT) == []
    assert set(_codes(api, PROVINCE)) == {*made, elsewhere}
    [first] = succeeded(api.officer().get("/v1/petitions", open="true", limit=1))["items"]
    assert first["in_words"] == "còn 14 ngày 7 giờ"


def _figures(api: Api, first: str, last: str, **more: str) -> dict[str, Json]:
    analyst = api.person(Role.ANALYST, PROVINCE)
    query = {"from": first, "to": last} | more
    return succeeded(analyst.get("/v1/petitions/figures", **query))


def test_figures_count_what_was_due_and_how_it_was_answered(own_api: Api) -> None:
    api = own_api
    in_time = a_petition(api, PetitionStatus.ACCEPTED)
    late = a_petition(api, PetitionStatus.ACCEPTED, agency=JUSTICE)
    a_petition(api)  # overdue when it is counted
    for status in (
        PetitionStatus.REFUSED,
        PetitionStatus.WITHDRAWN,
        PetitionStatus.SUPPLEMENT_REQUESTED,
    ):
        a_petition(api, status)
    due = datetime(2026, 10, 26, 9, 0, tzinfo=LOCAL_ZONE)
    api.clock.at = due + timedelta(seconds=59)  # the minute counts
    succeeded(act_on(api, in_time, "answer"))
    api.clock.at = due + timedelta(minutes=1)
    a_petition(api)  # due in November
    succeeded(act_on(api, late, "answer"))

    october = _figures(api, "2026-10-01", "2026-10-31")

    assert october["total"] == {
        "due": 3,
        "in_time": 1,
        "late": 1,
        "overdue": 1,
        "open": 0,
        "in_time_percent": "33.33",
    }
    rows = [(row["agency_code"], row["due"], row["late"]) for row in october["rows"]]
    assert rows == [(JUSTICE, 1, 1), (DISTRICT, 2, 0)]
    assert _figures(api, "2026-10-26", "2026-10-26")["total"] == october["total"]
    assert _figures(api, "2026-10-01", "2026-10-25")["total"]["in_time_percent"] is None
    november = _figures(api, "2026-11-01", "2026-11-30")["total"]
    assert (november["due"], november["open"]) == (1, 1)
    assert _figures(api, "2026-10-01", "2026-10-31", agency=JUSTICE)["total"]["due"] == 1
    assert _figures(api, "0001-01-01", "9999-12-31")["total"]["due"] == 4


def test_figures_are_for_staff(api: Api) -> None:
    period = {"from": "2026-10-01", "to": "2026-10-31"}
    for person in (api.citizen(), api.person(Role.ADMINISTRATOR, PROVINCE)):
        answer = person.get("/v1/petitions/figures", **period)
        refused(answer, 403, "petition.figures_refused")
