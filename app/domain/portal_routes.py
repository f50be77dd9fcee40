"""Which generation of the national portal is told of a dossier: data, by agency and day."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from app.domain.deliveries import Generation

EVERY_AGENCY = "*"


@dataclass(frozen=True, slots=True)
class Route:
    """From `valid_from` on, dossiers of `agency` and of those below it go this way."""

    agency: str
    valid_from: date
    generation: Generation
    unit: str | None = None


USUAL = Route(EVERY_AGENCY, date.min, Generation.MAPI)


def route_of(routes: Iterable[Route], agency: str, received_on: date) -> Route:
    """Return the way of a dossier: that of its agency, or of the nearest one above with a way.

    What counts is the day of receipt, so that a dossier stays where it was first told.
    """
    fitting = [
        route
        for route in routes
        if route.valid_from <= received_on
        and (route.agency in {EVERY_AGENCY, agency} or agency.startswith(f"{route.agency}."))
    ]
    return max(fitting, key=lambda route: (_nearness(route), route.valid_from), default=USUAL)


def _nearness(route: Route) -> int:
    return 0 if route.agency == EVERY_AGENCY else len(route.agency)
