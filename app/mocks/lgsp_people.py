"""Who the LGSP's registers know from the start: invented, numbers that nobody can have."""

from typing import Any

_RESIDENCE = {
    "MaTinhThanh": "25",
    "MaQuanHuyen": "",
    "MaPhuongXa": "07900",
    "ChiTiet": "Số 1, phố Mẫu",
    "QuocGia": "VN",
}


def a_citizen(
    number: str, names: tuple[str, str, str], born: str, parents: tuple[str, str]
) -> dict[str, Any]:
    """Return a record of the population database as it is put in."""
    family, middle, given = names
    return {
        "SoDinhDanh": number,
        "SoCMND": "",
        "HoVaTen": {"Ho": family, "ChuDem": middle, "Ten": given},
        "GioiTinh": "2",
        "DanToc": "01",
        "NgayThangNamSinh": {"Nam": born[:4], "NgayThangNam": born},
        "ThuongTru": dict(_RESIDENCE),
        "NoiOHienTai": dict(_RESIDENCE),
        "Cha": {"HoVaTen": parents[0], "QuocTich": "VN", "SoDinhDanh": "", "SoCMND": ""},
        "Me": {"HoVaTen": parents[1], "QuocTich": "VN", "SoDinhDanh": "", "SoCMND": ""},
        "SoSoHoKhau": "000000000",
    }


def an_enterprise(code: str, name: str) -> dict[str, Any]:
    """Return a record of the business register as it is put in."""
    return {
        "MaNoiBo": f"NB-{code}",
        "MaSoDoanhNghiep": code,
        "SoGCNDKKD": code,
        "MaLoaiHinhDN": "TNHH1TV",
        "LoaiHinhDN": "Công ty trách nhiệm hữu hạn một thành viên",
        "TenTiengViet": name,
        "NgayDangKyLanDau": "2020-01-02",
        "SoLanDangKyThayDoi": "0",
        "TinhTrangPhapLy": [{"Ma": "1", "Ten": "Đang hoạt động"}],
        "DaiDienPhapLuat": [
            {"ThongTinCaNhan": [{"HoTen": "Phạm Văn Mẫu", "ChucDanh": "Giám đốc"}]}
        ],
        "DiaChiTruSo": [{"DiaChiDayDu": "Số 9, phố Mẫu, phường Việt Trì, tỉnh Phú Thọ"}],
        "NganhNgheKinhDoanh": [{"Ma": "6201", "Ten": "Lập trình máy vi tính"}],
    }


CITIZENS = (
    a_citizen("025099000001", ("Trần", "Thị", "Mẫu"), "19900203", ("Đinh Văn Lực", "Hà Thị Xuân")),
    a_citizen("025099000002", ("Lê", "Văn", "Mẫu"), "19850411", ("Lê Văn Gốc", "Hoàng Thị Gốc")),
)
ENTERPRISES = (
    an_enterprise("2600123456", "Công ty Mẫu"),
    an_enterprise("2600000001", "Công ty TNHH Mẫu Phú Thọ"),
)
CATEGORIES = {
    "DM_TINH": [{"Ma": "25", "Ten": "Tỉnh Phú Thọ"}, {"Ma": "66", "Ten": "Tỉnh Đắk Lắk"}],
    "DM_XA": [
        {"Ma": "07900", "Ten": "Phường Việt Trì"},
        {"Ma": "07909", "Ten": "Phường Nông Trang"},
    ],
}
RESULTS = (
    {
        "SoDinhDanhChuSoHuu": "025099000001",
        "MaKetQua": "KQ.G07.000122",
        "TenGiayTo": "Bản sao Giấy khai sinh",
        "SoKyHieu": "12/2020",
        "CoQuanChuQuan": "H44",
        "DanhSachTepDinhKem": [{"TenTep": "giay-khai-sinh.pdf", "DuongDan": "H44/2020/12.pdf"}],
    },
)
