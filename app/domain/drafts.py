"""Drafts (hồ sơ nháp): incomplete applications, and everything that they still lack."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from app.domain.application import Application, Fault
from app.domain.errors import DomainError

LARGEST_BYTES: Final = 64 * 1024
MOST: Final = 100
KEPT: Final = timedelta(days=90)
"""A draft that nobody changed for so long is swept."""


class DraftNotFound(DomainError):
    """There is none, it is somebody else's, or it was handed in: the answer is the same."""

    code = "draft.not_found"
    title = "Không tìm thấy hồ sơ nháp"


class DraftStale(DomainError):
    """It was changed in between, perhaps on another device of its owner."""

    code = "draft.version_stale"
    title = "Hồ sơ nháp đã thay đổi"


class DraftTooLarge(DomainError):
    code = "draft.too_large"
    title = "Hồ sơ nháp quá lớn"


class TooManyDrafts(DomainError):
    code = "draft.too_many"
    title = "Quá nhiều hồ sơ nháp"


@dataclass(frozen=True, slots=True)
class Reading:
    """A draft read as an application: as far as it can be, and what could not be read."""

    application: Application
    faults: Sequence[Fault]


def check_size(content: Mapping[str, Any]) -> None:
    """Refuse content of more than 64 KiB as compact JSON in UTF-8."""
    written = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    size = len(written.encode("utf-8", "surrogatepass"))
    if size > LARGEST_BYTES:
        raise DraftTooLarge(f"Hồ sơ nháp lớn hơn {LARGEST_BYTES // 1024} KiB.")


def is_same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Tell whether two contents are the same JSON: `true` is not 1 there, unlike in Python."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def together(unreadable: Sequence[Fault], found: Sequence[Fault]) -> list[Fault]:
    """Put faults together; what was found at or below an unreadable place is told by it already."""
    places = [fault.pointer for fault in unreadable]
    return [
        *unreadable,
        *(
            fault
            for fault in found
            if not any(
                fault.pointer == place or fault.pointer.startswith(f"{place}/") for place in places
            )
        ),
    ]
