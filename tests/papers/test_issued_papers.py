"""Papers over HTTP: issued by the act, printed when asked for, the same for good."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from app.domain.actor import Role
from app.domain.lifecycle import Act, Status
from app.domain.papers import BOOKS, ISSUED_BY, Form
from app.papers.rendering import template_of
from app.services.sweeps import stop_unanswered
from tests.builders import (
    DESK,
    DISTRICT,
    JUSTICE,
    MONDAY,
    OTHER_CITIZEN,
    OTHER_DISTRICT,
    PARTIAL,
    PATH_OF,
    Api,
    Person,
    a_body,
    a_dossier,
    an_application,
    refused,
    succeeded,
)
from tests.papers.pdf_reading import squeezed, text_of

_WAYS: dict[Form, tuple[Status, Role, Act]] = {
    Form.SUPPLEMENT_REQUEST: (Status.REGISTERED, Role.RECEPTIONIST, Act.REQUEST_SUPPLEMENT),
    Form.REFUSAL: (Status.REGISTERED, Role.RECEPTIONIST, Act.REFUSE),
    Form.RECEIPT: (Status.REGISTERED, Role.RECEPTIONIST, Act.ACCEPT),
    Form.APOLOGY: (Status.IN_PROCESS, Role.APPROVER, Act.EXTEND),
    Form.STOP_NOTICE: (Status.IN_PROCESS, Role.APPROVER, Act.STOP),
}
"""How each form comes about by an act: from which status, by whom, by what."""


@pytest.fixture(autouse=True)
def on_monday(api: Api) -> None:
    api.clock.at = MONDAY


def papers_of(person: Person, code: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = succeeded(person.get(f"/v1/dossiers/{code}/papers"))["items"]
    return found


def printed(person: Person, paper: dict[str, Any]) -> bytes:
    answer = person.get(paper["href"])
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["etag"] == f'"{hashlib.sha256(answer.content).hexdigest()}"'
    assert int(answer.headers["content-length"]) == len(answer.content)
    return answer.content


def issued(api: Api, form: Form, **changes: Any) -> tuple[str, dict[str, Any]]:  # noqa: ANN401  (JSON)
    """Let an act issue a form; return the dossier and the paper, which is its last one."""
    status, role, act = _WAYS[form]
    code = a_dossier(api, status)
    api.person(role, DISTRICT).does(code, PATH_OF[act], a_body(api, act) | changes)
    return code, papers_of(api.receptionist(), code)[-1]


@pytest.mark.parametrize("form", _WAYS)
def test_an_act_issues_its_paper_and_the_applicant_prints_it(api: Api, form: Form) -> None:
    code, paper = issued(api, form)

    assert (paper["form"], paper["form_number"]) == (form, BOOKS[form].form_number)
    assert paper["seq"] == api.dossier(code)["version"]
    assert (paper["printed_at"], paper["sha256"], paper["template"]) == (None, None, None)
    said = text_of(printed(api.citizen(), paper)).casefold()
    for words in (BOOKS[form].title.removeprefix("Thông báo"), code, "Trần Thị Mẫu"):
        assert squeezed(words).casefold() in said
    assert squeezed("ỦY BAN NHÂN DÂN THÀNH PHỐ VIỆT TRÌ").casefold() in said
    assert squeezed("Việt Trì, ngày 05 tháng 10 năm 2026").casefold() in said
    assert squeezed(f"Số: {paper['number']}").casefold() in said
    now = papers_of(api.citizen(), code)[-1]
    assert now["sha256"] is not None
    assert now["template"] == template_of(form)


def test_every_act_that_issues_a_paper_is_tested_here() -> None:
    assert {act for _, _, act in _WAYS.values()} | {Act.TAKE_IN} == set(ISSUED_BY)


def test_what_is_taken_in_at_the_desk_has_its_receipt_at_once(api: Api) -> None:
    desk = api.receptionist()
    code = succeeded(desk.post("/v1/dossiers/intake", an_application(DESK)))["code"]

    [paper] = papers_of(desk, code)

    said = text_of(printed(desk, paper))
    assert squeezed("Bản chính") in said
    assert squeezed(f"số thứ tự: {int(paper['number'].split('/')[0])}") in said
    assert squeezed("Cán bộ receptionist") in said
    receipt = desk.get(f"/v1/dossiers/{code}/receipt")
    assert receipt.content == printed(desk, paper)
    assert f"giay-tiep-nhan-{code}.pdf" in receipt.headers["content-disposition"]


def test_a_dossier_that_nobody_accepted_has_no_receipt_and_no_paper(api: Api) -> None:
    code = a_dossier(api)

    assert papers_of(api.citizen(), code) == []
    refused(api.citizen().get(f"/v1/dossiers/{code}/receipt"), 404, "paper.not_there")
    refused(api.citizen().get(f"/v1/dossiers/{code}/papers/1"), 404, "paper.not_there")
    refused(api.citizen().get(f"/v1/dossiers/{code}/papers/{2**63}"), 422, "request.invalid")


def test_an_apology_for_what_is_late_issues_form_04_each_time(api: Api) -> None:
    code = a_dossier(api, Status.IN_PROCESS)
    approver = api.approver()
    for days in (60, 90):
        api.clock.at = MONDAY + timedelta(days=days)
        form = {"count": 2, "unit": "working_days", "reason": f"Quá tải, lần {days}"}
        succeeded(approver.post(f"/v1/dossiers/{code}/apology", form))

    first, second = [paper for paper in papers_of(approver, code) if paper["form"] == "apology"]

    assert first["seq"] == second["seq"] == api.dossier(code)["version"]
    said = text_of(printed(api.citizen(), second))
    assert squeezed("Quá tải, lần 90") in said
    assert squeezed("đến nay") in said
    assert squeezed("TM. ỦY BAN NHÂN DÂN") in said
    assert squeezed("lần 60") in text_of(printed(api.citizen(), first))


def test_the_stop_of_what_nobody_answered_issues_form_05_in_the_systems_name(own_api: Api) -> None:
    code = a_dossier(own_api, Status.SUPPLEMENT_REQUESTED)
    now = MONDAY + timedelta(days=60)

    assert stop_unanswered(own_api.app.state.doors.desk, now=now) == 1

    paper = papers_of(own_api.citizen(), code)[-1]
    assert (paper["form"], paper["issued_by"]) == ("stop-notice", "Hệ thống")
    said = text_of(printed(own_api.citizen(), paper))
    assert squeezed("Hệ thống lập tự động") in said
    assert squeezed("Đã hết thời hạn bổ sung") in said


def test_an_extension_names_the_old_and_the_new_appointment(api: Api) -> None:
    code, paper = issued(api, Form.APOLOGY, reason="Chờ xác minh")

    said = text_of(printed(api.citizen(), paper))

    event = api.row(
        "SELECT event.* FROM dossier_event event JOIN dossier ON dossier.id = dossier_id"
        " WHERE code = :code AND act = 'extend'",
        code=code,
    )
    assert squeezed("Chờ xác minh") in said
    for day in (event["details"]["due_before"][:10], f"{event['due_at']:%Y-%m-%d}"):
        year, month, number = day.split("-")
        assert squeezed(f"ngày {number} tháng {int(month)} năm {year}") in said


def test_names_and_catalogue_may_change_but_not_what_was_issued(own_api: Api) -> None:
    """The first paper was printed before the change, the second one is printed after it."""
    early, late = (issued(own_api, Form.RECEIPT) for _ in range(2))
    before = printed(own_api.citizen(), early[1])
    with own_api.owner.begin() as db:
        db.exec_driver_sql(f"UPDATE agency SET name = 'UBND Quận Khác' WHERE code = '{DISTRICT}'")
        db.exec_driver_sql(f"UPDATE procedure SET name = 'Tên khác' WHERE code = '{PARTIAL}'")
        db.exec_driver_sql("UPDATE dossier SET applicant_name = 'Tên Khác', contact = '{}'")
        db.exec_driver_sql("UPDATE revision SET value = value + 1 WHERE name = 'catalogue'")
    own_api.clock.move(days=40)

    assert printed(own_api.citizen(), early[1]) == before
    after = text_of(printed(own_api.citizen(), late[1]))
    for words in ("Khác", "khác;", "KHÁC"):
        assert words not in after
    assert squeezed("ỦY BAN NHÂN DÂN THÀNH PHỐ VIỆT TRÌ") in after
    assert squeezed("Việt Trì, ngày 05 tháng 10 năm 2026") in after
    assert squeezed("Trần Thị Mẫu") in after


def test_what_an_older_template_printed_is_handed_out_unchanged(api: Api) -> None:
    code, paper = issued(api, Form.RECEIPT)
    old = b"%PDF-1.4\n% printed by a template of last year\n%%EOF\n"
    sha256 = hashlib.sha256(old).hexdigest()
    with api.owner.begin() as db:
        db.exec_driver_sql(
            "INSERT INTO stored_file (sha256, size_bytes, media_type, stored_at)"
            f" VALUES ('{sha256}', {len(old)}, 'application/pdf', now())"
        )
        db.exec_driver_sql(
            "INSERT INTO file_chunk (sha256, n, content) VALUES (%s, 0, %s)", (sha256, old)
        )
        db.exec_driver_sql(
            f"UPDATE issued_paper SET sha256 = '{sha256}', template = 'receipt-000000000000',"
            f" printed_at = now() WHERE id = {paper['id']}"
        )

    assert printed(api.citizen(), paper) == old
    assert papers_of(api.citizen(), code)[-1]["template"] == "receipt-000000000000"


def test_two_who_print_at_once_get_the_same_paper(api: Api) -> None:
    code, paper = issued(api, Form.RECEIPT)
    people = [api.receptionist(), api.officer(), api.approver(), api.citizen()] * 2

    with ThreadPoolExecutor(max_workers=8) as threads:
        prints = set(threads.map(lambda person: printed(person, paper), people))

    assert len(prints) == 1
    [kept] = api.rows("SELECT sha256 FROM issued_paper WHERE id = :id", id=paper["id"])
    assert kept["sha256"] == hashlib.sha256(prints.pop()).hexdigest()
    assert len(papers_of(api.citizen(), code)) == 1


def test_numbers_of_a_book_are_given_once_and_none_is_left_out(own_api: Api) -> None:
    codes = [a_dossier(own_api) for _ in range(8)]

    with ThreadPoolExecutor(max_workers=8) as threads:
        list(threads.map(lambda code: own_api.receptionist().does(code, "acceptance"), codes))
    own_api.clock.at = MONDAY.replace(year=2027, month=1, day=4)
    later = a_dossier(own_api, Status.ACCEPTED)

    numbers = sorted(papers_of(own_api.citizen(), code)[0]["number"] for code in codes)
    assert numbers == [f"{number:02}/TNHS" for number in range(1, 9)]
    assert papers_of(own_api.citizen(), later)[0]["number"] == "01/TNHS"
    other = succeeded(
        own_api.receptionist(OTHER_DISTRICT).post(
            "/v1/dossiers/intake", an_application(DESK, agency=OTHER_DISTRICT)
        )
    )["code"]
    assert papers_of(own_api.citizen(), other)[0]["number"] == "01/TNHS"


def test_an_act_that_is_refused_issues_nothing_and_takes_no_number(api: Api) -> None:
    code, paper = issued(api, Form.RECEIPT)
    before = api.rows("SELECT * FROM paper_number ORDER BY agency_id, form, year")

    refused(api.receptionist().act(code, "acceptance"), 409, "dossier.step_refused")
    refused(api.receptionist().act(code, "refusal", {"reason": "x"}), 422, "request.invalid")

    assert papers_of(api.receptionist(), code) == [paper]
    assert api.rows("SELECT * FROM paper_number ORDER BY agency_id, form, year") == before


def test_an_act_sent_again_under_its_key_issues_one_paper(api: Api) -> None:
    code = a_dossier(api)
    for _ in range(3):
        succeeded(api.receptionist().post(f"/v1/dossiers/{code}/acceptance", key=code, version=1))

    assert len(papers_of(api.receptionist(), code)) == 1


def test_acts_of_a_release_that_knew_no_papers_get_theirs_when_asked(api: Api) -> None:
    code = a_dossier(api, Status.STOPPED)
    before = papers_of(api.citizen(), code)
    with api.owner.begin() as db:
        db.exec_driver_sql(
            "DELETE FROM issued_paper WHERE dossier_id ="
            f" (SELECT id FROM dossier WHERE code = '{code}')"
        )

    first = api.citizen().get(f"/v1/dossiers/{code}/receipt")
    after = papers_of(api.citizen(), code)

    assert [paper["form"] for paper in after] == ["receipt", "stop-notice"]
    assert [paper["seq"] for paper in after] == [paper["seq"] for paper in before]
    assert [paper["issued_at"] for paper in after] == [paper["issued_at"] for paper in before]
    assert first.content == printed(api.receptionist(), after[0])
    assert papers_of(api.officer(), code) == after


def test_who_does_not_see_the_dossier_does_not_see_its_papers(api: Api) -> None:
    code, paper = issued(api, Form.RECEIPT)
    strangers = [api.citizen(OTHER_CITIZEN), api.officer(OTHER_DISTRICT), api.receptionist(JUSTICE)]
    strangers += [api.person(Role.ANALYST, DISTRICT), api.person(Role.ADMINISTRATOR, "H44")]

    for stranger in strangers:
        for path in ("papers", f"papers/{paper['id']}", "receipt"):
            refused(stranger.get(f"/v1/dossiers/{code}/{path}"), 404, "dossier.not_found")

    other = a_dossier(api, Status.ACCEPTED, applicant=OTHER_CITIZEN)
    [foreign] = papers_of(api.citizen(OTHER_CITIZEN), other)
    path = f"/v1/dossiers/{code}/papers/{foreign['id']}"
    refused(api.citizen().get(path), 404, "paper.not_there")


def test_the_qr_code_leads_to_the_tracking_page(api: Api) -> None:
    _, paper = issued(api, Form.RECEIPT)
    [kept] = api.rows("SELECT facts FROM issued_paper WHERE id = :id", id=paper["id"])
    url = kept["facts"]["dossier"]["tracking_url"]
    assert squeezed(url) in text_of(printed(api.citizen(), paper))

    page = api.http.get(url.removeprefix(api.settings.web_url), headers={"Accept": "text/html"})

    assert page.status_code == 200
    assert "<form" in page.text


def test_papers_are_listed_page_by_page(api: Api) -> None:
    code = a_dossier(api, Status.STOPPED)
    whole = papers_of(api.citizen(), code)

    first = api.citizen().get(f"/v1/dossiers/{code}/papers", limit=1)
    link = first.headers["link"].removeprefix("<").split(">")[0]
    second = succeeded(api.citizen().get(link))

    assert [*first.json()["items"], *second["items"]] == whole
    assert second["next"] is None


@pytest.mark.parametrize(
    ("reason", "on_paper"),
    [
        ('#read("/etc/passwd") *đậm* $x$ = Đề mục', '#read("/etc/passwd") *đậm* $x$ = Đề mục'),
        ("\u202eđảo ngược\u202c và \u2067cô lập\u2069", "đảo ngược và cô lập"),
        ("xa" + "\u0323" * 300 + "b", "xạ\u0323\u0323b"),
        ("Lý do rất dài của việc này, " * 142 + "hết.", "việc này, hết."),
        ('=HYPERLINK("http://x")\n+1\n-1\n@x', '=HYPERLINK("http://x") +1 -1 @x'),
    ],
)
def test_hostile_reasons_are_printed_as_text(api: Api, reason: str, on_paper: str) -> None:
    _, paper = issued(api, Form.REFUSAL, reason=reason)

    said = text_of(printed(api.citizen(), paper))

    assert squeezed(on_paper) in said
    assert "root:" not in said
