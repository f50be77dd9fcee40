"""The model's queue: whose turn it is, in what order, under which tab, in which words."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import NamedTuple

from tests.journeys.model_calendar import Calendar
from tests.journeys.model_clock import Office, day_of, minute_of
from tests.journeys.model_desk import OPEN, RUNNING, TABLE, WAITING, Dossier, Who

TABS = (
    *("mine", "desk", "agency", "due_soon", "overdue"),
    *("waiting_supplement", "waiting_payment", "unanswered"),
)
_TURN = {
    ("registered", "receptionist"),
    ("accepted", "officer"),
    ("resolved", "receptionist"),
}
_HOUR = 60


class Delegation(NamedTuple):
    giver: str
    taker: str
    first: date
    last: date


class Item(NamedTuple):
    """What a line of the queue must say."""

    code: str
    version: int
    status: str
    clock: str
    until: int | None
    remaining: int | None
    words: str
    claimed_by: str | None
    assigned_to: str | None
    possible_acts: frozenset[str]


class Queue:
    """All of the queue as one person must see it at one moment."""

    def __init__(
        self,
        who: Who,
        now: datetime,
        dossiers: Iterable[Dossier],
        calendar: Calendar,
        delegations: Sequence[Delegation],
    ) -> None:
        self._who, self._now, self._minute = who, now, minute_of(now)
        self._calendar = calendar
        today = day_of(self._minute)
        self._people = {who.account} | {
            given.giver
            for given in delegations
            if given.taker == who.account and given.first <= today <= given.last
        }
        here = [each for each in dossiers if each.status in OPEN and who.within(each.at)]
        self._open = sorted(here, key=_urgency)

    def tab(self, name: str) -> list[Item]:
        return [self._item(each) for each in self.of(name)]

    def of(self, name: str) -> list[Dossier]:
        return [each for each in self._open if self._belongs(each, name)]

    def _belongs(self, each: Dossier, tab: str) -> bool:
        if tab == "agency":
            return True
        if tab == "mine":
            is_claimed = each.is_claimed(self._now) and each.claimed_by in self._people
            return is_claimed or each.assigned_to in self._people
        if tab == "desk":
            if each.status == "in_process":
                return each.step_role == self._who.role
            return (each.status, self._who.role) in _TURN
        if tab.startswith("waiting_"):
            return each.status == tab.removeprefix("waiting_") + "_requested"
        return self._is_pressing(each, tab)

    def _is_pressing(self, each: Dossier, tab: str) -> bool:
        """Say so of a clock that runs: of the first answer, or of the result."""
        if each.status not in RUNNING or each.until is None:
            return False
        left = self._office(each).between(self._minute, each.until)
        if each.status == "registered":
            return tab == "unanswered" and (each.until < self._minute or left < 2 * _HOUR)
        if tab == "overdue":
            return each.until < self._minute
        return tab == "due_soon" and each.until >= self._minute and left < 8 * _HOUR

    def _office(self, each: Dossier) -> Office:
        return self._calendar.office(each.agency)

    def _item(self, each: Dossier) -> Item:
        clock, until, remaining = self._stands(each)
        is_claimed = each.is_claimed(self._now)
        acts = {act for (status, act), (_, roles) in TABLE.items() if status == each.status}
        mine = {act for act in acts if self._who.role in TABLE[each.status, act][1]}
        return Item(
            each.code,
            each.version,
            each.status,
            clock,
            until,
            remaining,
            self._words(each, clock, remaining),
            each.claimed_by if is_claimed else None,
            each.assigned_to,
            frozenset(mine),
        )

    def _stands(self, each: Dossier) -> tuple[str, int | None, int | None]:
        office = self._office(each)
        if each.status in WAITING:
            return "standing", None, each.left
        assert each.until is not None
        if each.status == "resolved":
            assert each.resolved is not None
            return "finished", None, office.between(each.resolved, each.until)
        return "running", each.until, office.between(self._minute, each.until)

    def _words(self, each: Dossier, clock: str, remaining: int | None) -> str:
        if clock == "finished":
            return "đã có kết quả, chờ trả"
        assert remaining is not None
        words = in_words(remaining, self._office(each).full_day)
        return f"đang dừng, {words}" if clock == "standing" else words


def in_words(remaining: int, full_day: int) -> str:
    """Say what is left, or how late it is, in working days and hours."""
    if remaining == 0:
        return "đến hạn"
    days, minutes = abs(remaining) // full_day, abs(remaining) % full_day
    said = [f"{days} ngày"] if days else []
    said += [f"{minutes // _HOUR} giờ"] if minutes // _HOUR else []
    said = said or [f"{minutes} phút"]
    return ("còn " if remaining > 0 else "quá hạn ") + " ".join(said)


def _urgency(each: Dossier) -> tuple[int, int, int]:
    """Running clocks by their end, then standing ones by what is left, then results."""
    if each.status in WAITING:
        return 1, each.left or 0, each.n
    return 2 if each.status == "resolved" else 0, each.until or 0, each.n
