"""Drafts: their size, their sameness, their faults told once."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.application import Fault
from app.domain.drafts import LARGEST_BYTES, DraftTooLarge, check_size, is_same, together

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)
contents = st.dictionaries(st.text(), json_values, max_size=5)


def _fault(pointer: str, code: str = "x") -> Fault:
    return Fault(pointer, code, "Cần sửa.")


def test_size_is_counted_in_bytes_as_compact_json() -> None:
    room = LARGEST_BYTES - len('{"a":""}')
    check_size({"a": "x" * room})
    check_size({"a": "ế" * (room // 3)})
    for too_much in ("x" * (room + 1), "ế" * (room // 3 + 1), '"' * (room // 2 + 1)):
        with pytest.raises(DraftTooLarge):
            check_size({"a": too_much})


def test_half_a_character_has_a_size_too() -> None:
    check_size({"a": "\ud800"})


@given(contents)
def test_a_content_is_the_same_whatever_the_order_of_its_members(
    content: dict[str, object],
) -> None:
    turned = dict(reversed(list(content.items())))
    assert is_same(content, turned)
    assert is_same(content, json.loads(json.dumps(content)))


@pytest.mark.parametrize(("one", "other"), [(True, 1), (0, False), ("1", 1), ([], {}), (None, "")])
def test_what_python_takes_for_equal_may_differ_as_json(one: object, other: object) -> None:
    assert not is_same({"a": one}, {"a": other})


def test_what_an_unreadable_place_already_says_is_not_said_twice() -> None:
    unreadable = [_fault("/applicant", "missing"), _fault("/components/1/component", "missing")]
    found = [
        _fault("/applicant/number"),
        _fault("/applicant"),
        _fault("/applicants"),
        _fault("/components/1/component"),
        _fault("/components/10/component"),
        _fault("/components"),
    ]

    told = [fault.pointer for fault in together(unreadable, found)]

    assert told == [
        "/applicant",
        "/components/1/component",
        "/applicants",
        "/components/10/component",
        "/components",
    ]
