"""How the life of an invented dossier goes on after it was handed in, until its end or the present.

Chance decides what happens and when; the lifecycle table decides whether it may. Acts of staff lie
in the working time of their office, the applicant's at any hour, and nothing lies in the future.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from random import Random

from app.domain.actor import SYSTEM, Actor, Role
from app.domain.calendar import LOCAL_ZONE, Calendar
from app.domain.intake import ReturnWay
from app.domain.invented_people import account_of
from app.domain.lifecycle import Status
from app.domain.offers import Offer
from app.domain.past_dossier import PastDossier
from app.domain.past_stage import Odds, Pace, Staff, Words
from app.domain.time_limits import TimeLimit

_MINUTE = timedelta(minutes=1)
_DAY = timedelta(days=1)
_NIGHT, _UNTIL_MORNING = (22, 6), timedelta(hours=9)  # nobody writes at night
_COLLECTED_WITHIN = 1440  # working minutes: three days
_ANSWERED_WITHIN = 12  # days, of a request for papers


class _PresentReached(Exception):
    """What comes next has not happened yet."""


class _Hand:
    """The hand of the clock: moves on in working time or by days, and stops at the present."""

    __slots__ = ("_calendar", "_draw", "_now", "minute")

    def __init__(self, at: datetime, calendar: Calendar, now: datetime, draw: Random) -> None:
        self.minute = at.replace(second=0, microsecond=0) + _MINUTE
        self._calendar, self._now, self._draw = calendar, now, draw

    def work(self, minutes: float) -> datetime:
        """Return an instant after so many working minutes, one at least."""
        self.minute = self._calendar.after(self.minute, max(1, int(minutes)))
        return self._instant()

    def wait(self, days: float) -> datetime:
        """Return an instant after so many days of any kind, not in the night."""
        self.minute += max(1, int(days * 1440)) * _MINUTE
        if not _NIGHT[1] <= self.minute.hour < _NIGHT[0]:
            self.minute += _UNTIL_MORNING
        return self._instant()

    def until(self, day: date) -> datetime:
        """Return an instant early on a day."""
        self.minute = datetime(day.year, day.month, day.day, tzinfo=LOCAL_ZONE)
        return self.wait(self._draw.random() / 24)

    def _instant(self) -> datetime:
        # Within the minute that ends here: the last of working time is still inside.
        at = self.minute - timedelta(seconds=1 + int(self._draw.random() * 58))
        if at > self._now:
            raise _PresentReached
        return at


class Storyteller:
    """Tells lives of dossiers up to the present."""

    def __init__(self, words: Words, odds: Odds, now: datetime) -> None:
        self._words = words
        self._odds = odds
        self._now = now
        self._paces: dict[Offer, Pace] = {}

    def tell(self, dossier: PastDossier, staff: Staff, draw: Random) -> None:
        """Let a dossier that was just handed in live on."""
        pace = self._paces.get(dossier.offer)
        if pace is None:
            pace = self._paces[dossier.offer] = Pace.of(dossier.offer.version)
        hand = _Hand(dossier.received_at, dossier.calendar, self._now, draw)
        try:
            _Life(dossier, staff, self._words, self._odds, draw, hand).go(pace)
        except _PresentReached:
            return


class _Life:
    """One life; each part tells whether it goes on."""

    __slots__ = ("_draw", "_hand", "_odds", "_staff", "_words", "dossier")

    def __init__(
        self,
        dossier: PastDossier,
        staff: Staff,
        words: Words,
        odds: Odds,
        draw: Random,
        hand: _Hand,
    ) -> None:
        self.dossier, self._staff, self._words = dossier, staff, words
        self._odds, self._draw, self._hand = odds, draw, hand

    def go(self, pace: Pace) -> None:
        if self.dossier.status is Status.REGISTERED and not self._answered():
            return
        granted = self._processed(pace)
        if granted is not None:
            self._result(granted)

    def _answered(self) -> bool:
        """Let the desk answer what was handed in online."""
        dossier, odds, hand = self.dossier, self._odds, self._hand
        receptionist = self._one(self._staff.receptionists)
        if self._happens(odds.withdrawn):
            dossier.withdraw(self._applicant, hand.wait(self._draw.random()), self._why("withdraw"))
            return False
        if self._happens(odds.asked_at_once) and not self._supplemented(receptionist, 60):
            return False
        wait = 470 + self._draw.random() * 900 if self._happens(odds.answered_late) else 0
        at = hand.work(wait or 5 + self._draw.random() ** 2 * 420)
        if self._happens(odds.refused):
            dossier.refuse(receptionist, at, self._why("refuse"), self._words.ground(at))
            return False
        dossier.accept(receptionist, at)
        return True

    def _processed(self, pace: Pace) -> float | None:
        """Let the agency work on it; return the working minutes left for the decision, or None."""
        dossier, hand = self.dossier, self._hand
        minutes = self._minutes()
        officer = self._one(self._staff.officers)
        dossier.start(officer, hand.work(minutes * pace.shares[0]))
        turns = pace.shares[1:]
        for n, share in enumerate(turns, 1):
            if not self._undisturbed(officer, minutes * share, len(turns)):
                return None
            if n < len(turns):
                dossier.pass_on(officer, hand.work(minutes * share))
                officer = self._one(self._staff.officers)
        return minutes * turns[-1]

    def _undisturbed(self, officer: Actor, minutes: float, turns: int) -> bool:
        """Let happen what interrupts work, in one of so many `turns`."""
        odds, hand, dossier = self._odds, self._hand, self.dossier
        if self._happens(odds.withdrawn / turns):
            dossier.withdraw(self._applicant, hand.wait(self._draw.random()), self._why("withdraw"))
            return False
        if self._happens(odds.stopped / turns):
            at = hand.work(minutes)
            approver = self._one(self._staff.approvers)
            dossier.stop(approver, at, self._why("stop"), self._words.ground(at))
            return False
        if not self._happens(odds.asked / turns):
            return True
        if not self._supplemented(officer, minutes / 2):
            return False
        return not self._happens(odds.asked_again) or self._supplemented(officer, minutes / 2)

    def _supplemented(self, by: Actor, minutes: float) -> bool:
        """Let papers be asked for, and the applicant bring them, give up or stay silent."""
        dossier, hand, draw = self.dossier, self._hand, self._draw
        at = hand.work(minutes)
        wanted = self._wanted()
        ground = self._words.ground(at) if dossier.supplements else None
        dossier.request_supplement(by, at, wanted, self._why("supplement"), ground)
        within = min(_ANSWERED_WITHIN, dossier.offer.version.supplement_days) - 1
        if not self._happens(self._odds.unanswered):
            at = hand.wait(0.1 + draw.random() ** 2 * within)
            dossier.supplement(self._applicant, at, wanted)
            return True
        if draw.random() < 0.5 and within:  # noqa: PLR2004  (an even chance)
            at = hand.wait(draw.random() * within)
            dossier.withdraw(self._applicant, at, self._why("withdraw"))
        elif dossier.reply_due_on is not None:
            at = hand.until(dossier.reply_due_on + _DAY)
            dossier.stop(SYSTEM, at, self._why("overdue"), self._words.ground(at))
        return False

    def _result(self, minutes: float) -> None:
        """Let the approver decide, after an extension perhaps, and the result be given out."""
        dossier, hand, draw = self.dossier, self._hand, self._draw
        approver = self._one(self._staff.approvers)
        if self._happens(self._odds.extended):
            minutes = self._extended(approver, minutes)
        granted = not self._happens(self._odds.denied)
        reason = None if granted else self._why("deny")
        dossier.resolve(approver, hand.work(minutes), granted=granted, reason=reason)
        if dossier.return_way is ReturnWay.ONLINE:
            dossier.return_result(SYSTEM, hand.wait(draw.random() / 100))
        elif not self._happens(self._odds.uncollected):
            at = hand.work(5 + draw.random() ** 3 * _COLLECTED_WITHIN)
            dossier.return_result(self._one(self._staff.receptionists), at)

    def _extended(self, approver: Actor, minutes: float) -> float:
        """Let the time limit be extended, if it is not over yet; return the minutes used of it."""
        dossier, hand = self.dossier, self._hand
        at = hand.work(minutes / 2)
        if dossier.due_at is None or at >= dossier.due_at:
            return minutes / 2
        limit = dossier.offer.version.limit
        by = TimeLimit(max(1, limit.count // 2), limit.unit)
        dossier.extend(approver, at, by, self._why("extend"))
        left = dossier.calendar.minutes_between(hand.minute, dossier.due_at)
        return left * (0.2 + self._draw.random() * 0.7)

    def _minutes(self) -> float:
        """Draw the working minutes from acceptance to the result; a few dossiers are late."""
        dossier, draw = self.dossier, self._draw
        if dossier.accepted_at is None or dossier.due_at is None:
            raise ValueError("the clock has not begun")
        allowed = dossier.calendar.minutes_between(dossier.accepted_at, dossier.due_at)
        if self._happens(self._odds.late):
            return 10 + allowed * (1.05 + draw.random() ** 2 * 0.8)
        return allowed * (0.15 + draw.random() * 0.35 + draw.random() * 0.4)

    def _wanted(self) -> list[str]:
        handed_in = [part.component for part in self.dossier.parts]
        known = [component.code for component in self.dossier.offer.version.components]
        codes = list(dict.fromkeys(handed_in or known))
        first = int(self._draw.random() * len(codes))
        return codes[first : first + 1 + int(self._draw.random() * 2)]

    @property
    def _applicant(self) -> Actor:
        """The one who handed in online; else the applicant with an account of their own."""
        submitter = self.dossier.submitter
        if submitter is not None and submitter.role is Role.APPLICANT:
            return submitter
        return account_of(self.dossier.applicant)

    def _one(self, actors: Sequence[Actor]) -> Actor:
        return actors[int(self._draw.random() * len(actors))]

    def _why(self, what: str) -> str:
        reasons = self._words.reasons[what]
        return reasons[int(self._draw.random() * len(reasons))]

    def _happens(self, odds: float) -> bool:
        return self._draw.random() < odds
