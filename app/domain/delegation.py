"""Delegation (ủy quyền xử lý): who works in whose place while they are away."""

from dataclasses import dataclass
from datetime import date
from typing import Final

from app.domain.errors import DomainError

LONGEST_DAYS: Final = 366


class DelegationRefused(DomainError):
    code = "delegation.refused"
    title = "Không ủy quyền được"


@dataclass(frozen=True, slots=True)
class Delegation:
    """From the first day to the last, both included."""

    from_account: str
    from_name: str
    to_account: str
    to_name: str
    first_on: date
    last_on: date
    reason: str


def check(asked: Delegation, today: date) -> None:
    """Refuse a delegation to oneself, of the past, of no day or of more than a year."""
    if asked.from_account == asked.to_account:
        raise DelegationRefused("Không thể ủy quyền cho chính mình.")
    if asked.last_on < asked.first_on:
        raise DelegationRefused("Ngày cuối phải không trước ngày đầu.")
    if asked.last_on < today:
        raise DelegationRefused("Thời gian ủy quyền đã qua.")
    if (asked.last_on - asked.first_on).days >= LONGEST_DAYS:
        raise DelegationRefused(f"Mỗi lần ủy quyền tối đa {LONGEST_DAYS} ngày.")
