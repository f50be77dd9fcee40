"""What a spreadsheet program sees in a workbook: cells with their kind, text and style."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import BytesIO
from zipfile import ZipFile

from lxml import etree

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


@dataclass(frozen=True)
class Seen:
    """A cell: `is_quoted` is the mark for text that must never become a formula."""

    kind: str | None
    text: str
    is_quoted: bool
    is_instant: bool

    @property
    def instant(self) -> datetime:
        """The instant of a cell in local time, without a zone."""
        return datetime(1899, 12, 30) + timedelta(minutes=round(float(self.text) * 1440))  # noqa: DTZ001


def parts_of(workbook: bytes) -> dict[str, bytes]:
    with ZipFile(BytesIO(workbook)) as package:
        assert package.testzip() is None
        return {name: package.read(name) for name in package.namelist()}


def rows_of(workbook: bytes) -> list[dict[str, Seen]]:
    """The rows as cells by the letter of their column, from the first one on."""
    parts = parts_of(workbook)
    styles = list(etree.fromstring(parts["xl/styles.xml"]).find(f"{_MAIN}cellXfs"))
    sheet = etree.fromstring(parts["xl/worksheets/sheet1.xml"])
    assert sheet.find(f".//{_MAIN}f") is None, "no cell is a formula"
    rows = sheet.find(f"{_MAIN}sheetData")
    assert [int(row.get("r")) for row in rows] == list(range(1, len(rows) + 1))
    return [dict(_cells(row, styles)) for row in rows]


def _cells(row: etree._Element, styles: list[etree._Element]) -> Iterator[tuple[str, Seen]]:
    for cell in row:
        match = re.fullmatch(r"([A-Z])(\d+)", cell.get("r"))
        assert match is not None
        assert match[2] == row.get("r")
        style = styles[int(cell.get("s"))]
        text = "".join(cell.itertext())
        text = re.sub(r"_x([0-9A-Fa-f]{4})_", lambda m: chr(int(m[1], 16)), text)
        yield (
            match[1],
            Seen(
                cell.get("t"), text, style.get("quotePrefix") == "1", style.get("numFmtId") == "164"
            ),
        )
