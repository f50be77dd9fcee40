"""Every act in every status by everybody: allowed as the table says, else refused without trace."""

import pytest

from app.domain.actor import Role
from app.domain.lifecycle import STEPS, WAITING, Act, Status, possible_acts
from tests.builders import (
    CITIZEN,
    DISTRICT,
    OTHER_CITIZEN,
    OTHER_DISTRICT,
    PATH_OF,
    Api,
    Person,
    a_body,
    a_dossier,
    an_application,
    an_online_application,
    refused,
    succeeded,
)

STATUSES = [status for status in Status if status is not Status.DRAFT]
AT_THE_DESK = (Role.APPLICANT, Role.RECEPTIONIST, Role.OFFICER, Role.APPROVER)
BLIND = (Role.ANALYST, Role.ADMINISTRATOR, Role.PARTNER)
ALLOWED = [
    (status, act, role)
    for (status, act), step in STEPS.items()
    if status in STATUSES
    for role in AT_THE_DESK
    if role in step.by
]


def _who(api: Api, role: Role, agency: str = DISTRICT) -> Person:
    return api.person(role, None if role in {Role.APPLICANT, Role.PARTNER} else agency)


def _named(case: object) -> str:
    return str(case)


@pytest.fixture(scope="module")
def gallery(api: Api) -> dict[Status, str]:
    """A dossier in each status, for those who may not do what they try."""
    return {status: a_dossier(api, status) for status in STATUSES}


@pytest.mark.parametrize("act", PATH_OF, ids=_named)
@pytest.mark.parametrize("status", STATUSES, ids=_named)
def test_what_the_table_does_not_allow_is_refused_and_leaves_no_trace(
    api: Api, gallery: dict[Status, str], status: Status, act: Act
) -> None:
    code, step = gallery[status], STEPS.get((status, act))
    body = a_body(api, act)
    before = api.traces(code)

    for role in AT_THE_DESK:
        if step is not None and role in step.by:
            continue
        answer = _who(api, role).act(code, PATH_OF[act], body)
        if step is None:
            told = refused(answer, 409, "dossier.step_refused")
            assert told["possible_acts"] == possible_acts(status)
        else:
            told = refused(answer, 403, "dossier.role_refused")
            assert told["possible_acts"] == possible_acts(status, role)
            assert told["roles"] == sorted(step.by)
    for role in BLIND:
        refused(_who(api, role).act(code, PATH_OF[act], body), 404, "dossier.not_found")

    assert api.traces(code) == before


@pytest.mark.parametrize(("status", "act", "role"), ALLOWED, ids=_named)
def test_what_the_table_allows_is_done_and_leaves_one_event_and_one_message(
    api: Api, status: Status, act: Act, role: Role
) -> None:
    code = a_dossier(api, status)
    before = api.traces(code)
    person = _who(api, role)
    target = STEPS[status, act].target or Status.IN_PROCESS

    answer = person.act(code, PATH_OF[act], a_body(api, act))

    done, after = succeeded(answer), api.traces(code)
    version = before["dossier"]["version"] + 1
    assert (done["code"], done["status"], done["version"]) == (code, target, version)
    assert answer.headers["ETag"] == f'"{version}"'
    assert answer.headers["Location"] == f"/v1/dossiers/{code}"
    assert done["possible_acts"] == possible_acts(target)
    assert (after["dossier"]["status"], after["dossier"]["version"]) == (target, version)
    assert after["dossier"]["status_before"] == (status if target in WAITING else None)
    assert after["events"] == after["deliveries"] == version
    event = person.get(f"/v1/dossiers/{code}/events").json()["items"][-1]
    assert (event["seq"], event["act"], event["source"], event["target"]) == (
        *(version, act),
        *(status, target),
    )
    assert event["actor"]["role"] == role
    assert event["agency"] == DISTRICT


@pytest.mark.parametrize(
    ("waiting", "before"),
    [
        (step.target, source)
        for (source, _), step in STEPS.items()
        if step.target in WAITING and source is not None
    ],
    ids=_named,
)
def test_an_answered_wait_leads_back_to_where_it_was_asked(
    api: Api, waiting: Status, before: Status
) -> None:
    code = a_dossier(api, waiting, before=before)
    act = Act.SUPPLEMENT if waiting is Status.SUPPLEMENT_REQUESTED else Act.SETTLE
    person = api.citizen() if act is Act.SUPPLEMENT else api.receptionist()

    assert person.does(code, PATH_OF[act], a_body(api, act))["status"] == before


@pytest.mark.parametrize("act", PATH_OF, ids=_named)
def test_a_foreign_agency_and_another_citizen_are_told_that_there_is_no_such_dossier(
    api: Api, gallery: dict[Status, str], act: Act
) -> None:
    body = a_body(api, act)
    strangers = [_who(api, role, OTHER_DISTRICT) for role in AT_THE_DESK[1:]]

    for code in gallery.values():
        before = api.traces(code)
        for person in (*strangers, api.citizen(OTHER_CITIZEN)):
            refused(person.act(code, PATH_OF[act], body), 404, "dossier.not_found")
        assert api.traces(code) == before


@pytest.fixture(scope="module")
def handed_away(api: Api) -> str:
    code = a_dossier(api, Status.IN_PROCESS)
    target = {"agency": OTHER_DISTRICT, "reason": "Thuộc thẩm quyền của huyện Phù Ninh"}
    api.officer().does(code, "handovers", target)
    return code


@pytest.mark.parametrize("act", PATH_OF, ids=_named)
@pytest.mark.parametrize("role", AT_THE_DESK[1:], ids=_named)
def test_who_handed_a_dossier_away_still_reads_it_and_acts_no_more(
    api: Api, handed_away: str, act: Act, role: Role
) -> None:
    before = api.traces(handed_away)
    person = _who(api, role)

    refused(person.act(handed_away, PATH_OF[act], a_body(api, act)), 403, "dossier.elsewhere")

    seen = succeeded(person.get(f"/v1/dossiers/{handed_away}"))
    assert seen["at_agency"]["code"] == OTHER_DISTRICT
    assert seen["possible_acts"] == []
    assert api.traces(handed_away) == before


def test_who_was_handed_a_dossier_acts_on_it(api: Api) -> None:
    code = a_dossier(api, Status.IN_PROCESS)
    api.officer().does(code, "handovers", {"agency": OTHER_DISTRICT, "reason": "Phối hợp"})

    api.approver(OTHER_DISTRICT).does(code, "extension", a_body(api, Act.EXTEND))
    back = {"agency": DISTRICT, "reason": "Đã phối hợp xong"}
    api.officer(OTHER_DISTRICT).does(code, "handovers", back)

    assert api.approver().does(code, "resolution", a_body(api, Act.RESOLVE))["status"] == "resolved"
    events = api.citizen().get(f"/v1/dossiers/{code}/events").json()["items"]
    assert [event["agency"] for event in events[-4:]] == [
        DISTRICT,
        OTHER_DISTRICT,
        OTHER_DISTRICT,
        DISTRICT,
    ]


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.RECEPTIONIST, Role.SYSTEM}))
def test_only_a_receptionist_takes_in(api: Api, role: Role) -> None:
    before = api.rows("SELECT * FROM intake_day")

    for body in (an_application(), an_application(form={}, components=[])):
        answer = _who(api, role).post("/v1/dossiers/intake", body)
        refused(answer, 403, "dossier.role_refused")

    assert api.rows("SELECT * FROM intake_day") == before


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.APPLICANT, Role.SYSTEM}))
def test_only_an_applicant_submits(api: Api, role: Role) -> None:
    papers = an_online_application(api.citizen())
    before = api.rows("SELECT * FROM intake_day")

    for body in (papers, papers | {"form": {}, "components": []}):
        answer = _who(api, role).post("/v1/dossiers", body)
        refused(answer, 403, "dossier.role_refused")

    assert api.rows("SELECT * FROM intake_day") == before


def test_a_submission_is_the_first_event_and_the_first_message(api: Api) -> None:
    citizen = api.citizen()

    answer = citizen.post("/v1/dossiers", an_online_application(citizen))

    made = succeeded(answer)
    assert answer.status_code == 201
    assert (made["status"], made["version"], made["due_at"]) == ("registered", 1, None)
    assert answer.headers["ETag"] == '"1"'
    assert answer.headers["Location"] == f"/v1/dossiers/{made['code']}"
    [event] = citizen.get(f"/v1/dossiers/{made['code']}/events").json()["items"]
    assert (event["act"], event["source"], event["target"]) == ("submit", "draft", "registered")
    assert event["actor"] == {"role": "applicant", "name": "Trần Thị Mẫu"}
    traces = api.traces(made["code"])
    assert (traces["events"], traces["deliveries"]) == (1, 1)


def test_an_intake_is_entered_and_accepted_in_one_act(api: Api) -> None:
    desk = api.receptionist()

    made = succeeded(desk.post("/v1/dossiers/intake", an_application(channel="post")))

    assert (made["status"], made["version"]) == ("accepted", 1)
    seen = desk.get(f"/v1/dossiers/{made['code']}").json()
    assert (seen["channel"], seen["accepted_at"]) == ("post", seen["received_at"])
    assert seen["due_at"] == seen["promised_at"] is not None
    [event] = desk.get(f"/v1/dossiers/{made['code']}/events").json()["items"]
    assert (event["act"], event["source"], event["target"]) == ("take_in", None, "accepted")


@pytest.mark.parametrize("person", [CITIZEN, "receptionist", "officer", "approver"])
@pytest.mark.parametrize("status", STATUSES, ids=_named)
def test_a_dossier_shows_who_reads_it_what_they_may_do_now(
    api: Api, gallery: dict[Status, str], status: Status, person: str
) -> None:
    role = Role.APPLICANT if person == CITIZEN else Role(person)

    seen = succeeded(_who(api, role).get(f"/v1/dossiers/{gallery[status]}"))

    assert seen["possible_acts"] == possible_acts(status, role)
    assert seen["status"] == status
