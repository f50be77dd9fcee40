"""Public tracking (tra cứu tiến độ): what anybody who knows code and check digits may read.

No personal data, and not the procedure's name either: that somebody asks for, say, a divorce
paper is theirs to tell. Whether a code exists is told to nobody who does not know its check digits.
"""

import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum, auto
from typing import Final

from app.domain.errors import DomainError
from app.domain.lifecycle import LABELS, Status
from app.domain.petitions import LABELS as PETITION_LABELS
from app.domain.petitions import PetitionStatus
from app.domain.quotas import Quota

_TRACKED_CODE = re.compile(r"(PA-)?[A-Z][0-9]{2}(\.[0-9A-Z]{2,3})*-[0-9]{6}-[0-9]{4,9}")
# MaHoSo at the national portal: the old form, the ministries' of 2026.
_PORTAL_CODE = re.compile(
    r"[0-9]{3}(\.[0-9]{2}){2}\.[A-Z][0-9]{2}-[0-9]{6}-[0-9]{4,9}"
    r"|G[0-9]{2}\.[0-9]{2}-[0-9]{8}-[0-9]{6,7}"
)
_LONGEST_CODE: Final = 60
_CHECK_DIGITS: Final = 4
_CHECK = re.compile(r"[0-9]{4}")
_NO_CODE: Final = "-"
_NO_CHECK: Final = "----"
"""Stand for what cannot be a code or check digits, and equal none: the same work is done."""

CLIENT_WINDOW_S: Final = 60
CODE_QUOTAS: Final = (Quota("code", 10, 600), Quota("code-day", 40, 86_400))
"""Wrong answers per code: 40 a day of 10,000 possible ones, from however many addresses."""


class TrackingRefused(DomainError):
    """No such code, other check digits, or neither readable: the answer is the same."""

    code = "tracking.not_found"
    title = "Không tra cứu được"


class TooManyTries(DomainError):
    code = "tracking.too_many"
    title = "Tra cứu quá nhiều lần"


class Tracked(StrEnum):
    DOSSIER = auto()  # hồ sơ
    PETITION = auto()  # phản ánh, kiến nghị


@dataclass(frozen=True, slots=True)
class Passed:
    """A step that was done."""

    at: datetime
    label: str
    agency: str


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a dossier or petition stands, in words and instants."""

    kind: Tracked
    code: str
    status: str
    status_label: str
    agency: str
    agency_name: str
    received_at: datetime
    answer_due_at: datetime | None  # first answer, while it is registered
    due_at: datetime | None  # None while the clock stands: it will be another one
    reply_due_on: date | None
    in_words: str | None
    summary: str
    steps: tuple[Passed, ...]


def is_code(text: str) -> bool:
    """Tell whether a text reads as the code of a dossier or petition."""
    return read_code(text) != _NO_CODE


def read_code(text: str) -> str:
    """Return a code as it is kept, or what equals no code."""
    code = text.strip().upper()
    is_known = _TRACKED_CODE.fullmatch(code) or _PORTAL_CODE.fullmatch(code)
    return code if len(code) <= _LONGEST_CODE and is_known else _NO_CODE


def read_check(text: str | None) -> str:
    """Return the check digits as typed, or what equals none."""
    typed = (text or "").strip()
    return typed if _CHECK.fullmatch(typed) else _NO_CHECK


def check_matches(check: str, numbers: Iterable[str | None]) -> bool:
    """Tell whether the check digits are the last of one of these numbers, in constant time."""
    is_right = False
    for number in numbers:
        digits = "".join(re.findall(r"[0-9]", number or ""))
        known = digits[-_CHECK_DIGITS:] if len(digits) >= _CHECK_DIGITS else "????"
        is_right |= hmac.compare_digest(check.encode(), known.encode())
    return is_right


_DOSSIER: Final = {
    Status.REGISTERED: "Hồ sơ đã được gửi đến {agency}, đang chờ tiếp nhận.",
    Status.ACCEPTED: "Hồ sơ đã được {agency} tiếp nhận.",
    Status.REFUSED: "Hồ sơ không được {agency} tiếp nhận. Lý do được nêu trong thông báo đã gửi "
    "cho người nộp.",
    Status.IN_PROCESS: "Hồ sơ đang được giải quyết tại {agency}.",
    Status.SUPPLEMENT_REQUESTED: "{agency} yêu cầu bổ sung giấy tờ. Thời hạn giải quyết tạm dừng "
    "cho đến khi hồ sơ được bổ sung.",
    Status.PAYMENT_REQUESTED: "{agency} yêu cầu thực hiện nghĩa vụ tài chính.",
    Status.WITHDRAWN: "Người nộp đã rút hồ sơ.",
    Status.STOPPED: "{agency} đã dừng giải quyết hồ sơ. Lý do được nêu trong thông báo đã gửi cho "
    "người nộp.",
    Status.RESOLVED: "Hồ sơ đã có kết quả tại {agency}, chờ trả cho người nộp.",
    Status.RETURNED: "Hồ sơ đã giải quyết xong và đã trả kết quả.",
}
_PETITION: Final = {
    PetitionStatus.RECEIVED: "Phản ánh, kiến nghị đã được gửi đến {agency}, đang chờ xem xét.",
    PetitionStatus.ACCEPTED: "{agency} đang giải quyết phản ánh, kiến nghị.",
    PetitionStatus.SUPPLEMENT_REQUESTED: "{agency} yêu cầu người gửi bổ sung thông tin. Thời hạn "
    "trả lời tạm dừng cho đến khi có bổ sung.",
    PetitionStatus.REFUSED: "{agency} không thụ lý phản ánh, kiến nghị. Lý do được nêu trong thông "
    "báo đã gửi cho người gửi.",
    PetitionStatus.ANSWERED: "{agency} đã trả lời phản ánh, kiến nghị. Người gửi đăng nhập để xem.",
    PetitionStatus.WITHDRAWN: "Người gửi đã rút phản ánh, kiến nghị.",
}


def dossier_label(status: str) -> str:
    return LABELS[Status(status)]


def petition_label(status: str) -> str:
    return PETITION_LABELS[PetitionStatus(status)]


def dossier_summary(status: str, agency: str) -> str:
    """Say where a dossier stands, to whoever asks."""
    return _DOSSIER[Status(status)].format(agency=agency)


def petition_summary(status: str, agency: str) -> str:
    """Say where a petition stands, to whoever asks."""
    return _PETITION[PetitionStatus(status)].format(agency=agency)
