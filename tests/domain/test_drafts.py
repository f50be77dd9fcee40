"""What publishing a draft would change, named completely and only once."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.domain.drafts import Change, changes
from tests.builders import Json

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(0, 3) | st.sampled_from(["a", "b"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("xyz"), inner, max_size=3)
    ),
    max_leaves=8,
)


def test_members_of_a_list_are_told_apart_by_their_code() -> None:
    before = {"parts": [{"code": "A", "n": 1}, {"code": "B", "n": 1}]}
    after = {"parts": [{"code": "B", "n": 2}, {"code": "C", "n": 1}]}

    assert list(changes(before, after)) == [
        Change("/parts/B/n", 1, 2),
        Change("/parts/C", None, {"code": "C", "n": 1}),
        Change("/parts/A", {"code": "A", "n": 1}, None),
    ]


def test_one_that_moved_is_no_change() -> None:
    before = [{"code": "A"}, {"code": "B"}]

    assert list(changes(before, before[::-1])) == []


def test_a_pointer_is_escaped() -> None:
    assert list(changes({"a/b~c": 1}, {"a/b~c": 2})) == [Change("/a~1b~0c", 1, 2)]


@given(JSON)
def test_nothing_changed_is_nothing_to_show(value: Json) -> None:
    assert list(changes(value, value)) == []


@given(st.dictionaries(st.sampled_from("xyz"), JSON), st.dictionaries(st.sampled_from("xyz"), JSON))
def test_whatever_differs_is_shown(before: dict[str, Any], after: dict[str, Any]) -> None:
    found = {change.pointer.split("/")[1] for change in changes(before, after)}

    def is_same(name: str) -> bool:
        return (name in before) == (name in after) and not list(
            changes(before.get(name), after.get(name))
        )

    assert found == {name for name in {*before, *after} if not is_same(name)}
