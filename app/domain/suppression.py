"""Suppression of small cells (ẩn ô có số nhỏ): nobody can work out who stands behind a number.

A table has a row of counts per agency (or field), each with its total, and one row of totals of
the whole. Rows are shown whole, or with their total alone, or not at all. What is hidden is chosen
so that, from everything that is shown, a hidden cell may still be `k` or more and is never a single
number. How large a hidden cell may be is known exactly: among the tables with given sums of rows
and columns there is always one in which it is `min(row, column)` (the bound of Fréchet).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum, auto
from typing import Final, TypeAlias

K: Final = 5
"""Counts from 1 to 4 are never shown."""

Counts: TypeAlias = tuple[int, ...]


class Shown(StrEnum):
    WHOLE = auto()  # every count and the total
    TOTAL = auto()  # the total alone
    NOTHING = auto()


@dataclass(frozen=True, slots=True)
class Masks:
    """What is shown of each row, and of the row of totals."""

    rows: Mapping[str, Shown]
    total: Shown


def suppress_together(tables: Sequence[Mapping[str, Counts]], k: int = K) -> list[Masks]:
    """Choose what to hide of tables that count the same dossiers, told apart by different things.

    They have one row of totals in common: what one of them must hide of it, none may show. Apart
    from it they say nothing of one another.
    """
    found = [suppress(table, k) for table in tables]
    if any(masks.total is not Shown.WHOLE for masks in found):
        found = [_without_columns(table, k) for table in tables]
    if any(masks.total is Shown.NOTHING for masks in found):
        found = [Masks(dict.fromkeys(table, Shown.NOTHING), Shown.NOTHING) for table in tables]
    return found


def suppress(rows: Mapping[str, Counts], k: int = K) -> Masks:
    """Choose what to hide of a table; hides as little as the smallest rows allow.

    The row of totals is the sum of the rows, so that nothing is left over to be counted out.
    """
    columns = _added(list(rows.values()))
    if _is_small_row(columns, k):
        return _without_columns(rows, k)
    hidden = _hidden_totals(rows, k)
    if hidden is None:
        return Masks(dict.fromkeys(rows, Shown.NOTHING), Shown.NOTHING)
    masked = hidden | {name for name, row in rows.items() if _is_small_row(row, k)}
    spare = [name for name in _smallest_first(rows) if name not in masked]
    while not _is_safe(rows, masked, hidden, k):
        if not spare:
            return _without_columns(rows, k)
        masked.add(spare.pop(0))
    return Masks({name: _shown(name, masked, hidden) for name in rows}, Shown.WHOLE)


def _without_columns(rows: Mapping[str, Counts], k: int) -> Masks:
    """Show totals only: of the whole, and of the rows that are large enough."""
    hidden = _hidden_totals(rows, k)
    if hidden is None or 0 < sum(map(sum, rows.values())) < k:
        return Masks(dict.fromkeys(rows, Shown.NOTHING), Shown.NOTHING)
    everybody = set(rows)
    return Masks({name: _shown(name, everybody, hidden) for name in rows}, Shown.TOTAL)


def _shown(name: str, masked: set[str], hidden: set[str]) -> Shown:
    if name in hidden:
        return Shown.NOTHING
    return Shown.TOTAL if name in masked else Shown.WHOLE


def _is_small(count: int, k: int) -> bool:
    return 0 < count < k


def _is_small_row(row: Counts, k: int) -> bool:
    return any(_is_small(count, k) for count in (*row, sum(row)))


def _added(rows: Sequence[Counts]) -> Counts:
    return tuple(map(sum, zip(*rows, strict=True))) if rows else ()


def _smallest_first(rows: Mapping[str, Counts]) -> list[str]:
    """Order rows by their totals; those without anything help nobody and are last."""
    return sorted(rows, key=lambda name: (not sum(rows[name]), sum(rows[name]), name))


def _hidden_totals(rows: Mapping[str, Counts], k: int) -> set[str] | None:
    """Choose totals to hide, None if even all of them together are too few.

    Whoever adds up the others knows the sum of the hidden ones, and that each is at least 1:
    one of them may be `k` if the sum is `k` and 1 for each of the others.
    """
    hidden = {name for name, row in rows.items() if _is_small(sum(row), k)}
    spare = [name for name in _smallest_first(rows) if sum(rows[name]) >= k]
    while hidden and not _may_be_large(rows, hidden, k):
        if not spare:
            return None
        hidden.add(spare.pop(0))
    return hidden


def _may_be_large(rows: Mapping[str, Counts], hidden: set[str], k: int) -> bool:
    together = sum(sum(rows[name]) for name in hidden)
    return len(hidden) > 1 and together - (len(hidden) - 1) >= k


def _is_safe(rows: Mapping[str, Counts], masked: set[str], hidden: set[str], k: int) -> bool:
    """Tell whether each hidden cell that is small may still be `k`.

    The rows with hidden totals are one row to whoever looks: its total is known, they share it
    as they like as long as each has 1.
    """
    columns = _added([rows[name] for name in masked])
    together = sum(sum(rows[name]) for name in hidden)
    for name in masked:
        most = together - len(hidden) + 1 if name in hidden else sum(rows[name])
        for count, column in zip(rows[name], columns, strict=True):
            if _is_small(count, k) and min(most, column) < k:
                return False
    return True
