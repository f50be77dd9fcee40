"""Periods of reports: any two days, named as the published tables name them."""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date

from app.domain.errors import DomainError


class PeriodRefused(DomainError):
    """Not a period, or one that ends before it begins."""

    code = "period.refused"
    title = "Kỳ báo cáo không hợp lệ"


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """Days from `first` to `last`, both included."""

    first: date
    last: date

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise PeriodRefused(
                f"Kỳ báo cáo kết thúc ({self.last}) trước khi bắt đầu ({self.first})."
            )

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    def __str__(self) -> str:
        """Return `2021-06`, `2021-01..2021-06` or `2021-01-05..2021-02-03`."""
        whole = self.first.day == 1 and self.last.day == monthrange(*_month(self.last))[1]
        if not whole:
            return f"{self.first}..{self.last}"
        if _month(self.first) == _month(self.last):
            return self.first.isoformat()[:7]
        return f"{self.first.isoformat()[:7]}..{self.last.isoformat()[:7]}"


def _month(day: date) -> tuple[int, int]:
    return day.year, day.month


_PART = re.compile(r"(\d{4})-(\d\d)(?:-(\d\d))?")


def parse_period(text: str) -> Period:
    """Read a period as `Period.__str__` writes it; also a single day, `2021-06-07`."""
    first, _, last = text.strip().partition("..")
    try:
        return Period(_edge(first, end=False), _edge(last or first, end=True))
    except (ValueError, PeriodRefused) as error:
        raise PeriodRefused(f"“{text}” không phải là một kỳ báo cáo.") from error


def _edge(text: str, *, end: bool) -> date:
    match = _PART.fullmatch(text.strip())
    if match is None:
        raise ValueError(text)
    year, month, day = (int(part) if part else None for part in match.groups())
    if year is None or month is None:
        raise ValueError(text)
    if day is None:
        day = monthrange(year, month)[1] if end else 1
    return date(year, month, day)
