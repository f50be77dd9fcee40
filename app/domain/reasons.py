"""Why a dossier does not count: stable codes, and the sentence that a person reads."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum, auto
from types import MappingProxyType
from typing import Final


class Reason(StrEnum):
    """What is missing first; a dossier has one reason per figure, so that counts add up."""

    SYNC_BLOCKED = auto()
    SYNC_DEAD = auto()
    SYNC_WAITING = auto()
    ASKED_AGAIN = auto()
    LATE_ENDED = auto()
    LATE_OPEN = auto()
    AT_DESK = auto()
    BY_POST = auto()
    ONLINE = auto()
    NOT_RESOLVED = auto()
    ENDED_WITHOUT_RESULT = auto()
    NO_ELECTRONIC_RESULT = auto()
    NOT_PAID_ONLINE = auto()
    PAPER_COMPONENTS = auto()
    NOT_VERIFIED = auto()
    NO_ACCOUNT = auto()
    NOTHING_SCANNED = auto()
    NOTHING_REUSED = auto()
    NOT_FROM_STORE = auto()
    DISPLEASED = auto()
    LATE_AND_DISPLEASED = auto()
    PETITION_LATE = auto()
    PETITION_OVERDUE = auto()
    PETITION_OPEN = auto()
    UNKNOWN_HERE = auto()  # no dossier's of ours: the portal holds more than were received
    SYNC_RATE = auto()  # no dossier's: the factor of another figure


SENTENCES: Final[Mapping[Reason, str]] = MappingProxyType(
    {
        Reason.SYNC_BLOCKED: "Chưa đồng bộ: Cổng Dịch vụ công quốc gia từ chối",
        Reason.SYNC_DEAD: "Chưa đồng bộ: gửi nhiều lần không được, cần người xử lý",
        Reason.SYNC_WAITING: "Chưa đồng bộ: đang chờ gửi hoặc chờ Cổng xác nhận",
        Reason.ASKED_AGAIN: "Yêu cầu bổ sung quá một lần sau khi tiếp nhận nên tính là trễ hạn",
        Reason.LATE_ENDED: "Kết thúc giải quyết sau hạn",
        Reason.LATE_OPEN: "Đã quá hạn mà chưa giải quyết xong",
        Reason.AT_DESK: "Nộp trực tiếp tại Bộ phận Một cửa",
        Reason.BY_POST: "Nộp qua bưu chính công ích",
        Reason.ONLINE: "Nộp trực tuyến",
        Reason.NOT_RESOLVED: "Chưa giải quyết xong nên chưa có kết quả điện tử",
        Reason.ENDED_WITHOUT_RESULT: "Từ chối, dừng hoặc rút nên không có kết quả điện tử",
        Reason.NO_ELECTRONIC_RESULT: "Chưa có kết quả điện tử",
        Reason.NOT_PAID_ONLINE: "Có phí, lệ phí nhưng chưa thanh toán trực tuyến",
        Reason.PAPER_COMPONENTS: "Có thành phần hồ sơ còn bằng giấy, chưa số hóa",
        Reason.NOT_VERIFIED: "Tài khoản người nộp chưa xác thực bằng VNeID",
        Reason.NO_ACCOUNT: "Nộp không qua tài khoản đã xác thực bằng VNeID",
        Reason.NOTHING_SCANNED: "Nhận giấy, chưa số hóa thành phần nào khi tiếp nhận",
        Reason.NOTHING_REUSED: "Không có thành phần nào dùng lại giấy tờ đã có trong kho",
        Reason.NOT_FROM_STORE: "Không có thành phần nào lấy từ kho dữ liệu dùng chung",
        Reason.DISPLEASED: "Có phản ánh về hồ sơ hoặc được đánh giá không hài lòng",
        Reason.LATE_AND_DISPLEASED: "Vừa trễ hạn vừa bị phản ánh hoặc đánh giá không hài lòng, "
        "bị trừ hai lần",
        Reason.PETITION_LATE: "Trả lời sau 15 ngày làm việc",
        Reason.PETITION_OVERDUE: "Đã quá 15 ngày làm việc mà chưa trả lời",
        Reason.PETITION_OPEN: "Chưa trả lời, còn trong thời hạn",
        Reason.UNKNOWN_HERE: "Cổng giữ hồ sơ không có ở đây (kết quả đối chiếu)",
        Reason.SYNC_RATE: "Tỷ lệ được nhân với tỷ lệ đồng bộ (chỉ số 1.4)",
    }
)


WEIGHTS: Final[Mapping[Reason, int]] = MappingProxyType({Reason.LATE_AND_DISPLEASED: 2})
"""How often a dossier with this reason is missing; otherwise once."""


def weight(reason: Reason) -> int:
    return WEIGHTS.get(reason, 1)


def sentence(reason: Reason, portal_code: str | None = None) -> str:
    """Say a reason; a refusal of the portal with the code that it gave."""
    if reason is Reason.SYNC_BLOCKED and portal_code:
        return f"{SENTENCES[reason]} (mã {portal_code})"
    return SENTENCES[reason]


@dataclass(frozen=True, slots=True)
class Page:
    """Which dossiers of a figure: `which` is denominator, numerator or missing."""

    which: str = "missing"
    reason: Reason | None = None
    after: int = 0
    limit: int = 50


class Cause(StrEnum):
    """Why an answer about a dossier is another one than it was."""

    RECORDED_SINCE = auto()
    HANDLED = auto()
    SYNC = auto()
    PAYMENT = auto()
    RESULT = auto()
    COMPONENTS = auto()
    DUE_MOVED = auto()
    ASKED_AGAIN = auto()
    DISPLEASED = auto()
    ANSWERED = auto()
    TIME = auto()


CAUSES: Final[Mapping[Cause, str]] = MappingProxyType(
    {
        Cause.RECORDED_SINCE: "Ghi nhận sau ngày đó",
        Cause.HANDLED: "Đã kết thúc hoặc tiếp tục giải quyết sau ngày đó",
        Cause.SYNC: "Trạng thái đồng bộ với Cổng đã thay đổi",
        Cause.PAYMENT: "Đã thanh toán hoặc hoàn tiền sau ngày đó",
        Cause.RESULT: "Kết quả điện tử được thêm sau ngày đó",
        Cause.COMPONENTS: "Thành phần hồ sơ được bổ sung sau ngày đó",
        Cause.DUE_MOVED: "Hạn giải quyết được tính lại",
        Cause.ASKED_AGAIN: "Yêu cầu bổ sung thêm lần nữa",
        Cause.DISPLEASED: "Phản ánh hoặc đánh giá đã được gửi, sửa hoặc rút",
        Cause.ANSWERED: "Đã trả lời, từ chối hoặc được rút sau ngày đó",
        Cause.TIME: "Hạn giải quyết đã qua",
    }
)
