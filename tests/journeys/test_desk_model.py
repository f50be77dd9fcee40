"""Everybody at the desk at random, over HTTP, against a model of the rules.

By default the same few hundred steps each time. `MOTCUA_MODEL_EXAMPLES=500` plays that many other
days; `--hypothesis-seed=N` plays one of them again.
"""

import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from app.domain.calendar import LOCAL_ZONE
from tests.builders import PROVINCE, Api, running_api
from tests.journeys.model_checks import (
    check_annex,
    check_dossier,
    check_list,
    check_queue,
    check_rows,
)
from tests.journeys.model_citizens import Citizens, check_petition, check_ratings
from tests.journeys.model_desk import ACTS, OPEN, TABLE, Dossier, Who
from tests.journeys.model_people import (
    CITIZENS,
    EVERYBODY,
    PLACES,
    Place,
    STAFF,
    application,
    online_application,
)
from tests.journeys.model_province import Province
from tests.journeys.model_times import (
    CleanSlate,
    change_day,
    open_on_saturdays,
    some_agency,
    sweep,
)

EXAMPLES = os.environ.get("MOTCUA_MODEL_EXAMPLES")
SHRINK = os.environ.get("MOTCUA_MODEL_SHRINK")
STARTS = [
    "2026-10-05T09:00",  # a Monday in a quiet month
    "2026-11-20T16:30",  # a Friday before a week with a holiday
    "2026-12-31T14:59",
    "2027-01-29T10:00",  # the Friday before Tết
]
LAST = datetime(2027, 6, 30, tzinfo=LOCAL_ZONE)
EDGES = [0, 449, 450, 689, 690, 720, 780, 900, 901, 1019, 1020, 1021, 1439]

numbers = st.integers(0, 999)
everybody = st.sampled_from(EVERYBODY)
staff = st.sampled_from(STAFF)


class Days(Citizens):
    """Days at the desks of a province."""

    api: Api
    slate: CleanSlate

    def __init__(self) -> None:
        super().__init__()
        self.slate.wipe()
        self.province = Province(self.api)
        self.petitions = []
        self.touched: Dossier | None = None
        self.turns = count()

    @initialize(start=st.sampled_from(STARTS))
    def begin(self, start: str) -> None:
        self.api.clock.at = datetime.fromisoformat(start).replace(tzinfo=LOCAL_ZONE)
        open_on_saturdays(self.province)

    # -- time ---------------------------------------------------------------------------------

    @rule(minutes=st.integers(1, 600), seconds=st.sampled_from([0, 0, 30]))
    def minutes_pass(self, minutes: int, seconds: int) -> None:
        self.api.clock.at += timedelta(minutes=minutes, seconds=seconds)

    @rule(days=st.sampled_from([0, 1, 1, 2, 3, 5, 12, 31]), edge=st.sampled_from(EDGES))
    def days_pass(self, days: int, edge: int) -> None:
        midnight = self.api.clock.at.replace(hour=0, minute=0, second=0, microsecond=0)
        later = midnight + timedelta(days=days, minutes=edge)
        if self.api.clock.at <= later < LAST:
            self.api.clock.at = later

    @rule()
    def the_worker_sweeps(self) -> None:
        sweep(self.province)

    @rule(
        who=numbers,
        ahead=st.integers(-9, 25),
        kind=st.sampled_from(["off", "off", "worked", "worked", "hours", "usual"]),
    )
    def the_calendar_changes(self, who: int, ahead: int, kind: str) -> None:
        if change_day(self.province, some_agency(who), ahead, kind):
            for petition in self.petitions:
                petition.derive(self.province.calendar.office(petition.agency))

    # -- how dossiers come --------------------------------------------------------------------

    @rule(
        place=st.sampled_from(PLACES),
        who=st.sampled_from(CITIZENS[:2]),
        applicant=st.sampled_from([CITIZENS[0], *CITIZENS[:2]]),
        ways=numbers,
    )
    def somebody_submits(self, place: Place, who: Who, applicant: Who, ways: int) -> None:
        body = online_application(self.api, place, who, applicant.account, wants_file=ways % 2 == 1)
        self.province.submit(who, body, by_draft=ways % 3 == 2)

    @rule(place=st.sampled_from(PLACES), by=numbers, channel=st.sampled_from(["desk", "post"]))
    def the_desk_takes_in(self, place: Place, by: int, channel: str) -> None:
        at_home = Who("receptionist", place[1], f"receptionist@{place[1]}")
        who = at_home if by % 4 else EVERYBODY[by % len(EVERYBODY)]
        self.province.take_in(who, application(place, CITIZENS[by % 2].account), channel)

    # -- what is done to them -----------------------------------------------------------------

    @precondition(lambda self: self._open())
    @rule(which=numbers, choice=numbers, twist=numbers)
    def somebody_carries_on(self, which: int, choice: int, twist: int) -> None:
        self._carry_on(which, choice, twist)

    @precondition(lambda self: self._open())
    @rule(which=numbers, choice=numbers, twist=numbers)
    def somebody_else_carries_on(self, which: int, choice: int, twist: int) -> None:
        self._carry_on(which, choice, twist)

    def _carry_on(self, which: int, choice: int, twist: int) -> None:
        """Let somebody whose role and agency may do an act of the table."""
        opened = self._open()
        dossier = self.touched = opened[which % len(opened)]
        steps = sorted(
            (act, role)
            for (status, act), (_, roles) in TABLE.items()
            if status == dossier.status
            for role in roles
        )
        act, role = steps[choice % len(steps)]
        if role == "applicant":
            who = Who(role, None, dossier.submitter if choice % 2 else dossier.applicant)
        else:
            who = Who(role, dossier.at, f"{role}@{dossier.at}")
        self.province.act(who, dossier, act, twist)

    @precondition(lambda self: self.province.dossiers)
    @rule(
        who=everybody,
        which=numbers,
        act=st.sampled_from(ACTS),
        twist=numbers,
        stale=st.sampled_from([0, 0, -1, 1]),
    )
    def anybody_tries_anything(
        self, who: Who, which: int, act: str, twist: int, stale: int
    ) -> None:
        dossier = self.touched = self._any(which)
        self.province.act(who, dossier, act, twist, stale=stale)

    @precondition(lambda self: self.province.dossiers)
    @rule(which=st.lists(numbers, min_size=1, max_size=6), who=staff, ways=numbers)
    def many_at_once(self, which: list[int], who: Who, ways: int) -> None:
        act = "accept" if ways % 2 else "pass_on"
        role = "receptionist" if ways % 2 else "officer"
        dossiers = list({each.n: each for each in map(self._any, which)}.values())
        self.touched = dossiers[0]
        if ways % 4:
            who = Who(role, dossiers[0].at, f"{role}@{dossiers[0].at}")
        self.province.bulk(who, dossiers, act, ways // 4)

    @precondition(lambda self: self.province.sent)
    @rule(choice=numbers, changed=st.booleans())
    def a_request_comes_again(self, choice: int, *, changed: bool) -> None:
        self.province.repeat(choice, changed=changed)

    # -- whose they are -----------------------------------------------------------------------

    @precondition(lambda self: self.province.dossiers)
    @rule(
        who=everybody,
        which=numbers,
        to=staff,
        what=st.sampled_from(["claim", "claim", "release", "assignment"]),
        is_anybody=st.booleans(),
    )
    def somebody_holds(self, who: Who, which: int, to: Who, what: str, *, is_anybody: bool) -> None:
        dossier = self.touched = self._any(which)
        if not is_anybody:
            role = "approver" if what == "assignment" else to.role
            who = Who(role, dossier.at, f"{role}@{dossier.at}")
        self.province.hold(who, dossier, what, to)

    @rule(who=everybody, to=staff, first=st.integers(-3, 5), length=st.integers(-1, 9))
    def somebody_delegates(self, who: Who, to: Who, first: int, length: int) -> None:
        self.province.delegate(who, to, (first, first + length))

    # -- what must agree ----------------------------------------------------------------------

    @invariant()
    def the_books_agree(self) -> None:
        check_rows(self.province)

    @invariant()
    def what_somebody_sees_agrees(self) -> None:
        turn = next(self.turns)
        who = STAFF[turn * 7 % len(STAFF)]
        check_queue(self.province, who, tabs=1 << turn % 8 | 1 << turn // 3 % 8, limit=turn % 4 + 1)
        if self.touched is not None:
            check_dossier(self.province, EVERYBODY[turn * 5 % len(EVERYBODY)], self.touched)
            holder = Who("officer", self.touched.at, f"officer@{self.touched.at}")
            check_dossier(self.province, holder, self.touched)
            check_queue(self.province, holder, tabs=1 << turn % 8, limit=3)
            self.touched = None
        if turn % 5 == 0:
            check_list(self.province, EVERYBODY[turn // 5 * 3 % len(EVERYBODY)])
            check_annex(self.province, STAFF[0], self.province.today, self.province.today)

    @rule()
    def an_inspector_looks_at_everything(self) -> None:
        of_province = [who for who in STAFF if who.agency == PROVINCE]
        for who in (*of_province, STAFF[0], STAFF[1]):
            check_queue(self.province, who, tabs=255, limit=100)
        for who in (*CITIZENS, *of_province[:1], STAFF[3]):
            check_list(self.province, who)
        first = datetime.fromisoformat(STARTS[0]).date()
        check_annex(self.province, of_province[0], first, LAST.date())
        check_ratings(self.province, of_province[0], first, LAST.date())
        for n, petition in enumerate(self.petitions):
            check_petition(self.province, petition, EVERYBODY[n % len(EVERYBODY)])
            check_petition(self.province, petition, of_province[n % 3])

    def _any(self, which: int) -> Dossier:
        return self.province.dossiers[which % len(self.province.dossiers)]

    def _open(self) -> list[Dossier]:
        return [each for each in self.province.dossiers if each.status in OPEN]


@pytest.fixture
def api(database: str, tmp_path: Path) -> Iterator[Api]:
    with running_api(database, tmp_path) as running:
        yield running


def test_whatever_people_do_the_application_agrees_with_the_model(api: Api) -> None:
    class DaysHere(Days):
        pass

    DaysHere.api, DaysHere.slate = api, CleanSlate(api)
    plan = settings(
        max_examples=int(EXAMPLES or 15),
        stateful_step_count=50 if EXAMPLES else 30,
        derandomize=EXAMPLES is None,
        database=None,
        deadline=None,
        print_blob=False,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, Phase.shrink) if SHRINK else (Phase.generate,),
    )
    run_state_machine_as_test(DaysHere, settings=plan)
