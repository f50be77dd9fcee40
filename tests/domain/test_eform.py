"""E-forms: every fault of an answer is told with the place where it is."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.eform import EForm
from app.seeds import read_procedure_documents

SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": ["name", "copies"],
    "properties": {
        "name": {"type": "string", "minLength": 2, "maxLength": 10},
        "copies": {"type": "integer", "minimum": 1, "maximum": 3},
        "born_on": {"type": "string", "format": "date"},
        "sex": {"enum": ["Nam", "Nữ"]},
        "kin": {
            "type": "array",
            "minItems": 1,
            "maxItems": 2,
            "uniqueItems": True,
            "items": {
                "type": "object",
                "required": ["a/b"],
                "properties": {"a/b": {"type": "string"}},
            },
        },
        "a~b": {"type": "string", "pattern": "^[0-9]+$"},
    },
}
GOOD = {"name": "An Mẫu", "copies": 1}

SEEDED = [
    pytest.param(version["form"], id=f"{document['code']}-{version['version']}")
    for document in read_procedure_documents()
    for version in document["versions"]
]
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@pytest.mark.parametrize("schema", SEEDED)
def test_the_examples_of_every_seeded_form_are_well_filled(schema: dict[str, Any]) -> None:
    form = EForm(schema)

    assert schema["examples"]
    for example in schema["examples"]:
        assert form.faults(example) == []


@pytest.mark.parametrize("schema", SEEDED)
def test_an_empty_form_is_told_every_member_that_is_required(schema: dict[str, Any]) -> None:
    told = EForm(schema).faults({})

    assert [pointer for pointer, _ in told] == [f"/{name}" for name in schema.get("required", [])]
    assert {sentence for _, sentence in told} <= {"Mục này là bắt buộc."}


@pytest.mark.parametrize(
    ("change", "pointer", "sentence"),
    [
        ({"name": 1}, "/name", "Kiểu dữ liệu không đúng."),
        ({"name": "A"}, "/name", "Nội dung quá ngắn."),
        ({"name": "A" * 11}, "/name", "Nội dung quá dài."),
        ({"copies": 0}, "/copies", "Giá trị nhỏ hơn mức cho phép."),
        ({"copies": 4}, "/copies", "Giá trị lớn hơn mức cho phép."),
        ({"copies": 10**40}, "/copies", "Giá trị lớn hơn mức cho phép."),
        ({"copies": True}, "/copies", "Kiểu dữ liệu không đúng."),
        ({"born_on": "hôm qua"}, "/born_on", "Không đúng định dạng."),
        ({"sex": "khác"}, "/sex", "Giá trị không nằm trong danh mục."),
        ({"kin": []}, "/kin", "Danh sách quá ngắn."),
        ({"kin": [{"a/b": "1"}] * 2}, "/kin", "Danh sách có giá trị trùng nhau."),
        ({"kin": [{}]}, "/kin/0/a~1b", "Mục này là bắt buộc."),
        ({"a~b": "x"}, "/a~0b", "Không đúng định dạng."),
        ({"x/y~": 1}, "/x~1y~0", "Biểu mẫu không có mục này."),
    ],
)
def test_a_fault_is_told_where_it_is_and_in_vietnamese(
    change: dict[str, Any], pointer: str, sentence: str
) -> None:
    assert EForm(SCHEMA).faults(GOOD | change) == [(pointer, sentence)]


def test_all_faults_are_told_at_once() -> None:
    told = EForm(SCHEMA).faults({"copies": 9, "sex": 1, "x": 1, "y": 2})

    assert {pointer for pointer, _ in told} == {"/name", "/copies", "/sex", "/x", "/y"}


@given(st.dictionaries(st.text() | st.sampled_from([*SCHEMA["properties"]]), json_values))  # type: ignore[misc]
def test_whatever_is_filled_in_is_answered(answers: dict[str, Any]) -> None:
    form = EForm(SCHEMA)

    told = form.faults(answers)

    for pointer, sentence in told:
        assert pointer == "" or pointer.startswith("/")
        assert sentence
    if set(answers) - set(SCHEMA["properties"]):  # type: ignore[call-overload]
        assert told
