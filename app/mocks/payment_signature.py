"""Signatures of the payment platform's messages (MaXacThuc)."""

import hmac
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Literal

_HEAD = ("LoaiBanTin", "PhienBan", "MaDoiTac", "MaThamChieu")
_RESULT = (
    "MaLoi",
    "MaDoiTac",
    "MaThamChieu",
    "SoTien",
    "MaTienTe",
    "MaGiaoDich",
    "MaNganHang",
    "ThoiGianGD",
    "ThongTinGiaoDich",
)
ORDERS = {
    "INIT": (
        *_HEAD,
        "SoTien",
        "LoaiHinhThanhToan",
        "MaKenhThanhToan",
        "MaThietBi",
        "NgonNgu",
        "MaTienTe",
        "MaNganHang",
        "ThongTinGiaoDich",
        "ThoiGianGD",
        "Ip",
    ),
    "CONFIRM": ("LoaiBanTin", *_RESULT),
    "QUERY": (*_HEAD, "ThoiGianGD"),
    "GET_BILL": (*_HEAD, "ThoiGianGD"),
}


def sign(message: Mapping[str, Any], secret: str, method: Literal["sha256", "hmac"]) -> str:
    """Return the signature of a message, whose kind decides which fields are signed."""
    values = [str(message[name]) for name in ORDERS[message["LoaiBanTin"]]]
    if method == "hmac":
        return hmac.new(secret.encode(), "|".join(values).encode(), sha256).hexdigest()
    return sha256("|".join([*values, secret]).encode()).hexdigest()


def is_signed(message: Mapping[str, Any], secret: str, method: Literal["sha256", "hmac"]) -> bool:
    """Tell whether a message carries its right signature."""
    return hmac.compare_digest(sign(message, secret, method), str(message["MaXacThuc"]))
