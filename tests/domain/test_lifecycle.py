"""The table is the specification, so the tests quantify over the whole of it."""

from itertools import product

import pytest

from app.domain.actor import Role
from app.domain.lifecycle import (
    ACT_LABELS,
    LABELS,
    STEPS,
    WAITING,
    Act,
    RoleRefused,
    Status,
    StepRefused,
    possible_acts,
    take,
)

Place = tuple[Status | None, Act]

NOT_YET, BACK = "-", "back"
SPECIFIED = """
submit              draft                                           registered            applicant
take_in             -                                               accepted              receptionist
accept              registered                                      accepted              receptionist
refuse              registered                                      refused               receptionist
request_supplement  registered,accepted,in_process                  supplement_requested  receptionist,officer
supplement          supplement_requested                            back                  applicant
start               accepted                                        in_process            officer
pass_on             in_process                                      in_process            officer
request_payment     accepted,in_process                             payment_requested     officer,receptionist
settle              payment_requested                               back                  partner,receptionist
extend              in_process                                      in_process            approver
resolve             in_process                                      resolved              approver
stop                in_process                                      stopped               approver
stop                supplement_requested,payment_requested          stopped               approver,system
withdraw            registered,accepted,in_process                  withdrawn             applicant
withdraw            supplement_requested,payment_requested          withdrawn             applicant
return_result       resolved                                        returned              receptionist,system
"""  # noqa: E501  (the table of acts as the field describes it, one act a line)
FINAL = {Status.REFUSED, Status.WITHDRAWN, Status.STOPPED, Status.RETURNED}
OUTSIDE = sorted(set(product([None, *Status], Act)) - set(STEPS), key=str)


def _named(place: Place) -> str:
    return f"{place[0]}-{place[1]}"


def _before(status: Status | None) -> Status | None:
    return Status.ACCEPTED if status in WAITING else None


def test_the_table_is_the_one_that_the_field_describes() -> None:
    described = {
        (None if source == NOT_YET else Status(source), Act(act)): (
            None if target == BACK else Status(target),
            frozenset(Role(role) for role in roles.split(",")),
        )
        for act, sources, target, roles in map(str.split, SPECIFIED.strip().splitlines())
        for source in sources.split(",")
    }

    assert {place: (step.target, step.by) for place, step in STEPS.items()} == described


@pytest.mark.parametrize("place", sorted(STEPS, key=str), ids=_named)
def test_each_step_is_taken_by_its_roles_and_refused_to_every_other(place: Place) -> None:
    (status, act), step = place, STEPS[place]

    for role in step.by:
        assert take(status, act, role, before=_before(status)) is (step.target or Status.ACCEPTED)
    for role in set(Role) - step.by:
        with pytest.raises(RoleRefused) as refusal:
            take(status, act, role, before=_before(status))
        assert refusal.value.facts["roles"] == sorted(step.by)
        assert act not in refusal.value.facts["possible_acts"]


@pytest.mark.parametrize("place", OUTSIDE, ids=_named)
def test_an_act_the_table_does_not_name_is_refused_to_everybody(place: Place) -> None:
    status, act = place

    for role in Role:
        with pytest.raises(StepRefused) as refusal:
            take(status, act, role, before=Status.ACCEPTED)
        named = refusal.value.facts["possible_acts"]
        assert named == [str(known) for known in Act if (status, known) in STEPS and status]


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("role", Role)
def test_the_possible_acts_are_exactly_those_that_are_not_refused(
    status: Status, role: Role
) -> None:
    taken = set()
    for act in Act:
        try:
            take(status, act, role, before=Status.ACCEPTED)
        except (StepRefused, RoleRefused):
            continue
        taken.add(act)

    assert set(possible_acts(status, role)) == taken
    assert taken <= set(possible_acts(status))


@pytest.mark.parametrize("status", Status)
def test_what_is_possible_is_possible_for_somebody(status: Status) -> None:
    by_roles = {act for role in Role for act in possible_acts(status, role)}

    assert set(possible_acts(status)) == by_roles
    assert len(possible_acts(status)) == len(by_roles)


def _origins(waiting: Status) -> set[Status]:
    """Return the statuses that a waiting one may lead back to."""
    return {source for (source, _), step in STEPS.items() if source and step.target is waiting}


def _next(place: tuple[Status, Status | None]) -> set[tuple[Status, Status | None]]:
    """Return where one act leads, with the status before if that is a waiting one."""
    status, before = place
    targets = [step.target or before for (source, _), step in STEPS.items() if source is status]
    return {(target, status if target in WAITING else None) for target in targets if target}


def _reachable(start: Status) -> set[Status]:
    fresh: set[tuple[Status, Status | None]] = {(start, None)}
    found = set(fresh)
    while fresh:
        fresh = set().union(*map(_next, fresh)) - found
        found |= fresh
    return {status for status, _ in found}


def test_every_status_is_reached_from_a_draft() -> None:
    assert _reachable(Status.DRAFT) == set(Status)


def test_a_dossier_taken_in_at_the_desk_reaches_all_but_what_comes_before_acceptance() -> None:
    reached = _reachable(Status.ACCEPTED)

    assert set(Status) - reached == {Status.DRAFT, Status.REGISTERED, Status.REFUSED}


def test_the_final_statuses_are_those_without_acts_and_each_other_one_leads_to_an_end() -> None:
    assert {status for status in Status if not possible_acts(status)} == FINAL
    for status in set(Status) - FINAL:
        assert _reachable(status) & FINAL


def test_nothing_becomes_a_draft_and_the_system_ends_nothing_that_is_not_due() -> None:
    assert Status.DRAFT not in {step.target for step in STEPS.values()}
    by_system = {act for (_, act), step in STEPS.items() if Role.SYSTEM in step.by}
    assert by_system == {Act.STOP, Act.RETURN_RESULT}


@pytest.mark.parametrize("waiting", sorted(WAITING))
def test_a_waiting_status_leads_back_to_wherever_it_was_entered_from(waiting: Status) -> None:
    [(act, step)] = [
        (act, step)
        for (source, act), step in STEPS.items()
        if source is waiting and not step.target
    ]

    for origin in _origins(waiting):
        for role in step.by:
            assert take(waiting, act, role, before=origin) is origin


@pytest.mark.parametrize("waiting", sorted(WAITING))
def test_a_waiting_status_that_forgot_where_it_came_from_is_a_fault_of_ours(
    waiting: Status,
) -> None:
    act = Act.SUPPLEMENT if waiting is Status.SUPPLEMENT_REQUESTED else Act.SETTLE
    role = Role.APPLICANT if act is Act.SUPPLEMENT else Role.RECEPTIONIST

    with pytest.raises(ValueError, match=waiting):
        take(waiting, act, role)


def test_only_waiting_statuses_lead_back() -> None:
    assert {source for (source, _), step in STEPS.items() if step.target is None} == WAITING


def test_every_status_and_act_has_a_name_in_vietnamese_of_its_own() -> None:
    assert set(LABELS) == set(Status)
    assert set(ACT_LABELS) == set(Act)
    assert len(set(LABELS.values())) == len(Status)
    assert len(set(ACT_LABELS.values())) == len(Act)


def test_no_act_is_without_a_step_but_the_move_that_changes_no_status() -> None:
    assert {act for _, act in STEPS} == set(Act) - {Act.MOVE}
