"""Whose turn it is, said as a table, and how a dossier's clock is put into words."""

from datetime import datetime, timedelta

import pytest

from app.domain.actor import Role
from app.domain.calendar import LOCAL_ZONE, Calendar
from app.domain.lifecycle import WAITING, Status, possible_acts
from app.domain.queue import OPEN, QueueClass, is_on_desk, minute_of, standing

TURNS = {
    Status.REGISTERED: Role.RECEPTIONIST,
    Status.ACCEPTED: Role.OFFICER,
    Status.RESOLVED: Role.RECEPTIONIST,
}


@pytest.mark.parametrize("status", sorted(Status))
@pytest.mark.parametrize("role", sorted(Role))
def test_it_is_the_turn_of_one_role_and_in_process_of_the_steps(status: Status, role: Role) -> None:
    for step_role in (Role.RECEPTIONIST, Role.OFFICER, Role.APPROVER):
        turn = step_role if status is Status.IN_PROCESS else TURNS.get(status)
        assert is_on_desk(role, status, step_role) is (role is turn)


def test_open_is_where_somebody_can_still_act() -> None:
    assert {status for status in Status if possible_acts(status)} - {Status.DRAFT} == OPEN
    assert WAITING < OPEN


TUESDAY = datetime(2026, 10, 6, 9, 0, tzinfo=LOCAL_ZONE)


@pytest.mark.parametrize(
    ("until", "minutes", "words"),
    [
        (TUESDAY + timedelta(days=2), 960, "còn 2 ngày"),
        (TUESDAY.replace(hour=10, minute=30), 90, "còn 1 giờ"),
        (TUESDAY, 0, "đến hạn"),
        (TUESDAY - timedelta(days=1, minutes=30), -510, "quá hạn 1 ngày"),
        (datetime(2026, 10, 2, 15, 0, tzinfo=LOCAL_ZONE), -690, "quá hạn 1 ngày 3 giờ"),
    ],
)
def test_a_running_clock_is_told_in_working_time(until: datetime, minutes: int, words: str) -> None:
    told = standing(
        QueueClass.RUNNING,
        until=until,
        remaining_minutes=None,
        finished_at=None,
        calendar=Calendar(),
        now=TUESDAY,
    )
    assert (told.until, told.remaining_minutes, told.words) == (until, minutes, words)


@pytest.mark.parametrize(
    ("left", "words"),
    [(1200, "đang dừng, còn 2 ngày 4 giờ"), (-660, "đang dừng, quá hạn 1 ngày 3 giờ")],
)
def test_a_standing_clock_keeps_what_it_had(left: int, words: str) -> None:
    told = standing(
        QueueClass.STANDING,
        until=TUESDAY,
        remaining_minutes=left,
        finished_at=None,
        calendar=Calendar(),
        now=TUESDAY + timedelta(days=90),
    )
    assert (told.until, told.remaining_minutes, told.words) == (None, left, words)


def test_a_result_that_waits_says_how_early_it_was_whatever_the_day() -> None:
    told = standing(
        QueueClass.FINISHED,
        until=TUESDAY + timedelta(days=1),
        remaining_minutes=None,
        finished_at=TUESDAY,
        calendar=Calendar(),
        now=TUESDAY + timedelta(days=90),
    )
    assert (told.until, told.remaining_minutes) == (None, 480)
    assert told.words == "đã có kết quả, chờ trả"


def test_without_an_instant_nothing_is_made_up() -> None:
    told = standing(
        QueueClass.RUNNING,
        until=None,
        remaining_minutes=None,
        finished_at=None,
        calendar=Calendar(),
        now=TUESDAY,
    )
    assert (told.remaining_minutes, told.words) == (None, "chưa có thời hạn")


def test_minutes_are_whole_and_count_from_1970() -> None:
    assert minute_of(TUESDAY) * 60 == TUESDAY.timestamp()
    assert minute_of(TUESDAY + timedelta(seconds=59)) == minute_of(TUESDAY)
