"""Ratings: what can be rated, and figures whose parts add up."""

from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.lifecycle import Status
from app.domain.ratings import RATED, SCORES, RatingRefused, Scores, check_rated, last_change_on

counts = st.dictionaries(st.sampled_from(list(SCORES)), st.integers(0, 10**6)).map(Scores)


@pytest.mark.parametrize("status", Status)
def test_what_the_agency_ended_can_be_rated_and_nothing_else(status: Status) -> None:
    if status in RATED:
        check_rated(status)
    else:
        with pytest.raises(RatingRefused):
            check_rated(status)


def test_a_refusal_and_a_stop_can_be_rated_too() -> None:
    assert {Status.REFUSED, Status.STOPPED, Status.RESOLVED, Status.RETURNED} == RATED


def test_a_rating_may_be_changed_for_fifteen_days() -> None:
    assert last_change_on(date(2026, 2, 20)) == date(2026, 3, 7)


def test_nothing_rated_is_no_data_and_not_nought() -> None:
    assert (Scores().total, Scores().mean, Scores().satisfied_percent) == (0, None, None)
    assert Scores(dict.fromkeys(SCORES, 0)).mean is None


@pytest.mark.parametrize(
    ("given_counts", "mean", "satisfied"),
    [
        ({5: 1}, "5.00", "100.00"),
        ({1: 1, 4: 1}, "2.50", "50.00"),
        ({3: 2, 4: 1}, "3.33", "33.33"),
        ({1: 1, 2: 7}, "1.88", "0.00"),  # 1.875 is rounded up
    ],
)
def test_mean_and_share_are_rounded_half_up(
    given_counts: dict[int, int], mean: str, satisfied: str
) -> None:
    scores = Scores(given_counts)
    assert (str(scores.mean), str(scores.satisfied_percent)) == (mean, satisfied)


@given(counts, counts)
def test_two_agencies_together_are_counted_as_if_they_were_one(one: Scores, other: Scores) -> None:
    both = one + other
    assert both.total == one.total + other.total
    if both.total:
        points = sum(n * (one.counts.get(n, 0) + other.counts.get(n, 0)) for n in SCORES)
        exact = Fraction(points, both.total)
        expected = (Decimal(exact.numerator) / exact.denominator).quantize(
            Decimal("0.01"), ROUND_HALF_UP
        )
        assert both.mean == expected
