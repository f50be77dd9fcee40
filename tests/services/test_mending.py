"""Mending after a reconciliation: told again in order, nothing twice, and then equal."""

from collections.abc import Iterator
from itertools import pairwise

import pytest

from app.domain.actor import SYSTEM, Role
from app.domain.deliveries import DeliveryAct
from app.domain.lifecycle import Act
from app.domain.reconciliation import (
    Outcome,
    ReconciliationBusy,
    ReconciliationNotFound,
    ReconciliationRoleRefused,
)
from app.services import delivery_desk, mending, reconciling
from app.services.delivery_desk import Deed as DeskDeed
from app.services.mending import Wish
from tests.builders import JUSTICE, Given
from tests.services.office import Office, staff
from tests.services.reconciled import (
    alter,
    asking,
    counted,
    differences,
    drop,
    reconciled,
    said,
    span,
)

WHOLE = (Act.SUBMIT, Act.ACCEPT, Act.START, Act.RESOLVE, Act.RETURN_RESULT)


@pytest.fixture
def office(shared_office: Office) -> Iterator[Office]:
    """The module's office, with everything that former tests left told or set aside."""
    shared_office.settle()
    yield shared_office
    shared_office.mocks.http.delete("/national-portal/_faults").raise_for_status()
    shared_office.change("DELETE FROM partner_breaker")


def told(office: Office, *acts: Act) -> str:
    code = office.walk(*(acts or WHOLE))
    office.settle()
    return code


def mended(office: Office, run: int, **wish: Given) -> dict[str, int]:
    done = mending.mend(office.desk, Wish(run, **wish), actor=SYSTEM, now=office.clock())
    return {name: count for name, count in done.items() if count}


def test_each_kind_is_told_again_from_where_the_portal_lacks_it(office: Office) -> None:
    lost, earlier, changed = told(office), told(office), told(office)
    drop(office, lost)
    before = office.mocks.portal(earlier)
    alter(office, earlier, TrangThaiHoSo="9", NgayTra=None, ThongTinTra=None)
    alter(office, changed, ChuHoSo="Ai đó", Email="khac@example.vn")
    run = reconciled(office, ahead=0)
    assert {said(office, run)[code][0] for code in (lost, earlier, changed)} == {
        *("missing", "behind", "different")
    }

    foreseen = mended(office, run, is_dry=True)
    assert foreseen == {"dossiers": 3, "messages": 7, "remaining": 3, "told_again": 3}
    assert office.states(lost) == ["acknowledged"] * 5
    assert mended(office, run) == {"dossiers": 3, "messages": 7, "told_again": 3}
    assert office.states(lost) == ["waiting"] * 5
    assert office.states(earlier) == ["acknowledged"] * 4 + ["waiting"]
    office.settle()

    again = reconciled(office, ahead=0)
    assert not {lost, earlier, changed} & set(said(office, again))
    statuses = [entry["status"] for entry in office.mocks.portal(lost)["told"]]
    assert statuses == ["1", "2", "4", "9", "10"] * 2
    progress = [row["TrangThai"] for row in office.mocks.portal(lost)["progress"]]
    assert progress == ["1", "2", "4", "9", "10"]
    assert office.mocks.portal(earlier)["progress"] == before["progress"]
    assert len(office.mocks.portal(changed)["told"]) == 6


def test_the_ledger_keeps_who_let_it_be_told_again_and_what_the_portal_said_before(
    office: Office,
) -> None:
    code = told(office, Act.SUBMIT)
    [first] = office.ledger(code)
    drop(office, code)
    run = reconciled(office, ahead=0)
    mended(office, run)
    office.settle()

    [row] = office.ledger(code)
    assert row["state"] == "acknowledged"
    acts = office.rows("SELECT * FROM delivery_act WHERE delivery_id = :id", id=row["id"])
    assert [(act["act"], act["reason"], act["actor_name"]) for act in acts] == [
        ("mend", f"Đối chiếu số {run}", SYSTEM.name)
    ]
    attempts = office.rows("SELECT * FROM delivery_attempt WHERE delivery_id = :id", id=row["id"])
    assert [(one["outcome"], one["answer"]) for one in attempts] == [
        ("acknowledged", first["answer"])
    ]
    found = differences(office, run)[code]
    assert (found["mended"], found["mended_by"]) == ("told_again", SYSTEM.name)
    assert mended(office, run) == {}


def test_what_stands_is_let_go_on_and_what_a_person_set_aside_is_left(office: Office) -> None:
    blocked, parked = office.submit(), office.submit()
    office.mocks.fault("error_code", service="DongBoHoSoMC", times=4, error_code=-9)
    office.drain()
    assert office.states(blocked) == office.states(parked) == ["blocked"]
    [row] = office.ledger(parked)
    office.mocks.http.delete("/national-portal/_faults")
    deed = DeskDeed(DeliveryAct.PARK, "Chờ cổng", SYSTEM, office.clock())
    delivery_desk.act(office.desk, row["id"], deed)
    run = reconciled(office, ahead=0)

    done = mended(office, run)

    assert done == {"dossiers": 2, "messages": 1, "remaining": 1, "retried": 1, "parked": 1}
    office.settle()
    assert office.states(parked) == ["blocked"]
    found = said(office, reconciled(office, ahead=0))
    assert blocked not in found
    assert found[parked] == ("missing", "blocked")
    deed = DeskDeed(DeliveryAct.UNPARK, "Xong", SYSTEM, office.clock())
    delivery_desk.act(office.desk, row["id"], deed)
    office.settle()


@pytest.mark.parametrize("first", [4, 3])
def test_a_dossier_without_rows_in_the_ledger_is_told_from_its_first_event_on(
    office: Office, first: int
) -> None:
    """As one that was imported untold: it has rows, if any, of what was done since."""
    code = office.walk(Act.SUBMIT, Act.ACCEPT, Act.START)
    office.change(
        "DELETE FROM delivery USING dossier WHERE dossier.id = dossier_id AND code = :code"
        " AND seq < :first",
        code=code,
        first=first,
    )
    run = reconciled(office, ahead=0)
    assert said(office, run)[code] == ("missing", "never_told")

    assert mended(office, run, kinds=(Outcome.BEHIND,)) == {}
    assert mended(office, run, most=1000)["told_first"] == 1
    office.settle()

    office.check_books(code)
    assert code not in said(office, reconciled(office, ahead=0))


def test_what_is_being_told_at_that_moment_is_not_overtaken(office: Office) -> None:
    code = told(office, Act.SUBMIT)
    drop(office, code)
    run = reconciled(office, ahead=0)
    office.act(code, Act.ACCEPT)
    office.change(
        "UPDATE delivery SET state = 'in_flight', lease = 'x', leased_until = :until,"
        " attempts = 1 FROM dossier WHERE dossier.id = dossier_id AND code = :code AND seq = 2",
        code=code,
        until=office.clock(),
    )

    assert mended(office, run) == {"dossiers": 1, "under_way": 1, "remaining": 1}
    assert office.states(code) == ["acknowledged", "in_flight"]

    office.change("UPDATE delivery SET state = 'waiting', lease = NULL WHERE lease = 'x'")
    assert mended(office, run)["told_again"] == 1
    office.settle()
    statuses = [entry["status"] for entry in office.mocks.portal(code)["told"]]
    assert statuses == ["1", "1", "2"]


def test_told_again_counts_as_told_no_more_until_it_is(office: Office) -> None:
    code = told(office, Act.SUBMIT)
    drop(office, code)
    run = reconciled(office, ahead=0)
    dossier = office.dossier(code)["id"]
    office.change("DELETE FROM figure_mark")

    mended(office, run)

    assert office.rows("SELECT dossier_id FROM figure_mark WHERE dossier_id = :id", id=dossier)
    office.settle()


def test_only_a_finished_run_is_mended_and_only_by_an_administrator(office: Office) -> None:
    desk = asking(office.desk)
    run = reconciling.begin(desk, span(office), actor=SYSTEM, now=office.clock())
    assert run is not None
    with pytest.raises(ReconciliationBusy):
        mended(office, run)
    with pytest.raises(ReconciliationNotFound):
        mended(office, run + 999)
    for role in (Role.RECEPTIONIST, Role.ANALYST, Role.APPROVER):
        with pytest.raises(ReconciliationRoleRefused):
            mending.mend(office.desk, Wish(run), actor=staff(role, JUSTICE), now=office.clock())
    assert counted(office, run).total() == 0


def test_a_lost_dossier_with_a_long_history_comes_back_in_the_order_of_its_events(
    office: Office,
) -> None:
    acts = (Act.SUBMIT, Act.ACCEPT, Act.START, Act.REQUEST_SUPPLEMENT, Act.SUPPLEMENT)
    code = told(office, *acts, Act.EXTEND, Act.REQUEST_PAYMENT, Act.SETTLE, Act.RESOLVE)
    drop(office, code)
    mended(office, reconciled(office, ahead=0))
    office.settle()

    known = office.mocks.portal(code)
    instants = [row["ThoiDiemXuLy"] for row in known["progress"]]
    assert len(instants) == len(office.events(code))
    assert all(earlier <= later for earlier, later in pairwise(instants))
    assert code not in said(office, reconciled(office, ahead=0))


def test_what_was_told_since_it_was_found_is_for_another_run(office: Office) -> None:
    code = told(office)
    drop(office, code)
    old, new = reconciled(office, ahead=0), reconciled(office, ahead=0)
    office.clock.move(minutes=5)
    assert mended(office, new)["told_again"] == 1
    office.settle()

    assert mended(office, old) == {"dossiers": 1, "told_since": 1, "remaining": 1}
    assert office.states(code) == ["acknowledged"] * len(WHOLE)
    assert code not in said(office, reconciled(office, ahead=0))
