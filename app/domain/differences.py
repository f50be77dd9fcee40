"""What is different between two documents, place by place: for whoever decides on a new version."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum, auto
from typing import Any


class Change(StrEnum):
    ADDED = auto()  # thêm
    REMOVED = auto()  # bỏ
    CHANGED = auto()  # sửa
    MOVED = auto()  # đổi thứ tự


@dataclass(frozen=True, slots=True)
class Difference:
    """A place (JSON pointer; of things with a code, their code) and its values."""

    pointer: str
    change: Change
    before: Any
    after: Any


def differences(before: object, after: object, pointer: str = "") -> Iterator[Difference]:
    """Yield what is different, in the order of the places; nothing for equal documents.

    Things with a code (components, fees, steps) are compared by their code, wherever they stand.
    """
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        yield from _members(before, after, pointer)
    elif _is_coded(before) and _is_coded(after):
        yield from _coded(before, after, pointer)
    elif before != after or type(before) is not type(after):
        yield Difference(pointer, Change.CHANGED, before, after)


def _members(
    before: Mapping[str, Any], after: Mapping[str, Any], pointer: str
) -> Iterator[Difference]:
    for key in dict.fromkeys([*before, *after]):
        at = f"{pointer}/{str(key).replace('~', '~0').replace('/', '~1')}"
        if key not in after:
            yield Difference(at, Change.REMOVED, before[key], None)
        elif key not in before:
            yield Difference(at, Change.ADDED, None, after[key])
        else:
            yield from differences(before[key], after[key], at)


def _is_coded(value: object) -> bool:
    """Tell whether this is a list of things that each have a code of their own."""
    if not isinstance(value, list) or not value:
        return False
    codes = [item.get("code") if isinstance(item, Mapping) else None for item in value]
    return all(isinstance(code, str) for code in codes) and len(set(codes)) == len(codes)


def _coded(before: Any, after: Any, pointer: str) -> Iterator[Difference]:  # noqa: ANN401  (JSON)
    old = {item["code"]: item for item in before}
    new = {item["code"]: item for item in after}
    yield from _members(old, new, pointer)
    stayed = [code for code in old if code in new], [code for code in new if code in old]
    if stayed[0] != stayed[1]:
        yield Difference(pointer, Change.MOVED, *stayed)
