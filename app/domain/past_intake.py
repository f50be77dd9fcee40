"""What an agency received on a day of the past: invented dossiers in the order of their receipt."""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import accumulate
from random import Random
from typing import Final

from app.domain.agency import Agency
from app.domain.application import Applicant
from app.domain.calendar import LOCAL_ZONE, Calendar
from app.domain.intake import Channel, ReturnWay
from app.domain.intake_plan import Slice
from app.domain.invented_people import BODIES, CITIZENS, People, account_of
from app.domain.offers import Offer, OfferBook
from app.domain.past_dossier import PastDossier, PastRules
from app.domain.past_life import Storyteller
from app.domain.past_stage import Staff
from app.domain.procedure import ApplicantKind
from app.domain.time_limits import LimitUnit

VNEID_SINCE: Final = date(2022, 7, 18)  # before it no account could be verified by it

_BY_POST = 0.04  # of what is not handed in online
_OPTIONAL_PART = 0.3  # of the papers that are not always required
_BY_CITIZENS = 0.7  # where others may apply too
_VERIFIED = 0.8
_ONLINE_RESULT, _POSTED_RESULT = 0.6, 0.08  # of the results that may be had so
_ONLINE_HOURS = ((6 * 60, 23 * 60),)  # in which people hand in from home
_DAY_OFF_HOURS = ((8 * 60, 11 * 60),)  # of a desk that had to open
_MINUTES_OF_DAY = 24 * 60
_DAYS_PER_UNIT = {
    LimitUnit.WORKING_HOURS: 1 / 8,
    LimitUnit.WORKING_DAYS: 1.0,
    LimitUnit.CALENDAR_DAYS: 5 / 7,
    LimitUnit.MONTHS: 21.0,
}


@dataclass(frozen=True, slots=True)
class _Choice:
    """Offers to choose from: what takes long is asked for less often."""

    offers: tuple[Offer, ...]
    odds: tuple[float, ...]  # rising to 1

    @classmethod
    def of(cls, offers: tuple[Offer, ...]) -> "_Choice":
        days = (
            offer.version.limit.count * _DAYS_PER_UNIT[offer.version.limit.unit] for offer in offers
        )
        rising = list(accumulate(1 / max(1.0, count) for count in days))
        return cls(offers, tuple(value / rising[-1] for value in rising[:-1]))

    def draw(self, draw: Random) -> Offer:
        return self.offers[bisect_left(self.odds, draw.random())]


class PastIntake:
    """Invents what was received, agency by agency and day by day."""

    def __init__(
        self,
        book: OfferBook,
        people: People,
        storyteller: Storyteller,
        calendar_of: Callable[[Agency], Calendar],
        rules: PastRules,
        now: datetime,
    ) -> None:
        self._book, self._people, self._storyteller = book, people, storyteller
        self._calendar_of, self._rules, self._now = calendar_of, rules, now
        self._staff: dict[str, Staff] = {}
        self._choices: dict[tuple[Offer, ...], _Choice] = {}

    def receive(self, part: Slice, draw: Random) -> list[PastDossier]:
        """Return the dossiers of a slice with all that became of them, by instant of receipt."""
        offers = self._book.on(part.agency, part.day)
        calendar = self._calendar_of(part.agency)
        staff = self._staff.get(part.agency.code)
        if staff is None:
            staff = self._staff[part.agency.code] = Staff.of(self._people, part.agency.code)
        received = [
            (at, online)
            for online, count in ((False, part.at_desk), (True, part.online))
            for at in self._instants(part, count, calendar, draw, online=online)
        ]
        received.sort(key=lambda pair: pair[0])
        dossiers = []
        for at, online in received:
            offer = self._choice(offers.online if online else offers.all).draw(draw)
            dossier = self._hand_in(offer, at, calendar, staff, draw, online=online)
            self._storyteller.tell(dossier, staff, draw)
            dossiers.append(dossier)
        return dossiers

    def _hand_in(
        self,
        offer: Offer,
        at: datetime,
        calendar: Calendar,
        staff: Staff,
        draw: Random,
        *,
        online: bool,
    ) -> PastDossier:
        channel = Channel.ONLINE if online else Channel.DESK
        if not online and draw.random() < _BY_POST:
            channel = Channel.POST
        applicant = self._applicant(offer, draw)
        dossier = PastDossier(
            offer,
            calendar,
            self._rules,
            channel,
            applicant,
            _return_way(offer, channel, draw),
            at,
        )
        components = _components(offer, draw, online=online)
        if online:
            verified = at.date() >= VNEID_SINCE and draw.random() < _VERIFIED
            dossier.submit(account_of(applicant, is_verified=verified), components)
        else:
            desk = staff.receptionists
            dossier.take_in(desk[int(draw.random() * len(desk))], components)
        return dossier

    def _applicant(self, offer: Offer, draw: Random) -> Applicant:
        kinds = offer.version.applicants
        is_citizen = ApplicantKind.CITIZEN in kinds and (
            len(kinds) == 1 or draw.random() < _BY_CITIZENS
        )
        if is_citizen:
            return self._people.citizen(int(draw.random() * CITIZENS))
        bodies = [kind for kind in kinds if kind is not ApplicantKind.CITIZEN]
        kind = bodies[int(draw.random() * len(bodies))]
        return self._people.body(kind, int(draw.random() * BODIES))

    def _choice(self, offers: tuple[Offer, ...]) -> _Choice:
        choice = self._choices.get(offers)
        if choice is None:
            choice = self._choices[offers] = _Choice.of(offers)
        return choice

    def _instants(
        self, part: Slice, count: int, calendar: Calendar, draw: Random, *, online: bool
    ) -> list[datetime]:
        """Spread receipts over the hours of the day, or of its part; none after the present."""
        if not count:
            return []
        hours = self._hours(part.day, calendar, online=online)
        length = sum(closes - opens for opens, closes in hours)
        midnight = datetime(part.day.year, part.day.month, part.day.day, tzinfo=LOCAL_ZONE)
        instants = []
        for n in range(count):
            place = (part.part + (n + draw.random()) / count) / part.parts
            second = int(draw.random() * 60)
            minute = _minute(hours, int(place * length))
            instants.append(min(midnight + timedelta(minutes=minute, seconds=second), self._now))
        return instants

    def _hours(self, day: date, calendar: Calendar, *, online: bool) -> Sequence[tuple[int, int]]:
        if online:
            hours: Sequence[tuple[int, int]] = _ONLINE_HOURS
        else:
            hours = [
                (_of_day(opens), _of_day(closes)) for opens, closes in calendar.intervals(day)
            ] or _DAY_OFF_HOURS
        until = _of_day(self._now) if self._now.date() == day else _MINUTES_OF_DAY
        past = [(opens, min(closes, until)) for opens, closes in hours if opens < until]
        return past or [(0, max(1, until))]


def _minute(hours: Sequence[tuple[int, int]], passed: int) -> int:
    for opens, closes in hours:
        if passed < closes - opens:
            return opens + passed
        passed -= closes - opens
    return hours[-1][1] - 1


def _of_day(at: datetime) -> int:
    return at.hour * 60 + at.minute


def _components(offer: Offer, draw: Random, *, online: bool) -> list[str]:
    """Choose the papers: all that are required, some that are not; online what may be a file."""
    return [
        component.code
        for component in offer.version.components
        if (component.electronic or not online)
        and (component.required or draw.random() < _OPTIONAL_PART)
    ]


def _return_way(offer: Offer, channel: Channel, draw: Random) -> ReturnWay:
    chance = draw.random()
    if chance < _POSTED_RESULT:
        return ReturnWay.POST
    is_online = channel is Channel.ONLINE and offer.version.result.electronic
    return ReturnWay.ONLINE if is_online and chance < _ONLINE_RESULT else ReturnWay.DESK
