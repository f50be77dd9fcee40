"""Running figures (KPI C) of a period: what came, what was done, what is left, from its sums."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from app.domain.measures import Sums

RUNNING: Final[Mapping[str, str]] = MappingProxyType(
    {
        "opening": "Tồn kỳ trước chuyển sang",
        "received": "Tiếp nhận trong kỳ",
        "moved_in": "Nhận từ cơ quan sáp nhập",
        "moved_out": "Chuyển cho cơ quan kế thừa",
        "resolved_early": "Đã giải quyết trước hạn",
        "resolved_on_time": "Đã giải quyết đúng hạn",
        "resolved_late": "Đã giải quyết quá hạn",
        "refused": "Từ chối tiếp nhận",
        "withdrawn": "Công dân rút",
        "stopped": "Dừng giải quyết",
        "closed": "Đã kết thúc trong kỳ",
        "open": "Còn lại cuối kỳ",
        "in_time": "Đang giải quyết trong hạn",
        "overdue": "Đang giải quyết quá hạn",
        "waiting_supplement": "Trong đó chờ bổ sung giấy tờ",
        "waiting_payment": "Trong đó chờ thực hiện nghĩa vụ tài chính",
        "returned": "Đã trả kết quả trong kỳ",
        "forwarded": "Lượt chuyển sang cơ quan khác",
        "crossed": "Trong đó chuyển giữa các cấp",
        "answered": "Đã trả lời lần đầu trong kỳ",
        "answered_in_time": "Trong đó trong 8 giờ làm việc",
        "answered_late": "Trong đó trả lời sau 8 giờ làm việc",
    }
)
"""Each count with what it is called, in the order of the report."""

_CLOSED: Final = (
    "resolved_early",
    "resolved_on_time",
    "resolved_late",
    "refused",
    "withdrawn",
    "stopped",
)


def lines_of(sums: Sums) -> dict[str, int]:
    """Return every running figure; `opening + received + moved = closed + open` always."""
    known = {name: sums.get(name, 0) for name in RUNNING}
    known["closed"] = sum(known[name] for name in _CLOSED)
    known["answered_in_time"] = known["answered"] - known["answered_late"]
    known["in_time"] = known["open"] - known["overdue"]
    return known
