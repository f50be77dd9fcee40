"""Hand-overs: the shares of a limit, and stays judged by a walk over minutes."""

from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.domain.actor import Role
from app.domain.calendar import LOCAL_ZONE, Calendar
from app.domain.deadlines import Stop, due
from app.domain.handovers import (
    APPLICANT,
    Deed,
    DossierClock,
    Outcome,
    after_running,
    budgets,
    judge,
    outcome_of,
    stays,
)
from app.domain.lifecycle import Act, Status
from app.domain.procedure import Step
from app.domain.time_limits import LimitUnit, TimeLimit

CALENDAR = Calendar()
MONDAY = datetime(2026, 10, 5, 7, 30, tzinfo=LOCAL_ZONE)
_ROLES = [Role.RECEPTIONIST, Role.OFFICER, Role.APPROVER]


def process(shares: list[int]) -> tuple[Step, ...]:
    return tuple(
        Step(f"step{n}", f"Bước {n}", _ROLES[min(n, 2)], share) for n, share in enumerate(shares)
    )


@st.composite
def shares(draw: st.DrawFn) -> list[int]:
    cuts = sorted(draw(st.lists(st.integers(0, 100), min_size=1, max_size=8)))
    return [after - before for before, after in pairwise([0, *cuts, 100])]


@given(shares(), st.integers(0, 10**6))
def test_the_minutes_of_the_steps_add_up_to_the_limit(parts: list[int], total: int) -> None:
    found = budgets(process(parts), total)

    assert sum(found) == total
    for minutes, share in zip(found, parts, strict=True):
        assert abs(minutes - total * share / 100) < 1
        assert minutes >= 0


@given(shares(), st.integers(1, 30), st.integers(0, 7 * 24 * 60))
def test_who_hands_on_at_the_last_minute_each_time_is_done_when_the_dossier_is_due(
    parts: list[int], days: int, later: int
) -> None:
    steps, limit = process(parts), TimeLimit(days, LimitUnit.WORKING_DAYS)
    accepted_at = MONDAY + timedelta(minutes=later)
    course = due(limit, accepted_at, (), CALENDAR)
    assert course.due_at is not None
    at = CALENDAR.next_opening(accepted_at)
    for minutes in budgets(steps, course.budget_minutes):
        at = after_running(at, minutes, (), CALENDAR)

    assert CALENDAR.minutes_between(at, course.due_at) == 0


instants = st.integers(0, 20 * 24 * 60).map(lambda minutes: MONDAY + timedelta(minutes=minutes))


@given(instants, st.integers(0, 2000), st.lists(instants, max_size=6, unique=True))
def test_running_time_is_what_a_walk_over_minutes_counts(
    start: datetime, minutes: int, edges: list[datetime]
) -> None:
    marks = sorted(edges[: len(edges) // 2 * 2])
    stopped = [Stop(*pair) for pair in zip(marks[::2], marks[1::2], strict=True)]

    found = after_running(start, minutes, stopped, CALENDAR)

    at, left = start, minutes
    while left:
        stands = any(stop.start <= at < stop.end for stop in stopped if stop.end)
        if not stands and CALENDAR.minutes_between(at, at + timedelta(minutes=1)):
            left -= 1
        at += timedelta(minutes=1)
    assert found == at if minutes else found <= CALENDAR.next_opening(max([start, *marks]))


def deed(seq: int, act: Act, at: datetime, **told: object) -> Deed:
    target = {Act.ACCEPT: Status.ACCEPTED, Act.RESOLVE: Status.RESOLVED}.get(act, Status.IN_PROCESS)
    role = {
        Act.ACCEPT: Role.RECEPTIONIST,
        Act.RESOLVE: Role.APPROVER,
        Act.RETURN_RESULT: Role.RECEPTIONIST,
        Act.WITHDRAW: Role.APPLICANT,
    }.get(act, Role.OFFICER)
    values: dict[str, object] = {"agency": "A", "name": f"{role} {seq}", **told}
    return Deed(seq, act, target, at, role=role, **values)  # type: ignore[arg-type]


STEPS = (
    Step("reception", "Tiếp nhận", Role.RECEPTIONIST, 10),
    Step("appraisal", "Thẩm định", Role.OFFICER, 60),
    Step("approval", "Ký duyệt", Role.APPROVER, 25),
    Step("return", "Trả kết quả", Role.RECEPTIONIST, 5),
)


def clock(days: int = 5, stops: tuple[Stop, ...] = ()) -> DossierClock:
    course = due(TimeLimit(days, LimitUnit.WORKING_DAYS), MONDAY, stops, CALENDAR)
    assert course.due_at is not None
    return DossierClock(course.budget_minutes, course.due_at, stops, CALENDAR)


def day(days: int, hour: int = 9, minute: int = 0) -> datetime:
    return (MONDAY + timedelta(days=days)).replace(hour=hour, minute=minute)


HISTORY = [
    deed(1, Act.ACCEPT, MONDAY),
    deed(2, Act.START, day(0, 10), step="appraisal"),
    deed(3, Act.PASS_ON, day(2, 16), step="approval", begins_at=day(3, 7, 30)),
    deed(4, Act.PASS_ON, day(3, 10), step="appraisal", reason="Sai số liệu", begins_at=day(3, 10)),
    deed(5, Act.PASS_ON, day(3, 14), step="approval", begins_at=day(3, 14)),
    deed(6, Act.RESOLVE, day(4, 16)),
]


def test_a_history_is_read_as_stays_with_who_gave_and_who_worked() -> None:
    found = stays(HISTORY, STEPS, CALENDAR)

    assert [(one.from_name, one.to_name, one.from_step, one.to_step) for one in found] == [
        (APPLICANT, "receptionist 1", None, 0),
        ("receptionist 1", "officer 3", "reception", 1),
        ("officer 3", "officer 4", "appraisal", 2),
        ("officer 4", "officer 5", "approval", 1),
        ("officer 5", "approver 6", "appraisal", 2),
        ("approver 6", None, "approval", 3),
    ]
    assert [one.left_at for one in found] == [*(d.at for d in HISTORY[1:]), None]
    assert [one.received_at for one in found][2] == day(3, 7, 30)
    assert [one.note for one in found] == [None, None, None, "Sai số liệu", None, None]


def test_each_stay_has_the_share_of_its_step_and_who_comes_back_what_is_left_of_it() -> None:
    found = judge(stays(HISTORY, STEPS, CALENDAR), STEPS, clock(5))

    first, second = 480 * 5 * 10 // 100, 480 * 5 * 60 // 100
    assert [one.budget_minutes for one in found[:4]] == [first, second, 600, second - 1230]
    assert found[1].spent_minutes == 1230
    assert found[0].due_at == day(0, 11, 30)
    assert [one.outcome for one in found] == [
        Outcome.ON_TIME,
        Outcome.EARLY,
        Outcome.EARLY,
        Outcome.ON_TIME,
        Outcome.LATE,
        None,
    ]
    assert found[-2].due_at == day(4, 13, 30)  # 150 of its 600 minutes were spent before
    assert found[-1].due_at is None


def test_the_last_step_is_due_with_the_dossier_and_none_after_it() -> None:
    history = [*HISTORY[:3], deed(4, Act.PASS_ON, day(3), step="return", begins_at=day(3))]
    own = clock(5)

    found = judge(stays(history, STEPS, CALENDAR), STEPS, own)

    assert found[-1].due_at == own.due_at
    assert all(one.due_at and one.due_at <= own.due_at for one in found)


def test_a_stop_moves_what_is_due_and_a_hand_over_in_time_stays_in_time() -> None:
    stop = Stop(day(1, 8), day(8, 8))
    history = [*HISTORY[:2], deed(5, Act.PASS_ON, day(9), step="approval", begins_at=day(9))]

    stood = judge(stays(history, STEPS, CALENDAR), STEPS, clock(5, (stop,)))
    ran = judge(stays(history, STEPS, CALENDAR), STEPS, clock(5))

    assert (stood[1].outcome, ran[1].outcome) == (Outcome.EARLY, Outcome.LATE)
    assert ran[1].spent_minutes - stood[1].spent_minutes == 480 * 5


def test_where_nothing_of_a_step_is_left_the_dossiers_own_day_counts() -> None:
    late = [
        *HISTORY[:2],
        deed(3, Act.PASS_ON, day(3, 14), step="approval", begins_at=day(3, 14)),
        deed(4, Act.PASS_ON, day(4), step="appraisal", reason="Sai", begins_at=day(4)),
    ]
    own = clock(5)

    found = judge(stays(late, STEPS, CALENDAR), STEPS, own)

    assert (found[1].outcome, found[-1].budget_minutes) == (Outcome.LATE, 0)
    assert found[-1].due_at == own.due_at


def test_who_receives_what_is_late_already_has_the_step_s_own_time() -> None:
    late = [*HISTORY[:2], deed(3, Act.PASS_ON, day(10), step="approval", begins_at=day(10))]

    found = judge(stays(late, STEPS, CALENDAR), STEPS, clock(5))

    assert found[-1].due_at == CALENDAR.after(day(10), 600)


@pytest.mark.parametrize("act", [Act.STOP, Act.WITHDRAW, Act.RESOLVE])
def test_what_ends_a_dossier_ends_its_stay(act: Act) -> None:
    found = stays([*HISTORY[:2], deed(3, act, day(1))], STEPS, CALENDAR)

    assert found[1].left_at == day(1)
    assert [one.left_at for one in found[2:]] == [None] * (act is Act.RESOLVE)


def test_whatever_takes_a_dossier_to_another_agency_is_a_hand_over() -> None:
    moved = deed(3, Act.REQUEST_SUPPLEMENT, day(1), to_agency="B", reason="Sáp nhập")

    found = stays([*HISTORY[:2], moved], STEPS, CALENDAR)

    assert (found[-1].from_agency, found[-1].to_agency, found[-1].to_step) == ("A", "B", 1)


def test_acts_before_acceptance_are_no_hand_overs() -> None:
    history = [deed(1, Act.SUBMIT, MONDAY), deed(2, Act.REQUEST_SUPPLEMENT, day(1))]

    assert stays(history, STEPS, CALENDAR) == []


@given(instants, instants)
def test_early_on_time_and_late_are_told_by_day_and_minute(left: datetime, until: datetime) -> None:
    found = outcome_of(left, until)

    assert (found is Outcome.LATE) == (left > until)
    assert (found is Outcome.EARLY) == (left.date() < until.date())


@given(shares(), st.integers(1, 20), st.lists(st.integers(0, 900), min_size=2, max_size=12))
def test_no_stay_is_due_after_the_dossier_that_was_not_late_when_it_came(
    parts: list[int], days: int, waits: list[int]
) -> None:
    steps, own = process(parts), clock(days)
    assume(len(steps) > 2)
    at, history = MONDAY, [deed(1, Act.ACCEPT, MONDAY)]
    for n, wait in enumerate(waits, 2):
        at = CALENDAR.after(at, wait)
        code = steps[1 + n % (len(steps) - 1)].code
        act = Act.START if n == 2 else Act.PASS_ON
        history.append(deed(n, act, at, step=code, begins_at=at))

    for one in judge(stays(history, steps, CALENDAR), steps, own):
        assert one.due_at is not None
        assert one.stay.received_at >= own.due_at or one.due_at <= own.due_at
        assert one.budget_minutes <= own.total_minutes
