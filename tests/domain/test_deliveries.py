"""When a message to a partner is tried again."""

import itertools
import random
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.deliveries import ATTEMPTS, retry_in

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
