"""What is different between two documents: applied to the first it gives the second."""

from copy import deepcopy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.domain.differences import Change, Difference, differences

_leaves = st.none() | st.booleans() | st.integers(-3, 3) | st.text("abc/~", max_size=3)
_codes = st.sampled_from(["GT01", "GT02", "LP01", "x"])
documents = st.recursive(
    _leaves,
    lambda inner: (
        st.dictionaries(st.text("ab/~", min_size=1, max_size=2), inner, max_size=3)
        | st.lists(inner, max_size=3)
        | st.lists(
            st.dictionaries(st.just("name"), inner).flatmap(
                lambda thing: _codes.map(lambda code: {"code": code, **thing})
            ),
            min_size=1,
            max_size=3,
            unique_by=lambda thing: thing["code"],
        )
    ),
    max_leaves=12,
)


@given(documents)
def test_equal_documents_have_no_differences(document: object) -> None:
    assert list(differences(document, deepcopy(document))) == []


@given(
    st.dictionaries(st.sampled_from("ab"), documents),
    st.dictionaries(st.sampled_from("ab"), documents),
)
def test_the_differences_applied_to_the_one_give_the_other(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    made = deepcopy(before)
    for one in differences(before, after):
        _apply(made, one)
    assert _unordered(made) == _unordered(after)


def _apply(document: Any, one: Difference) -> None:  # noqa: ANN401  (JSON)
    *way, last = [part.replace("~1", "/").replace("~0", "~") for part in one.pointer.split("/")[1:]]
    holder = document
    for part in way:
        holder = holder[part] if isinstance(holder, dict) else holder[_place(holder, part)]
    if one.change is Change.MOVED:
        return  # order is compared apart
    if isinstance(holder, dict):
        if one.change is Change.REMOVED:
            del holder[last]
        else:
            holder[last] = deepcopy(one.after)
    elif one.change is Change.ADDED:
        holder.append(deepcopy(one.after))
    elif one.change is Change.REMOVED:
        del holder[_place(holder, last)]
    else:
        holder[_place(holder, last)] = deepcopy(one.after)


def _place(holder: list[Any], code: str) -> int:
    [place] = [place for place, item in enumerate(holder) if item["code"] == code]
    return place


def _unordered(document: Any) -> Any:  # noqa: ANN401  (JSON)
    """Return the document with things that have a code in the order of their codes."""
    if isinstance(document, dict):
        return {key: _unordered(value) for key, value in document.items()}
    if isinstance(document, list):
        codes = [item.get("code") if isinstance(item, dict) else None for item in document]
        if codes and all(isinstance(c, str) for c in codes) and len(set(codes)) == len(codes):
            document = sorted(document, key=lambda item: item["code"])
        return [_unordered(item) for item in document]
    return (type(document).__name__, document)


def test_steps_that_only_changed_places_are_told_as_moved() -> None:
    one, two = {"code": "a", "share": 1}, {"code": "b", "share": 2}

    found = list(differences({"steps": [one, two]}, {"steps": [two, one]}))

    assert found == [Difference("/steps", Change.MOVED, ["a", "b"], ["b", "a"])]


def test_a_changed_member_of_a_thing_is_told_by_the_thing_s_code() -> None:
    before = {"fees": [{"code": "LP01", "amount_vnd": 8000}]}
    after = {"fees": [{"code": "LP02", "amount_vnd": 1}, {"code": "LP01", "amount_vnd": 9000}]}

    assert [(one.pointer, one.change) for one in differences(before, after)] == [
        ("/fees/LP01/amount_vnd", Change.CHANGED),
        ("/fees/LP02", Change.ADDED),
    ]
