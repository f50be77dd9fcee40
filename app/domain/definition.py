"""Reading a definition out of a JSON document: every fault is told, none is thrown.

A `Node` is a place in the document. Asked for a value of some type it returns one; if the
document holds something else there, it notes the fault and returns a harmless stand-in, so that
the reading goes on to the end. Whoever reads looks at `faults` before using what was read.
"""

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Final, TypedDict, TypeVar

E = TypeVar("E", bound=Enum)

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")  # fromisoformat would take 2016-W01-1 as well

_ABSENT: Final = object()
"""Stands where a member is missing: blamed once, by the record that lacks it."""


class Fault(TypedDict):
    """A fault and the place of it (JSON pointer, RFC 6901)."""

    pointer: str
    message: str


@dataclass(frozen=True, slots=True)
class Node:
    value: object
    pointer: str
    faults: list[Fault]  # shared by all nodes of one document

    def blame(self, message: str) -> None:
        self.faults.append({"pointer": self.pointer, "message": message})

    def is_sound(self) -> bool:
        """Tell whether nothing at this place or below it was blamed so far."""
        below = f"{self.pointer}/"
        return not any(
            fault["pointer"] == self.pointer or fault["pointer"].startswith(below)
            for fault in self.faults
        )

    def has_sound(self, *keys: str) -> bool:
        """Tell whether this is an object whose members of these keys were read without fault."""
        return isinstance(self.value, Mapping) and all(
            self.below(key, None).is_sound() for key in keys
        )

    def record(self, *keys: str, optional: tuple[str, ...] = ()) -> dict[str, "Node"]:
        """Return the members of an object that must have exactly these keys.

        Of `optional` keys those that are there are returned too.
        """
        members = self._mapping()
        for key in sorted(str(key) for key in members if key not in keys + optional):
            self.below(key, None).blame("Không có mục này trong mẫu định nghĩa.")
        nodes = {key: self.below(key, members.get(key, _ABSENT)) for key in keys}
        nodes |= {key: self.below(key, members[key]) for key in optional if key in members}
        if isinstance(self.value, Mapping):
            for key in keys:
                if key not in members:
                    nodes[key].blame("Thiếu mục này.")
        return nodes

    def items(self, least: int = 0) -> list["Node"]:
        """Return the elements of an array that must have `least` of them."""
        if not isinstance(self.value, list):
            self._blame_type("Phải là một danh sách.")
            return []
        if len(self.value) < least:
            self.blame(f"Phải có ít nhất {least} phần tử.")
        return [self.below(str(index), value) for index, value in enumerate(self.value)]

    def text(self, pattern: re.Pattern[str] | None = None, longest: int = 1000) -> str:
        """Return one line of text, by default of at most 1,000 characters."""
        if not isinstance(self.value, str):
            self._blame_type("Phải là chuỗi ký tự.")
            return ""
        if not self.value.strip() or not self.value.isprintable() or len(self.value) > longest:
            self.blame(f"Phải là một dòng chữ không rỗng, tối đa {longest} ký tự.")
        elif pattern is not None and pattern.fullmatch(self.value) is None:
            self.blame(f"“{self.value}” không đúng định dạng mã.")
        return self.value

    def integer(self, least: int, most: int) -> int:
        if type(self.value) is not int:  # True is an int as well
            self._blame_type("Phải là số nguyên.")
            return least
        if not least <= self.value <= most:
            self.blame(f"Phải từ {least} đến {most}.")
            return least
        return self.value

    def flag(self) -> bool:
        if not isinstance(self.value, bool):
            self._blame_type("Phải là true hoặc false.")
        return self.value is True

    def day(self) -> date:
        """Return a calendar day written `YYYY-MM-DD`."""
        if isinstance(self.value, str) and _DAY.fullmatch(self.value):
            with suppress(ValueError):  # 30 February is blamed below
                return date.fromisoformat(self.value)
        self._blame_type("Phải là ngày dạng YYYY-MM-DD.")
        return date.min

    def choice(self, kind: type[E], allowed: Iterable[E] | None = None) -> E:
        """Return the member of an enumeration that has this value."""
        members = list(kind if allowed is None else allowed)
        for member in members:
            if type(self.value) in (int, str) and member.value == self.value:
                return member
        self._blame_type(f"Phải là một trong: {', '.join(str(m.value) for m in members)}.")
        return members[0]

    def mapping(self) -> dict[str, object]:
        """Return an object as it is, whatever its keys."""
        return dict(self._mapping())

    def _mapping(self) -> Mapping[str, object]:
        if isinstance(self.value, Mapping):
            return self.value
        self._blame_type("Phải là một đối tượng.")
        return {}

    def _blame_type(self, message: str) -> None:
        if self.value is not _ABSENT:
            self.blame(message)

    def below(self, key: str, value: object) -> "Node":
        """Return the member or element of this key, which holds `value`."""
        token = key.replace("~", "~0").replace("/", "~1")
        return Node(value, f"{self.pointer}/{token}", self.faults)


def blame_repeats(codes: Iterable[Node]) -> None:
    """Blame each code that stood at an earlier place."""
    seen: set[str] = set()
    for code in codes:
        if not isinstance(code.value, str):
            continue
        if code.value in seen:
            code.blame(f"Mã “{code.value}” bị trùng.")
        seen.add(code.value)
