"""The LGSP's mock: strict on contract, with a memory, tokens that end."""

from base64 import b64encode
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
from starlette.testclient import TestClient

from app.mocks.config import MockConfig

FORWARD = "/lgsp/VXPAdapter/RestService/forward"
CITIZEN = "025099000001"
QUESTION = {
    "HoVaTen": "TRANTHIMAU",
    "SoDinhDanh": CITIZEN,
    "MaTichHop": "SAMPLE",
    "MaDVC": "H44",
    "MaCanBo": "cb-01",
    "MaYeuCau": "1-1",
}


@dataclass
class Client:
    http: TestClient
    config: MockConfig
    token: str = ""

    def log_in(self, **body: str) -> httpx2.Response:
        keys = f"{self.config.lgsp_key}:{self.config.lgsp_secret}".encode()
        basic = {} if body else {"Authorization": f"Basic {b64encode(keys).decode()}"}
        data = {"grant_type": "client_credentials", **body}
        answer = self.http.post("/lgsp/token", data=data, headers=basic)
        self.token = answer.json().get("access_token", "")
        return answer

    def send(self, method: str, path: str, **parts: Any) -> httpx2.Response:  # noqa: ANN401  (httpx's)
        params = {"dstcode": "VN:GOV:G01:csdldc", **parts.pop("params", {})}
        headers = {"Authorization": f"Bearer {self.token}"}
        return self.http.request(
            method, f"{FORWARD}/{path}", params=params, headers=headers, **parts
        )

    def ask(self, **changes: Any) -> dict[str, Any]:  # noqa: ANN401  (a field of any kind)
        body = {**QUESTION, **changes}
        return dict(self.send("POST", "csdldc/traCuuCongDan", json=body).json())


@pytest.fixture
def lgsp(http: TestClient, config: MockConfig) -> Client:
    client = Client(http, config)
    client.log_in()
    return client


def test_a_token_is_given_for_the_right_secret_in_head_or_body(
    lgsp: Client, config: MockConfig
) -> None:
    body = {"client_id": config.lgsp_key, "client_secret": config.lgsp_secret}
    assert lgsp.log_in(**body).json()["token_type"] == "Bearer"
    assert lgsp.log_in(**body | {"client_secret": "khác"}).status_code == 401
    wrong = lgsp.http.post("/lgsp/token", data={"grant_type": "password"})
    assert wrong.status_code == 400


def test_without_a_valid_token_nothing_is_answered(lgsp: Client) -> None:
    lgsp.http.delete("/lgsp/_tokens")

    answer = lgsp.send("POST", "csdldc/traCuuCongDan", json=QUESTION)

    assert answer.status_code == 401
    assert answer.json()["fault"]["code"] == 900901
    assert lgsp.http.get("/lgsp/_questions").json()["questions"] == []


def test_a_token_ends_with_its_time(lgsp: Client) -> None:
    lgsp.http.patch("/lgsp/_switches", json={"token_life_s": 0.0})
    lgsp.log_in()

    assert lgsp.send("POST", "csdldc/traCuuCongDan", json=QUESTION).status_code == 401


def test_somebody_is_found_as_soap_in_json_and_remembered(lgsp: Client) -> None:
    answer = lgsp.ask()

    assert answer["error_code"] == 0
    assert answer["message"].startswith("<soapenv:Envelope")
    assert "<Ten>Mẫu</Ten>" in answer["message"]
    [question] = lgsp.http.get("/lgsp/_questions").json()["questions"]
    assert (question["subject"], question["request"], question["is_found"]) == (
        CITIZEN,
        "1-1",
        True,
    )


def test_nobody_is_an_empty_collection(lgsp: Client) -> None:
    assert "<CongDan>" not in lgsp.ask(SoDinhDanh="025099000009")["message"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"HoVaTen": "Trần Thị Mẫu"},
        {"HoVaTen": "TRAN THI MAU"},
        {"SoDinhDanh": "123"},
        {"SoDinhDanh": 25099000001},
        {"MaYeuCau": ""},
        {"MaDVC": "H45"},
        {"Khac": "1"},
    ],
    ids=str,
)
def test_what_is_against_the_contract_is_refused_and_not_remembered(
    lgsp: Client, wrong: dict[str, Any]
) -> None:
    assert lgsp.ask(**wrong)["error_code"] == -1
    assert lgsp.http.get("/lgsp/_questions").json()["questions"] == []


def test_a_request_number_is_taken_once(lgsp: Client) -> None:
    assert lgsp.ask()["error_code"] == 0
    assert "đã được sử dụng" in lgsp.ask()["message"]


def test_the_destination_must_be_named(lgsp: Client) -> None:
    answer = lgsp.send("POST", "csdldc/traCuuCongDan", json=QUESTION, params={"dstcode": "x"})

    assert "dstcode" in answer.json()["message"]


def test_registers_are_filled_over_http_and_checked(lgsp: Client) -> None:
    person = {"SoDinhDanh": "025099000003", "HoVaTen": {"Ho": "Vũ", "Ten": "Mới"}}
    path = "/lgsp/_citizens/025099000003"
    assert lgsp.http.put(path, json=person).status_code == 204
    assert "<Ten>Mới</Ten>" in lgsp.ask(SoDinhDanh="025099000003")["message"]
    assert lgsp.http.put(path, json=person | {"La": "1"}).status_code == 422
    assert lgsp.http.put("/lgsp/_citizens/025099000004", json=person).status_code == 422

    lgsp.http.delete("/lgsp/_memory")
    lgsp.log_in()
    gone = lgsp.ask(SoDinhDanh="025099000003", MaYeuCau="2")
    assert "Mới" not in gone["message"]


def test_enterprises_categories_and_results(lgsp: Client) -> None:
    def entry(code: str) -> list[dict[str, Any]]:
        answer = lgsp.send("GET", "dkdn/chiTietDoanhNghiep", params={"msdn": code})
        return list(answer.json()["GetEntCert"])

    assert entry("2600123456")[0]["TenTiengViet"] == "Công ty Mẫu"
    assert entry("2600999999") == []
    category = lgsp.send("GET", "danhmuc/layDanhMuc", params={"ma": "DM_TINH"}).json()
    assert {"Ma": "25", "Ten": "Tỉnh Phú Thọ"} in category["result"]
    body = {
        "SoDinhDanhChuSoHuu": CITIZEN,
        "HoTenNguoiYeuCau": "A",
        "KenhThucHien": "1",
        "SoDinhDanhNguoiYeuCau": "cb",
        "MaThuTuc": "1.001193",
        "DanhSachDanhMucKetQua": [],
    }
    found = lgsp.send("POST", "khokq/GetDanhSachKetQua", json=body).json()
    [result] = found["result"]["DanhSachGiayToKetQua"]
    wanted = {"CoQuanChuQuan": "H44", "DuongDan": result["DanhSachTepDinhKem"][0]["DuongDan"]}
    assert lgsp.send("POST", "khokq/GetGiayToByUrl", json=wanted).json()["errorCode"] == 0


def test_the_fault_expired_session_answers_401_and_ends_every_token(lgsp: Client) -> None:
    lgsp.http.post("/lgsp/_faults", json={"kind": "expired_session"})

    assert lgsp.send("POST", "csdldc/traCuuCongDan", json=QUESTION).status_code == 401
    assert lgsp.send("POST", "csdldc/traCuuCongDan", json=QUESTION).status_code == 401
    lgsp.log_in()
    assert lgsp.ask()["error_code"] == 0
