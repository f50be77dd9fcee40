"""The national portal's messages about a dossier (generation A), built from our facts.

A message tells the dossier as one event left it: built again later, it is the same.
"""

import re
from collections.abc import Sequence
from typing import Any

from app.domain.lifecycle import ACT_LABELS, Act, Status
from app.domain.procedure import ApplicantKind
from app.integrations.national_portal import (
    APPLICANT,
    CHANNEL,
    DATABASE,
    FEE_KIND,
    FEE_PHASE,
    RETURN_WAY,
    STATUS,
    stamp,
)
from app.integrations.portal import word
from app.integrations.portal_dossier import (
    DossierFacts,
    EventFact,
    FeeFact,
    PaperFact,
    PaperOnPaper,
)

_LONGEST_HANDLER, _LONGEST_SUMMARY, _LONGEST_PAPER, _LONGEST_RESULT = 50, 1000, 4000, 2000
_COMPONENT = re.compile(r"\d{3}\.\d{2}\.\d{2}\.[A-Z]\d{2}-[A-Z]{2}\d{6}", re.ASCII)
_ORIGINAL, _COPY = 1, 2  # LoaiGiayTo: the contract names original and copy, not their numbers
_RESULT = re.compile(r"KQ\.[A-Z]\d{2}\.\d{6}", re.ASCII)
_NOT_REUSED, _REUSED_RESULT = "0", "2"
_THERE, _HERE = "1", "2"  # NoiNopHoSo: the portal (believed), or us
_PROMOTION_REFUSED = "11"  # what is 3 everywhere else
_PERSONAL_NUMBER, _TAX_CODE = "1", "3"  # LoaiDinhDanh; 3 is believed, not confirmed


def dossier_message(facts: DossierFacts) -> dict[str, Any]:
    """Build a row of DongBoHoSoMC; raises `Unmapped`."""
    last = facts.events[-1]
    message: dict[str, Any] = {
        "MaHoSo": facts.portal_code,
        "MaTTHC": facts.procedure_code,
        "TenTTHC": facts.procedure_name,
        "MaLinhVuc": facts.field_code,
        "TenLinhVuc": facts.field_name,
        "KenhThucHien": word(CHANNEL, facts.channel),
        "ChuHoSo": facts.applicant_name,
        "LoaiDoiTuong": word(APPLICANT, facts.applicant_kind),
        "MaDoiTuong": facts.tech_id,
        "Email": facts.email,
        "SoDienThoai": facts.phone,
        "TrichYeuHoSo": facts.procedure_name[:_LONGEST_SUMMARY],
        "NgayNopHoSo": stamp(facts.received_at),
        "TrangThaiHoSo": word(STATUS, last.target),
        "HinhThuc": word(RETURN_WAY, facts.return_way),
        "DonViXuLy": last.agency_name,
        "NoiNopHoSo": _HERE,
        "SoBienNhan": facts.code if _at(facts, _ACCEPTING) else None,
        "HoSoCoThanhPhanSoHoa": _flag(bool(facts.papers)),
        "TaiKhoanDuocXacThucVoiVNeID": _flag(facts.is_verified),
        "DuocThanhToanTrucTuyen": _flag(facts.is_paid_online),
        "DinhDanhCHS": [_owner(facts)],
        "DSKetNoiCSDL": [{"MaCSDL": code} for code in map(DATABASE.get, facts.asked) if code],
        "TaiLieuNop": [_paper(paper) for paper in facts.papers],
        "DanhSachTepDinhKemKhac": [_on_paper(paper) for paper in facts.on_paper],
        "DanhSachLePhi": [_fee(fee) for fee in facts.fees],
        "DanhSachHoSoBoSung": _supplements(facts),
        "DanhSachGiayToKetQua": [_result(result, facts.result_code) for result in facts.results],
        **_dates(facts),
        **_as_handed_in_there(facts),
    }
    return {name: value for name, value in message.items() if value is not None}


def _as_handed_in_there(facts: DossierFacts) -> dict[str, str]:
    """Return what the portal knows better of a dossier that was handed in there."""
    origin = facts.origin
    if origin is None:
        return {}
    return {
        "MaTTHC": origin.procedure_code,
        "NgayNopHoSo": stamp(origin.submitted_at),
        "NoiNopHoSo": _THERE,
        "DuocThanhToanTrucTuyen": "1" if facts.is_paid_online else origin.paid,
    }


def promotion_row(facts: DossierFacts, account: str | None) -> dict[str, Any]:
    """Build a row of DongBoTrangThaiHoSoKM: how a promotion notice of the portal stands."""
    last = facts.events[-1]
    status = word(STATUS, last.target)
    row = {
        "TrangThai": _PROMOTION_REFUSED if last.target is Status.REFUSED else status,
        "MaHoSo": facts.portal_code,
        "MaHoSoDonVi": facts.code,
        "MaDoiTuong": account,
        "NoiDung": _said(last),
        "NgayXuLy": stamp(last.at),
        "TaiLieuXuLy": [
            {"TenTepDinhKem": result.name[:_LONGEST_RESULT], "DuongDanTaiTepTin": result.link}
            for result in facts.results
        ],
    }
    return {name: value for name, value in row.items() if value is not None}


def _said(event: EventFact) -> str:
    label = ACT_LABELS[event.act]
    return f"{label}: {event.reason}" if event.reason else label


def progress_row(facts: DossierFacts) -> dict[str, Any]:
    """Build a row of CapNhatTienDoHoSoMC about the last event."""
    last = facts.events[-1]
    row = {
        "MaHoSo": facts.portal_code,
        "NguoiXuLy": last.actor_name[:_LONGEST_HANDLER],
        "ChucDanh": last.actor_title,
        "ThoiDiemXuLy": stamp(last.at),
        "PhongBanXuLy": last.agency_name,
        "NoiDungXuLy": _said(last),
        "TrangThai": word(STATUS, last.target),
        "NgayBatDau": stamp(last.at),
        "NgayKetThucTheoQuyDinh": stamp(last.due_at) if last.due_at else None,
    }
    return {name: value for name, value in row.items() if value is not None}


_ACCEPTING = {Act.ACCEPT, Act.TAKE_IN}
_ENDING = {Act.RESOLVE, Act.STOP, Act.WITHDRAW}


def _dates(facts: DossierFacts) -> dict[str, str | None]:
    last = facts.events[-1]
    returned = _at(facts, {Act.RETURN_RESULT})
    return {
        "NgayTiepNhan": _at(facts, _ACCEPTING),
        "NgayHenTra": stamp(last.due_at) if last.due_at else None,
        "NgayKetThucXuLy": _at(facts, _ENDING),
        "NgayTra": returned,
        "ThongTinTra": "Đã trả kết quả" if returned else None,
        "NgayTuChoi": _at(facts, {Act.REFUSE}),
    }


def _at(facts: DossierFacts, acts: set[Act]) -> str | None:
    return next((stamp(event.at) for event in facts.events if event.act in acts), None)


def _owner(facts: DossierFacts) -> dict[str, str]:
    is_citizen = facts.applicant_kind is ApplicantKind.CITIZEN
    return {
        "LoaiDinhDanh": _PERSONAL_NUMBER if is_citizen else _TAX_CODE,
        "SoDinhDanh": facts.applicant_number,
    }


def _paper(paper: PaperFact) -> dict[str, str]:
    row = {
        "TepDinhKemId": str(paper.document_id),
        "TenTepDinhKem": paper.name[:_LONGEST_PAPER],
        "IsDeleted": str(paper.is_replaced),
        "DuongDanTaiTepTin": paper.link,
        "DuocSoHoa": "1",
        "DuocTaiSuDung": _NOT_REUSED if paper.result_code is None else _REUSED_RESULT,
        "DuocLayTuKhoDMQG": _flag(paper.result_code is not None),
    }
    if paper.result_code is not None and _RESULT.fullmatch(paper.result_code):
        row["MaKetQuaThayThe"] = paper.result_code
    # Our own codes of papers mean nothing there: only those of the national catalogue are told.
    if paper.component is not None and _COMPONENT.fullmatch(paper.component):
        row["MaThanhPhanHoSo"] = paper.component
    return row


def _on_paper(paper: PaperOnPaper) -> dict[str, str | int]:
    return {
        "TenGiayTo": paper.name,
        "SoLuong": paper.count,
        "LoaiGiayTo": _ORIGINAL if paper.is_original else _COPY,
    }


def _fee(fee: FeeFact) -> dict[str, str]:
    return {
        "TenPhiLePhi": fee.name,
        "MaPhiLePhi": fee.code,
        "HinhThucThu": word(FEE_PHASE, fee.phase),
        "Gia": str(fee.amount_vnd),
        "LoaiPhiLePhi": word(FEE_KIND, fee.kind),
    }


def _result(result: PaperFact, code: str) -> dict[str, str]:
    return {
        "TenGiayTo": result.name[:_LONGEST_RESULT],
        "GiayToId": str(result.document_id),
        "DuongDanTepTinKetQua": result.link,
        "MaGiayToKetQua": code,
    }


def _supplements(facts: DossierFacts) -> list[dict[str, Any]]:
    """Pair each request for papers with the answer that followed it, if one did."""
    rows: list[dict[str, Any]] = []
    due = None
    for event in facts.events:
        if event.act is Act.REQUEST_SUPPLEMENT:
            row = {
                "HoSoBoSungId": f"{facts.code}-BS{len(rows) + 1}",
                "NguoiYeuCauBoSung": event.actor_name,
                "NoiDungBoSung": event.reason or ACT_LABELS[event.act],
                "NgayBoSung": stamp(event.at),
                "TrangThaiBoSung": False,
            }
            rows.append(row | ({"NgayHenTraTruoc": stamp(due)} if due else {}))
        elif event.act is Act.SUPPLEMENT and rows:
            rows[-1] |= _supplied(event, facts.papers)
        due = event.due_at or due
    return rows


def _supplied(event: EventFact, papers: Sequence[PaperFact]) -> dict[str, Any]:
    row: dict[str, Any] = {
        "NguoiTiepNhanBoSung": event.actor_name,
        "NgayTiepNhanBoSung": stamp(event.at),
        "TrangThaiBoSung": True,
        "DanhSachGiayToBoSung": [_paper(paper) for paper in papers if paper.added_at == event.at],
    }
    if event.reason:
        row["ThongTinTiepNhan"] = event.reason
    return row | ({"NgayHenTraMoi": stamp(event.due_at)} if event.due_at else {})


def _flag(value: bool) -> str:  # noqa: FBT001  (the one value)
    return "1" if value else "0"
