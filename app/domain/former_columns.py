"""The columns of a file of old dossiers: what each holds, in words for whoever fills them in."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from app.domain.errors import DomainError
from app.domain.intake import Channel, ReturnWay
from app.domain.lifecycle import ACT_LABELS, LABELS, Act, Status
from app.domain.payments import Method
from app.domain.procedure import ApplicantKind

YES, NO = "yes", "no"


class FormerFileRefused(DomainError):
    """Not a file of old dossiers: nothing of it was taken in."""

    code = "import.file_refused"
    title = "Không đọc được tệp hồ sơ cũ"


@dataclass(frozen=True, slots=True)
class CellFault:
    """One thing to mend in a row: which column, a stable code, a sentence."""

    column: str
    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class FormerColumn:
    """A column; `words` are the values that it may hold, each with its meaning; none: any."""

    name: str
    about: str
    example: str = ""
    required: bool = False
    words: dict[str, str] | None = None


def _words(values: type[StrEnum], *labels: str) -> dict[str, str]:
    return {str(value): label for value, label in zip(values, labels, strict=True)}


_STATUSES = {str(status): LABELS[status] for status in Status if status is not Status.DRAFT}
ACT_WORDS: Final = {str(act): ACT_LABELS[act] for act in Act if act is not Act.MOVE}

COLUMNS: Final = (
    FormerColumn("code", "Mã hồ sơ, giữ nguyên", "H44.10-190304-0012", required=True),
    FormerColumn("procedure", "Mã thủ tục hành chính", "1.001193", required=True),
    FormerColumn("agency", "Mã định danh cơ quan giải quyết", "H44.10", required=True),
    FormerColumn(
        "channel",
        "Kênh tiếp nhận",
        "desk",
        required=True,
        words=_words(Channel, "trực tiếp", "trực tuyến", "bưu chính công ích"),
    ),
    FormerColumn(
        "applicant_kind",
        "Đối tượng",
        "citizen",
        required=True,
        words=_words(ApplicantKind, "công dân", "doanh nghiệp", "cơ quan nhà nước", "tổ chức khác"),
    ),
    FormerColumn(
        "applicant_number",
        "Số định danh cá nhân 12 chữ số, hoặc mã số thuế 10 hay 10-3 chữ số",
        "025099000017",
        required=True,
    ),
    FormerColumn("applicant_name", "Tên chủ hồ sơ", "Nguyễn Văn Mẫu", required=True),
    FormerColumn("applicant_phone", "Điện thoại", "0900000001"),
    FormerColumn("applicant_email", "Thư điện tử", "mau@example.vn"),
    FormerColumn("applicant_address", "Địa chỉ", "Số 1 phố Mẫu"),
    FormerColumn(
        "verified",
        "Tài khoản nộp đã được VNeID xác thực; để trống là không",
        words={YES: "có", NO: "không"},
    ),
    FormerColumn(
        "received_at", "Lúc tiếp nhận (trực tuyến: lúc nộp)", "04/03/2019 08:15", required=True
    ),
    FormerColumn("accepted_at", "Lúc chính thức tiếp nhận hồ sơ trực tuyến"),
    FormerColumn("started_at", "Lúc bắt đầu xử lý; để trống là ngay khi tiếp nhận"),
    FormerColumn("supplement_requested_at", "Lúc yêu cầu bổ sung"),
    FormerColumn("supplemented_at", "Lúc bổ sung"),
    FormerColumn(
        "due_at", "Lúc hẹn trả như hệ thống cũ đã hẹn: giữ nguyên, có đánh dấu", "07/03/2019"
    ),
    FormerColumn("resolved_at", "Lúc có kết quả", "06/03/2019 16:40"),
    FormerColumn("returned_at", "Lúc trả kết quả", "07/03/2019 09:05"),
    FormerColumn("ended_at", "Lúc từ chối, rút hồ sơ hoặc dừng giải quyết"),
    FormerColumn("status", "Tình trạng hiện nay", "returned", required=True, words=_STATUSES),
    FormerColumn(
        "granted",
        "Kết quả: cấp hay không cấp; để trống là cấp",
        words={YES: "cấp", NO: "không cấp"},
    ),
    FormerColumn("result_number", "Số, ký hiệu văn bản kết quả", "123/GP-SXD"),
    FormerColumn("reason", "Lý do từ chối, dừng, rút hoặc không cấp"),
    FormerColumn("legal_ground", "Căn cứ pháp lý của việc từ chối, dừng"),
    FormerColumn(
        "return_way",
        "Nơi nhận kết quả; để trống là tại quầy",
        "desk",
        words=_words(ReturnWay, "trực tuyến", "tại quầy", "qua bưu chính"),
    ),
    FormerColumn("components", "Mã các thành phần hồ sơ đã nộp, cách nhau bằng dấu cách"),
    FormerColumn("fee_vnd", "Tổng phí, lệ phí (đồng); để trống là theo thủ tục", "200000"),
    FormerColumn("paid_at", "Lúc nộp đủ phí, lệ phí", "04/03/2019 08:20"),
    FormerColumn(
        "paid_by",
        "Cách nộp; để trống là tại quầy",
        "cash",
        words=_words(Method, "trực tuyến", "tại quầy"),
    ),
    FormerColumn("told_at", "Lúc hệ thống cũ đã đồng bộ hồ sơ lên Cổng DVCQG; để trống là chưa"),
    FormerColumn(
        "history", 'Các thao tác theo thứ tự, dạng JSON: [{"act": "accept", "at": "2019-03-04"}]'
    ),
)
BY_NAME: Final = {column.name: column for column in COLUMNS}
REQUIRED: Final = tuple(column.name for column in COLUMNS if column.required)
FAULT_PREFIX: Final = "fault_"
"""Of the columns that a file of faults has more; they are ignored when it is fed again."""
