"""How the columns and words of a former system's file are translated into ours."""

import hashlib
import json
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from app.domain.former_columns import ACT_WORDS, BY_NAME, FAULT_PREFIX, REQUIRED, FormerFileRefused

_SECTIONS: Final = frozenset(
    {"source", "delimiter", "columns", "values", "defaults", "date_formats"}
)
_DELIMITERS: Final = (",", ";", "\t", "|")
_USUAL_SOURCE: Final = "hệ thống cũ"
_NAMED: Final = 20


class MappingRefused(FormerFileRefused):
    """A mapping file that says what cannot be; every fault is named."""

    code = "import.mapping_refused"
    title = "Tệp ánh xạ không hợp lệ"


@dataclass(frozen=True)
class FormerMapping:
    """`columns` names the file's column of ours; `values` translates words, `defaults` fills in."""

    source: str = _USUAL_SOURCE
    delimiter: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    defaults: Mapping[str, str] = field(default_factory=dict)
    date_formats: Sequence[str] = ()

    @cached_property
    def digest(self) -> str:
        """Return the name of what it says, for the record of runs."""
        said = [self.source, self.columns, self.values, self.defaults, list(self.date_formats)]
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()

    def label(self, column: str) -> str:
        """Return what the file calls a column of ours."""
        return self.columns.get(column, column)

    def translated(self, column: str, value: str) -> str:
        """Return our word for the file's; one that is not named stays as it is."""
        words = self.values.get(column)
        return value if words is None else words.get(plain(value), value)

    def place(self, header: Sequence[str]) -> "Placement":
        """Find the columns in a header, or refuse the file with everything that is wrong."""
        names = [plain(name) for name in header]
        faults = [f"cột “{name}” có hai lần" for name in _twice(names)]
        at = {name: n for n, name in enumerate(names)}
        found = {ours: at[label] for ours in BY_NAME if (label := plain(self.label(ours))) in at}
        absent = [ours for ours in self.columns if ours not in found]
        faults += [f"không có cột “{self.columns[ours]}” cho {ours}" for ours in absent]
        lacking = [ours for ours in REQUIRED if ours not in found and ours not in self.defaults]
        faults += [f"thiếu cột {ours}" for ours in lacking if ours not in absent]
        if faults:
            raise FormerFileRefused(f"Dòng tiêu đề: {'; '.join(faults[:_NAMED])}.")
        used = set(found.values())
        ignored = [
            name
            for n, name in enumerate(header)
            if n not in used and not names[n].startswith(FAULT_PREFIX)
        ]
        return Placement(tuple(header), found, tuple(ignored))


@dataclass(frozen=True, slots=True)
class Placement:
    """Where our columns are in the file, and which of its columns are left out."""

    header: tuple[str, ...]
    at: Mapping[str, int]
    ignored: tuple[str, ...]


def plain(text: str) -> str:
    """Return a text as names and words are compared: composed, without spaces around, small."""
    return unicodedata.normalize("NFC", text).strip().lstrip("\ufeff").casefold()


def read_mapping(said: Any, source: str | None = None) -> FormerMapping:  # noqa: ANN401  (parsed)
    """Read a parsed mapping file; `source` wins over the one that it names."""
    faults: list[str] = []
    if not isinstance(said, dict):
        raise MappingRefused("Tệp ánh xạ phải là một đối tượng.")
    faults += [f"không có mục {name}" for name in said if name not in _SECTIONS]
    columns = _texts(said, "columns", faults)
    defaults = _texts(said, "defaults", faults)
    values = _values(said.get("values", {}), faults)
    for section, names in (("columns", columns), ("defaults", defaults), ("values", values)):
        known = BY_NAME.keys() | ({"act"} if section == "values" else set())
        faults += [f"{section}: không có cột {name}" for name in names if name not in known]
    faults += _unknown_words(values, defaults)
    named, delimiter = said.get("source", _USUAL_SOURCE), said.get("delimiter")
    formats = said.get("date_formats", [])
    if not isinstance(named, str) or not named.strip():
        faults.append("source phải là tên hệ thống cũ")
    if delimiter is not None and delimiter not in _DELIMITERS:
        faults.append("delimiter phải là dấu phẩy, chấm phẩy, gạch đứng hoặc tab")
    if not isinstance(formats, list) or not all(isinstance(each, str) for each in formats):
        faults.append("date_formats phải là danh sách, ví dụ %d/%m/%Y %H:%M")
    if faults:
        raise MappingRefused(f"Tệp ánh xạ: {'; '.join(faults[:_NAMED])}.")
    return FormerMapping(
        (source or named).strip(), delimiter, columns, values, defaults, tuple(formats)
    )


def _texts(said: Mapping[str, Any], section: str, faults: list[str]) -> dict[str, str]:
    found = said.get(section, {})
    if isinstance(found, dict) and all(isinstance(text, str) for text in found.values()):
        return {str(name): text for name, text in found.items()}
    faults.append(f"{section} phải gồm các cặp tên và chữ")
    return {}


def _values(said: Any, faults: list[str]) -> dict[str, dict[str, str]]:  # noqa: ANN401  (parsed)
    if not isinstance(said, dict):
        faults.append("values phải gồm các mục theo cột")
        return {}
    return {
        str(column): {plain(word): ours for word, ours in _texts(said, column, faults).items()}
        for column in said
    }


def _unknown_words(
    values: Mapping[str, Mapping[str, str]], defaults: Mapping[str, str]
) -> list[str]:
    """Name the words that a column of ours cannot hold."""
    faults = []
    given = [*values.items(), *((name, {"": word}) for name, word in defaults.items())]
    for column, words in given:
        ours = BY_NAME.get(column)
        known = ACT_WORDS if column == "act" else ours.words if ours else None
        wrong = [word for word in words.values() if known is not None and word not in known]
        faults += [f"{column} không có giá trị {word}" for word in wrong]
    return faults


def _twice(names: Sequence[str]) -> list[str]:
    return sorted({name for name in names if name and names.count(name) > 1})
