"""A sound definition of a procedure, to be spoiled by the tests that need a faulty one."""

from copy import deepcopy
from typing import Any

from app.domain.procedure import ProcedureVersion
from app.domain.procedure_definition import parse_version

Document = dict[str, Any]
Path = tuple[str | int, ...]

_FORM = {
    "type": "object",
    "title": "Tờ khai",
    "additionalProperties": False,
    "required": ["purpose"],
    "properties": {"purpose": {"type": "string", "title": "Mục đích", "maxLength": 100}},
}

_VERSION: Document = {
    "version": 1,
    "valid_from": "2020-01-01",
    "valid_to": "2020-12-31",
    "online_level": 4,
    "agencies": ["H44.10"],
    "applicants": ["citizen", "organisation"],
    "limit": {"count": 3, "unit": "working_days"},
    "supplement_days": 30,
    "payment_days": 10,
    "components": [
        {
            "code": "GT01",
            "name": "Tờ khai",
            "required": True,
            "condition": None,
            "originals": 1,
            "copies": 0,
            "electronic": True,
            "signature": "required",
        },
        {
            "code": "GT02",
            "name": "Văn bản ủy quyền",
            "required": False,
            "condition": "Người nộp được ủy quyền",
            "originals": 0,
            "copies": 1,
            "electronic": True,
            "signature": "none",
        },
        {
            "code": "GT03",
            "name": "Giấy chứng sinh",
            "required": True,
            "condition": None,
            "originals": 1,
            "copies": 1,
            "electronic": True,
            "signature": "optional",
        },
    ],
    "form": _FORM,
    "fees": [
        {
            "code": "LP01",
            "name": "Lệ phí cấp giấy",
            "kind": "fee",
            "amount_vnd": 50_000,
            "phase": "acceptance",
            "exempt": [
                {"code": "HN", "name": "Hộ nghèo"},
                {"code": "KT", "name": "Người khuyết tật"},
            ],
        },
        {
            "code": "PH01",
            "name": "Phí thẩm định",
            "kind": "charge",
            "amount_vnd": 120_000,
            "phase": "acceptance",
            "exempt": [{"code": "HN", "name": "Hộ nghèo"}],
        },
        {
            "code": "PH02",
            "name": "Phí bản sao",
            "kind": "charge",
            "amount_vnd": 8_000,
            "phase": "return",
            "exempt": [],
        },
    ],
    "steps": [
        {"code": "reception", "name": "Tiếp nhận", "role": "receptionist", "share_percent": 10},
        {"code": "appraisal", "name": "Thẩm định", "role": "officer", "share_percent": 60},
        {"code": "approval", "name": "Ký duyệt", "role": "approver", "share_percent": 25},
        {"code": "return", "name": "Trả kết quả", "role": "receptionist", "share_percent": 5},
    ],
    "result": {
        "code": "KQ.G15.000001",
        "name": "Giấy khai sinh",
        "paper_required": True,
        "electronic": True,
    },
    "legal_basis": ["Luật Hộ tịch số 60/2014/QH13"],
}


def a_version_document(**changes: object) -> Document:
    return deepcopy(_VERSION) | changes


def a_version(**changes: object) -> ProcedureVersion:
    return parse_version(a_version_document(**changes))


def a_procedure_document(*versions: Document, **changes: object) -> Document:
    return {
        "code": "1.001193",
        "name": "Đăng ký khai sinh",
        "field": {"code": "G15-TP01", "name": "Hộ tịch"},
        "sample": True,
        "versions": list(versions) or [a_version_document()],
    } | changes


def put(document: Document, path: Path, value: object) -> None:
    holder: Any = document
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = value


def pointer_of(path: Path) -> str:
    return "".join(f"/{key}" for key in path)
