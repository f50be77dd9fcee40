"""Dossiers of an agency that ended are told where they were told before; later ones are not."""

from datetime import date, datetime

import pytest

from app.domain.calendar import LOCAL_ZONE
from app.services import moving, reorganisations
from tests.agencies.ministry import PROVINCE, change, commune, merge
from tests.builders import PARTIAL
from tests.services.office import Mocks, Office

OLD, NEW = "H44.29", "H44.60"
MERGED = change("2026-10-12", merge(OLD, into=NEW), created=[commune(NEW, "UBND phường Việt Trì")])
DAY = datetime(2026, 10, 12, 8, tzinfo=LOCAL_ZONE)


def _reorganise(office: Office) -> None:
    reorganisations.enter(office.desk, MERGED, actor=PROVINCE, now=office.clock())
    office.clock.at = DAY
    moving.begin_due(office.desk, now=DAY)
    while moving.move_next(office.desk, now=DAY):
        pass


def _route(office: Office, agency: str, generation: str) -> None:
    office.change(
        "INSERT INTO portal_route VALUES (:agency, :first, :generation, NULL)",
        agency=agency,
        first=date(2020, 1, 1),
        generation=generation,
    )


@pytest.mark.parametrize("told_before", [True, False])
def test_a_dossier_stays_with_the_generation_of_the_agency_that_received_it(
    office: Office, mocks: Mocks, *, told_before: bool
) -> None:
    _route(office, OLD, "central")
    _route(office, NEW, "mapi")
    code = office.take_in(PARTIAL, OLD)
    if told_before:
        office.settle()

    _reorganise(office)
    office.settle()

    office.check_central_books(code)
    known = office.central(code)
    assert known["dossier"]["MaDonViTiepNhan"] == OLD
    assert known["progress"][-1]["PhongBanXuLy"] == "UBND phường Việt Trì"
    assert mocks.portal(code).get("dossier") is None, "generation A hears nothing of it"


def test_one_that_the_heir_receives_goes_the_heirs_way(office: Office, mocks: Mocks) -> None:
    _route(office, OLD, "central")
    _reorganise(office)

    code = office.take_in(PARTIAL, NEW)
    office.settle()

    office.check_books(code)
    assert mocks.http.get("/central-portal/_stats").json()["dossiers"] == 0
