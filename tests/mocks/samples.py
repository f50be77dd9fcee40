"""Right messages to start from, and the callers that send them."""

from dataclasses import dataclass
from typing import Any

import httpx2

from app.mocks.config import MockConfig
from app.mocks.payment_signature import sign

CODE = "H44.06-260801-0001"
MAPI = "/national-portal/VXPAdapter/RestService/forward/mapi"


def an_item(status: str = "2", **changes: object) -> dict[str, Any]:
    """Return a right item of DongBoHoSoMC with every field and list that the contract names."""
    item: dict[str, Any] = {
        "MaHoSo": CODE,
        "MaTTHC": "1.005129",
        "TenTTHC": "Thông báo hoạt động khuyến mại",
        "MaLinhVuc": "G03-GD10",
        "TenLinhVuc": "Xúc tiến thương mại",
        "KenhThucHien": "2",
        "SoBienNhan": "0001",
        "ChuHoSo": "Nguyễn Thị Mẫu",
        "SoGiayToChuHoSo": "000123456789",
        "LoaiDoiTuong": "1",
        "MaDoiTuong": "9f0c1e52-0000-4000-8000-000000000001",
        "ThongTinKhac": "Không",
        "Email": "mau@nguoidan.example",
        "Fax": "0000000000",
        "SoDienThoai": "0000000001",
        "TrichYeuHoSo": "Hồ sơ mẫu",
        "NgayNopHoSo": "20260801080000",
        "NgayTiepNhan": "20260801090000",
        "NgayHenTra": "20260805170000",
        "TrangThaiHoSo": status,
        "ThongTinTra": "Nhận trực tuyến",
        "HinhThuc": "0",
        "DonViXuLy": "Sở Công Thương",
        "NoiNopHoSo": "2",
        "HoSoCoThanhPhanSoHoa": "1",
        "TaiKhoanDuocXacThucVoiVNeID": "1",
        "DuocThanhToanTrucTuyen": "2",
        "DinhDanhCHS": [{"LoaiDinhDanh": "1", "SoDinhDanh": "000123456789"}],
        "DSKetNoiCSDL": [{"MaCSDL": "1"}],
        "GhiChu": "Ghi chú",
        "TaiLieuNop": [a_paper()],
        "DanhSachLePhi": [a_fee()],
        "DanhSachTepDinhKemKhac": [{"TenGiayTo": "Giấy khác", "SoLuong": 1, "LoaiGiayTo": 0}],
        "DanhSachHoSoBoSung": [a_supplement()],
        "DanhSachGiayToKetQua": [a_result()],
    }
    if status in {"1", "3"}:
        del item["NgayTiepNhan"]
    if status == "3":
        item["NgayTuChoi"] = "20260801100000"
    if status in {"9", "10"}:
        item["NgayKetThucXuLy"] = "20260804100000"
    if status == "10":
        item["NgayTra"] = "20260804110000"
    return item | changes


def a_paper() -> dict[str, Any]:
    return {
        "TepDinhKemId": "1",
        "TenTepDinhKem": "thong-bao.pdf",
        "IsDeleted": "False",
        "MaThanhPhanHoSo": "000.00.00.G09-KQ002269",
        "DuongDanTaiTepTin": "http://127.0.0.1:8000/files/1",
        "DuocSoHoa": "1",
        "DuocTaiSuDung": "0",
        "DuocLayTuKhoDMQG": "0",
        "MaKetQuaThayThe": "KQ.G07.000122",
    }


def a_fee() -> dict[str, Any]:
    return {
        "TenPhiLePhi": "Lệ phí",
        "MaPhiLePhi": "LP01",
        "HinhThucThu": "1",
        "Gia": "150000",
        "LoaiPhiLePhi": "1",
    }


def a_supplement() -> dict[str, Any]:
    return {
        "HoSoBoSungId": "1",
        "NguoiYeuCauBoSung": "Cán bộ A",
        "NoiDungBoSung": "Bổ sung bản vẽ",
        "NgayBoSung": "20260802080000",
        "NguoiTiepNhanBoSung": "Cán bộ B",
        "ThongTinTiepNhan": "Đã nhận",
        "NgayTiepNhanBoSung": "20260803080000",
        "TrangThaiBoSung": True,
        "DanhSachGiayToBoSung": [a_paper()],
        "DanhSachLePhiBoSung": [a_fee()],
        "NgayHenTraTruoc": "20260805170000",
        "NgayHenTraMoi": "20260806170000",
    }


def a_result() -> dict[str, Any]:
    return {
        "TenGiayTo": "Giấy xác nhận",
        "MaThanhPhanHoSo": "000.00.00.G09-KQ002269",
        "GiayToId": "1",
        "DuongDanTepTinKetQua": "https://127.0.0.1:8000/files/2",
        "MaGiayToKetQua": "KQ.G07.000122",
    }


def a_step(**changes: object) -> dict[str, Any]:
    """Return a right item of CapNhatTienDoHoSoMC."""
    return {
        "MaHoSo": CODE,
        "NguoiXuLy": "Cán bộ A",
        "ChucDanh": "Chuyên viên",
        "ThoiDiemXuLy": "20260801090000",
        "PhongBanXuLy": "Phòng Thương mại",
        "NoiDungXuLy": "Tiếp nhận hồ sơ",
        "TrangThai": "2",
        "NgayBatDau": "20260801090000",
        "NgayKetThucTheoQuyDinh": "20260805170000",
    } | changes


def an_init(config: MockConfig, **changes: object) -> dict[str, Any]:
    """Return a right and signed INIT; changed fields are signed too."""
    message: dict[str, Any] = {
        "LoaiBanTin": "INIT",
        "PhienBan": "1.0.6",
        "MaDoiTac": config.payment_partner,
        "MaThamChieu": "H44.01-260801-0001-1",
        "SoTien": "150000",
        "LoaiHinhThanhToan": "PAY",
        "MaKenhThanhToan": "1",
        "MaThietBi": "1",
        "NgonNgu": "vi-VN",
        "MaTienTe": "VND",
        "MaNganHang": "PAYMENT",
        "ThongTinGiaoDich": "Thanh toan ho so",
        "ThoiGianGD": "20260801093000",
        "Ip": "127.0.0.1",
        "ThongTinBienLai": {
            "MaDichVu": "2",
            "MaDVC": "1.005129.01",
            "TenDVC": "Thông báo khuyến mại",
            "MaTTHC": "1.005129",
            "TenTTHC": "Thông báo hoạt động khuyến mại",
            "MaDonVi": "H44.01",
            "TenDonVi": "Sở Công Thương",
            "MaHoSo": "H44.01-260801-0001",
            "TKThuHuong": "0000111122223333",
            "MaNHThuHuong": "VCB",
            "TenTKThuHuong": "Sở Công Thương",
            "PhiLePhi": [
                {
                    "LoaiPhiLePhi": "1",
                    "MaPhiLePhi": "LP01",
                    "TenPhiLePhi": "Lệ phí",
                    "SoTien": "150000",
                }
            ],
            "DSKhoanNop": [{"NoiDung": "Lệ phí", "SoTien": "150000"}],
            "NoiDungThanhToan": "Nộp lệ phí",
            "HoTenNguoiNop": "Nguyễn Thị Mẫu",
            "SoCMNDNguoiNop": "000123456789",
            "DiaChiNguoiNop": "Số 1",
            "HuyenNguoiNop": "",
            "TinhNguoiNop": "Phú Thọ",
        },
    } | changes
    return message | {"MaXacThuc": _signature(config, message)}


def a_question(config: MockConfig, kind: str, reference: str) -> dict[str, Any]:
    """Return a right and signed QUERY or GET_BILL."""
    message = {
        "LoaiBanTin": kind,
        "PhienBan": "1.0.6",
        "MaDoiTac": config.payment_partner,
        "MaThamChieu": reference,
        "ThoiGianGD": "20260801094000",
    }
    return message | {"MaXacThuc": _signature(config, message)}


def _signature(config: MockConfig, message: dict[str, Any]) -> str:
    return sign(message, config.payment_secret, config.payment_signature)


@dataclass
class Portal:
    """A client of the portal's mock that holds a session."""

    http: httpx2.Client
    config: MockConfig
    session: str = ""

    def log_in(self, **changes: str) -> dict[str, Any]:
        dstcode = self.config.portal_dstcode
        answer = self.http.post(
            f"{MAPI}/login",
            params={"dstcode": dstcode},
            headers={"Accept": "application/json", "Charset": "utf-8", "dstcode": dstcode},
            json={
                "username": self.config.portal_username,
                "password": self.config.portal_password,
                **changes,
            },
        ).json()
        self.session = answer.get("session", "")
        return dict(answer)

    def send(self, service: str, **content: object) -> httpx2.Response:
        if not self.session:
            self.log_in()
        body = {"session": self.session, "madonvi": self.config.portal_unit, "service": service}
        params = {"dstcode": self.config.portal_dstcode}
        return self.http.post(f"{MAPI}/g", params=params, json=body | content)

    def call(self, service: str, **content: object) -> dict[str, Any]:
        return dict(self.send(service, **content).json())

    def add(self, *items: dict[str, Any]) -> dict[str, Any]:
        return self.call("DongBoHoSoMC", isUpdating="False", data=list(items))

    def update(self, *items: dict[str, Any]) -> dict[str, Any]:
        return self.call("DongBoHoSoMC", isUpdating="True", data=list(items))

    def tell(self, *statuses: str) -> dict[str, Any]:
        """Tell one dossier in one status after the other; return the last answer."""
        answer: dict[str, Any] = {}
        for status in statuses:
            is_new = not self.look_up()
            answer = (self.add if is_new else self.update)(an_item(status))
        return answer

    def look_up(self, code: str = CODE) -> list[dict[str, Any]]:
        return list(self.call("TraCuuHoSo", mahoso=code)["result"])

    def known(self, code: str = CODE) -> dict[str, Any]:
        return dict(self.http.get(f"/national-portal/_dossiers/{code}").json())

    def fault(self, **content: object) -> None:
        answer = self.http.post("/national-portal/_faults", json=content)
        assert answer.status_code == 201, answer.text
