"""Dossiers from the national portal, over real HTTP: entry, files, quarantine, statuses back."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from app.db.access import acting
from app.domain.actor import SYSTEM, Actor, Role
from app.domain.inbound import (
    InboundAct,
    InboundActRefused,
    InboundNotFound,
    InboundRoleRefused,
    MendRefused,
    Service,
)
from app.domain.lifecycle import Act
from app.services import dossiers, inbound, inbound_desk, inbound_work, tracking
from app.services.errands import claim
from app.services.inbound_desk import Wanted
from app.services.transition import DossierNotFound
from tests.builders import CITIZEN, JUSTICE
from tests.services.office import Office, an_applicant, staff
from tests.services.portal_inbox import (
    ADMINISTRATOR,
    come_in,
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
    "fault",
    [
        {"kind": "http_503"},
        {"kind": "quota"},
        {"kind": "reset_before"},
        {"kind": "html_page"},
        {"kind": "wrong_json"},
        {"kind": "hang", "seconds": 0.1},
    ],
    ids=lambda fault: str(fault["kind"]),
)
def test_a_file_that_cannot_be_fetched_now_is_fetched_later(
    office: Office, fault: dict[str, Any]
) -> None:
    message = handed_in(office)
    receive(office, message)
    office.mocks.fault(service="file", **fault)
    inbound_work.work_on(office.desk, _claimed(office), office.clock)

    stands = row_of(office, message["MaHoSo"])
    assert (stands["state"], stands["dossier_id"]) == ("waiting", None)
    assert "/TaiLieuNop/0" in stands["answer"]
    office.clock.move(hours=1)
    work(office)
    assert dossiers_of(office, message["MaHoSo"]) == 1


def _claimed(office: Office) -> Any:  # noqa: ANN401  (a row)
    [row] = claim(office.desk, inbound_work.FILES, office.clock(), 1)
    return row


def test_a_portal_that_never_gives_the_file_ends_in_quarantine(office: Office) -> None:
    message = handed_in(office)
    receive(office, message)
    office.mocks.fault("http_500", service="file", times=None)
    office.change("UPDATE inbound SET attempts = 43")
    work(office)

    assert faults_of(office, message["MaHoSo"]) == [("", "file.unavailable")]


@pytest.mark.parametrize(
    ("given", "faults"),
    [
        ({"fault": "wrong_hash"}, [("/TaiLieuNop/0", "file.wrong_hash")]),
        (
            {"files": {"1": "TVqQAAMAAAAEAAAA", "2": "TVqQAAMAAAAEAAAA"}},
            [("/TaiLieuNop/0", "file.type_refused"), ("/TaiLieuNop/1", "file.type_refused")],
        ),
    ],
    ids=["wrong hash", "an executable"],
)
def test_a_file_that_may_not_come_in_is_quarantined_with_its_place(
    office: Office, given: dict[str, Any], faults: list[tuple[str, str]]
) -> None:
    message = handed_in(office, **given)
    receive(office, message)
    office.change("UPDATE inbound SET attempts = 4")
    work(office)

    assert faults_of(office, message["MaHoSo"]) == faults


def test_a_file_that_is_too_large_is_not_kept(office: Office) -> None:
    message = handed_in(office)
    receive(office, message)
    office.desk = replace(office.desk, rules=replace(office.desk.rules, upload_limit_bytes=20))
    work(office)

    assert faults_of(office, message["MaHoSo"]) == [
        ("/TaiLieuNop/0", "file.too_large"),
        ("/TaiLieuNop/1", "file.too_large"),
    ]


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/x", "http://user@{host}/x"])
def test_no_link_leads_anywhere_but_to_the_portal(office: Office, url: str) -> None:
    host = office.mocks.url.removeprefix("http://")
    message = handed_in(office)
    message["TaiLieuNop"][0]["DuongDanTaiTepTin"] = url.format(host=host)
    receive(office, message)
    work(office)

    assert faults_of(office, message["MaHoSo"]) == [("/TaiLieuNop/0", "file.address_refused")]


def test_a_file_may_come_inside_the_message(office: Office) -> None:
    rows = [
        {
            "TepDinhKemId": "1",
            "TenTepDinhKem": "C:\\a\\to-khai.pdf",
            "IsDeleted": "False",
            "MaThanhPhanHoSo": "GT01",
            "Base64": "JVBERi0xLjcK\n",
        },
        {
            "TepDinhKemId": "2",
            "TenTepDinhKem": "the.pdf",
            "IsDeleted": "False",
            "MaThanhPhanHoSo": "GT02",
            "Base64": "JVBERi0xLjcK",
        },
        {"TepDinhKemId": "3", "TenTepDinhKem": "bỏ.pdf", "IsDeleted": "True"},
    ]
    message = handed_in(office, strict=False, TaiLieuNop=rows)
    message["TaiLieuNop"][2].pop("DuongDanTaiTepTin")
    receive(office, message)
    work(office)

    [found] = office.rows("SELECT * FROM portal_origin WHERE code = :code", code=message["MaHoSo"])
    names = office.rows(
        "SELECT name FROM document WHERE dossier_id = :id ORDER BY name", id=found["dossier_id"]
    )
    assert [row["name"] for row in names] == ["the.pdf", "to-khai.pdf"]


def test_what_was_fetched_is_not_fetched_again(office: Office) -> None:
    message = handed_in(office)
    second = message["TaiLieuNop"][1]
    link = second["DuongDanTaiTepTin"]
    second["DuongDanTaiTepTin"] = link.replace("/2", "/chua-co")
    receive(office, message)
    work(office)
    assert fetched(office, message["MaHoSo"])[0] == 1
    office.change("UPDATE inbound SET attempts = 4")
    office.clock.move(hours=1)
    work(office)
    assert faults_of(office, message["MaHoSo"]) == [("", "file.unreadable")]

    let_go(
        office,
        message["MaHoSo"],
        deed(office, InboundAct.MEND, changes={"/TaiLieuNop/1/DuongDanTaiTepTin": link}),
    )

    assert dossiers_of(office, message["MaHoSo"]) == 1
    assert fetched(office, message["MaHoSo"]) == [1, 1]


def test_a_worker_that_lost_its_claim_enters_nothing(office: Office) -> None:
    message = handed_in(office)
    receive(office, message)
    slow = _claimed(office)
    office.clock.move(minutes=5)
    assert work(office) == 1

    late = office.clock() - timedelta(minutes=5)
    inbound_work.work_on(office.desk, slow, lambda: late)

    assert dossiers_of(office, message["MaHoSo"]) == 1
    assert row_of(office, message["MaHoSo"])["state"] == "entered"


def test_two_workers_at_once_enter_it_once(office: Office) -> None:
    message = handed_in(office)
    receive(office, message)
    row = _claimed(office)
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


def test_our_own_code_is_not_taken_for_one_of_the_portal(office: Office) -> None:
    code = office.submit()
    message = handed_in(office, strict=False, MaHoSo=code)
    receive(office, message)
    work(office)

    assert ("/MaHoSo", "inbound.code_ours") in faults_of(office, code)
