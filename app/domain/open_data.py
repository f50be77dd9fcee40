"""The open-data tables (dữ liệu mở): counts by month, small ones hidden, nothing about persons."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from app.domain.suppression import Counts, Masks, Shown, suppress_together

Record: TypeAlias = tuple[str | int | None, ...]

CHANNELS: Final = ("online", "desk", "post")
TIMINGS: Final = ("early", "on_time", "late")
_HIDDEN: Final = {Shown.WHOLE: "", Shown.TOTAL: "counts", Shown.NOTHING: "all"}
WHOLE: Final = "total"
"""Stands for the code in the row of totals."""


@dataclass(frozen=True, slots=True)
class Row:
    """What a row of a table is about; `kind` is the level of an agency, empty for a field."""

    code: str
    name: str
    kind: str = ""


@dataclass(frozen=True, slots=True)
class OpenTable:
    """Counts of one month by the codes of `rows`."""

    rows: Sequence[Row]
    counts: Mapping[str, Counts]


def header(columns: Sequence[str]) -> tuple[str, ...]:
    return ("month", "code", "name", "level", *columns, "total", "hidden")


def records(month: str, tables: Sequence[OpenTable], width: int) -> list[list[Record]]:
    """Return the records of tables that count the same dossiers of a month, hidden together."""
    nothing = (0,) * width
    filled = [
        {row.code: table.counts.get(row.code, nothing) for row in table.rows} for table in tables
    ]
    masks = suppress_together(filled)
    return [
        list(_records(month, table, counts, mask, nothing))
        for table, counts, mask in zip(tables, filled, masks, strict=True)
    ]


def _records(
    month: str, table: OpenTable, counts: Mapping[str, Counts], masks: Masks, nothing: Counts
) -> Iterator[Record]:
    for row in table.rows:
        shown = masks.rows[row.code]
        yield (month, row.code, row.name, row.kind, *_cells(counts[row.code], shown))
    whole = tuple(map(sum, zip(nothing, *counts.values(), strict=True)))
    yield (month, WHOLE, "Toàn tỉnh", "", *_cells(whole, masks.total))


def _cells(counts: Counts, shown: Shown) -> Record:
    if shown is Shown.WHOLE:
        return (*counts, sum(counts), _HIDDEN[shown])
    hidden = (None,) * len(counts)
    return (*hidden, sum(counts) if shown is Shown.TOTAL else None, _HIDDEN[shown])
