"""Which generation of the portal is told of a dossier."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.deliveries import Generation
from app.domain.portal_routes import EVERY_AGENCY, USUAL, Route, route_of

MAPI, CENTRAL = Generation.MAPI, Generation.CENTRAL
ROUTES = [
    Route(EVERY_AGENCY, date(2026, 7, 1), CENTRAL),
    Route("H44", date(2026, 1, 1), MAPI),
    Route("H44.10", date(2026, 3, 1), CENTRAL, "G09.20"),
    Route("H44.10", date(2026, 5, 1), MAPI),
]


@pytest.mark.parametrize(
    ("agency", "day", "expected"),
    [
        ("H45.01", date(2026, 6, 30), USUAL),
        ("H45.01", date(2026, 7, 1), ROUTES[0]),
        ("H44.29", date(2025, 12, 31), USUAL),
        ("H44.29", date(2026, 8, 1), ROUTES[1]),
        ("H44.10", date(2026, 2, 28), ROUTES[1]),
        ("H44.10", date(2026, 3, 1), ROUTES[2]),
        ("H44.10.02", date(2026, 4, 30), ROUTES[2]),
        ("H44.10.02", date(2026, 5, 1), ROUTES[3]),
        ("H44.101", date(2026, 4, 30), ROUTES[1]),
    ],
)
def test_the_nearest_agency_and_the_latest_day_decide(
    agency: str, day: date, expected: Route
) -> None:
    assert route_of(ROUTES, agency, day) == expected


@given(st.permutations(ROUTES), st.dates(date(2025, 1, 1), date(2027, 1, 1)))
def test_the_order_of_the_rows_does_not_matter(routes: list[Route], day: date) -> None:
    assert route_of(routes, "H44.10", day) == route_of(ROUTES, "H44.10", day)


def test_without_any_row_everything_goes_to_the_older_generation() -> None:
    assert route_of([], "H44.10", date(2026, 1, 1)).generation is MAPI
