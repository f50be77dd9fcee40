"""Fields of the national portal's messages, generation A ("mapi"), as data.

Rules that the contract does not state and that were concluded from its use are marked (derived).
"""

from app.mocks.fields import (
    Table,
    amount,
    boolean,
    instant,
    may,
    must,
    one_of,
    rows,
    shaped,
    text,
    web_address,
    whole,
)
from app.mocks.portal_codes import dossier_code

STATUSES = {
    "1": "Mới đăng ký",
    "2": "Được tiếp nhận",
    "3": "Không được tiếp nhận",
    "4": "Đang xử lý",
    "5": "Yêu cầu bổ sung giấy tờ",
    "6": "Yêu cầu thực hiện nghĩa vụ tài chính",
    "7": "Công dân yêu cầu rút hồ sơ",
    "8": "Dừng xử lý",
    "9": "Đã xử lý xong",
    "10": "Đã trả kết quả",
}

_text = text()
_flag = one_of("0", "1")
_status = one_of(*STATUSES)
_procedure = shaped(r"[1-3]\.\d{6}(\.\d{3}\.\d{2}\.\d{2}\.[A-Z]\d{2})?", "1.005129")
_component = shaped(r"\d{3}\.\d{2}\.\d{2}\.[A-Z]\d{2}-[A-Z]{2}\d{6}", "000.00.00.G09-KQ002269")
_result = shaped(r"KQ\.[A-Z]\d{2}\.\d{6}", "KQ.G07.000122")

OWNER: Table = {
    # 1 personal number, 2 old identity card; 3 = tax code is (unconfirmed)
    "LoaiDinhDanh": must(one_of("1", "2", "3")),
    "SoDinhDanh": must(_text),  # its shape follows from the kind: portal_rules.py
}
DATABASE: Table = {"MaCSDL": must(shaped(r"\d{1,3}", "1"))}
PAPER: Table = {  # which of these are mandatory is (derived): without them the row says nothing
    "TepDinhKemId": must(_text),
    "TenTepDinhKem": must(text(4000)),
    "IsDeleted": must(one_of("True", "False")),
    "MaThanhPhanHoSo": may(_component),
    "DuongDanTaiTepTin": must(web_address),
    "DuocSoHoa": must(_flag),
    "DuocTaiSuDung": must(one_of("0", "1", "2")),
    "DuocLayTuKhoDMQG": must(_flag),
    "MaKetQuaThayThe": may(_result),
}
FEE: Table = {
    "TenPhiLePhi": must(_text),
    "MaPhiLePhi": must(_text),
    "HinhThucThu": must(one_of("1", "2", "4")),
    "Gia": must(amount),
    "LoaiPhiLePhi": must(one_of("1", "2", "3")),
}
OTHER_PAPER: Table = {
    "TenGiayTo": must(_text),
    "SoLuong": must(whole(1)),
    "LoaiGiayTo": must(whole()),
}
SUPPLEMENT: Table = {
    "HoSoBoSungId": must(_text),
    "NguoiYeuCauBoSung": must(_text),
    "NoiDungBoSung": must(_text),
    "NgayBoSung": must(instant),
    "NguoiTiepNhanBoSung": may(_text),
    "ThongTinTiepNhan": may(_text),
    "NgayTiepNhanBoSung": may(instant),
    "TrangThaiBoSung": must(boolean),
    "DanhSachGiayToBoSung": may(rows(PAPER)),  # same row as TaiLieuNop (derived)
    "DanhSachLePhiBoSung": may(rows(FEE)),  # same row as DanhSachLePhi (derived)
    "NgayHenTraTruoc": may(instant),
    "NgayHenTraMoi": may(instant),
}
RESULT: Table = {
    "TenGiayTo": must(text(2000)),
    "MaThanhPhanHoSo": may(_component),
    "GiayToId": must(_text),
    "DuongDanTepTinKetQua": must(web_address),
    "MaGiayToKetQua": may(_result),
}

DOSSIER: Table = {
    "MaHoSo": must(dossier_code),
    "MaTTHC": must(_procedure),
    "TenTTHC": must(_text),
    "MaLinhVuc": must(shaped(r"G\d{2}-[A-Z]{2}\d{2}", "G03-GD10")),
    "TenLinhVuc": must(_text),
    "KenhThucHien": must(one_of("1", "2", "3")),
    "SoBienNhan": may(_text),
    "ChuHoSo": must(_text),
    "SoGiayToChuHoSo": may(_text),
    "LoaiDoiTuong": must(one_of("1", "2", "3", "4")),
    "MaDoiTuong": may(_text),  # mandatory online: portal_rules.py
    "ThongTinKhac": may(_text),
    "Email": may(_text),
    "Fax": may(_text),
    "SoDienThoai": may(_text),
    "TrichYeuHoSo": may(text(1000)),
    "NgayNopHoSo": must(instant),
    "NgayTiepNhan": may(instant),  # mandatory once there is an acceptance: portal_rules.py
    "NgayHenTra": may(instant),
    "TrangThaiHoSo": must(_status),
    "NgayKetThucXuLy": may(instant),
    "NgayTra": may(instant),
    "ThongTinTra": may(_text),
    "HinhThuc": must(_flag),
    "DonViXuLy": must(_text),
    "NoiNopHoSo": must(one_of("1", "2")),  # 1 = portal (derived)
    "HoSoCoThanhPhanSoHoa": must(_flag),
    "TaiKhoanDuocXacThucVoiVNeID": must(_flag),
    "DuocThanhToanTrucTuyen": must(one_of("0", "1", "2")),  # 3 is read, never sent
    "NgayTuChoi": may(instant),
    "DinhDanhCHS": must(rows(OWNER, least=1)),
    "DSKetNoiCSDL": must(rows(DATABASE)),  # present, and empty where no database was asked
    "GhiChu": may(_text),
    "TaiLieuNop": may(rows(PAPER)),
    "DanhSachLePhi": may(rows(FEE)),
    "DanhSachTepDinhKemKhac": may(rows(OTHER_PAPER)),
    "DanhSachHoSoBoSung": may(rows(SUPPLEMENT)),
    "DanhSachGiayToKetQua": may(rows(RESULT)),
}
PROGRESS: Table = {
    "MaHoSo": must(dossier_code),
    "NguoiXuLy": must(text(50)),
    "ChucDanh": may(_text),
    "ThoiDiemXuLy": must(instant),
    "PhongBanXuLy": may(_text),
    "NoiDungXuLy": must(_text),
    "TrangThai": must(_status),
    "NgayBatDau": may(instant),
    "NgayKetThucTheoQuyDinh": may(instant),
}
# The contract says "status only": the progress row with its descriptive parts optional (derived).
STATUS: Table = {
    name: field if name in {"MaHoSo", "TrangThai"} else may(field.check)
    for name, field in PROGRESS.items()
}

PROMOTION_REFUSED = "11"
"""What status 3 is called in DongBoTrangThaiHoSoKM."""

PROMOTION: Table = {
    "TrangThai": must(one_of(*(word for word in STATUSES if word != "3"), PROMOTION_REFUSED)),
    "MaHoSo": must(dossier_code),
    "MaHoSoDonVi": must(dossier_code),
    "MaDoiTuong": may(_text),
    "NoiDung": must(_text),
    "NgayXuLy": must(instant),
    "TaiLieuXuLy": may(  # the row is (derived)
        rows({"TenTepDinhKem": must(text(2000)), "DuongDanTaiTepTin": must(web_address)})
    ),
}

LARGEST_CHUNK = 10
SERVICES: dict[str, Table] = {
    "LayDanhSachTTHC": {},
    "LayThuTuc": {"maTTHC": must(_procedure)},
    "TraCuuHoSo": {"mahoso": must(dossier_code)},
    "DongBoHoSoMC": {
        "isUpdating": must(one_of("True", "False")),
        "data": must(rows(DOSSIER, least=1)),
    },
    "CapNhatTienDoHoSoMC": {"data": must(rows(PROGRESS, least=1, most=LARGEST_CHUNK))},
    "DongBoTrangThaiHoSo": {"type": must(one_of("2")), "data": must(rows(STATUS, least=1))},
    # several in one call, as its neighbours (derived)
    "DongBoTrangThaiHoSoKM": {"data": must(rows(PROMOTION, least=1))},
    "TraCuuTechID": {"provider": must(one_of("wso2is")), "mstorcmnd": must(_text)},
}
ENVELOPE = {"session", "madonvi", "service"}
