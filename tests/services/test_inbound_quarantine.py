"""What cannot be entered as it came: kept with every fault, replayed, mended, seen by few."""

import json
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text

from app.db.access import acting
from app.domain.actor import Actor, Role
from app.domain.inbound import (
    InboundAct,
    InboundActRefused,
    InboundNotFound,
    InboundRoleRefused,
    InboundState,
    MendRefused,
    Service,
)
from app.services import inbound, inbound_desk
from app.services.inbound_desk import Wanted
from tests.builders import CITIZEN, JUSTICE
from tests.services.office import Office, an_applicant, staff
from tests.services.portal_inbox import (
    ADMINISTRATOR,
    deed,
    dossiers_of,
    faults_of,
    fetched,
    handed_in,
    let_go,
    receive,
    row_of,
    work,
)


@pytest.fixture
def office(errand_office: Office) -> Office:
    errand_office.change("TRUNCATE inbound, inbound_copy, inbound_file, inbound_act")
    return errand_office


@pytest.mark.parametrize(
    ("changes", "faults"),
    [
        ({"MaTTHC": "1.999999"}, [("/MaTTHC", "procedure.unknown")]),
        ({"DonViXuLy": "Sở Không Có"}, [("/DonViXuLy", "inbound.agency_unknown")]),
        ({"MaDonVi": "H44.99"}, [("/MaDonVi", "agency.unknown")]),
        ({"MaDonVi": "000.00.29.H44"}, [("/MaDonVi", "agency.not_competent")]),
        (
            {"LoaiDoiTuong": "3"},
            [
                ("/LoaiDoiTuong", "applicant.kind_not_served"),
                ("/DinhDanhCHS/0/SoDinhDanh", "applicant.number_invalid"),
            ],
        ),
        ({"NgayNopHoSo": "20990101000000"}, [("/NgayNopHoSo", "inbound.from_the_future")]),
        ({"TaiLieuNop": []}, [("/TaiLieuNop", "component.missing")] * 2),
        (
            {"EformThongTinChiTiet": {"lists_bans": 1}, "TaiLieuNop": []},
            [("/EformThongTinChiTiet/lists_bans", "form.invalid")],
        ),
        (
            {"MaDonVi": 5, "LoaiDoiTuong": None, "SoDienThoai": "không"},
            [
                ("/MaDonVi", "inbound.field_type"),
                ("/LoaiDoiTuong", "inbound.field_missing"),
                ("/SoDienThoai", "inbound.field_invalid"),
            ],
        ),
    ],
    ids=str,
)
def test_what_is_malformed_waits_in_quarantine_with_every_fault(
    office: Office, changes: dict[str, Any], faults: list[tuple[str, str]]
) -> None:
    message = handed_in(office, strict=False, **changes)
    message |= {name: None for name, value in changes.items() if value is None}

    assert receive(office, message)[0] == 0
    work(office)

    found = faults_of(office, message["MaHoSo"])
    assert set(faults) <= set(found)
    assert dossiers_of(office, message["MaHoSo"]) == 0
    assert fetched(office, message["MaHoSo"]) in ([0, 0], [])
    kept = json.dumps(row_of(office, message["MaHoSo"])["faults"], ensure_ascii=False)
    assert CITIZEN not in kept
    assert "Trần Thị Mẫu" not in kept


@pytest.mark.parametrize("raw", [b"", b"<html>", b'{"MaHoSo":null}', b"\xff\xfe\0"])
def test_what_has_no_readable_code_is_an_error_to_the_portal_and_kept(
    office: Office, raw: bytes
) -> None:
    for _ in range(2):
        said = inbound.receive(office.desk, Service.DOSSIER, raw, now=office.clock())
        assert said["error_code"] == -1

    [kept] = office.rows("SELECT * FROM inbound")
    assert (bytes(kept["body"]), kept["state"], kept["code"]) == (raw, "quarantined", None)
    with pytest.raises(InboundActRefused):
        inbound_desk.act(office.desk, kept["id"], deed(office))


def test_an_unreadable_one_is_mended_with_a_whole_message(office: Office) -> None:
    inbound.receive(office.desk, Service.DOSSIER, b"{", now=office.clock())
    [kept] = office.rows("SELECT * FROM inbound")
    message = handed_in(office)

    inbound_desk.act(office.desk, kept["id"], deed(office, InboundAct.MEND, message=message))
    work(office)

    assert row_of(office, message["MaHoSo"])["state"] == "entered"


def test_after_the_cause_was_mended_a_replay_enters_it_once(office: Office) -> None:
    message = handed_in(office)
    office.change("UPDATE agency SET valid_to = '2026-01-01' WHERE code = :code", code=JUSTICE)
    office.change("UPDATE revision SET value = value + 1 WHERE name = 'catalogue'")
    receive(office, message)
    work(office)
    assert faults_of(office, message["MaHoSo"]) == [("/DonViXuLy", "inbound.agency_unknown")]
    office.change("UPDATE agency SET valid_to = NULL WHERE code = :code", code=JUSTICE)
    office.change("UPDATE revision SET value = value + 1 WHERE name = 'catalogue'")

    assert let_go(office, message["MaHoSo"], deed(office))["state"] == "waiting"

    assert dossiers_of(office, message["MaHoSo"]) == 1
    with pytest.raises(InboundActRefused):
        let_go(office, message["MaHoSo"], deed(office))
    shown = inbound_desk.read(
        office.desk, row_of(office, message["MaHoSo"])["id"], actor=ADMINISTRATOR
    )
    assert [act["act"] for act in shown["acts"]] == ["replay"]
    assert shown["dossier"]


def test_a_place_is_mended_without_seeing_the_rest(office: Office) -> None:
    message = handed_in(office, strict=False, LoaiDoiTuong="7", SoDienThoai="x")
    receive(office, message)
    work(office)
    changes = {"/LoaiDoiTuong": "1", "/SoDienThoai": None}

    let_go(office, message["MaHoSo"], deed(office, InboundAct.MEND, changes=changes))

    kept = row_of(office, message["MaHoSo"])
    assert kept["state"] == "entered"
    assert json.loads(bytes(kept["body"]))["LoaiDoiTuong"] == "7"
    [done] = office.rows("SELECT * FROM inbound_act WHERE inbound_id = :id", id=kept["id"])
    assert done["changed"] == ["/LoaiDoiTuong", "/SoDienThoai"]


def test_what_the_portal_sent_later_can_take_its_place(office: Office) -> None:
    message = handed_in(office, strict=False, LoaiDoiTuong="7")
    receive(office, message)
    receive(office, message | {"LoaiDoiTuong": "1"})
    work(office)

    let_go(office, message["MaHoSo"], deed(office, InboundAct.MEND, copy=1))

    assert dossiers_of(office, message["MaHoSo"]) == 1


@pytest.mark.parametrize(
    "given",
    [
        {"changes": {"/MaHoSo": "H-9999"}},
        {"changes": {"/Khong/Co": 1}},
        {"copy": 4},
        {"message": {"MaHoSo": "khác-1"}},
        {},
        {"changes": {"/A": 1}, "copy": 1},
    ],
    ids=str,
)
def test_a_mending_that_cannot_be_changes_nothing(office: Office, given: dict[str, Any]) -> None:
    message = handed_in(office, strict=False, LoaiDoiTuong="7")
    receive(office, message)
    work(office)

    with pytest.raises(MendRefused):
        let_go(office, message["MaHoSo"], deed(office, InboundAct.MEND, **given))

    assert faults_of(office, message["MaHoSo"]) == [("/LoaiDoiTuong", "inbound.unmapped")]
    assert not office.rows("SELECT * FROM inbound_act")


def test_what_is_discarded_is_kept_and_can_be_taken_up_again(office: Office) -> None:
    message = handed_in(office, strict=False, LoaiDoiTuong="7")
    receive(office, message)
    work(office)

    gone = let_go(office, message["MaHoSo"], deed(office, InboundAct.DISCARD))

    assert (gone["state"], gone["state_label"]) == ("discarded", "Đã loại")
    assert [fault["code"] for fault in gone["faults"]] == ["inbound.unmapped"]
    assert row_of(office, message["MaHoSo"])["state"] == "discarded"
    listed = {
        wanted: [
            one["portal_code"]
            for one in inbound_desk.list_page(
                office.desk, wanted, actor=ADMINISTRATOR, after=0, limit=9
            )
        ]
        for wanted in (Wanted(), Wanted(InboundState.DISCARDED), Wanted(every=True))
    }
    assert list(listed.values()) == [[], [message["MaHoSo"]], [message["MaHoSo"]]]
    with pytest.raises(InboundActRefused, match="không loại được"):
        let_go(office, message["MaHoSo"], deed(office, InboundAct.DISCARD))
    receive(office, message)  # the portal sends it again: still known
    assert row_of(office, message["MaHoSo"])["state"] == "discarded"

    changes = {"/LoaiDoiTuong": "1"}
    let_go(office, message["MaHoSo"], deed(office, InboundAct.MEND, changes=changes))

    assert dossiers_of(office, message["MaHoSo"]) == 1
    with pytest.raises(InboundActRefused):
        let_go(office, message["MaHoSo"], deed(office, InboundAct.DISCARD))


def test_an_unreadable_one_can_be_discarded(office: Office) -> None:
    inbound.receive(office.desk, Service.DOSSIER, b"{", now=office.clock())
    [kept] = office.rows("SELECT * FROM inbound")

    found = inbound_desk.act(office.desk, kept["id"], deed(office, InboundAct.DISCARD))

    assert found["state"] == "discarded"
    with pytest.raises(InboundActRefused):
        inbound_desk.act(office.desk, kept["id"], deed(office))


def test_only_administrators_of_its_agencies_see_it_and_none_its_content(office: Office) -> None:
    message = handed_in(office, strict=False, SoDienThoai="x")
    receive(office, message | {"LoaiDoiTuong": "1"})
    work(office)
    office.change("UPDATE inbound SET agency_id = (SELECT id FROM agency WHERE code = 'H44.10')")
    number = row_of(office, message["MaHoSo"])["id"]

    [listed] = inbound_desk.list_page(office.desk, Wanted(), actor=ADMINISTRATOR, after=0, limit=9)
    assert CITIZEN not in str(listed)
    assert "Mẫu" not in str(listed)
    elsewhere = staff(Role.ADMINISTRATOR, "H44.29")
    assert inbound_desk.list_page(office.desk, Wanted(), actor=elsewhere, after=0, limit=9) == []
    with pytest.raises(InboundNotFound):
        inbound_desk.read(office.desk, number, actor=elsewhere)
    with pytest.raises(InboundNotFound):
        inbound_desk.act(office.desk, number, replace(deed(office), actor=elsewhere))
    for nobody in (an_applicant(), staff(Role.RECEPTIONIST, JUSTICE)):
        with pytest.raises(InboundRoleRefused):
            inbound_desk.read(office.desk, number, actor=nobody)
    with pytest.raises(InboundRoleRefused):
        inbound_desk.message_of(office.desk, number, actor=ADMINISTRATOR)


@pytest.mark.parametrize(
    "who",
    [an_applicant(), staff(Role.RECEPTIONIST, JUSTICE), staff(Role.ADMINISTRATOR, "H44")],
    ids=lambda who: str(who.role),
)
def test_nobody_but_the_system_reads_what_came_in(office: Office, who: Actor) -> None:
    message = handed_in(office)
    receive(office, message)
    receive(office, message | {"Fax": "1"})
    office.mocks.fault("http_500", service="file", times=None)
    work(office)
    inbound_desk.act(office.desk, row_of(office, message["MaHoSo"])["id"], deed(office))
    with acting(office.desk.engine, who) as tx:
        for table in ("inbound", "inbound_copy", "inbound_file", "inbound_act"):
            assert tx.db.scalar(text(f"SELECT count(*) FROM {table}")) == 0


def test_our_own_code_is_not_taken_for_one_of_the_portal(office: Office) -> None:
    code = office.submit()
    message = handed_in(office, strict=False, MaHoSo=code)
    receive(office, message)
    work(office)

    assert ("/MaHoSo", "inbound.code_ours") in faults_of(office, code)
