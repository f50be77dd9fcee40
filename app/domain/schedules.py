"""When scheduled extractions are due, and which period each is about: the one that just ended."""

from datetime import date, timedelta
from enum import StrEnum, auto
from typing import Final

from app.domain.periods import Period


class Every(StrEnum):
    """How often: on the first day after each of these periods."""

    MONTH = auto()  # hằng tháng
    QUARTER = auto()  # hằng quý
    HALF_YEAR = auto()  # sáu tháng
    YEAR = auto()  # hằng năm


_MONTHS: Final = {Every.MONTH: 1, Every.QUARTER: 3, Every.HALF_YEAR: 6, Every.YEAR: 12}


def next_due(every: Every, day: date) -> date:
    """Return the day after the period that `day` lies in: then an extraction of it is due."""
    months = _MONTHS[every]
    count = (day.year * 12 + day.month - 1) // months * months + months
    return date(count // 12, count % 12 + 1, 1)


def period_before(every: Every, due_on: date) -> Period:
    """Return the period that ended on the day before `due_on`."""
    last = due_on - timedelta(days=1)
    months = _MONTHS[every]
    count = (last.year * 12 + last.month - 1) // months * months
    return Period(date(count // 12, count % 12 + 1, 1), last)
