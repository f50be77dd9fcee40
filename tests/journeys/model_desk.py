"""The model's desk: people, dossiers, and what becomes of an act, said once more in plain Python.

The table of the lifecycle is written from the field's own, not from the application's.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from tests.journeys.model_clock import Limit, Office, minute_of

DESK = {"receptionist", "officer", "approver"}
LEASE = timedelta(minutes=30)
BACK = "the status before"

_R, _O, _V, _A = "receptionist", "officer", "approver", "applicant"
_ASK = ("supplement_requested", {_R, _O})
_PAY = ("payment_requested", {_R, _O})
_OUT = ("withdrawn", {_A})
TABLE: dict[tuple[str, str], tuple[str, set[str]]] = {
    ("registered", "accept"): ("accepted", {_R}),
    ("registered", "refuse"): ("refused", {_R}),
    ("registered", "request_supplement"): _ASK,
    ("registered", "withdraw"): _OUT,
    ("accepted", "request_supplement"): _ASK,
    ("accepted", "start"): ("in_process", {_O}),
    ("accepted", "request_payment"): _PAY,
    ("accepted", "withdraw"): _OUT,
    ("in_process", "request_supplement"): _ASK,
    ("in_process", "pass_on"): ("in_process", {_O}),
    ("in_process", "request_payment"): _PAY,
    ("in_process", "extend"): ("in_process", {_V}),
    ("in_process", "resolve"): ("resolved", {_V}),
    ("in_process", "stop"): ("stopped", {_V}),
    ("in_process", "withdraw"): _OUT,
    ("supplement_requested", "supplement"): (BACK, {_A}),
    ("supplement_requested", "stop"): ("stopped", {_V}),
    ("supplement_requested", "withdraw"): _OUT,
    ("payment_requested", "settle"): (BACK, {_R}),
    ("payment_requested", "stop"): ("stopped", {_V}),
    ("payment_requested", "withdraw"): _OUT,
    ("resolved", "return_result"): ("returned", {_R}),
}
WAITING = {"supplement_requested", "payment_requested"}
RUNNING = {"registered", "accepted", "in_process"}
OPEN = RUNNING | WAITING | {"resolved"}
ACTS = sorted({act for _, act in TABLE})


_NAMES = {_A: "Trần Thị Mẫu", "system": "Hệ thống"}


class Who(NamedTuple):
    """Somebody: `agency` of staff; `account` is what the identity provider calls them."""

    role: str
    agency: str | None
    account: str

    @property
    def name(self) -> str:
        return _NAMES.get(self.role, f"Cán bộ {self.role}")

    def within(self, agency: str) -> bool:
        """Say whether an agency is this person's or below it."""
        return self.agency is not None and f"{agency}.".startswith(f"{self.agency}.")


SYSTEM = Who("system", None, "system")


class Event(NamedTuple):
    """What the history must say of an act; `agency` had the dossier when it was done."""

    act: str
    source: str | None
    target: str
    role: str
    name: str
    agency: str
    at: datetime


class Handover(NamedTuple):
    """A hand-over: from and to a step or an agency, and from when it counts."""

    kind: str
    origin: str
    to: str
    begins: int


@dataclass
class Dossier:
    """A dossier as the model knows it; the order of `n` is the order in which they came."""

    n: int
    code: str
    version_of: Mapping[str, Any]
    agency: str
    channel: str
    submitter: str
    applicant: str
    received: datetime
    return_way: str
    procedure: str
    at: str = ""
    touched: set[str] = field(default_factory=set)
    status: str = "registered"
    before: str | None = None
    step: int = 0
    accepted: int | None = None
    promised: int | None = None
    due: int | None = None
    answer_due: int | None = None
    left: int | None = None
    stands_since: int | None = None
    stops: list[tuple[int, int]] = field(default_factory=list)
    extension: Limit | None = None
    supplements: int = 0
    asked: tuple[str, ...] = ()
    reply_on: date | None = None
    resolved: int | None = None
    has_file: bool = False
    claimed_by: str | None = None
    claimed_until: datetime | None = None
    assigned_to: str | None = None
    rated: int | None = None
    rated_on: date | None = None
    events: list[Event] = field(default_factory=list)
    handovers: list[Handover] = field(default_factory=list)

    @property
    def version(self) -> int:
        return len(self.events)

    @property
    def until(self) -> int | None:
        """End of the clock: of the first answer before acceptance, then of the result."""
        return self.answer_due if self.accepted is None else self.due

    @property
    def step_role(self) -> str:
        return str(self.version_of["steps"][self.step]["role"])

    @property
    def is_stopped_in_time(self) -> bool:
        """Say whether the clock stands; once the result is late, nothing stops it any more."""
        return (
            self.stands_since is not None and self.due is not None and self.stands_since < self.due
        )

    def is_seen_by(self, who: Who) -> bool:
        if who.role == _A:
            return who.account in {self.submitter, self.applicant}
        return who.role in DESK and any(who.within(agency) for agency in self.touched)

    def is_listed_for(self, who: Who) -> bool:
        if who.role == _A:
            return self.is_seen_by(who)
        return who.role in DESK and (who.within(self.agency) or who.within(self.at))

    def is_claimed(self, now: datetime) -> bool:
        return self.claimed_until is not None and self.claimed_until > now

    def derive(self, office: Office) -> None:
        """Derive what is due from the history, and what a standing clock has left."""
        if self.status not in RUNNING | WAITING:
            return
        stops = tuple(self.stops)
        if self.accepted is not None:
            limit = self.version_of["limit"]["count"], self.version_of["limit"]["unit"]
            self.due = office.due(limit, self.accepted, stops, self.extension)
            self.left = None
        elif self.stands_since is None:  # a request for a supplement is an answer: it stays
            self.answer_due = office.after(minute_of(self.received), 8 * 60, stops)
        if self.stands_since is not None and self.left is None and self.until is not None:
            self.left = office.between(self.stands_since, self.until)
