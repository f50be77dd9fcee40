"""Nobody works out a hidden number: every table that fits what is shown is looked at."""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import product

from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.domain.open_data import OpenTable, Row, records
from app.domain.suppression import Counts, Masks, Shown, suppress, suppress_together

K = 3  # the rule is the same for 5; so few can all be looked at

TABLES = st.integers(2, 3).flatmap(
    lambda width: st.lists(
        st.tuples(*[st.sampled_from([0, 0, 1, 2, 3, 4, 6])] * width), min_size=1, max_size=4
    )
)


def _named(rows: list[Counts]) -> dict[str, Counts]:
    return {f"H44.{n:02}": row for n, row in enumerate(rows)}


class Attacker:
    """Knows everything that is shown, the rules, and that rows without anything are shown."""

    def __init__(self, rows: Mapping[str, Counts], masks: Masks) -> None:
        self.rows = rows
        self.masks = masks
        self.hidden = [name for name, shown in masks.rows.items() if shown is not Shown.WHOLE]
        columns = tuple(map(sum, zip(*rows.values(), strict=True)))
        known = [rows[name] for name in rows if name not in self.hidden]
        self.left = tuple(column - sum(row[n] for row in known) for n, column in enumerate(columns))

    def candidates(self, name: str, left: Counts | None, whole: int) -> Iterator[Counts]:
        """Yield what a row may be; `left` None: the columns' sums are not shown."""
        width = len(self.rows[name])
        most = left or (whole,) * width
        for row in product(*(range(limit + 1) for limit in most)):
            is_total_known = self.masks.rows[name] is Shown.TOTAL
            if is_total_known and sum(row) != sum(self.rows[name]):
                continue
            if not is_total_known and not sum(row):
                continue
            yield row

    def possible(self, name: str) -> set[Counts]:
        """Return everything that a row may be, seen from outside."""
        others = [other for other in self.hidden if other != name]
        if self.masks.total is Shown.WHOLE:
            return {
                row
                for row in self.candidates(name, self.left, 0)
                if self._fits(tuple(others), _less(self.left, row))
            }
        whole = sum(self.left)
        return {
            row for row in self.candidates(name, None, whole) if self._adds_up(others, row, whole)
        }

    @lru_cache  # noqa: B019  (as short-lived as the test)
    def _fits(self, names: tuple[str, ...], left: Counts) -> bool:
        if not names:
            return not any(left)
        return any(
            self._fits(names[1:], _less(left, row)) for row in self.candidates(names[0], left, 0)
        )

    def _adds_up(self, others: list[str], row: Counts, whole: int) -> bool:
        """Only the sum of everything is shown: the others must be able to make up the rest."""
        totals = [sum(self.rows[name]) for name in others if self.masks.rows[name] is Shown.TOTAL]
        free = len(others) - len(totals)
        rest = whole - sum(row) - sum(totals)
        return rest >= free if free else rest == 0


def _less(left: Counts, row: Counts) -> Counts:
    return tuple(a - b for a, b in zip(left, row, strict=True))


def _check(rows: Mapping[str, Counts], masks: Masks) -> None:
    for name, row in rows.items():
        small = [n for n, count in enumerate(row) if 0 < count < K]
        is_small = 0 < sum(row) < K
        assert masks.rows[name] is not Shown.WHOLE or not small
        assert masks.rows[name] is Shown.NOTHING or not is_small
    columns = tuple(map(sum, zip(*rows.values(), strict=True)))
    assert masks.total is not Shown.WHOLE or not any(0 < count < K for count in columns)
    if masks.total is Shown.NOTHING:
        assert set(masks.rows.values()) == {Shown.NOTHING}
        return
    attacker = Attacker(rows, masks)
    for name in attacker.hidden:
        possible = attacker.possible(name)
        assert rows[name] in possible
        for n, count in enumerate(rows[name]):
            if 0 < count < K:
                values = {row[n] for row in possible}
                assert len(values) > 1, (name, n)
                assert max(values) >= K, (name, n)
        if 0 < sum(rows[name]) < K:
            assert max(map(sum, possible)) >= K, name


@settings(max_examples=50, deadline=None)
@given(TABLES)
@example([(1, 6), (6, 6)])
@example([(0, 1), (0, 1), (0, 1)])
@example([(2, 0), (0, 2), (6, 6), (6, 6)])
@example([(1, 1), (3, 3), (0, 0)])
def test_no_small_count_can_be_worked_out_from_what_is_shown(rows: list[Counts]) -> None:
    table = _named(rows)

    _check(table, suppress(table, K))


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(0, 1)), max_size=14))
def test_tables_of_the_same_dossiers_give_nothing_away_about_each_other(
    dossiers: list[tuple[int, int, int]],
) -> None:
    """Each dossier has an agency, a field and a channel; both tables have one row of totals."""
    tables = []
    for by in (0, 1):
        counts = {str(n): [0, 0] for n in range(3)}
        for dossier in dossiers:
            counts[str(dossier[by])][dossier[2]] += 1
        tables.append({name: tuple(row) for name, row in counts.items()})

    found = suppress_together(tables, K)

    assert found[0].total is found[1].total
    for table, masks in zip(tables, found, strict=True):
        _check(table, masks)


def test_large_counts_are_shown_whole_and_nothing_is_hidden_needlessly() -> None:
    table = {"H44.01": (120, 30), "H44.02": (50, 0), "H44.03": (0, 0)}

    masks = suppress(table)

    assert set(masks.rows.values()) == {Shown.WHOLE}
    assert masks.total is Shown.WHOLE


def test_a_small_cell_hides_its_row_and_the_smallest_other_one() -> None:
    table = {"H44.01": (120, 3), "H44.02": (50, 40), "H44.03": (9, 11), "H44.04": (0, 0)}

    masks = suppress(table)

    assert masks.rows == {
        "H44.01": Shown.TOTAL,
        "H44.02": Shown.WHOLE,
        "H44.03": Shown.TOTAL,
        "H44.04": Shown.WHOLE,
    }


def test_records_say_what_is_hidden_and_never_show_it() -> None:
    rows = [Row("H44.01", "Sở Mẫu", "province"), Row("H44.02", "Sở Khác", "province")]
    counts = {"H44.01": (120, 3), "H44.02": (9, 11)}

    [found] = records("2021-06", [OpenTable(rows, counts)], 2)

    assert found == [
        ("2021-06", "H44.01", "Sở Mẫu", "province", None, None, 123, "counts"),
        ("2021-06", "H44.02", "Sở Khác", "province", None, None, 20, "counts"),
        ("2021-06", "total", "Toàn tỉnh", "", 129, 14, 143, ""),
    ]
