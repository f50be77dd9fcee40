"""Why a delivery stands where it stands, in a sentence for the person who looks after it."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from app.domain.calendar import LOCAL_ZONE
from app.domain.deliveries import ATTEMPTS, STATE_LABELS, DeliveryState

_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Standing:
    """A delivery at this moment.

    `head` is the number and state of the message of the same dossier that holds it back; `pause`
    until when its partner is left alone.
    """

    state: DeliveryState
    attempts: int
    tries: int
    next_at: datetime
    leased_until: datetime | None
    code: str | None
    answer: str | None
    head: tuple[int, DeliveryState] | None
    pause: datetime | None
    is_parked: bool
    now: datetime


def explain(standing: Standing) -> str:
    """Return why it stands where it stands and what is to be done, in Vietnamese."""
    return _SENTENCES[standing.state](standing)


def _waiting(standing: Standing) -> str:
    if standing.head is not None:
        seq, state = standing.head
        return (
            f"Chờ bản tin số {seq} của cùng hồ sơ ({STATE_LABELS[state].lower()}): "
            "các bước phải được báo đúng thứ tự."
        )
    if standing.pause is not None and standing.pause > standing.now:
        return f"Đối tác không trả lời nên tạm ngừng gọi; thử lại lúc {_at(standing.pause)}."
    if standing.attempts == 0:
        return "Chờ gửi, chưa gửi lần nào."
    if standing.tries == 0:
        return "Chờ gửi lại, sau khi hỏi đối tác đã nhận chưa."
    return (
        f"Đã thử {standing.tries} trên {ATTEMPTS} lần, lần cuối: {_last(standing)}. "
        f"Gửi lại lúc {_at(standing.next_at)}, sau khi hỏi đối tác đã nhận chưa."
    )


def _in_flight(standing: Standing) -> str:
    if standing.leased_until is not None and standing.leased_until <= standing.now:
        return (
            "Không rõ kết quả: tiến trình gửi đã dừng giữa chừng. "
            "Hệ thống sẽ hỏi đối tác trước khi gửi lại."
        )
    return "Đang gửi."


def _acknowledged(standing: Standing) -> str:
    if standing.code == "not_needed":
        return "Không còn cần gửi."
    return f"Đối tác đã nhận, mã {standing.code}."


def _blocked(standing: Standing) -> str:
    if standing.is_parked:
        return "Đã được tạm gác, chờ người bỏ tạm gác."
    known = _CAUSES.get(standing.code or "")
    if known is not None:
        return f"{known} ({_last(standing)})"
    return (
        f"Đối tác từ chối, mã {standing.code}: {_last(standing)}. "
        "Sửa nguyên nhân rồi gửi lại; các bản tin sau của hồ sơ này đang chờ."
    )


_CAUSES = {
    "unmapped": "Một giá trị chưa có mã tương ứng ở đối tác; bổ sung ánh xạ rồi gửi lại.",
    "contract_broken": "Đối tác trả lời không đọc được nhiều lần; kiểm tra kết nối rồi gửi lại.",
    "fault": "Hồ sơ không diễn đạt được thành bản tin; sửa dữ liệu rồi gửi lại.",
}


def _dead(standing: Standing) -> str:
    return (
        f"Đã thử {standing.tries} lần trong khoảng một ngày mà không được, lần cuối: "
        f"{_last(standing)}. Hỏi đối tác, rồi gửi lại."
    )


def _last(standing: Standing) -> str:
    """Return what was said last: the partner's own message, where its answer has one."""
    said = standing.answer or ""
    try:
        read = json.loads(said)
    except (ValueError, RecursionError):
        read = None
    if isinstance(read, dict) and isinstance(read.get("message"), str):
        said = read["message"]
    return " ".join(said.split())[:_LONGEST] or "không có câu trả lời"


def _at(at: datetime) -> str:
    return f"{at.astimezone(LOCAL_ZONE):%H:%M:%S ngày %d/%m/%Y}"


_SENTENCES: dict[DeliveryState, Callable[[Standing], str]] = {
    DeliveryState.WAITING: _waiting,
    DeliveryState.IN_FLIGHT: _in_flight,
    DeliveryState.ACKNOWLEDGED: _acknowledged,
    DeliveryState.BLOCKED: _blocked,
    DeliveryState.DEAD: _dead,
}
