"""Spreadsheets: whatever the text, a text; however many rows, the same memory."""

import resource
from collections.abc import Iterator
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import IO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from app.papers.spreadsheet import Cell, Column, Sheet, plain, write_sheet
from tests.papers.paper_samples import ISSUED_AT
from tests.papers.xlsx_reading import Seen, rows_of

SHEET = Sheet("Sổ & <tờ>", ("SỔ THEO DÕI", "Kỳ 10/2026"), (Column("Tên", 20),) * 3, ISSUED_AT)


def written(*rows: tuple[Cell, ...], sheet: Sheet = SHEET) -> bytes:
    out = BytesIO()
    assert write_sheet(out, sheet, rows) == len(rows)
    return out.getvalue()


def cell_of(value: Cell) -> Seen:
    return rows_of(written((value,)))[3]["A"]


@pytest.mark.parametrize(
    "text", ["=1+1", "+84", "-5", "@SUM(A1)", "\t=1", " =1", "\r\n=1", "＝1", "=cmd|'/c calc'!A0"]
)
def test_what_might_become_a_formula_is_marked_as_text(text: str) -> None:
    assert cell_of(text) == Seen("inlineStr", text.strip(), is_quoted=True, is_instant=False)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Nguyễn Thị Phượng Vỹ", "Nguyễn Thị Phượng Vỹ"),
        ("Nguye\u0302\u0303n", "Nguyễn"),
        ("0900000001", "0900000001"),
        ("<b>&amp;</b> ]]> \"'", "<b>&amp;</b> ]]> \"'"),
        ("_x000D_ và _x0041_", "_x000D_ và _x0041_"),
        ("một\nhai\r\nba", "một hai ba"),
        ("\u202e đảo \u202c\x00\x1b[31m\ufeff\uffff", "đảo [31m"),
        ("漢字 😀", "漢字 😀"),
        ("x" * 40_000, "x" * 32_767),
    ],
)
def test_a_text_is_shown_in_one_line_as_it_is(text: str, shown: str) -> None:
    assert cell_of(text) == Seen("inlineStr", shown, is_quoted=False, is_instant=False)


@settings(max_examples=150, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
def test_any_text_can_be_written_and_read_back(text: str) -> None:
    seen = cell_of(text)

    assert seen.text == plain(text)
    assert seen.is_quoted == (seen.text[:1] in set("=+-@＝＋－＠") and seen.text != "")


def test_numbers_are_numbers_instants_are_local_and_nothing_is_empty() -> None:
    head, number, instant, nothing = (
        rows_of(written((1, ISSUED_AT, None)))[2]["A"],
        *rows_of(written((1, ISSUED_AT, None)))[3].values(),
    )

    assert (head.text, head.kind) == ("Tên", "inlineStr")
    assert (number.kind, number.text) == (None, "1")
    assert instant.is_instant
    assert instant.instant == ISSUED_AT.replace(tzinfo=None)
    assert nothing.text == ""


def test_another_program_reads_the_workbook() -> None:
    book = load_workbook(BytesIO(written(("a", 7, ISSUED_AT), (None, None, None))))

    [page] = book.worksheets
    assert page.title == SHEET.name
    assert [cell.value for cell in page[1]] == ["SỔ THEO DÕI", None, None]
    assert [cell.value for cell in page[4]] == ["a", 7, ISSUED_AT.replace(tzinfo=None)]
    assert page.freeze_panes == "A4"
    assert page.page_setup.orientation == "landscape"
    assert page.print_title_rows == "$3:$3"
    assert book.properties.title == "SỔ THEO DÕI"


def test_the_same_rows_give_the_same_bytes() -> None:
    assert written(("a", 1, ISSUED_AT)) == written(("a", 1, ISSUED_AT))


def test_a_reader_that_cannot_go_back_gets_the_workbook_too() -> None:
    class Pipe(BytesIO):
        def seekable(self) -> bool:
            return False

        def tell(self) -> int:
            raise OSError

        def seek(self, *_: object) -> int:
            raise OSError

    out = Pipe()
    write_sheet(out, SHEET, [("a", "b", "c")])

    assert rows_of(out.getvalue())[3]["A"].text == "a"


def test_more_rows_than_a_sheet_has_are_not_cut_off_in_silence() -> None:
    with pytest.raises(ValueError, match="no more than 2 rows"):
        write_sheet(BytesIO(), SHEET, [("a",), ("b",), ("c",)], most=2)


def test_many_rows_take_no_more_memory_than_few(tmp_path: Path) -> None:
    def rows(count: int) -> Iterator[tuple[Cell, ...]]:
        for number in range(count):
            yield number, f"Trần Thị Mẫu {number}", ISSUED_AT + timedelta(minutes=number)

    def peak_after(count: int, out: IO[bytes]) -> int:
        write_sheet(out, SHEET, rows(count))
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    with (tmp_path / "so.xlsx").open("wb") as out:
        few = peak_after(1_000, out)
        assert peak_after(40_000, out) - few < 8 * 1024


def test_instants_of_every_year_survive() -> None:
    for year in (1970, 2020, 2026, 2099):
        at = datetime(year, 2, 28, 23, 59, tzinfo=ISSUED_AT.tzinfo)
        assert cell_of(at).instant == at.replace(tzinfo=None)
