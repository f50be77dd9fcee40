"""Official papers (giấy tờ của Bộ phận Một cửa): which there are, and which act issues which.

Forms 01 to 07 are those of Circular 03/2025/TT-VPCP, annex I.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from app.domain.lifecycle import Act


class Form(StrEnum):
    """A paper; the value is the name of its template."""

    RECEIPT = "receipt"  # 01 Giấy tiếp nhận hồ sơ và hẹn trả kết quả
    SUPPLEMENT_REQUEST = "supplement-request"  # 02 Phiếu yêu cầu bổ sung, hoàn thiện hồ sơ
    REFUSAL = "refusal"  # 03 Phiếu từ chối tiếp nhận giải quyết hồ sơ
    APOLOGY = "apology"  # 04 Phiếu xin lỗi và hẹn lại ngày trả kết quả
    STOP_NOTICE = "stop-notice"  # 05 Thông báo dừng giải quyết hồ sơ
    CONTROL_SLIP = "control-slip"  # 06 Phiếu kiểm soát quá trình giải quyết hồ sơ
    REGISTER = "register"  # 07 Sổ theo dõi hồ sơ
    RESULT = "result"  # Kết quả giải quyết thủ tục hành chính


@dataclass(frozen=True, slots=True)
class Book:
    """How a form is entered in the books: its number in the circular, name, symbol, file name."""

    form_number: str
    title: str
    symbol: str
    slug: str


BOOKS: Final[Mapping[Form, Book]] = {
    Form.RECEIPT: Book("01", "Giấy tiếp nhận hồ sơ và hẹn trả kết quả", "TNHS", "giay-tiep-nhan"),
    Form.SUPPLEMENT_REQUEST: Book(
        "02", "Phiếu yêu cầu bổ sung, hoàn thiện hồ sơ", "YCBS", "phieu-yeu-cau-bo-sung"
    ),
    Form.REFUSAL: Book("03", "Phiếu từ chối tiếp nhận giải quyết hồ sơ", "TCTN", "phieu-tu-choi"),
    Form.APOLOGY: Book("04", "Phiếu xin lỗi và hẹn lại ngày trả kết quả", "PXL", "phieu-xin-loi"),
    Form.STOP_NOTICE: Book("05", "Thông báo dừng giải quyết hồ sơ", "TB", "thong-bao-dung"),
    Form.CONTROL_SLIP: Book(
        "06", "Phiếu kiểm soát quá trình giải quyết hồ sơ", "PKS", "phieu-kiem-soat"
    ),
}
"""The papers that are about one dossier and kept as they were issued."""

ISSUED_BY: Final[Mapping[Act, Form]] = {
    Act.TAKE_IN: Form.RECEIPT,
    Act.ACCEPT: Form.RECEIPT,
    Act.REQUEST_SUPPLEMENT: Form.SUPPLEMENT_REQUEST,
    Act.REFUSE: Form.REFUSAL,
    Act.EXTEND: Form.APOLOGY,
    Act.STOP: Form.STOP_NOTICE,
}
"""The act that issues a paper; an apology for what is late already is no act and issues one too."""

INTERNAL: Final = frozenset({Form.CONTROL_SLIP})
"""Papers that go from hand to hand in the agencies: never the applicant's."""


def written_number(number: int, form: Form) -> str:
    """Return a paper's number as it is printed (Decree 30/2020/NĐ-CP, annex I): `05/TNHS`."""
    return f"{number:02}/{BOOKS[form].symbol}"
