"""The payment platform's client alone: signatures, opening, notices."""

import json
from datetime import UTC, datetime
from typing import Any, Literal

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.integrations.payment_platform import (
    Merchant,
    Notice,
    NoticeForged,
    Order,
    PaymentPlatform,
    PlatformContractBroken,
    PlatformUnavailable,
    answer_notice,
    read_kept_notice,
    read_notice,
    sign,
)
from tests.running import Json

NOW = datetime(2026, 8, 1, 2, 30, tzinfo=UTC)
REFERENCE = "H44.01-260801-0001-1"
INIT = (
    *("LoaiBanTin", "PhienBan", "MaDoiTac", "MaThamChieu", "SoTien", "LoaiHinhThanhToan"),
    *("MaKenhThanhToan", "MaThietBi", "NgonNgu", "MaTienTe", "MaNganHang", "ThongTinGiaoDich"),
    *("ThoiGianGD", "Ip"),
)
CONFIRM = (
    *("LoaiBanTin", "MaLoi", "MaDoiTac", "MaThamChieu", "SoTien", "MaTienTe", "MaGiaoDich"),
    *("MaNganHang", "ThoiGianGD", "ThongTinGiaoDich"),
)
QUERY = ("LoaiBanTin", "PhienBan", "MaDoiTac", "MaThamChieu", "ThoiGianGD")
"""CONTRACTS.md 2.1, order of fields, and the vectors below."""

VECTORS = [
    (
        INIT,
        (
            f"INIT|1.0.6|DT01|{REFERENCE}|150000|PAY|1|1|vi-VN|VND|PAYMENT|Thanh toan ho so|"
            "20260801093000|127.0.0.1"
        ),
        "d7c26750bebdacfcd10d88d70878dc220c0fe6b68049f9fd809cbae48331136d",
    ),
    (
        CONFIRM,
        (
            f"CONFIRM|00|DT01|{REFERENCE}|150000|VND|GD0001|VIETCOMBANK|20260801093512|"
            "Thanh toan ho so"
        ),
        "84d1be03091ae50eea298175d1e63d8cbf33dbbadc8d23f9ba89347e8a3e5300",
    ),
    (
        QUERY,
        f"QUERY|1.0.6|DT01|{REFERENCE}|20260801094000",
        "76d341b8bf4030423b88b439fa0b511b0ecf0ae72d67d965cf168a528f7e8d6c",
    ),
]
INIT_HMAC = "df2b39d70537e4734dbf719ba528173a143f63a52ba1b3393bd3ac98f01e71dd"

ORDER = Order(
    reference=REFERENCE,
    amount_vnd=150_000,
    text="Thanh toan ho so",
    payer_ip="127.0.0.1",
    dossier_code="H44.01-260801-0001",
    procedure_code="2.000488",
    procedure_name="Cấp Phiếu lý lịch tư pháp",
    agency_code="H44.10",
    agency_name="Sở Tư pháp",
    payer_name="Trần Thị Mẫu",
    payer_number="025099000001",
    payer_address="",
    lines=(("fee", "LP1", "Lệ phí", 100_000), ("charge", "P1", "Phí", 50_000)),
)


def _merchant(scheme: Literal["sha256", "hmac"] = "sha256") -> Merchant:
    return Merchant("DT01", "s3cret", "0000000001", "NHMAU", "KBNN tỉnh mẫu", scheme)


def _platform(
    reply: httpx.Response | Exception, merchant: Merchant, sent: list[bytes] | None = None
) -> PaymentPlatform:
    """Return a client whose platform gives one reply; the bodies of requests go to `sent`."""

    def answer(request: httpx.Request) -> httpx.Response:
        assert (request.method, request.url.path) == ("POST", "/init")
        if sent is not None:
            sent.append(request.content)
        if isinstance(reply, Exception):
            raise reply
        return reply

    transport = httpx.MockTransport(answer)
    http = httpx.Client(base_url="http://platform.test", transport=transport)
    return PaymentPlatform(http, merchant)


@pytest.mark.parametrize(
    ("order", "joined", "signature"), VECTORS, ids=["INIT", "CONFIRM", "QUERY"]
)
def test_a_message_is_signed_as_the_contract_computes_it(
    order: tuple[str, ...], joined: str, signature: str
) -> None:
    message = dict(zip(order, joined.split("|"), strict=True))

    assert sign(message, order, _merchant()) == signature


def test_the_older_scheme_signs_without_the_secret_in_the_text() -> None:
    order, joined, _ = VECTORS[0]
    message = dict(zip(order, joined.split("|"), strict=True))

    assert sign(message, order, _merchant("hmac")) == INIT_HMAC


def _opened(**inner: Json) -> httpx.Response:
    message = {"MaLoi": "00", "UrlThanhToan": "https://pay.example/1", **inner}
    return httpx.Response(200, json={"error_code": "0", "message": json.dumps(message)})


def test_an_order_is_opened_with_every_field_of_the_contract() -> None:
    bodies: list[bytes] = []

    address = _platform(_opened(), _merchant(), bodies).open(ORDER, NOW)

    assert address == "https://pay.example/1"
    [body] = bodies
    sent = json.loads(body)
    receipt = sent.pop("ThongTinBienLai")
    assert sent == {
        **dict(zip(INIT, VECTORS[0][1].split("|"), strict=True)),
        "MaXacThuc": VECTORS[0][2],
    }
    assert receipt["MaDichVu"] == "2"
    assert receipt["MaDVC"] == "2.000488.01"
    assert receipt["MaHoSo"] == "H44.01-260801-0001"
    assert (receipt["TKThuHuong"], receipt["MaNHThuHuong"]) == ("0000000001", "NHMAU")
    assert [(row["MaPhiLePhi"], row["SoTien"]) for row in receipt["PhiLePhi"]] == [
        ("LP1", "100000"),
        ("P1", "50000"),
    ]
    assert [row["SoTien"] for row in receipt["DSKhoanNop"]] == ["100000", "50000"]


_INNER = {"MaLoi": "00", "UrlThanhToan": "http://x"}


@pytest.mark.parametrize(
    "answer",
    [
        {"error_code": "0", "message": _INNER},
        {"error_code": 0, "message": json.dumps(_INNER)},
        {"error_code": "00", "message": json.dumps(_INNER)},
    ],
    ids=["object", "number", "00"],
)
def test_each_way_of_saying_that_it_is_open_is_understood(answer: Json) -> None:
    reply = httpx.Response(200, json=answer)

    assert _platform(reply, _merchant()).open(ORDER, NOW) == "http://x"


@pytest.mark.parametrize(
    "reply",
    [
        httpx.Response(500),
        httpx.Response(429),
        httpx.ReadTimeout("slow"),
        httpx.ConnectError("refused"),
        httpx.ReadError("reset"),
    ],
    ids=["500", "429", "time-out", "no connection", "reset"],
)
def test_no_answer_means_unknown(reply: httpx.Response | Exception) -> None:
    with pytest.raises(PlatformUnavailable):
        _platform(reply, _merchant()).open(ORDER, NOW)


@pytest.mark.parametrize(
    "reply",
    [
        httpx.Response(200, html="<h1>Bảo trì</h1>"),
        httpx.Response(200, text='{"error_code":'),
        httpx.Response(200, json=[]),
        httpx.Response(200, json={"error_code": "-1", "message": "{}"}),
        httpx.Response(200, json={"error_code": "0"}),
        httpx.Response(200, json={"error_code": "0", "message": "x"}),
        httpx.Response(200, json={"error_code": "0", "message": "[]"}),
        httpx.Response(404),
        _opened(MaLoi="99"),
        _opened(UrlThanhToan="javascript:alert(1)"),
        _opened(UrlThanhToan=None),
    ],
)
def test_an_answer_that_opens_nothing_is_kept_for_a_person(reply: httpx.Response) -> None:
    with pytest.raises(PlatformContractBroken):
        _platform(reply, _merchant()).open(ORDER, NOW)


def _confirm(merchant: Merchant, **changes: Json) -> dict[str, Any]:
    notice = dict(zip(CONFIRM, VECTORS[1][1].split("|"), strict=True)) | {"SoTien": 150_000}
    notice |= changes
    return notice | {"MaXacThuc": sign(notice, CONFIRM, merchant)}


@pytest.mark.parametrize("scheme", ["sha256", "hmac"])
def test_a_genuine_notice_is_read(scheme: Literal["sha256", "hmac"]) -> None:
    merchant = _merchant(scheme)
    raw = json.dumps(_confirm(merchant)).encode()

    assert read_notice(raw, merchant) == read_kept_notice(raw)
    assert read_notice(raw, merchant) == Notice(
        is_paid=True,
        result="00",
        partner="DT01",
        reference=REFERENCE,
        amount_vnd=150_000,
        currency="VND",
        transaction="GD0001",
        bank="VIETCOMBANK",
        occurred_at="20260801093512",
    )


@pytest.mark.parametrize("code", ["01", "02", "99", "0", "", "000"])
def test_only_00_is_paid(code: str) -> None:
    merchant = _merchant()

    assert not read_notice(json.dumps(_confirm(merchant, MaLoi=code)).encode(), merchant).is_paid


@pytest.mark.parametrize("scheme", ["sha256", "hmac"])
@pytest.mark.parametrize("name", [*CONFIRM, "MaXacThuc"])
@given(value=st.text(max_size=20) | st.integers() | st.none() | st.lists(st.integers()))
def test_a_notice_with_any_field_changed_is_forged(
    scheme: Literal["sha256", "hmac"], name: str, value: object
) -> None:
    merchant = _merchant(scheme)
    notice = _confirm(merchant)
    changed = notice | {name: value}
    if str(changed[name]) == str(notice[name]):
        return

    with pytest.raises(NoticeForged):
        read_notice(json.dumps(changed).encode(), merchant)


@pytest.mark.parametrize("name", [*CONFIRM, "MaXacThuc"])
def test_a_notice_with_any_field_missing_is_forged(name: str) -> None:
    notice = _confirm(_merchant())
    del notice[name]

    with pytest.raises(NoticeForged):
        read_notice(json.dumps(notice).encode(), _merchant())


def test_a_notice_signed_with_another_secret_or_scheme_is_forged() -> None:
    other = Merchant("DT01", "other", "0000000001", "NHMAU", "KBNN tỉnh mẫu")
    for stranger in (other, _merchant("hmac")):
        with pytest.raises(NoticeForged):
            read_notice(json.dumps(_confirm(stranger)).encode(), _merchant())


def test_another_message_of_the_platform_is_no_notice() -> None:
    merchant = _merchant()

    with pytest.raises(NoticeForged):
        read_notice(json.dumps(_confirm(merchant, LoaiBanTin="INIT")).encode(), merchant)


@given(raw=st.binary())
def test_bytes_from_anywhere_are_forged(raw: bytes) -> None:
    with pytest.raises(NoticeForged):
        read_notice(raw, _merchant())


def test_deep_nesting_is_forged_and_breaks_nothing() -> None:
    with pytest.raises(NoticeForged):
        read_notice(b"[" * 200_000, _merchant())


@pytest.mark.parametrize(("fault", "code"), [(None, "00"), ("Sai số tiền", "99")])
def test_an_answer_says_whether_the_notice_was_taken(fault: str | None, code: str) -> None:
    answer = answer_notice(_merchant(), REFERENCE, fault=fault, now=NOW)

    assert answer["MaLoi"] == code
    assert answer["MoTaLoi"] == fault or fault is None
    assert answer["ThoiGianGD"] == "20260801093000"
    assert (answer["MaDoiTac"], answer["MaThamChieu"]) == ("DT01", REFERENCE)
    assert len(answer["MaXacThuc"]) == 64
