"""Hand-overs (giao nhận) of a dossier: what its history says, and how each stay kept its time.

A stay is the time that a dossier spends at one step of one agency, from one hand-over to the next.
It has the step's share of the working time that the limit gives, counted on the dossier's own
clock from when it was received (the rule of 15:00). The minutes of all steps add up to the limit;
no stay is due after the dossier, and the last step is due with it. Form 06 of Circular
03/2025/TT-VPCP is drawn from these.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum, auto
from itertools import accumulate, pairwise
from typing import Final

from app.domain.actor import DESK_ROLES, Role
from app.domain.calendar import LOCAL_ZONE, Calendar, local_minute
from app.domain.course import Stop
from app.domain.forecast import running_minutes
from app.domain.lifecycle import Act, Status
from app.domain.procedure import Step

_PERCENT: Final = 100
_BEGINS: Final = frozenset({Act.ACCEPT, Act.TAKE_IN})
_MOVES: Final = frozenset({Act.START, Act.PASS_ON})
ENDING_STAYS: Final = _MOVES | {Act.RESOLVE, Act.STOP, Act.WITHDRAW, Act.RETURN_RESULT}
"""Acts that end the stay that a dossier is in."""

APPLICANT: Final = "Người nộp hồ sơ"
"""Who gives at the first hand-over: no name of a citizen gets into these records."""


class Outcome(StrEnum):
    """How a stay ended against its own time, as form 06 has it."""

    EARLY = auto()  # trước hạn: on a day before it was due
    ON_TIME = auto()  # đúng hạn: on the day, not after the instant
    LATE = auto()  # quá hạn


@dataclass(frozen=True, slots=True)
class Deed:
    """One event of a dossier as far as hand-overs care; `agency` had the dossier then."""

    seq: int
    act: Act
    target: Status
    at: datetime
    name: str
    role: Role
    agency: str
    reason: str | None = None
    step: str | None = None
    to_agency: str | None = None
    begins_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Stay:
    """A hand-over and the stay that it began; `seq` is its event, `left_at` None while it lasts."""

    seq: int
    from_agency: str | None  # None: from the applicant
    from_step: str | None
    from_name: str
    to_agency: str
    to_step: int
    to_name: str | None
    sent_at: datetime
    received_at: datetime
    left_at: datetime | None = None
    note: str | None = None
    is_counted: bool = True
    """Waiting for the applicant to fetch the result is nobody's time."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A stay with its time: working minutes granted and spent, when it is due, how it ended."""

    stay: Stay
    budget_minutes: int
    spent_minutes: int
    due_at: datetime | None
    outcome: Outcome | None


@dataclass(frozen=True, slots=True)
class DossierClock:
    """The dossier's own clock: all minutes that it grants, its stops, when it is due.

    `stops` are closed, in order and apart; the open one, if the clock stands, ends at the asking.
    """

    total_minutes: int
    due_at: datetime
    stops: tuple[Stop, ...]
    calendar: Calendar


def budgets(steps: Sequence[Step], total_minutes: int) -> list[int]:
    """Divide the minutes of a limit among the steps by their shares; they add up to all of them."""
    ends = accumulate((step.share_percent for step in steps), initial=0)
    marks = [total_minutes * percent // _PERCENT for percent in ends]
    return [end - start for start, end in pairwise(marks)]


def stays(deeds: Iterable[Deed], steps: Sequence[Step], calendar: Calendar) -> list[Stay]:
    """Read the stays of a dossier out of its history, in order; the last one may still go on.

    Whatever takes a dossier to another agency, an act of the desk or not, is a hand-over.
    """
    found: list[Stay] = []
    for deed in deeds:
        if deed.act not in _BEGINS and (not found or found[-1].left_at is not None):
            continue  # not accepted yet, or over
        if deed.act in ENDING_STAYS or deed.to_agency is not None:
            found[-1] = _left(found[-1], deed, steps)
        elif found:
            found[-1] = _worked(found[-1], deed, steps)
        opened = _opened(deed, found, steps, calendar)
        if opened is not None:
            found.append(opened)
    return found


def _opened(
    deed: Deed, found: Sequence[Stay], steps: Sequence[Step], calendar: Calendar
) -> Stay | None:
    """Return the stay that a deed begins, if it begins one."""
    received_at = max(deed.begins_at or calendar.next_opening(deed.at), local_minute(deed.at))
    if deed.act in _BEGINS:
        taker = deed.name if deed.role in DESK_ROLES else None
        return Stay(deed.seq, None, None, APPLICANT, deed.agency, 0, taker, deed.at, received_at)
    before = found[-1]
    is_return = deed.act is Act.RESOLVE and _is_returned_by_desk(before.to_step, steps)
    is_move = deed.act in _MOVES or deed.to_agency is not None
    if not is_move and not is_return:
        return None
    is_taken = deed.act is Act.START  # by who receives it; the others are done by who gives it
    return Stay(
        deed.seq,
        deed.agency,
        steps[before.to_step].code,
        (before.to_name or deed.name) if is_taken else deed.name,
        deed.to_agency or deed.agency,
        len(steps) - 1 if is_return else _place(deed, before, steps),
        deed.name if is_taken else None,
        deed.at,
        received_at,
        note=None if is_return else deed.reason,
        is_counted=not is_return,
    )


def _is_returned_by_desk(place: int, steps: Sequence[Step]) -> bool:
    """Tell whether a decided dossier goes on to a last step of the one-stop desk."""
    return place < len(steps) - 1 and steps[-1].role is Role.RECEPTIONIST


def _place(deed: Deed, before: Stay, steps: Sequence[Step]) -> int:
    places = (place for place, step in enumerate(steps) if step.code == deed.step)
    return next(places, before.to_step)


def _worked(stay: Stay, deed: Deed, steps: Sequence[Step]) -> Stay:
    """Note who works on it: whoever has the step's role."""
    if deed.role is steps[stay.to_step].role:
        return replace(stay, to_name=deed.name)
    return stay


def _left(stay: Stay, deed: Deed, steps: Sequence[Step]) -> Stay:
    worked = _worked(stay, deed, steps)
    is_by_taker = deed.act is Act.START or deed.role not in DESK_ROLES
    if worked.to_name is None and not is_by_taker:
        worked = replace(worked, to_name=deed.name)
    return replace(worked, left_at=max(deed.at, stay.sent_at))


def judge(found: Iterable[Stay], steps: Sequence[Step], clock: DossierClock) -> list[Judged]:
    """Say of each stay how much time it had and how it ended.

    Who comes back to a step has what the step has left; where nothing is left, the dossier's own
    due instant counts. What is received when the dossier is late already has its own share again.
    """
    left = budgets(steps, clock.total_minutes)
    judged: list[Judged] = []
    for stay in found:
        budget = max(0, left[stay.to_step])
        until = stay.left_at
        spent = 0 if until is None else _running(stay.received_at, until, clock)
        left[stay.to_step] -= spent
        is_last = stay.to_step == len(steps) - 1
        due_at = _due(stay, budget, clock, is_last=is_last) if stay.is_counted else None
        outcome = None if due_at is None or until is None else outcome_of(until, due_at)
        judged.append(Judged(stay, budget, spent, due_at, outcome))
    return judged


def _due(stay: Stay, budget: int, clock: DossierClock, *, is_last: bool) -> datetime:
    own = after_running(stay.received_at, budget, clock.stops, clock.calendar)
    if stay.received_at >= clock.due_at:
        return own
    return clock.due_at if is_last or not budget else min(own, clock.due_at)


def outcome_of(left_at: datetime, due_at: datetime) -> Outcome:
    """Compare to the minute; early is a day of its own before."""
    left, due = local_minute(left_at), local_minute(due_at)
    if left > due:
        return Outcome.LATE
    return Outcome.EARLY if left.date() < due.astimezone(LOCAL_ZONE).date() else Outcome.ON_TIME


def _running(start: datetime, end: datetime, clock: DossierClock) -> int:
    if end <= start:
        return 0
    return max(0, running_minutes(start, end, clock.stops, clock.calendar))


def after_running(
    start: datetime, minutes: int, stops: Iterable[Stop], calendar: Calendar
) -> datetime:
    """Return the end of the last of `minutes` working minutes in which the clock ran."""
    cursor, left = local_minute(start), minutes
    for stop in stops:
        if stop.end is None or stop.end <= cursor:
            continue
        run = calendar.minutes_between(cursor, max(stop.start, cursor))
        if run >= left:
            break
        left -= run
        cursor = local_minute(stop.end)
    return calendar.after(cursor, left)
