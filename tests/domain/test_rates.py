"""Rates are exact until they are shown; halves are rounded up."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.rates import percent, rate_of, rounded
from app.domain.steering import NotDefined, in_force, points_for, score
from app.domain.supply import months_left
from app.services.steering_index import definitions


@given(st.integers(0, 10**9), st.integers(0, 10**9))
def test_a_rate_is_rounded_half_up_from_its_exact_value(part: int, more: int) -> None:
    shown = percent(rate_of(part, part + more))
    if part + more == 0:
        assert shown is None
        return
    assert shown is not None
    exact = Fraction(part * 100, part + more)
    assert Fraction(shown) - Fraction(1, 200) <= exact < Fraction(shown) + Fraction(1, 200)
    assert shown.as_tuple().exponent == -2


@pytest.mark.parametrize(
    ("value", "shown"),
    [("0.005", "0.01"), ("0.0049", "0.00"), ("-0.005", "-0.01"), ("2.675", "2.68")],
)
def test_halves_are_rounded_away_from_nought(value: str, shown: str) -> None:
    assert rounded(Fraction(value)) == Decimal(shown)


def test_points_are_in_proportion_below_a_threshold_and_full_from_it_on() -> None:
    figure = in_force(definitions(), date(2026, 10, 1)).figure("3.3")

    assert points_for(figure, Fraction(1, 2)) == figure.points == points_for(figure, Fraction(1))
    assert points_for(figure, Fraction(1, 4)) == figure.points / 2
    assert points_for(figure, Fraction(0)) == 0


def test_the_online_rate_is_multiplied_by_the_share_that_the_portal_holds() -> None:
    steering = in_force(definitions(), date(2026, 10, 1))

    held = {"received_by_either": 10, "synced": 5}
    found = score(steering, {"received": 10, "online_done": 6, **held})

    assert found.figure("3.3").rate == Fraction(6, 10) * Fraction(5, 10)


@given(st.integers(0, 500), st.integers(0, 500))
def test_no_figure_gives_more_than_its_points(done: int, more: int) -> None:
    steering = in_force(definitions(), date(2026, 10, 1))
    for figure in steering.figures:
        if figure.numerator and figure.denominator:
            counts = {"synced": 1, "received": 1, "received_by_either": 1}
            counts |= {figure.numerator: done, figure.denominator: done + more}
            points = score(steering, counts).figure(figure.id).points
            assert points is None or 0 <= points <= figure.points


def test_definitions_have_dates() -> None:
    [known] = definitions()

    assert in_force(definitions(), date(2021, 6, 1)) is known
    ended = type(known)(
        *(known.code, known.name, known.source, known.valid_from),
        date(2027, 12, 31),
        known.groups,
        known.figures,
    )
    with pytest.raises(NotDefined):
        in_force([ended], date(2028, 1, 1))


@pytest.mark.parametrize(
    ("day", "year", "left"),
    [(date(2026, 11, 30), 2030, 49), (date(2030, 12, 1), 2030, 0), (date(2031, 1, 1), 2030, 0)],
)
def test_months_left_are_whole_ones(day: date, year: int, left: int) -> None:
    assert months_left(day, year) == left
