"""Messages, pages and receipts of the payment platform's mock."""

import base64
import json
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import httpx2
import pytest
from starlette.testclient import TestClient

from app.mocks.config import MockConfig
from app.mocks.payment_signature import sign
from app.mocks.server import create_app
from tests.mocks.samples import a_question, an_init

REFERENCE = "H44.01-260801-0001-1"
VECTORS: list[tuple[dict[str, Any], Literal["sha256", "hmac"], str]] = [
    (
        an_init(MockConfig(Path())),
        "sha256",
        "d7c26750bebdacfcd10d88d70878dc220c0fe6b68049f9fd809cbae48331136d",
    ),
    (
        an_init(MockConfig(Path())),
        "hmac",
        "df2b39d70537e4734dbf719ba528173a143f63a52ba1b3393bd3ac98f01e71dd",
    ),
    (
        {
            "LoaiBanTin": "CONFIRM",
            "MaLoi": "00",
            "MaDoiTac": "DT01",
            "MaThamChieu": REFERENCE,
            "SoTien": 150000,
            "MaTienTe": "VND",
            "MaGiaoDich": "GD0001",
            "MaNganHang": "VIETCOMBANK",
            "ThoiGianGD": "20260801093512",
            "ThongTinGiaoDich": "Thanh toan ho so",
        },
        "sha256",
        "84d1be03091ae50eea298175d1e63d8cbf33dbbadc8d23f9ba89347e8a3e5300",
    ),
    (
        a_question(MockConfig(Path()), "QUERY", REFERENCE),
        "sha256",
        "76d341b8bf4030423b88b439fa0b511b0ecf0ae72d67d965cf168a528f7e8d6c",
    ),
]


def said(answer: httpx2.Response) -> tuple[str, dict[str, Any]]:
    """Open the envelope: the platform's own answer is a text inside."""
    assert answer.status_code == 200
    return answer.json()["error_code"], json.loads(answer.json()["message"])


def init(http: TestClient, config: MockConfig, **changes: object) -> tuple[str, dict[str, Any]]:
    return said(http.post("/payment/init", json=an_init(config, **changes)))


def query(http: TestClient, config: MockConfig) -> tuple[str, dict[str, Any]]:
    return said(http.post("/payment/query", json=a_question(config, "QUERY", REFERENCE)))


def pay(http: TestClient, outcome: str = "paid") -> httpx2.Response:
    return http.post(f"/payment/pay/{REFERENCE}", json={"outcome": outcome})


@pytest.mark.parametrize(("message", "method", "signature"), VECTORS)
def test_signatures_equal_the_vectors_of_the_contract(
    message: dict[str, Any], method: Literal["sha256", "hmac"], signature: str
) -> None:
    assert sign(message, "s3cret", method) == signature


def test_a_right_init_gets_a_page_to_pay_on(http: TestClient, config: MockConfig) -> None:
    code, answer = init(http, config)

    assert (code, answer["MaLoi"], answer["MaThamChieu"]) == ("0", "00", REFERENCE)
    assert answer["MaGiaoDich"]
    path = answer["UrlThanhToan"].removeprefix(config.public_url)
    page = http.get(path)
    assert page.status_code == 200
    assert "Thanh toán" in page.text
    assert "150.000 đồng" in page.text


def test_the_same_init_again_gets_the_same_answer(http: TestClient, config: MockConfig) -> None:
    _, first = init(http, config)
    code, second = init(http, config, ThoiGianGD="20260801094500", Ip="::1")

    assert code == "0"
    assert (first["UrlThanhToan"], first["MaGiaoDich"]) == (
        second["UrlThanhToan"],
        second["MaGiaoDich"],
    )
    assert len(http.get("/payment/_orders").json()["orders"]) == 1


def test_another_init_under_the_same_reference_is_refused(
    http: TestClient, config: MockConfig
) -> None:
    init(http, config)

    code, answer = init(http, config, ThongTinGiaoDich="Khac")

    assert (code, answer["MaLoi"]) == ("-1", "99")
    assert "đã tồn tại" in answer["MoTaLoi"]


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("LoaiBanTin", "QUERY"),
        ("PhienBan", "1.0.5"),
        ("MaThamChieu", ""),
        ("MaThamChieu", "x" * 256),
        ("SoTien", 150000),
        ("SoTien", "150.000"),
        ("SoTien", "0150000"),
        ("LoaiHinhThanhToan", "REFUND"),
        ("MaKenhThanhToan", "2"),
        ("MaThietBi", "2"),
        ("NgonNgu", "en"),
        ("MaTienTe", "USD"),
        ("MaNganHang", "VCB"),
        ("ThongTinGiaoDich", ""),
        ("ThoiGianGD", "20260230000000"),
        ("Ip", "localhost"),
        ("ThongTinBienLai", ""),
        ("La", "1"),
    ],
)
def test_each_field_of_an_init_is_checked(
    http: TestClient, config: MockConfig, name: str, wrong: object
) -> None:
    message = an_init(config) | {name: wrong}

    code, answer = said(http.post("/payment/init", json=message))

    assert code == "-1"
    assert name in answer["MoTaLoi"]


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"MaDichVu": "3"}, "MaDichVu"),
        ({"MaHoSo": "x"}, "MaHoSo"),
        ({"HoTenNguoiNop": ""}, "HoTenNguoiNop"),
        ({"La": "1"}, "La"),
        ({"DSKhoanNop": []}, "DSKhoanNop"),
        ({"DSKhoanNop": [{"NoiDung": "Lệ phí", "SoTien": "149999"}]}, "DSKhoanNop: tổng"),
        ({"DSKhoanNop": [{"NoiDung": "Lệ phí", "SoTien": -1}]}, "DSKhoanNop[0].SoTien"),
        ({"PhiLePhi": []}, "PhiLePhi: bắt buộc"),
        ({"SoQD": "12/QĐ"}, "SoQD: chỉ dùng cho xử phạt"),
        ({"MaDichVu": "1"}, "SoQD: bắt buộc với xử phạt"),
    ],
)
def test_the_receipt_is_checked(
    http: TestClient, config: MockConfig, changes: dict[str, object], complaint: str
) -> None:
    receipt = an_init(config)["ThongTinBienLai"] | changes

    code, answer = init(http, config, ThongTinBienLai=receipt)

    assert code == "-1"
    assert complaint in answer["MoTaLoi"]


def test_amounts_in_the_receipt_may_be_numbers(http: TestClient, config: MockConfig) -> None:
    receipt = an_init(config)["ThongTinBienLai"]
    receipt |= {"DSKhoanNop": [{"NoiDung": "Lệ phí", "SoTien": 150000}]}

    assert init(http, config, ThongTinBienLai=receipt)[0] == "0"


@pytest.mark.parametrize("name", ["SoTien", "MaThamChieu", "ThongTinGiaoDich", "ThoiGianGD", "Ip"])
def test_a_field_changed_after_signing_is_noticed(
    http: TestClient, config: MockConfig, name: str
) -> None:
    changed = {
        "SoTien": "150001",
        "MaThamChieu": "khac",
        "ThongTinGiaoDich": "khac",
        "ThoiGianGD": "20260801093001",
        "Ip": "127.0.0.2",
    }
    message = an_init(config) | {name: changed[name]}
    receipt = message["ThongTinBienLai"]
    for row in (*receipt["PhiLePhi"], *receipt["DSKhoanNop"]):
        row["SoTien"] = message["SoTien"]

    code, answer = said(http.post("/payment/init", json=message))

    assert code == "-1"
    assert "chữ ký" in answer["MoTaLoi"]


def test_another_partner_or_secret_is_refused(http: TestClient, config: MockConfig) -> None:
    assert init(http, config, MaDoiTac="DT02")[0] == "-1"
    other = replace(config, payment_secret="khac")
    assert init(http, other)[0] == "-1"


def test_the_older_signature_can_be_chosen(config: MockConfig) -> None:
    older = replace(config, payment_signature="hmac")

    with TestClient(create_app(older)) as http:
        assert init(http, older)[0] == "0"
        assert init(http, config, ThoiGianGD="20260801093001")[0] == "-1"


@pytest.mark.parametrize(
    ("outcome", "code"), [("paid", "00"), ("failed", "99"), ("cancelled", "02")]
)
def test_the_outcome_can_be_asked_for(
    http: TestClient, config: MockConfig, outcome: str, code: str
) -> None:
    init(http, config)
    assert query(http, config)[1]["MaLoi"] == "01"

    assert pay(http, outcome).json() == {"reference": REFERENCE, "status": outcome}

    envelope, answer = query(http, config)
    assert (envelope, answer["MaLoi"], answer["SoTien"]) == ("0", code, 150000)
    assert answer["MaXacThuc"] == sign(answer, config.payment_secret, "sha256")


def test_an_unknown_reference_is_an_error_everywhere(http: TestClient, config: MockConfig) -> None:
    assert query(http, config)[0] == "-1"
    bill = a_question(config, "GET_BILL", REFERENCE)
    assert said(http.post("/payment/get-bill", json=bill))[0] == "-1"
    assert pay(http).status_code == 404
    assert http.get(f"/payment/pay/{REFERENCE}").status_code == 404
    assert http.get(f"/payment/bill/{REFERENCE}").status_code == 404
    assert http.get(f"/payment/_orders/{REFERENCE}").status_code == 404
    assert http.post(f"/payment/_notices/{REFERENCE}", json={}).status_code == 404


@pytest.mark.parametrize("outcome", ["paid", "cancelled"])
def test_what_is_settled_stays_so(http: TestClient, config: MockConfig, outcome: str) -> None:
    init(http, config)
    pay(http, outcome)

    for again in ("paid", "failed", "cancelled"):
        assert pay(http, again).status_code == 409
    order = http.get(f"/payment/_orders/{REFERENCE}").json()
    assert order["status"] == outcome
    assert len(order["notices"]) == 1


def test_a_failed_payment_can_be_tried_again(http: TestClient, config: MockConfig) -> None:
    init(http, config)
    pay(http, "failed")

    assert pay(http, "paid").json()["status"] == "paid"


@pytest.mark.parametrize("outcome", ["waiting", "", 1, None])
def test_an_outcome_that_is_none_is_refused(
    http: TestClient, config: MockConfig, outcome: object
) -> None:
    init(http, config)

    answer = http.post(f"/payment/pay/{REFERENCE}", json={"outcome": outcome})

    assert answer.status_code == 422


def test_the_page_s_own_button_pays(http: TestClient, config: MockConfig) -> None:
    init(http, config)
    assert 'name="outcome" value="paid"' in http.get(f"/payment/pay/{REFERENCE}").text

    page = http.post(f"/payment/pay/{REFERENCE}", data={"outcome": "paid"})

    assert page.status_code == 200
    assert "Thanh toán thành công" in page.text
    assert "<button" not in page.text


def test_what_a_payer_typed_cannot_become_markup(http: TestClient, config: MockConfig) -> None:
    receipt = an_init(config)["ThongTinBienLai"] | {"HoTenNguoiNop": "<script>#x</script>"}
    init(http, config, ThongTinBienLai=receipt)

    assert "<script>" not in http.get(f"/payment/pay/{REFERENCE}").text


def test_a_paid_order_has_a_receipt(http: TestClient, config: MockConfig) -> None:
    receipt = an_init(config)["ThongTinBienLai"] | {"HoTenNguoiNop": 'Đặng "#x" [y]'}
    init(http, config, ThongTinBienLai=receipt)
    bill = a_question(config, "GET_BILL", REFERENCE)
    assert said(http.post("/payment/get-bill", json=bill))[0] == "-1"
    pay(http)

    code, answer = said(http.post("/payment/get-bill", json=bill))

    assert (code, answer["MaLoi"]) == ("0", "00")
    pdf = base64.b64decode(answer["BienLai"])
    assert pdf.startswith(b"%PDF-")
    file = http.get(answer["UrlBienLai"].removeprefix(config.public_url))
    assert file.headers["content-type"] == "application/pdf"
    assert file.content.startswith(b"%PDF-")


def test_orders_are_listed_by_pages(http: TestClient, config: MockConfig) -> None:
    for number in (2, 1, 3):
        init(http, config, MaThamChieu=f"R{number}")

    page = http.get("/payment/_orders?limit=2").json()
    rest = http.get("/payment/_orders", params={"limit": 2, "after": page["next"]}).json()

    assert [order["reference"] for order in page["orders"]] == ["R1", "R2"]
    assert [order["reference"] for order in rest["orders"]] == ["R3"]
    http.delete("/payment/_memory")
    assert http.get("/payment/_orders").json() == {"orders": [], "next": None}
