"""The central portal's messages about a dossier (generation B), built from our facts.

Its words are its own: what stands here is not what stands in generation A, even where the numbers
are the same.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from app.domain.lifecycle import ACT_LABELS, Act, Status
from app.domain.procedure import ApplicantKind
from app.integrations.portal import word
from app.integrations.portal_dossier import DossierFacts, PaperFact

_LOCAL = ZoneInfo("Asia/Ho_Chi_Minh")

STATUS = {
    Status.REGISTERED: "1",
    Status.ACCEPTED: "2",
    Status.REFUSED: "3",
    Status.IN_PROCESS: "4",
    Status.SUPPLEMENT_REQUESTED: "5",
    Status.PAYMENT_REQUESTED: "6",
    Status.WITHDRAWN: "7",
    Status.STOPPED: "8",
    Status.RESOLVED: "9",
    Status.RETURNED: "10",
}
APPLICANT = {ApplicantKind.CITIZEN: "0", ApplicantKind.ENTERPRISE: "1"}
"""2 is hộ kinh doanh, which we do not tell apart; state bodies and others have no word there."""

_ORIGINAL, _COPY, _ELECTRONIC = "0", "1", "2"
_ACCEPTING = {Act.ACCEPT, Act.TAKE_IN}

Files = Mapping[UUID, str]
"""What our documents are called there."""


def dossier_message(facts: DossierFacts, number: str, files: Files) -> dict[str, Any]:
    """Build CreateDossier; raises `Unmapped`."""
    accepted_at = next((event.at for event in facts.events if event.act in _ACCEPTING), None)
    kind = word(APPLICANT, facts.applicant_kind)
    message = {
        "MaHoSo": number,
        "MaTTHC": facts.procedure_code,
        "MaDichVuCong": f"{facts.procedure_code}.01",
        "ChuHoSo": facts.applicant_name,
        "LoaiDoiTuong": kind,
        "MaDonViTiepNhan": facts.agency_code,
        "NgayNop": _plain(facts.received_at),
        "NgayTiepNhan": _plain(accepted_at) if accepted_at else None,
        "EformThongTinChiTiet": dict(facts.form),
        "ThanhPhanHoSo": _components(facts, files),
        "ThongTinNguoiNop": _submitter(facts, kind),
        "DanhSachLePhi": _fees(facts),
    }
    return {name: value for name, value in message.items() if value is not None}


def progress_row(facts: DossierFacts, number: str, portal_id: str) -> dict[str, Any]:
    """Build a row of CapNhatTienTrinh about the last event."""
    last = facts.events[-1]
    row = {
        "IDHoSo": portal_id,
        "MaHoSo": number,
        "NguoiXuLy": last.actor_name,
        "ThoiDiemXuLy": _iso(last.at),
        "PhongBanXuLy": last.agency_name,
        "NoiDungXuLy": _said(facts),
        "TrangThai": word(STATUS, last.target),
        "NgayBatDau": _iso(last.at),
        "NgayKetThucTheoQuyDinh": _iso(last.due_at) if last.due_at else None,
    }
    return {name: value for name, value in row.items() if value is not None}


def status_row(facts: DossierFacts, number: str, portal_id: str, files: Files) -> dict[str, Any]:
    """Build a row of CapNhatTrangThai; results are told with the status that brings them."""
    last = facts.events[-1]
    row: dict[str, Any] = {
        "IdHoSo": portal_id,
        "MaHoSo": number,
        "TrangThai": word(STATUS, last.target),
        "NoiDungYKien": last.reason,
        "PhongBanXuLy": last.agency_name,
        "NoiDungXuLy": _said(facts),
        "DanhSachLePhi": _fees(facts),
    }
    if last.target is Status.RESOLVED and facts.results:
        row["DanhSachGiayToKetQua"] = [
            {
                "MaGiayToKetQua": facts.result_code,
                "TenGiayTo": result.name,
                "IdGiayTo": files[result.document_id],
                "HashTepTin": result.sha256,
            }
            for result in facts.results
        ]
    return {name: value for name, value in row.items() if value is not None}


def _said(facts: DossierFacts) -> str:
    last = facts.events[-1]
    return f"{ACT_LABELS[last.act]}: {last.reason}" if last.reason else ACT_LABELS[last.act]


def _components(facts: DossierFacts, files: Files) -> list[dict[str, Any]]:
    """Group files by the paper they are of; a file of none stands for itself."""
    groups: dict[str, list[PaperFact]] = {}
    for paper in facts.papers:
        if not paper.is_replaced:
            groups.setdefault(paper.component or str(paper.document_id), []).append(paper)
    rows: list[dict[str, Any]] = [
        {
            "MaThanhPhanHoSo": code,
            "TenThanhPhanHoSo": papers[0].component_name or papers[0].name,
            "SoLuong": len(papers),
            "LoaiBan": _ELECTRONIC,
            "GiayToDinhKem": [
                {
                    "IdGiayTo": files[paper.document_id],
                    "TenGiayTo": paper.name,
                    "HashTepTin": paper.sha256,
                }
                for paper in papers
            ],
        }
        for code, papers in groups.items()
    ]
    return rows + [
        {
            "MaThanhPhanHoSo": paper.component,
            "TenThanhPhanHoSo": paper.name,
            "SoLuong": paper.count,
            "LoaiBan": _ORIGINAL if paper.is_original else _COPY,
            "GiayToDinhKem": [],
        }
        for paper in facts.on_paper
    ]


def _submitter(facts: DossierFacts, kind: str) -> dict[str, Any]:
    """Tell who handed in and whose it is: two persons there."""
    details = {
        "TenNguoiNop": facts.submitter_name,
        "SoDinhDanh": facts.submitter_number,
        "SoDienThoai": facts.phone,
        "Email": facts.email,
        "TenChuHs": facts.applicant_name,
        "SoDinhDanhChuHs": facts.applicant_number,
        "DiaChiChiTietChuHs": facts.address,
    }
    row = {
        "LoaiDoiTuong": kind,
        "IdDoiTuong": facts.tech_id,
        "ThongTinChiTiet": {name: value for name, value in details.items() if value},
    }
    return {name: value for name, value in row.items() if value is not None}


def _fees(facts: DossierFacts) -> list[dict[str, str]]:
    return [
        {
            "TenPhiLePhi": fee.name,
            "MaPhiLePhi": fee.code,
            "Gia": str(fee.amount_vnd),
            "TrangThaiThanhToan": "1" if facts.is_paid_online else "0",
        }
        for fee in facts.fees
    ]


def _plain(at: datetime) -> str:
    return f"{at.astimezone(_LOCAL):%Y-%m-%d %H:%M:%S}"


def _iso(at: datetime) -> str:
    return at.astimezone(_LOCAL).isoformat(timespec="milliseconds")
