"""Files of the store of digitised results, over real HTTP: asked for, fetched, told as reused."""

from typing import Any

import pytest

from app.domain.actor import Role
from app.domain.lifecycle import Act, RoleRefused
from app.domain.lookups import LookupRefused, Purpose
from app.services import bookkeeping, dossiers, lookups, recounting, store_papers
from app.services.transition import DossierNotFound, Request
from tests.builders import JUSTICE, OTHER_DISTRICT
from tests.services.errands import ask, by_clerk, log_of, look_up, questions, settle
from tests.services.office import Office, an_applicant, staff

PATH = "H44/2020/12.pdf"


@pytest.fixture
def office(errand_office: Office) -> Office:
    errand_office.mocks.switch(partner="lgsp", store_file="pdf")
    return errand_office


def _listed(office: Office) -> tuple[str, int]:
    code = office.submit()
    number = ask(office, code, Purpose.REUSE_RESULT)
    look_up(office)
    return code, number


def _take(office: Office, code: str, number: int, **given: str) -> dict[str, Any]:
    wanted = {"path": PATH, "component": "GT02", **given}
    return dict(store_papers.ask(office.desk, by_clerk(office, code), number, **wanted))


def _files(office: Office, code: str) -> list[dict[str, Any]]:
    return office.rows(
        """
        SELECT lookup.state, lookup.answer, lookup.outcome, lookup_file.document_id
        FROM lookup_file JOIN lookup ON lookup.id = lookup_id
        JOIN dossier ON dossier.id = dossier_id WHERE code = :code ORDER BY lookup.id
        """,
        code=code,
    )


def test_a_file_that_was_listed_becomes_a_paper_of_the_dossier(office: Office) -> None:
    code, number = _listed(office)

    assert _take(office, code, number)["state"] == "waiting"
    look_up(office)

    shown = dossiers.read(office.desk, code, actor=an_applicant())
    paper = shown["components"][-1]
    assert paper["component"] == "GT02"
    assert paper["document"]["source"] == "result_store"
    assert paper["document"]["media_type"] == "application/pdf"
    [taken] = [
        found for found in lookups.list_of(office.desk, code, actor=an_applicant()) if found["file"]
    ]
    assert taken["file"] == {
        "name": "giay-khai-sinh.pdf",
        "result": "KQ.G07.000122",
        "component": "GT02",
        "document": str(paper["document"]["id"]),
    }
    assert [entry["event"] for entry in log_of(office, code)][-1] == "asked"
    assert questions(office)[-1]["service"] == "store_file"


def test_the_portal_is_told_that_it_is_from_the_store(office: Office) -> None:
    code, number = _listed(office)
    _take(office, code, number)
    look_up(office)
    office.act(code, Act.ACCEPT)
    office.settle()

    rows = office.mocks.portal(code)["dossier"]["TaiLieuNop"]
    [taken] = [row for row in rows if row["DuocLayTuKhoDMQG"] == "1"]
    assert (taken["DuocTaiSuDung"], taken["MaKetQuaThayThe"]) == ("2", "KQ.G07.000122")
    assert {row["DuocTaiSuDung"] for row in rows if row is not taken} == {"0"}


def test_the_figures_know_it_at_once(office: Office) -> None:
    code, number = _listed(office)
    bookkeeping.fold(office.desk, now=office.clock())
    _take(office, code, number)
    office.clock.move(minutes=1)
    look_up(office)
    while bookkeeping.fold(office.desk, now=office.clock()):
        pass

    counted = office.one(
        "SELECT is_from_store FROM figure_fact JOIN dossier ON id = dossier_id"
        " WHERE dossier.code = :code AND until_on = '9999-12-31'",
        code=code,
    )
    assert counted["is_from_store"]
    assert recounting.verify(office.desk, now=office.clock()).differences == []


def test_the_same_file_for_the_same_component_is_taken_once(office: Office) -> None:
    code, number = _listed(office)
    first = _take(office, code, number)
    assert _take(office, code, number)["id"] == first["id"]
    look_up(office)
    assert _take(office, code, number)["id"] == first["id"]
    look_up(office)

    assert len(_files(office, code)) == 1
    assert ask(office, code, Purpose.REUSE_RESULT) not in {number, first["id"]}


@pytest.mark.parametrize(
    "given", [{"path": "H44/2020/13.pdf"}, {"path": "../../x"}, {"component": "GT99"}], ids=str
)
def test_nothing_else_can_be_asked_for(office: Office, given: dict[str, str]) -> None:
    code, number = _listed(office)

    with pytest.raises(LookupRefused):
        _take(office, code, number, **given)
    assert _files(office, code) == []


def test_only_who_has_the_dossier_in_hand_takes_a_file(office: Office) -> None:
    code, number = _listed(office)
    for actor, refusal in (
        (an_applicant(), RoleRefused),
        (staff(Role.RECEPTIONIST, OTHER_DISTRICT), DossierNotFound),
    ):
        request = Request(code, actor, office.clock())
        with pytest.raises(refusal):
            store_papers.ask(office.desk, request, number, path=PATH, component="GT02")


def test_after_the_answer_was_forgotten_it_must_be_asked_anew(office: Office) -> None:
    code, number = _listed(office)
    office.clock.move(days=2)

    with pytest.raises(LookupRefused):
        _take(office, code, number)


def test_a_dossier_with_a_result_takes_no_more_papers(office: Office) -> None:
    code, number = _listed(office)
    _take(office, code, number)
    for act in (Act.ACCEPT, Act.START, Act.RESOLVE):
        office.act(code, act)
    look_up(office)

    [found] = _files(office, code)
    assert (found["state"], found["document_id"]) == ("blocked", None)
    with pytest.raises(LookupRefused):
        _take(office, code, number)


@pytest.mark.parametrize("way", ["empty", "not_base64", "executable"])
def test_what_is_no_file_that_we_take_is_kept_out(office: Office, way: str) -> None:
    code, number = _listed(office)
    before = office.one("SELECT count(*) AS n FROM stored_file")
    office.mocks.switch(partner="lgsp", store_file=way)
    _take(office, code, number)
    office.change("UPDATE lookup SET attempts = 4 WHERE state = 'waiting'")
    settle(office, "lookup")

    [found] = _files(office, code)
    assert (found["state"], found["document_id"]) == ("blocked", None)
    assert found["answer"]
    assert office.one("SELECT count(*) AS n FROM stored_file") == before

    office.mocks.switch(partner="lgsp", store_file="pdf")
    _take(office, code, number)
    settle(office, "lookup")
    assert _files(office, code)[-1]["document_id"]


@pytest.mark.parametrize("kind", ["http_500", "reset_after", "wrong_json"])
def test_however_the_store_misbehaves_the_file_comes_once(office: Office, kind: str) -> None:
    code, number = _listed(office)
    office.mocks.fault(kind, partner="lgsp", service="store_file", times=2)
    _take(office, code, number)
    settle(office, "lookup")

    assert [found["state"] for found in _files(office, code)] == ["acknowledged"]
    papers = dossiers.read(office.desk, code, actor=staff(Role.RECEPTIONIST, JUSTICE))
    assert [part["component"] for part in papers["components"]] == ["GT01", "GT02", "GT02"]
