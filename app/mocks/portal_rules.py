"""What the national portal checks beyond single fields: order of statuses, times that agree.

The contract publishes no graph and few conditions; all rules here are (derived).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from app.mocks.fields import filled
from app.mocks.portal_fields import STATUSES

NEXT = {
    "1": {"2", "3", "5", "7"},
    "2": {"4", "5", "6", "7"},
    "3": set[str](),
    "4": {"5", "6", "7", "8", "9"},
    "5": {"1", "2", "4", "7", "8"},  # a supplement returns to the status before
    "6": {"2", "4", "7", "8"},  # and so does a payment; it is asked for after acceptance only
    "7": set[str](),
    "8": set[str](),
    "9": {"10"},
    "10": set[str](),
}
FIRST = {"1", "2"}
ACCEPTED = {"2", "4", "6", "9", "10"}
"""Statuses that nothing reaches without an acceptance (5, 7 and 8 can follow 1)."""

_REQUIRED = {
    "NgayTiepNhan": ACCEPTED,
    "NgayTuChoi": {"3"},
    "NgayKetThucXuLy": {"9", "10"},
    "NgayTra": {"10"},
}
_ALLOWED = {
    "NgayTuChoi": {"3"},
    "NgayKetThucXuLy": {"3", "7", "8", "9", "10"},
    "NgayTra": {"3", "7", "8", "10"},
}
_IN_ORDER = ("NgayNopHoSo", "NgayTiepNhan", "NgayKetThucXuLy", "NgayTra")
_NOT_BEFORE_SUBMISSION = ("NgayHenTra", "NgayTuChoi")
_FIXED = ("MaTTHC", "NgayNopHoSo")
_ONLINE = "2"
_IDENTITY = {
    "1": (re.compile(r"\d{12}", re.ASCII), "12 chữ số"),
    "2": (re.compile(r"\d{9}", re.ASCII), "9 chữ số"),
    "3": (re.compile(r"\d{10}(-\d{3})?|\d{12}", re.ASCII), "mã số thuế"),
}


@dataclass(frozen=True, slots=True)
class Known:
    """A dossier as the portal was last told of it."""

    item: dict[str, Any]
    status: str
    was_accepted: bool


def faults_of_dossier(item: Mapping[str, Any], where: str) -> list[str]:
    """Return what contradicts itself in one item of DongBoHoSoMC whose fields are right."""
    status = item["TrangThaiHoSo"]
    faults = [
        f"{where}.{name}: bắt buộc ở trạng thái {status}"
        for name, statuses in _REQUIRED.items()
        if status in statuses and not filled(item, name)
    ]
    faults += [
        f"{where}.{name}: chưa thể có ở trạng thái {status}"
        for name, statuses in _ALLOWED.items()
        if status not in statuses and filled(item, name)
    ]
    if item["KenhThucHien"] == _ONLINE and not filled(item, "MaDoiTuong"):
        faults.append(f"{where}.MaDoiTuong: bắt buộc với hồ sơ nộp trực tuyến")
    return faults + _faults_of_times(item, where) + _faults_of_rows(item, where)


def faults_of_step(known: Known | None, status: str, where: str, *, any_start: bool) -> list[str]:
    """Return why a dossier may not be told in this status now."""
    name = f"{status} ({STATUSES[status]})"
    if known is None:
        if any_start or status in FIRST:
            return []
        return [f"{where}: hồ sơ mới không thể bắt đầu ở trạng thái {name}"]
    if status != known.status and status not in NEXT[known.status]:
        before = f"{known.status} ({STATUSES[known.status]})"
        return [f"{where}: không thể chuyển từ trạng thái {before} sang {name}"]
    if status == "1" and known.was_accepted:
        return [f"{where}: hồ sơ đã được tiếp nhận, không thể trở lại trạng thái {name}"]
    return []


def faults_of_change(known: Known, item: Mapping[str, Any], where: str) -> list[str]:
    """Return what an update changes although it is settled: procedure, submission, acceptance."""
    fixed = (*_FIXED, "NgayTiepNhan") if known.was_accepted else _FIXED
    return [
        f"{where}.{name}: khác với giá trị đã đồng bộ ({filled(known.item, name)})"
        for name in fixed
        if filled(known.item, name) and filled(item, name) != filled(known.item, name)
    ]


def _faults_of_times(item: Mapping[str, Any], where: str) -> list[str]:
    times = [(name, filled(item, name)) for name in _IN_ORDER if filled(item, name)]
    faults = [
        f"{where}.{later}: trước {earlier}"
        for (earlier, begin), (later, end) in pairwise(times)
        if end < begin
    ]
    submitted = item["NgayNopHoSo"]
    faults += [
        f"{where}.{name}: trước NgayNopHoSo"
        for name in _NOT_BEFORE_SUBMISSION
        if filled(item, name) and filled(item, name) < submitted
    ]
    return faults


def _faults_of_rows(item: Mapping[str, Any], where: str) -> list[str]:
    faults = []
    for index, owner in enumerate(item["DinhDanhCHS"]):
        shape, said = _IDENTITY[owner["LoaiDinhDanh"]]
        if not shape.fullmatch(owner["SoDinhDanh"]):
            faults.append(f"{where}.DinhDanhCHS[{index}].SoDinhDanh: phải là {said}")
    for index, row in enumerate(item.get("DanhSachHoSoBoSung") or []):
        received = filled(row, "NgayTiepNhanBoSung")
        place = f"{where}.DanhSachHoSoBoSung[{index}].NgayTiepNhanBoSung"
        if row["TrangThaiBoSung"] and not received:
            faults.append(f"{place}: bắt buộc khi đã bổ sung")
        if received and received < row["NgayBoSung"]:
            faults.append(f"{place}: trước NgayBoSung")
    return faults
