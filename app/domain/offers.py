"""What an agency offers on a day: versions of procedures in force there, and those taken online."""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from app.domain.agency import Agency
from app.domain.procedure import Procedure, ProcedureVersion

_NEXT_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, eq=False)
class Offer:
    """A version of a procedure that an agency resolves; the same object wherever it is offered."""

    procedure_code: str
    version: ProcedureVersion


@dataclass(frozen=True, slots=True)
class Offers:
    """What can be handed in on a day: all of it at the desk, part of it online too."""

    all: tuple[Offer, ...] = ()
    online: tuple[Offer, ...] = ()


_NOTHING = Offers()


class OfferBook:
    """Offers by agency and day, looked up once per stretch of days in which nothing changes."""

    def __init__(self, procedures: Iterable[Procedure]) -> None:
        self._offers = [
            Offer(procedure.code, version)
            for procedure in procedures
            for version in procedure.versions
        ]
        versions = [offer.version for offer in self._offers]
        begins = {version.valid_from for version in versions}
        taken_over = {known.from_on for version in versions for known in version.successors}
        ended = {version.valid_to + _NEXT_DAY for version in versions if version.valid_to}
        self._changes = sorted(begins | ended | taken_over)
        self._known: dict[tuple[str, int], Offers] = {}

    def on(self, agency: Agency, day: date) -> Offers:
        """Return what an agency offers on a day; nothing while the agency does not exist."""
        if not agency.is_valid_on(day):
            return _NOTHING
        stretch = bisect_right(self._changes, day)
        known = self._known.get((agency.code, stretch))
        if known is None:
            known = self._known[agency.code, stretch] = self._look_up(agency, day)
        return known

    def are_any(self, agency: Agency, first: date, last: date, *, online: bool) -> bool:
        """Tell whether the agency offers anything between two days, both included."""
        last = last if agency.valid_to is None else min(last, agency.valid_to)
        first = max(first, agency.valid_from)
        if last < first:
            return False
        cuts = self._changes[bisect_right(self._changes, first) : bisect_right(self._changes, last)]
        found = [self.on(agency, day) for day in (first, *cuts)]
        return any(offers.online if online else offers.all for offers in found)

    def _look_up(self, agency: Agency, day: date) -> Offers:
        offered = tuple(
            offer
            for offer in self._offers
            if offer.version.is_valid_on(day) and offer.version.is_resolved_by(agency, day)
        )
        online = tuple(offer for offer in offered if offer.version.online_level.accepts_online)
        return Offers(offered, online)
