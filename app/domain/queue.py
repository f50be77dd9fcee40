"""Work queue (hàng đợi công việc): its tabs, whose turn it is, the order of a clerk's work."""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum, auto
from typing import Final

from app.domain.actor import DESK_ROLES, Role
from app.domain.calendar import LOCAL_ZONE, Calendar
from app.domain.deadlines import in_words, lateness
from app.domain.lifecycle import WAITING, Act, Status, possible_acts

COUNT_CAP: Final = 1000
"""Counts above are told as "1,000+": nobody works through more, and counting them costs."""


class Tab(StrEnum):
    MINE = auto()  # của tôi: đã nhận, được giao, được ủy quyền
    DESK = auto()  # của bộ phận: đến lượt vai trò của tôi
    AGENCY = auto()  # của cơ quan: mọi hồ sơ chưa xong
    DUE_SOON = auto()  # sắp đến hạn
    OVERDUE = auto()  # quá hạn
    WAITING_SUPPLEMENT = auto()  # chờ bổ sung
    WAITING_PAYMENT = auto()  # chờ nộp nghĩa vụ tài chính
    UNANSWERED = auto()  # chưa trả lời, sắp hoặc đã quá 8 giờ làm việc


class QueueClass(IntEnum):
    """First part of the order, as the database keeps it (trigger `place_in_queue`).

    Running clocks come first, by the instant at which they end, which is the order of the working
    time left; then those that stand, by what was left; then results that wait to be fetched.
    """

    RUNNING = 0  # đang tính thời hạn
    STANDING = 1  # đang dừng tính thời hạn
    FINISHED = 2  # có kết quả, chờ trả


OPEN: Final = frozenset(
    {
        Status.REGISTERED,
        Status.ACCEPTED,
        Status.IN_PROCESS,
        Status.SUPPLEMENT_REQUESTED,
        Status.PAYMENT_REQUESTED,
        Status.RESOLVED,
    }
)
"""Statuses in which somebody still has something to do."""

_INTERRUPTING = frozenset({Act.REQUEST_SUPPLEMENT, Act.REQUEST_PAYMENT, Act.EXTEND, Act.STOP})


def is_on_desk(role: Role, status: Status, step_role: Role) -> bool:
    """Tell whether it is the turn of `role`: an act of theirs carries the dossier on now.

    Acts that only interrupt do not make a turn, nor does waiting for the applicant. In process the
    step says whose turn it is.
    """
    if role not in DESK_ROLES or status not in OPEN or status in WAITING:
        return False
    if status is Status.IN_PROCESS:
        return role is step_role
    return not _INTERRUPTING.issuperset(possible_acts(status, role))


_KEEPING_CLAIM = frozenset({Act.START, Act.EXTEND})
"""Acts after which whoever did them goes on working on the dossier."""

_KEEPING_ASSIGNMENT = _KEEPING_CLAIM | {
    Act.REQUEST_SUPPLEMENT,
    Act.SUPPLEMENT,
    Act.REQUEST_PAYMENT,
    Act.SETTLE,
}
"""Acts after which the dossier stays with, or comes back to, whom it was assigned to."""


def ends_claim(act: Act, target: Status) -> bool:
    """Tell whether the claim of whoever is at work ends with an act of the desk."""
    return act not in _KEEPING_CLAIM or target not in OPEN


def ends_assignment(act: Act, target: Status) -> bool:
    return act not in _KEEPING_ASSIGNMENT or target not in OPEN


def minute_of(instant: datetime) -> int:
    """Return the whole minutes since 1970, as the database orders running clocks."""
    return int(instant.timestamp()) // 60


@dataclass(frozen=True, slots=True)
class Standing:
    """How a dossier stands: working minutes left (negative: late) and the words for it.

    `until` is the end of a clock that runs: of the first answer, or of the result.
    """

    queue_class: QueueClass
    until: datetime | None
    remaining_minutes: int | None
    words: str


def standing(
    queue_class: QueueClass,
    *,
    until: datetime | None,
    remaining_minutes: int | None,
    finished_at: datetime | None,
    calendar: Calendar,
    now: datetime,
) -> Standing:
    """Say in working time how a dossier stands."""
    full_day = calendar.hours_on(now.astimezone(LOCAL_ZONE).date()).full_day_minutes
    if queue_class is QueueClass.STANDING and remaining_minutes is not None:
        words = f"đang dừng, {in_words(-remaining_minutes, full_day)}"
        return Standing(queue_class, None, remaining_minutes, words)
    if until is None:
        return Standing(queue_class, None, None, "chưa có thời hạn")
    if queue_class is QueueClass.FINISHED:
        left = -lateness(finished_at or now, until, calendar)
        return Standing(queue_class, None, left, "đã có kết quả, chờ trả")
    late = lateness(now, until, calendar)
    return Standing(queue_class, until, -late, in_words(late, full_day))
