"""Periods of reports, written as the published tables write them."""

from calendar import monthrange
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.periods import Period, PeriodRefused, parse_period

DAYS = st.dates(date(1, 1, 1), date(9999, 12, 31))


@st.composite
def periods(draw: st.DrawFn) -> Period:
    first, last = sorted((draw(DAYS), draw(DAYS)))
    if draw(st.booleans()):
        first = first.replace(day=1)
    if draw(st.booleans()):
        last = last.replace(day=monthrange(last.year, last.month)[1])
    return Period(first, last)


@given(periods())
def test_what_a_period_is_written_as_is_read_as_the_same_period(period: Period) -> None:
    assert parse_period(str(period)) == period


@given(periods())
def test_the_days_of_a_period_are_counted_with_both_ends(period: Period) -> None:
    assert period.days == (period.last - period.first).days + 1 >= 1


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2021-06", date(2021, 6, 1), date(2021, 6, 30)),
        ("2021-01..2021-06", date(2021, 1, 1), date(2021, 6, 30)),
        ("2024-02", date(2024, 2, 1), date(2024, 2, 29)),
        ("2021-01-05..2021-02-03", date(2021, 1, 5), date(2021, 2, 3)),
        ("2021-06-07", date(2021, 6, 7), date(2021, 6, 7)),
        (" 2021-06 .. 2021-07 ", date(2021, 6, 1), date(2021, 7, 31)),
    ],
)
def test_months_and_days_are_read(text: str, first: date, last: date) -> None:
    assert parse_period(text) == Period(first, last)


@pytest.mark.parametrize(
    "text",
    ["", "..", "2021", "2021-13", "2021-02-30", "06/2021", "2021-06..2021-05", "2021-06...2021-07"],
)
def test_what_is_no_period_is_refused_by_name(text: str) -> None:
    with pytest.raises(PeriodRefused) as refusal:
        parse_period(text)

    assert text in refusal.value.detail


def test_a_period_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(PeriodRefused):
        Period(date(2021, 6, 2), date(2021, 6, 1))


def test_a_period_of_one_day_has_one_day() -> None:
    assert Period(date(2021, 6, 1), date(2021, 6, 1)).days == 1
