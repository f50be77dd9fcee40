"""Shape of a procedure in the national portal's catalogue (LayThuTuc): which keys stand where."""

from collections.abc import Mapping

Keys = Mapping[str, "Keys | None"]
"""The keys that a row may have; None for a plain value, else a list of rows."""


def _plain(*names: str) -> dict[str, Keys | None]:
    return dict.fromkeys(names)


_UNIT = _plain("MADONVI", "TENDONVI")
_FEE = _plain("MAPHILEPHI", "SOTIEN", "DONVI", "MOTA", "TENTEP", "URL")
_TIME = _plain("THOIGIANGIAIQUYET", "DONVITINH", "MOTA") | {"PHILEPHI": _FEE}
_PAPER = _plain(
    "MAGIAYTO", "TENGIAYTO", "TENMAUDON", "SOBANCHINH", "SOBANSAO", "MA_KQ_THAYTHE", "URL"
)
_LAW = _plain(
    "SOVANBAN", "TENVANBAN", "NGAYBANHANH", "NGAYHIEULUC", "COQUANBANHANH", "DIACHITRUYCAP"
)
_RELATED = _plain("MATTHC", "TENTTHC")  # the contract does not say (derived)

PROCEDURE: Keys = _plain(
    "ID",
    "MATTHC",
    "TENTTHC",
    "MACOQUANCONGBO",
    "LOAITTHC",
    "MOTADOITUONGTHUCHIEN",
    "DIACHITIEPNHAN",
    "QUYETDINH",
    "IDQUYETDINHCONGBO",
    "YEUCAU",
    "TUKHOA",
    "TRANGTHAI",
    "MOTA",
) | {
    "TRINHTUTHUCHIEN": {"TRUONGHOP": None, "TRINHTU": _plain("TENTRINHTU")},
    "CAPTHUCHIEN": _plain("CAPTHUCHIEN", "TENCAP"),
    "LINHVUCTHUCHIEN": _plain("MALINHVUC", "TENLINHVUC"),
    "CACHTHUCTHUCHIEN": {"KENH": None, "THOIGIAN": _TIME},
    "DOITUONGTHUCHIEN": _plain("MADOITUONG", "TENDOITUONG"),
    "THANHPHANHOSO": {"TRUONGHOP": None, "GIAYTO": _PAPER},
    "KETQUATHUCHIEN": _plain("MAKETQUA", "TENKETQUA", "TENTEP", "URL"),
    "CANCUPHAPLY": _LAW,
    "COQUANTHUCHIEN": _UNIT,
    "COQUANCOTHAMQUYEN": _UNIT,
    "COQUANDUOCUYQUYEN": _UNIT,
    "COQUANPHOIHOP": _UNIT,
    "TTHCLIENQUAN": _RELATED,
    "TTHCLIENTHONG": _RELATED,
}


def faults_of_procedure(code: str, content: Mapping[str, object]) -> list[str]:
    """Return what is wrong with a procedure that is to be put into the catalogue."""
    faults = _faults_of_row(PROCEDURE, content, "")
    if content.get("MATTHC") != code:
        faults.append("MATTHC: khác với mã trong địa chỉ")
    if not content.get("TENTTHC"):
        faults.append("TENTTHC: bắt buộc")
    return faults


def _faults_of_row(keys: Keys, row: object, where: str) -> list[str]:
    if not isinstance(row, Mapping):
        return [f"{where}: phải là một đối tượng"]
    faults = []
    for name, value in row.items():
        place = f"{where}.{name}" if where else name
        if name not in keys:
            faults.append(f"{place}: trường không có trong hợp đồng")
        else:
            faults += _faults_of_value(keys[name], value, place)
    return faults


def _faults_of_value(keys: Keys | None, value: object, place: str) -> list[str]:
    if keys is None:
        is_plain = value is None or isinstance(value, str | int | float)
        return [] if is_plain else [f"{place}: phải là giá trị đơn"]
    if not isinstance(value, list):
        return [f"{place}: phải là danh sách"]
    faults = []
    for index, row in enumerate(value):
        faults += _faults_of_row(keys, row, f"{place}[{index}]")
    return faults
