"""Lives of invented dossiers: by the lifecycle table, in working time, never in the future."""

import re
from collections import Counter
from datetime import date, datetime, timedelta
from itertools import pairwise

import pytest

from app.domain.actor import DESK_ROLES
from app.domain.agency import Agency
from app.domain.application import Application, HandedIn, find_faults
from app.domain.calendar import LOCAL_ZONE
from app.domain.eform import EForm
from app.domain.figures import Intake
from app.domain.intake import Channel, ReturnWay
from app.domain.intake_plan import Slice
from app.domain.invented_people import account_of
from app.domain.lifecycle import STEPS, WAITING, Act, Status
from app.domain.past_dossier import PastDossier
from app.domain.past_stage import Odds
from app.domain.periods import Period
from app.domain.procedure import ApplicantKind
from tests.domain.past_samples import AGENCIES, CALENDAR, NOW, Cells, lives, plan, published

MONTH = [date(2021, 3, 1 + n) for n in range(0, 28, 3) if n % 7 < 5]  # a Monday first
MANY_TURNS = Odds(
    refused=0.1,
    asked_at_once=0.2,
    answered_late=0.1,
    asked=0.4,
    asked_again=0.3,
    unanswered=0.3,
    withdrawn=0.1,
    stopped=0.1,
    extended=0.2,
    late=0.2,
    denied=0.2,
    uncollected=0.1,
)


def slices(days: list[date] = MONTH, at_desk: int = 4, online: int = 4) -> list[Slice]:
    return [
        Slice(agency, day, at_desk, online)
        for day in days
        for agency in AGENCIES.values()
        if agency.report_group
    ]


@pytest.fixture(scope="module")
def past() -> list[PastDossier]:
    """Some thousands of lives in which everything happens often."""
    return lives(slices(), odds=MANY_TURNS)


def test_every_event_is_a_row_of_the_lifecycle_table(past: list[PastDossier]) -> None:
    for dossier in past:
        before: Status | None = None
        for earlier, event in pairwise([None, *dossier.events]):
            assert event is not None
            step = STEPS[event.source, event.act]
            assert event.actor.role in step.by
            assert event.target == (step.target or before)
            if earlier is not None:
                assert event.source is earlier.target
                assert event.at > earlier.at
            if event.target in WAITING:
                before = event.source
        assert dossier.status is dossier.events[-1].target


def test_everything_that_may_happen_to_a_dossier_happens(past: list[PastDossier]) -> None:
    acts = {event.act for dossier in past for event in dossier.events}
    ends = {dossier.status for dossier in past}
    silent = [event for dossier in past for event in dossier.events if event.act is Act.STOP]

    assert set(Act) - acts == {Act.REQUEST_PAYMENT, Act.SETTLE, Act.MOVE}
    assert ends == {
        Status.RETURNED,
        Status.RESOLVED,
        Status.REFUSED,
        Status.WITHDRAWN,
        Status.STOPPED,
    }
    assert {event.source for event in silent} == {Status.IN_PROCESS, Status.SUPPLEMENT_REQUESTED}


def test_staff_act_in_the_working_time_of_their_office(past: list[PastDossier]) -> None:
    for dossier in past:
        for event in dossier.events:
            if event.actor.role in DESK_ROLES:
                minute = event.at.replace(second=0)
                assert CALENDAR.next_opening(event.at) == minute, event


def test_nothing_lies_in_the_future() -> None:
    now = datetime(2021, 3, 24, 10, 17, 30, tzinfo=LOCAL_ZONE)
    days = [now.date() - timedelta(days=n) for n in range(20)]

    found = lives(slices(days), now=now)

    assert max(event.at for dossier in found for event in dossier.events) <= now
    assert any(dossier.received_at.date() == now.date() for dossier in found)
    alive = Counter(dossier.status for dossier in found)
    for status in (Status.REGISTERED, Status.ACCEPTED, Status.IN_PROCESS, Status.RETURNED):
        assert alive[status] > 20


@pytest.mark.parametrize("clock", ["00:00:20", "05:30:00", "23:59:59"])
def test_a_day_that_has_just_begun_holds_what_it_must(clock: str) -> None:
    now = datetime.fromisoformat(f"2021-03-24T{clock}").replace(tzinfo=LOCAL_ZONE)

    found = lives(slices([now.date()]), now=now)

    assert all(dossier.received_at <= now for dossier in found)
    assert {dossier.received_at.date() for dossier in found} == {now.date()}


def test_what_is_handed_in_could_have_been_handed_in(past: list[PastDossier]) -> None:
    forms: dict[int, EForm] = {}
    for dossier in past[::7]:
        version = dossier.offer.version
        form = forms.setdefault(id(version), EForm(version.form))
        handed_in = [part for part in dossier.parts if part.at == dossier.received_at]
        application = Application(
            dossier.offer.procedure_code,
            dossier.events[0].actor.agency or "",
            dossier.applicant,
            version.form["examples"][0],
            tuple(HandedIn(part.component, None) for part in handed_in),
            (),
            dossier.return_way,
        )
        faults = find_faults(application, version, _agency(dossier), dossier.channel, form)
        # The files themselves are not part of the past.
        assert {fault.code for fault in faults} <= {"component.file_missing"}
        assert dossier.channel is not Channel.ONLINE or version.online_level.accepts_online
        assert version.is_valid_on(dossier.received_at.date())


def _agency(dossier: PastDossier) -> Agency:
    staffed = [event.actor.agency for event in dossier.events if event.actor.agency]
    if staffed:
        return AGENCIES[staffed[0]]
    return next(a for a in AGENCIES.values() if dossier.offer.version.is_resolved_by(a))


def test_the_clock_is_that_of_the_law(past: list[PastDossier]) -> None:
    for dossier in past:
        if dossier.accepted_at is None:
            assert dossier.due_at is None
            continue
        assert dossier.promised_at is not None
        assert dossier.due_at is not None
        waited = dossier.supplements or dossier.extension
        assert (dossier.due_at > dossier.promised_at) <= bool(waited)
        assert dossier.due_at >= dossier.promised_at
        online = dossier.channel is Channel.ONLINE
        assert (dossier.answer_due_at is not None) == online
        assert online or dossier.accepted_at == dossier.received_at


def test_usual_lives_are_as_one_reads_in_reports() -> None:
    found = lives(slices(at_desk=10, online=10))
    resolved = [d for d in found if d.resolved_at and d.due_at]
    late = [d for d in resolved if d.resolved_at and d.due_at and d.resolved_at > d.due_at]
    ends = Counter(d.status for d in found)

    assert 0.01 < len(late) / len(resolved) < 0.06
    assert ends[Status.RETURNED] / len(found) > 0.93
    for status in (Status.REFUSED, Status.WITHDRAWN, Status.STOPPED, Status.RESOLVED):
        assert 0.001 < ends[status] / len(found) < 0.03
    channels = Counter(d.channel for d in found)
    assert channels[Channel.ONLINE] == len(found) // 2
    assert 0.02 < channels[Channel.POST] / (len(found) // 2) < 0.06
    by_citizens = [d for d in found if d.applicant.kind is ApplicantKind.CITIZEN]
    assert 0.5 < len(by_citizens) / len(found) < 0.95


def test_results_go_out_online_only_where_they_are_electronic(past: list[PastDossier]) -> None:
    for dossier in past:
        if dossier.return_way is ReturnWay.ONLINE:
            assert dossier.offer.version.result.electronic
            assert dossier.channel is Channel.ONLINE


def test_no_number_is_one_that_a_person_or_a_body_can_have(past: list[PastDossier]) -> None:
    names: dict[str, str] = {}
    for dossier in past:
        applicant = dossier.applicant
        if applicant.kind is ApplicantKind.CITIZEN:
            assert re.fullmatch(r"025[89]\d{8}", applicant.number)  # born in 2300 or later
        else:
            assert re.fullmatch(r"99\d{8}", applicant.number)  # no province has this code
        assert names.setdefault(applicant.number, applicant.name) == applicant.name
        assert (applicant.phone or "").startswith("0000")
        assert (applicant.email or "").endswith(".example")
    assert len(names) > len(past) / 2


def test_names_carry_their_diacritics(past: list[PastDossier]) -> None:
    accented = [d for d in past if not d.applicant.name.isascii()]

    assert len(accented) > 0.99 * len(past)


def test_who_hands_in_online_acts_with_an_account_at_the_portal(past: list[PastDossier]) -> None:
    for dossier in past:
        assert dossier.submitter is not None
        if dossier.channel is Channel.ONLINE:
            assert dossier.submitter == account_of(dossier.applicant)
            assert dossier.submitter.tech_id
        else:
            assert dossier.submitter.role in DESK_ROLES


def test_accounts_are_verified_since_there_is_something_to_verify_them_by() -> None:
    later = lives(slices([date(2022, 7, 20)]))
    earlier = lives(slices([date(2022, 7, 13)]))

    def verified(found: list[PastDossier]) -> int:
        return sum(d.submitter is not None and d.submitter.is_verified for d in found)

    assert (verified(earlier), verified(later) > 50) == (0, True)


def test_grounds_are_those_in_force() -> None:
    found = {
        day.year: {
            event.legal_ground
            for dossier in lives(slices([day]), odds=MANY_TURNS)
            for event in dossier.events
            if event.act is Act.REFUSE
        }
        for day in (date(2017, 3, 6), date(2021, 3, 8), date(2025, 9, 8))
    }

    assert found == {
        2017: {"Quyết định số 09/2015/QĐ-TTg"},
        2021: {"Nghị định số 61/2018/NĐ-CP"},
        2025: {"Nghị định số 118/2025/NĐ-CP"},
    }


def test_the_same_draw_tells_the_same_lives() -> None:
    def told(seed: int) -> list[tuple[object, ...]]:
        return [
            (d.received_at, d.applicant, d.offer.procedure_code, d.events)
            for d in lives(slices(MONTH[:2]), seed=seed)
        ]

    assert told(1) == told(1)
    assert told(1) != told(2)


def test_a_day_too_large_for_one_batch_is_received_in_the_order_of_its_parts() -> None:
    cells: Cells = {("H44.18", date(2021, 3, 3)): Intake(900, 1500)}
    period = Period(date(2021, 3, 3), date(2021, 3, 3))

    found = lives(plan(published(cells, [period])))

    at_desk = [d.received_at for d in found if d.channel is not Channel.ONLINE]
    online = [d.received_at for d in found if d.channel is Channel.ONLINE]
    assert (len(at_desk), len(online)) == (900, 1500)
    for instants in (at_desk, online):
        assert instants == sorted(instants)


def test_an_old_past_is_over() -> None:
    found = lives(slices(), now=NOW)

    assert all(d.ended_at or d.status is Status.RESOLVED for d in found)
