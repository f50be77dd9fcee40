"""Handing on over HTTP: along the process, up and down the levels, and back; each on record."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import pairwise
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import text

from app.db.access import acting, connect
from app.domain.actor import Actor, Role
from app.domain.lifecycle import Act, Status
from tests.builders import (
    DISTRICT,
    JUSTICE,
    MONDAY,
    OTHER_DISTRICT,
    PARTIAL,
    PATH_OF,
    PROVINCE,
    Api,
    a_body,
    a_dossier,
    refused,
    succeeded,
)
from tests.papers.pdf_reading import text_of
from tests.steps.processes import THROUGH_THE_LEVELS, set_steps


@pytest.fixture(autouse=True)
def _monday(api: Api) -> Iterator[None]:
    api.clock.at = MONDAY
    yield
    api.clock.at = MONDAY


@pytest.fixture(scope="module")
def levels(module_database: str, api: Api) -> Api:
    assert module_database
    set_steps(api, PARTIAL, THROUGH_THE_LEVELS)
    return api


def handovers(api: Api, code: str, agency: str = DISTRICT) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = succeeded(
        api.officer(agency).get(f"/v1/dossiers/{code}/handovers")
    )["items"]
    return found


def test_a_process_leads_up_and_down_the_levels_and_back(levels: Api) -> None:
    api, code = levels, a_dossier(levels, Status.IN_PROCESS)
    way = [DISTRICT, JUSTICE, PROVINCE, DISTRICT]
    for here, there in pairwise(way):
        api.clock.move(hours=1)
        details = api.officer(here).does(code, "handovers")["details"]
        assert (details["from_agency"], details["to_agency"]) == (here, there)
    api.clock.move(hours=1)
    api.approver().does(code, "resolution", {"granted": False, "reason": "Không đủ điều kiện"})

    found = handovers(api, code)
    assert [(one["receiver"]["agency"], one["receiver"]["step"]) for one in found] == [
        (DISTRICT, "reception"),
        (DISTRICT, "appraisal"),
        (JUSTICE, "review"),
        (PROVINCE, "consent"),
        (DISTRICT, "approval"),
        (DISTRICT, "return"),
    ]
    assert [one["giver"]["agency"] for one in found] == [None, DISTRICT, *way]
    assert all(one["outcome"] in {"early", "on_time"} for one in found[:-1])
    assert (found[-1]["left_at"], found[-1]["outcome"]) == (None, None)
    assert found[0]["giver"]["name"] == "Người nộp hồ sơ"
    assert found[2]["receiver"]["step_name"] == "Sở Tư pháp thẩm tra"
    assert sum(one["budget_minutes"] for one in found) == 3 * 480


def test_the_records_in_the_table_are_what_the_history_says(levels: Api) -> None:
    api, code = levels, a_dossier(levels, Status.IN_PROCESS)
    for agency in (DISTRICT, JUSTICE):
        api.officer(agency).does(code, "handovers")
    shown = handovers(api, code)

    kept = api.rows(
        "SELECT handover.* FROM handover JOIN dossier ON dossier.id = dossier_id"
        " WHERE code = :code ORDER BY seq",
        code=code,
    )
    assert [row["seq"] for row in kept] == [one["seq"] for one in shown if one["left_at"]]
    for row, one in zip(kept, shown, strict=False):
        assert row["to_step"] == one["receiver"]["step"]
        assert row["outcome"] == one["outcome"]
        assert row["due_at"] == datetime.fromisoformat(one["due_at"])


def test_what_was_judged_stays_judged_and_what_nobody_wrote_down_is_caught_up(levels: Api) -> None:
    api, code = levels, a_dossier(levels, Status.IN_PROCESS)
    api.officer().does(code, "handovers")
    before = handovers(api, code)
    with api.owner.begin() as db:  # as a release before, or a replay, would have left it
        db.execute(text("DELETE FROM handover"))
    assert handovers(api, code) == before

    api.officer(JUSTICE).does(code, "handovers")
    kept = api.rows(
        "SELECT seq FROM handover JOIN dossier ON dossier.id = dossier_id WHERE code = :c", c=code
    )
    assert len(kept) == 3
    with api.owner.begin() as db:
        db.execute(text("UPDATE handover SET outcome = 'late' WHERE to_step = 'appraisal'"))
    assert [one["outcome"] for one in handovers(api, code)][1] == "late"


def test_a_late_step_is_told_as_late_in_working_time(levels: Api) -> None:
    api, code = levels, a_dossier(levels, Status.IN_PROCESS)
    appraisal = handovers(api, code)[1]
    assert (appraisal["budget_minutes"], appraisal["outcome"]) == (576, None)
    assert appraisal["in_words"] == "còn 1 ngày 1 giờ"

    api.clock.move(days=2)
    assert handovers(api, code)[1]["in_words"] == "quá hạn 6 giờ"
    api.officer().does(code, "handovers")
    late = handovers(api, code)[1]
    assert (late["outcome"], late["in_words"], late["spent_minutes"]) == (
        "late",
        "quá hạn 6 giờ",
        960,
    )


def test_what_is_sent_after_three_is_received_on_the_next_working_day(levels: Api) -> None:
    api, code = levels, a_dossier(levels, Status.IN_PROCESS)
    api.clock.at = MONDAY.replace(hour=15, minute=1)
    api.officer().does(code, "handovers")

    sent = handovers(api, code)[-1]
    assert sent["sent_at"] == "2026-10-05T08:01:00Z"
    assert sent["received_at"] == "2026-10-06T00:30:00Z"


def test_a_step_backwards_wants_a_reason_and_is_on_the_record(levels: Api) -> None:
    api, code = levels, a_dossier(levels, Status.IN_PROCESS)
    api.officer().does(code, "handovers")
    officer = api.officer(JUSTICE)

    told = refused(officer.act(code, "handovers", {"step": "appraisal"}), 409, "handover.refused")
    assert "lý do" in told["detail"]
    assert told["step"] == "appraisal"
    back = {"step": "appraisal", "agency": DISTRICT, "reason": "Thiếu số liệu"}
    details = officer.does(code, "handovers", back)["details"]

    assert (details["from_step"], details["to_step"]) == ("review", "appraisal")
    assert handovers(api, code)[-1]["note"] == "Thiếu số liệu"
    assert handovers(api, code)[-1]["receiver"]["agency"] == DISTRICT


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"step": "nowhere", "reason": "x"}, "nowhere"),
        ({"step": "appraisal", "reason": "x"}, "chính bước này"),
        ({"step": "reception", "reason": "x"}, "tiếp nhận"),
        ({"step": "approval"}, "vượt bước"),
        ({"agency": "H45.01", "reason": "x"}, "H45.01"),
        ({"agency": OTHER_DISTRICT}, "lý do"),
    ],
)
def test_a_way_that_is_none_is_refused_and_nothing_is_done(
    levels: Api, body: dict[str, str], says: str
) -> None:
    code = a_dossier(levels, Status.IN_PROCESS)
    before = levels.traces(code)

    told = refused(levels.officer().act(code, "handovers", body), 409, "handover.refused")

    assert says in told["detail"]
    assert levels.traces(code) == before


def test_a_step_of_an_abolished_agency_is_refused_with_the_day_it_ended(own_api: Api) -> None:
    api = own_api
    set_steps(api, PARTIAL, THROUGH_THE_LEVELS)
    code = a_dossier(api, Status.IN_PROCESS)
    with api.owner.begin() as db:
        db.execute(text("UPDATE agency SET valid_to = '2026-09-30' WHERE code = 'H44.10'"))
        db.execute(text("UPDATE revision SET value = value + 1 WHERE name = 'catalogue'"))

    told = refused(api.officer().act(code, "handovers"), 409, "handover.refused")

    assert "thôi hoạt động sau ngày 30/09/2026" in told["detail"]
    assert (told["agency"], told["step"], told["valid_to"]) == ("H44.10", "review", "2026-09-30")
    body = {"agency": "H44.10", "reason": "Xác minh"}
    refused(api.officer().act(code, "handovers", body), 409, "handover.refused")


def test_what_a_step_does_not_decide_is_refused_and_not_offered(levels: Api) -> None:
    api, code = levels, a_dossier(levels, Status.IN_PROCESS)
    body = {"granted": False, "reason": "Không đủ điều kiện"}

    told = refused(api.approver().act(code, "resolution", body), 409, "dossier.not_decided_here")

    assert (told["step"], told["steps"]) == ("appraisal", ["review", "approval", "return"])
    seen = succeeded(api.approver().get(f"/v1/dossiers/{code}"))
    assert seen["possible_acts"] == []
    offered = succeeded(api.officer().get(f"/v1/dossiers/{code}"))["possible_acts"]
    assert set(offered) == {"pass_on", "request_supplement"}


def test_many_are_handed_on_at_once_each_by_its_own_process(levels: Api) -> None:
    api = levels
    codes = [a_dossier(api, Status.IN_PROCESS) for _ in range(3)]
    items = [{"code": code, "version": 3} for code in codes]

    done = succeeded(api.officer().post("/v1/queue/handovers", {"items": items}))

    assert (done["done"], done["refused"]) == (3, 0)
    assert {handovers(api, code)[-1]["receiver"]["agency"] for code in codes} == {JUSTICE}
    queue = succeeded(api.officer(JUSTICE).get("/v1/queue", tab="desk", step="review", limit=100))[
        "items"
    ]
    assert set(codes) <= {item["code"] for item in queue}
    at_home = succeeded(api.officer().get("/v1/queue", tab="agency", limit=100))["items"]
    assert not set(codes) & {item["code"] for item in at_home}


def test_twenty_who_hand_on_at_once_leave_one_record_of_each_stay(levels: Api) -> None:
    api, code, crowd = levels, a_dossier(levels, Status.IN_PROCESS), 20
    start = Barrier(crowd)

    def hand_on(_: int) -> str:
        start.wait()
        answer = api.officer().act(code, "handovers", {}, version=3)
        return "done" if answer.is_success else answer.json()["code"]

    with ThreadPoolExecutor(crowd) as pool:
        told = Counter(pool.map(hand_on, range(crowd)))

    assert told == {"done": 1, "dossier.version_stale": crowd - 1}
    assert [one["receiver"]["step"] for one in handovers(api, code)] == [
        "reception",
        "appraisal",
        "review",
    ]


def test_a_supplement_stops_the_time_of_the_step_too(levels: Api) -> None:
    api, code = levels, a_dossier(levels, Status.IN_PROCESS)
    body = {"components": ["GT01"], "reason": "Bản chụp bị mờ"}
    api.officer().does(code, "supplement-requests", body)
    api.clock.move(days=7)
    assert handovers(api, code)[1]["in_words"] == "đang dừng tính thời hạn"
    document = api.citizen().upload()
    api.citizen().does(
        code, "supplements", {"components": [{"component": "GT01", "document": document}]}
    )
    api.officer().does(code, "handovers")

    assert handovers(api, code)[1]["spent_minutes"] == 0
    assert handovers(api, code)[1]["outcome"] == "early"


@pytest.mark.parametrize("act", [Act.WITHDRAW, Act.STOP])
def test_whoever_ends_a_dossier_its_last_stay_is_written_down(levels: Api, act: Act) -> None:
    api, code = levels, a_dossier(levels, Status.IN_PROCESS)
    api.officer().does(code, "handovers")
    api.officer(JUSTICE).does(code, "handovers")
    api.officer(PROVINCE).does(code, "handovers")
    person = api.citizen() if act is Act.WITHDRAW else api.approver()
    person.does(code, PATH_OF[act], a_body(api, act))

    found = handovers(api, code)
    assert all(one["left_at"] and one["outcome"] for one in found)
    kept = api.row(
        "SELECT count(*) AS n FROM handover WHERE dossier_id = :id", id=api.dossier(code)["id"]
    )
    assert kept["n"] == len(found) == 5


def test_hand_overs_are_for_the_desks_that_had_the_dossier(levels: Api) -> None:
    api, code = levels, a_dossier(levels, Status.IN_PROCESS)
    at = f"/v1/dossiers/{code}/handovers"
    refused(api.citizen().get(at), 403, "dossier.role_refused")
    refused(api.person(Role.ADMINISTRATOR, PROVINCE).get(at), 403, "dossier.role_refused")
    refused(api.officer(OTHER_DISTRICT).get(at), 404, "dossier.not_found")
    assert handovers(api, a_dossier(api)) == []


def test_the_control_slip_is_drawn_from_the_hand_overs(levels: Api) -> None:
    api, code = levels, a_dossier(levels, Status.IN_PROCESS)
    api.clock.move(days=2)
    api.officer().does(code, "handovers")

    slip = succeeded(api.officer().post(f"/v1/dossiers/{code}/control-slips"))
    answer = api.officer().get(slip["href"])

    assert answer.headers["content-type"] == "application/pdf"
    printed = text_of(answer.content)
    for words in (
        "PHIẾU KIỂM SOÁT",
        "Sở Tư pháp thẩm tra",
        "Người nộp hồ sơ",
        "Cán bộ officer",
        "09:00 05/10/2026",
        "09:00 07/10/2026",
    ):
        assert words.replace(" ", "") in printed, words


READERS = [
    (Actor("s", Role.OFFICER, "", agency=JUSTICE), True),
    (Actor("s", Role.RECEPTIONIST, "", agency=DISTRICT), True),
    (Actor("s", Role.OFFICER, "", agency=OTHER_DISTRICT), False),
    (Actor("s", Role.APPLICANT, "", identity_number="025099000001"), False),
    (Actor("s", Role.ADMINISTRATOR, "", agency=PROVINCE), False),
    (Actor("s", Role.ANALYST, "", agency=PROVINCE), False),
]


@pytest.mark.parametrize(("actor", "may"), READERS, ids=lambda value: str(value)[:60])
def test_the_database_says_too_whose_the_records_are(
    levels: Api, module_database: str, actor: Actor, *, may: bool
) -> None:
    code = a_dossier(levels, Status.IN_PROCESS)
    levels.officer().does(code, "handovers")
    engine = connect(module_database)
    with acting(engine, actor) as tx:
        seen = tx.db.execute(
            text("SELECT count(*) FROM handover WHERE dossier_id = :id"),
            {"id": levels.dossier(code)["id"]},
        ).scalar()
    engine.dispose()
    assert seen == (2 if may else 0)


def test_the_portal_is_told_of_each_act_once_and_in_order(levels: Api) -> None:
    code = a_dossier(levels, Status.IN_PROCESS)
    levels.officer().does(code, "handovers")
    told = levels.rows(
        "SELECT seq FROM delivery JOIN dossier ON dossier.id = dossier_id"
        " WHERE code = :code ORDER BY seq",
        code=code,
    )
    assert [row["seq"] for row in told] == [1, 2, 3, 4]
    assert levels.dossier(code)["due_at"] - levels.dossier(code)["accepted_at"] == timedelta(days=3)
