"""The portal's catalogue (LayThuTuc, generation A) read as a version of a procedure of ours.

What the portal does not know (e-form, steps, exemptions, days to answer) is taken from the version
that the province has, and is a plain beginning where it has none.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from app.domain.agency import Level
from app.domain.procedure import ApplicantKind, FeeKind
from app.domain.time_limits import LimitUnit
from app.integrations.national_portal import APPLICANT
from app.integrations.portal import Unmapped

Row = Mapping[str, Any]

LIMIT_UNITS = {
    "ngày làm việc": LimitUnit.WORKING_DAYS,
    "giờ làm việc": LimitUnit.WORKING_HOURS,
    "ngày": LimitUnit.CALENDAR_DAYS,
    "tháng": LimitUnit.MONTHS,
}
LEVELS = {
    "cấp tỉnh": Level.PROVINCE,
    "cấp huyện": Level.DISTRICT,
    "cấp xã": Level.COMMUNE,
}
_DESK, _ONLINE = "1", "2"
_BEGINNING: dict[str, Any] = {
    "supplement_days": 30,
    "payment_days": 10,
    "form": {"type": "object", "additionalProperties": False, "properties": {}},
    "steps": [
        {"code": code, "name": name, "role": role, "share_percent": share}
        for code, name, role, share in (
            ("reception", "Tiếp nhận hồ sơ", "receptionist", 10),
            ("appraisal", "Thẩm định, giải quyết", "officer", 60),
            ("approval", "Ký duyệt kết quả", "approver", 20),
            ("return", "Trả kết quả", "receptionist", 10),
        )
    ],
}
_DATED = {"version", "valid_from", "valid_to"}


@dataclass(frozen=True, slots=True)
class CataloguedProcedure:
    """A procedure of the portal in our words; the definition has neither number nor days."""

    code: str
    name: str
    field_code: str
    field_name: str
    definition: dict[str, Any]


def read_catalogued(
    source: Row, base: Row | None, agencies: Collection[str]
) -> CataloguedProcedure:
    """Read a procedure of the portal; raises `Unmapped` for a word that we do not have.

    `base` is the definition that the province has, `agencies` the codes of its agencies.
    """
    known = {name: value for name, value in (base or {}).items() if name not in _DATED}
    field = _first(source, "LINHVUCTHUCHIEN")
    channels = _rows(source, "CACHTHUCTHUCHIEN")
    read: dict[str, Any] = {
        "online_level": known.get("online_level", _online_level(channels)),
        "agencies": _agencies(source, known, agencies),
        "applicants": _applicants(source, known),
        "limit": _limit(channels),
        "components": _components(source, known),
        "fees": _fees(channels, known),
        "result": _result(source, known),
        "legal_basis": _legal_basis(source),
    }
    return CataloguedProcedure(
        code=_text(source, "MATTHC"),
        name=_text(source, "TENTTHC"),
        field_code=_text(field, "MALINHVUC"),
        field_name=_text(field, "TENLINHVUC"),
        definition={**_BEGINNING, **known, **read},
    )


def _limit(channels: list[Row]) -> dict[str, Any]:
    """Take the limit at the desk, or else of the first channel: there it hangs on the channel."""
    ordered = sorted(channels, key=lambda row: str(row.get("KENH")) != _DESK)
    times = [time for channel in ordered for time in _rows(channel, "THOIGIAN")]
    if not times:
        raise Unmapped("CACHTHUCTHUCHIEN.THOIGIAN")
    unit = _folded(times[0].get("DONVITINH"))
    if unit not in LIMIT_UNITS:
        raise Unmapped(f"DONVITINH {times[0].get('DONVITINH')}")
    return {
        "count": _number(times[0], "THOIGIANGIAIQUYET"),
        "unit": str(LIMIT_UNITS[unit]),
    }


def _online_level(channels: list[Row]) -> int:
    return 3 if any(str(row.get("KENH")) == _ONLINE for row in channels) else 2


def _agencies(source: Row, known: Row, agencies: Collection[str]) -> Any:  # noqa: ANN401  (JSON)
    """Take the agencies that are ours, or those we had, or a whole level."""
    named = [str(row.get("MADONVI")) for row in _rows(source, "COQUANTHUCHIEN")]
    ours = [code for code in dict.fromkeys(named) if code in agencies]
    if ours or known.get("agencies"):
        return ours or known["agencies"]
    for row in _rows(source, "CAPTHUCHIEN"):
        level = LEVELS.get(_folded(row.get("TENCAP")))
        if level is not None:
            return {"level": str(level)}
    raise Unmapped(f"COQUANTHUCHIEN {', '.join(named)}")


def _applicants(source: Row, known: Row) -> list[str]:
    ours = {word: kind for kind, word in APPLICANT.items()}
    rows = _rows(source, "DOITUONGTHUCHIEN")
    codes = [str(row.get("MADOITUONG")) for row in rows]
    for code in codes:
        if code not in ours:
            raise Unmapped(f"MADOITUONG {code}")
    return [str(ours[code]) for code in dict.fromkeys(codes)] or known.get(
        "applicants", [str(ApplicantKind.CITIZEN)]
    )


def _components(source: Row, known: Row) -> list[dict[str, Any]]:
    """Join the cases (trường hợp): a paper of all of them is required, others have a condition."""
    cases = _rows(source, "THANHPHANHOSO")
    in_cases: dict[str, list[str]] = {}
    papers: dict[str, Row] = {}
    for case in cases:
        for paper in _rows(case, "GIAYTO"):
            code = _text(paper, "MAGIAYTO")
            papers.setdefault(code, paper)
            in_cases.setdefault(code, []).append(str(case.get("TRUONGHOP") or ""))
    before = _by_code(known.get("components"))
    return [
        _component(paper, before.get(code, {}), in_cases[code], is_common=is_common)
        for code, paper in papers.items()
        for is_common in [len(in_cases[code]) == len(cases)]
    ]


def _component(paper: Row, before: Row, cases: list[str], *, is_common: bool) -> dict[str, Any]:
    originals, copies = _number(paper, "SOBANCHINH"), _number(paper, "SOBANSAO")
    condition = "; ".join(case for case in dict.fromkeys(cases) if case)
    return {
        "code": _text(paper, "MAGIAYTO"),
        "name": _text(paper, "TENGIAYTO"),
        "required": is_common,
        "condition": None if is_common else condition or None,
        "originals": originals or (0 if copies else 1),
        "copies": copies,
        "electronic": before.get("electronic", True),
        "signature": before.get("signature", "none"),
    }


def _fees(channels: list[Row], known: Row) -> list[dict[str, Any]]:
    before = _by_code(known.get("fees"))
    found: dict[str, dict[str, Any]] = {}
    for channel in channels:
        for time in _rows(channel, "THOIGIAN"):
            for row in _rows(time, "PHILEPHI"):
                code = _text(row, "MAPHILEPHI")
                found.setdefault(code, _fee(row, before.get(code, {})))
    return list(found.values())


def _fee(row: Row, before: Row) -> dict[str, Any]:
    name = str(row.get("MOTA") or before.get("name") or "Lệ phí")
    kind = FeeKind.CHARGE if _folded(name).startswith("phí") else FeeKind.FEE
    return {
        "code": _text(row, "MAPHILEPHI"),
        "name": name,
        "kind": before.get("kind", str(kind)),
        "amount_vnd": _number(row, "SOTIEN"),
        "phase": before.get("phase", "acceptance"),
        "exempt": before.get("exempt", []),
    }


def _result(source: Row, known: Row) -> dict[str, Any]:
    row, before = _first(source, "KETQUATHUCHIEN"), known.get("result", {})
    return {
        "code": _text(row, "MAKETQUA"),
        "name": _text(row, "TENKETQUA"),
        "paper_required": before.get("paper_required", False),
        "electronic": before.get("electronic", True),
    }


def _legal_basis(source: Row) -> list[str]:
    return [
        " số ".join(part for part in (row.get("TENVANBAN"), row.get("SOVANBAN")) if part)
        for row in _rows(source, "CANCUPHAPLY")
    ]


def _rows(source: Row, name: str) -> list[Row]:
    found = source.get(name)
    return [row for row in found if isinstance(row, Mapping)] if isinstance(found, list) else []


def _first(source: Row, name: str) -> Row:
    rows = _rows(source, name)
    if not rows:
        raise Unmapped(name)
    return rows[0]


def _text(row: Row, name: str) -> str:
    found = str(row.get(name) or "").strip()
    if not found:
        raise Unmapped(name)
    return found


def _number(row: Row, name: str) -> int:
    """Read a count or an amount: digits, with or without the dots of thousands."""
    said = str(row.get(name) or "0").strip()
    if not _DIGITS.fullmatch(said):
        raise Unmapped(f"{name} {said}")
    return int(said.replace(".", ""))


_DIGITS = re.compile(r"\d{1,12}|\d{1,3}(\.\d{3}){1,4}", re.ASCII)


def _folded(value: object) -> str:
    return " ".join(str(value or "").lower().split())


def _by_code(items: object) -> dict[str, Row]:
    rows = items if isinstance(items, list) else []
    return {row["code"]: row for row in rows}
