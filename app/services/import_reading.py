"""Reading a file of old dossiers record by record, whatever is in it, in bounded memory.

Bytes that are not UTF-8 travel on as they are (surrogate escapes): their row is faulty, and goes
into the file of faults as it came.
"""

import csv
import hashlib
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

from app.domain.former_columns import BY_NAME, CellFault, FormerFileRefused
from app.domain.former_mapping import FormerMapping

LONGEST_LINE: Final = 256 * 1024
_MOST_LINES: Final = 200  # of one record, by line breaks within quotes
_HEAD: Final = 1024 * 1024
_BOM: Final = b"\xef\xbb\xbf"
_PIECE: Final = 1024 * 1024
_DELIMITERS: Final = ",;\t|"


@dataclass(frozen=True, slots=True)
class Record:
    """A row as it came: its cells in the header's order, or why it has none."""

    line: int
    cells: tuple[Any, ...]
    raw: str = ""
    fault: CellFault | None = None


@dataclass(frozen=True, slots=True)
class Survey:
    """What is known of a file before it is read: its SHA-256, size in lines, mark of order."""

    sha256: str
    lines: int
    has_bom: bool


def survey(path: Path) -> Survey:
    """Look through a file once, or refuse what is no text of ours (`FormerFileRefused`)."""
    digest, lines, last = hashlib.sha256(), 0, b"\n"
    with path.open("rb") as file:
        head = file.read(_HEAD)
        _refuse_other(head)
        piece = head
        while piece:
            digest.update(piece)
            lines += piece.count(b"\n")
            last = piece
            piece = file.read(_PIECE)
    return Survey(
        digest.hexdigest(), lines + (not last.endswith(b"\n")), has_bom=head.startswith(_BOM)
    )


def _refuse_other(head: bytes) -> None:
    if not head.strip():
        raise FormerFileRefused("Tệp không có gì.")
    if head[:4] == b"PK\x03\x04":
        raise FormerFileRefused("Đây là tệp XLSX; hãy lưu thành CSV UTF-8 rồi nhập.")
    if head[:2] in {b"\xff\xfe", b"\xfe\xff"} or head.count(0) > len(head) // 4:
        raise FormerFileRefused("Tệp theo mã UTF-16; hãy lưu lại theo mã UTF-8 (CSV UTF-8).")
    lines = head.removeprefix(_BOM).split(b"\n")
    lines = lines[:-1] or lines  # the last one may be cut off
    foreign = [line for line in lines if not line.isascii()]
    wrong = [line for line in foreign if not _is_utf8(line)]
    if not _is_utf8(lines[0]) or len(wrong) * 2 > len(foreign):
        raise FormerFileRefused(
            "Tệp không theo mã UTF-8, có thể là TCVN3 (ABC), VNI hay Windows-1258; hãy chuyển sang "
            "Unicode UTF-8 rồi nhập."
        )


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


class FormerFile(ABC):
    """A file that is open for reading; `header` names its columns, `ignored` those left out."""

    header: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()

    def __init__(self, file: BinaryIO, mapping: FormerMapping) -> None:
        self._file, self._mapping = file, mapping
        self._number = 0
        self._pushed: deque[tuple[int, str]] = deque()

    @abstractmethod
    def records(self) -> Iterator[Record]:
        """Yield every record after the header, faulty ones too."""

    @abstractmethod
    def said(self, record: Record) -> Mapping[str, Any]:
        """Return what a record says, by our columns, without empty values."""

    def values(self, record: Record) -> dict[str, Any]:
        """Return what a record says with words translated and defaults filled in."""
        mapping = self._mapping
        found = dict(mapping.defaults)
        for name, value in self.said(record).items():
            is_word = name in mapping.values and isinstance(value, str)
            found[name] = mapping.translated(name, value) if is_word else value
        return found

    def _next(self) -> tuple[int, str] | None:
        """Return the next line with its number; one that is too long is cut."""
        if self._pushed:
            return self._pushed.popleft()
        line = self._file.readline(LONGEST_LINE + 1)
        if not line:
            return None
        self._number += 1
        if len(line) > LONGEST_LINE:
            while (rest := self._file.readline(_PIECE)) and not rest.endswith(b"\n"):
                pass
        if self._number == 1:
            line = line.removeprefix(_BOM)
        return self._number, line.decode("utf-8", "surrogateescape")


class CsvFile(FormerFile):
    """Rows with a header, delimited by whatever its first line is delimited by."""

    def __init__(self, file: BinaryIO, mapping: FormerMapping) -> None:
        super().__init__(file, mapping)
        first = self._next() or (1, "")
        counts = {sign: first[1].count(sign) for sign in _DELIMITERS}
        self.delimiter = mapping.delimiter or max(counts, key=lambda sign: counts[sign])
        self._pushed.append(first)
        head = self._record()
        if head is None or head.fault is not None:
            raise FormerFileRefused("Không đọc được dòng tiêu đề.")
        placement = mapping.place([name.strip() for name in head.cells])
        self.header, self.ignored = placement.header, placement.ignored
        self._at = tuple(placement.at.items())

    def records(self) -> Iterator[Record]:
        while (record := self._record()) is not None:
            if record.fault is not None:
                yield record
            elif any(record.cells):
                yield self._held(record)

    def said(self, record: Record) -> Mapping[str, Any]:
        cells = record.cells
        return {name: value for name, n in self._at if (value := cells[n].strip())}

    def _held(self, record: Record) -> Record:
        """Hold a row against the header: one of another width has shifted cells."""
        found, wanted = len(record.cells), len(self.header)
        if found == wanted:
            return record
        detail = f"Có {found} ô, tiêu đề có {wanted} cột."
        raw = self.delimiter.join(record.cells)
        return Record(record.line, (), raw, CellFault("", "record.columns", detail))

    def _record(self) -> Record | None:
        line = self._next()
        if line is None:
            return None
        number, text = line
        lines = [text]
        if text.count('"') % 2:
            lines += self._continued(text)
        try:
            reader = csv.reader(lines, delimiter=self.delimiter, strict=True)
            cells = tuple(next(reader, ()))
        except csv.Error as error:
            self._push_back(number, lines, 1)
            return Record(number, (), text.rstrip("\r\n"), _unreadable(text, error))
        self._push_back(number, lines, reader.line_num)
        if len(text) > LONGEST_LINE:
            return Record(number, (), text[:1000], _too_long())
        return Record(number, cells)

    def _continued(self, text: str) -> list[str]:
        """Read on to the line that closes the quotes of one that did not."""
        lines: list[str] = []
        size, is_open = len(text), True
        while is_open and size <= LONGEST_LINE and len(lines) < _MOST_LINES:
            line = self._next()
            if line is None:
                break
            lines.append(line[1])
            size += len(line[1])
            is_open = line[1].count('"') % 2 == 0
        return lines

    def _push_back(self, number: int, lines: list[str], used: int) -> None:
        """Give back what belongs to the next records."""
        for n in range(len(lines) - 1, used - 1, -1):
            self._pushed.appendleft((number + n, lines[n]))


def _unreadable(text: str, error: csv.Error) -> CellFault:
    if "field larger" in str(error) or len(text) > LONGEST_LINE:
        return _too_long()
    return CellFault("", "record.quotes", "Dấu ngoặc kép không khép đúng, hoặc ô bị vỡ.")


def _too_long() -> CellFault:
    return CellFault("", "record.too_long", "Dòng hoặc ô quá dài (trên 128 KiB).")


def known_columns(mapping: FormerMapping) -> dict[str, str]:
    """Return our columns by what a file calls them."""
    return {mapping.label(name): name for name in BY_NAME}
