"""Facts of papers as they are on an ordinary day, for one of each form; persons are invented."""

from datetime import date, datetime, timedelta
from typing import Any

from app.domain.calendar import LOCAL_ZONE
from app.domain.papers import Form
from app.papers.facts import (
    Apology,
    Component,
    ControlSlip,
    Dossier,
    Handover,
    Office,
    Outcome,
    Paper,
    Receipt,
    Refusal,
    Register,
    RegisterEntry,
    Signatory,
    StopNotice,
    SupplementRequest,
)

_AT = datetime(2026, 10, 5, 9, tzinfo=LOCAL_ZONE)
_DUE_AT = _AT + timedelta(days=14)
_OFFICE = Office(
    parent_agency=None,
    agency="Ủy ban nhân dân Thành phố Việt Trì",
    desk="Bộ phận Tiếp nhận và Trả kết quả",
    place="Việt Trì",
)
_REASON = "Thành phần hồ sơ chưa đủ và chưa hợp lệ theo danh mục của thủ tục. " * 4
_GROUND = "Khoản 2 Điều 17 Nghị định số 118/2025/NĐ-CP ngày 09 tháng 6 năm 2025 của Chính phủ"
_CHIEF = Signatory(capacity=("TM. ỦY BAN NHÂN DÂN",), name="Phạm Văn Duyệt")


def papers(number: int) -> dict[Form, Paper]:
    """Return one paper of each form; another number makes another paper."""
    head: dict[str, Any] = {
        "office": _OFFICE,
        "issued_at": _AT,
        "number": number,
        "dossier": _dossier(number),
    }
    parties: dict[str, Any] = {"submitter": "Trần Thị Mẫu", "receptionist": "Lê Thị Ngọc Huyền"}
    return {
        Form.RECEIPT: Receipt(
            **head,
            **parties,
            symbol="TNHS",
            components=tuple(
                Component(name=f"Giấy tờ thứ {n} theo danh mục của thủ tục", originals=1, copies=n)
                for n in range(1, 7)
            ),
            sets=1,
            time_limit="10 ngày làm việc",
            received_at=_AT,
            due_at=_DUE_AT,
            result_place="Bộ phận Tiếp nhận và Trả kết quả",
            result_way="trực tiếp tại Bộ phận Tiếp nhận và Trả kết quả",
            register_book="2026",
            register_number=number,
        ),
        Form.SUPPLEMENT_REQUEST: SupplementRequest(
            **head,
            symbol="YCBS",
            missing=("Bản sao giấy tờ tùy thân", "Tờ khai"),
            reason=_REASON,
            legal_ground=None,
            answer_by=date(2026, 11, 5),
            contact="Lê Thị Ngọc Huyền, Bộ phận Tiếp nhận và Trả kết quả",
            contact_phone=None,
            adviser="Lê Thị Ngọc Huyền",
        ),
        Form.REFUSAL: Refusal(
            **head, **parties, symbol="TCTN", reason=_REASON, legal_ground=_GROUND
        ),
        Form.APOLOGY: Apology(
            **head,
            symbol="PXL",
            received_at=_AT,
            due_at=_DUE_AT,
            reason=_REASON,
            new_due_at=_DUE_AT + timedelta(days=3),
            signatory=_CHIEF,
        ),
        Form.STOP_NOTICE: StopNotice(
            **head,
            symbol="TB",
            received_at=_AT,
            reason=_REASON,
            legal_ground=_GROUND,
            signatory=_CHIEF,
        ),
        Form.CONTROL_SLIP: _slip(head),
        Form.REGISTER: Register(
            office=_OFFICE,
            issued_at=_AT,
            first_on=date(2026, 10, 1),
            last_on=date(2026, 10, 31),
            book="2026",
            note="Phát hành lúc 17:00 31/10/2026, người lập: Trần Thị Mẫu",
            entries=tuple(_entry(n) for n in range(number, number + 110)),
        ),
    }


def _slip(head: dict[str, Any]) -> ControlSlip:
    return ControlSlip(
        **head,
        symbol="PKS",
        resolving_agency="Ủy ban nhân dân Thành phố Việt Trì",
        cooperating_agencies=(),
        received_at=_AT,
        due_at=_DUE_AT,
        handovers=tuple(
            Handover(
                giver=f"Cán bộ số {n}, Phòng Quản lý đô thị",
                receiver=f"Cán bộ số {n + 1}, Phòng Quản lý đô thị",
                handed_at=_AT + timedelta(hours=n),
                received_at=_AT + timedelta(hours=n, minutes=5),
                outcome=Outcome.EARLY,
            )
            for n in range(1, 7)
        ),
    )


def _dossier(number: int) -> Dossier:
    code = f"H44.29-261005-{number:04}"
    return Dossier(
        code=code,
        applicant="Nguyễn Thị Phượng Vỹ",
        address="Số 27, ngõ 8, đường Hùng Vương, phường Gia Cẩm",
        phone="0900000001",
        email="mau@example.vn",
        procedure="Cấp giấy phép xây dựng mới đối với nhà ở riêng lẻ",
        tracking_url=f"https://motcua.example.vn/v1/tracking/{code}",
    )


def _entry(number: int) -> RegisterEntry:
    dossier = _dossier(number)
    return RegisterEntry(
        number=number,
        code=dossier.code,
        procedure=dossier.procedure,
        sets=1,
        applicant=dossier.applicant,
        address=dossier.address,
        phone=dossier.phone,
        resolving_agency="UBND Thành phố Việt Trì",
        received_at=_AT,
        due_at=_DUE_AT,
        returned_at=None,
        result_way="Trực tiếp",
    )
