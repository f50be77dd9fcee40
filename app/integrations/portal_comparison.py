"""What the national portal (generation A) holds of a dossier, against what we would tell of it."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from app.integrations.national_portal import NationalPortal, body_of
from app.integrations.portal import FieldDifference, Found, Holding, PortalRefused, Unmapped
from app.integrations.portal_dossier import DossierFacts
from app.integrations.portal_messages import dossier_message

COURSE = frozenset(
    {
        *("TrangThaiHoSo", "DonViXuLy", "SoBienNhan", "NgayTiepNhan", "NgayHenTra"),
        *("NgayKetThucXuLy", "NgayTra", "ThongTinTra", "NgayTuChoi", "DuocThanhToanTrucTuyen"),
        *("HoSoCoThanhPhanSoHoa", "TaiLieuNop", "DanhSachTepDinhKemKhac"),
        *("DanhSachHoSoBoSung", "DanhSachGiayToKetQua", "DSKetNoiCSDL"),
    }
)
"""Fields that events change: by them it is seen how far the portal got."""

STANDING = frozenset(
    {
        *("MaHoSo", "MaTTHC", "TenTTHC", "MaLinhVuc", "TenLinhVuc", "KenhThucHien", "ChuHoSo"),
        *("LoaiDoiTuong", "MaDoiTuong", "Email", "SoDienThoai", "TrichYeuHoSo", "NgayNopHoSo"),
        *("HinhThuc", "NoiNopHoSo", "TaiKhoanDuocXacThucVoiVNeID", "DinhDanhCHS"),
        "DanhSachLePhi",
    }
)
"""Fields that stay; what the portal adds of its own is in neither set and is not compared."""

PERSONAL = frozenset(
    {
        *("ChuHoSo", "MaDoiTuong", "Email", "SoDienThoai", "DinhDanhCHS"),
        *("TaiLieuNop", "DanhSachHoSoBoSung", "DanhSachGiayToKetQua"),
    }
)
_TELLING = ("MaTTHC", "TenTTHC", "NgayNopHoSo", "TrangThaiHoSo", "DonViXuLy", "ChuHoSo")
_ABSENT = re.compile(r"không (tìm thấy|tồn tại|có)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class MapiAsker:
    """Asks by TraCuuHoSo."""

    client: NationalPortal

    def look_up(self, code: str) -> Found | None:
        """Return a dossier as the portal holds it; some answer "not there" with an error."""
        try:
            return self.client.look_up(code)
        except PortalRefused as refusal:
            if _ABSENT.search(refusal.message):
                return None
            raise

    def compare(
        self, found: Found, at: Callable[[int], DossierFacts], told: int, events: int
    ) -> Holding:
        """Compare with the last event acknowledged first; usually that is all."""
        against = max(told, 1)
        message = dossier_message(at(against))
        if found == message:
            return Holding(against)
        theirs = _plain(found)
        differences = [*_differences(_plain(message), theirs, message, found)]
        if not any(one.field in COURSE for one in differences):
            return Holding(against, differences)
        return Holding(_stage(theirs, at, against, events), differences)

    def describe(self, found: Found) -> list[FieldDifference]:
        return [
            FieldDifference(name, None, found[name], name in PERSONAL)
            for name in _TELLING
            if found.get(name)
        ]


def _differences(
    ours: Mapping[str, Any], theirs: Mapping[str, Any], message: Found, found: Found
) -> Iterator[FieldDifference]:
    for name in sorted(COURSE | STANDING):
        if ours.get(name) != theirs.get(name):
            is_personal = name in PERSONAL
            yield FieldDifference(name, message.get(name), found.get(name), is_personal)


def _stage(
    theirs: Mapping[str, Any], at: Callable[[int], DossierFacts], against: int, events: int
) -> int | None:
    """Find the event that left the course as the portal holds it: the next ones, then earlier."""
    course = _course(theirs)
    stages: list[int] = [*range(against + 1, events + 1), *range(against - 1, 0, -1)]
    for seq in stages:
        try:
            if _course(_plain(dossier_message(at(seq)))) == course:
                return seq
        except Unmapped:
            continue  # it stands in the ledger for that: the portal cannot hold it
    return None


def _course(message: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in message.items() if name in COURSE}


def _plain(value: Any) -> Any:  # noqa: ANN401  (JSON)
    """Return JSON without what says nothing: empty members, kinds of numbers, order of rows."""
    if isinstance(value, Mapping):
        plain = {name: _plain(member) for name, member in value.items()}
        return {name: member for name, member in plain.items() if member not in ("", [], {})}
    if isinstance(value, list):
        return sorted((_plain(member) for member in value), key=_order)
    return "" if value is None else str(value)


def _order(member: Any) -> bytes:  # noqa: ANN401  (JSON)
    return body_of({"": member})
