"""Supplements and payments that nobody answers are stopped by the system, each once."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from threading import Barrier

import pytest

from app.domain.actor import Role
from app.domain.calendar_book import CalendarChange
from app.domain.lifecycle import Act, StepRefused
from app.services import processing, sweeps
from tests.clock.bureau import FULL, Bureau, at, half, off

TAKEN, STARTED, ASKED = at("2026-10-05T08:00"), at("2026-10-05T09:00"), at("2026-10-05T10:00")


def waiting_for_supplement(bureau: Bureau) -> str:
    """Return a dossier whose supplement must be there by Wednesday 4 November 2026."""
    code = bureau.take_in(TAKEN, FULL)
    bureau.start(code, STARTED)
    bureau.ask_supplement(code, ASKED)
    return code


def waiting_for_payment(bureau: Bureau) -> str:
    """Return a dossier whose payment must be there by Thursday 15 October 2026."""
    code = bureau.take_in(TAKEN, FULL)
    bureau.start(code, STARTED)
    bureau.ask_payment(code, ASKED)
    return code


def test_a_supplement_is_waited_for_to_the_last_minute_of_its_last_day(bureau: Bureau) -> None:
    code = waiting_for_supplement(bureau)

    assert sweeps.stop_unanswered(bureau.desk, now=at("2026-11-04T23:59:59")) == 0
    assert bureau.dossier(code)["status"] == "supplement_requested"

    midnight = at("2026-11-05T00:00")
    assert sweeps.stop_unanswered(bureau.desk, now=midnight) == 1
    found = bureau.dossier(code)
    assert (found["status"], found["ended_at"], found["reply_due_on"]) == (
        "stopped",
        midnight,
        None,
    )
    [*_, event] = bureau.events(code)
    assert (event["act"], event["actor_role"], event["actor_name"]) == (
        "stop",
        "system",
        "Hệ thống",
    )
    assert event["reason"] == (
        "Đã hết thời hạn bổ sung, hoàn thiện hồ sơ (ngày 04/11/2026) mà người nộp không thực hiện."
    )
    assert event["legal_ground"] == "Điều 17 Nghị định số 118/2025/NĐ-CP"
    assert event["details"] == {"is_automatic": True, "reply_due_on": "2026-11-04"}
    told = bureau.rows("SELECT max(seq) AS seq FROM delivery")
    assert told == [{"seq": event["seq"]}]


def test_a_payment_is_waited_for_as_long_as_its_procedure_says(bureau: Bureau) -> None:
    code = waiting_for_payment(bureau)

    assert sweeps.stop_unanswered(bureau.desk, now=at("2026-10-15T23:59")) == 0
    assert sweeps.stop_unanswered(bureau.desk, now=at("2026-10-16T00:00")) == 1
    assert "nghĩa vụ tài chính" in bureau.events(code)[-1]["reason"]


def test_a_last_day_that_is_off_ends_with_the_next_working_day(bureau: Bureau) -> None:
    waiting_for_payment(bureau)
    bureau.enter(
        CalendarChange("x", None, (off("2026-10-15"), off("2026-10-16"))), at("2026-10-06T08:00")
    )

    # Thursday and Friday are off, then a weekend: Monday 19 October is the last day.
    assert sweeps.stop_unanswered(bureau.desk, now=at("2026-10-19T23:59")) == 0
    assert sweeps.stop_unanswered(bureau.desk, now=at("2026-10-20T00:00")) == 1


def test_a_day_off_of_one_office_prolongs_its_dossiers_alone(bureau: Bureau) -> None:
    own = waiting_for_payment(bureau)  # at H44.10
    other = bureau.take_in(TAKEN, "1.004873")
    bureau.start(other, STARTED)
    bureau.ask_payment(other, ASKED)
    change = CalendarChange(
        "x", None, (off("2026-10-15", agency="H44.10"), half("2026-10-15", "H44.29"))
    )
    bureau.enter(change, at("2026-10-06T08:00"))

    assert sweeps.stop_unanswered(bureau.desk, now=at("2026-10-16T00:00")) == 1
    assert [bureau.dossier(code)["status"] for code in (own, other)] == [
        "payment_requested",
        "stopped",
    ]
    assert sweeps.stop_unanswered(bureau.desk, now=at("2026-10-17T00:00")) == 1


def test_what_was_answered_in_time_is_not_stopped(bureau: Bureau) -> None:
    answered, asked_again = waiting_for_supplement(bureau), waiting_for_supplement(bureau)
    for code in (answered, asked_again):
        bureau.supplement(code, at("2026-11-04T16:00"))
    bureau.ask_supplement(asked_again, at("2026-11-04T16:30"))

    assert sweeps.stop_unanswered(bureau.desk, now=at("2026-11-06T00:00")) == 0


def test_a_request_made_before_acceptance_is_stopped_too(bureau: Bureau) -> None:
    code = bureau.submit(TAKEN, FULL)
    request = bureau.request(code, Role.RECEPTIONIST, ASKED)
    processing.request_supplement(
        bureau.desk, request, components=("GT01",), reason="Mờ", ground=None
    )

    assert sweeps.stop_unanswered(bureau.desk, now=at("2026-11-05T00:00")) == 1
    assert bureau.dossier(code)["accepted_at"] is None


def test_four_workers_stop_each_dossier_once(bureau: Bureau) -> None:
    codes = [waiting_for_payment(bureau) for _ in range(12)]
    start = Barrier(4)

    def work(_n: int) -> int:
        start.wait()
        return sweeps.stop_unanswered(bureau.desk, now=at("2026-10-16T08:00"))

    with ThreadPoolExecutor(4) as pool:
        stopped = list(pool.map(work, range(4)))

    assert sum(stopped) == 12
    assert {code: bureau.acts(code).count(Act.STOP) for code in codes} == dict.fromkeys(codes, 1)


def test_a_sweep_and_a_citizen_at_the_same_moment_do_not_spoil_each_other(bureau: Bureau) -> None:
    codes = [waiting_for_supplement(bureau) for _ in range(8)]
    start = Barrier(2)
    late = at("2026-11-05T00:00")

    def answer() -> int:
        start.wait()
        answered = 0
        for code in reversed(codes):
            with suppress(StepRefused):
                bureau.supplement(code, late - timedelta(seconds=1))
                answered += 1
        return answered

    def sweep() -> int:
        start.wait()
        return sweeps.stop_unanswered(bureau.desk, now=late)

    with ThreadPoolExecutor(2) as pool:
        answering, sweeping = pool.submit(answer), pool.submit(sweep)
        assert answering.result() + sweeping.result() == 8
    for code in codes:
        assert bureau.acts(code)[-1] in {Act.STOP, Act.SUPPLEMENT}
        assert [event["seq"] for event in bureau.events(code)] == [1, 2, 3, 4]


@pytest.mark.parametrize("limit", [1, 3])
def test_a_small_batch_comes_to_everything_in_the_end(bureau: Bureau, limit: int) -> None:
    for _ in range(5):
        waiting_for_payment(bureau)

    done = []
    while found := sweeps.stop_unanswered(bureau.desk, now=at("2026-10-16T08:00"), limit=limit):
        done.append(found)
    assert sum(done) == 5
