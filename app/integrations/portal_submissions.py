"""The portal's messages about dossiers that were handed in there, as our words.

`nhanhsdvcqg` is believed to have the fields of DongBoHoSoMC; what the contract does not name and
was concluded is marked (derived). Every fault is collected: whoever mends sees all at once.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from app.domain.application import Fault
from app.domain.documents import file_name
from app.domain.inbound import Malformed, Paper, Service, Submission, agency_code_of
from app.domain.intake import ReturnWay
from app.domain.procedure import ApplicantKind
from app.integrations.portal_inbound import code_of

_LOCAL = ZoneInfo("Asia/Ho_Chi_Minh")
_PROCEDURE = re.compile(r"[1-9]\.\d{6}(\.[0-9A-Za-z]{2,3}){0,5}", re.ASCII)
_INSTANT = re.compile(r"\d{14}", re.ASCII)
_PHONE = re.compile(r"\+?\d{8,14}", re.ASCII)
_EMAIL = re.compile(r"[^@\s]{1,120}@[^@\s]{1,120}")
_SHA256 = re.compile(r"[0-9a-fA-F]{64}", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_LONGEST, _LONGEST_URL, _MOST_PAPERS = 200, 2000, 100

KINDS = {
    "1": ApplicantKind.CITIZEN,
    "2": ApplicantKind.ENTERPRISE,
    "3": ApplicantKind.STATE_BODY,
    "4": ApplicantKind.ORGANISATION,
}
RETURN_WAYS = {"0": ReturnWay.DESK, "1": ReturnWay.POST}
PAID = {"0": "0", "1": "1", "2": "2", "3": "0"}  # 3 has been seen for unpaid but payable
_ONLINE = {"2": True}
_NEW = {"1": True}
_FLAGS = {"0": False, "1": True}
_IDENTITIES = {"1": "personal", "3": "tax"}  # 2, the old identity card, identifies nobody here


class _Reader:
    """Reads members of an object; what is wrong with them is put down, by pointer, not by value."""

    def __init__(self, row: Mapping[str, Any], at: str, faults: list[Fault]) -> None:
        self.row, self.at, self.faults = row, at, faults

    def fault(self, name: str, code: str, detail: str) -> None:
        self.faults.append(Fault(f"{self.at}/{name}" if name else self.at, code, detail))

    def text(
        self,
        name: str,
        shape: re.Pattern[str] | None = None,
        *,
        is_required: bool = False,
        longest: int = _LONGEST,
    ) -> str | None:
        value = self.row.get(name)
        if value is None or value == "":
            if is_required:
                self.fault(name, "inbound.field_missing", f"Thiếu trường {name}.")
            return None
        if not isinstance(value, str):
            self.fault(name, "inbound.field_type", f"{name} phải là chuỗi.")
            return None
        value = value.strip()
        if not value or len(value) > longest or _CONTROL.search(value):
            detail = f"{name} phải gồm 1 đến {longest} ký tự, không có ký tự điều khiển."
            self.fault(name, "inbound.field_invalid", detail)
            return None
        if shape is not None and not shape.fullmatch(value):
            self.fault(name, "inbound.field_invalid", f"{name} không đúng định dạng.")
            return None
        return value

    def word(self, name: str, table: Mapping[str, Any], default: str | None = None) -> Any:  # noqa: ANN401  (ours)
        """Return our word for the portal's; one without a mapping is told by its value."""
        value = self.row.get(name)
        if (value is None or value == "") and default is not None:
            return table[default]
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if value is None or value == "":
            self.fault(name, "inbound.field_missing", f"Thiếu trường {name}.")
            return None
        if not isinstance(value, str) or value not in table:
            said = f"“{value[:20]}”" if isinstance(value, str) else "này"
            allowed = ", ".join(table)
            detail = f"{name}: chưa có ánh xạ cho giá trị {said} (nhận: {allowed})."
            self.fault(name, "inbound.unmapped", detail)
            return None
        return table[value]

    def instant(self, name: str) -> datetime | None:
        value = self.text(name, _INSTANT, is_required=True)
        try:
            found = datetime.strptime(value, "%Y%m%d%H%M%S") if value else None  # noqa: DTZ007
        except ValueError:
            self.fault(name, "inbound.field_invalid", f"{name} không phải thời điểm có thật.")
            return None
        return found.replace(tzinfo=_LOCAL) if found else None

    def rows(self, name: str, most: int = _MOST_PAPERS) -> list["_Reader"]:
        """Return readers of a list's rows; a list that is missing is empty."""
        value = self.row.get(name)
        if value is None or value == "":
            return []
        if not isinstance(value, list) or len(value) > most:
            self.fault(name, "inbound.field_type", f"{name} phải là danh sách, tối đa {most} dòng.")
            return []
        readers = []
        for n, row in enumerate(value):
            if isinstance(row, dict):
                readers.append(_Reader(row, f"{self.at}/{name}/{n}", self.faults))
            else:
                self.fault(f"{name}/{n}", "inbound.field_type", "Dòng phải là một đối tượng.")
        return readers

    def inner(self, name: str) -> Mapping[str, Any] | None:
        value = self.row.get(name)
        if value is None or isinstance(value, dict):
            return value
        self.fault(name, "inbound.field_type", f"{name} phải là một đối tượng.")
        return None

    def content(self, name: str) -> bytes | None:
        """Read Base64; blanks and line ends in it are let pass, anything else is not."""
        value = self.row.get(name)
        if value is None or value == "":
            return None
        try:
            if not isinstance(value, str):
                raise TypeError  # noqa: TRY301  (one fault for all that is no Base64)
            return base64.b64decode("".join(value.split()), validate=True)
        except (binascii.Error, ValueError, TypeError):
            self.fault(name, "inbound.field_invalid", f"{name} không phải Base64.")
            return None


def read_submission(service: Service, message: Mapping[str, Any]) -> Submission:
    """Return what a message says in our words; raises `Malformed` with every fault."""
    reader = _Reader(message, "", [])
    found = _READERS[service](reader)
    if reader.faults:
        raise Malformed(reader.faults)
    return Submission(service=service, code=code_of(message), **found)


def _dossier(reader: _Reader) -> dict[str, Any]:
    reader.word("KenhThucHien", _ONLINE)
    reader.word("TrangThaiHoSo", _NEW)
    unit = reader.text("MaDonVi")  # (derived): DongBoHoSoMC names the unit by DonViXuLy alone
    name = reader.text("DonViXuLy")
    return {
        "procedure": reader.text("MaTTHC", _PROCEDURE, is_required=True),
        "agency": agency_code_of(unit) if unit else None,
        "agency_name": name,
        "kind": reader.word("LoaiDoiTuong", KINDS),
        "number": _owner(reader),
        "name": reader.text("ChuHoSo", is_required=True),
        "phone": reader.text("SoDienThoai", _PHONE),
        "email": reader.text("Email", _EMAIL),
        "address": None,
        "tech_id": reader.text("MaDoiTuong", is_required=True),
        "is_verified": reader.word("TaiKhoanDuocXacThucVoiVNeID", _FLAGS, "0"),
        "form": reader.inner("EformThongTinChiTiet"),  # (derived): generation B's name
        "papers": _papers(reader),
        "return_way": reader.word("HinhThuc", RETURN_WAYS, "0"),
        "submitted_at": reader.instant("NgayNopHoSo"),
        "paid": reader.word("DuocThanhToanTrucTuyen", PAID, "0"),
    }


def _promotion(reader: _Reader) -> dict[str, Any]:
    place = _Reader(reader.inner("DiaChiDoanhNghiep") or {}, "/DiaChiDoanhNghiep", reader.faults)
    return {
        "procedure": reader.text("MaTTHC", _PROCEDURE, is_required=True),
        "agency": None,
        "agency_name": None,
        "kind": ApplicantKind.ENTERPRISE,
        "number": reader.text("MaSoThue", is_required=True),
        "name": reader.text("TenThuongNhan", is_required=True),
        "phone": reader.text("DienThoai", _PHONE),
        "email": reader.text("Email", _EMAIL),
        "address": place.text("DiaChiChiTiet"),
        "tech_id": None,
        "is_verified": False,
        "form": reader.inner("EformThongTinChiTiet"),
        "papers": (*_application(reader), *_papers(reader)),
        "return_way": ReturnWay.ONLINE,
        "submitted_at": reader.instant("NgayNopHoSo"),
        "paid": PAID["0"],
    }


_READERS = {Service.DOSSIER: _dossier, Service.PROMOTION: _promotion}


def _owner(reader: _Reader) -> str | None:
    """Return the first owner's number; more than one owner cannot be entered."""
    owners = reader.rows("DinhDanhCHS")
    if len(owners) != 1:
        detail = "Hồ sơ phải có đúng một chủ hồ sơ trong DinhDanhCHS."
        reader.fault("DinhDanhCHS", "inbound.field_invalid", detail)
        return None
    owners[0].word("LoaiDinhDanh", _IDENTITIES)
    return owners[0].text("SoDinhDanh", is_required=True)


def _papers(reader: _Reader) -> tuple[Paper, ...]:
    return tuple(
        _paper(row) for row in reader.rows("TaiLieuNop") if row.row.get("IsDeleted") != "True"
    )


def _paper(row: _Reader) -> Paper:
    url = row.text("DuongDanTaiTepTin", longest=_LONGEST_URL)
    content = row.content("Base64")
    if url is None and not row.row.get("Base64"):
        detail = "Tệp không có cả DuongDanTaiTepTin lẫn Base64."
        row.fault("", "inbound.file_missing", detail)
    digest = row.text("HashTepTin", _SHA256)  # (derived): generation B's name for it
    return Paper(
        row.at,
        _file_name(row, "TenTepDinhKem"),
        row.text("MaThanhPhanHoSo"),
        row.text("TenThanhPhanHoSo", longest=1000),  # (derived), as above
        url,
        content,
        digest.lower() if digest else None,
    )


def _application(reader: _Reader) -> tuple[Paper, ...]:
    """Return the application of a promotion, which has members of its own."""
    if not reader.row.get("TepDonDangKy"):
        reader.fault("TepDonDangKy", "inbound.field_missing", "Thiếu trường TepDonDangKy.")
        return ()
    content = reader.content("TepDonDangKy")
    name = _file_name(reader, "TenTepDonDangKy")
    return (Paper("/TepDonDangKy", name, content=content, is_main=True),)


def _file_name(row: _Reader, name: str) -> str:
    """Return a file's name as we keep names: no path, not too long."""
    given = row.text(name, is_required=True, longest=4000) or ""
    return file_name(given)
