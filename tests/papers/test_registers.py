"""The register (form 07) over HTTP: what an agency received in a period, as PDF and spreadsheet."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from io import BytesIO
from threading import Barrier, Event

import pytest

from app.domain.actor import Actor, Role
from app.domain.lifecycle import Act, Status
from app.domain.periods import Period
from app.services.register_lines import Wanted
from app.services.registers import Kind, Order, look
from tests.builders import (
    CITIZEN,
    DESK,
    DISTRICT,
    JUSTICE,
    MONDAY,
    OTHER_DISTRICT,
    PROVINCE,
    Api,
    Person,
    a_body,
    a_dossier,
    an_application,
    refused,
    succeeded,
)
from tests.papers.pdf_reading import page_sizes_mm, squeezed, text_of
from tests.papers.xlsx_reading import Seen, rows_of

MONTH = {"from": "2026-10-01", "to": "2026-10-31"}
HEADS = 4


@pytest.fixture(autouse=True)
def on_monday(api: Api) -> None:
    api.clock.at = MONDAY


def sheet(who: Person, agency: str = DISTRICT, **asked: str) -> list[dict[str, Seen]]:
    answer = who.get("/v1/register", agency=agency, format="xlsx", **{**MONTH, **asked})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].endswith("spreadsheetml.sheet")
    assert answer.headers["content-disposition"].endswith('.xlsx"')
    assert int(answer.headers["content-length"]) == len(answer.content)
    return rows_of(answer.content)


def taken_in(api: Api, name: str, agency: str = DISTRICT) -> str:
    applicant = {
        "kind": "citizen",
        "number": CITIZEN,
        "name": name,
        "phone": "+84900000001",
        "address": "Số 1, đường Mẫu",
    }
    body = an_application(DESK, agency=agency, applicant=applicant)
    return str(succeeded(api.receptionist(agency).post("/v1/dossiers/intake", body))["code"])


def multiplied(api: Api, code: str, count: int) -> None:
    """Write many dossiers like this one, each a minute after the other, as the owner."""
    columns = [
        row["column_name"]
        for row in api.rows(
            "SELECT column_name FROM information_schema.columns WHERE table_name = 'dossier'"
            " AND column_name NOT IN ('id', 'code', 'received_at')"
        )
    ]
    listed = ", ".join(columns)
    with api.owner.begin() as db:
        db.exec_driver_sql(
            f"INSERT INTO dossier (code, received_at, {listed})"
            f" SELECT replace(code, '261005-', '261006-') || n, received_at + n * interval '1 min',"
            f" {listed} FROM dossier, generate_series(1, {count}) AS n WHERE code = '{code}'"
        )


def test_the_register_lists_what_was_received_in_order(own_api: Api) -> None:
    online = a_dossier(own_api, Status.IN_PROCESS)
    own_api.approver().does(online, "resolution", a_body(own_api, Act.RESOLVE))
    own_api.clock.move(days=2)
    own_api.receptionist().does(online, "return", {"way": "post"})
    desk = taken_in(own_api, "Trần Văn Hai")
    own_api.clock.move(hours=1)
    refusal = a_dossier(own_api, Status.REFUSED)
    taken_in(own_api, "Của huyện khác", OTHER_DISTRICT)
    own_api.clock.move(days=60)
    taken_in(own_api, "Của kỳ sau")

    rows = sheet(own_api.receptionist())

    title, period, note, head, *entries = rows
    assert title["A"].text == "SỔ THEO DÕI HỒ SƠ - Ủy ban nhân dân Thành phố Việt Trì"
    assert period["A"].text == "Quyển số: 2026. Từ ngày 01/10/2026 đến ngày 31/10/2026"
    assert note["A"].text == "Bản xem lúc 10:00 06/12/2026, chưa phát hành"
    assert [cell.text for cell in head.values()][:3] == [
        "STT",
        "Mã hồ sơ",
        "Tên thủ tục hành chính",
    ]
    assert [entry["A"].text for entry in entries] == ["1", "2", "3"]
    assert [entry["B"].text for entry in entries] == [online, desk, refusal]
    first, second, third = entries
    assert first["I"].instant == MONDAY.replace(tzinfo=None)
    assert first["K"].instant == (MONDAY + timedelta(days=2)).replace(tzinfo=None)
    assert first["L"].text == "Bưu chính công ích"
    assert (first["N"].text, second["N"].text) == ("01/TNHS", "02/TNHS")
    assert third["N"].text == "Không được tiếp nhận"
    assert (second["E"].text, second["F"].text) == ("Trần Văn Hai", "Số 1, đường Mẫu")
    assert second["G"] == Seen("inlineStr", "+84900000001", is_quoted=True, is_instant=False)
    assert second["K"].text == ""


def test_in_print_it_is_the_same(own_api: Api) -> None:
    codes = [taken_in(own_api, f"Trần Thị {name}") for name in ("Một", "Hai")]

    answer = own_api.approver().get("/v1/register", agency=DISTRICT, **MONTH)

    assert answer.headers["content-type"] == "application/pdf"
    assert page_sizes_mm(answer.content) == {(297, 210)}
    said = text_of(answer.content)
    for words in (*codes, "SỔ THEO DÕI HỒ SƠ", "Trần Thị Một", "Trần Thị Hai", "02/TNHS"):
        assert squeezed(words) in said
    assert squeezed("Quyển số: 2026. Từ ngày 01/10/2026 đến ngày 31/10/2026") in said


def test_the_day_begins_and_ends_at_midnight_here(own_api: Api) -> None:
    found = {}
    for day in (5, 6, 7):
        for hour, minute in ((0, 0), (23, 59)):
            own_api.clock.at = datetime(2026, 10, day, hour, minute, tzinfo=MONDAY.tzinfo)
            found[day, hour] = taken_in(own_api, f"Ngày {day} giờ {hour}")

    rows = sheet(own_api.receptionist(), **{"from": "2026-10-06", "to": "2026-10-06"})

    assert [row["B"].text for row in rows[HEADS:]] == [found[6, 0], found[6, 23]]


@pytest.mark.parametrize("name", ["=HYPERLINK(1)", "+cmd|' /C calc'!A0", "-2+3", "@SUM(1)"])
def test_a_name_that_looks_like_a_formula_is_text(api: Api, name: str) -> None:
    code = taken_in(api, name)

    [row] = [row for row in sheet(api.receptionist()) if row.get("B") and row["B"].text == code]

    assert row["E"] == Seen("inlineStr", name, is_quoted=True, is_instant=False)


def test_thousands_of_rows_come_whole_and_in_order(own_api: Api) -> None:
    code = taken_in(own_api, "Trần Thị Mẫu")
    multiplied(own_api, code, 2_500)

    rows = sheet(own_api.receptionist())[HEADS:]

    assert len(rows) == 2_501
    assert [int(row["A"].text) for row in rows] == list(range(1, 2_502))
    instants = [row["I"].instant for row in rows]
    assert instants == sorted(instants)
    problem = refused(
        own_api.receptionist().get("/v1/register", agency=DISTRICT, **MONTH),
        422,
        "papers.register_too_long",
    )
    assert (problem["entries"], problem["most"]) == (2_501, 1_000)


def test_an_agency_above_sees_all_below_it_and_nobody_beside_it(own_api: Api) -> None:
    mine, other = taken_in(own_api, "Việt Trì"), taken_in(own_api, "Phù Ninh", OTHER_DISTRICT)

    whole = sheet(own_api.approver(PROVINCE), PROVINCE)
    part = sheet(own_api.approver(PROVINCE), OTHER_DISTRICT)

    assert [row["B"].text for row in whole[HEADS:]] == [mine, other]
    assert [row["B"].text for row in part[HEADS:]] == [other]
    strangers = [own_api.receptionist(), own_api.officer(JUSTICE), own_api.citizen()]
    strangers += [own_api.person(Role.ANALYST, PROVINCE), own_api.person(Role.PARTNER)]
    for stranger in strangers:
        for kind in ("pdf", "xlsx"):
            asked = {"agency": OTHER_DISTRICT, "format": kind, **MONTH}
            refused(stranger.get("/v1/register", **asked), 403, "register.refused")


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"from": "2026-10-31", "to": "2026-10-01"}, 422, "period.refused"),
        ({"from": "2025-10-01", "to": "2026-10-02"}, 422, "register.period_too_long"),
        ({"from": "0001-01-01", "to": "9999-12-31"}, 422, "register.period_too_long"),
        ({"from": "9999-12-31", "to": "9999-12-31"}, 404, "register.empty"),
        ({"from": "0001-01-01", "to": "0001-01-01"}, 404, "register.empty"),
        ({"from": "2019-01-01", "to": "2019-12-31"}, 404, "register.empty"),
        ({"from": ""}, 422, "request.invalid"),
        ({"to": "31/10/2026"}, 422, "request.invalid"),
        ({"agency": ""}, 422, "request.invalid"),
        ({"agency": "H44.29.99"}, 403, "register.refused"),
        ({"format": "csv"}, 422, "request.invalid"),
    ],
)
@pytest.mark.parametrize("kind", ["pdf", "xlsx"])
def test_what_cannot_be_a_register_is_refused(
    api: Api, changes: dict[str, str], status: int, code: str, kind: str
) -> None:
    asked = {"agency": DISTRICT, "format": kind, **MONTH, **changes}

    refused(api.receptionist().get("/v1/register", **asked), status, code)


def test_two_registers_are_written_at_once_and_a_third_is_asked_to_wait(own_api: Api) -> None:
    taken_in(own_api, "Trần Thị Mẫu")
    desk, person = own_api.app.state.doors.desk, Actor("d", Role.OFFICER, "Cán bộ", DISTRICT)
    wanted = Wanted(DISTRICT, Period(date(2026, 10, 1), date(2026, 10, 31)))
    order = Order(wanted, Kind.XLSX, person, MONDAY)
    begun, go_on = Barrier(3), Event()

    def watch(done: int, _total: int) -> None:
        if done == 0:
            begun.wait(20)
            assert go_on.wait(20)

    def write() -> int:
        return look(order, desk, BytesIO(), watch)

    with ThreadPoolExecutor(max_workers=2) as threads:
        writing = [threads.submit(write) for _ in range(2)]
        begun.wait(20)
        third = own_api.receptionist().get("/v1/register", agency=DISTRICT, **MONTH)
        go_on.set()
        assert [one.result() for one in writing] == [1, 1]

    refused(third, 503, "register.busy")
    assert third.headers["retry-after"]
    assert len(sheet(own_api.receptionist())) == HEADS + 1


def test_a_whole_leap_year_is_one_book(own_api: Api) -> None:
    own_api.clock.at = datetime(2028, 2, 29, 9, tzinfo=MONDAY.tzinfo)
    code = taken_in(own_api, "Năm nhuận")

    rows = sheet(own_api.receptionist(), **{"from": "2028-01-01", "to": "2028-12-31"})

    assert [row["B"].text for row in rows[HEADS:]] == [code]
