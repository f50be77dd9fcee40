"""Facts of invented dossiers, one set for each form."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from app.domain.papers import Form
from app.papers.facts import (
    Apology,
    Component,
    ControlSlip,
    Dossier,
    Handover,
    NumberedPaper,
    Office,
    Outcome,
    Paper,
    Particular,
    Provision,
    Receipt,
    Refusal,
    Register,
    RegisterEntry,
    Result,
    Signatory,
    StopNotice,
    SupplementRequest,
)

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
ISSUED_AT = datetime(2026, 11, 23, 14, 5, tzinfo=ZONE)
DUE_AT = datetime(2026, 12, 15, 14, 5, tzinfo=ZONE)
TRACKING_URL = "https://motcua.example.vn/tra-cuu/H44.10-261123-0975"

DESK = Office(
    parent_agency="Ủy ban nhân dân tỉnh Phú Thọ",
    agency="Sở Xây dựng",
    desk="Bộ phận Tiếp nhận và Trả kết quả",
    place="Phú Thọ",
)
AGENCY = replace(DESK, desk=None)
DOSSIER = Dossier(
    code="H44.10-261123-0975",
    applicant="Nguyễn Thị Phượng Vỹ",
    address="Số 27, ngõ 8, đường Hùng Vương, phường Thanh Miếu, tỉnh Phú Thọ",
    phone="0900 000 975",
    email="phuong.vy@example.vn",
    procedure="Cấp giấy phép xây dựng mới đối với nhà ở riêng lẻ",
    tracking_url=TRACKING_URL,
)
DIRECTOR = Signatory(capacity=("KT. GIÁM ĐỐC", "PHÓ GIÁM ĐỐC"), name="Đỗ Quang Thưởng")
GROUND = "Khoản 2 Điều 17 Nghị định số 118/2025/NĐ-CP ngày 09 tháng 6 năm 2025 của Chính phủ"

RECEIPT = Receipt(
    office=DESK,
    issued_at=ISSUED_AT,
    number=975,
    symbol="TNHS",
    dossier=DOSSIER,
    components=(
        Component(name="Đơn đề nghị cấp giấy phép xây dựng", electronic=1),
        Component(
            name="Giấy tờ chứng minh quyền sử dụng đất theo quy định của pháp luật về đất đai",
            copies=1,
        ),
        Component(name="Bản vẽ thiết kế xây dựng", originals=2, electronic=1),
        Component(name="Bản cam kết bảo đảm an toàn đối với công trình liền kề", originals=1),
    ),
    sets=1,
    time_limit="15 ngày làm việc",
    received_at=ISSUED_AT,
    due_at=DUE_AT,
    result_place="Bộ phận Tiếp nhận và Trả kết quả Sở Xây dựng",
    result_way="Nhận trực tiếp bản giấy; bản điện tử gửi vào kho dữ liệu điện tử của cá nhân",
    register_book="02/2026",
    register_number=975,
    submitter="Trần Văn Đượm",
    receptionist="Lê Thị Ngọc Huyền",
)
SUPPLEMENT_REQUEST = SupplementRequest(
    office=DESK,
    issued_at=ISSUED_AT,
    number=8,
    symbol="YCBS",
    dossier=replace(DOSSIER, email=None),
    missing=(
        "Bản vẽ mặt cắt móng công trình chưa có chữ ký của người chủ trì thiết kế.",
        "Thiếu bản cam kết bảo đảm an toàn đối với công trình liền kề phía đông thửa đất.",
    ),
    reason="Thành phần hồ sơ chưa đủ và chưa hợp lệ theo danh mục của thủ tục.\n"
    "Các nội dung còn lại của hồ sơ đã đạt yêu cầu, không phải nộp lại.",
    legal_ground=GROUND,
    answer_by=DUE_AT.date(),
    contact="bà Lê Thị Ngọc Huyền, quầy số 4",
    contact_phone="0210 000 0004",
    adviser="Lê Thị Ngọc Huyền",
)
REFUSAL = Refusal(
    office=DESK,
    issued_at=ISSUED_AT,
    number=12,
    symbol="TCTN",
    dossier=DOSSIER,
    reason="Thửa đất thuộc thẩm quyền cấp phép của Ủy ban nhân dân phường Thanh Miếu.\n"
    "Đề nghị nộp hồ sơ tại Trung tâm Phục vụ hành chính công của phường.",
    legal_ground=GROUND,
    submitter="Trần Văn Đượm",
    receptionist="Lê Thị Ngọc Huyền",
)
APOLOGY = Apology(
    office=AGENCY,
    issued_at=ISSUED_AT + timedelta(days=20),
    number=3,
    symbol="PXL-SXD",
    dossier=DOSSIER,
    received_at=ISSUED_AT,
    due_at=DUE_AT,
    reason="Phải lấy thêm ý kiến của cơ quan phòng cháy, chữa cháy về khoảng cách an toàn.",
    new_due_at=datetime(2026, 12, 22, 17, 0, tzinfo=ZONE),
    signatory=DIRECTOR,
)
STOP_NOTICE = StopNotice(
    office=AGENCY,
    issued_at=ISSUED_AT + timedelta(days=40),
    number=1,
    symbol="TB-SXD",
    dossier=DOSSIER,
    received_at=ISSUED_AT,
    reason="Quá thời hạn ghi trong Phiếu yêu cầu bổ sung, hoàn thiện hồ sơ mà không có trả lời.",
    legal_ground=GROUND,
    signatory=DIRECTOR,
)
CONTROL_SLIP = ControlSlip(
    office=DESK,
    issued_at=ISSUED_AT,
    number=975,
    symbol="PKS",
    dossier=DOSSIER,
    resolving_agency="Phòng Quản lý xây dựng, Sở Xây dựng",
    cooperating_agencies=("Sở Nông nghiệp và Môi trường", "Công an tỉnh"),
    received_at=ISSUED_AT,
    due_at=DUE_AT,
    handovers=(
        Handover(
            giver="Lê Thị Ngọc Huyền, Bộ phận Tiếp nhận và Trả kết quả",
            receiver="Phạm Đức Trường, Phòng Quản lý xây dựng",
            handed_at=ISSUED_AT,
            received_at=ISSUED_AT + timedelta(minutes=25),
            outcome=Outcome.EARLY,
        ),
        Handover(
            giver="Phạm Đức Trường, Phòng Quản lý xây dựng",
            receiver="Ngô Thị Ảnh, Sở Nông nghiệp và Môi trường",
            handed_at=ISSUED_AT + timedelta(days=2),
            received_at=ISSUED_AT + timedelta(days=3),
            outcome=Outcome.LATE,
            note="Chậm 1 ngày do mưa bão",
        ),
        Handover(
            giver="Ngô Thị Ảnh, Sở Nông nghiệp và Môi trường",
            receiver="Phạm Đức Trường, Phòng Quản lý xây dựng",
            handed_at=ISSUED_AT + timedelta(days=5),
            received_at=None,
            outcome=None,
        ),
    ),
)
RESULT = Result(
    office=AGENCY,
    issued_at=DUE_AT,
    number=4,
    symbol="QĐ-SXD",
    dossier=DOSSIER,
    title="Quyết định",
    subject="Về việc cấp giấy phép xây dựng nhà ở riêng lẻ",
    authority="Giám đốc Sở Xây dựng",
    grounds=(
        "Căn cứ Luật Tổ chức chính quyền địa phương",
        "Căn cứ Nghị định số 118/2025/NĐ-CP ngày 09 tháng 6 năm 2025 của Chính phủ",
        "Xét hồ sơ đề nghị của bà Nguyễn Thị Phượng Vỹ",
    ),
    particulars=(),
    provisions=(
        Provision(
            text="Cấp giấy phép xây dựng cho bà Nguyễn Thị Phượng Vỹ để xây dựng nhà ở riêng lẻ "
            "hai tầng, diện tích xây dựng 86,5 m², tại số 27, ngõ 8, đường Hùng Vương."
        ),
        Provision(text="Giấy phép có hiệu lực 12 tháng kể từ ngày cấp."),
        Provision(
            text="Trưởng phòng Quản lý xây dựng và bà Nguyễn Thị Phượng Vỹ chịu trách nhiệm thi "
            "hành Quyết định này./."
        ),
    ),
    recipients=("Như Điều 3", "Ủy ban nhân dân phường Thanh Miếu"),
    signatory=DIRECTOR,
)
CERTIFICATE = replace(
    RESULT,
    title="Kết quả giải quyết thủ tục hành chính",
    subject="Xác nhận tình trạng hôn nhân",
    authority=None,
    grounds=(),
    particulars=(
        Particular(label="Họ, chữ đệm, tên", value="Nguyễn Thị Phượng Vỹ"),
        Particular(label="Ngày, tháng, năm sinh", value="05/02/1994"),
        Particular(label="Tình trạng hôn nhân", value="Chưa đăng ký kết hôn với ai"),
    ),
    provisions=(),
)


def a_register(lines: int) -> Register:
    """A register whose every line can be told from the others by number, code and name."""
    return Register(
        office=DESK,
        issued_at=ISSUED_AT,
        first_on=date(2026, 11, 1),
        last_on=date(2026, 11, 30),
        book="02/2026",
        note="Phát hành lúc 17:00 30/11/2026, người lập: Trần Thị Mẫu",
        entries=tuple(_entry(number) for number in range(1, lines + 1)),
    )


def _entry(number: int) -> RegisterEntry:
    received_at = ISSUED_AT - timedelta(minutes=number)
    return RegisterEntry(
        number=number,
        code=f"H44.10-261123-{number:04}",
        procedure=DOSSIER.procedure,
        sets=1,
        applicant=f"Nguyễn Thị Phượng {number}",
        address="Phường Thanh Miếu, tỉnh Phú Thọ",
        phone="0900 000 975",
        resolving_agency="Phòng Quản lý xây dựng",
        received_at=received_at,
        due_at=received_at + timedelta(days=21),
        returned_at=received_at + timedelta(days=20) if number % 3 else None,
        result_way="Trực tiếp tại quầy",
    )


SAMPLES: dict[Form, Paper] = {
    Form.RECEIPT: RECEIPT,
    Form.SUPPLEMENT_REQUEST: SUPPLEMENT_REQUEST,
    Form.REFUSAL: REFUSAL,
    Form.APOLOGY: APOLOGY,
    Form.STOP_NOTICE: STOP_NOTICE,
    Form.CONTROL_SLIP: CONTROL_SLIP,
    Form.REGISTER: a_register(40),
    Form.RESULT: RESULT,
}
DOSSIER_PAPERS: dict[Form, NumberedPaper] = {
    form: facts for form, facts in SAMPLES.items() if isinstance(facts, NumberedPaper)
}
