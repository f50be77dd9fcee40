"""Steps as a definition writes them: the agency of a step, what it decides, the way through."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.actor import DESK_ROLES, Role
from app.domain.lifecycle import STEPS, Act, Status, possible_acts
from app.domain.procedure import DECIDABLE, AgencyRule, Step, acts_at
from app.domain.procedure_definition import DefinitionError, parse_version
from tests.domain.procedure_samples import a_version, a_version_document


def steps(*changes: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the sample's four steps, each with its changes."""
    sample: list[dict[str, Any]] = a_version_document()["steps"]
    for step, change in zip(sample, changes, strict=False):
        step.update(change)
    return sample


def faults(made: list[dict[str, Any]]) -> dict[str, str]:
    with pytest.raises(DefinitionError) as refused:
        parse_version(a_version_document(steps=made))
    return {fault["pointer"]: fault["message"] for fault in refused.value.facts["faults"]}


def test_a_step_without_them_stays_here_and_decides_what_the_lifecycle_lets() -> None:
    step = a_version().steps[1]

    assert (step.agency, step.decides) == (AgencyRule.HERE, None)
    assert all(step.lets(act) for act in Act)


@pytest.mark.parametrize("rule", [*AgencyRule, "H44.14"])
def test_the_agency_is_a_rule_or_a_code(rule: str) -> None:
    version = a_version(steps=steps({}, {"agency": str(rule)}))

    assert version.steps[1].agency == rule


@pytest.mark.parametrize("wrong", ["h44", "above", "", None, 7, ["H44.14"]])
def test_anything_else_is_no_agency(wrong: object) -> None:
    assert set(faults(steps({}, {"agency": wrong}))) == {"/steps/1/agency"}


@pytest.mark.parametrize("wrong", [["accept"], ["jump"], "pass_on", ["pass_on", "pass_on"], [None]])
def test_what_is_decided_is_a_list_of_acts_in_process(wrong: object) -> None:
    [pointer] = faults(steps({}, {"decides": wrong}))
    assert pointer.startswith("/steps/1/decides")


def test_a_step_behind_one_that_hands_nothing_on_is_not_reached() -> None:
    found = faults(steps({}, {"decides": ["resolve"]}))

    assert set(found) == {"/steps/2"}
    assert "Không hồ sơ nào tới được" in found["/steps/2"]


def test_the_desk_s_last_step_is_reached_by_the_decision() -> None:
    parse_version(a_version_document(steps=steps({}, {}, {"decides": ["resolve"]})))


def test_what_the_first_step_decides_does_not_matter_starting_leaves_it() -> None:
    parse_version(a_version_document(steps=steps({"decides": []})))


def test_somewhere_on_the_way_it_must_be_decided() -> None:
    only = {"decides": ["pass_on"]}

    found = faults(steps(only, only, only, only))
    assert set(found) == {"/steps"}
    assert "ký duyệt" in found["/steps"]


@pytest.mark.parametrize("status", [status for status in Status if status is not Status.DRAFT])
@pytest.mark.parametrize("role", sorted(DESK_ROLES))
@given(decides=st.none() | st.lists(st.sampled_from(DECIDABLE), unique=True).map(tuple))
def test_a_step_narrows_what_a_role_may_do_in_process_and_nothing_else(
    status: Status, role: Role, decides: tuple[Act, ...] | None
) -> None:
    step = Step("x", "X", Role.OFFICER, 100, decides=decides)

    found = acts_at(step, status, role)

    expected = possible_acts(status, role)
    if status is Status.IN_PROCESS and decides is not None:
        expected = [act for act in expected if act in decides]
    assert found == expected


def test_every_act_of_the_desk_in_process_can_be_left_to_a_step() -> None:
    desk = {
        act
        for (status, act), step in STEPS.items()
        if status is Status.IN_PROCESS and step.by & DESK_ROLES
    }
    assert desk == set(DECIDABLE)
