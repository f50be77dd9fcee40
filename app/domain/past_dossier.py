"""A dossier of the past as values: each act a step of the lifecycle table, with its effects.

The effects are those of the use cases (reception, processing, submission): which instants and
counters an act sets, what its event says. The tests play the same acts through the use cases and
compare.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from app.domain.actor import Actor
from app.domain.application import Applicant
from app.domain.calendar import LOCAL_ZONE, Calendar
from app.domain.deadlines import (
    FIRST_ANSWER,
    Stop,
    TimeLimit,
    due,
    first_answer_due,
    lateness,
    next_working_start,
)
from app.domain.intake import Channel, ReturnWay
from app.domain.lifecycle import WAITING, Act, Status, take
from app.domain.offers import Offer
from app.domain.timeline import Moment, stops

_NOTHING: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True)
class PastRules:
    """Rules of the province that the past depends on."""

    payment_wait_stops_clock: bool
    handover_cutoff: time


@dataclass(slots=True)
class PastEvent:
    act: Act
    source: Status | None
    target: Status
    actor: Actor
    at: datetime
    due_at: datetime | None  # as it stood after the act
    reason: str | None
    legal_ground: str | None
    details: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class HandedInPart:
    """A component of the file as handed in, on paper."""

    component: str
    at: datetime


@dataclass(slots=True)
class PastDossier:
    """What is written of a dossier in the end, and everything that led there."""

    offer: Offer
    calendar: Calendar
    rules: PastRules
    channel: Channel
    applicant: Applicant
    return_way: ReturnWay
    received_at: datetime
    submitter: Actor | None = None
    status: Status | None = None
    status_before: Status | None = None
    step: int = 0
    answer_due_at: datetime | None = None
    accepted_at: datetime | None = None
    due_at: datetime | None = None
    promised_at: datetime | None = None
    reply_due_on: date | None = None
    extension: TimeLimit | None = None
    supplements: int = 0
    resolved_at: datetime | None = None
    ended_at: datetime | None = None
    is_granted: bool | None = None
    parts: list[HandedInPart] = field(default_factory=list)
    events: list[PastEvent] = field(default_factory=list)

    def submit(self, actor: Actor, components: Sequence[str]) -> None:
        """Hand in online: the first answer is due in 8 working hours."""
        self.submitter = actor
        self.status = Status.DRAFT
        self.answer_due_at = first_answer_due(self.received_at, self.calendar)
        self._hand_in(components, self.received_at)
        self._record(Act.SUBMIT, actor, self.received_at)

    def take_in(self, actor: Actor, components: Sequence[str]) -> None:
        """Enter and accept in one act what came to the desk or with the post."""
        self.submitter = actor
        self._hand_in(components, self.received_at)
        self._begin_clock(self.received_at)
        self._record(Act.TAKE_IN, actor, self.received_at)

    def accept(self, actor: Actor, at: datetime) -> None:
        self._begin_clock(at)
        self._record(Act.ACCEPT, actor, at)

    def refuse(self, actor: Actor, at: datetime, reason: str, ground: str) -> None:
        self.ended_at = at
        self._record(Act.REFUSE, actor, at, reason, ground)

    def request_supplement(
        self, actor: Actor, at: datetime, components: Sequence[str], reason: str, ground: str | None
    ) -> None:
        is_second = self.supplements >= 1
        self.supplements += self.accepted_at is not None
        days = timedelta(days=self.offer.version.supplement_days)
        self.reply_due_on = at.astimezone(LOCAL_ZONE).date() + days
        details = {
            "components": list(components),
            "is_second": is_second,
            "reply_due_on": self.reply_due_on.isoformat(),
        }
        self._record(Act.REQUEST_SUPPLEMENT, actor, at, reason, ground, details)

    def supplement(self, actor: Actor, at: datetime, components: Sequence[str]) -> None:
        """Add what was asked for: the clock goes on where it stood."""
        self.due_at = self._due_anew(at)
        self.answer_due_at = self._answer_due_anew(at)
        self.reply_due_on = None
        self._hand_in(components, at)
        self._record(Act.SUPPLEMENT, actor, at, details={"components": list(components)})

    def request_payment(self, actor: Actor, at: datetime, amount_vnd: int, reason: str) -> None:
        """Ask for a financial obligation found while processing."""
        days = timedelta(days=self.offer.version.payment_days)
        self.reply_due_on = at.astimezone(LOCAL_ZONE).date() + days
        details = {"amount_vnd": amount_vnd, "reply_due_on": self.reply_due_on.isoformat()}
        self._record(Act.REQUEST_PAYMENT, actor, at, reason, details=details)

    def settle(self, actor: Actor, at: datetime) -> None:
        """Take the obligation as met: the clock goes on where it stood."""
        self.due_at = self._due_anew(at)
        self.reply_due_on = None
        self._record(Act.SETTLE, actor, at)

    def start(self, actor: Actor, at: datetime) -> None:
        steps = self.offer.version.steps
        self.step = min(self.step + 1, len(steps) - 1)
        self._record(Act.START, actor, at, details={"step": steps[self.step].code})

    def pass_on(self, actor: Actor, at: datetime) -> None:
        """Hand on to the next step of the process."""
        steps = self.offer.version.steps
        begins_at = next_working_start(at, self.calendar, self.rules.handover_cutoff)
        details = {
            "from_step": steps[self.step].code,
            "to_step": steps[self.step + 1].code,
            "begins_at": begins_at.isoformat(),
        }
        self.step += 1
        self._record(Act.PASS_ON, actor, at, details=details)

    def extend(self, actor: Actor, at: datetime, by: TimeLimit, reason: str) -> None:
        granted = {"count": by.count, "unit": by.unit}
        before = self.due_at
        self.extension = by
        self.due_at = self._due_anew(at)
        details = {
            "extension": granted,
            "received_at": _in_utc(self.received_at),
            "promised_at": _in_utc(self.promised_at),
            "due_before": _in_utc(before),
            "due_after": self.due_at.isoformat() if self.due_at else None,
            "signed_by": actor.name,
        }
        self._record(Act.EXTEND, actor, at, reason, details=details)

    def resolve(self, actor: Actor, at: datetime, *, granted: bool, reason: str | None) -> None:
        self.resolved_at = self.ended_at = at
        self.is_granted = granted
        details = {"granted": granted, "documents": []}
        self._record(Act.RESOLVE, actor, at, reason, details=details)

    def stop(self, actor: Actor, at: datetime, reason: str, ground: str) -> None:
        self.ended_at, self.reply_due_on = at, None
        self._record(Act.STOP, actor, at, reason, ground)

    def withdraw(self, actor: Actor, at: datetime, reason: str) -> None:
        self.ended_at, self.reply_due_on = at, None
        self._record(Act.WITHDRAW, actor, at, reason)

    def return_result(self, actor: Actor, at: datetime) -> None:
        self._record(Act.RETURN_RESULT, actor, at, details={"return_way": self.return_way})

    def _begin_clock(self, at: datetime) -> None:
        self.accepted_at = at
        self.due_at = self.promised_at = due(self.offer.version.limit, at, (), self.calendar).due_at

    @property
    def remaining_minutes(self) -> int | None:
        """Return the working time left while the clock stands; None while it runs or is over."""
        until = self.due_at if self.accepted_at else self.answer_due_at
        if self.status not in WAITING or until is None:
            return None
        standing = self._stops()[-1:]
        if not standing or standing[0].end is not None:
            return None
        return -lateness(standing[0].start, until, self.calendar)

    @property
    def due_without_payments(self) -> datetime | None:
        """Return when it were due if only supplements stopped the clock (figure 2.1)."""
        if self.accepted_at is None:
            return None
        stood = [stop for stop in self._stops(payment_stops=False) if stop.end is not None]
        limit = self.offer.version.limit
        return due(limit, self.accepted_at, stood, self.calendar, self.extension).due_at

    def _due_anew(self, at: datetime) -> datetime | None:
        if self.accepted_at is None:
            return None
        limit, stood = self.offer.version.limit, self._stood(at)
        return due(limit, self.accepted_at, stood, self.calendar, self.extension).due_at

    def _answer_due_anew(self, at: datetime) -> datetime | None:
        if self.accepted_at is not None or self.answer_due_at is None:
            return self.answer_due_at
        return due(FIRST_ANSWER, self.received_at, self._stood(at), self.calendar).due_at

    def _stood(self, at: datetime) -> list[Stop]:
        return [Stop(stop.start, stop.end or at, stop.reason) for stop in self._stops()]

    def _stops(self, *, payment_stops: bool | None = None) -> list[Stop]:
        """List the stops of the clock so far, by the province's rule unless told otherwise."""
        if payment_stops is None:
            payment_stops = self.rules.payment_wait_stops_clock
        history = [Moment(event.act, event.target, event.at) for event in self.events]
        return stops(history, payment_stops=payment_stops)

    def _hand_in(self, components: Sequence[str], at: datetime) -> None:
        self.parts += [HandedInPart(code, at) for code in components]

    def _record(
        self,
        act: Act,
        actor: Actor,
        at: datetime,
        reason: str | None = None,
        ground: str | None = None,
        details: Mapping[str, Any] = _NOTHING,
    ) -> None:
        source = self.status
        target = take(source, act, actor.role, before=self.status_before)
        self.status_before = source if target in WAITING else None
        self.status = target
        self.events.append(
            PastEvent(act, source, target, actor, at, self.due_at, reason, ground, details)
        )


def _in_utc(at: datetime | None) -> str | None:
    return at.astimezone(UTC).isoformat() if at else None
