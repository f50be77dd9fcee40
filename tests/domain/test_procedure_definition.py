import pathlib
from collections.abc import Callable
from copy import deepcopy
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.actor import Role
from app.domain.agency import Level
from app.domain.deadlines import LimitUnit, TimeLimit
from app.domain.procedure import (
    ApplicantKind,
    Component,
    Exemption,
    Fee,
    FeeKind,
    FeePhase,
    OnlineLevel,
    ResultKind,
    SignatureNeed,
    Step,
)
from app.domain.procedure_definition import DefinitionError, parse_version
from tests.domain.procedure_samples import Document, Path, a_version_document, pointer_of, put

_WRONG: list[tuple[Path, object]] = [
    (("version",), 0),
    (("version",), "1"),
    (("valid_from",), "2020-02-30"),
    (("valid_from",), "2020-W01-1"),
    (("valid_from",), "2020-01-01T00:00:00"),
    (("valid_to",), 20201231),
    (("online_level",), 5),
    (("online_level",), True),
    (("online_level",), "4"),
    (("agencies",), "H44.10"),
    (("agencies",), []),
    (("agencies", 0), "h44.10"),
    (("agencies", 0), "H44.10\n"),
    (("agencies", 0), "H44" + ".123" * 9),
    (("agencies",), {"level": "region"}),
    (("applicants",), []),
    (("applicants", 1), "pet"),
    (("limit",), "3 working days"),
    (("limit", "count"), 0),
    (("limit", "count"), -3),
    (("limit", "count"), 2.5),
    (("limit", "unit"), "weeks"),
    (("supplement_days",), 0),
    (("payment_days",), None),
    (("components",), []),
    (("components", 0, "code"), "GT 01"),
    (("components", 1, "name"), "  "),
    (("components", 1, "name"), "a\x00b"),
    (("components", 1, "name"), "a" * 1001),
    (("components", 1, "condition"), ""),
    (("components", 2, "originals"), -1),
    (("components", 2, "required"), "yes"),
    (("components", 2, "signature"), True),
    (("form",), []),
    (("form",), {"type": "array", "additionalProperties": False}),
    (("form",), {"type": "object"}),
    (("form",), {"type": "object", "additionalProperties": True}),
    (("form", "properties", "purpose", "type"), "strin"),
    (("form", "properties", "purpose", "pattern"), "("),
    (("fees",), None),
    (("fees", 0, "code"), ""),
    (("fees", 0, "kind"), "tax"),
    (("fees", 1, "amount_vnd"), -1),
    (("fees", 1, "amount_vnd"), 50_000.0),
    (("fees", 1, "amount_vnd"), True),
    (("fees", 2, "phase"), "later"),
    (("fees", 0, "exempt", 1, "code"), "K T"),
    (("fees", 0, "exempt", 1, "name"), 7),
    (("steps",), []),
    (("steps", 1, "code"), "Thẩm định"),
    (("steps", 1, "role"), "applicant"),
    (("steps", 1, "role"), "chief"),
    (("steps", 3, "share_percent"), 101),
    (("steps", 3, "share_percent"), "5"),
    (("result", "code"), "KQ.G15.1"),
    (("result", "paper_required"), None),
    (("legal_basis",), []),
    (("legal_basis", 0), None),
]


def _inner(path: Path, value: object) -> str:
    """Where the fault lies: within the value, if that is an object of the right kind."""
    return pointer_of(path) + ("/level" if value == {"level": "region"} else "")


def _faults(document: Document) -> dict[str, str]:
    with pytest.raises(DefinitionError) as refused:
        parse_version(document)
    faults = refused.value.facts["faults"]
    assert len({fault["pointer"] for fault in faults}) == len(faults)
    return {fault["pointer"]: fault["message"] for fault in faults}


def test_a_sound_definition_is_read_whole() -> None:
    version = parse_version(a_version_document())

    assert version.version == 1
    assert (version.valid_from, version.valid_to) == (date(2020, 1, 1), date(2020, 12, 31))
    assert version.online_level is OnlineLevel.FULL
    assert (version.agency_codes, version.agency_level) == (("H44.10",), None)
    assert version.applicants == (ApplicantKind.CITIZEN, ApplicantKind.ORGANISATION)
    assert version.limit == TimeLimit(3, LimitUnit.WORKING_DAYS)
    assert (version.supplement_days, version.payment_days) == (30, 10)
    assert version.components[1] == Component(
        code="GT02",
        name="Văn bản ủy quyền",
        required=False,
        condition="Người nộp được ủy quyền",
        originals=0,
        copies=1,
        electronic=True,
        signature=SignatureNeed.NONE,
    )
    assert version.form["required"] == ["purpose"]
    assert version.fees[1] == Fee(
        code="PH01",
        name="Phí thẩm định",
        kind=FeeKind.CHARGE,
        amount_vnd=120_000,
        phase=FeePhase.ACCEPTANCE,
        exempt=(Exemption("HN", "Hộ nghèo"),),
    )
    assert version.steps[2] == Step("approval", "Ký duyệt", Role.APPROVER, 25)
    assert version.result == ResultKind(
        "KQ.G15.000001", "Giấy khai sinh", paper_required=True, electronic=True
    )
    assert version.legal_basis == ("Luật Hộ tịch số 60/2014/QH13",)


def test_a_level_stands_for_all_its_agencies() -> None:
    version = parse_version(a_version_document(agencies={"level": "district"}))

    assert (version.agency_codes, version.agency_level) == ((), Level.DISTRICT)


def test_an_open_end_is_written_as_null() -> None:
    assert parse_version(a_version_document(valid_to=None)).valid_to is None


@pytest.mark.parametrize(("path", "value"), _WRONG)
def test_a_wrong_value_is_blamed_where_it_stands_and_nowhere_else(
    path: Path, value: object
) -> None:
    document = a_version_document()
    put(document, path, value)

    assert set(_faults(document)) == {_inner(path, value)}


@given(
    st.lists(
        st.sampled_from(
            [wrong for wrong in _WRONG if len(wrong[0]) > 1 or wrong[0][0] == "version"]
        ),
        min_size=2,
        max_size=12,
        unique_by=lambda wrong: wrong[0][:2],
    )
)
def test_however_many_faults_there_are_all_are_told_at_once(
    wrongs: list[tuple[Path, object]],
) -> None:
    document = a_version_document()
    told = set()
    for path, value in wrongs:
        put(document, path, value)
        told.add(_inner(path, value))

    assert told <= set(_faults(document))


@pytest.mark.parametrize("key", sorted(a_version_document()))
def test_a_missing_member_is_blamed_once(key: str) -> None:
    document = a_version_document()
    del document[key]

    assert _faults(document) == {f"/{key}": "Thiếu mục này."}


@pytest.mark.parametrize(
    "path", [(), ("limit",), ("components", 0), ("fees", 0), ("fees", 0, "exempt", 0), ("steps", 0)]
)
def test_a_member_the_form_of_definitions_does_not_know_is_blamed(path: Path) -> None:
    document = a_version_document()
    put(document, (*path, "mo/ta~"), "x")

    assert set(_faults(document)) == {f"{pointer_of(path)}/mo~1ta~0"}


def _with(path: Path, value: object) -> Callable[[Document], None]:
    return lambda document: put(document, path, value)


def _twice(*path: str | int) -> Callable[[Document], None]:
    """Put the first element of a list once more at its end."""

    def repeat(document: Document) -> None:
        holder: Any = document
        for key in path:
            holder = holder[key]
        holder.append(deepcopy(holder[0]))

    return repeat


@pytest.mark.parametrize(
    ("spoil", "pointer", "words"),
    [
        (_with(("valid_to",), "2019-12-31"), "/valid_to", "đứng trước"),
        (_with(("steps", 1, "share_percent"), 59), "/steps", "99 %"),
        (_with(("steps", 1, "share_percent"), 61), "/steps", "101 %"),
        (_with(("steps", 0, "code"), "appraise"), "/steps/0", "reception"),
        (_with(("steps", 0, "role"), "officer"), "/steps/0", "receptionist"),
        (_with(("steps", 2, "role"), "officer"), "/steps", "approver"),
        (_with(("steps", 3, "code"), "approval"), "/steps/3/code", "trùng"),
        (_twice("components"), "/components/3/code", "GT01"),
        (_with(("fees", 2, "code"), "PH01"), "/fees/2/code", "PH01"),
        (_with(("fees", 0, "exempt", 1, "code"), "HN"), "/fees/0/exempt/1/code", "HN"),
        (_twice("agencies"), "/agencies/1", "H44.10"),
        (_twice("applicants"), "/applicants/2", "citizen"),
        (_with(("components", 1, "required"), value=True), "/components/1", "điều kiện"),
        (_with(("components", 0, "originals"), 0), "/components/0", "ít nhất một"),
        (_with(("components", 2, "electronic"), value=False), "/components/2", "toàn trình"),
    ],
)
def test_parts_that_contradict_each_other_are_blamed(
    spoil: Callable[[Document], None], pointer: str, words: str
) -> None:
    document = a_version_document()
    spoil(document)
    faults = _faults(document)

    assert set(faults) == {pointer}
    assert words in faults[pointer]


def test_a_partial_service_may_want_a_required_paper_at_the_desk() -> None:
    document = a_version_document(online_level=3)
    put(document, ("components", 2, "electronic"), value=False)

    assert parse_version(document).components[2].required


def test_a_paper_to_be_signed_electronically_cannot_be_on_paper_only() -> None:
    document = a_version_document(online_level=2)
    put(document, ("components", 0, "electronic"), value=False)

    assert set(_faults(document)) == {"/components/0"}


def test_a_form_never_makes_the_reader_fetch_what_it_refers_to(tmp_path: pathlib.Path) -> None:
    elsewhere = tmp_path / "schema.json"
    elsewhere.write_text('{"type": "string"}', encoding="utf-8")
    document = a_version_document()
    put(document, ("form", "properties", "purpose"), {"$ref": elsewhere.as_uri()})

    assert set(_faults(document)) == {"/form"}


def test_the_refusal_counts_the_faults_in_its_sentence() -> None:
    with pytest.raises(DefinitionError, match="có 2 lỗi") as refused:
        parse_version(a_version_document(version=0, supplement_days=0))

    assert refused.value.code == "procedure.invalid_definition"
