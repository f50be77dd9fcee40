"""Files of dossiers from the portal: fetched from there alone, later if need be, and checked."""

from dataclasses import replace
from typing import Any

import pytest

from app.domain.inbound import (
    InboundAct,
)
from app.services import inbound_work
from tests.services.office import Office
from tests.services.portal_inbox import (
    claimed,
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
    inbound_work.work_on(office.desk, claimed(office), office.clock)

    stands = row_of(office, message["MaHoSo"])
    assert (stands["state"], stands["dossier_id"]) == ("waiting", None)
    assert "/TaiLieuNop/0" in stands["answer"]
    office.clock.move(hours=1)
    work(office)
    assert dossiers_of(office, message["MaHoSo"]) == 1


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
