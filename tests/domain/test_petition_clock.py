"""The clock of petitions: 2, 5 and 15 working days on the calendar of the agency."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.actor import Role
from app.domain.calendar import LOCAL_ZONE, Calendar
from app.domain.office_hours import DayKind, DayRule
from app.domain.petition_clock import (
    PetitionClock,
    PetitionMoment,
    PetitionTooLate,
    acts_now,
    check_in_time,
    clock_of,
    stops,
)
from app.domain.petitions import PetitionAct, PetitionStatus, possible_acts

RECEIVED, ACCEPTED = PetitionStatus.RECEIVED, PetitionStatus.ACCEPTED
ASKED = PetitionStatus.SUPPLEMENT_REQUESTED
_DAY_MINUTES = 480


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=LOCAL_ZONE)


def off(*days: str) -> Calendar:
    return Calendar(
        days={date.fromisoformat(day): DayRule(DayKind.OFF, "nghỉ", "thử") for day in days}
    )


@pytest.mark.parametrize(
    ("received", "refuse_until", "ask_until", "due_at"),
    [
        ("2026-10-05T09:00", "2026-10-07T09:00", "2026-10-12T09:00", "2026-10-26T09:00"),
        # Friday evening: the days begin on Monday morning, and end with a day's close.
        ("2026-10-09T20:00", "2026-10-13T17:00", "2026-10-16T17:00", "2026-10-30T17:00"),
        # At lunch: 11:30 rather than 13:00.
        ("2026-10-05T12:15", "2026-10-07T11:30", "2026-10-12T11:30", "2026-10-26T11:30"),
    ],
)
def test_the_three_limits_count_working_days(
    received: str, refuse_until: str, ask_until: str, due_at: str
) -> None:
    found = clock_of(at(received), (), Calendar())

    assert found == PetitionClock(at(refuse_until), at(ask_until), at(due_at))


def test_a_holiday_moves_what_lies_behind_it() -> None:
    found = clock_of(at("2026-11-20T10:00"), (), off("2026-11-24"))

    assert found.refuse_until == at("2026-11-25T10:00")
    assert found.ask_until == at("2026-11-30T10:00")
    assert found.due_at == at("2026-12-14T10:00")


def _asked_and_answered(asked: str, replied: str) -> list[PetitionMoment]:
    return [
        PetitionMoment(RECEIVED, at("2026-10-05T09:00")),
        PetitionMoment(ASKED, at(asked)),
        PetitionMoment(RECEIVED, at(replied)),
    ]


def test_waiting_for_the_petitioner_stops_all_three() -> None:
    history = _asked_and_answered("2026-10-06T09:00", "2026-10-12T09:00")

    found = clock_of(at("2026-10-05T09:00"), stops(history), Calendar())

    assert found.refuse_until == at("2026-10-13T09:00")
    assert found.ask_until == at("2026-10-16T09:00")
    assert found.due_at == at("2026-10-30T09:00")


def test_a_stop_does_not_bring_back_days_that_are_over() -> None:
    history = _asked_and_answered("2026-10-08T09:00", "2026-10-12T09:00")

    found = clock_of(at("2026-10-05T09:00"), stops(history), Calendar())

    assert found.refuse_until == at("2026-10-07T09:00")


def test_while_it_waits_nothing_is_due() -> None:
    history = _asked_and_answered("2026-10-06T09:00", "2026-10-12T09:00")[:2]

    assert clock_of(at("2026-10-05T09:00"), stops(history), Calendar()).due_at is None
    ended = stops(history, at("2026-10-12T09:00"))
    assert clock_of(at("2026-10-05T09:00"), ended, Calendar()).due_at == at("2026-10-30T09:00")


_START = at("2026-01-01T00:00")
minutes = st.integers(0, 365 * 24 * 60)
holidays = st.frozensets(st.dates(date(2026, 1, 1), date(2027, 6, 30)), max_size=40)


@given(received=minutes, days=holidays, wait=st.integers(0, 30 * 24 * 60), after=minutes)
def test_the_working_time_spent_is_fifteen_days_whatever_stood_between(
    received: int, days: frozenset[date], wait: int, after: int
) -> None:
    calendar = off(*(day.isoformat() for day in days))
    begin = _START + timedelta(minutes=received)
    asked = begin + timedelta(minutes=after % (10 * 24 * 60))
    replied = asked + timedelta(minutes=wait)
    history = [
        PetitionMoment(RECEIVED, begin),
        PetitionMoment(ASKED, asked),
        PetitionMoment(RECEIVED, replied),
    ]

    due_at = clock_of(begin, stops(history), calendar).due_at

    assert due_at is not None
    stood = calendar.minutes_between(asked, replied) if asked < due_at else 0
    assert calendar.minutes_between(begin, due_at) - stood == 15 * _DAY_MINUTES


LIMITED = {PetitionAct.REFUSE: "refuse_until", PetitionAct.ASK_SUPPLEMENT: "ask_until"}


@pytest.mark.parametrize("act", PetitionAct)
@pytest.mark.parametrize("late_s", [-60, 0, 59, 60])
def test_only_refusing_and_asking_have_a_limit_of_their_own(act: PetitionAct, late_s: int) -> None:
    clock = clock_of(at("2026-10-05T09:00"), (), Calendar())
    until = getattr(clock, LIMITED.get(act, "due_at"))
    now = until + timedelta(seconds=late_s)

    if act in LIMITED and late_s >= 60:  # seconds are not printed: the minute counts
        with pytest.raises(PetitionTooLate) as refusal:
            check_in_time(act, now, clock)
        assert refusal.value.facts["until"] == until.isoformat()
    else:
        check_in_time(act, now, clock)


@pytest.mark.parametrize("status", PetitionStatus)
@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("supplements", [0, 1])
def test_what_is_offered_is_what_would_not_be_refused(
    status: PetitionStatus, role: Role, supplements: int
) -> None:
    clock = clock_of(at("2026-10-05T09:00"), (), Calendar())
    for now in (at("2026-10-05T09:00"), at("2026-10-08T09:00"), at("2026-11-30T09:00")):
        offered = acts_now(status, role, supplements, now, clock)
        for act in possible_acts(status, role):
            is_spent = act is PetitionAct.ASK_SUPPLEMENT and supplements > 0
            try:
                check_in_time(act, now, clock)
            except PetitionTooLate:
                assert act not in offered
            else:
                assert (act in offered) is not is_spent
        assert set(offered) <= set(possible_acts(status, role))
