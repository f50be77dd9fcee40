"""Tables as CSV: UTF-8, commas, one line a row; no text that a spreadsheet takes for a formula."""

import csv
from collections.abc import Iterable, Sequence
from io import TextIOWrapper
from typing import IO, Final, TypeAlias

from app.domain.data_dictionary import ANNEX
from app.domain.figures import AnnexRow
from app.domain.periods import Period

Value: TypeAlias = str | int | None

_LEADS_INTO_FORMULA: Final = frozenset("=+-@＝＋－＠\t\r")
ANNEX_COLUMNS: Final = tuple(column.name for column in ANNEX)


def write_table(out: IO[bytes], head: Sequence[str], rows: Iterable[Sequence[Value]]) -> int:
    """Write a table and return how many rows it has."""
    text = TextIOWrapper(out, "utf-8", newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(head)
    count = 0
    for row in rows:
        writer.writerow([guarded(value) if isinstance(value, str) else value for value in row])
        count += 1
    text.flush()
    text.detach()
    return count


def guarded(text: str) -> str:
    """Return a text that stays one in a spreadsheet: marked if it would begin a formula."""
    return f"'{text}" if text[:1] in _LEADS_INTO_FORMULA else text


def annex_values(period: Period, row: AnnexRow) -> tuple[str | int, ...]:
    """Return a row of the annex as the published table has it."""
    intake = row.intake
    return (
        str(period),
        row.group,
        row.row,
        row.agency,
        intake.received,
        intake.at_desk,
        intake.online,
        str(row.rate),
    )


def write_annex(out: IO[bytes], period: Period, rows: Iterable[AnnexRow]) -> int:
    """Write the annex exactly as it is published."""
    return write_table(out, ANNEX_COLUMNS, (annex_values(period, row) for row in rows))
