"""Telling the national portal: dossiers as their events left them, by the generation due."""

import logging
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row
from sqlalchemy.exc import SQLAlchemyError

from app.domain.deliveries import DeliveryState, Generation
from app.domain.portal_routes import Route
from app.integrations.portal import Ending, Portal, Telling, Verdict
from app.services.desk import Desk
from app.services.portal_facts import Records, read_on
from app.services.results import Result, broken, fault

log = logging.getLogger(__name__)

MOST = 20
"""Dossiers that one hand tells at once: two calls full, of ten rows each."""

_Place = tuple[int, Telling]


def begin(desk: Desk) -> Callable[[Sequence[Row[Any]], Callable[[], datetime]], list[Result]]:
    """Return what tells the events of some rows, each of another dossier, and a result for each.

    It remembers the dossiers that it told last: their next events are told without reading again.
    """
    records: Records | None = None

    def send(rows: Sequence[Row[Any]], now: Callable[[], datetime]) -> list[Result]:
        nonlocal records
        records = read_on(desk, records, {row.dossier_id: row.seq for row in rows})
        return _send(records, rows, _Claim(rows, now, timedelta(seconds=desk.partners.lease_s)))

    return send


@dataclass(frozen=True, slots=True)
class _Claim:
    """Rows that are ours to tell for as long as their lease lasts."""

    rows: Sequence[Row[Any]]
    now: Callable[[], datetime]
    lease: timedelta

    def in_time(self) -> bool:
        """Tell whether a call may begin: in the first half of the lease, to end in the second."""
        until: datetime = self.rows[0].leased_until
        return self.now() < until - self.lease / 2

    def tell(self, portal: Portal, places: Sequence[_Place]) -> list[Result]:
        try:
            verdicts = portal.tell([telling for _, telling in places], self.now(), self.in_time)
        except SQLAlchemyError:
            raise  # the database is away: claimed again after the lease
        except Exception as error:
            # A dossier that cannot be put into words must not hold back the others.
            if len(places) > 1:
                return [self.tell(portal, [place])[0] for place in places]
            log.exception("dossier %s", places[0][1].facts.code)
            return [fault(error)]
        return [
            _result(verdict, self.rows[place].tries, portal.payload_version)
            for (place, _), verdict in zip(places, verdicts, strict=True)
        ]


def _send(records: Records, rows: Sequence[Row[Any]], claim: _Claim) -> list[Result]:
    results: dict[int, Result] = {}
    ways: defaultdict[Generation, list[_Place]] = defaultdict(list)
    for place, row in enumerate(rows):
        try:
            route = records.route_of(row.dossier_id)
            ways[route.generation].append((place, _telling(records, row, route)))
        except Exception as error:
            log.exception("delivery %s of dossier %s", row.id, row.dossier_id)
            results[place] = fault(error)
    for generation, places in ways.items():
        told = claim.tell(records.desk.partners.portals[generation], places)
        results |= {place: result for (place, _), result in zip(places, told, strict=True)}
    return [results[place] for place in range(len(rows))]


def _telling(records: Records, row: Row[Any], route: Route) -> Telling:
    is_first = row.seq == 1
    facts = records.at(row.dossier_id, row.seq)
    return Telling(
        dossier_id=row.dossier_id,
        facts=facts,
        before=None if is_first else records.at(row.dossier_id, row.seq - 1),
        is_sure=not is_first and row.attempts == 1,
        unit=route.unit or facts.agency_code,
    )


_STATES = {
    Ending.TAKEN: DeliveryState.ACKNOWLEDGED,
    Ending.REFUSED: DeliveryState.BLOCKED,
    Ending.UNMAPPED: DeliveryState.BLOCKED,
    Ending.UNAVAILABLE: DeliveryState.WAITING,
    Ending.OUT_OF_TIME: DeliveryState.WAITING,
}
_ANSWERED = {Ending.TAKEN: True, Ending.REFUSED: True, Ending.UNAVAILABLE: False}


def _result(verdict: Verdict, tries: int, payload_version: int) -> Result:
    if verdict.ending is Ending.UNREADABLE:
        return broken(tries, verdict.raw)
    return Result(
        _STATES[verdict.ending],
        verdict.code,
        verdict.raw,
        verdict.body_sha256,
        payload_version,
        _ANSWERED.get(verdict.ending),
    )
