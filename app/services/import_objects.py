"""Old dossiers as NDJSON: an object per line, histories nested."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

from app.domain.former_columns import FAULT_PREFIX, NO, YES, CellFault
from app.domain.former_mapping import FormerMapping, plain
from app.services.import_reading import LONGEST_LINE, FormerFile, Record, known_columns

_NAMED = 50
_NAMES_KEPT = 1000


class NdjsonFile(FormerFile):
    """Objects whose members are named as the columns are; a record has one cell, the object."""

    def __init__(self, file: BinaryIO, mapping: FormerMapping) -> None:
        super().__init__(file, mapping)
        self._columns = {plain(label): ours for label, ours in known_columns(mapping).items()}
        self._named: dict[str, str | None] = {}

    def records(self) -> Iterator[Record]:
        while (line := self._next()) is not None:
            number, text = line
            if text.strip():
                yield self._read(number, text)

    def said(self, record: Record) -> Mapping[str, Any]:
        found: dict[str, Any] = {}
        for name, value in record.cells[0].items():
            ours = self._column(name)
            if ours is not None:
                text = _as_text(ours, value)
                if text is not None and text != "":
                    found[ours] = text
        return found

    def _column(self, name: str) -> str | None:
        """Return our column for a name; the few names of a file are looked up once each."""
        if name in self._named:
            return self._named[name]
        found = self._columns.get(plain(name))
        if len(self._named) < _NAMES_KEPT:
            self._named[name] = found
        return found

    def _read(self, number: int, text: str) -> Record:
        raw = text.rstrip("\r\n")
        if len(text) > LONGEST_LINE:
            detail = "Dòng quá dài (trên 256 KiB)."
            return Record(number, (), raw[:1000], CellFault("", "record.too_long", detail))
        try:
            said = json.loads(text)
        except (ValueError, RecursionError):
            return Record(
                number, (), raw, CellFault("", "record.json", "Không phải một đối tượng JSON.")
            )
        if not isinstance(said, dict):
            detail = "Không phải một đối tượng JSON."
            return Record(number, (), raw, CellFault("", "record.json", detail))
        unknown = [
            name
            for name in said
            if self._column(name) is None and not name.startswith(FAULT_PREFIX)
        ]
        if unknown:
            self.ignored = tuple(dict.fromkeys((*self.ignored, *unknown)))[:_NAMED]
        return Record(number, (said,))


def _as_text(column: str, value: Any) -> Any:  # noqa: ANN401  (JSON)
    """Return a value as a cell would hold it; what a cell cannot hold stays and is a fault."""
    if isinstance(value, str):
        return value.strip()
    if column in {"verified", "granted"} and isinstance(value, bool):
        return YES if value else NO
    if column == "fee_vnd" and isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    is_list = column == "components" and isinstance(value, list)
    if is_list and all(isinstance(code, str) for code in value):
        return " ".join(value)
    return value
