"""The petitions' table is the specification, so the tests quantify over the whole of it."""

from datetime import date
from itertools import product

import pytest

from app.domain.actor import DESK_ROLES, Role
from app.domain.petitions import (
    ACT_LABELS,
    ENDED,
    KIND_LABELS,
    LABELS,
    STEPS,
    Answered,
    PetitionAct,
    PetitionKind,
    PetitionRoleRefused,
    PetitionStatus,
    PetitionStepRefused,
    petition_code,
    possible_acts,
    take,
)

WAITING = PetitionStatus.SUPPLEMENT_REQUESTED
SOURCES: list[PetitionStatus | None] = [None, *PetitionStatus]


@pytest.mark.parametrize("row", STEPS, ids=lambda row: f"{row[0]}-{row[1]}")
def test_each_step_is_taken_by_its_roles_and_refused_to_every_other(
    row: tuple[PetitionStatus | None, PetitionAct],
) -> None:
    status, act = row
    step = STEPS[row]

    for role in Role:
        if role in step.by:
            target = take(status, act, role, before=PetitionStatus.ACCEPTED)
            assert target is (step.target or PetitionStatus.ACCEPTED)
        else:
            with pytest.raises(PetitionRoleRefused) as refusal:
                take(status, act, role)
            assert refusal.value.facts["roles"] == sorted(step.by)


def test_an_act_that_the_table_does_not_name_is_refused_with_those_it_names() -> None:
    for status, act in set(product(SOURCES, PetitionAct)) - set(STEPS):
        with pytest.raises(PetitionStepRefused) as refusal:
            take(status, act, Role.APPROVER)
        named = possible_acts(status) if status else []
        assert refusal.value.facts["possible_acts"] == named


def test_every_status_but_the_ended_ones_has_a_way_out() -> None:
    assert set(PetitionStatus) - {status for status, _ in STEPS} == ENDED


def test_every_status_is_reachable_from_nothing() -> None:
    reached: set[PetitionStatus | None] = {None}
    for _ in PetitionStatus:
        reached |= {step.target for (status, _), step in STEPS.items() if status in reached} - {
            None
        }
    assert reached == set(SOURCES)


def test_the_petitioner_may_always_take_back_what_has_not_ended() -> None:
    for status in set(PetitionStatus) - ENDED:
        assert PetitionAct.WITHDRAW in possible_acts(status, Role.APPLICANT)


def test_nobody_but_an_approver_speaks_for_the_agency() -> None:
    for (_, act), step in STEPS.items():
        if act in {PetitionAct.REFUSE, PetitionAct.ANSWER}:
            assert step.by == {Role.APPROVER}
        elif step.by != {Role.APPLICANT}:
            assert step.by <= DESK_ROLES - {Role.APPROVER}


def test_a_supplement_that_leads_nowhere_is_a_fault_of_ours() -> None:
    with pytest.raises(ValueError, match="which status"):
        take(WAITING, PetitionAct.SUPPLEMENT, Role.APPLICANT)


def test_everything_has_a_name_in_vietnamese() -> None:
    assert set(LABELS) == set(PetitionStatus)
    assert set(ACT_LABELS) == set(PetitionAct)
    assert set(KIND_LABELS) == set(PetitionKind)


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (1, "PA-H44.10-261122-0001"),
        (9999, "PA-H44.10-261122-9999"),
        (10000, "PA-H44.10-261122-10000"),
    ],
)
def test_a_code_grows_past_four_digits(number: int, code: str) -> None:
    assert petition_code("H44.10", date(2026, 11, 22), number) == code


@pytest.mark.parametrize(
    ("answered", "due", "percent"),
    [
        (Answered(), 0, None),
        (Answered(in_time=1), 1, "100.00"),
        (Answered(in_time=2, late=1), 3, "66.67"),
        (Answered(in_time=1, overdue=7), 8, "12.50"),
        (Answered(in_time=1, late=1, overdue=1, open=797), 800, "0.13"),
    ],
)
def test_the_share_answered_in_time_is_rounded_half_up(
    answered: Answered, due: int, percent: str | None
) -> None:
    share = answered.in_time_percent
    assert answered.due == due
    assert (None if share is None else str(share)) == percent


def test_figures_of_parts_add_up() -> None:
    assert Answered(1, 2, 3, 4) + Answered(10, 20, 30, 40) == Answered(11, 22, 33, 44)
