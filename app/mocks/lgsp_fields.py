"""The LGSP's messages, field by field."""

from app.mocks.fields import Table, inner, may, must, one_of, rows, shaped, text

_NAME = shaped(r"[A-Z]{2,80}", "TRANTHIMAU")
_NUMBER = shaped(r"\d{12}", "025099000001")
_NAME_PARTS: Table = {"Ho": may(text(60)), "ChuDem": may(text(60)), "Ten": must(text(60))}
_BIRTH: Table = {
    "Nam": may(shaped(r"\d{4}", "1990")),
    "NgayThangNam": may(shaped(r"\d{8}", "19900203")),
}
_PLACE: Table = {
    name: may(text(300))
    for name in ("MaTinhThanh", "MaQuanHuyen", "MaPhuongXa", "ChiTiet", "QuocGia")
}
_KIN: Table = {name: may(text(120)) for name in ("HoVaTen", "QuocTich", "SoDinhDanh", "SoCMND")}

POPULATION: Table = {
    "HoVaTen": must(_NAME),
    "SoDinhDanh": must(_NUMBER),
    "SoCMND": may(shaped(r"\d{9}", "131000001")),
    "NgayThangNam": may(shaped(r"\d{8}", "19900203")),
    "Nam": may(shaped(r"\d{4}", "1990")),
    "MaTichHop": must(text(60)),
    "MaDVC": must(text(60)),
    "MaCanBo": must(text(120)),
    "MaYeuCau": must(text(120)),
}
"""HoVaTen in capitals, without accents and spaces; MaYeuCau never twice."""

STORE_LIST: Table = {
    "SoDinhDanhChuSoHuu": must(text(20)),
    "HoTenNguoiYeuCau": must(text(120)),
    "KenhThucHien": must(one_of("1", "2", "3")),
    "SoDinhDanhNguoiYeuCau": must(text(60)),
    "MaThuTuc": must(text(60)),
    "DanhSachDanhMucKetQua": may(
        rows({"MaKetQua": must(text(60)), "SoKyHieu": may(text(120))}, most=100)
    ),
}
STORE_FILE: Table = {"CoQuanChuQuan": must(text(60)), "DuongDan": must(text(500))}

CITIZEN: Table = {
    "SoDinhDanh": must(_NUMBER),
    "SoCMND": may(text(9)),
    "HoVaTen": must(inner(_NAME_PARTS)),
    "GioiTinh": may(text(1)),
    "DanToc": may(text(20)),
    "TonGiao": may(text(20)),
    "TinhTrangHonNhan": may(text(20)),
    "NhomMau": may(text(5)),
    "NgayThangNamSinh": may(inner(_BIRTH)),
    **{
        name: may(inner(_PLACE))
        for name in ("NoiDangKyKhaiSinh", "QueQuan", "ThuongTru", "NoiOHienTai")
    },
    "QuocTich": may(text(20)),
    **{name: may(inner(_KIN)) for name in ("Cha", "Me", "VoChong", "NguoiDaiDien")},
    "ChuHo": may(inner({**_KIN, "QuanHe": may(text(60))})),
    "SoSoHoKhau": may(text(20)),
}
"""A record as it is put into the population database: the elements of CongDan."""

RESULT: Table = {
    "SoDinhDanhChuSoHuu": must(text(20)),
    "MaKetQua": must(text(60)),
    "TenGiayTo": must(text(300)),
    "SoKyHieu": may(text(120)),
    "CoQuanChuQuan": must(text(60)),
    "DanhSachTepDinhKem": must(rows({"TenTep": must(text(200)), "DuongDan": must(text(500))})),
}
