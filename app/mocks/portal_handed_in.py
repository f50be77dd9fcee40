"""Dossiers that citizens hand in on the portal: how they are handed on, field by field.

The contract names the services and says that the generic one is shaped like DongBoHoSoMC; what
else stands here is (derived) where marked.
"""

from typing import Any

from app.mocks.fields import Table, inner, may, must, one_of, rows, shaped, text, web_address
from app.mocks.fields import instant as instant_field
from app.mocks.people import tech_id
from app.mocks.portal_codes import dossier_code
from app.mocks.portal_fields import DOSSIER, PAPER

DOSSIER_SERVICE, PROMOTION_SERVICE = "nhanhsdvcqg", "addtthcKhuyenMai"

_text = text()
_base64 = shaped(r"[A-Za-z0-9+/\s]+={0,2}", "JVBERi0xLjcK")
_hash = shaped(r"[0-9a-f]{64}", "0" * 64)
_unit = shaped(r"[A-Z]\d{2}(\.[0-9A-Z]{2,3})*|\d{3}\.\d{2}\.\d{2}\.[A-Z]\d{2}", "H44.10")


def _any_object(value: object, where: str) -> list[str]:
    return [] if isinstance(value, dict) else [f"{where}: phải là một đối tượng"]


_ADDED_TO_PAPER: Table = {  # HashTepTin, TenThanhPhanHoSo: generation B's names (derived)
    "DuongDanTaiTepTin": may(web_address),
    "Base64": may(_base64),
    "HashTepTin": may(_hash),
    "TenThanhPhanHoSo": may(text(1000)),
}
_DERIVED: Table = {  # MaDonVi: no field of DongBoHoSoMC has a code (derived); the e-form as in B
    "MaDonVi": may(_unit),
    "EformThongTinChiTiet": may(_any_object),
}
_PLACE: Table = {name: may(_text) for name in ("MaTinh", "MaHuyen", "MaXa", "DiaChiChiTiet")}
HANDED_IN: dict[str, Table] = {
    DOSSIER_SERVICE: {
        **DOSSIER,
        **_DERIVED,
        "TrangThaiHoSo": must(one_of("1")),
        "KenhThucHien": must(one_of("2")),
        "NoiNopHoSo": must(one_of("1")),
        "DuocThanhToanTrucTuyen": must(one_of("0", "1", "2", "3")),
        "TaiLieuNop": may(rows({**PAPER, **_ADDED_TO_PAPER})),
    },
    PROMOTION_SERVICE: {
        **_DERIVED,
        "MaHoSo": must(dossier_code),
        "MaTTHC": DOSSIER["MaTTHC"],
        "SoVanBan": may(_text),
        "NgayNopHoSo": must(instant_field),
        "TenThuongNhan": must(_text),
        "MaSoThue": must(shaped(r"\d{10}(-\d{3})?", "2600123456")),
        "DiaChiDoanhNghiep": may(inner(_PLACE)),
        "DienThoai": may(_text),
        "Fax": may(_text),
        "Email": may(_text),
        "TenTepDonDangKy": must(_text),
        "TepDonDangKy": must(_base64),
        "TaiLieuNop": may(rows({"TenTepDinhKem": must(text(4000)), "Base64": must(_base64)})),
    },
}
_ONLY_HANDED_ON = {"MaDonVi", "EformThongTinChiTiet", "TepDonDangKy", "TaiLieuNop"}


def as_known(service: str, message: dict[str, Any]) -> dict[str, Any]:
    """Return what the portal knows of a dossier from the moment it was handed in: status 1."""
    known = {name: value for name, value in message.items() if name not in _ONLY_HANDED_ON}
    return known | ({"TrangThaiHoSo": "1"} if service == PROMOTION_SERVICE else {})


def sample(service: str, code: str, at: str) -> dict[str, Any]:
    """Return a complete message about an invented dossier of the sample province."""
    return _SAMPLES[service](code, at)


def _dossier(code: str, at: str) -> dict[str, Any]:
    number = "025099000001"
    return {
        "MaHoSo": code,
        "MaTTHC": "2.000488.000.00.00.H44",
        "TenTTHC": "Cấp Phiếu lý lịch tư pháp",
        "MaLinhVuc": "G15-TP03",
        "TenLinhVuc": "Lý lịch tư pháp",
        "KenhThucHien": "2",
        "ChuHoSo": "Trần Thị Mẫu",
        "LoaiDoiTuong": "1",
        "MaDoiTuong": tech_id(number),
        "SoDienThoai": "0900000001",
        "Email": "mau@example.vn",
        "NgayNopHoSo": at,
        "TrangThaiHoSo": "1",
        "HinhThuc": "0",
        "DonViXuLy": "Sở Tư pháp",
        "NoiNopHoSo": "1",
        "HoSoCoThanhPhanSoHoa": "1",
        "TaiKhoanDuocXacThucVoiVNeID": "1",
        "DuocThanhToanTrucTuyen": "0",
        "DinhDanhCHS": [{"LoaiDinhDanh": "1", "SoDinhDanh": number}],
        "DSKetNoiCSDL": [],
        "TaiLieuNop": [
            _paper("1", "to-khai.pdf", "Tờ khai yêu cầu cấp Phiếu lý lịch tư pháp"),
            _paper("2", "the-can-cuoc.pdf", "Bản sao giấy tờ tùy thân"),
        ],
    }


def _paper(number: str, name: str, component: str) -> dict[str, str]:
    return {
        "TepDinhKemId": number,
        "TenTepDinhKem": name,
        "IsDeleted": "False",
        "TenThanhPhanHoSo": component,
        "DuocSoHoa": "1",
        "DuocTaiSuDung": "0",
        "DuocLayTuKhoDMQG": "0",
    }


def _promotion(code: str, at: str) -> dict[str, Any]:
    return {
        "MaHoSo": code,
        "MaTTHC": "2.000033",
        "SoVanBan": "01/TB-KM",
        "NgayNopHoSo": at,
        "TenThuongNhan": "Công ty Mẫu",
        "MaSoThue": "2600123456",
        "DiaChiDoanhNghiep": {"MaTinh": "25", "DiaChiChiTiet": "Số 9, phố Mẫu"},
        "DienThoai": "0900000009",
        "Email": "cong-ty@example.vn",
        "TenTepDonDangKy": "thong-bao-khuyen-mai.pdf",
        "TaiLieuNop": [{"TenTepDinhKem": "the-le.pdf"}],
    }


_SAMPLES = {DOSSIER_SERVICE: _dossier, PROMOTION_SERVICE: _promotion}
