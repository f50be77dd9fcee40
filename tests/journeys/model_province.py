"""A province played twice: over HTTP, and in the model; each step says what both must agree on."""

from collections import Counter
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, NamedTuple
from uuid import uuid4

import httpx2

from tests.builders import Api, succeeded
from tests.builders import procedure as newest
from tests.journeys.model_acts import Doing, carry_out, refusal
from tests.journeys.model_calendar import Calendar
from tests.journeys.model_clock import day_of, minute_of
from tests.journeys.model_desk import (
    DESK,
    LEASE,
    OPEN,
    TABLE,
    Dossier,
    Event,
    Who,
)
from tests.journeys.model_people import AGENCIES, PATHS, Place, body_of, person
from tests.journeys.model_queue import Delegation


class Sent(NamedTuple):
    """A request that was done, to be sent again."""

    who: Who
    path: str
    body: Mapping[str, Any]
    version: int | None
    key: str
    answer: bytes


class Province:
    """The application and the model side by side."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.calendar = Calendar()
        self.dossiers: list[Dossier] = []
        self.delegations: dict[int, Delegation] = {}
        self.received: Counter[tuple[str, date, bool]] = Counter()
        self.sent: list[Sent] = []
        self._numbers: Counter[tuple[str, date]] = Counter()

    # -- time ---------------------------------------------------------------------------------

    @property
    def minute(self) -> int:
        return minute_of(self.api.clock.at)

    @property
    def today(self) -> date:
        return day_of(self.minute)

    # -- how dossiers come --------------------------------------------------------------------

    def submit(self, who: Who, body: dict[str, Any], *, by_draft: bool) -> None:
        """Hand in online, at once or as a draft first."""
        place = Place(body["procedure"], body["agency"])
        citizen, key = person(self.api, who), str(uuid4())
        path, sent, version = "/v1/dossiers", body, None
        if by_draft:
            draft = succeeded(citizen.post("/v1/drafts", body))
            path, sent, version = f"/v1/drafts/{draft['id']}/submission", {}, 1
        answer = citizen.post(path, sent, key=key, version=version)
        if newest(place.procedure)["online_level"] < 3:
            expect(answer, "application.faulty")
            return
        self._entered(who, body, "online", answer)
        self.sent.append(Sent(who, path, sent, version, key, answer.content))

    def take_in(self, who: Who, body: dict[str, Any], channel: str) -> None:
        key, sent = str(uuid4()), {**body, "channel": channel}
        answer = person(self.api, who).post("/v1/dossiers/intake", sent, key=key)
        if who.role != "receptionist":
            expect(answer, "dossier.role_refused")
        elif not who.within(body["agency"]):
            expect(answer, "application.faulty")
        else:
            self._entered(who, body, channel, answer)
            self.sent.append(Sent(who, "/v1/dossiers/intake", sent, None, key, answer.content))

    def _entered(
        self, who: Who, body: Mapping[str, Any], channel: str, answer: httpx2.Response
    ) -> None:
        made, agency, now = succeeded(answer), body["agency"], self.api.clock.at
        self._numbers[agency, self.today] += 1
        self.received[agency, self.today, channel == "online"] += 1
        number = self._numbers[agency, self.today]
        is_online = channel == "online"
        dossier = Dossier(
            n=len(self.dossiers),
            code=f"{agency}-{self.today:%y%m%d}-{number:04d}",
            version_of=newest(body["procedure"]),
            agency=agency,
            channel=channel,
            submitter=who.account,
            applicant=body["applicant"]["number"],
            received=now,
            return_way=body["return_way"],
            procedure=body["procedure"],
            at=agency,
            touched={agency},
            status="registered" if is_online else "accepted",
            accepted=None if is_online else self.minute,
        )
        dossier.events.append(
            Event(
                "submit" if is_online else "take_in",
                "draft" if is_online else None,
                dossier.status,
                who.role,
                who.name,
                agency,
                now,
            )
        )
        dossier.derive(self.calendar.office(agency))
        dossier.promised = dossier.due
        self.dossiers.append(dossier)
        assert (made["code"], made["version"]) == (dossier.code, 1)

    # -- acts ---------------------------------------------------------------------------------

    def act(self, who: Who, dossier: Dossier, act: str, twist: int, *, stale: int = 0) -> None:
        """Let somebody do an act, allowed or not, and hold the answer against the model's."""
        body = body_of(self.api, dossier, who, act, twist)
        version, now = max(1, dossier.version + stale), self.api.clock.at
        doing = Doing(who, act, body, version, now)
        path, key = f"/v1/dossiers/{dossier.code}/{PATHS[act]}", str(uuid4())
        answer = person(self.api, who).post(path, body, version=version, key=key)
        self.done(dossier, doing, answer)
        if answer.is_success:
            self.sent.append(Sent(who, path, body, version, key, answer.content))

    def done(self, dossier: Dossier, doing: Doing, answer: httpx2.Response) -> None:
        expected = refusal(dossier, doing, set(AGENCIES))
        if expected is not None:
            problem = expect(answer, expected)
            if expected == "dossier.version_stale":
                _tells_what_came(problem, dossier, doing.version)
            return
        carry_out(dossier, doing, self.calendar)
        self._left_as(dossier, succeeded(answer))

    @staticmethod
    def _left_as(dossier: Dossier, outcome: Mapping[str, Any]) -> None:
        told = (outcome["code"], outcome["status"], outcome["version"])
        assert told == (dossier.code, dossier.status, dossier.version)
        acts = {act for status, act in TABLE if status == dossier.status}
        assert set(outcome["possible_acts"]) == acts

    def bulk(self, who: Who, dossiers: list[Dossier], act: str, twist: int) -> None:
        """Accept or hand on many at once: each has the result that it would have had alone."""
        body: dict[str, Any] = {}
        path = "/v1/queue/acceptances"
        if act == "pass_on":
            path = "/v1/queue/handovers"
            body = dict(body_of(self.api, dossiers[0], who, act, twist))
        items = [{"code": each.code, "version": each.version} for each in dossiers]
        answer = succeeded(person(self.api, who).post(path, {**body, "items": items}))
        assert [each["code"] for each in answer["results"]] == [each.code for each in dossiers]
        for dossier, result in zip(dossiers, answer["results"], strict=True):
            doing = Doing(who, act, body, dossier.version, self.api.clock.at)
            expected = refusal(dossier, doing, set(AGENCIES))
            assert (result["problem"] or {}).get("code") == expected
            if expected is None:
                carry_out(dossier, doing, self.calendar)
                self._left_as(dossier, result["outcome"])
        done = sum(each["outcome"] is not None for each in answer["results"])
        assert (answer["done"], answer["refused"]) == (done, len(items) - done)

    def repeat(self, choice: int, *, changed: bool) -> None:
        """Send again what was done: the same answer to the byte; another body is refused."""
        sent = self.sent[choice % len(self.sent)]
        body = {**sent.body, "note": "khác"} if changed else sent.body
        again = person(self.api, sent.who).post(sent.path, body, version=sent.version, key=sent.key)
        if changed:
            assert again.status_code == 422, again.text
        else:
            assert again.content == sent.answer

    # -- whose it is --------------------------------------------------------------------------

    def hold(self, who: Who, dossier: Dossier, what: str, to: Who) -> None:
        """Claim, release or assign."""
        body = {"account": to.account, "name": to.name} if what == "assignment" else {}
        answer = person(self.api, who).post(f"/v1/dossiers/{dossier.code}/{what}", body)
        expected = self._holding_refused(who, dossier, what)
        if expected is not None:
            expect(answer, expected)
            return
        if what == "claim":
            dossier.claimed_by = who.account
            dossier.claimed_until = self.api.clock.at + LEASE
        elif what == "release":
            self._released(who, dossier)
        else:
            dossier.assigned_to = to.account
            if dossier.claimed_by != to.account:
                dossier.claimed_by = dossier.claimed_until = None
        is_claimed = dossier.is_claimed(self.api.clock.at)
        told = succeeded(answer)
        assert told["claimed_by"] == (dossier.claimed_by if is_claimed else None)
        assert told["assigned_to"] == dossier.assigned_to

    def _holding_refused(self, who: Who, dossier: Dossier, what: str) -> str | None:
        if not dossier.is_seen_by(who):
            return "dossier.not_found"
        if who.role not in DESK:
            return "dossier.role_refused"
        if not who.within(dossier.at):
            return "dossier.elsewhere"
        if what == "assignment" and who.role != "approver":
            return "dossier.role_refused"
        if what == "release":
            is_mine = who.account in {dossier.claimed_by, dossier.assigned_to}
            return None if is_mine or who.role == "approver" else "dossier.not_held"
        return self._not_claimable(who, dossier, what)

    def _not_claimable(self, who: Who, dossier: Dossier, what: str) -> str | None:
        has_acts = any(
            who.role in roles
            for (status, _), (_, roles) in TABLE.items()
            if status == dossier.status
        )
        if dossier.status not in OPEN or (what == "claim" and not has_acts):
            return "dossier.not_claimable"
        is_others = dossier.claimed_by != who.account and dossier.is_claimed(self.api.clock.at)
        return "dossier.claimed" if what == "claim" and is_others else None

    @staticmethod
    def _released(who: Who, dossier: Dossier) -> None:
        is_approver = who.role == "approver"
        if is_approver or dossier.claimed_by == who.account:
            dossier.claimed_by = dossier.claimed_until = None
        if is_approver or dossier.assigned_to == who.account:
            dossier.assigned_to = None

    def delegate(self, who: Who, to: Who, days: tuple[int, int]) -> None:
        first, last = (self.today + timedelta(days=each) for each in days)
        form = {"to_account": to.account, "to_name": to.name, "reason": "Nghỉ phép"}
        form |= {"first_on": first.isoformat(), "last_on": last.isoformat()}
        answer = person(self.api, who).post("/v1/delegations", form)
        if who.role not in DESK:
            expect(answer, "dossier.role_refused")
        elif who.account == to.account or last < first or last < self.today:
            expect(answer, "delegation.refused")
        else:
            made = succeeded(answer)["id"]
            self.delegations[made] = Delegation(who.account, to.account, first, last)


def expect(answer: httpx2.Response, code: str) -> dict[str, Any]:
    """Return the refusal that a request must have got."""
    problem: dict[str, Any] = answer.json()
    assert (answer.is_success, problem.get("code")) == (False, code), answer.text
    return problem


def _tells_what_came(problem: Mapping[str, Any], dossier: Dossier, version: int) -> None:
    assert problem["version"] == dossier.version
    told = [(each["act"], each["target"], each["actor_name"]) for each in problem["changes"]]
    came = dossier.events[version:][:20]
    assert told == [(each.act, each.target, each.name) for each in came]
