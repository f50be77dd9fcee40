"""The forecast counts finished dossiers and nothing else: held against counting by hand."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.calendar import LOCAL_ZONE, Calendar
from app.domain.course import Stop
from app.domain.forecast import (
    FEWEST,
    NOT_ENOUGH,
    forecast,
    places,
    present,
    quantile,
    running_minutes,
    times_taken,
)
from app.domain.lifecycle import Act, Status
from app.domain.timeline import Moment, stops

CALENDAR = Calendar()
MONDAY = datetime(2026, 10, 5, 8, tzinfo=LOCAL_ZONE)
MINUTE = timedelta(minutes=1)

samples = st.lists(st.integers(0, 300), max_size=80).map(sorted)
spans = st.integers(0, 300)


@given(samples, spans, spans)
def test_the_chance_is_the_share_of_those_as_slow_so_far_that_took_longer_than_there_is(
    sample: Sequence[int], elapsed: int, left: int
) -> None:
    as_slow = [minutes for minutes in sample if minutes > elapsed]
    late = [minutes for minutes in as_slow if minutes - elapsed > left]

    said = forecast(left, [("procedure", elapsed)], {"procedure": sample})

    if len(as_slow) < FEWEST:
        assert (said.chance, said.median_minutes, said.p90_minutes) == (None, None, None)
        assert (said.cases, said.basis) == (0, NOT_ENOUGH)
        return
    assert said.chance == round(len(late) / len(as_slow), 4)
    assert said.cases == len(as_slow)
    remaining = sorted(minutes - elapsed for minutes in as_slow)
    assert said.median_minutes == quantile(remaining, 50)
    assert said.p90_minutes == quantile(remaining, 90)


@given(samples, spans, spans, spans)
def test_more_time_never_makes_it_likelier_to_be_late(
    sample: Sequence[int], elapsed: int, left: int, more: int
) -> None:
    said, later = (
        forecast(minutes, [("procedure", elapsed)], {"procedure": sample}).chance
        for minutes in (left, left + more)
    )
    assert (said is None) == (later is None)
    assert said is None or later is None or later <= said


@given(st.lists(st.integers(-50, 50), min_size=1, max_size=60), st.integers(1, 99))
def test_a_quantile_is_the_smallest_value_that_covers_its_share(
    sample: list[int], percent: int
) -> None:
    found = quantile(sorted(sample), percent)

    def covered(value: int) -> bool:
        return sum(other <= value for other in sample) * 100 >= percent * len(sample)

    assert found in sample
    assert covered(found)
    assert not any(covered(value) for value in sample if value < found)


def test_nothing_is_guessed_below_twenty_cases() -> None:
    elapsed = [("in_process/appraisal", 10), ("in_process", 20), ("procedure", 30)]
    few, many = [100] * 19, [100] * 20

    assert forecast(50, elapsed, {"procedure": few}).basis == "không đủ 20 hồ sơ"
    assert forecast(50, elapsed, {"procedure": many}).chance == 1.0
    # Of 20 finished ones, one that was faster than this one has been here says nothing of it.
    assert forecast(50, elapsed, {"procedure": [30, *few]}).chance is None


def test_the_most_exact_place_with_enough_cases_decides() -> None:
    elapsed = [("in_process/appraisal", 10), ("in_process", 20), ("procedure", 30)]
    known = {"in_process": [200] * 20, "procedure": [60] * 30}

    coarse = forecast(100, elapsed, known)
    exact = forecast(100, elapsed, known | {"in_process/appraisal": [90] * 20})

    assert (coarse.chance, coarse.median_minutes, coarse.cases) == (1.0, 180, 20)
    assert (exact.chance, exact.median_minutes, exact.cases) == (0.0, 80, 20)
    assert "trạng thái" in coarse.basis
    assert "bước" in exact.basis


def a_history(*moments: tuple[Act, Status, int, str | None]) -> list[Moment]:
    """Return a history; instants are minutes after Monday 08:00."""
    return [Moment(act, target, MONDAY + at * MINUTE, step) for act, target, at, step in moments]


HISTORY = a_history(
    (Act.SUBMIT, Status.REGISTERED, 0, None),
    (Act.ACCEPT, Status.ACCEPTED, 10, None),
    (Act.START, Status.IN_PROCESS, 20, "appraisal"),
    (Act.REQUEST_SUPPLEMENT, Status.SUPPLEMENT_REQUESTED, 30, None),
    (Act.SUPPLEMENT, Status.IN_PROCESS, 90, None),
    (Act.PASS_ON, Status.IN_PROCESS, 100, "approval"),
    (Act.RESOLVE, Status.RESOLVED, 120, None),
    (Act.RETURN_RESULT, Status.RETURNED, 200, None),
)


def test_a_dossier_is_counted_from_its_first_entry_into_each_place() -> None:
    assert places(HISTORY) == {
        "procedure": MONDAY + 10 * MINUTE,
        "accepted": MONDAY + 10 * MINUTE,
        "in_process": MONDAY + 20 * MINUTE,
        "in_process/appraisal": MONDAY + 20 * MINUTE,
        "in_process/approval": MONDAY + 100 * MINUTE,
    }
    assert present(Status.IN_PROCESS, "approval") == [
        "in_process/approval",
        "in_process",
        "procedure",
    ]


def test_the_time_it_took_is_that_in_which_the_clock_ran() -> None:
    stood = stops(HISTORY, payment_stops=True)

    assert times_taken(HISTORY, stood, CALENDAR) == {
        "procedure": 50,
        "accepted": 50,
        "in_process": 40,
        "in_process/appraisal": 40,
        "in_process/approval": 20,
    }
    assert times_taken(HISTORY[:-2], stood, CALENDAR) == {}


@given(
    st.lists(st.integers(0, 4000), min_size=2, max_size=8, unique=True).map(sorted),
    st.integers(0, 4000),
    st.integers(0, 4000),
)
def test_running_minutes_are_those_of_an_open_office_without_a_stop(
    edges: list[int], first: int, last: int
) -> None:
    begin, end = (MONDAY + minute * MINUTE for minute in sorted((first, last)))
    pairs = list(zip(edges[::2], edges[1::2], strict=False))
    stood = [Stop(MONDAY + a * MINUTE, MONDAY + b * MINUTE) for a, b in pairs]

    def counts(minute: datetime) -> bool:
        is_open = CALENDAR.minutes_between(minute, minute + MINUTE) == 1
        return is_open and not any(
            stop.start <= minute < stop.end for stop in stood if stop.end is not None
        )

    by_hand = sum(counts(begin + n * MINUTE) for n in range(int((end - begin) / MINUTE)))
    assert running_minutes(begin, end, stood, CALENDAR) == by_hand


def test_an_open_stop_lasts_to_the_end() -> None:
    stood = [Stop(MONDAY + 30 * MINUTE, None)]
    assert running_minutes(MONDAY, MONDAY + 60 * MINUTE, stood, CALENDAR) == 30


@pytest.mark.parametrize("status", [Status.ACCEPTED, Status.IN_PROCESS])
def test_a_status_without_a_step_is_a_place_too(status: Status) -> None:
    assert present(status, None) == [status, "procedure"]
