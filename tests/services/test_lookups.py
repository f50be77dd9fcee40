"""Look-ups through the LGSP, over real HTTP: the check after intake, faults, the record."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from app.domain.actor import SYSTEM, Role
from app.domain.lifecycle import Act, RoleRefused
from app.domain.lookups import LookupRefused, Purpose
from app.domain.periods import Period
from app.domain.procedure import ApplicantKind
from app.domain.question import Question
from app.services import dossiers, lookup_work, lookups, recounting, steering_index
from app.services.errands import claim
from app.services.transition import DossierElsewhere, Request
from tests.builders import CITIZEN, OTHER_DISTRICT
from tests.services.errands import ask, by_clerk, check_of, log_of, look_up, questions, settle
from tests.services.office import Office, a_desk, an_applicant, staff

ALL_KINDS = "2.000693"


@pytest.fixture
def office(errand_office: Office) -> Office:
    return errand_office


def _person(office: Office, number: str, *names: str) -> None:
    family, middle, given = names
    record = {"SoDinhDanh": number, "HoVaTen": {"Ho": family, "ChuDem": middle, "Ten": given}}
    office.mocks.http.put(f"/lgsp/_citizens/{number}", json=record).raise_for_status()


def _shown(office: Office, code: str) -> dict[str, Any]:
    found = dossiers.read(office.desk, code, actor=staff(Role.RECEPTIONIST, "H44"))
    return dict(found["applicant_check"])


def test_an_applicant_is_unchecked_at_first_and_checked_right_afterwards(
    office: Office,
) -> None:
    code = office.submit()
    assert _shown(office, code)["label"] == "Chưa kiểm tra"

    assert look_up(office) == 1

    assert _shown(office, code)["outcome"] == "match"
    [question] = questions(office)
    assert (question["subject"], question["asked_by"]) == (CITIZEN, "system")
    assert look_up(office) == 0


def test_the_portal_is_told_that_the_population_database_was_asked_from_the_next_event_on(
    office: Office,
) -> None:
    code = office.submit()
    office.drain()
    before = office.mocks.portal(code)["dossier"]["DSKetNoiCSDL"]

    office.clock.move(minutes=5)
    look_up(office)
    office.clock.move(minutes=5)
    office.act(code, Act.ACCEPT)
    office.drain()

    assert before == []
    assert office.mocks.portal(code)["dossier"]["DSKetNoiCSDL"] == [{"MaCSDL": "1"}]


def test_a_dossier_whose_applicant_was_asked_about_counts_in_figure_4_5(office: Office) -> None:
    today = Question(Period(office.clock().date(), office.clock().date()))

    def counted() -> tuple[int, int]:
        index = steering_index.index(office.desk, today, actor=SYSTEM, now=office.clock())
        figure = index.total.score.figure("4.5")
        return figure.numerator or 0, figure.denominator or 0

    done, every = counted()
    code = office.take_in()
    assert counted() == (done, every + 1)
    office.clock.move(minutes=1)
    look_up(office)
    assert counted() == (done + 1, every + 1)
    found = recounting.verify(office.desk, now=office.clock()).differences
    assert [one for one in found if code in str(one)] == []


def test_a_dossier_taken_in_at_the_desk_is_checked_too(office: Office) -> None:
    code = office.take_in()
    look_up(office)

    assert _shown(office, code)["outcome"] == "match"


def test_what_differs_is_told_by_field_and_never_by_value(office: Office) -> None:
    _person(office, CITIZEN, "Trần", "Thị", "Khác")
    code = office.submit()
    look_up(office)

    assert _shown(office, code)["differs"] == ["applicant.name"]
    assert "Khác" not in str(check_of(office, code))


def test_what_the_form_says_is_compared_too(office: Office) -> None:
    record = {
        "SoDinhDanh": CITIZEN,
        "HoVaTen": {"Ho": "TRẦN", "ChuDem": "THỊ", "Ten": "MẪU"},
        "Me": {"HoVaTen": "Người Khác"},
    }
    office.mocks.http.put(f"/lgsp/_citizens/{CITIZEN}", json=record).raise_for_status()
    code = office.submit()
    look_up(office)

    assert _shown(office, code)["differs"] == ["form.mother_name"]


def test_a_number_that_nobody_has_is_told(office: Office) -> None:
    code = office.submit()
    office.change("UPDATE lookup SET subject_number = '025099000007'")
    look_up(office)

    assert _shown(office, code)["outcome"] == "not_found"
    assert office.rows("SELECT * FROM lookup_answer") == []


def test_an_enterprise_is_checked_in_the_business_register(office: Office) -> None:
    code = office.submit(ALL_KINDS, "H44.18", kind=ApplicantKind.ENTERPRISE)
    look_up(office)

    found = _shown(office, code)
    assert (found["source"], found["outcome"]) == ("business_register", "differs")


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "http_500", "times": 3},
        {"kind": "http_503", "times": 3},
        {"kind": "reset_before", "times": 3},
        {"kind": "reset_after", "times": 3},
        {"kind": "quota", "times": 3},
        {"kind": "html_page", "times": 3},
        {"kind": "wrong_json", "times": 3},
        {"kind": "duplicate", "times": 3},
        {"kind": "expired_session", "times": 3},
        {"kind": "hang", "seconds": 0.1, "times": 3},
    ],
    ids=lambda fault: str(fault["kind"]),
)
def test_however_the_lgsp_misbehaves_the_check_is_made_up(
    office: Office, fault: dict[str, Any]
) -> None:
    office.mocks.fault(partner="lgsp", service="population", **fault)
    code = office.submit()

    settle(office, "lookup")

    assert _shown(office, code)["outcome"] == "match"
    asked = [entry["request"] for entry in log_of(office, code)]
    assert len(set(asked)) == len(asked) >= 1
    assert {question["request"] for question in questions(office)} <= set(asked)


def test_under_chaos_every_applicant_is_checked_in_the_end(office: Office) -> None:
    office.mocks.http.patch("/lgsp/_switches", json={"chaos": 0.4})
    office.desk.partners.lgsp.http.timeout = 0.3
    codes = [office.submit() for _ in range(10)]
    office.change("UPDATE lookup SET subject_number = '02509900010' || (id % 10)")

    settle(office, "lookup")

    office.mocks.http.patch("/lgsp/_switches", json={"chaos": 0.0})
    for code in codes:  # five broken answers in a row are for a person
        if check_of(office, code)["state"] == "blocked":
            ask(office, code, Purpose.VERIFY_APPLICANT)
    settle(office, "lookup")
    assert {check_of(office, code)["outcome"] for code in codes} == {"not_found"}
    assert sum(office.mocks.hits("lgsp").values()) > 0


def test_while_the_lgsp_is_down_intake_goes_on_and_the_checks_are_made_up_later(
    office: Office,
) -> None:
    office.mocks.fault("http_503", partner="lgsp", times=None)
    codes = [office.take_in() for _ in range(8)]
    look_up(office)

    assert {_shown(office, code)["label"] for code in codes} == {"Chưa kiểm tra"}
    office.act(codes[0], Act.START)
    office.mocks.http.delete("/lgsp/_faults")
    settle(office, "lookup")
    assert {_shown(office, code)["outcome"] for code in codes} == {"match"}


def test_a_partner_that_does_not_answer_is_left_alone_for_a_while(office: Office) -> None:
    office.mocks.fault("http_503", partner="lgsp", service="population", times=None)
    for _ in range(12):
        office.submit()
    look_up(office)
    asked = office.mocks.hits("lgsp")["http_503"]
    assert asked < 12

    look_up(office)
    assert office.mocks.hits("lgsp")["http_503"] == asked

    office.clock.move(minutes=5)
    look_up(office)
    assert office.mocks.hits("lgsp")["http_503"] == asked + 1, "one tries whether it is back"


def test_after_about_a_day_a_check_stands_dead_and_a_clerk_can_ask_anew(
    office: Office,
) -> None:
    code = office.submit()
    office.change("UPDATE lookup SET attempts = 43")
    office.mocks.fault("http_503", partner="lgsp", service="population")
    look_up(office)
    assert check_of(office, code)["state"] == "dead"
    assert _shown(office, code)["is_stuck"]

    office.act(code, Act.ACCEPT)
    asked = ask(office, code, Purpose.VERIFY_APPLICANT)
    look_up(office)

    assert asked == check_of(office, code)["id"]
    assert _shown(office, code)["outcome"] == "match"
    assert log_of(office, code)[-1]["actor_name"] == "Cán bộ receptionist"


def test_a_refusal_waits_for_a_person_with_its_reason(office: Office) -> None:
    code = office.submit()
    office.mocks.fault("error_code", partner="lgsp", error_code=7, message="Chưa được cấp quyền")
    look_up(office)

    found = check_of(office, code)
    assert (found["state"], found["answer_code"]) == ("blocked", "refused")
    assert "Chưa được cấp quyền" in found["answer"]


@pytest.mark.parametrize("way", ["bomb", "external", "cut"])
def test_dangerous_xml_is_never_read_and_stops_nothing_else(office: Office, way: str) -> None:
    office.mocks.http.patch("/lgsp/_switches", json={"population_xml": way})
    code = office.submit()
    try:
        settle(office, "lookup")
    finally:
        office.mocks.http.patch("/lgsp/_switches", json={"population_xml": "plain"})

    found = check_of(office, code)
    assert (found["state"], found["attempts"]) == ("blocked", 5)
    assert found["answer"].startswith("XML")
    assert office.rows("SELECT * FROM lookup_answer") == []


def test_one_token_serves_many_threads_and_a_revoked_one_is_renewed_once(
    office: Office,
) -> None:

    def issued() -> int:
        return int(office.mocks.http.get("/lgsp/_stats").json()["tokens_issued"])

    before = issued()
    for _ in range(8):
        office.submit()
    look_up(office)
    assert issued() == before + 1

    office.mocks.http.delete("/lgsp/_tokens")
    office.change("DELETE FROM lookup_answer")
    for _ in range(8):
        office.submit()
    look_up(office)
    assert issued() == before + 2
    assert not office.rows("SELECT * FROM lookup WHERE state <> 'acknowledged'")


def test_an_answer_is_reused_while_it_may_be_kept_and_then_forgotten(office: Office) -> None:
    first, second = office.submit(), office.submit()
    look_up(office)
    third = office.submit()
    look_up(office)
    asked = len(questions(office))
    assert [entry["event"] for entry in log_of(office, third)] == ["reused"]
    assert {len(log_of(office, code)) for code in (first, second)} == {1}

    office.clock.move(days=1)
    assert lookup_work.forget(office.desk, now=office.clock()) == 3
    assert office.rows("SELECT * FROM lookup_answer") == []
    office.submit()
    look_up(office)
    assert len(questions(office)) == asked + 1


def test_what_is_kept_cannot_be_read_in_the_database(office: Office) -> None:
    office.submit()
    look_up(office)

    [answer] = office.rows("SELECT * FROM lookup_answer")
    assert "Mẫu".encode() not in bytes(answer["content"])
    assert answer["expires_at"] - answer["fetched_at"] == timedelta(days=1)


def test_what_was_sealed_under_another_key_is_asked_anew(office: Office) -> None:
    first = office.submit()
    look_up(office)
    office.desk = replace(
        office.desk, partners=replace(office.desk.partners, link_key=b"khoa-khac")
    )
    second = office.submit()
    look_up(office)

    assert [entry["event"] for entry in log_of(office, second)] == ["asked"]
    assert {_shown(office, code)["outcome"] for code in (first, second)} == {"match"}


def test_killed_between_call_and_record_it_is_asked_again_and_recorded_once(
    office: Office,
) -> None:
    code = office.submit()
    [row] = claim(office.desk, lookup_work.LGSP, office.clock(), 1)
    lookup_work._answer(office.desk, row, office.clock)  # noqa: SLF001  (the death comes after it)
    assert look_up(office) == 0, "it is still in somebody's hand"

    office.clock.move(minutes=2)
    assert look_up(office) == 1

    assert _shown(office, code)["outcome"] == "match"
    assert len(questions(office)) == 2
    assert len({question["request"] for question in questions(office)}) == 2


def test_a_claim_that_was_lost_records_nothing(office: Office) -> None:
    code = office.submit()
    [late] = claim(office.desk, lookup_work.LGSP, office.clock(), 1)
    office.clock.move(minutes=2)
    [row] = claim(office.desk, lookup_work.LGSP, office.clock(), 1)

    lookup_work.look_up(office.desk, late, lambda: late.leased_until - timedelta(seconds=1))
    assert check_of(office, code)["state"] == "in_flight"
    lookup_work.look_up(office.desk, row, office.clock)
    assert check_of(office, code)["state"] == "acknowledged"


def test_two_workers_at_once_ask_each_question_once(office: Office) -> None:
    for number in range(12):
        office.submit()
        office.change(
            "UPDATE lookup SET subject_number = :n WHERE id = (SELECT max(id) FROM lookup)",
            n=f"0250990001{number:02}",
        )
    start = threading.Barrier(2)

    def worker() -> int:
        with a_desk(office.settings) as desk, ThreadPoolExecutor(2) as pool:
            start.wait()
            done = 0
            while n := lookup_work.work(desk, office.clock, threads=pool, batch=2):
                done += n
            return done

    with ThreadPoolExecutor(2) as pool:
        counts = [future.result() for future in [pool.submit(worker) for _ in range(2)]]

    assert sum(counts) == 12
    subjects = [question["subject"] for question in questions(office)]
    assert len(subjects) == len(set(subjects)) == 12


def test_a_clerk_is_shown_data_only_for_a_purpose_that_needs_them_and_leaves_a_trace(
    office: Office,
) -> None:
    code = office.submit()
    clerk = staff(Role.RECEPTIONIST, "H44.10")
    prefill = ask(office, code)
    look_up(office)
    check = check_of(office, code)["id"]

    seen = lookups.read(office.desk, code, check, actor=clerk, now=office.clock())
    assert seen["found"] is None
    assert [entry["event"] for entry in log_of(office, code) if entry["event"] == "shown"] == []

    seen = lookups.read(office.desk, code, prefill, actor=clerk, now=office.clock())
    assert seen["found"]["name"] == "Trần Thị Mẫu"
    assert seen["form"] == {"father_name": "Đinh Văn Lực", "mother_name": "Hà Thị Xuân"}
    last = log_of(office, code)[-1]
    assert (last["event"], last["actor_id"]) == ("shown", clerk.id)

    later = office.clock() + timedelta(days=2)
    gone = lookups.read(office.desk, code, prefill, actor=clerk, now=later)
    assert gone["found"] is None


def test_digitised_results_of_the_applicant_are_found(office: Office) -> None:
    code = office.submit()
    asked = ask(office, code, Purpose.REUSE_RESULT)
    look_up(office)

    clerk = staff(Role.RECEPTIONIST, "H44.10")
    found = lookups.read(office.desk, code, asked, actor=clerk, now=office.clock())["found"]
    assert [result["name"] for result in found["results"]] == ["Bản sao Giấy khai sinh"]


def test_only_who_has_the_dossier_in_hand_asks_and_only_while_it_is_open(
    office: Office,
) -> None:
    code = office.submit()
    refusals: list[tuple[Any, type[Exception]]] = [
        (an_applicant(), RoleRefused),
        (staff(Role.ANALYST, "H44"), RoleRefused),
    ]
    for actor, refusal in refusals:
        with pytest.raises(refusal):
            lookups.ask(office.desk, Request(code, actor, office.clock()), Purpose.PREFILL)
    office.act(code, Act.REFUSE)
    with pytest.raises(LookupRefused):
        ask(office, code)

    elsewhere = office.walk(Act.TAKE_IN, Act.START)
    office.change(
        "UPDATE dossier SET at_agency_id = (SELECT id FROM agency WHERE code = :to)"
        " WHERE code = :code",
        to=OTHER_DISTRICT,
        code=elsewhere,
    )
    with pytest.raises(DossierElsewhere):
        ask(office, elsewhere)


def test_asked_twice_while_it_is_under_way_it_is_asked_once(office: Office) -> None:
    code = office.submit()

    assert ask(office, code) == ask(office, code)
    request = by_clerk(office, code)
    again = lookups.ask(office.desk, request, Purpose.VERIFY_APPLICANT)
    assert again["id"] == check_of(office, code)["id"]
    assert look_up(office) == 2
