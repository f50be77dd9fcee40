"""Client of the national payment platform, message version 1.0.6 (INIT, CONFIRM, QUERY)."""

import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

import httpx

_LOCAL = ZoneInfo("Asia/Ho_Chi_Minh")
_PROTOCOL = "1.0.6"
_PAID, _ACCEPTED, _REFUSED = "00", "00", "99"
_CURRENCY = "VND"

_INIT_ORDER = (
    "LoaiBanTin",
    "PhienBan",
    "MaDoiTac",
    "MaThamChieu",
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
)
_CONFIRM_ORDER = (
    "LoaiBanTin",
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
_QUERY_ORDER = ("LoaiBanTin", "PhienBan", "MaDoiTac", "MaThamChieu", "ThoiGianGD")
_ANSWER_ORDER = ("MaLoi", "MoTaLoi", "MaDoiTac", "MaThamChieu", "ThoiGianGD")


class PlatformUnavailable(Exception):
    """No answer, a 5xx, a quota: what became of the request is unknown, ask again later."""


class PlatformContractBroken(Exception):
    """An answer we cannot read, or a refusal: a person looks before anything is sent again."""


class NoticeForged(Exception):
    """A notice whose signature is not the platform's, or that is no notice at all."""


@dataclass(frozen=True, slots=True)
class Merchant:
    """Our account at the platform and the one that the money goes to.

    `scheme` hmac is an older draft's signature.
    """

    partner: str
    secret: str
    account: str
    account_bank: str
    account_name: str
    scheme: Literal["sha256", "hmac"] = "sha256"


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be paid: amount in đồng; the texts are shown to the payer and on the receipt."""

    reference: str
    amount_vnd: int
    text: str
    payer_ip: str
    dossier_code: str
    procedure_code: str
    procedure_name: str
    agency_code: str
    agency_name: str
    payer_name: str
    payer_number: str
    payer_address: str
    lines: tuple[tuple[str, str, str, int], ...]  # kind, code, name, đồng


@dataclass(frozen=True, slots=True)
class Notice:
    """A CONFIRM whose signature is the platform's."""

    is_paid: bool
    result: str
    partner: str
    reference: str
    amount_vnd: int
    currency: str
    transaction: str
    bank: str
    occurred_at: str


@dataclass(frozen=True, slots=True)
class PaymentPlatform:
    http: httpx.Client  # the composition root builds it: base URL, time-outs, TLS
    merchant: Merchant

    def open(self, order: Order, now: datetime) -> str:
        """Open a payment (INIT) and return the address where it is paid.

        Sent again with the same reference it opens nothing new, so an unknown outcome is resolved
        by sending again. Raises `PlatformUnavailable` or `PlatformContractBroken`.
        """
        answer = self._post("/init", _init(order, self.merchant, now))
        if str(answer.get("error_code")) not in {"0", "00"}:
            raise PlatformContractBroken(f"INIT: {answer.get('error_code')} {answer}"[:500])
        try:
            message = answer["message"]
            inner = json.loads(message) if isinstance(message, str) else message
            address = inner["UrlThanhToan"]
        except (KeyError, TypeError, ValueError) as error:
            raise PlatformContractBroken(f"INIT: {answer}"[:500]) from error
        if str(inner.get("MaLoi")) != _ACCEPTED or not str(address).startswith("http"):
            raise PlatformContractBroken(f"INIT: {inner}"[:500])
        return str(address)

    def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        try:
            response = self.http.post(path, json=body)
        except httpx.TransportError as error:
            raise PlatformUnavailable(type(error).__name__) from error
        if response.is_server_error or response.status_code == httpx.codes.TOO_MANY_REQUESTS:
            raise PlatformUnavailable(f"HTTP {response.status_code}")
        try:
            answer = response.raise_for_status().json()
        except (httpx.HTTPStatusError, ValueError) as error:
            raise PlatformContractBroken(response.text[:500]) from error
        if not isinstance(answer, dict):
            raise PlatformContractBroken(response.text[:500])
        return answer


def _init(order: Order, merchant: Merchant, now: datetime) -> dict[str, Any]:
    message: dict[str, Any] = {
        "LoaiBanTin": "INIT",
        "PhienBan": _PROTOCOL,
        "MaDoiTac": merchant.partner,
        "MaThamChieu": order.reference,
        "SoTien": str(order.amount_vnd),
        "LoaiHinhThanhToan": "PAY",
        "MaKenhThanhToan": "1",
        "MaThietBi": "1",
        "NgonNgu": "vi-VN",
        "MaTienTe": _CURRENCY,
        "MaNganHang": "PAYMENT",
        "ThongTinGiaoDich": order.text,
        "ThoiGianGD": _stamp(now),
        "Ip": order.payer_ip,
    }
    receipt = {
        "MaDichVu": "2",
        "MaDVC": f"{order.procedure_code}.01",
        "TenDVC": order.procedure_name,
        "MaTTHC": order.procedure_code,
        "TenTTHC": order.procedure_name,
        "MaDonVi": order.agency_code,
        "TenDonVi": order.agency_name,
        "MaHoSo": order.dossier_code,
        "TKThuHuong": merchant.account,
        "MaNHThuHuong": merchant.account_bank,
        "TenTKThuHuong": merchant.account_name,
        "PhiLePhi": [
            {
                "LoaiPhiLePhi": kind,
                "MaPhiLePhi": code,
                "TenPhiLePhi": name,
                "SoTien": str(amount),
            }
            for kind, code, name, amount in order.lines
        ],
        "DSKhoanNop": [
            {"NoiDung": name, "SoTien": str(amount)} for _, _, name, amount in order.lines
        ],
        "NoiDungThanhToan": order.text,
        "HoTenNguoiNop": order.payer_name,
        "SoCMNDNguoiNop": order.payer_number,
        "DiaChiNguoiNop": order.payer_address,
    }
    return message | {
        "ThongTinBienLai": receipt,
        "MaXacThuc": sign(message, _INIT_ORDER, merchant),
    }


def read_notice(raw: bytes, merchant: Merchant) -> Notice:
    """Return what a CONFIRM says, its signature checked before anything else is believed."""
    try:
        body = json.loads(raw)
        claimed = str(body["MaXacThuc"]).lower()
        genuine = hmac.compare_digest(
            claimed.encode(), sign(body, _CONFIRM_ORDER, merchant).encode()
        )
        if not genuine or body["LoaiBanTin"] != "CONFIRM":
            raise NoticeForged("signature")
        return _notice(body)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise NoticeForged(type(error).__name__) from error


def read_kept_notice(raw: bytes) -> Notice:
    """Return what a CONFIRM says whose signature was checked when it came."""
    return _notice(json.loads(raw))


def _notice(body: dict[str, Any]) -> Notice:
    return Notice(
        is_paid=body["MaLoi"] == _PAID,
        result=str(body["MaLoi"]),
        partner=str(body["MaDoiTac"]),
        reference=str(body["MaThamChieu"]),
        amount_vnd=int(body["SoTien"]),
        currency=str(body["MaTienTe"]),
        transaction=str(body["MaGiaoDich"]),
        bank=str(body["MaNganHang"]),
        occurred_at=str(body["ThoiGianGD"]),
    )


def answer_notice(
    merchant: Merchant, reference: str, *, fault: str | None, now: datetime
) -> dict[str, str]:
    """Return the signed answer to a CONFIRM: taken, or why not."""
    answer = {
        "MaLoi": _REFUSED if fault else _ACCEPTED,
        "MoTaLoi": fault or "Thành công",
        "MaDoiTac": merchant.partner,
        "MaThamChieu": reference,
        "ThoiGianGD": _stamp(now),
    }
    return answer | {"MaXacThuc": sign(answer, _ANSWER_ORDER, merchant)}


def sign(message: dict[str, Any], order: tuple[str, ...], merchant: Merchant) -> str:
    """Sign fields in their order: SHA-256 with the secret as last field, or HMAC without it."""
    fields = [str(message[name]) for name in order]
    if merchant.scheme == "hmac":
        joined = "|".join(fields).encode()
        return hmac.new(merchant.secret.encode(), joined, hashlib.sha256).hexdigest()
    return hashlib.sha256("|".join([*fields, merchant.secret]).encode()).hexdigest()


def _stamp(now: datetime) -> str:
    return f"{now.astimezone(_LOCAL):%Y%m%d%H%M%S}"
