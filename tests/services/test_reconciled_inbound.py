"""Dossiers that were handed in at the portal: asked about under its own name for them."""

import pytest

from app.domain.lifecycle import Act
from tests.services.office import Office
from tests.services.portal_inbox import come_in
from tests.services.reconciled import counted, plant, reconciled, said


@pytest.fixture
def office(errand_office: Office) -> Office:
    errand_office.change("TRUNCATE inbound, inbound_copy, inbound_file, inbound_act")
    return errand_office


def test_what_the_portal_handed_in_is_compared_under_its_own_code(office: Office) -> None:
    code = come_in(office)
    office.settle()

    run = reconciled(office)

    assert code not in said(office, run)
    assert counted(office, run)["equal"] >= 1
    assert counted(office, run)["unknown_here"] == 0


def test_what_lies_in_quarantine_is_held_there_and_unknown_here(office: Office) -> None:
    like = office.walk(Act.SUBMIT)
    office.settle()
    code = "H44.10-261003-0044"
    plant(office, like, code)
    office.change(
        "INSERT INTO inbound (service, code, body, sha256, received_at, state, attempts, next_at)"
        " VALUES ('nhanhsdvcqg', :code, '', 'x', :now, 'quarantined', 0, :now)",
        code=code,
        now=office.clock(),
    )

    assert said(office, reconciled(office))[code] == ("unknown_here", "handed_in")
