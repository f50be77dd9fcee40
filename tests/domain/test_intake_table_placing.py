"""Counts of periods placed in intervals: every count comes out, or the contradiction is named."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.placing import Contradiction, Placing

Spans = list[tuple[int, int]]


@st.composite
def spans_over(draw: st.DrawFn, intervals: int, most: int) -> Spans:
    span = st.tuples(st.integers(0, intervals), st.integers(0, intervals)).filter(
        lambda ends: ends[0] != ends[1]
    )
    drawn = draw(st.lists(span, min_size=1, max_size=most))
    return [(min(ends), max(ends)) for ends in drawn]


@st.composite
def counted_histories(draw: st.DrawFn) -> tuple[Spans, list[float], list[int]]:
    """Spans, weights and counts of a course that really was."""
    intervals = draw(st.integers(1, 12))
    spans = draw(spans_over(intervals, 8))
    course = draw(st.lists(st.integers(0, 500), min_size=intervals, max_size=intervals))
    weights = [
        draw(st.sampled_from([1e-6, 0.5, 1.0, 22.0] if count else [0.0, 1e-6, 3.0]))
        for count in course
    ]
    return spans, weights, [sum(course[first:last]) for first, last in spans]


def _sums(spans: Spans, placed: list[int]) -> list[int]:
    return [sum(placed[first:last]) for first, last in spans]


@given(counted_histories())
def test_every_count_of_a_real_course_comes_out_and_closed_intervals_stay_empty(
    known: tuple[Spans, list[float], list[int]],
) -> None:
    spans, weights, counts = known

    placed = Placing(spans, weights).place(counts)

    assert _sums(spans, placed) == counts
    assert min(placed) >= 0
    for n, count in enumerate(placed):
        is_covered = any(first <= n < last for first, last in spans)
        assert not count or (weights[n] > 0 and is_covered)


@given(st.data())
def test_counts_are_refused_exactly_when_no_course_explains_them(data: st.DataObject) -> None:
    intervals = data.draw(st.integers(1, 4))
    spans = data.draw(spans_over(intervals, 4))
    weights = [float(data.draw(st.booleans())) for _ in range(intervals)]
    counts = [data.draw(st.integers(0, 3)) for _ in spans]
    courses = product(*(range(4 if weight else 1) for weight in weights))
    can_be = any(_sums(spans, list(course)) == counts for course in courses)

    if can_be:
        assert _sums(spans, Placing(spans, weights).place(counts)) == counts
        return
    with pytest.raises(Contradiction) as refused:
        Placing(spans, weights).place(counts)
    # What is named contradicts itself without the rest.
    named, closed = refused.value.spans, refused.value.closed
    only = [0.0 if n in closed else 1.0 for n in range(intervals)]
    with pytest.raises(Contradiction):
        Placing([spans[n] for n in named], only).check([counts[n] for n in named])


def test_what_is_free_follows_the_weights() -> None:
    spans = [(0, 2), (1, 3)]

    assert Placing(spans, [10.0, 10.0, 10.0]).place([100, 100]) == [50, 50, 50]
    assert Placing(spans, [30.0, 10.0, 30.0]).place([100, 100]) == [75, 25, 75]
    assert Placing(spans, [0.0, 10.0, 30.0]).place([100, 200]) == [0, 100, 100]


def test_nested_periods_leave_nothing_to_choose() -> None:
    assert Placing([(0, 3), (1, 2)], [1.0, 1.0, 1.0]).place([10, 10]) == [0, 10, 0]


def test_a_part_greater_than_its_whole_is_named_with_it() -> None:
    with pytest.raises(Contradiction) as refused:
        Placing([(0, 4), (2, 3), (0, 1)], [1.0] * 4).place([5, 6, 0])

    assert (refused.value.spans, refused.value.closed) == ([0, 1], [])


def test_hundreds_of_periods_that_overlap_are_placed_in_no_time() -> None:
    course = [n * 37 % 91 for n in range(365)]
    spans = [(n, n + 7) for n in range(359)] + [(n, n + 30) for n in range(0, 330, 11)]

    placed = Placing(spans, [1.0] * 365).place(_sums(spans, course))

    assert _sums(spans, placed) == _sums(spans, course)
