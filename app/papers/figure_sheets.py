"""Figures as spreadsheets that are printed and sent: the annex, the report of resolved procedures.

Landscape, one page wide, headings repeated on every page. Numbers are numbers: the reader's own
program writes them with its separators.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import IO, Any, Final, TypeAlias

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from app.domain.figures import AnnexRow
from app.domain.periods import Period
from app.domain.resolution_report import BALANCE, HEADINGS, Block, Line, counts_of
from app.papers.spreadsheet import FONT, plain

Value: TypeAlias = str | int | Decimal

_CELL: Final = {**FONT, "border": 1, "valign": "vcenter", "text_wrap": True}
_HEAD: Final = {**_CELL, "bold": True, "align": "center", "bg_color": "#DDE8F3"}
_TOTAL: Final = {"bold": True, "bg_color": "#F2F2F2"}
_COUNT, _RATE = "#,##0", "0.00"
_ROMAN: Final = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X")
_NOTES: Final = (
    BALANCE,
    "Hồ sơ tính cho cơ quan giải quyết ngày đó; hồ sơ chờ bổ sung xét hạn vào lúc yêu cầu.",
    "Trước hạn: trước ngày hẹn; đúng hạn: đến phút hẹn (Nghị định 118/2025/NĐ-CP).",
)


@dataclass(frozen=True, slots=True)
class Stamp:
    """What stands above the numbers: the period, the day they were known, when it was made."""

    period: Period
    as_of: date | None
    made_at: datetime

    @property
    def lines(self) -> tuple[str, str]:
        first, last = self.period.first, self.period.last
        known = (
            f"hết ngày {self.as_of:%d/%m/%Y}" if self.as_of else f"{self.made_at:%H:%M %d/%m/%Y}"
        )
        return (
            f"Kỳ báo cáo: từ ngày {first:%d/%m/%Y} đến ngày {last:%d/%m/%Y}",
            f"Số liệu tính đến {known}",
        )


@dataclass(frozen=True, slots=True)
class _Head:
    """A heading; neighbours with the same `group` stand below it."""

    title: str
    width: int
    group: str = ""
    form: str = _COUNT


@dataclass(frozen=True, slots=True)
class _Row:
    values: Sequence[Value]
    is_total: bool


@dataclass(frozen=True, slots=True)
class _Page:
    name: str
    title: str
    heads: Sequence[_Head]
    rows: Iterable[_Row]
    notes: Sequence[str] = ()


_ANNEX_HEADS: Final = (
    *(_Head("TT", 7), _Head("Cơ quan, đơn vị", 48), _Head("Tổng số", 16)),
    *(_Head("Tại Một cửa", 16), _Head("Trực tuyến", 16), _Head("Tỷ lệ (%)", 13, form=_RATE)),
)


def write_annex_sheet(out: IO[bytes], stamp: Stamp, rows: Sequence[AnnexRow]) -> int:
    """Write the annex (phụ lục tỷ lệ hồ sơ trực tuyến); return how many rows it has."""
    title = "PHỤ LỤC: TỶ LỆ HỒ SƠ TIẾP NHẬN TRỰC TUYẾN"
    return _write(out, stamp, [_Page("Phụ lục", title, _ANNEX_HEADS, _annex_rows(rows))])


def _annex_rows(rows: Sequence[AnnexRow]) -> Iterable[_Row]:
    groups = 0
    for row in rows:
        is_total = row.row == "total"
        number: Value = _roman(groups) if is_total else int(row.row)
        groups += is_total
        intake = row.intake
        counts = (intake.received, intake.at_desk, intake.online, row.rate)
        yield _Row((number, row.agency, *counts), is_total)


def _roman(number: int) -> str:
    return _ROMAN[number] if number < len(_ROMAN) else str(number + 1)


def write_report_sheets(out: IO[bytes], stamp: Stamp, blocks: Sequence[Block]) -> int:
    """Write the report (báo cáo tình hình, kết quả giải quyết TTHC), a sheet for each block."""
    title = "BÁO CÁO TÌNH HÌNH, KẾT QUẢ GIẢI QUYẾT THỦ TỤC HÀNH CHÍNH"
    counts = [_Head(one.title, 8, one.group) for one in HEADINGS]
    pages = [
        _Page(
            block.title,
            title,
            [_Head("TT", 5), _Head(block.heading, 30), *counts],
            [_Row(_report_values(line), line.number is None) for line in block.lines],
            _NOTES,
        )
        for block in blocks
    ]
    return _write(out, stamp, pages)


def _report_values(line: Line) -> tuple[Value, ...]:
    number: Value = "" if line.number is None else line.number
    return (number, line.name, *counts_of(line.tally))


def _write(out: IO[bytes], stamp: Stamp, pages: Sequence[_Page]) -> int:
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        created = stamp.made_at.astimezone(UTC).replace(tzinfo=None, microsecond=0)
        book.set_properties({"title": pages[0].title, "created": created})
        pen = _Pen(book)
        return sum(_write_page(book.add_worksheet(page.name), pen, stamp, page) for page in pages)


class _Pen:
    """The styles of a workbook, each made once."""

    def __init__(self, book: xlsxwriter.Workbook) -> None:
        self._book = book
        self._made: dict[tuple[tuple[str, Any], ...], Format] = {}
        self.title = self.style(font_size=14, bold=True, align="center")
        self.below = self.style(italic=True, align="center")
        self.note = self.style(italic=True)
        self.head = self.style(**_HEAD)

    def style(self, **wished: Any) -> Format:  # noqa: ANN401  (whatever a style is made of)
        wished = {**FONT, **wished}
        key = tuple(sorted(wished.items()))
        if key not in self._made:
            self._made[key] = self._book.add_format(wished)
        return self._made[key]

    def count(self, form: str, *, is_total: bool, is_number: bool) -> Format:
        align = {"align": "center"} if is_number else {}
        return self.style(**_CELL, **align, num_format=form, **(_TOTAL if is_total else {}))

    def text(self, text: str, *, is_total: bool, is_number: bool) -> Format:
        align = {"align": "center"} if is_number else {}
        quoted = {"quote_prefix": True} if text[:1] in "=+-@＝＋－＠" and text else {}
        return self.style(**_CELL, **align, **quoted, **(_TOTAL if is_total else {}))


def _write_page(page: Worksheet, pen: _Pen, stamp: Stamp, sheet: _Page) -> int:
    last = len(sheet.heads) - 1
    for at, text in enumerate((sheet.title, *stamp.lines)):
        page.merge_range(at, 0, at, last, plain(text), pen.below if at else pen.title)
    below = _write_heads(page, pen, sheet.heads)
    count = 0
    for count, row in enumerate(sheet.rows, 1):
        _write_row(page, pen, below + count - 1, row, sheet.heads)
    for number, note in enumerate(sheet.notes, below + count + 1):
        page.write_string(number, 0, note, pen.note)
    page.freeze_panes(below, 2)
    page.repeat_rows(_FIRST_HEAD, below - 1)
    page.set_landscape()
    page.set_paper(9)  # A4
    page.fit_to_pages(1, 0)
    page.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
    page.set_footer("&RTrang &P/&N")
    return count


_FIRST_HEAD: Final = 4
_LINE: Final = 15
"""Height of a line of text."""


def _write_heads(page: Worksheet, pen: _Pen, heads: Sequence[_Head]) -> int:
    """Write headings, groups above them, their numbers below; return the row that follows."""
    has_groups = any(head.group for head in heads)
    lowest = _FIRST_HEAD + has_groups
    for number, head in enumerate(heads):
        page.set_column(number, number, head.width)
        if has_groups and not head.group:
            page.merge_range(_FIRST_HEAD, number, lowest, number, head.title, pen.head)
        else:
            page.write_string(lowest, number, head.title, pen.head)
        page.write_string(lowest + 1, number, f"({number + 1})", pen.head)
    if has_groups:
        page.set_row(lowest, 62)
        _write_groups(page, pen, heads)
    return lowest + 2


def _write_groups(page: Worksheet, pen: _Pen, heads: Sequence[_Head]) -> None:
    groups = [head.group for head in heads]
    for group in dict.fromkeys(filter(None, groups)):
        first = groups.index(group)
        page.merge_range(
            _FIRST_HEAD, first, _FIRST_HEAD, first + groups.count(group) - 1, group, pen.head
        )


def _write_row(page: Worksheet, pen: _Pen, at: int, row: _Row, heads: Sequence[_Head]) -> None:
    for column, (value, head) in enumerate(zip(row.values, heads, strict=True)):
        if isinstance(value, str):
            text = plain(value)
            style = pen.text(text, is_total=row.is_total, is_number=column == 0)
            page.write_string(at, column, text, style)
            if len(text) > head.width:  # no program but one makes the row higher by itself
                page.set_row(at, _LINE * -(-len(text) // head.width))
        else:
            style = pen.count(head.form, is_total=row.is_total, is_number=column == 0)
            page.write_number(at, column, value, style)
