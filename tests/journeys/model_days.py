"""Rules of the model's province: what people, time and the calendar do at random."""

from datetime import datetime, timedelta

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from tests.builders import Api
from tests.journeys.model_citizens import Citizens
from tests.journeys.model_clock import HANOI, instant_of
from tests.journeys.model_desk import ACTS, OPEN, TABLE, Dossier, Who
from tests.journeys.model_people import (
    CITIZENS,
    EVERYBODY,
    PLACES,
    STAFF,
    Place,
    application,
    online_application,
)
from tests.journeys.model_times import change_day, some_agency, sweep

LAST = datetime(2027, 6, 30, tzinfo=HANOI)
EDGES = [0, 449, 450, 689, 690, 720, 780, 900, 901, 1019, 1020, 1021, 1439]
AHEAD = [0, 1, 1, 2, 3, 5, 12, 31]
MARGINS = [-1, 0, 1, 30, 119, 120, 479, 480, 481]
KINDS = ["off", "off", "worked", "worked", "hours", "usual"]
HOLDS = ["claim", "claim", "release", "assignment"]
ENDING, ASKING = {"withdraw", "stop", "refuse"}, {"request_supplement", "request_payment"}

numbers = st.integers(0, 999)
everybody = st.sampled_from(EVERYBODY)
staff = st.sampled_from(STAFF)


class Days(Citizens):
    """Days at the desks of a province; `touched` is the dossier that somebody was last at."""

    api: Api
    touched: Dossier | None

    # -- time ---------------------------------------------------------------------------------

    @rule(minutes=st.integers(1, 600), seconds=st.sampled_from([0, 0, 30]))
    def minutes_pass(self, minutes: int, seconds: int) -> None:
        self.api.clock.at += timedelta(minutes=minutes, seconds=seconds)

    @rule(days=st.sampled_from(AHEAD), edge=st.sampled_from(EDGES))
    def days_pass(self, days: int, edge: int) -> None:
        midnight = self.api.clock.at.replace(hour=0, minute=0, second=0, microsecond=0)
        later = midnight + timedelta(days=days, minutes=edge)
        if self.api.clock.at <= later < LAST:
            self.api.clock.at = later

    @precondition(lambda self: self.opened())
    @rule(which=numbers, before=st.sampled_from(MARGINS))
    def something_comes_due(self, which: int, before: int) -> None:
        """Go to the minutes around the end of a clock, where queue and rules change."""
        opened = self.opened()
        until = opened[which % len(opened)].until
        later = instant_of((until or 0) - before)
        if self.api.clock.at <= later < LAST:
            self.api.clock.at = later

    @rule()
    def the_worker_sweeps(self) -> None:
        sweep(self.province)

    @rule(
        who=numbers,
        ahead=st.integers(-9, 25),
        kind=st.sampled_from(KINDS),
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

    @precondition(lambda self: self.opened())
    @rule(which=numbers, choice=numbers, twist=numbers)
    def somebody_carries_on(self, which: int, choice: int, twist: int) -> None:
        """Let somebody whose role and agency may do an act of the table, rarely one that ends."""
        opened = self.opened()
        dossier = self.touched = opened[which % min(len(opened), 7)]
        possible = {
            act: roles for (status, act), (_, roles) in TABLE.items() if status == dossier.status
        }
        lasting = sorted(set(possible) - ENDING) + sorted(set(possible) - ENDING - ASKING) * 3
        among = lasting if lasting and choice % 6 else sorted(possible)
        act = among[choice // 6 % len(among)]
        role = sorted(possible[act])[choice % len(possible[act])]
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
        what=st.sampled_from(HOLDS),
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

    def _any(self, which: int) -> Dossier:
        return self.province.dossiers[which % len(self.province.dossiers)]

    def opened(self) -> list[Dossier]:
        return [each for each in self.province.dossiers if each.status in OPEN]
