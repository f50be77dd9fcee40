"""Clock of a petition: until when it may be refused, asked to be supplemented, must be answered.

2, 5 and 15 working days from its receipt, in the working time of the agency that it is about.
Waiting for the petitioner stops all three.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from app.domain.actor import Role
from app.domain.calendar import Calendar, local_minute
from app.domain.deadlines import Stop, due
from app.domain.errors import DomainError
from app.domain.petitions import (
    ACT_LABELS,
    SUPPLEMENT_REQUESTS,
    PetitionAct,
    PetitionStatus,
    possible_acts,
)
from app.domain.time_limits import LimitUnit, TimeLimit

REFUSED_WITHIN: Final = TimeLimit(2, LimitUnit.WORKING_DAYS)
ASKED_WITHIN: Final = TimeLimit(5, LimitUnit.WORKING_DAYS)
ANSWERED_WITHIN: Final = TimeLimit(15, LimitUnit.WORKING_DAYS)


class PetitionTooLate(DomainError):
    """The law's days for this act are over: `facts["until"]` says since when."""

    code = "petition.too_late"
    title = "Đã quá thời hạn của thao tác này"


@dataclass(frozen=True, slots=True)
class PetitionMoment:
    """One event as far as the clock cares: what came of it, when."""

    target: PetitionStatus
    at: datetime


@dataclass(frozen=True, slots=True)
class PetitionClock:
    """Until when the agency may refuse, may ask, must answer; None: the clock stands."""

    refuse_until: datetime | None
    ask_until: datetime | None
    due_at: datetime | None


def stops(history: Iterable[PetitionMoment], until: datetime | None = None) -> list[Stop]:
    """List when the clock stood; a stop that is still open ends `until`, where an act ends it."""
    found: list[Stop] = []
    asked_at: datetime | None = None
    for moment in history:
        if asked_at is not None:
            found.append(Stop(asked_at, moment.at, "chờ bổ sung thông tin"))
            asked_at = None
        if moment.target is PetitionStatus.SUPPLEMENT_REQUESTED:
            asked_at = moment.at
    if asked_at is not None:
        found.append(Stop(asked_at, until, "chờ bổ sung thông tin"))
    return found


def clock_of(received_at: datetime, stood: Sequence[Stop], calendar: Calendar) -> PetitionClock:
    """Derive a petition's clock from its receipt, its stops and the calendar of its agency."""
    refuse_until, ask_until, due_at = (
        due(limit, received_at, stood, calendar).due_at
        for limit in (REFUSED_WITHIN, ASKED_WITHIN, ANSWERED_WITHIN)
    )
    return PetitionClock(refuse_until, ask_until, due_at)


def check_in_time(act: PetitionAct, now: datetime, clock: PetitionClock) -> None:
    """Refuse a refusal or a request for a supplement that comes too late."""
    until = _until(act, clock)
    if until is None or local_minute(now) <= until:
        return
    raise PetitionTooLate(
        f"Chỉ được thực hiện “{ACT_LABELS[act]}” trước {until:%H:%M} ngày {until:%d/%m/%Y}. "
        "Hãy giải quyết và trả lời.",
        until=until.isoformat(),
    )


def _until(act: PetitionAct, clock: PetitionClock) -> datetime | None:
    if act is PetitionAct.REFUSE:
        return clock.refuse_until
    return clock.ask_until if act is PetitionAct.ASK_SUPPLEMENT else None


def acts_now(
    status: PetitionStatus, role: Role, supplements: int, now: datetime, clock: PetitionClock
) -> list[PetitionAct]:
    """List the acts that a role may do at `now`: by the table, in time, and asking once only."""
    return [
        act
        for act in possible_acts(status, role)
        if (until := _until(act, clock)) is None or local_minute(now) <= until
        if act is not PetitionAct.ASK_SUPPLEMENT or supplements < SUPPLEMENT_REQUESTS
    ]
