"""Fields of the central portal's messages, generation B, as data.

Field names, LoaiDoiTuong, LoaiBan and TrangThaiThanhToan are the contract's; which are mandatory,
the rows of fees and of results, and the shape of the hash (SHA-256, hex) are (derived).
"""

from datetime import datetime
from typing import Any

from app.mocks.fields import (
    Table,
    amount,
    inner,
    instant,
    may,
    must,
    one_of,
    rows,
    shaped,
    text,
    whole,
)
from app.mocks.portal_fields import STATUSES

_text = text()
_number = shaped(r"[A-Z]\d{2}(\.[0-9A-Z]{2,3})*-\d{8}-\d{6,7}", "G09.20-20260609-0092637")
_procedure = shaped(r"[1-3]\.\d{6}(\.\d{3}\.\d{2}\.\d{2}\.[A-Z]\d{2})?", "1.005129")
_service = shaped(r"[1-3]\.\d{6}(\.\d{3}\.\d{2}\.\d{2}\.[A-Z]\d{2})?\.01", "1.005129.01")
_hash = shaped(r"[0-9a-f]{64}", "9f86d081...")
_kind = one_of("0", "1", "2")  # công dân, doanh nghiệp, hộ kinh doanh
_RESULT_STATUSES = frozenset({"5", "6", "9"})


def _wrong(where: str, example: str) -> str:
    return f"{where}: sai dạng thời điểm, ví dụ đúng: {example}"


def _iso_with_ms(value: object, where: str) -> list[str]:
    example = "2026-06-09T08:30:00.000+07:00"
    if isinstance(value, str) and len(value) == len(example):
        try:
            read = datetime.fromisoformat(value)
        except ValueError:
            return [_wrong(where, example)]
        if read.tzinfo is not None:
            return []
    return [_wrong(where, example)]


def _plain(value: object, where: str) -> list[str]:
    example = "2026-06-09 08:30:00"
    if isinstance(value, str) and len(value) == len(example) and value[10] == " ":
        try:
            datetime.fromisoformat(value)
        except ValueError:
            return [_wrong(where, example)]
        return []
    return [_wrong(where, example)]


def _mapping(value: object, where: str) -> list[str]:
    return [] if isinstance(value, dict) else [f"{where}: phải là một đối tượng"]


TOKEN: Table = {"client_id": must(_text), "client_secret": must(_text)}
ATTACHED: Table = {
    "IdGiayTo": must(_text),
    "MaKetQua": may(_text),
    "TenGiayTo": must(_text),
    "HashTepTin": must(_hash),
}
COMPONENT: Table = {
    "MaThanhPhanHoSo": must(_text),
    "TenThanhPhanHoSo": must(_text),
    "SoLuong": must(whole(1)),
    "LoaiBan": must(one_of("0", "1", "2")),
    "GiayToDinhKem": must(rows(ATTACHED)),
}
PERSON: Table = {
    name: may(_text)
    for name in (
        *("SoDinhDanh", "NgayCapDinhDanh", "SoDienThoai", "Email", "Fax"),
        *("MaTinh", "MaHuyen", "MaXa", "DiaChiChiTiet", "SoDinhDanhChuHs"),
        *("MaTinhChuHs", "MaXaChuHs", "DiaChiChiTietChuHs"),
    )
} | {"TenNguoiNop": must(_text), "TenChuHs": must(_text), "NgaySinh": may(instant)}
SUBMITTER: Table = {
    "LoaiDoiTuong": must(_kind),
    "IdDoiTuong": may(_text),
    "ThongTinChiTiet": must(inner(PERSON)),
}
FEE: Table = {
    "TenPhiLePhi": must(_text),
    "MaPhiLePhi": must(_text),
    "Gia": must(amount),
    "TrangThaiThanhToan": must(one_of("0", "1")),
}
RESULT: Table = {
    "MaGiayToKetQua": must(_text),
    "TenGiayTo": must(_text),
    "IdGiayTo": must(_text),
    "HashTepTin": must(_hash),
}
DOSSIER: Table = {
    "MaHoSo": must(_number),
    "MaTTHC": must(_procedure),
    "MaDichVuCong": must(_service),
    "ChuHoSo": must(_text),
    "LoaiDoiTuong": must(_kind),
    "MaDonViTiepNhan": must(_text),
    "NgayNop": must(_plain),
    "NgayTiepNhan": may(_plain),
    "EformThongTinChiTiet": must(_mapping),
    "ThanhPhanHoSo": must(rows(COMPONENT)),
    "ThongTinNguoiNop": must(inner(SUBMITTER)),
    "DanhSachLePhi": must(rows(FEE)),
}
PROGRESS: Table = {
    "IDHoSo": must(_text),
    "MaHoSo": must(_number),
    "NguoiXuLy": must(_text),
    "ThoiDiemXuLy": must(_iso_with_ms),
    "PhongBanXuLy": may(_text),
    "NoiDungXuLy": must(_text),
    "TrangThai": must(one_of(*STATUSES)),
    "NgayBatDau": may(_iso_with_ms),
    "NgayKetThucTheoQuyDinh": may(_iso_with_ms),
}
STATUS: Table = {
    "IdHoSo": must(_text),
    "MaHoSo": must(_number),
    "TrangThai": must(one_of(*STATUSES)),
    "NoiDungYKien": may(_text),
    "PhongBanXuLy": may(_text),
    "NoiDungXuLy": must(_text),
    "DanhSachLePhi": may(rows(FEE)),
    "DanhSachGiayToKetQua": may(rows(RESULT)),
}


def faults_of_results(item: dict[str, Any], where: str) -> list[str]:
    """Refuse results in a status that has none (the contract: only for 5, 6, 9)."""
    if item.get("DanhSachGiayToKetQua") and item["TrangThai"] not in _RESULT_STATUSES:
        return [f"{where}.DanhSachGiayToKetQua: chỉ ở trạng thái 5, 6, 9"]
    return []
