"""The national portal's messages about a dossier (generation A), built from our facts.

A message tells the dossier as one event left it: built again later, it is the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from app.domain.intake import Channel, ReturnWay
from app.domain.lifecycle import ACT_LABELS, Act, Status
from app.domain.procedure import ApplicantKind, FeeKind, FeePhase
from app.integrations.national_portal import (
    APPLICANT,
    CHANNEL,
    FEE_KIND,
    FEE_PHASE,
    RETURN_WAY,
    STATUS,
    stamp,
    word,
)

_LONGEST_HANDLER = 50
_PERSONAL_NUMBER, _TAX_CODE = "1", "3"  # LoaiDinhDanh; 3 is believed, not confirmed


@dataclass(frozen=True, slots=True)
class EventFact:
    act: Act
    target: Status
    actor_name: str
    actor_title: str
    agency_name: str
    at: datetime
    due_at: datetime | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class PaperFact:
    document_id: UUID
    name: str
    link: str


@dataclass(frozen=True, slots=True)
class FeeFact:
    code: str
    name: str
    kind: FeeKind
    amount_vnd: int
    phase: FeePhase


@dataclass(frozen=True, slots=True)
class DossierFacts:
    """A dossier up to and including one event, the last of `events`."""

    code: str
    procedure_code: str
    procedure_name: str
    field_code: str
    field_name: str
    agency_name: str
    channel: Channel
    return_way: ReturnWay
    applicant_kind: ApplicantKind
    applicant_number: str
    applicant_name: str
    phone: str | None
    email: str | None
    tech_id: str | None
    is_verified: bool
    is_paid_online: bool
    received_at: datetime
    events: Sequence[EventFact]
    papers: Sequence[PaperFact]
    results: Sequence[PaperFact]
    fees: Sequence[FeeFact]


def dossier_message(facts: DossierFacts) -> dict[str, Any]:
    """Build a row of DongBoHoSoMC; raises `Unmapped`."""
    last = facts.events[-1]
    message: dict[str, Any] = {
        "MaHoSo": facts.code,
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
        "TrichYeuHoSo": facts.procedure_name[:1000],
        "NgayNopHoSo": stamp(facts.received_at),
        "TrangThaiHoSo": word(STATUS, last.target),
        "HinhThuc": word(RETURN_WAY, facts.return_way),
        "DonViXuLy": last.agency_name,
        "NoiNopHoSo": "2",
        "HoSoCoThanhPhanSoHoa": _flag(bool(facts.papers)),
        "TaiKhoanDuocXacThucVoiVNeID": _flag(facts.is_verified),
        "DuocThanhToanTrucTuyen": _flag(facts.is_paid_online),
        "DinhDanhCHS": [_owner(facts)],
        "DSKetNoiCSDL": [],
        "TaiLieuNop": [_paper(paper) for paper in facts.papers],
        "DanhSachLePhi": [_fee(fee) for fee in facts.fees],
        "DanhSachHoSoBoSung": _supplements(facts),
        "DanhSachGiayToKetQua": [_result(result) for result in facts.results],
        **_dates(facts),
    }
    return {name: value for name, value in message.items() if value is not None}


def progress_row(facts: DossierFacts) -> dict[str, Any]:
    """Build a row of CapNhatTienDoHoSoMC about the last event."""
    last = facts.events[-1]
    said = f"{ACT_LABELS[last.act]}: {last.reason}" if last.reason else ACT_LABELS[last.act]
    row = {
        "MaHoSo": facts.code,
        "NguoiXuLy": last.actor_name[:_LONGEST_HANDLER],
        "ChucDanh": last.actor_title,
        "ThoiDiemXuLy": stamp(last.at),
        "PhongBanXuLy": last.agency_name,
        "NoiDungXuLy": said,
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
    return {
        "TepDinhKemId": str(paper.document_id),
        "TenTepDinhKem": paper.name,
        "IsDeleted": "False",
        "DuongDanTaiTepTin": paper.link,
        "DuocSoHoa": "1",
        "DuocTaiSuDung": "0",
        "DuocLayTuKhoDMQG": "0",
    }


def _fee(fee: FeeFact) -> dict[str, str]:
    return {
        "TenPhiLePhi": fee.name,
        "MaPhiLePhi": fee.code,
        "HinhThucThu": word(FEE_PHASE, fee.phase),
        "Gia": str(fee.amount_vnd),
        "LoaiPhiLePhi": word(FEE_KIND, fee.kind),
    }


def _result(result: PaperFact) -> dict[str, str]:
    return {
        "TenGiayTo": result.name,
        "GiayToId": str(result.document_id),
        "DuongDanTepTinKetQua": result.link,
    }


def _supplements(facts: DossierFacts) -> list[dict[str, Any]]:
    """Pair each request for papers with the answer that followed it, if one did."""
    rows: list[dict[str, Any]] = []
    for event in facts.events:
        if event.act is Act.REQUEST_SUPPLEMENT:
            rows.append(
                {
                    "HoSoBoSungId": f"{facts.code}-BS{len(rows) + 1}",
                    "NguoiYeuCauBoSung": event.actor_name,
                    "NoiDungBoSung": event.reason or ACT_LABELS[event.act],
                    "NgayBoSung": stamp(event.at),
                    "TrangThaiBoSung": False,
                }
            )
        elif event.act is Act.SUPPLEMENT and rows:
            rows[-1] |= {
                "NguoiTiepNhanBoSung": event.actor_name,
                "NgayTiepNhanBoSung": stamp(event.at),
                "TrangThaiBoSung": True,
            }
    return rows


def _flag(value: bool) -> str:  # noqa: FBT001  (the one value)
    return "1" if value else "0"
