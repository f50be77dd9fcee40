"""Every field of the portal's messages: the lists here are copied from the contract by hand."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.mocks.fields import faults_of, instant
from app.mocks.portal_codes import dossier_code
from app.mocks.portal_fields import DOSSIER, PROGRESS
from tests.mocks.samples import Portal, a_step, an_item

MANDATORY = {
    "MaHoSo",
    "MaTTHC",
    "TenTTHC",
    "MaLinhVuc",
    "TenLinhVuc",
    "KenhThucHien",
    "ChuHoSo",
    "LoaiDoiTuong",
    "NgayNopHoSo",
    "TrangThaiHoSo",
    "HinhThuc",
    "DonViXuLy",
    "NoiNopHoSo",
    "HoSoCoThanhPhanSoHoa",
    "TaiKhoanDuocXacThucVoiVNeID",
    "DuocThanhToanTrucTuyen",
    "DinhDanhCHS",
    "DSKetNoiCSDL",
}
OPTIONAL = {
    "SoBienNhan",
    "SoGiayToChuHoSo",
    "MaDoiTuong",
    "ThongTinKhac",
    "Email",
    "Fax",
    "SoDienThoai",
    "TrichYeuHoSo",
    "NgayTiepNhan",
    "NgayHenTra",
    "NgayKetThucXuLy",
    "NgayTra",
    "ThongTinTra",
    "NgayTuChoi",
    "GhiChu",
    "TaiLieuNop",
    "DanhSachLePhi",
    "DanhSachTepDinhKemKhac",
    "DanhSachHoSoBoSung",
    "DanhSachGiayToKetQua",
}
STEP_MANDATORY = ["MaHoSo", "NguoiXuLy", "ThoiDiemXuLy", "NoiDungXuLy", "TrangThai"]
STEP_OPTIONAL = ["ChucDanh", "PhongBanXuLy", "NgayBatDau", "NgayKetThucTheoQuyDinh"]
ENUMERATIONS: dict[str, list[str]] = {
    "KenhThucHien": ["1", "2", "3"],
    "LoaiDoiTuong": ["1", "2", "3", "4"],
    "TrangThaiHoSo": [str(status) for status in range(1, 11)],
    "HinhThuc": ["0", "1"],
    "NoiNopHoSo": ["1", "2"],
    "HoSoCoThanhPhanSoHoa": ["0", "1"],
    "TaiKhoanDuocXacThucVoiVNeID": ["0", "1"],
    "DuocThanhToanTrucTuyen": ["0", "1", "2"],
    "DinhDanhCHS.0.LoaiDinhDanh": ["1", "2", "3"],
    "TaiLieuNop.0.IsDeleted": ["True", "False"],
    "TaiLieuNop.0.DuocSoHoa": ["0", "1"],
    "TaiLieuNop.0.DuocTaiSuDung": ["0", "1", "2"],
    "TaiLieuNop.0.DuocLayTuKhoDMQG": ["0", "1"],
    "DanhSachLePhi.0.HinhThucThu": ["1", "2", "4"],
    "DanhSachLePhi.0.LoaiPhiLePhi": ["1", "2", "3"],
}
LONGEST = {
    "TrichYeuHoSo": 1000,
    "TaiLieuNop.0.TenTepDinhKem": 4000,
    "DanhSachGiayToKetQua.0.TenGiayTo": 2000,
}


def paths(value: object, at: str = "") -> Iterator[str]:
    """List the way to every field of a message, however deep."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield at + name
            yield from paths(inner, f"{at}{name}.")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from paths(inner, f"{at}{index}.")


def holder(item: dict[str, Any], path: str) -> tuple[Any, str]:
    *way, name = path.split(".")
    inner: Any = item
    for step in way:
        inner = inner[int(step) if step.isdigit() else step]
    return inner, name


def changed(item: dict[str, Any], path: str, value: object) -> dict[str, Any]:
    inner, name = holder(item, path)
    inner[name] = value
    return item


def named(path: str) -> str:
    """Return the path the way the portal's messages write it: TaiLieuNop[0].DuocSoHoa."""
    parts = path.split(".")
    return "".join(f"[{p}]" if p.isdigit() else f".{p}" for p in parts).lstrip(".")


def faults(item: dict[str, Any]) -> list[str]:
    return faults_of(DOSSIER, item, "")


def test_the_table_has_exactly_the_fields_of_the_contract() -> None:
    assert set(DOSSIER) == MANDATORY | OPTIONAL
    assert set(PROGRESS) == {*STEP_MANDATORY, *STEP_OPTIONAL}


@pytest.mark.parametrize("status", [str(status) for status in range(1, 11)])
def test_a_right_dossier_has_no_fault(status: str) -> None:
    assert faults(an_item(status)) == []


@pytest.mark.parametrize("path", sorted(paths(an_item("10"))))
def test_a_field_of_the_wrong_type_is_named(path: str) -> None:
    for wrong in (None, 1.5, {"a": 1}, [1], b"".decode() + " "):
        assert any(
            fault.startswith(named(path)) for fault in faults(changed(an_item("10"), path, wrong))
        ), wrong


@pytest.mark.parametrize("name", sorted(MANDATORY))
@pytest.mark.parametrize("how", ["missing", "empty"])
def test_a_mandatory_field_must_be_there_and_filled(name: str, how: str) -> None:
    item = an_item()
    if how == "missing":
        del item[name]
    else:
        item[name] = ""

    assert faults(item) == [f"{name}: bắt buộc"]


@pytest.mark.parametrize("name", sorted(OPTIONAL))
def test_an_optional_field_may_be_missing_or_empty(name: str) -> None:
    item = an_item("2") | {name: ""}
    assert faults(item) == []
    del item[name]
    assert faults(item) == []


@pytest.mark.parametrize(
    "at", ["", *("TaiLieuNop.0", "DanhSachHoSoBoSung.0.DanhSachLePhiBoSung.0")]
)
def test_a_key_that_the_contract_does_not_know_is_refused(at: str) -> None:
    path = f"{at}.La".lstrip(".")

    assert faults(changed(an_item(), path, "1")) == [
        f"{named(path)}: trường không có trong hợp đồng"
    ]


@pytest.mark.parametrize(("path", "values"), ENUMERATIONS.items())
def test_an_enumeration_takes_its_values_as_texts_and_no_others(
    path: str, values: list[str]
) -> None:
    for value in values:
        assert faults(changed(an_item(), path, value)) == []
    for wrong in ["11", "0" if "0" not in values else "3", "x", int(values[0] == "1"), True]:
        assert len(faults(changed(an_item(), path, wrong))) == 1, wrong


def test_unpaid_but_payable_is_never_taken(portal: Portal) -> None:
    answer = portal.add(an_item("1", DuocThanhToanTrucTuyen="3"))

    assert answer["error_code"] == -1
    assert "DuocThanhToanTrucTuyen" in answer["message"]


@pytest.mark.parametrize(("path", "longest"), LONGEST.items())
def test_a_text_may_be_as_long_as_the_contract_says(path: str, longest: int) -> None:
    assert faults(changed(an_item(), path, "Đ" * longest)) == []
    assert len(faults(changed(an_item(), path, "Đ" * (longest + 1)))) == 1


def test_a_handler_s_name_has_at_most_50_letters() -> None:
    assert faults_of(PROGRESS, a_step(NguoiXuLy="Đ" * 50), "") == []
    assert faults_of(PROGRESS, a_step(NguoiXuLy="Đ" * 51), "") != []


@pytest.mark.parametrize("name", STEP_MANDATORY)
def test_a_progress_row_needs_its_mandatory_fields(name: str) -> None:
    assert faults_of(PROGRESS, a_step(**{name: ""}), "") == [f"{name}: bắt buộc"]


@pytest.mark.parametrize("name", STEP_OPTIONAL)
def test_a_progress_row_may_leave_out_the_others(name: str) -> None:
    assert faults_of(PROGRESS, a_step(**{name: ""}), "") == []


@given(st.datetimes(min_value=datetime(1900, 1, 1)))  # noqa: DTZ001  (a wall clock's reading)
def test_every_real_instant_is_taken(at: datetime) -> None:
    assert instant(at.strftime("%Y%m%d%H%M%S"), "x") == []


@pytest.mark.parametrize(
    "wrong",
    [
        "20260230080000",
        "20261301080000",
        "20260801240000",
        "20260801086000",
        "20260801080060",
        "00000101000000",
        "2026-08-01 08:00",
        "20260801",
        "２０２６０８０１０８００００",
        20260801080000,
    ],
)
def test_what_is_no_instant_is_refused(wrong: object) -> None:
    assert instant(wrong, "x") != []


@pytest.mark.parametrize(
    "code",
    [
        "H15.50.05.13-261008-0975",
        "H44-260801-0001",
        "H44.06-260801-12345",
        "G09.20-20260609-0092637",
        "000.00.06.H56-260801-0001",
    ],
)
def test_the_three_formats_of_dossier_codes_are_taken(code: str) -> None:
    assert dossier_code(code, "x") == []


@pytest.mark.parametrize(
    "code",
    [
        "H44.06-260832-0001",
        "H44.06-260801-001",
        "h44.06-260801-0001",
        "H44.06-20260801-0001",
        "H44" + ".01" * 11 + "-260801-0001",
        "G09.20-20260609-12345",
        "H44.06_260801_0001",
        "H44.06-260801-0001\n",
    ],
)
def test_other_codes_are_refused(code: str) -> None:
    assert dossier_code(code, "x") != []


@pytest.mark.parametrize(
    ("path", "right", "wrong"),
    [
        ("MaTTHC", "3.000181.000.00.00.H22", "4.000181"),
        ("MaTTHC", "2.000635", "2.00063"),
        ("MaLinhVuc", "G16-VH01", "G16VH01"),
        ("DSKetNoiCSDL.0.MaCSDL", "7", "x"),
        ("DanhSachLePhi.0.Gia", "0", "-1"),
        ("DanhSachLePhi.0.Gia", "150000", "150.000"),
        ("TaiLieuNop.0.DuongDanTaiTepTin", "https://127.0.0.1/x", "/x"),
        ("TaiLieuNop.0.DuongDanTaiTepTin", "http://127.0.0.1/x", "ftp://127.0.0.1/x"),
        ("TaiLieuNop.0.MaThanhPhanHoSo", "000.00.00.G09-KQ002269", "GT01"),
        ("DanhSachGiayToKetQua.0.MaGiayToKetQua", "KQ.G07.000122", "KQ000122"),
        ("DanhSachTepDinhKemKhac.0.SoLuong", 2, 0),
        ("DanhSachTepDinhKemKhac.0.SoLuong", 1, "1"),
        ("DanhSachTepDinhKemKhac.0.LoaiGiayTo", 1, True),
        ("DanhSachHoSoBoSung.0.TrangThaiBoSung", False, "False"),
        ("DinhDanhCHS", [{"LoaiDinhDanh": "1", "SoDinhDanh": "000123456789"}], []),
    ],
)
def test_shapes_are_checked(path: str, right: object, wrong: object) -> None:
    assert faults(changed(an_item(), path, right)) == []
    assert len(faults(changed(an_item(), path, wrong))) == 1


def test_no_database_asked_is_an_empty_list() -> None:
    assert faults(an_item(DSKetNoiCSDL=[])) == []


def test_all_faults_are_told_at_once(portal: Portal) -> None:
    answer = portal.add(an_item(HinhThuc="2", MaTTHC="x", LoaiDoiTuong="9"))

    assert all(name in answer["message"] for name in ("HinhThuc", "MaTTHC", "LoaiDoiTuong"))
