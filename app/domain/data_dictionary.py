"""The data dictionary (từ điển dữ liệu): every column that an extraction has, said once.

Headers of CSV files, the types of Parquet files and the dictionary that is handed out are made of
these rows.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum, auto
from types import MappingProxyType
from typing import Final


class Type(StrEnum):
    TEXT = auto()
    DATE = auto()  # ISO 8601
    INSTANT = auto()  # ISO 8601 with the offset from UTC
    INTEGER = auto()
    DECIMAL = auto()  # two decimals, half up
    BOOLEAN = auto()  # true, false


@dataclass(frozen=True, slots=True)
class Column:
    """A column; `unit` is empty where nothing is counted."""

    name: str
    type: Type
    unit: str
    meaning: str
    source: str


_CATALOGUE: Final = "Danh mục cơ quan, thủ tục"
_INTAKE: Final = "Tiếp nhận hồ sơ"
_COURSE: Final = "Lịch sử giải quyết hồ sơ"
_CLOCK: Final = "Nghị định 118/2025/NĐ-CP"
_PORTAL: Final = "Đồng bộ với Cổng Dịch vụ công quốc gia"
_STEERING: Final = "Quyết định 766/QĐ-TTg"
_COUNT: Final = "hồ sơ"


def _text(name: str, meaning: str, source: str) -> Column:
    return Column(name, Type.TEXT, "", meaning, source)


def _day(name: str, meaning: str, source: str) -> Column:
    return Column(name, Type.DATE, "ngày", meaning, source)


def _claim(name: str, meaning: str, source: str) -> Column:
    return Column(name, Type.BOOLEAN, "", meaning, source)


def _count(name: str, meaning: str, source: str, unit: str = _COUNT) -> Column:
    return Column(name, Type.INTEGER, unit, meaning, source)


DOSSIER: Final = (
    _text("code", "Mã hồ sơ", _INTAKE),
    _text("agency_code", "Mã định danh cơ quan tiếp nhận, giải quyết lúc nhận", _CATALOGUE),
    _text("agency_name", "Tên cơ quan ấy vào ngày cuối kỳ", _CATALOGUE),
    _text("agency_level", "Cấp: province (tỉnh), district (huyện), commune (xã)", _CATALOGUE),
    _text("owner_code", "Mã cơ quan giải quyết sau cùng (khác khi sắp xếp cơ quan)", _COURSE),
    _text("procedure_code", "Mã thủ tục hành chính", _CATALOGUE),
    _text("procedure_name", "Tên thủ tục hành chính", _CATALOGUE),
    _text("field_code", "Mã lĩnh vực", _CATALOGUE),
    _text("field_name", "Tên lĩnh vực", _CATALOGUE),
    _text("channel", "Kênh nộp: online, desk (trực tiếp), post (bưu chính)", _INTAKE),
    _day("received_on", "Ngày nộp hồ sơ, giờ Việt Nam", _INTAKE),
    _day("answered_on", "Ngày trả lời lần đầu hồ sơ trực tuyến", _COURSE),
    _claim("answered_late", "Trả lời lần đầu sau 8 giờ làm việc", "Nghị định 45/2020/NĐ-CP"),
    _day("accepted_on", "Ngày tiếp nhận chính thức", _COURSE),
    Column("due_at", Type.INSTANT, "thời điểm", "Thời hạn giải quyết", _CLOCK),
    _text("status", "Trạng thái, tên như trong API", _COURSE),
    _text("outcome", "Kết thúc: resolved, refused, withdrawn, stopped; trống: chưa", _COURSE),
    _day("ended_on", "Ngày kết thúc giải quyết", _COURSE),
    _text("timing", "Kết quả so với hạn: early, on_time, late", _CLOCK),
    _day("returned_on", "Ngày trả kết quả cho người dân", _COURSE),
    _day("overdue_on", "Ngày hết hạn khi hồ sơ chưa giải quyết xong", _CLOCK),
    _count("supplement_requests", "Số lần yêu cầu bổ sung giấy tờ", _COURSE, "lần"),
    _count("forwarded", "Số lần chuyển sang cơ quan khác", _COURSE, "lần"),
    _count("moved", "Số lần đổi cơ quan giải quyết do sắp xếp", _COURSE, "lần"),
    _text("sync_state", "Đồng bộ: acknowledged, waiting, blocked, dead, absent", _PORTAL),
    _claim("is_paper_due", "Thủ tục phải trả kết quả bản giấy", _CATALOGUE),
    _claim("has_result_file", "Đã có kết quả điện tử", _STEERING),
    _claim("is_fee_due", "Có phí, lệ phí lớn hơn 0", _STEERING),
    _count("fee_vnd", "Phí, lệ phí phải nộp sau miễn giảm", _INTAKE, "đồng"),
    _claim("is_paid_online", "Đã thanh toán trực tuyến", _STEERING),
    _claim("is_digital", "Thành phần hồ sơ và kết quả đã số hóa", _STEERING),
    _claim("is_verified", "Tài khoản người nộp đã xác thực bằng VNeID", _STEERING),
)
"""Of a row that is a dossier; nothing that names a person, an address or a form."""

_ANNEX_SOURCE: Final = "Phụ lục 02, Quyết định 2348/QĐ-UBND (2021)"
ANNEX: Final = (
    _text("period", "Kỳ báo cáo", _ANNEX_SOURCE),
    _text("group", "Nhóm cơ quan", _ANNEX_SOURCE),
    _text("row", "Số thứ tự trong nhóm; total: cộng của nhóm", _ANNEX_SOURCE),
    _text("agency", "Tên cơ quan, đơn vị", _ANNEX_SOURCE),
    _count("total", "Tổng số hồ sơ tiếp nhận", _ANNEX_SOURCE),
    _count("at_desk", "Nộp tại Bộ phận Một cửa và qua bưu chính", _ANNEX_SOURCE),
    _count("online", "Nộp trực tuyến", _ANNEX_SOURCE),
    Column("online_rate_percent", Type.DECIMAL, "%", "Tỷ lệ trực tuyến", _ANNEX_SOURCE),
)

_OPEN_HEAD: Final = (
    _text("month", "Tháng (năm-tháng)", "Kỳ trích xuất"),
    _text("code", "Mã cơ quan hoặc mã lĩnh vực; total: toàn tỉnh", _CATALOGUE),
    _text("name", "Tên cơ quan hoặc lĩnh vực", _CATALOGUE),
    _text("level", "Cấp của cơ quan; trống: lĩnh vực, toàn tỉnh", _CATALOGUE),
)
_OPEN_TAIL: Final = (
    _count("total", "Cộng của dòng; trống: bị ẩn", "Tổng các cột đếm"),
    _text(
        "hidden",
        "Ô bị ẩn: counts (các cột đếm), all (cả cộng); trống: đủ. Số từ 1 đến 4 luôn bị ẩn, và "
        "những số khác mà từ đó tính ra được chúng cũng vậy",
        "Quy tắc k ≥ 5",
    ),
)
_RECEIVED: Final = (
    _count("online", "Nộp trực tuyến trong tháng; trống: bị ẩn", _INTAKE),
    _count("desk", "Nộp trực tiếp trong tháng; trống: bị ẩn", _INTAKE),
    _count("post", "Nộp qua bưu chính trong tháng; trống: bị ẩn", _INTAKE),
)
_RESOLVED: Final = (
    _count("early", "Giải quyết trước hạn trong tháng; trống: bị ẩn", _CLOCK),
    _count("on_time", "Giải quyết đúng hạn trong tháng; trống: bị ẩn", _CLOCK),
    _count("late", "Giải quyết quá hạn trong tháng; trống: bị ẩn", _CLOCK),
)
OPEN_DATA: Final[Mapping[str, Sequence[Column]]] = MappingProxyType(
    {
        f"{what}-by-{by}.csv": (*_OPEN_HEAD, *counts, *_OPEN_TAIL)
        for what, counts in (("received", _RECEIVED), ("resolved", _RESOLVED))
        for by in ("agency", "field")
    }
)
"""The tables of the open data by the name of their file."""

HEAD: Final = ("file", "column", "type", "unit", "meaning", "source")


def entries(files: Mapping[str, Sequence[Column]]) -> Iterator[tuple[str, ...]]:
    """Return the rows of the dictionary of some files, as `HEAD` names them."""
    for file, columns in files.items():
        for one in columns:
            yield file, one.name, str(one.type), one.unit, one.meaning, one.source


def as_markdown(files: Mapping[str, Sequence[Column]]) -> str:
    """Return the dictionary as a page to read."""
    lines = ["# Từ điển dữ liệu", ""]
    for file, columns in files.items():
        lines += [f"## {file}", "", "| cột | kiểu | đơn vị | ý nghĩa | nguồn |"]
        lines.append("|---|---|---|---|---|")
        lines += [
            f"| {one.name} | {one.type} | {one.unit or '–'} | {one.meaning} | {one.source} |"
            for one in columns
        ]
        lines.append("")
    return "\n".join(lines)
