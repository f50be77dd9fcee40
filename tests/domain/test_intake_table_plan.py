"""From a table to days: every row of every period comes out of the days again."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.calendar import LOCAL_ZONE
from app.domain.figures import Intake
from app.domain.intake_plan import Slice, batches
from app.domain.periods import Period
from tests.domain.past_samples import AGENCIES, BOOK, Cells, count, placed, plan, published

PUBLISHED = Path(__file__).parents[2] / "data" / "published" / "intake-2021.csv"
FIRST = date(2021, 1, 1)
DAYS = 90
CODES = ["H44.01", "H44.06", "H44.18", "H44.19", "H44.31"]


def day_of(n: int) -> date:
    return FIRST + timedelta(days=n)


HALF_YEAR = Period(date(2021, 1, 1), date(2021, 6, 30))
JUNE = Period(date(2021, 6, 1), date(2021, 6, 30))


@st.composite
def histories(draw: st.DrawFn) -> tuple[dict[tuple[str, date], Intake], list[Period]]:
    """What some agencies received on some days, and any periods over these days."""
    number = st.integers(0, DAYS - 1)
    cells = draw(
        st.dictionaries(
            st.tuples(st.sampled_from(CODES), number.map(day_of)),
            st.builds(Intake, st.integers(0, 60), st.integers(0, 60)),
            max_size=40,
        )
    )
    edges = st.tuples(number, number).map(sorted)
    periods = [
        Period(day_of(first), day_of(last))
        for first, last in draw(st.lists(edges, min_size=1, max_size=6, unique_by=tuple))
    ]
    return cells, periods


@settings(max_examples=60, deadline=None)
@given(histories())
def test_whatever_was_published_over_any_periods_comes_out_row_by_row(
    history: tuple[Cells, list[Period]],
) -> None:
    cells, periods = history

    found = placed(plan(published(cells, periods)))

    for period in periods:
        wanted = {code: intake for code, intake in count(cells, period).items() if intake.received}
        assert count(found, period) == wanted
    covered = {day for _, day in found}
    assert all(any(p.first <= day <= p.last for p in periods) for day in covered)


def test_the_published_half_year_and_its_june_both_come_out() -> None:
    text = PUBLISHED.read_text(encoding="utf-8")
    slices = plan(text)

    assert sum(part.dossiers for part in slices) == 259_898
    assert published(placed(slices), [HALF_YEAR, JUNE]) == text


def _month(at_desk: int, online: int, days: Sequence[date]) -> list[Slice]:
    share = [Intake(at_desk // len(days), online // len(days))] * len(days)
    cells = {("H44.06", day): intake for day, intake in zip(days, share, strict=True)}
    return plan(published(cells, [Period(days[0], days[-1])]))


def test_desks_are_closed_on_days_off_and_little_comes_in_online() -> None:
    april = [date(2021, 4, 1) + timedelta(days=n) for n in range(30)]
    slices = _month(30_000, 30_000, april)

    by_day = Counter[date]()
    for part in slices:
        is_off = part.day.weekday() >= 5 or part.day == date(2021, 4, 30)
        assert (part.at_desk == 0) == is_off
        by_day[part.day] = part.online
    assert max(by_day[day] for day in april if day.weekday() >= 5) < 300
    assert min(by_day[day] for day in april[:29] if day.weekday() < 5) > 700
    assert len({by_day[day] for day in april[:28] if day.weekday() < 5}) > 10  # no two alike


def test_a_period_of_days_off_alone_still_comes_out() -> None:
    saturday, sunday = date(2021, 4, 24), date(2021, 4, 25)
    slices = _month(20, 20, [saturday, sunday])

    assert {part.day for part in slices} <= {saturday, sunday}
    assert sum(part.at_desk for part in slices) == 20


def test_what_is_free_goes_to_working_days_rather_than_days_off() -> None:
    cells = {("H44.06", date(2021, 4, 21)): Intake(50, 0)}
    week, weekend = (date(2021, 4, 19), date(2021, 4, 25)), (date(2021, 4, 24), date(2021, 4, 30))
    cells[("H44.06", date(2021, 4, 27))] = Intake(50, 0)
    found = plan(published(cells, [Period(*week), Period(*weekend)]))

    assert all(part.day.weekday() < 5 for part in found)


@pytest.mark.parametrize("share", ["0.01", "0.5", "1", "3"])
def test_a_share_scales_every_stretch_between_boundaries(share: str) -> None:
    before = Period(date(2021, 1, 1), date(2021, 5, 31))
    text = PUBLISHED.read_text(encoding="utf-8")
    whole, part = placed(plan(text)), placed(plan(text, share=share))

    for period in (JUNE, before):
        for code, intake in count(whole, period).items():
            got = count(part, period).get(code, Intake())
            assert got.at_desk == int(float(share) * intake.at_desk + 0.5), code
            assert got.online == int(float(share) * intake.online + 0.5), code


def test_the_same_seed_gives_the_same_days_and_another_one_others() -> None:
    text = PUBLISHED.read_text(encoding="utf-8")

    assert plan(text, share="0.1", seed=7) == plan(text, share="0.1", seed=7)
    assert plan(text, share="0.1", seed=7) != plan(text, share="0.1", seed=8)


def test_nothing_is_placed_after_today_nor_where_nothing_is_offered() -> None:
    cells = {("H44.29", date(2021, 4, 1)): Intake(500, 300)}
    text = published(cells, [Period(date(2021, 4, 1), date(2021, 5, 31))])
    now = datetime(2021, 4, 13, 10, 0, tzinfo=LOCAL_ZONE)

    slices = plan(text, now=now)

    assert sum(part.dossiers for part in slices) == 800
    assert max(part.day for part in slices) <= now.date()
    for part in plan(PUBLISHED.read_text(encoding="utf-8"), share="0.2"):
        offers = BOOK.on(AGENCIES[part.agency.code], part.day)
        assert offers.all or not part.at_desk
        assert offers.online or not part.online


@given(
    st.lists(st.tuples(st.integers(0, 400), st.integers(0, 400)), max_size=30),
    st.integers(1, 300),
)
def test_batches_hold_all_of_a_plan_in_its_order(days: list[tuple[int, int]], size: int) -> None:
    agency = AGENCIES["H44.06"]
    slices = [Slice(agency, day_of(n), *counts) for n, counts in enumerate(days)]

    made = list(batches(slices, size))

    parts = [part for batch in made for part in batch]
    assert [part.day for part in parts] == sorted(part.day for part in parts)
    for day in slices:
        mine = [part for part in parts if part.day == day.day]
        assert sum(part.at_desk for part in mine) == day.at_desk
        assert sum(part.online for part in mine) == day.online
        assert [(part.part, part.parts) for part in mine] == [
            (n, len(mine)) for n in range(len(mine))
        ]
    for batch in made:
        assert len({part.day for part in batch}) == len(batch)  # a day comes once in a batch
        assert sum(part.dossiers for part in batch) <= size + 2
