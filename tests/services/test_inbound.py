"""Dossiers from the national portal, over real HTTP: entry, once, statuses back."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import text

from app.db.access import acting
from app.domain.actor import SYSTEM, Actor, Role
from app.domain.inbound import (
    Service,
)
from app.domain.lifecycle import Act
from app.services import dossiers, inbound_work, tracking
from app.services.transition import DossierNotFound
from tests.builders import CITIZEN, JUSTICE
from tests.services.office import Office, an_applicant, staff
from tests.services.portal_inbox import (
    claimed,
    come_in,
    dossiers_of,
    fetched,
    handed_in,
    receive,
    row_of,
    work,
)


@pytest.fixture
def office(errand_office: Office) -> Office:
    errand_office.change("TRUNCATE inbound, inbound_copy, inbound_file, inbound_act")
    return errand_office


def test_a_dossier_of_the_portal_becomes_a_registered_online_one(office: Office) -> None:
    message = handed_in(office)
    assert receive(office, message) == (0, f"Đã nhận hồ sơ {message['MaHoSo']}.")
    assert work(office) == 1

    [found] = office.rows(
        """
        SELECT dossier.*, portal_origin.code AS theirs FROM dossier
        JOIN portal_origin ON dossier_id = id WHERE portal_origin.code = :code
    """,
        code=message["MaHoSo"],
    )
    assert (found["status"], found["channel"]) == ("registered", "online")
    assert found["answer_due_at"] is not None
    assert found["applicant_number"] == CITIZEN
    assert [fee["amount_vnd"] for fee in found["fees"]]
    shown = dossiers.read(office.desk, found["code"], actor=an_applicant())
    assert shown["portal"]["code"] == message["MaHoSo"]
    parts = [(part["component"], part["document"]["source"]) for part in shown["components"]]
    assert parts == [("GT01", "portal"), ("GT02", "portal")]
    assert shown["components"][0]["document"]["sha256"] == message["TaiLieuNop"][0]["HashTepTin"]
    assert fetched(office, message["MaHoSo"]) == [1, 1]


def test_its_clerk_sees_it_and_another_agencys_does_not(office: Office) -> None:
    code = come_in(office)

    assert dossiers.read(office.desk, code, actor=staff(Role.RECEPTIONIST, JUSTICE))
    for stranger in (an_applicant("025099000002"), staff(Role.RECEPTIONIST, "H44.29")):
        with pytest.raises(DossierNotFound):
            dossiers.read(office.desk, code, actor=stranger)


def test_it_is_tracked_by_our_code_and_by_the_portals(office: Office) -> None:
    message = handed_in(office)
    receive(office, message)
    work(office)

    answer = tracking.follow(
        office.desk, message["MaHoSo"], CITIZEN[-4:], client="10.0.0.1", now=office.clock()
    )

    assert answer.progress is not None
    assert (
        answer.progress.code
        == office.one(
            "SELECT dossier.code FROM dossier JOIN portal_origin ON dossier_id = id"
            " WHERE portal_origin.code = :code",
            code=message["MaHoSo"],
        )["code"]
    )


def test_every_status_goes_back_under_the_portals_own_code(office: Office) -> None:
    code = come_in(office)
    office.hand_to(code, JUSTICE)
    theirs = office.one(
        "SELECT portal_origin.* FROM portal_origin JOIN dossier ON id = dossier_id"
        " WHERE dossier.code = :code",
        code=code,
    )["code"]
    for act in (Act.ACCEPT, Act.START, Act.RESOLVE):
        office.act(code, act)
    office.settle()

    known = office.mocks.portal(theirs)
    assert office.states(code) == ["acknowledged"] * 4
    assert [row["TrangThai"] for row in known["progress"]] == ["1", "2", "4", "9"]
    assert {entry["is_addition"] for entry in known["told"]} == {False}
    assert known["dossier"]["NoiNopHoSo"] == "1"
    assert known["dossier"]["MaTTHC"] == "2.000488.000.00.00.H44"
    assert known["dossier"]["SoBienNhan"] == code
    assert not known["refused"]
    assert office.mocks.http.get(f"/national-portal/_dossiers/{code}").status_code == 404


def test_a_promotion_is_answered_by_its_own_service(office: Office) -> None:
    code = come_in(office, Service.PROMOTION)
    office.hand_to(code, "H44.01")
    theirs = office.one("SELECT code FROM portal_origin ORDER BY dossier_id DESC LIMIT 1")["code"]
    office.act(code, Act.REFUSE)
    office.mocks.fault("reset_after", service="DongBoTrangThaiHoSoKM", times=1)
    office.settle()

    known = office.mocks.portal(theirs)
    assert office.states(code) == ["acknowledged"] * 2
    assert known["dossier"]["TrangThai"] == "11"
    assert known["dossier"]["MaHoSoDonVi"] == code
    assert known["dossier"]["MaDoiTuong"]
    assert [entry["status"] for entry in known["told"]] == ["1", "3"]
    papers = dossiers.read(office.desk, code, actor=staff(Role.RECEPTIONIST, "H44.01"))
    assert [part["component"] for part in papers["components"]] == ["GT01", "GT02"]
    assert papers["form"] == {}


def test_the_same_code_again_is_a_duplicate_and_another_content_is_kept(office: Office) -> None:
    message = handed_in(office)
    assert receive(office, message)[0] == 0
    assert receive(office, message)[0] == 1
    changed = message | {"Fax": "0200"}
    for _ in range(2):
        code, said = receive(office, changed)
        assert (code, "nội dung khác" in said) == (1, True)
    work(office)

    assert dossiers_of(office, message["MaHoSo"]) == 1
    kept = row_of(office, message["MaHoSo"])
    assert json.loads(kept["body"]) == message
    [copy] = office.rows("SELECT * FROM inbound_copy WHERE inbound_id = :id", id=kept["id"])
    assert json.loads(copy["body"]) == changed
    assert receive(office, message)[0] == 1
    assert work(office) == 0


def test_two_deliveries_at_once_are_one_dossier(office: Office) -> None:
    message = handed_in(office)
    gate = threading.Barrier(4)

    def deliver(n: int) -> int:
        gate.wait()
        return receive(office, message if n % 2 else message | {"Fax": "1"})[0]

    with ThreadPoolExecutor(4) as pool:
        answers = sorted(pool.map(deliver, range(4)))
    work(office)

    assert answers == [0, 1, 1, 1]
    assert dossiers_of(office, message["MaHoSo"]) == 1
    assert len(office.rows("SELECT * FROM inbound")) == 1


def test_a_worker_that_lost_its_claim_enters_nothing(office: Office) -> None:
    message = handed_in(office)
    receive(office, message)
    slow = claimed(office)
    office.clock.move(minutes=5)
    assert work(office) == 1

    late = office.clock() - timedelta(minutes=5)
    inbound_work.work_on(office.desk, slow, lambda: late)

    assert dossiers_of(office, message["MaHoSo"]) == 1
    assert row_of(office, message["MaHoSo"])["state"] == "entered"


def test_two_workers_at_once_enter_it_once(office: Office) -> None:
    message = handed_in(office)
    receive(office, message)
    row = claimed(office)
    with ThreadPoolExecutor(2) as pool:
        for done in [
            pool.submit(inbound_work.work_on, office.desk, row, office.clock) for _ in range(2)
        ]:
            done.result()

    assert dossiers_of(office, message["MaHoSo"]) == 1
    assert row_of(office, message["MaHoSo"])["state"] == "entered"


def test_under_chaos_every_dossier_enters_once_and_the_portal_hears_of_it(office: Office) -> None:
    codes = []
    for n in range(5):
        message = handed_in(office)
        codes.append(message["MaHoSo"])
        assert receive(office, message)[0] == 0
        assert receive(office, message | ({"Fax": "1"} if n % 2 else {}))[0] == 1
    office.mocks.switch(chaos=0.3)
    for _ in range(100):
        work(office)
        if not office.rows("SELECT FROM inbound WHERE state IN ('waiting', 'in_flight')"):
            break
        office.clock.move(minutes=2)
    assert [dossiers_of(office, code) for code in codes] == [1] * len(codes)
    office.mocks.switch(chaos=0.0)
    office.settle()

    for code in codes:
        known = office.mocks.portal(code)
        assert [row["TrangThai"] for row in known["progress"]] == ["1"]
        assert known["dossier"]["SoDienThoai"]


def test_where_it_is_from_is_seen_with_the_dossier(office: Office) -> None:
    come_in(office)

    def seen(who: Actor) -> int:
        with acting(office.desk.engine, who) as tx:
            return tx.db.scalar(text("SELECT count(*) FROM portal_origin")) or 0

    everything = seen(SYSTEM)
    assert everything >= 1
    assert seen(staff(Role.OFFICER, "H44")) == everything
    for nobody in (an_applicant("025099000009"), staff(Role.ADMINISTRATOR, "H44")):
        assert seen(nobody) == 0
