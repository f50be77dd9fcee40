"""Old dossiers as NDJSON: an object per line, histories nested."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

from app.domain.former_columns import FAULT_PREFIX, NO, YES, CellFault
from app.domain.former_mapping import FormerMapping, plain
from app.services.import_reading import LONGEST_LINE, FormerFile, Record, known_columns


class NdjsonFile(FormerFile):
    """Objects whose members are named as the columns are; a record has one cell, the object."""

    def __init__(self, file: BinaryIO, mapping: FormerMapping) -> None:
        super().__init__(file, mapping)
        self._known = {plain(label): ours for label, ours in known_columns(mapping).items()}

    def records(self) -> Iterator[Record]:
        while (line := self._next()) is not None:
            number, text = line
            if text.strip():
                yield self._read(number, text)

    def said(self, record: Record) -> Mapping[str, Any]:
        found: dict[str, Any] = {}
        for name, value in record.cells[0].items():
            ours = self._known.get(plain(name))
            if ours is not None:
                text = _as_text(ours, value)
                if text not in {None, ""} if isinstance(text, str | None) else True:
                    found[ours] = text
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
            if plain(name) not in self._known and not name.startswith(FAULT_PREFIX)
        ]
        self.ignored = tuple(dict.fromkeys((*self.ignored, *unknown)))[:50]
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
