"""Opinions of other agencies: several at once, each answers or its deadline passes."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from app.db.access import acting, connect
from app.domain.actor import Actor, Role
from app.domain.lifecycle import Act, Status
from app.services import opinions
from tests.builders import (
    DISTRICT,
    JUSTICE,
    MONDAY,
    OTHER_DISTRICT,
    PATH_OF,
    PROVINCE,
    Api,
    Json,
    a_body,
    a_dossier,
    refused,
    succeeded,
)

TRANSPORT, LAND = "H44.06", "H44.14"
QUESTION = {
    "question": "Thửa đất có nằm trong quy hoạch giao thông không?",
    "agencies": [TRANSPORT, LAND],
    "count": 1,
    "unit": "working_days",
}


@pytest.fixture(autouse=True)
def _monday(api: Api) -> Iterator[None]:
    api.clock.at = MONDAY
    yield
    api.clock.at = MONDAY


@pytest.fixture(scope="module")
def application(module_database: str) -> Iterator[Engine]:
    engine = connect(module_database)
    yield engine
    engine.dispose()


def ask(api: Api, code: str, **changes: Json) -> dict[str, Any]:
    return succeeded(api.officer().post(f"/v1/dossiers/{code}/opinions", QUESTION | changes))


def number_of(asked: dict[str, Any], agency: str) -> int:
    [number] = [one["id"] for one in asked["opinions"] if one["agency"] == agency]
    return int(number)


def answered(api: Api, asked: dict[str, Any], agency: str, **given: Json) -> Any:  # noqa: ANN401
    path = f"/v1/opinions/{number_of(asked, agency)}/answer"
    return api.officer(agency).post(path, {"position": "agree", **given})


def states(api: Api, code: str) -> dict[str, str]:
    found = succeeded(api.officer().get(f"/v1/dossiers/{code}/opinions"))["items"]
    return {one["agency"]: one["state"] for item in found for one in item["opinions"]}


def test_several_are_asked_at_once_and_each_answers(api: Api) -> None:
    code = a_dossier(api, Status.IN_PROCESS)
    before = api.traces(code)

    asked = ask(api, code)
    assert (asked["agency"], asked["step"], asked["is_complete"]) == (DISTRICT, "appraisal", False)
    assert asked["due_at"] == "2026-10-06T02:00:00Z"
    no = succeeded(answered(api, asked, LAND, position="disagree", content="Thuộc đất lúa"))
    assert (no["state"], no["answered_by"]) == ("answered", "Cán bộ officer")
    assert states(api, code) == {TRANSPORT: "waiting", LAND: "answered"}
    succeeded(answered(api, asked, TRANSPORT))

    [done] = succeeded(api.officer().get(f"/v1/dossiers/{code}/opinions"))["items"]
    assert done["is_complete"]
    assert [one["position"] for one in done["opinions"]] == ["agree", "disagree"]
    after = api.traces(code)
    assert {name: after[name] for name in ("dossier", "events", "deliveries")} == {
        name: before[name] for name in ("dossier", "events", "deliveries")
    }


def test_the_asked_agency_finds_it_in_its_list_and_count_by_deadline(own_api: Api) -> None:
    api, codes = own_api, [a_dossier(own_api, Status.IN_PROCESS) for _ in range(3)]
    for code, hours in zip(codes, (6, 2, 4), strict=True):
        ask(api, code, agencies=[LAND], count=hours, unit="working_hours")

    officer = api.officer(LAND)
    first = succeeded(officer.get("/v1/opinions", limit=2))
    rest = succeeded(officer.get("/v1/opinions", limit=2, after=first["next"]))
    found = [item["dossier"]["code"] for item in first["items"] + rest["items"]]
    assert found == [codes[1], codes[2], codes[0]]
    assert rest["next"] is None
    assert first["items"][0]["asked_by"] == {"agency": DISTRICT, "name": "Cán bộ officer"}
    counts = succeeded(officer.get("/v1/queue/counts"))
    assert counts["opinions"] == {"count": 3, "exact": True}
    assert succeeded(api.officer().get("/v1/queue/counts"))["opinions"]["count"] == 0
    assert succeeded(api.officer(JUSTICE).get("/v1/opinions"))["items"] == []

    api.clock.move(hours=3)
    assert succeeded(officer.get("/v1/queue/counts"))["opinions"]["count"] == 2
    given_up = succeeded(officer.get("/v1/opinions", state="unanswered"))["items"]
    assert [item["dossier"]["code"] for item in given_up] == [codes[1]]


def test_it_shows_the_dossier_for_that_purpose_and_until_it_is_answered(api: Api) -> None:
    code = a_dossier(api, Status.IN_PROCESS)
    asked = ask(api, code)
    officer, path = api.officer(LAND), f"/v1/opinions/{number_of(asked, LAND)}"

    seen = succeeded(officer.get(path))
    assert seen["excerpt"]["applicant_name"] == "Trần Thị Mẫu"
    assert seen["excerpt"]["form"]
    document = seen["excerpt"]["components"][0]["document"]
    file = f"{path}/documents/{document['id']}"
    assert officer.get(file).content.startswith(b"%PDF")

    refused(officer.get(f"/v1/dossiers/{code}"), 404, "dossier.not_found")
    refused(officer.get(f"/v1/documents/{document['id']}"), 404, "document.not_found")
    assert succeeded(officer.get("/v1/dossiers", q=code))["items"] == []
    refused(officer.act(code, "handovers", {}), 404, "dossier.not_found")

    succeeded(answered(api, asked, LAND))
    assert succeeded(officer.get(path))["excerpt"] is None
    refused(officer.get(file), 404, "document.not_found")


def test_nobody_else_sees_or_answers_it(api: Api) -> None:
    code = a_dossier(api, Status.IN_PROCESS)
    number = number_of(ask(api, code), LAND)
    path = f"/v1/opinions/{number}"

    for stranger in (api.officer(OTHER_DISTRICT), api.receptionist(JUSTICE)):
        refused(stranger.get(path), 404, "opinion.not_found")
    for outsider in (api.citizen(), api.person(Role.ADMINISTRATOR, PROVINCE)):
        refused(outsider.get(path), 403, "dossier.role_refused")
    assert succeeded(api.officer().get(path))["excerpt"] is None
    body = {"position": "agree"}
    refused(api.officer().post(f"{path}/answer", body), 404, "opinion.not_found")
    refused(api.officer(TRANSPORT).post(f"{path}/answer", body), 404, "opinion.not_found")
    refused(api.receptionist(LAND).post(f"{path}/answer", body), 403, "dossier.role_refused")
    assert succeeded(api.receptionist(LAND).get(path))["excerpt"] is None


def test_no_answer_by_the_deadline_is_recorded_as_none(own_api: Api) -> None:
    api, code = own_api, a_dossier(own_api, Status.IN_PROCESS)
    asked = ask(api, code)
    succeeded(answered(api, asked, LAND))
    api.clock.at = MONDAY.replace(day=6, hour=9, minute=0)
    assert states(api, code)[TRANSPORT] == "waiting"

    api.clock.move(minutes=1)
    assert states(api, code) == {TRANSPORT: "unanswered", LAND: "answered"}
    told = refused(answered(api, asked, TRANSPORT), 409, "opinion.closed")
    assert told["state"] == "unanswered"
    desk = api.app.state.doors.desk
    assert opinions.give_up(desk, now=api.clock()) == 1
    assert opinions.give_up(desk, now=api.clock()) == 0
    row = api.row("SELECT * FROM opinion WHERE state = 'unanswered'")
    assert row["closed_at"] == row["due_at"]


@pytest.mark.parametrize("act", [Act.PASS_ON, Act.RESOLVE])
def test_what_is_outstanding_holds_an_act_up_until_a_reason_is_given(api: Api, act: Act) -> None:
    code = a_dossier(api, Status.IN_PROCESS)
    asked = ask(api, code)
    succeeded(answered(api, asked, LAND))
    person = api.officer() if act is Act.PASS_ON else api.approver()
    before = api.traces(code)

    told = refused(person.act(code, PATH_OF[act], a_body(api, act)), 409, "opinion.outstanding")
    assert [one["agency"] for one in told["outstanding"]] == [TRANSPORT]
    assert api.traces(code) == before

    body = a_body(api, act) | {"without_opinions": "Việc gấp, đã trao đổi qua điện thoại"}
    details = person.does(code, PATH_OF[act], body)["details"]
    assert details["without_opinions"] == "Việc gấp, đã trao đổi qua điện thoại"
    assert details["outstanding"] == [TRANSPORT]
    assert states(api, code)[TRANSPORT] == ("waiting" if act is Act.PASS_ON else "dropped")


def test_once_all_have_answered_or_the_deadline_has_passed_acts_go_on(api: Api) -> None:
    one, other = (a_dossier(api, Status.IN_PROCESS) for _ in range(2))
    asked = ask(api, one)
    ask(api, other)
    for agency in (TRANSPORT, LAND):
        succeeded(answered(api, asked, agency))
    assert "outstanding" not in api.officer().does(one, "handovers")["details"]

    api.clock.move(days=1, minutes=1)
    assert "outstanding" not in api.officer().does(other, "handovers")["details"]


@pytest.mark.parametrize("act", [Act.RESOLVE, Act.STOP, Act.WITHDRAW])
def test_when_a_dossier_ends_nobody_is_asked_any_longer(api: Api, act: Act) -> None:
    code = a_dossier(api, Status.IN_PROCESS)
    asked = ask(api, code)
    person = api.citizen() if act is Act.WITHDRAW else api.approver()
    extra = {"without_opinions": "Không còn cần"} if act is Act.RESOLVE else {}
    person.does(code, PATH_OF[act], a_body(api, act) | extra)

    assert set(states(api, code).values()) == {"dropped"}
    told = refused(answered(api, asked, LAND), 409, "opinion.closed")
    assert told["state"] == "dropped"


@pytest.mark.parametrize(
    ("changes", "status", "code", "says"),
    [
        ({"agencies": ["H44.99"]}, 422, "opinion.refused", "H44.99"),
        ({"agencies": [DISTRICT]}, 422, "opinion.refused", "chính cơ quan"),
        ({"count": 10}, 422, "opinion.refused", "hạn trả kết quả"),
        ({"agencies": []}, 422, "request.invalid", ""),
        ({"agencies": [f"H44.{n:02}" for n in range(1, 22)]}, 422, "request.invalid", ""),
        ({"count": 0}, 422, "request.invalid", ""),
        ({"question": " "}, 422, "request.invalid", ""),
    ],
)
def test_a_question_that_cannot_be_asked_is_refused(
    api: Api, changes: dict[str, Json], status: int, code: str, says: str
) -> None:
    dossier = a_dossier(api, Status.IN_PROCESS)
    path = f"/v1/dossiers/{dossier}/opinions"

    told = refused(api.officer().post(path, QUESTION | changes), status, code)

    assert says in told["detail"]
    assert states(api, dossier) == {}


def test_only_officers_and_approvers_who_have_it_in_process_ask(api: Api) -> None:
    code = a_dossier(api, Status.ACCEPTED)
    path = f"/v1/dossiers/{code}/opinions"
    refused(api.officer().post(path, QUESTION), 409, "dossier.step_refused")
    api.officer().does(code, "processing")
    refused(api.receptionist().post(path, QUESTION), 403, "dossier.role_refused")
    refused(api.officer(OTHER_DISTRICT).post(path, QUESTION), 404, "dossier.not_found")
    api.officer().does(code, "handovers", {"agency": OTHER_DISTRICT, "reason": "Phối hợp"})
    refused(api.officer().post(path, QUESTION), 403, "dossier.elsewhere")
    succeeded(api.officer(OTHER_DISTRICT).post(path, QUESTION))


def test_an_answer_without_agreement_says_why(api: Api) -> None:
    asked = ask(api, a_dossier(api, Status.IN_PROCESS))
    refused(answered(api, asked, LAND, position="disagree"), 422, "opinion.refused")
    refused(answered(api, asked, LAND, position="maybe"), 422, "request.invalid")


def test_the_same_request_again_is_answered_as_before(api: Api) -> None:
    code, key = a_dossier(api, Status.IN_PROCESS), "khoa-y-kien"
    path = f"/v1/dossiers/{code}/opinions"
    first = succeeded(api.officer().post(path, QUESTION, key=key))
    assert succeeded(api.officer().post(path, QUESTION, key=key)) == first
    assert len(states(api, code)) == 2


def test_twenty_who_answer_at_once_give_one_answer(api: Api) -> None:
    asked, crowd = ask(api, a_dossier(api, Status.IN_PROCESS)), 20
    start = Barrier(crowd)

    def give(n: int) -> str:
        start.wait()
        answer = answered(api, asked, LAND, content=f"Ý kiến {n}")
        return "done" if answer.is_success else answer.json()["code"]

    with ThreadPoolExecutor(crowd) as pool:
        told = Counter(pool.map(give, range(crowd)))

    assert told == {"done": 1, "opinion.closed": crowd - 1}


def test_answers_that_come_while_it_is_decided_are_either_in_or_dropped(api: Api) -> None:
    for _ in range(5):
        code = a_dossier(api, Status.IN_PROCESS)
        asked, start = ask(api, code), Barrier(3)

        def together(n: int, code: str = code, asked: Any = asked, start: Barrier = start) -> str:  # noqa: ANN401
            start.wait()
            if n == 0:
                body = a_body(api, Act.RESOLVE) | {"without_opinions": "Gấp"}
                answer = api.approver().act(code, "resolution", body, version=3)
            else:
                answer = answered(api, asked, (TRANSPORT, LAND)[n - 1])
            return "done" if answer.is_success else answer.json()["code"]

        with ThreadPoolExecutor(3) as pool:
            decided, *given = pool.map(together, range(3))

        assert decided == "done"
        found = states(api, code)
        for told, agency in zip(given, (TRANSPORT, LAND), strict=True):
            assert (told, found[agency]) in {("done", "answered"), ("opinion.closed", "dropped")}


def staff(role: Role, agency: str) -> Actor:
    return Actor("s", role, "", agency=agency)


READERS = [
    (staff(Role.OFFICER, LAND), 1, 1),
    (staff(Role.RECEPTIONIST, LAND), 1, 1),
    (staff(Role.OFFICER, DISTRICT), 2, 1),
    (staff(Role.APPROVER, PROVINCE), 2, 1),
    (staff(Role.OFFICER, OTHER_DISTRICT), 0, 0),
    (staff(Role.ANALYST, PROVINCE), 0, 0),
    (staff(Role.ADMINISTRATOR, PROVINCE), 0, 0),
    (Actor("s", Role.APPLICANT, "", identity_number="025099000001"), 0, 0),
]


@pytest.mark.parametrize(("actor", "answers", "questions"), READERS, ids=lambda v: str(v)[:60])
def test_the_database_says_too_who_sees_questions_and_answers(
    api: Api, application: Engine, actor: Actor, answers: int, questions: int
) -> None:
    code = a_dossier(api, Status.IN_PROCESS)
    asked, key = ask(api, code), api.dossier(code)["id"]
    with acting(application, actor) as tx:
        seen = [
            tx.db.execute(
                text(f"SELECT count(*) FROM {table} WHERE {column} = :id"), {"id": key}
            ).scalar()
            for table, column in (
                ("opinion", "dossier_id"),
                ("opinion_request", "dossier_id"),
                ("dossier", "id"),
            )
        ]
        changed = tx.db.execute(
            text("UPDATE opinion SET content = content WHERE dossier_id = :id"), {"id": key}
        ).rowcount

    assert seen[:2] == [answers, questions]
    is_asked = actor.agency in {LAND, PROVINCE} and actor.role in {Role.OFFICER, Role.APPROVER}
    assert changed == (answers if is_asked else 0)
    if actor.agency == LAND:
        assert seen[2] == 0
    assert len(asked["opinions"]) == 2


def test_the_database_lets_nobody_ask_about_a_dossier_they_do_not_see(
    api: Api, application: Engine
) -> None:
    key = api.dossier(a_dossier(api, Status.IN_PROCESS))["id"]
    with pytest.raises(DBAPIError), acting(application, staff(Role.OFFICER, LAND)) as tx:
        tx.db.execute(
            text("""
                INSERT INTO opinion_request (dossier_id, agency_id, step, question, asked_at,
                    asked_by, asked_name, due_at)
                VALUES (:id, 1, 'x', 'x', now(), 'x', 'x', now() + interval '1 day')
            """),
            {"id": key},
        )
