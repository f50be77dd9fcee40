"""What citizens say beside their dossiers, played and modelled: ratings and petitions."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from tests.builders import succeeded
from tests.journeys.model_clock import Office, minute_of
from tests.journeys.model_desk import DESK, Dossier, Who
from tests.journeys.model_people import AGENCIES, CITIZENS, EVERYBODY, STAFF, person
from tests.journeys.model_province import Province, expect

RATED = {"resolved", "returned", "refused", "stopped"}
_R, _O, _V, _A = "receptionist", "officer", "approver", "applicant"
PETITION_TABLE: Mapping[tuple[str, str], tuple[str, set[str]]] = {
    ("received", "accept"): ("accepted", {_R, _O}),
    ("received", "refuse"): ("refused", {_V}),
    ("received", "ask_supplement"): ("supplement_requested", {_R, _O}),
    ("received", "withdraw"): ("withdrawn", {_A}),
    ("accepted", "ask_supplement"): ("supplement_requested", {_R, _O}),
    ("accepted", "answer"): ("answered", {_V}),
    ("accepted", "withdraw"): ("withdrawn", {_A}),
    ("supplement_requested", "supplement"): ("", {_A}),
    ("supplement_requested", "answer"): ("answered", {_V}),
    ("supplement_requested", "withdraw"): ("withdrawn", {_A}),
}
_PATHS = {
    "accept": ("acceptance", {}),
    "refuse": ("refusal", {"reason": "Không thuộc thẩm quyền"}),
    "ask_supplement": ("supplement-requests", {"reason": "Cho biết mã hồ sơ"}),
    "supplement": ("supplements", {"content": "Đã nêu ở trên"}),
    "answer": ("answer", {"content": "Đã giải quyết"}),
    "withdraw": ("withdrawal", {}),
}
PETITION_ACTS = sorted(_PATHS)
_DAYS = {"refuse": 2, "ask_supplement": 5}


@dataclass
class Petition:
    """A petition (phản ánh, kiến nghị) as the model knows it."""

    code: str
    agency: str
    sender: str
    received: int
    status: str = "received"
    before: str = ""
    since: int | None = None
    stops: list[tuple[int, int]] = field(default_factory=list)
    due: int | None = None
    events: list[tuple[str, str]] = field(default_factory=list)

    @property
    def is_open(self) -> bool:
        return self.status in {"received", "accepted", "supplement_requested"}

    def is_seen_by(self, who: Who) -> bool:
        if who.role == _A:
            return who.account == self.sender
        return who.role in DESK and who.within(self.agency)

    def until(self, days: int, office: Office) -> int:
        return office.due((days, "working_days"), self.received, tuple(self.stops), None)

    def derive(self, office: Office) -> None:
        if self.is_open:
            self.due = None if self.since is not None else self.until(15, office)

    def refusal(self, who: Who, act: str, version: int, now: int, office: Office) -> str | None:
        if not self.is_seen_by(who):
            return "petition.not_found"
        if version != len(self.events):
            return "petition.version_stale"
        row = PETITION_TABLE.get((self.status, act))
        if row is None or who.role not in row[1]:
            return "petition.step_refused" if row is None else "petition.role_refused"
        if act == "ask_supplement" and self._was_asked:
            return "petition.supplement_asked_before"
        is_late = act in _DAYS and now > self.until(_DAYS[act], office)
        return "petition.too_late" if is_late else None

    @property
    def _was_asked(self) -> bool:
        return any(act == "ask_supplement" for act, _ in self.events)

    def carry_out(self, act: str, now: int, office: Office) -> None:
        target = PETITION_TABLE[self.status, act][0] or self.before
        if self.since is not None:
            self.stops += [(self.since, now)] if now > self.since else []
            self.since = None
        if target == "supplement_requested":
            self.before, self.since = self.status, now
        self.status = target
        self.due = self.until(15, office) if self.since is None else None
        self.events.append((act, target))


class Citizens(RuleBasedStateMachine):
    """Rules of what citizens say; whoever plays them has a province."""

    province: Province
    petitions: list[Petition]

    @precondition(lambda self: self.province.dossiers)
    @rule(
        who=st.sampled_from([*CITIZENS, *CITIZENS, *STAFF[:3]]),
        which=st.integers(0, 999),
        score=st.integers(1, 5),
    )
    def somebody_rates(self, who: Who, which: int, score: int) -> None:
        ended = [each for each in self.province.dossiers if each.status in RATED]
        among = ended or self.province.dossiers
        dossier = among[which % len(among)]
        path = f"/v1/dossiers/{dossier.code}/rating"
        answer = person(self.province.api, who).post(path, {"score": score})
        refused = _rating_refused(who, dossier)
        if refused is not None:
            expect(answer, refused)
            return
        succeeded(answer)
        dossier.rated, dossier.rated_on = score, self.province.today

    @rule(
        who=st.sampled_from([*CITIZENS, STAFF[1]]),
        agency=st.sampled_from(AGENCIES),
        which=st.integers(0, 999),
    )
    def somebody_complains(self, who: Who, agency: str, which: int) -> None:
        """Complain of an agency, maybe about a dossier: one's own, that it has or had in hand."""
        province, about = self.province, None
        if province.dossiers and which % 2:
            about = province.dossiers[which // 2 % len(province.dossiers)]
        form: dict[str, Any] = {"kind": "complaint", "agency": agency, "subject": "Chậm trả"}
        form |= {"content": "Quá hẹn chưa trả", "dossier": about.code if about else None}
        answer = person(province.api, who).post("/v1/petitions", form)
        desk = Who(_O, agency, "")
        if who.role != _A:
            expect(answer, "petition.role_refused")
        elif about and not (about.is_seen_by(who) and about.is_seen_by(desk)):
            expect(answer, "petition.faulty")
        else:
            made = Petition(succeeded(answer)["code"], agency, who.account, province.minute)
            made.derive(province.calendar.office(agency))
            made.events.append(("submit", "received"))
            self.petitions.append(made)

    @precondition(lambda self: self.petitions)
    @rule(
        which=st.integers(0, 999),
        act=st.sampled_from(PETITION_ACTS),
        who=st.sampled_from(EVERYBODY),
        ways=st.integers(0, 99),
    )
    def somebody_deals_with_a_petition(self, which: int, act: str, who: Who, ways: int) -> None:
        petition, province = self.petitions[which % len(self.petitions)], self.province
        fitting = sorted(
            (fits, role)
            for (status, fits), (_, roles) in PETITION_TABLE.items()
            if status == petition.status
            for role in roles
        )
        if fitting and ways % 4:
            act, role = fitting[ways // 4 % len(fitting)]
            agency = None if role == _A else petition.agency
            who = Who(role, agency, petition.sender if role == _A else f"{role}@{agency}")
        version = len(petition.events) + (1 if ways % 8 == 4 else 0)
        office = province.calendar.office(petition.agency)
        refused = petition.refusal(who, act, version, province.minute, office)
        path, body = _PATHS[act]
        url = f"/v1/petitions/{petition.code}/{path}"
        answer = person(province.api, who).post(url, body, version=version)
        if refused is not None:
            expect(answer, refused)
            return
        petition.carry_out(act, province.minute, office)
        assert succeeded(answer)["status"] == petition.status
        check_petition(province, petition, who)


def _rating_refused(who: Who, dossier: Dossier) -> str | None:
    if who.role != _A:
        return "dossier.role_refused"
    if not dossier.is_seen_by(who):
        return "dossier.not_found"
    if dossier.status not in RATED:
        return "rating.refused"
    return None if dossier.rated is None else "rating.given"


def check_petition(province: Province, petition: Petition, who: Who) -> None:
    answer = person(province.api, who).get(f"/v1/petitions/{petition.code}")
    if not petition.is_seen_by(who):
        expect(answer, "petition.not_found")
        return
    shown = succeeded(answer)
    due = shown["due_at"] and minute_of(datetime.fromisoformat(shown["due_at"]))
    assert (shown["status"], due) == (petition.status, petition.due), petition
    assert [(each["act"], each["target"]) for each in shown["events"]] == petition.events
    assert [each["seq"] for each in shown["events"]] == list(range(1, shown["version"] + 1))


def check_ratings(province: Province, who: Who, first: date, last: date) -> None:
    """Satisfaction per agency: of dossiers rated in the period, at the agency that resolves."""
    reader = person(province.api, who)
    shown = succeeded(reader.get("/v1/ratings", **{"from": first, "to": last}))
    given: dict[str, Counter[int]] = {}
    for each in province.dossiers:
        if each.rated is not None and each.rated_on and first <= each.rated_on <= last:
            given.setdefault(each.agency, Counter())[each.rated] += 1
    assert {row["agency_code"]: row["by_score"] for row in shown["rows"]} == {
        agency: {str(score): counted[score] for score in range(1, 6)}
        for agency, counted in given.items()
    }
    assert shown["total"]["ratings"] == sum(counted.total() for counted in given.values())
