"""Claims with a lease, assignments, delegation: who may do what, and until when."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from app.domain.actor import Actor, Role
from app.domain.delegation import DelegationRefused
from app.domain.intake import ReturnWay
from app.domain.lifecycle import Act, RoleRefused, Status
from app.domain.once import Once
from app.domain.queue import OPEN, Tab, ends_assignment, ends_claim
from app.services import claims, delegations, fees, processing, queue, reception, submission
from app.services.claims import NotClaimable, NotHeld
from app.services.delegations import DelegationNotFound, Wish
from app.services.holds import DossierClaimed
from app.services.transition import DossierElsewhere, DossierNotFound, Request
from tests.queue.office import JUSTICE, OTHER_DISTRICT, TUESDAY, Office, citizen, staff

LEASE = timedelta(minutes=30)
FIRST, SECOND = staff(account="officer-1"), staff(account="officer-2")
DESK, CHIEF = staff(Role.RECEPTIONIST), staff(Role.APPROVER)


def by(actor: Actor, code: str, at: datetime = TUESDAY, once: Once | None = None) -> Request:
    return Request(code, actor, at, None, once)


def test_a_claim_lasts_as_long_as_its_lease_to_the_instant(office: Office) -> None:
    code = office.a_dossier(Status.ACCEPTED)
    held = claims.claim(office.desk, by(FIRST, code))
    assert (held.claimed_by, held.claimed_until) == ("officer-1", (TUESDAY + LEASE).isoformat())

    just_before, at_end = TUESDAY + LEASE - timedelta(microseconds=1), TUESDAY + LEASE
    with pytest.raises(DossierClaimed) as refusal:
        processing.start(office.desk, by(SECOND, code, just_before))
    assert refusal.value.facts["claimed_name"] == "Cán bộ officer-1"
    assert datetime.fromisoformat(refusal.value.facts["claimed_until"]) == at_end
    with pytest.raises(DossierClaimed):
        claims.claim(office.desk, by(SECOND, code, just_before))
    assert office.row(code)["version"] == 1

    assert processing.start(office.desk, by(SECOND, code, at_end)).status == Status.IN_PROCESS
    assert office.row(code)["claimed_by"] is None


def test_whoever_claimed_may_act_and_goes_on_holding_while_going_on(office: Office) -> None:
    code = office.a_dossier(Status.ACCEPTED)
    claims.claim(office.desk, by(FIRST, code))
    later = TUESDAY + timedelta(minutes=20)
    processing.start(office.desk, by(FIRST, code, later))
    assert office.row(code)["claimed_until"] == later + LEASE
    processing.pass_on(office.desk, by(FIRST, code, later), agency=None, reason=None)
    assert office.row(code)["claimed_until"] is None


def test_claiming_again_renews(office: Office) -> None:
    code = office.a_dossier(Status.ACCEPTED)
    claims.claim(office.desk, by(FIRST, code))
    later = TUESDAY + timedelta(minutes=29)
    again = claims.claim(office.desk, by(FIRST, code, later))
    assert again.claimed_until == (later + LEASE).isoformat()


def test_of_fifty_who_claim_at_once_one_wins_and_the_others_are_told_who(office: Office) -> None:
    code = office.a_dossier(Status.ACCEPTED)
    start = threading.Barrier(50)

    def one(n: int) -> str:
        start.wait()
        try:
            held = claims.claim(office.desk, by(staff(account=f"officer-{n}"), code))
        except DossierClaimed as refusal:
            return str(refusal.facts["claimed_by"])
        assert held.claimed_by == f"officer-{n}"
        return "won"

    with ThreadPoolExecutor(50) as pool:
        results = list(pool.map(one, range(50)))
    winner = f"officer-{results.index('won')}"
    assert results.count("won") == 1
    assert results.count(winner) == 49
    assert office.row(code)["claimed_by"] == winner


def test_of_fifty_who_act_and_claim_at_once_nobody_acts_against_a_claim(office: Office) -> None:
    """Whatever the order: an act after the claim is refused, a claim after the act is in vain."""
    codes = office.write([office.a_row(Status.ACCEPTED) for _ in range(25)])
    start = threading.Barrier(50)

    def claim(code: str) -> bool:
        start.wait()
        claims.claim(office.desk, by(FIRST, code))
        return True

    def act(code: str) -> bool:
        start.wait()
        try:
            processing.start(office.desk, by(SECOND, code))
        except DossierClaimed:
            return False
        return True

    with ThreadPoolExecutor(50) as pool:
        claimed = [pool.submit(claim, code) for code in codes]
        acted = [pool.submit(act, code) for code in codes]
    assert all(each.result() for each in claimed)
    for code, each in zip(codes, acted, strict=True):
        row = office.row(code)
        assert (row["status"] == Status.IN_PROCESS) is each.result()
        assert row["claimed_by"] == "officer-1"


def test_the_applicant_and_the_system_are_never_kept_out_by_a_claim(office: Office) -> None:
    code = office.a_dossier(Status.IN_PROCESS)
    claims.claim(office.desk, by(FIRST, code))
    owner = citizen(office.row(code)["applicant_number"])
    submission.withdraw(office.desk, by(owner, code), reason="Không còn nhu cầu")
    row = office.row(code)
    assert (row["status"], row["claimed_by"]) == (Status.WITHDRAWN, None)


def test_release_gives_back_what_is_ones_own_and_an_approver_anybodys(office: Office) -> None:
    code = office.a_dossier(Status.ACCEPTED)
    claims.claim(office.desk, by(FIRST, code))
    with pytest.raises(NotHeld):
        claims.release(office.desk, by(SECOND, code))
    claims.release(office.desk, by(FIRST, code))
    claims.claim(office.desk, by(SECOND, code))
    claims.assign(office.desk, by(CHIEF, code), account="officer-2", name="Cán bộ 2")
    freed = claims.release(office.desk, by(CHIEF, code))
    assert (freed.claimed_by, freed.assigned_to) == (None, None)


def test_assigning_is_for_approvers_and_ends_the_claim_of_somebody_else(office: Office) -> None:
    code = office.a_dossier(Status.ACCEPTED)
    claims.claim(office.desk, by(FIRST, code))
    with pytest.raises(RoleRefused):
        claims.assign(office.desk, by(FIRST, code), account="officer-2", name="Cán bộ 2")
    given = claims.assign(office.desk, by(CHIEF, code), account="officer-2", name="Cán bộ 2")
    assert (given.claimed_by, given.assigned_to) == (None, "officer-2")
    claims.claim(office.desk, by(SECOND, code))
    given = claims.assign(office.desk, by(CHIEF, code), account="officer-2", name="Cán bộ 2")
    assert given.claimed_by == "officer-2"


def test_an_assignment_keeps_nobody_from_acting_and_outlasts_a_supplement(office: Office) -> None:
    code = office.a_dossier(Status.ACCEPTED)
    claims.assign(office.desk, by(CHIEF, code), account="officer-2", name="Cán bộ 2")
    processing.start(office.desk, by(FIRST, code))
    parts = office.catalogue.offered[office.row(code)["procedure_version_id"]].version.components
    processing.request_supplement(
        office.desk, by(FIRST, code), components=(parts[0].code,), reason="Mờ", ground=None
    )
    assert office.row(code)["assigned_to"] == "officer-2"


@pytest.mark.parametrize("status", sorted(set(Status) - OPEN - {Status.DRAFT}))
def test_what_has_ended_can_be_neither_claimed_nor_assigned(office: Office, status: Status) -> None:
    code = office.a_dossier(status)
    with pytest.raises(NotClaimable):
        claims.claim(office.desk, by(DESK, code))
    with pytest.raises(NotClaimable):
        claims.assign(office.desk, by(CHIEF, code), account="officer-2", name="Cán bộ 2")


def test_a_role_that_can_do_nothing_with_a_dossier_cannot_claim_it(office: Office) -> None:
    with pytest.raises(NotClaimable):
        claims.claim(office.desk, by(CHIEF, office.a_dossier(Status.REGISTERED)))


def test_only_the_desk_of_the_agency_that_has_it_may_claim(office: Office) -> None:
    code = office.a_dossier(Status.IN_PROCESS)
    elsewhere = office.catalogue.agency_ids[OTHER_DISTRICT]
    handed_on = office.a_dossier(
        Status.IN_PROCESS,
        at_agency_id=elsewhere,
        agency_ids=[office.row(code)["agency_id"], elsewhere],
    )
    with pytest.raises(DossierElsewhere):
        claims.claim(office.desk, by(FIRST, handed_on))
    with pytest.raises(DossierNotFound):
        claims.claim(office.desk, by(staff(agency=OTHER_DISTRICT), code))
    with pytest.raises(RoleRefused):
        claims.claim(office.desk, by(citizen(office.row(code)["applicant_number"]), code))
    for role in (Role.ANALYST, Role.ADMINISTRATOR, Role.PARTNER):
        with pytest.raises(DossierNotFound):
            claims.claim(office.desk, by(staff(role), code))


def test_a_claim_repeated_under_its_key_is_answered_as_before(office: Office) -> None:
    code = office.a_dossier(Status.ACCEPTED)
    once = Once("khoa-1", f"POST /v1/dossiers/{code}/claim", "f")
    first = claims.claim(office.desk, by(FIRST, code, once=once))
    again = claims.claim(office.desk, by(FIRST, code, TUESDAY + LEASE / 2, once))
    assert again == first


def test_a_result_that_is_returned_is_nobodys_any_more(office: Office) -> None:
    code = office.a_dossier(Status.RESOLVED, assigned_to=DESK.id, assigned_name=DESK.name)
    claims.claim(office.desk, by(DESK, code))
    reception.return_result(office.desk, by(DESK, code), way=ReturnWay.DESK, note=None)
    row = office.row(code)
    assert (row["claimed_by"], row["assigned_to"], row["queue_class"]) == (None, None, None)


@pytest.mark.parametrize("act", sorted(Act))
def test_whatever_ends_an_assignment_ends_a_claim(act: Act) -> None:
    for target in Status:
        assert not ends_assignment(act, target) or ends_claim(act, target)
        assert target in OPEN or (ends_claim(act, target) and ends_assignment(act, target))


def test_a_clock_that_stops_keeps_its_working_time_and_gives_it_back(office: Office) -> None:
    noon_in_three_days = TUESDAY.replace(hour=11, minute=30) + timedelta(days=2)
    code = office.a_dossier(Status.IN_PROCESS, due_at=noon_in_three_days)
    parts = office.catalogue.offered[office.row(code)["procedure_version_id"]].version.components
    processing.request_supplement(
        office.desk, by(FIRST, code), components=(parts[0].code,), reason="Mờ", ground=None
    )
    row = office.row(code)
    assert row["remaining_minutes"] == 150 + 240 + 480 + 240
    assert (row["queue_class"], row["queue_minutes"]) == (1, row["remaining_minutes"])
    processing.stop(office.desk, by(CHIEF, code), reason="Không bổ sung", legal_ground="Điều 17")
    row = office.row(code)
    assert (row["remaining_minutes"], row["queue_class"]) == (None, None)


def test_waiting_for_a_payment_runs_on_where_the_province_says_so(office: Office) -> None:
    rules = replace(office.desk.rules, payment_wait_stops_clock=False)
    desk = replace(office.desk, rules=rules)
    code = office.a_dossier(Status.IN_PROCESS)
    fees.request_payment(desk, by(FIRST, code), amount_vnd=20_000, reason="Cấp thêm")
    row = office.row(code)
    assert (row["remaining_minutes"], row["queue_class"]) == (None, 0)


WISH = Wish("officer-2", "Cán bộ 2", TUESDAY.date(), TUESDAY.date(), "Nghỉ phép")


def mine(office: Office, actor: Actor, now: datetime = TUESDAY) -> set[str]:
    asked = queue.Asked(Tab.MINE)
    page = queue.page(office.desk, asked, actor=actor, after=None, limit=50, now=now)
    told = queue.counts(office.desk, actor=actor, hours=None, now=now)
    assert told.tabs[Tab.MINE].count == len(page.items)
    return {item["code"] for item in page.items}


def test_while_away_ones_work_shows_with_the_delegate_on_those_days(
    own_office: Office,
) -> None:
    code = own_office.a_dossier(Status.ACCEPTED, assigned_to="officer-1", assigned_name="Cán bộ 1")
    assert mine(own_office, SECOND) == set()
    given = delegations.delegate(own_office.desk, WISH, actor=FIRST, now=TUESDAY, once=None)
    assert mine(own_office, SECOND) == mine(own_office, FIRST) == {code}
    assert mine(own_office, SECOND, TUESDAY + timedelta(days=1)) == set()
    assert mine(own_office, SECOND, TUESDAY - timedelta(days=1)) == set()
    assert mine(own_office, staff(account="officer-3")) == set()
    delegations.end(own_office.desk, given["id"], actor=FIRST, now=TUESDAY)
    assert mine(own_office, SECOND) == set()


def test_delegation_is_not_passed_on_further(own_office: Office) -> None:
    own_office.a_dossier(Status.ACCEPTED, assigned_to="officer-1", assigned_name="Cán bộ 1")
    delegations.delegate(own_office.desk, WISH, actor=FIRST, now=TUESDAY, once=None)
    further = replace(WISH, to_account="officer-3", to_name="Cán bộ 3")
    delegations.delegate(own_office.desk, further, actor=SECOND, now=TUESDAY, once=None)
    assert mine(own_office, staff(account="officer-3")) == set()


def test_a_delegate_of_another_agency_sees_nothing_that_is_not_theirs(own_office: Office) -> None:
    own_office.a_dossier(Status.ACCEPTED, assigned_to="officer-1", assigned_name="Cán bộ 1")
    stranger = staff(agency=OTHER_DISTRICT, account="officer-2")
    delegations.delegate(own_office.desk, WISH, actor=FIRST, now=TUESDAY, once=None)
    assert mine(own_office, stranger) == set()


def test_an_approver_delegates_for_somebody_who_cannot(own_office: Office) -> None:
    wish = replace(WISH, from_account="officer-1", from_name="Cán bộ 1")
    with pytest.raises(RoleRefused):
        delegations.delegate(own_office.desk, wish, actor=SECOND, now=TUESDAY, once=None)
    given = delegations.delegate(own_office.desk, wish, actor=CHIEF, now=TUESDAY, once=None)
    assert given["from_account"] == "officer-1"

    def seen_by(actor: Actor) -> list[int]:
        found = delegations.listed(own_office.desk, actor=actor, after=0, limit=50, now=TUESDAY)
        return [each["id"] for each in found]

    assert seen_by(FIRST) == seen_by(SECOND) == seen_by(CHIEF) == [given["id"]]
    chief_elsewhere = staff(Role.APPROVER, JUSTICE)
    assert seen_by(staff(account="officer-3")) == seen_by(chief_elsewhere) == []
    with pytest.raises(DelegationNotFound):
        delegations.end(own_office.desk, given["id"], actor=chief_elsewhere, now=TUESDAY)
    with pytest.raises(RoleRefused):
        delegations.end(own_office.desk, given["id"], actor=SECOND, now=TUESDAY)
    delegations.end(own_office.desk, given["id"], actor=CHIEF, now=TUESDAY)
    assert seen_by(CHIEF) == []


@pytest.mark.parametrize(
    "change",
    [
        {"to_account": "officer-1"},
        {"last_on": TUESDAY.date() - timedelta(days=1)},
        {
            "first_on": TUESDAY.date() - timedelta(days=9),
            "last_on": TUESDAY.date() - timedelta(days=1),
        },
        {"last_on": TUESDAY.date() + timedelta(days=366)},
    ],
    ids=["to oneself", "no day", "of the past", "more than a year"],
)
def test_a_delegation_that_makes_no_sense_is_refused(
    own_office: Office, change: dict[str, object]
) -> None:
    wish = replace(WISH, **change)  # type: ignore[arg-type]  # fields of different types
    with pytest.raises(DelegationRefused):
        delegations.delegate(own_office.desk, wish, actor=FIRST, now=TUESDAY, once=None)


def test_who_handles_no_dossiers_neither_delegates_nor_asks(own_office: Office) -> None:
    analyst = staff(Role.ANALYST)
    with pytest.raises(RoleRefused):
        delegations.delegate(own_office.desk, WISH, actor=analyst, now=TUESDAY, once=None)
    with pytest.raises(RoleRefused):
        delegations.listed(own_office.desk, actor=analyst, after=0, limit=5, now=TUESDAY)
