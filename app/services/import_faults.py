"""The file of faults: what was not taken in, as it came, with what is wrong with it.

Corrected, it is fed again as it is: its own columns (`fault_...`) are ignored then.
"""

import csv
import json
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Final, Protocol, TextIO

from app.domain.former_columns import FAULT_PREFIX, CellFault
from app.domain.former_mapping import FormerMapping, plain
from app.services.import_reading import LONGEST_LINE, CsvFile, FormerFile, Record

_COLUMNS: Final = ("fault_line", "fault_columns", "fault_codes", "fault_texts")
_BETWEEN: Final = " | "


class _Lines(Protocol):
    def head(self) -> None: ...
    def add(self, record: Record, faults: Sequence[CellFault]) -> None: ...


class FaultsFile(AbstractContextManager["FaultsFile"]):
    """Appears under its name when all is read; without a fault there is none."""

    def __init__(self, path: Path, read: FormerFile, mapping: FormerMapping, bom: str) -> None:
        self.path = path
        self._part = path.with_name(f"{path.name}.part")
        self._read, self._mapping, self._bom = read, mapping, bom
        self._out: TextIO | None = None
        self._lines: _Lines | None = None

    def add(self, record: Record, faults: Sequence[CellFault]) -> None:
        if self._lines is None:
            self._lines = self._open()
            self._lines.head()
        named = [
            CellFault(self._mapping.label(fault.column), fault.code, fault.detail)
            for fault in faults
        ]
        self._lines.add(record, named)

    def _open(self) -> _Lines:
        out = self._part.open("w", encoding="utf-8", errors="surrogateescape", newline="")
        self._out = out
        if isinstance(self._read, CsvFile):
            out.write(self._bom)
            return _Rows(out, self._read)
        return _Objects(out)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._out is None:
            if kind is None:
                self._forget_former()
            return
        self._out.close()
        if kind is None:
            self._part.replace(self.path)
        else:
            self._part.unlink(missing_ok=True)

    def _forget_former(self) -> None:
        """Remove the faults of a run before, which are all mended, and nothing else."""
        if not self.path.is_file():
            return
        with self.path.open("rb") as former:
            is_ours = b"fault_line" in former.readline(LONGEST_LINE)
        if is_ours:
            self.path.unlink()


class _Rows:
    def __init__(self, out: TextIO, read: CsvFile) -> None:
        self._writer = csv.writer(out, delimiter=read.delimiter)
        header = enumerate(read.header)
        self._kept = [(n, name) for n, name in header if not plain(name).startswith(FAULT_PREFIX)]

    def head(self) -> None:
        self._writer.writerow((*(name for _, name in self._kept), *_COLUMNS))

    def add(self, record: Record, faults: Sequence[CellFault]) -> None:
        cells = [record.cells[n] for n, _ in self._kept] if record.cells else [record.raw]
        cells += [""] * (len(self._kept) - len(cells))
        texts = (f"{each.column}: {each.detail}" if each.column else each.detail for each in faults)
        self._writer.writerow(
            (
                *cells,
                record.line,
                _BETWEEN.join(each.column for each in faults),
                _BETWEEN.join(each.code for each in faults),
                _BETWEEN.join(texts),
            )
        )


class _Objects:
    def __init__(self, out: TextIO) -> None:
        self._out = out

    def head(self) -> None:
        """Objects have none."""

    def add(self, record: Record, faults: Sequence[CellFault]) -> None:
        said = record.cells[0] if record.cells else {"fault_raw": record.raw}
        kept = {
            name: value for name, value in said.items() if not plain(name).startswith(FAULT_PREFIX)
        }
        listed = [
            {"column": each.column, "code": each.code, "detail": each.detail} for each in faults
        ]
        whole = {**kept, "fault_line": record.line, "fault_list": listed}
        self._out.write(json.dumps(whole, ensure_ascii=False) + "\n")
