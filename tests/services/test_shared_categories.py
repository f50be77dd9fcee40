"""Shared categories: fetched once a day, and kept in use for as long as the LGSP is away."""

import pytest

from app.services import category_work
from tests.services.office import Office


@pytest.fixture
def office(errand_office: Office) -> Office:
    errand_office.change("DELETE FROM shared_category")
    return errand_office


def _names(office: Office) -> dict[str, str]:
    row = office.one("SELECT entries FROM shared_category WHERE name = 'DM_TINH'")
    return dict(row["entries"] or {})


def _refresh(office: Office) -> int:
    done = 0
    while category_work.refresh(office.desk, office.clock):
        done += 1
    return done


def _rename(office: Office, name: str) -> None:
    entries = {"DanhSach": [{"Ma": "25", "Ten": name}]}
    office.mocks.http.put("/lgsp/_categories/DM_TINH", json=entries).raise_for_status()


def test_categories_are_fetched_once_a_day(office: Office) -> None:
    assert _refresh(office) == 2
    assert _names(office)["25"] == "Tỉnh Phú Thọ"
    _rename(office, "Tỉnh Mới")

    assert _refresh(office) == 0
    office.clock.move(days=1)
    assert _refresh(office) == 2
    assert _names(office) == {"25": "Tỉnh Mới"}


def test_what_was_fetched_stays_while_the_lgsp_is_away_and_is_tried_again(office: Office) -> None:
    _refresh(office)
    office.clock.move(days=1)
    office.mocks.fault("http_503", partner="lgsp", service="categories", times=2)
    _rename(office, "Tỉnh Mới")

    assert _refresh(office) == 2
    assert _names(office)["25"] == "Tỉnh Phú Thọ"
    office.clock.move(minutes=5)
    _refresh(office)
    assert _names(office)["25"] == "Tỉnh Mới"
