"""When a message to a partner is tried again."""

import itertools
import random
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.deliveries import (
    ATTEMPTS,
    BREAKS_AFTER,
    DeliveryAct,
    DeliveryActRefused,
    DeliveryState,
    check_act,
    pause_after,
    retry_in,
)

HOUR = timedelta(hours=1)


class _Never(random.Random):
    """Draws the shortest wait."""

    def uniform(self, a: float, b: float) -> float:
        del b
        return a


class _Always(random.Random):
    """Draws the longest wait."""

    def uniform(self, a: float, b: float) -> float:
        del a
        return b


def _wait(attempts: int, draw: random.Random) -> timedelta:
    found = retry_in(attempts, draw)
    assert found is not None
    return found


def test_the_first_wait_is_two_seconds_at_most_and_each_doubles_up_to_an_hour() -> None:
    longest = [_wait(attempts, _Always()) for attempts in range(1, ATTEMPTS)]

    assert longest[0] == timedelta(seconds=2)
    for shorter, longer in itertools.pairwise(longest):
        assert longer == min(2 * shorter, HOUR)


@given(st.integers(1, ATTEMPTS - 1), st.integers(0))
def test_a_wait_is_jittered_between_half_of_it_and_all_of_it(attempts: int, seed: int) -> None:
    drawn = _wait(attempts, random.Random(seed))

    assert _wait(attempts, _Never()) <= drawn <= _wait(attempts, _Always())
    assert 2 * _wait(attempts, _Never()) == _wait(attempts, _Always())


@pytest.mark.parametrize("attempts", [ATTEMPTS, ATTEMPTS + 1, 1000])
def test_after_the_last_attempt_a_message_is_dead(attempts: int) -> None:
    assert retry_in(attempts, random.Random(1)) is None


def test_a_message_is_tried_for_a_little_over_a_day_before_it_is_dead() -> None:
    shortest = sum((_wait(n, _Never()) for n in range(1, ATTEMPTS)), timedelta())
    longest = sum((_wait(n, _Always()) for n in range(1, ATTEMPTS)), timedelta())

    assert 24 * HOUR < (shortest + longest) / 2 < 26 * HOUR
    assert shortest > 12 * HOUR


@pytest.mark.parametrize("failures", range(BREAKS_AFTER))
def test_a_partner_is_called_on_until_it_was_silent_some_times_in_a_row(failures: int) -> None:
    assert pause_after(failures, random.Random(1)) is None


@given(st.integers(BREAKS_AFTER, 10_000), st.integers(0))
def test_a_silent_partner_is_left_alone_for_a_minute_at_most(failures: int, seed: int) -> None:
    pause = pause_after(failures, random.Random(seed))

    assert pause is not None
    assert timedelta(seconds=0.5) <= pause <= timedelta(minutes=1)


def test_the_pauses_grow() -> None:
    pauses = [pause_after(BREAKS_AFTER + n, _Always()) for n in range(8)]

    assert pauses == [timedelta(seconds=s) for s in (1, 2, 4, 8, 16, 32, 60, 60)]


@pytest.mark.parametrize("act", DeliveryAct)
@pytest.mark.parametrize("state", DeliveryState)
@pytest.mark.parametrize("is_parked", [False, True])
def test_what_is_being_told_is_not_touched_and_what_is_told_only_to_mend_it(
    act: DeliveryAct, state: DeliveryState, *, is_parked: bool
) -> None:
    at_rest = {DeliveryState.WAITING, DeliveryState.BLOCKED, DeliveryState.DEAD}
    if act is DeliveryAct.MEND:
        is_allowed = not is_parked and state is DeliveryState.ACKNOWLEDGED
    elif act is DeliveryAct.UNPARK:
        is_allowed = is_parked and state is DeliveryState.BLOCKED
    else:
        is_allowed = not is_parked and state in at_rest

    if is_allowed:
        check_act(act, state, is_parked=is_parked)
    else:
        with pytest.raises(DeliveryActRefused):
            check_act(act, state, is_parked=is_parked)
