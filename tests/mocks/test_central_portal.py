"""The central portal's mock: strict on the contract, and the same however often it is told."""

from collections.abc import Callable
from hashlib import sha256
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.builders import Given, Json

P = "/central-portal"
ACCOUNT = {"client_id": "sample-province", "client_secret": "sample-central-secret"}
FILE = b"%PDF-1.7\r\n--x\r\n\x00\xff mau\r\n"
AT = "2026-06-09T08:30:00.000+07:00"


class Central:
    """A client that does everything right."""

    def __init__(self, http: TestClient) -> None:
        self.http = http
        token = http.post(f"{P}/GetToken", json=ACCOUNT).json()["access_token"]
        self.headers = {"Authorization": f"Bearer {token}"}

    def number(self) -> str:
        answer = self.http.get(
            f"{P}/GetNextValue", params={"code": "G09.20"}, headers=self.headers
        ).json()
        return str(answer["value"])

    def upload(self) -> dict[str, str]:
        files = {"files": ("tờ khai.pdf", FILE, "application/pdf")}
        answer = self.http.post(f"{P}/UploadFile", files=files, headers=self.headers).json()
        [row] = answer["data"]
        return dict(row)

    def dossier(self) -> dict[str, Any]:
        file = self.upload()
        return {
            "MaHoSo": self.number(),
            "MaTTHC": "1.005129",
            "MaDichVuCong": "1.005129.01",
            "ChuHoSo": "Trần Thị Mẫu",
            "LoaiDoiTuong": "0",
            "MaDonViTiepNhan": "H44.10",
            "NgayNop": "2026-06-09 08:30:00",
            "EformThongTinChiTiet": {"noi_dung": "mẫu"},
            "ThanhPhanHoSo": [
                {
                    "MaThanhPhanHoSo": "GT01",
                    "TenThanhPhanHoSo": "Tờ khai",
                    "SoLuong": 1,
                    "LoaiBan": "2",
                    "GiayToDinhKem": [
                        {
                            "IdGiayTo": file["IdTepTin"],
                            "TenGiayTo": "Tờ khai",
                            "HashTepTin": file["HashTepTin"],
                        }
                    ],
                }
            ],
            "ThongTinNguoiNop": {
                "LoaiDoiTuong": "0",
                "ThongTinChiTiet": {"TenNguoiNop": "Trần Thị Mẫu", "TenChuHs": "Trần Thị Mẫu"},
            },
            "DanhSachLePhi": [],
        }

    def post(self, call: str, body: Json) -> tuple[int, dict[str, Any]]:
        response = self.http.post(f"{P}/{call}", json=body, headers=self.headers)
        return response.status_code, response.json()

    def created(self) -> tuple[str, str]:
        status, answer = self.post("CreateDossier", self.dossier())
        assert (status, answer["code"]) == (200, "00"), answer
        return answer["data"]["maHoSo"], answer["data"]["idHoSo"]

    def history(self, number: str) -> dict[str, Any]:
        found: dict[str, Any] = self.http.get(f"{P}/_dossiers/{number}").json()
        return found


@pytest.fixture
def central(http: TestClient) -> Central:
    return Central(http)


def _status(number: str, made: str, status: str, **more: Given) -> dict[str, Any]:
    return {
        "IdHoSo": made,
        "MaHoSo": number,
        "TrangThai": status,
        "NoiDungXuLy": "Xử lý",
        **more,
    }


def _progress(number: str, made: str, **more: Given) -> dict[str, Any]:
    return {
        "IDHoSo": made,
        "MaHoSo": number,
        "NguoiXuLy": "Cán bộ Mẫu",
        "ThoiDiemXuLy": AT,
        "NoiDungXuLy": "Xử lý",
        "TrangThai": "4",
        **more,
    }


def test_a_file_is_kept_to_the_byte_and_told_apart_by_its_hash(central: Central) -> None:
    assert central.upload()["HashTepTin"] == sha256(FILE).hexdigest()


def test_no_number_is_given_twice(central: Central) -> None:
    first, second = central.number(), central.number()

    assert first.startswith("G09.20-")
    assert first != second


@pytest.mark.parametrize(
    "spoil",
    [
        lambda item: item.pop("MaTTHC"),
        lambda item: item.update(LoaiDoiTuong="3"),
        lambda item: item.update(LoaiDoiTuong=0),
        lambda item: item.update(NgayNop="20260609083000"),
        lambda item: item.update(MaHoSo="G09.20-20260609-9999999"),
        lambda item: item.update(GhiChu="lạ"),
        lambda item: item["ThanhPhanHoSo"][0].update(LoaiBan="3"),
        lambda item: item["ThanhPhanHoSo"][0]["GiayToDinhKem"][0].update(HashTepTin="0" * 64),
        lambda item: item["ThanhPhanHoSo"][0]["GiayToDinhKem"][0].update(IdGiayTo="la"),
        lambda item: item["ThongTinNguoiNop"].pop("ThongTinChiTiet"),
        lambda item: item.update(EformThongTinChiTiet=[]),
    ],
)
def test_a_dossier_with_a_fault_is_refused_and_not_remembered(
    central: Central, spoil: Callable[[dict[str, Any]], object]
) -> None:
    item = central.dossier()
    spoil(item)

    status, answer = central.post("CreateDossier", item)

    assert (status, answer["code"]) == (400, "-1")
    assert central.http.get(f"{P}/_stats").json()["dossiers"] == 0


def test_a_dossier_that_is_there_is_answered_with_its_id(central: Central) -> None:
    item = central.dossier()
    first = central.post("CreateDossier", item)[1]
    again = central.post("CreateDossier", item)[1]

    assert (first["code"], again["code"]) == ("00", "3")
    assert first["data"] == again["data"]
    assert central.http.get(f"{P}/_stats").json()["dossiers"] == 1


def test_what_is_told_again_is_kept_once(central: Central) -> None:
    number, made = central.created()
    for _ in range(2):
        assert central.post("CapNhatTienTrinh", [_progress(number, made)])[1]["code"] == "00"
        assert central.post("CapNhatTrangThai", [_status(number, made, "2")])[1]["code"] == "00"

    known = central.history(number)
    assert len(known["progress"]) == 1
    assert [entry["status"] for entry in known["told"]] == ["2"]


def test_statuses_go_their_way_only_and_all_rows_or_none(central: Central) -> None:
    (first, a), (second, b) = central.created(), central.created()
    rows = [_status(first, a, "2"), _status(second, b, "9")]

    assert central.post("CapNhatTrangThai", rows)[0] == 400
    assert central.history(first)["told"] == []


@pytest.mark.parametrize("status", ["2", "10"])
def test_results_come_with_their_status_only(central: Central, status: str) -> None:
    number, made = central.created()
    file = central.upload()
    result = {
        "MaGiayToKetQua": "KQ.G09.000001",
        "TenGiayTo": "Kết quả",
        "IdGiayTo": file["IdTepTin"],
        "HashTepTin": file["HashTepTin"],
    }
    row = _status(number, made, status, DanhSachGiayToKetQua=[result])

    code, answer = central.post("CapNhatTrangThai", [row])

    assert code == 400
    assert "5, 6, 9" in answer["message"]


@pytest.mark.parametrize(
    ("call", "row"),
    [
        ("CapNhatTienTrinh", _progress("G09.20-20260609-0000001", "x")),
        ("CapNhatTrangThai", _status("G09.20-20260609-0000001", "x", "2")),
    ],
)
def test_what_is_not_there_is_not_found(central: Central, call: str, row: dict[str, Any]) -> None:
    assert central.post(call, [row])[0] == 404


@pytest.mark.parametrize("at", ["2026-06-09 08:30:00", "2026-06-09T08:30:00+07:00", "x" * 29])
def test_instants_of_progress_are_written_with_milliseconds(central: Central, at: str) -> None:
    number, made = central.created()

    assert central.post("CapNhatTienTrinh", [_progress(number, made, ThoiDiemXuLy=at)])[0] == 400


@pytest.mark.parametrize("call", ["UploadFile", "CreateDossier", "CapNhatTrangThai"])
def test_without_a_token_nothing_is_done(http: TestClient, call: str) -> None:
    central = Central(http)
    http.delete(f"{P}/_tokens")

    assert central.post(call, {})[0] == 401
    wrong = http.post(f"{P}/GetToken", json=ACCOUNT | {"client_secret": "sai"})
    assert wrong.status_code == 401
