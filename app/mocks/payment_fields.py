"""Fields of the payment platform's messages, version 1.0.6, as data.

The contract marks no field of the receipt as mandatory: which ones are is (derived).
"""

from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any

from app.mocks.fields import Table, amount, inner, instant, may, must, one_of, rows, shaped, text
from app.mocks.portal_codes import dossier_code

VERSION = "1.0.6"
_FINE = "1"
_text = text()


def _address(value: object, where: str) -> list[str]:
    try:
        ip_address(value if isinstance(value, str) else "")
    except ValueError:
        return [f"{where}: phải là địa chỉ IP"]
    return []


def _amount(value: object, where: str) -> list[str]:
    """Accept digits, or an integer: the contract does not say which stands in the receipt."""
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return amount(str(value) if is_number else value, where)


_FEE: Table = {
    "LoaiPhiLePhi": must(_text),
    "MaPhiLePhi": must(_text),
    "TenPhiLePhi": must(_text),
    "SoTien": must(_amount),
}
_ITEM: Table = {"NoiDung": must(_text), "SoTien": must(_amount)}
_FINE_FIELDS = (
    "MaLoaiHinhThuPhat",
    "TenLoaiHinhThuPhat",
    "MaCoQuanQD",
    "TenCoQuanQD",
    "KhoBac",
    "NgayQD",
    "SoQD",
    "ThoiGianViPham",
    "DiaDiemViPham",
    "TenNguoiViPham",
    "TaiKhoanThuNSNN",
)
_RECEIPT: Table = {
    "MaDichVu": must(one_of(_FINE, "2")),
    "MaDVC": must(_text),
    "TenDVC": must(_text),
    "MaTTHC": must(_text),
    "TenTTHC": must(_text),
    "MaDonVi": must(_text),
    "TenDonVi": must(_text),
    "MaHoSo": must(dossier_code),
    "TKThuHuong": must(_text),
    "MaNHThuHuong": must(_text),
    "TenTKThuHuong": must(_text),
    "PhiLePhi": may(rows(_FEE)),
    "DSKhoanNop": must(rows(_ITEM, least=1)),
    "NoiDungThanhToan": must(_text),
    "HoTenNguoiNop": must(_text),
    "SoCMNDNguoiNop": may(_text),
    "DiaChiNguoiNop": may(_text),
    "HuyenNguoiNop": may(_text),
    "TinhNguoiNop": may(_text),
    **{name: may(_text) for name in _FINE_FIELDS},
}


def _head(kind: str) -> Table:
    return {
        "LoaiBanTin": must(one_of(kind)),
        "PhienBan": must(one_of(VERSION)),
        "MaDoiTac": must(_text),
        "MaThamChieu": must(text(255)),
        "ThoiGianGD": must(instant),
        "MaXacThuc": must(shaped(r"[0-9a-f]{64}", "64 chữ số thập lục phân viết thường")),
    }


MESSAGES: dict[str, Table] = {
    "INIT": {
        **_head("INIT"),
        "SoTien": must(amount),
        "LoaiHinhThanhToan": must(one_of("PAY")),
        "MaKenhThanhToan": must(one_of("1")),
        "MaThietBi": must(one_of("1")),
        "NgonNgu": must(one_of("vi-VN")),
        "MaTienTe": must(one_of("VND")),
        "MaNganHang": must(one_of("PAYMENT")),
        "ThongTinGiaoDich": must(_text),
        "Ip": must(_address),
        "ThongTinBienLai": must(inner(_RECEIPT)),
    },
    "QUERY": _head("QUERY"),
    "GET_BILL": _head("GET_BILL"),
}


def faults_of_receipt(message: Mapping[str, Any]) -> list[str]:
    """Return what the receipt of an INIT contradicts (derived): sums, and what a fine needs."""
    receipt, total = message["ThongTinBienLai"], int(message["SoTien"])
    where = "ThongTinBienLai"
    faults = [
        f"{where}.{name}: tổng khác SoTien"
        for name in ("PhiLePhi", "DSKhoanNop")
        if receipt.get(name) and sum(int(row["SoTien"]) for row in receipt[name]) != total
    ]
    if total == 0:
        faults.append("SoTien: phải lớn hơn 0")
    is_fine = receipt["MaDichVu"] == _FINE
    faults += [
        f"{where}.{name}: {'bắt buộc với' if is_fine else 'chỉ dùng cho'} xử phạt"
        for name in _FINE_FIELDS
        if bool(receipt.get(name)) != is_fine
    ]
    if not is_fine and not receipt.get("PhiLePhi"):
        faults.append(f"{where}.PhiLePhi: bắt buộc với phí, lệ phí")
    return faults
