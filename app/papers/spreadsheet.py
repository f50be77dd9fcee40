"""A spreadsheet (XLSX) written row by row: constant memory, however long it is.

Every text is a text: none is a formula, none a link. One that a spreadsheet might take for a
formula when it is edited or saved as CSV and opened again carries the mark for quoted text.
The same rows give the same bytes.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import IO, Any, Final, TypeAlias

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from app.domain.calendar import local_minute

Cell: TypeAlias = str | int | datetime | None

MOST_ROWS: Final = 1_000_000
"""A sheet ends at 1,048,576 rows."""

_LONGEST_TEXT: Final = 32_767
_LEADS_INTO_FORMULA: Final = frozenset("=+-@＝＋－＠")
_SPACES: Final = re.compile(r"\s+")
_SILENT: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
FONT: Final = {"font_name": "Times New Roman", "font_size": 11}
_IN_TABLE: Final = {**FONT, "border": 1, "valign": "top", "text_wrap": True}


@dataclass(frozen=True, slots=True)
class Column:
    """A column; its width in letters."""

    title: str
    width: int


@dataclass(frozen=True, slots=True)
class Sheet:
    """What stands above the rows: `name` on the tab, then `titles`, then the columns."""

    name: str
    titles: Sequence[str]
    columns: Sequence[Column]
    created_at: datetime


def write_sheet(
    out: IO[bytes], sheet: Sheet, rows: Iterable[Sequence[Cell]], *, most: int = MOST_ROWS
) -> int:
    """Write a workbook of one sheet and return how many rows it has; `out` need not be seekable.

    Raises `ValueError` for more rows than `most`: whoever asks counts before.
    """
    with xlsxwriter.Workbook(out, {"constant_memory": True}) as book:
        title = plain(sheet.titles[0] if sheet.titles else sheet.name)
        created = sheet.created_at.astimezone(UTC).replace(tzinfo=None, microsecond=0)
        book.set_properties({"title": title, "created": created})
        page = book.add_worksheet(sheet.name)
        first = _write_head(book, page, sheet)
        return _write_rows(_Pen.of(book, page), first, rows, most)


def _write_head(book: xlsxwriter.Workbook, page: Worksheet, sheet: Sheet) -> int:
    """Write titles and columns, and return the row below them, counted from 0."""
    title = book.add_format({**FONT, "font_size": 14, "bold": True})
    head = book.add_format({**_IN_TABLE, "bold": True, "align": "center", "valign": "vcenter"})
    for row, text in enumerate(sheet.titles):
        page.write_string(row, 0, plain(text), title)
    below = len(sheet.titles)
    for number, column in enumerate(sheet.columns):
        page.set_column(number, number, column.width)
        page.write_string(below, number, plain(column.title), head)
    page.freeze_panes(below + 1, 0)
    page.repeat_rows(below)
    page.set_landscape()
    page.set_paper(9)  # A4
    page.fit_to_pages(1, 0)
    return below + 1


@dataclass(frozen=True, slots=True)
class _Pen:
    """Writes cells of a table: one style for each kind of value."""

    page: Worksheet
    plain: Format
    quoted: Format
    instant: Format

    @classmethod
    def of(cls, book: xlsxwriter.Workbook, page: Worksheet) -> "_Pen":
        def style(**more: Any) -> Format:  # noqa: ANN401  (whatever a style is made of)
            return book.add_format({**_IN_TABLE, **more})

        instant = style(num_format="dd/mm/yyyy hh:mm", align="center")
        return cls(page, style(), style(quote_prefix=True), instant)

    def write(self, row: int, column: int, value: Cell) -> None:
        if isinstance(value, str) and value:
            text = plain(value)
            style = self.quoted if text[:1] in _LEADS_INTO_FORMULA else self.plain
            self.page.write_string(row, column, text, style)
        elif isinstance(value, datetime):
            local = local_minute(value).replace(tzinfo=None)
            self.page.write_datetime(row, column, local, self.instant)
        elif isinstance(value, int):
            self.page.write_number(row, column, value, self.plain)
        else:
            self.page.write_blank(row, column, None, self.plain)


def _write_rows(pen: _Pen, first: int, rows: Iterable[Sequence[Cell]], most: int) -> int:
    count = 0
    for count, row in enumerate(rows, 1):
        if count > most:
            raise ValueError(f"a sheet has no more than {most} rows")
        for column, value in enumerate(row):
            pen.write(first + count - 1, column, value)
    return count


def plain(text: str) -> str:
    """Return a text in one line, composed, without controls and marks of direction."""
    composed = unicodedata.normalize("NFC", text)
    if not composed.isprintable():
        spaced = _SPACES.sub(" ", composed)
        composed = "".join(sign for sign in spaced if unicodedata.category(sign) not in _SILENT)
    return composed.strip()[:_LONGEST_TEXT]
