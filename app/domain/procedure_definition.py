"""Definitions of procedures: the document an administrator writes, read with all its faults told.

The document is described by what is read here: an object has exactly the members named, codes
have the forms of Decision 20/2020/QĐ-TTg and of the national portal's catalogues.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import reduce
from itertools import pairwise
from typing import NoReturn

import jsonschema_rs

from app.domain.agency import AGENCY_CODE, LONGEST_AGENCY_CODE, Level
from app.domain.deadlines import LimitUnit, TimeLimit
from app.domain.definition import Fault, Node, blame_repeats
from app.domain.errors import DomainError
from app.domain.procedure import (
    ApplicantKind,
    Component,
    Exemption,
    Fee,
    FeeKind,
    FeePhase,
    Field,
    OnlineLevel,
    Procedure,
    ProcedureVersion,
    ResultKind,
    SignatureNeed,
)
from app.domain.step_definition import read_steps

_PROCEDURE_CODE = re.compile(r"[1-3]\.[0-9]{6}(\.[0-9]{3}\.[0-9]{2}\.[0-9]{2}\.[A-Z][0-9]{2})?")
_FIELD_CODE = re.compile(r"G[0-9]{2}-[A-Z]{2}[0-9]{2}")
_RESULT_CODE = re.compile(r"KQ\.G[0-9]{2}\.[0-9]{6}")
_ITEM_CODE = re.compile(r"[0-9A-Z]{1,10}([.-][0-9A-Z]{1,10}){0,9}")  # GT01, 000.00.00.G09-KQ002269

_VERSION_MEMBERS = (
    *("version", "valid_from", "valid_to", "online_level", "agencies", "applicants", "limit"),
    *("supplement_days", "payment_days", "components", "form", "fees", "steps", "result"),
    "legal_basis",
)
_COMPONENT_MEMBERS = (
    *("code", "name", "required", "condition", "originals", "copies", "electronic", "signature"),
)
_FEE_MEMBERS = ("code", "name", "kind", "amount_vnd", "phase", "exempt")

_MOST = 1000  # of days, hours, months, copies: more is a slip of the pen
_MOST_VND = 10**12


class DefinitionError(DomainError):
    """`facts["faults"]` lists every fault as pointer and message."""

    code = "procedure.invalid_definition"
    title = "Định nghĩa thủ tục hành chính không hợp lệ"


def parse_procedure(document: Mapping[str, object]) -> Procedure:
    """Read a procedure with its versions, or refuse it with all its faults."""
    root = Node(document, "", [])
    part = root.record("code", "name", "field", "sample", "versions")
    field = part["field"].record("code", "name")
    nodes = part["versions"].items(least=1)
    procedure = Procedure(
        code=part["code"].text(_PROCEDURE_CODE),
        name=part["name"].text(),
        field=Field(code=field["code"].text(_FIELD_CODE), name=field["name"].text()),
        sample=part["sample"].flag(),
        versions=tuple(_version(node) for node in nodes),
    )
    _check_succession(nodes, procedure.versions)
    _refuse_faulty(root.faults)
    return procedure


def parse_version(document: Mapping[str, object]) -> ProcedureVersion:
    """Read one version of a procedure, or refuse it with all its faults."""
    root = Node(document, "", [])
    version = _version(root)
    _refuse_faulty(root.faults)
    return version


@dataclass(frozen=True, slots=True)
class Heading:
    """What all versions of a procedure share."""

    name: str
    field: Field
    sample: bool


def read_draft(
    root: Node, code: str, number: int, valid_from: date
) -> tuple[Heading, ProcedureVersion]:
    """Read `name`, `field`, `sample` and `definition`: a version without number and dates.

    Whoever reads looks at the node's faults before using it.
    """
    Node(code, "/code", root.faults).text(_PROCEDURE_CODE)
    part = root.record("name", "field", "sample", "definition")
    field = part["field"].record("code", "name")
    heading = Heading(
        name=part["name"].text(),
        field=Field(code=field["code"].text(_FIELD_CODE), name=field["name"].text()),
        sample=part["sample"].flag(),
    )
    said = part["definition"].mapping()
    given = {"version": number, "valid_from": valid_from.isoformat(), "valid_to": None}
    for member in given.keys() & said.keys():
        part["definition"].below(member, None).blame("Mục này do việc ban hành quyết định.")
    return heading, _version(Node(said | given, "/definition", root.faults))


def _refuse_faulty(faults: list[Fault]) -> None:
    if faults:
        raise DefinitionError(
            f"Định nghĩa thủ tục hành chính có {len(faults)} lỗi.", faults=list(faults)
        )


def _version(node: Node) -> ProcedureVersion:
    part = node.record(*_VERSION_MEMBERS)
    agency_codes, agency_level = _resolvers(part["agencies"])
    level = part["online_level"].choice(OnlineLevel)
    version = ProcedureVersion(
        version=part["version"].integer(1, _MOST),
        valid_from=part["valid_from"].day(),
        valid_to=None if part["valid_to"].value is None else part["valid_to"].day(),
        online_level=level,
        agency_codes=agency_codes,
        agency_level=agency_level,
        applicants=_applicants(part["applicants"]),
        limit=_limit(part["limit"]),
        supplement_days=part["supplement_days"].integer(1, _MOST),
        payment_days=part["payment_days"].integer(1, _MOST),
        components=_components(part["components"], level),
        form=_form(part["form"]),
        fees=_fees(part["fees"]),
        steps=read_steps(part["steps"]),
        result=_result(part["result"]),
        legal_basis=tuple(item.text() for item in part["legal_basis"].items(least=1)),
    )
    _check_validity(node, part["valid_to"], version)
    return version


def _check_validity(node: Node, last_day: Node, version: ProcedureVersion) -> None:
    if not node.has_sound("valid_from", "valid_to") or version.valid_to is None:
        return
    if version.valid_to < version.valid_from:
        last_day.blame("Ngày hết hiệu lực đứng trước ngày có hiệu lực.")


def _check_succession(nodes: list[Node], versions: tuple[ProcedureVersion, ...]) -> None:
    """Versions follow one another: rising numbers, and none begins before the last one ends."""
    for (before, earlier), (node, later) in pairwise(zip(nodes, versions, strict=True)):
        are_numbered = before.has_sound("version") and node.has_sound("version")
        if are_numbered and later.version <= earlier.version:
            node.blame("Số phiên bản phải lớn hơn số của phiên bản đứng trước.")
        are_dated = before.has_sound("valid_to") and node.has_sound("valid_from")
        ends = earlier.valid_to
        if are_dated and (ends is None or later.valid_from <= ends):
            node.blame("Hiệu lực chồng lên hiệu lực của phiên bản đứng trước.")


def _resolvers(node: Node) -> tuple[tuple[str, ...], Level | None]:
    """Read who resolves the procedure: a list of agencies, or `{"level": ...}`."""
    if isinstance(node.value, Mapping):
        return (), node.record("level")["level"].choice(Level)
    items = node.items(least=1)
    blame_repeats(items)
    return tuple(item.text(AGENCY_CODE, LONGEST_AGENCY_CODE) for item in items), None


def _applicants(node: Node) -> tuple[ApplicantKind, ...]:
    items = node.items(least=1)
    blame_repeats(items)
    return tuple(item.choice(ApplicantKind) for item in items)


def _limit(node: Node) -> TimeLimit:
    part = node.record("count", "unit")
    return TimeLimit(part["count"].integer(1, _MOST), part["unit"].choice(LimitUnit))


def _components(node: Node, level: OnlineLevel) -> tuple[Component, ...]:
    items = node.items(least=1)
    parts = [item.record(*_COMPONENT_MEMBERS) for item in items]
    blame_repeats(part["code"] for part in parts)
    components = tuple(_component(part) for part in parts)
    for item, component in zip(items, components, strict=True):
        _check_component(item, component, level)
    return components


def _component(part: dict[str, Node]) -> Component:
    return Component(
        code=part["code"].text(_ITEM_CODE),
        name=part["name"].text(),
        required=part["required"].flag(),
        condition=None if part["condition"].value is None else part["condition"].text(),
        originals=part["originals"].integer(0, _MOST),
        copies=part["copies"].integer(0, _MOST),
        electronic=part["electronic"].flag(),
        signature=part["signature"].choice(SignatureNeed),
    )


def _check_component(node: Node, component: Component, level: OnlineLevel) -> None:
    if component.required and component.condition:
        node.blame("Giấy tờ luôn bắt buộc thì không kèm điều kiện.")
    if node.has_sound("originals", "copies") and component.originals + component.copies == 0:
        node.blame("Phải có ít nhất một bản chính hoặc bản sao.")
    if component.electronic or not node.has_sound("electronic"):
        return
    if component.required and level is OnlineLevel.FULL:
        node.blame("Thủ tục toàn trình phải nhận giấy tờ bắt buộc ở dạng điện tử.")
    if component.signature is SignatureNeed.REQUIRED:
        node.blame("Giấy tờ phải ký số thì phải nhận ở dạng điện tử.")


def _form(node: Node) -> dict[str, object]:
    """Take an e-form: a sound schema of an object, closed to members it does not name."""
    form = node.mapping()
    if not node.is_sound():
        return form
    if form.get("type") != "object" or form.get("additionalProperties") is not False:
        node.blame("Biểu mẫu phải có type là object và additionalProperties là false.")
    try:
        jsonschema_rs.Draft202012Validator(form, retriever=_retrieve_nothing)
    except jsonschema_rs.ValidationError as fault:
        place = reduce(lambda at, key: at.below(str(key), None), fault.instance_path, node)
        place.blame("Biểu mẫu không phải là JSON Schema (draft 2020-12) hợp lệ.")
    return form


def _retrieve_nothing(uri: str) -> NoReturn:
    """Keep a form from making the server fetch what its references name."""
    raise LookupError(uri)


def _fees(node: Node) -> tuple[Fee, ...]:
    parts = [item.record(*_FEE_MEMBERS) for item in node.items()]
    blame_repeats(part["code"] for part in parts)
    return tuple(_fee(part) for part in parts)


def _fee(part: dict[str, Node]) -> Fee:
    cases = [item.record("code", "name") for item in part["exempt"].items()]
    blame_repeats(case["code"] for case in cases)
    return Fee(
        code=part["code"].text(_ITEM_CODE),
        name=part["name"].text(),
        kind=part["kind"].choice(FeeKind),
        amount_vnd=part["amount_vnd"].integer(0, _MOST_VND),
        phase=part["phase"].choice(FeePhase),
        exempt=tuple(Exemption(c["code"].text(_ITEM_CODE), c["name"].text()) for c in cases),
    )


def _result(node: Node) -> ResultKind:
    part = node.record("code", "name", "paper_required", "electronic")
    return ResultKind(
        code=part["code"].text(_RESULT_CODE),
        name=part["name"].text(),
        paper_required=part["paper_required"].flag(),
        electronic=part["electronic"].flag(),
    )
