"""Opinions of other agencies (xin ý kiến phối hợp): asked at once, each answered or given up.

An opinion is no act on the dossier: its status, clock and version stay, and no partner is told.
It has rows of its own (decision on steps as data).
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum, auto
from typing import Final

from app.domain.agency import Agency
from app.domain.errors import DomainError

MOST_AGENCIES: Final = 20


class OpinionState(StrEnum):
    WAITING = auto()  # chờ trả lời
    ANSWERED = auto()  # đã trả lời
    UNANSWERED = auto()  # không trả lời trong thời hạn
    DROPPED = auto()  # không còn cần: the dossier ended


class Position(StrEnum):
    AGREE = auto()  # đồng ý
    DISAGREE = auto()  # không đồng ý
    OTHER = auto()  # ý kiến khác


class OpinionRefused(DomainError):
    code = "opinion.refused"
    title = "Không xin được ý kiến"


class OpinionNotFound(DomainError):
    code = "opinion.not_found"
    title = "Không tìm thấy yêu cầu ý kiến"


class OpinionClosed(DomainError):
    """Answered already, given up at its deadline, or no longer needed."""

    code = "opinion.closed"
    title = "Yêu cầu ý kiến đã khép lại"


class OpinionsOutstanding(DomainError):
    """Agencies are still asked: the facts say which, and until when."""

    code = "opinion.outstanding"
    title = "Còn cơ quan chưa trả lời ý kiến"


def check_asked(
    asked: Sequence[str], *, here: str, agencies: Mapping[str, Agency], today: date
) -> None:
    """Refuse agencies that cannot be asked: unknown, closed, or the one that asks."""
    unknown = [
        code
        for code in asked
        if (known := agencies.get(code)) is None or not known.is_valid_on(today)
    ]
    if unknown:
        raise OpinionRefused(
            f"Không có cơ quan {', '.join(unknown)} đang hoạt động.", agencies=unknown
        )
    if here in asked:
        raise OpinionRefused("Không xin ý kiến chính cơ quan đang giữ hồ sơ.", agencies=[here])


def check_deadline(due_at: datetime, *, dossier_due_at: datetime, now: datetime) -> None:
    """Refuse a deadline that ends after the dossier's own, unless that has passed already."""
    if now < dossier_due_at < due_at:
        raise OpinionRefused(
            "Hạn trả lời ý kiến không được sau hạn trả kết quả của hồ sơ.",
            due_at=dossier_due_at.isoformat(),
        )


def state_at(state: OpinionState, due_at: datetime, now: datetime) -> OpinionState:
    """Return the state at an instant: nothing waits beyond its deadline."""
    if state is OpinionState.WAITING and due_at < now:
        return OpinionState.UNANSWERED
    return state
