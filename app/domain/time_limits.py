"""Time limits of procedures (thời hạn giải quyết) and how they are written."""

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum, auto
from typing import Final

from app.domain.errors import DomainError

MOST: Final = 10_000
"""More than any law gives; keeps a slip of the keyboard from leaving the calendar's horizon."""


class LimitRefused(DomainError):
    """Not a time limit that can be read or counted."""

    code = "deadline.limit_refused"
    title = "Thời hạn không hợp lệ"


class LimitUnit(StrEnum):
    """What is counted: minutes of working time for the first two, days of the year for others."""

    WORKING_DAYS = auto()  # ngày làm việc
    WORKING_HOURS = auto()  # giờ làm việc
    CALENDAR_DAYS = auto()  # ngày
    MONTHS = auto()  # tháng

    @property
    def is_working_time(self) -> bool:
        return self in {LimitUnit.WORKING_DAYS, LimitUnit.WORKING_HOURS}


_LABELS = {
    LimitUnit.WORKING_DAYS: "ngày làm việc",
    LimitUnit.WORKING_HOURS: "giờ làm việc",
    LimitUnit.CALENDAR_DAYS: "ngày",
    LimitUnit.MONTHS: "tháng",
}
_WORDS = {label: unit for unit, label in _LABELS.items()} | {
    word: unit
    for unit in LimitUnit
    for word in (unit.replace("_", " "), unit.replace("_", " ").removesuffix("s"))
}
_WRITTEN = re.compile(r"([0-9]{1,6})\s*([^\W\d].*)")


@dataclass(frozen=True, slots=True)
class TimeLimit:
    """So many units, from 1 to 10,000."""

    count: int
    unit: LimitUnit

    def __post_init__(self) -> None:
        if not 1 <= self.count <= MOST:
            raise LimitRefused(f"Thời hạn phải từ 1 đến {MOST} đơn vị, không thể là {self.count}.")

    @property
    def label(self) -> str:
        """The limit as the papers say it: `3 ngày làm việc`."""
        return f"{self.count} {_LABELS[self.unit]}"


def parse_limit(text: str) -> TimeLimit:
    """Read `3 working days`, `1 month`, `working_days` too, or `3 ngày làm việc`, `2 tháng`.

    A bare `ngày` is a calendar day, as in the laws; a bare English `day` is refused, because who
    writes it may mean either.
    """
    plain = " ".join(unicodedata.normalize("NFC", text).casefold().replace("_", " ").split())
    match = _WRITTEN.fullmatch(plain)
    unit = _WORDS.get(match[2]) if match else None
    if match is None or unit is None:
        raise LimitRefused(
            f"Không đọc được thời hạn “{text[:80]}”. Cần một số và một đơn vị: working days, "
            "working hours, calendar days, months (ngày làm việc, giờ làm việc, ngày, tháng)."
        )
    return TimeLimit(int(match[1]), unit)
