import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.procedure_definition import DefinitionError, parse_procedure
from tests.domain.procedure_samples import (
    Document,
    Path,
    a_procedure_document,
    a_version_document,
    put,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["code", "level", "type", "name"]), inner, max_size=3)
    ),
    max_leaves=4,
)


def _places(value: object, path: Path = ()) -> list[Path]:
    items: list[tuple[str | int, object]] = []
    if isinstance(value, dict):
        items = list(value.items())
    elif isinstance(value, list):
        items = list(enumerate(value))
    return [path, *(place for key, inner in items for place in _places(inner, (*path, key)))]


def _told(document: Document) -> list[dict[str, str]]:
    try:
        parse_procedure(document)
    except DefinitionError as refused:
        return list(refused.facts["faults"])
    return []


@given(st.sampled_from(_places(a_procedure_document())[1:]), JSON)
def test_whatever_stands_anywhere_is_read_or_refused_but_never_breaks_the_reader(
    path: Path, value: object
) -> None:
    document = a_procedure_document()
    put(document, path, value)

    assert all(fault["message"] for fault in _told(document))


def test_a_procedure_is_read_with_its_versions_in_order() -> None:
    procedure = parse_procedure(
        a_procedure_document(
            a_version_document(),
            a_version_document(version=2, valid_from="2021-01-01", valid_to=None),
        )
    )

    assert (procedure.code, procedure.field.code, procedure.sample) == (
        "1.001193",
        "G15-TP01",
        True,
    )
    assert [version.version for version in procedure.versions] == [1, 2]


@pytest.mark.parametrize("code", ["1.005129", "2.000635", "3.000181.000.00.00.H22"])
def test_national_codes_with_and_without_a_local_suffix_are_taken(code: str) -> None:
    assert parse_procedure(a_procedure_document(code=code)).code == code


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"code": "4.001193"}, "/code"),
        ({"code": "1.1193"}, "/code"),
        ({"code": "3.000181.H22"}, "/code"),
        ({"name": ""}, "/name"),
        ({"field": {"code": "G3-GD10", "name": "Giáo dục"}}, "/field/code"),
        ({"sample": 1}, "/sample"),
        ({"versions": []}, "/versions"),
        ({"versions": [a_version_document(payment_days=0)]}, "/versions/0/payment_days"),
    ],
)
def test_a_fault_of_a_procedure_is_blamed_at_its_place(
    changes: dict[str, object], pointer: str
) -> None:
    with pytest.raises(DefinitionError) as refused:
        parse_procedure(a_procedure_document(**changes))

    assert [fault["pointer"] for fault in refused.value.facts["faults"]] == [pointer]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"valid_to": None}, {"version": 2, "valid_from": "2021-01-01"}),
        ({"valid_to": "2021-01-01"}, {"version": 2, "valid_from": "2021-01-01"}),
        ({"version": 2}, {"version": 2, "valid_from": "2021-01-01"}),
        ({"version": 3}, {"version": 2, "valid_from": "2021-01-01"}),
    ],
)
def test_versions_neither_overlap_nor_count_backwards(
    first: dict[str, object], second: dict[str, object]
) -> None:
    document = a_procedure_document(
        a_version_document(**first), a_version_document(**{"valid_to": None, **second})
    )
    with pytest.raises(DefinitionError) as refused:
        parse_procedure(document)

    assert [fault["pointer"] for fault in refused.value.facts["faults"]] == ["/versions/1"]
