"""Placing counts in time: whole numbers per interval that make every counted period come out.

Periods may contain each other or overlap in any way. With S(i) for what came before boundary i, a
period says S(last) - S(first) = count, and S never falls: a system of difference constraints
(simple temporal network). It has a solution in whole numbers unless its constraints run in a
circle to less than nothing; that circle is then the contradiction to be told.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise


class Contradiction(Exception):
    """Counts that cannot all be true: which spans, and which closed intervals, say so together."""

    def __init__(self, spans: Sequence[int], closed: Sequence[int]) -> None:
        super().__init__(f"spans {spans} contradict each other, closed intervals {closed}")
        self.spans = sorted(set(spans))
        self.closed = sorted(set(closed))


@dataclass(frozen=True, slots=True)
class _Limit:
    """S(target) may exceed S(source) by `most` at most."""

    source: int
    target: int
    most: int
    span: int | None = None  # the span that says so
    closed: int | None = None  # or the interval that is closed


@dataclass(slots=True)
class _Bounds:
    """Least and greatest S per boundary, S(0) being 0."""

    least: list[int]
    greatest: list[int]


class Placing:
    """Counts of spans over a row of intervals.

    `spans` are pairs of boundaries (first, last), `weights` one number per interval: its share
    where the spans leave a choice. An interval that no span covers, or of weight 0, is closed.
    """

    def __init__(self, spans: Sequence[tuple[int, int]], weights: Sequence[float]) -> None:
        covered = [False] * len(weights)
        for first, last in spans:
            covered[first:last] = [True] * (last - first)
        self._spans = spans
        self._weights = [
            weight if is_covered else 0.0
            for weight, is_covered in zip(weights, covered, strict=True)
        ]

    def check(self, counts: Sequence[int]) -> None:
        """Raise `Contradiction` if no placing makes all counts come out."""
        self._bounds(self._limits(counts))

    def place(self, counts: Sequence[int]) -> list[int]:
        """Return what each interval gets, so that every span sums to its count.

        Where there is a choice it follows the weights, boundary by boundary within what the ones
        fixed before leave open. Raises `Contradiction`.
        """
        limits = self._limits(counts)
        bounds = self._bounds(limits)
        if bounds.least != bounds.greatest:
            self._fix(limits, bounds)
        return [after - before for before, after in pairwise(bounds.least)]

    def _limits(self, counts: Sequence[int]) -> list[_Limit]:
        limits = [_Limit(n + 1, n, 0) for n in reversed(range(len(self._weights)))]
        limits += [
            _Limit(n, n + 1, 0, closed=n) for n, weight in enumerate(self._weights) if not weight
        ]
        for span, ((first, last), count) in enumerate(zip(self._spans, counts, strict=True)):
            limits.append(_Limit(first, last, count, span))
            limits.append(_Limit(last, first, -count, span))
        return limits

    def _bounds(self, limits: list[_Limit]) -> _Bounds:
        # Every interval is closed or in a span, so each boundary is bounded from both sides.
        beyond = sum(limit.most for limit in limits if limit.most > 0) + 1
        boundaries = len(self._weights) + 1
        bounds = _Bounds([-beyond] * boundaries, [beyond] * boundaries)
        bounds.least[0] = bounds.greatest[0] = 0
        _settle(limits, bounds)
        return bounds

    def _fix(self, limits: list[_Limit], bounds: _Bounds) -> None:
        """Fix what is still free, boundary by boundary: a share of what comes until a fixed one.

        There is one: who follows the spans from a fixed boundary comes to the end of each.
        """
        for n in range(1, len(bounds.least)):
            least, greatest = bounds.least[n], bounds.greatest[n]
            if least < greatest:
                wanted = self._wanted(n, bounds)
                bounds.least[n] = bounds.greatest[n] = min(max(wanted, least), greatest)
                _settle(limits, bounds)

    def _wanted(self, boundary: int, bounds: _Bounds) -> int:
        """Return where a boundary should lie by the weights around it."""
        before = boundary - 1
        after = next(
            n
            for n in range(boundary + 1, len(bounds.least))
            if bounds.least[n] == bounds.greatest[n]
        )
        share = self._weights[before] / (sum(self._weights[before:after]) or 1.0)
        come = bounds.least[after] - bounds.least[before]
        return bounds.least[before] + round(come * share)


def _settle(limits: list[_Limit], bounds: _Bounds) -> None:
    """Carry both bounds along all limits until nothing moves (Bellman and Ford)."""
    _settle_greatest(limits, bounds.greatest)
    least, moved = bounds.least, True
    while moved:  # without a circle the lower bounds settle too
        moved = False
        for limit in limits:
            if least[limit.target] - limit.most > least[limit.source]:
                least[limit.source] = least[limit.target] - limit.most
                moved = True


def _settle_greatest(limits: list[_Limit], greatest: list[int]) -> None:
    through: dict[int, _Limit] = {}  # by which limit a boundary got its value
    moved: int | None = None
    for _ in range(len(greatest) + 1):
        moved = None
        for limit in limits:
            if greatest[limit.source] + limit.most < greatest[limit.target]:
                greatest[limit.target] = greatest[limit.source] + limit.most
                through[limit.target] = limit
                moved = limit.target
        if moved is None:
            return
    if moved is not None:
        raise _contradiction(through, moved)


def _contradiction(through: dict[int, _Limit], moved: int) -> Contradiction:
    """Walk back from a boundary that still moves until the circle closes, and name its limits."""
    at = moved
    seen: dict[int, None] = {}
    while at not in seen:
        seen[at] = None
        at = through[at].source
    circle: list[_Limit] = []
    start = at
    while not circle or at != start:
        circle.append(through[at])
        at = through[at].source
    return Contradiction(
        [limit.span for limit in circle if limit.span is not None],
        [limit.closed for limit in circle if limit.closed is not None],
    )
