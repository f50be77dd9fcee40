"""The national portal is told of a move: the same status at another agency, in its place."""

from typing import Any

import pytest

from app.api.agency_changes import ReorganisationForm
from app.domain.actor import SYSTEM
from app.domain.lifecycle import Act, Status
from app.services import moving, reorganisations
from tests.builders import JUSTICE
from tests.services.office import Office, stamp

NEW, NAME = "H44.60", "Sở Tư pháp và Hộ tịch"
WAYS = {
    Status.REGISTERED: (Act.SUBMIT,),
    Status.ACCEPTED: (Act.TAKE_IN,),
    Status.IN_PROCESS: (Act.TAKE_IN, Act.START),
    Status.SUPPLEMENT_REQUESTED: (Act.SUBMIT, Act.REQUEST_SUPPLEMENT),
    Status.PAYMENT_REQUESTED: (Act.TAKE_IN, Act.START, Act.REQUEST_PAYMENT),
    Status.RESOLVED: (Act.TAKE_IN, Act.START, Act.RESOLVE),
}
ON_FROM = {
    Status.REGISTERED: Act.ACCEPT,
    Status.ACCEPTED: Act.START,
    Status.IN_PROCESS: Act.RESOLVE,
    Status.SUPPLEMENT_REQUESTED: Act.SUPPLEMENT,
    Status.PAYMENT_REQUESTED: Act.SETTLE,
    Status.RESOLVED: Act.RETURN_RESULT,
}


def _reorganise(office: Office) -> None:
    office.clock.move(days=1)
    document: dict[str, Any] = {
        "source": "Nghị quyết số 01/MAU",
        "on": office.clock.at.date().isoformat(),
        "created": [{"code": NEW, "name": NAME, "level": "province", "parent": "H44"}],
        "changes": [{"kind": "rename", "agency": JUSTICE, "into": NEW}],
    }
    made = ReorganisationForm(**document).change()
    reorganisations.enter(office.desk, made, actor=SYSTEM, now=office.clock())
    assert moving.begin_due(office.desk, now=office.clock()) == 1
    while moving.move_next(office.desk, now=office.clock()):
        pass


@pytest.mark.parametrize("is_told_before", [True, False], ids=["told", "waiting"])
def test_in_every_status_the_move_is_told_in_order_and_life_goes_on(
    office: Office, *, is_told_before: bool
) -> None:
    codes = {status: office.walk(*way) for status, way in WAYS.items()}
    if is_told_before:
        office.settle()
    _reorganise(office)
    moved_at = office.clock.at
    if is_told_before:
        office.settle()
    for status, code in codes.items():
        told_before = office.mocks.portal(code)["dossier"] if is_told_before else None
        office.hand_to(code, NEW)
        office.act(code, ON_FROM[status])
        office.settle()

        office.check_books(code)
        known = office.mocks.portal(code)
        row = next(r for r in known["progress"] if r["ThoiDiemXuLy"] == stamp(moved_at))
        assert row["PhongBanXuLy"] == NAME
        assert row["NoiDungXuLy"].startswith("Chuyển theo sắp xếp cơ quan: Sở Tư pháp đổi thành")
        assert known["dossier"]["DonViXuLy"] == NAME
        if told_before is not None:
            assert told_before["DonViXuLy"] == NAME


def test_a_message_about_an_earlier_event_names_the_agency_of_that_day(office: Office) -> None:
    code = office.take_in()
    office.settle()
    [before] = office.mocks.portal(code)["progress"]
    _reorganise(office)
    office.settle()

    assert before["PhongBanXuLy"] == "Sở Tư pháp"
    assert office.mocks.portal(code)["progress"][0] == before
