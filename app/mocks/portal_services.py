"""The national portal's services, generation A: judge a message, remember it, answer it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.mocks.people import has_account, tech_id
from app.mocks.portal_codes import bare_procedure
from app.mocks.portal_fields import PROMOTION_REFUSED
from app.mocks.portal_memory import PortalMemory, Telling
from app.mocks.portal_rules import Known, faults_of_change, faults_of_dossier, faults_of_step
from app.mocks.switches import Switches

ALREADY_EXISTS = 3
FAILED = -1


class Refused(Exception):
    """The portal does not take the message; nothing of it is remembered."""

    def __init__(self, message: str, error_code: int = FAILED) -> None:
        super().__init__(message)
        self.message = message
        self.error_code = error_code


@dataclass(frozen=True, slots=True)
class Call:
    """A message whose fields are right."""

    service: str
    content: Mapping[str, Any]
    now: datetime
    by_fault: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """What the portal says to an accepted message."""

    message: str
    result: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class PortalServices:
    """The services; each takes a call and answers, or raises Refused."""

    memory: PortalMemory
    switches: Switches

    def handle(self, call: Call) -> Answer:
        """Handle a call as a whole or, if it is refused, not at all."""
        with self.memory.writing():
            return _HANDLERS[call.service](self, call)

    def list_procedures(self, _: Call) -> Answer:
        """LayDanhSachTTHC."""
        return Answer("Lấy danh sách thủ tục hành chính thành công", self.memory.procedures())

    def read_procedure(self, call: Call) -> Answer:
        """LayThuTuc."""
        procedure = self.memory.procedure(call.content["maTTHC"])
        if procedure is None:
            raise Refused(f"Không tìm thấy thủ tục {call.content['maTTHC']}")
        return Answer("Lấy thủ tục hành chính thành công", [procedure])

    def look_up(self, call: Call) -> Answer:
        """TraCuuHoSo: an unknown dossier is an empty result."""
        known = self.memory.known(call.content["mahoso"])
        if known is None:
            return Answer("Không tìm thấy hồ sơ", [])
        return Answer("Tra cứu hồ sơ thành công", [known.item])

    def look_up_account(self, call: Call) -> Answer:
        """TraCuuTechID."""
        number = call.content["mstorcmnd"]
        if not has_account(number):
            raise Refused("Không tìm thấy tài khoản của công dân, doanh nghiệp")
        return Answer("Tra cứu tài khoản thành công", [{"TECHNICALID": tech_id(number)}])

    def tell_dossiers(self, call: Call) -> Answer:
        """DongBoHoSoMC: add dossiers, or update those that are there."""
        items = call.content["data"]
        self._refuse_repeats(items)
        is_addition = call.content["isUpdating"] == "False"
        for index, item in enumerate(items):
            where = f"data[{index}]"
            known = self.memory.known(item["MaHoSo"])
            _refuse_wrong_mode(known, item["MaHoSo"], is_addition=is_addition)
            faults = faults_of_dossier(item, where) + self._faults_of_procedure(item, where)
            faults += self._faults_of_step(known, item["TrangThaiHoSo"], f"{where}.TrangThaiHoSo")
            if known is not None:
                faults += faults_of_change(known, item, where)
            if faults:
                raise Refused("Dữ liệu không hợp lệ: " + "; ".join(faults))
            self.memory.tell(
                Telling(item, call.service, is_addition, call.by_fault), known, call.now
            )
        return Answer("Đồng bộ hồ sơ thành công", [])

    def tell_statuses(self, call: Call) -> Answer:
        """DongBoTrangThaiHoSo: move dossiers that are there to another status."""
        items = call.content["data"]
        self._refuse_repeats(items)
        for index, item in enumerate(items):
            known = self._known(item["MaHoSo"])
            faults = self._faults_of_step(known, item["TrangThai"], f"data[{index}].TrangThai")
            if faults:
                raise Refused("Dữ liệu không hợp lệ: " + "; ".join(faults))
            told = known.item | {"TrangThaiHoSo": item["TrangThai"]}
            self.memory.tell(
                Telling(told, call.service, is_addition=False, by_fault=call.by_fault),
                known,
                call.now,
            )
        return Answer("Đồng bộ trạng thái hồ sơ thành công", [])

    def tell_promotions(self, call: Call) -> Answer:
        """DongBoTrangThaiHoSoKM: how promotion notices stand that were handed in here."""
        items = call.content["data"]
        self._refuse_repeats(items)
        added = 0
        for index, item in enumerate(items):
            known = self._known(item["MaHoSo"])
            status = "3" if item["TrangThai"] == PROMOTION_REFUSED else item["TrangThai"]
            faults = self._faults_of_step(known, status, f"data[{index}].TrangThai")
            unit = known.item.get("MaHoSoDonVi", item["MaHoSoDonVi"])
            if unit != item["MaHoSoDonVi"]:
                faults.append(f"data[{index}].MaHoSoDonVi: khác với giá trị đã gửi ({unit})")
            if faults:
                raise Refused("Dữ liệu không hợp lệ: " + "; ".join(faults))
            told = known.item | item | {"TrangThaiHoSo": status}
            if told != known.item:
                telling = Telling(told, call.service, is_addition=False, by_fault=call.by_fault)
                self.memory.tell(telling, known, call.now)
                added += 1
        if not added:
            raise Refused("Trạng thái hồ sơ đã tồn tại", ALREADY_EXISTS)
        return Answer("Đồng bộ trạng thái hồ sơ khuyến mại thành công", [])

    def add_progress(self, call: Call) -> Answer:
        """CapNhatTienDoHoSoMC: add progress rows; one that is there already is not added again."""
        items = call.content["data"]
        for item in items:
            self._known(item["MaHoSo"])
        added = sum(self.memory.add_progress(item, call.now) for item in items)
        if not added:
            raise Refused("Tiến độ xử lý hồ sơ đã tồn tại", ALREADY_EXISTS)
        repeated = len(items) - added
        note = f" ({repeated} dòng đã tồn tại)" if repeated else ""
        return Answer("Cập nhật tiến độ hồ sơ thành công" + note, [])

    def _known(self, code: str) -> Known:
        known = self.memory.known(code)
        if known is None:
            raise _absent(code)
        return known

    def _faults_of_step(self, known: Known | None, status: str, where: str) -> list[str]:
        any_start = self.switches.is_on("any_first_status")
        return faults_of_step(known, status, where, any_start=any_start)

    def _faults_of_procedure(self, item: Mapping[str, Any], where: str) -> list[str]:
        if not self.switches.is_on("strict_procedures"):
            return []
        if self.memory.procedure(item["MaTTHC"]) is not None:
            return []
        return [f"{where}.MaTTHC: thủ tục {bare_procedure(item['MaTTHC'])} không có trên cổng"]

    def _refuse_repeats(self, items: list[dict[str, Any]]) -> None:
        codes = [item["MaHoSo"] for item in items]
        if len(set(codes)) != len(codes):
            raise Refused("Dữ liệu không hợp lệ: một hồ sơ xuất hiện nhiều lần trong data")


def _refuse_wrong_mode(known: Known | None, code: str, *, is_addition: bool) -> None:
    if is_addition and known is not None:
        raise Refused(f"Hồ sơ {code} đã tồn tại", ALREADY_EXISTS)
    if not is_addition and known is None:
        raise _absent(code)


def _absent(code: str) -> Refused:
    return Refused(f"Hồ sơ {code} không có trên hệ thống")


_HANDLERS: dict[str, Callable[[PortalServices, Call], Answer]] = {
    "LayDanhSachTTHC": PortalServices.list_procedures,
    "LayThuTuc": PortalServices.read_procedure,
    "TraCuuHoSo": PortalServices.look_up,
    "TraCuuTechID": PortalServices.look_up_account,
    "DongBoHoSoMC": PortalServices.tell_dossiers,
    "DongBoTrangThaiHoSo": PortalServices.tell_statuses,
    "DongBoTrangThaiHoSoKM": PortalServices.tell_promotions,
    "CapNhatTienDoHoSoMC": PortalServices.add_progress,
}
