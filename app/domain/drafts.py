"""Drafts of procedure versions, and what would change if one were published."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum, auto
from itertools import zip_longest
from typing import Any

from app.domain.errors import DomainError


class Origin(StrEnum):
    NATIONAL_PORTAL = auto()  # Cổng Dịch vụ công quốc gia
    BY_HAND = auto()  # quản trị tự soạn


class DraftState(StrEnum):
    OPEN = auto()  # chờ so sánh
    PUBLISHED = auto()  # đã công bố
    DISCARDED = auto()  # đã bỏ


class DraftNotFound(DomainError):
    code = "draft.not_found"
    title = "Không tìm thấy bản dự thảo"


class DraftClosed(DomainError):
    code = "draft.closed"
    title = "Bản dự thảo đã được xử lý"


class DraftStale(DomainError):
    """Another version was published since the draft was made: it must be compared anew."""

    code = "draft.stale"
    title = "Thủ tục đã thay đổi sau khi lập dự thảo"


class DraftDayRefused(DomainError):
    """The day from which it would hold is not after the begin of the version in force."""

    code = "draft.day_refused"
    title = "Ngày có hiệu lực không phù hợp"


class DraftRoleRefused(DomainError):
    code = "draft.role_refused"
    title = "Chỉ quản trị được xem và công bố dự thảo"


@dataclass(frozen=True, slots=True)
class Change:
    """One difference: a JSON pointer into the definition, what stands there, what would."""

    pointer: str
    before: Any
    after: Any


_ABSENT = object()
_KEYS = ("code", "name")


def changes(before: Any, after: Any, pointer: str = "") -> Iterator[Change]:  # noqa: ANN401  (JSON)
    """Yield every difference between two JSON values, in the order of `after`.

    Lists of things with codes are compared code by code, so that one that moved is no change of
    all the others.
    """
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in [*after, *(name for name in before if name not in after)]:
            place = f"{pointer}/{str(name).replace('~', '~0').replace('/', '~1')}"
            yield from changes(before.get(name, _ABSENT), after.get(name, _ABSENT), place)
    elif isinstance(before, list) and isinstance(after, list):
        yield from _changes_of_list(before, after, pointer)
    elif before != after:
        yield Change(
            pointer, None if before is _ABSENT else before, None if after is _ABSENT else after
        )


def _changes_of_list(before: list[Any], after: list[Any], pointer: str) -> Iterator[Change]:
    key = next((key for key in _KEYS if _are_told_apart_by(key, before, after)), None)
    if key is None:
        for n, (old, new) in enumerate(zip_longest(before, after, fillvalue=_ABSENT)):
            yield from changes(old, new, f"{pointer}/{n}")
        return
    yield from changes(
        {item[key]: item for item in before}, {item[key]: item for item in after}, pointer
    )


def _are_told_apart_by(key: str, *lists: list[Any]) -> bool:
    for items in lists:
        if not all(isinstance(item, Mapping) and isinstance(item.get(key), str) for item in items):
            return False
        if len({item[key] for item in items}) != len(items):
            return False
    return any(lists)
