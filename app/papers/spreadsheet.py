"""A spreadsheet (XLSX, ECMA-376) written row by row: constant memory, however long it is.

Every text is a text: none is a formula, none a link. One that a spreadsheet might take for a
formula when it is edited or saved as CSV and opened again carries the mark for quoted text.
The same rows give the same bytes.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import IO, Final, TypeAlias
from xml.sax.saxutils import escape
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from app.domain.calendar import local_minute

Cell: TypeAlias = str | int | datetime | None

MOST_ROWS: Final = 1_000_000
"""A sheet ends at 1,048,576 rows."""

_LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_LONGEST_TEXT: Final = 32_767
_AT_ONCE: Final = 500
_EPOCH: Final = datetime(1899, 12, 30)  # noqa: DTZ001  (a spreadsheet's days have no zone)
_DAY_S: Final = 86_400
_LEADS_INTO_FORMULA: Final = frozenset("=+-@＝＋－＠")
_LOOKS_LIKE_ESCAPE: Final = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
_SPACES: Final = re.compile(r"\s+")
_SILENT: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
_PLAIN, _QUOTED, _INSTANT, _HEAD, _TITLE = range(5)
"""Places in `cellXfs` of the styles below."""

_MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006"
_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_XML: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'

_CONTENT_TYPES: Final = f"""{_XML}<Types xmlns="{_PACKAGE}/content-types">\
<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>\
<Default Extension="xml" ContentType="application/xml"/>\
<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>\
<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_TYPE}.worksheet+xml"/>\
<Override PartName="/xl/styles.xml" ContentType="{_TYPE}.styles+xml"/>\
<Override PartName="/docProps/core.xml" \
ContentType="application/vnd.openxmlformats-package.core-properties+xml"/></Types>"""

_RELATIONS: Final = f"""{_XML}<Relationships xmlns="{_PACKAGE}/relationships">\
<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/>\
<Relationship Id="rId2" Type="{_PACKAGE}/relationships/metadata/core-properties" \
Target="docProps/core.xml"/></Relationships>"""

_WORKBOOK_RELATIONS: Final = f"""{_XML}<Relationships xmlns="{_PACKAGE}/relationships">\
<Relationship Id="rId1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>\
<Relationship Id="rId2" Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>"""

_WORKBOOK: Final = f"""{_XML}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}">\
<sheets><sheet name="{{name}}" sheetId="1" r:id="rId1"/></sheets>\
<definedNames><definedName name="_xlnm.Print_Titles" localSheetId="0">\
'{{name}}'!${{head}}:${{head}}</definedName></definedNames></workbook>"""

_FONT: Final = '<sz val="{size}"/><name val="Times New Roman"/><family val="1"/>'
_LINE: Final = '<{side} style="thin"><color auto="1"/></{side}>'
_STYLES: Final = f"""{_XML}<styleSheet xmlns="{_MAIN}">\
<numFmts count="1"><numFmt numFmtId="164" formatCode="dd/mm/yyyy\\ hh:mm"/></numFmts>\
<fonts count="3"><font>{_FONT.format(size=11)}</font><font><b/>{_FONT.format(size=11)}</font>\
<font><b/>{_FONT.format(size=14)}</font></fonts>\
<fills count="2"><fill><patternFill patternType="none"/></fill>\
<fill><patternFill patternType="gray125"/></fill></fills>\
<borders count="2"><border><left/><right/><top/><bottom/><diagonal/></border>\
<border>{"".join(_LINE.format(side=side) for side in ("left", "right", "top", "bottom"))}\
<diagonal/></border></borders>\
<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>\
<cellXfs count="5">\
<xf numFmtId="0" fontId="0" fillId="0" borderId="1" xfId="0" applyBorder="1" applyAlignment="1">\
<alignment vertical="top" wrapText="1"/></xf>\
<xf numFmtId="0" fontId="0" fillId="0" borderId="1" xfId="0" quotePrefix="1" applyBorder="1" \
applyAlignment="1"><alignment vertical="top" wrapText="1"/></xf>\
<xf numFmtId="164" fontId="0" fillId="0" borderId="1" xfId="0" applyNumberFormat="1" \
applyBorder="1" applyAlignment="1"><alignment horizontal="center" vertical="top"/></xf>\
<xf numFmtId="0" fontId="1" fillId="0" borderId="1" xfId="0" applyFont="1" applyBorder="1" \
applyAlignment="1"><alignment horizontal="center" vertical="center" wrapText="1"/></xf>\
<xf numFmtId="0" fontId="2" fillId="0" borderId="0" xfId="0" applyFont="1"/></cellXfs>\
<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>"""

_CORE: Final = f"""{_XML}<cp:coreProperties xmlns:cp="{_PACKAGE}/metadata/core-properties" \
xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/" \
xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><dc:title>{{title}}</dc:title>\
<dcterms:created xsi:type="dcterms:W3CDTF">{{created}}</dcterms:created></cp:coreProperties>"""

_SHEET: Final = f"""{_XML}<worksheet xmlns="{_MAIN}">\
<sheetPr><pageSetUpPr fitToPage="1"/></sheetPr>\
<sheetViews><sheetView workbookViewId="0"><pane ySplit="{{head}}" topLeftCell="A{{below}}" \
activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>\
<cols>{{cols}}</cols><sheetData>"""
_SHEET_END: Final = """</sheetData>\
<pageMargins left="0.6" right="0.6" top="0.8" bottom="0.6" header="0.3" footer="0.3"/>\
<pageSetup paperSize="9" orientation="landscape" fitToHeight="0"/></worksheet>"""


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
    head = len(sheet.titles) + 1
    title = escape(plain(sheet.titles[0] if sheet.titles else sheet.name))
    created = sheet.created_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    with ZipFile(out, "w", ZIP_DEFLATED) as package:
        for name, content in (
            ("[Content_Types].xml", _CONTENT_TYPES),
            ("_rels/.rels", _RELATIONS),
            ("docProps/core.xml", _CORE.format(title=title, created=created)),
            ("xl/workbook.xml", _WORKBOOK.format(name=escape(sheet.name), head=head)),
            ("xl/_rels/workbook.xml.rels", _WORKBOOK_RELATIONS),
            ("xl/styles.xml", _STYLES),
        ):
            package.writestr(_part(name), content.encode())
        with package.open(_part("xl/worksheets/sheet1.xml"), "w", force_zip64=True) as part:
            part.write(_top(sheet, head).encode())
            count = _write_rows(part, head + 1, rows, most)
            part.write(_SHEET_END.encode())
    return count


def _part(name: str) -> ZipInfo:
    """Return a part's entry: dated with the format's first day, as nothing depends on the clock."""
    part = ZipInfo(name)
    part.compress_type = ZIP_DEFLATED
    return part


def _top(sheet: Sheet, head: int) -> str:
    cols = "".join(
        f'<col min="{n}" max="{n}" width="{column.width}" customWidth="1"/>'
        for n, column in enumerate(sheet.columns, 1)
    )
    titles = "".join(
        f'<row r="{n}">{_text(f"A{n}", title, _TITLE)}</row>'
        for n, title in enumerate(sheet.titles, 1)
    )
    names = _names(len(sheet.columns))
    heads = "".join(
        _text(f"{name}{head}", column.title, _HEAD)
        for name, column in zip(names, sheet.columns, strict=True)
    )
    start = _SHEET.format(head=head, below=head + 1, cols=cols)
    return f'{start}{titles}<row r="{head}">{heads}</row>'


def _write_rows(part: IO[bytes], first: int, rows: Iterable[Sequence[Cell]], most: int) -> int:
    count = 0
    waiting: list[str] = []
    names = _names(len(_LETTERS))
    for count, row in enumerate(rows, 1):
        if count > most:
            raise ValueError(f"a sheet has no more than {most} rows")
        number = first + count - 1
        cells = "".join(
            _cell(f"{name}{number}", value) for name, value in zip(names, row, strict=False)
        )
        waiting.append(f'<row r="{number}">{cells}</row>')
        if len(waiting) == _AT_ONCE:
            part.write("".join(waiting).encode())
            waiting.clear()
    part.write("".join(waiting).encode())
    return count


def _names(count: int) -> str:
    return _LETTERS[:count]


def _cell(place: str, value: Cell) -> str:
    if value is None or value == "":
        return f'<c r="{place}" s="{_PLAIN}"/>'
    if isinstance(value, str):
        text = plain(value)
        return _text(place, text, _QUOTED if text[:1] in _LEADS_INTO_FORMULA else _PLAIN)
    if isinstance(value, datetime):
        passed = local_minute(value).replace(tzinfo=None) - _EPOCH
        days = passed.days + passed.seconds / _DAY_S
        return f'<c r="{place}" s="{_INSTANT}"><v>{days:.10f}</v></c>'
    return f'<c r="{place}" s="{_PLAIN}"><v>{value}</v></c>'


def _text(place: str, text: str, style: int) -> str:
    written = escape(_LOOKS_LIKE_ESCAPE.sub("_x005F_", text))
    return f'<c r="{place}" s="{style}" t="inlineStr"><is><t>{written}</t></is></c>'


def plain(text: str) -> str:
    """Return a text in one line, composed, without controls and marks of direction."""
    composed = unicodedata.normalize("NFC", text)
    if not composed.isprintable():
        spaced = _SPACES.sub(" ", composed)
        composed = "".join(sign for sign in spaced if unicodedata.category(sign) not in _SILENT)
    return composed.strip()[:_LONGEST_TEXT]
