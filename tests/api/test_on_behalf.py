"""Handing in for somebody else: the giấy ủy quyền is read by the desk, both follow the dossier."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.builders import (
    CITIZEN,
    DESK,
    OTHER_CITIZEN,
    OTHER_DISTRICT,
    Api,
    Person,
    an_application,
    an_online_application,
    procedure,
    refused,
    succeeded,
)

ENTERPRISE, BRANCH = "2600000001", "2600000001-003"
PROMOTION = "2.000033"  # of enterprises only, online


def _for(applicant: dict[str, Any], by: Person, **changes: Any) -> dict[str, Any]:  # noqa: ANN401  (JSON)
    body = an_online_application(by)
    return body | {"applicant": body["applicant"] | applicant} | changes


def _handed_in(api: Api) -> tuple[str, str]:
    """Let one citizen hand in for another; return the dossier's code and the authorisation's id."""
    other = api.citizen(OTHER_CITIZEN)
    paper = other.upload(name="giay-uy-quyen.pdf")
    body = _for({"number": CITIZEN, "name": "Trần Thị Mẫu"}, other, authorisation=paper)
    return str(succeeded(other.post("/v1/dossiers", body))["code"]), paper


def test_the_desk_reads_who_handed_it_in_and_by_what_right(api: Api) -> None:
    code, paper = _handed_in(api)

    found = succeeded(api.receptionist().get(f"/v1/dossiers/{code}"))

    assert found["applicant"]["number"] == CITIZEN
    assert found["submitter_number"] == OTHER_CITIZEN
    assert (found["authorisation"]["id"], found["authorisation"]["name"]) == (
        paper,
        "giay-uy-quyen.pdf",
    )
    assert found["authorisation"]["signature"]["indication"] == "PENDING"
    assert paper not in [part["document"]["id"] for part in found["components"]]
    assert api.receptionist().get(f"/v1/documents/{paper}/content").is_success


def test_both_follow_it_and_strangers_do_not(api: Api) -> None:
    code, paper = _handed_in(api)
    path = f"/v1/dossiers/{code}"

    for person in (api.citizen(CITIZEN), api.citizen(OTHER_CITIZEN)):
        assert succeeded(person.get(path))["authorisation"]["id"] == paper
        assert code in [item["code"] for item in succeeded(person.get("/v1/dossiers"))["items"]]
        assert person.get(f"/v1/documents/{paper}/content").is_success
        assert person.get(f"{path}/events").is_success
    for stranger in (api.citizen("025099000041"), api.receptionist(OTHER_DISTRICT)):
        refused(stranger.get(path), 404, "dossier.not_found")
        refused(stranger.get(f"/v1/documents/{paper}/content"), 404, "document.not_found")


def test_the_one_represented_may_answer_and_withdraw_too(api: Api) -> None:
    code, _ = _handed_in(api)
    api.receptionist().does(
        code, "supplement-requests", {"components": ["GT01"], "reason": "Bản chụp bị mờ"}
    )

    owner = api.citizen(CITIZEN)
    paper = {"component": "GT01", "document": owner.upload()}
    assert owner.does(code, "supplements", {"components": [paper]})["status"] == "registered"
    assert owner.does(code, "withdrawal", {"reason": "Tự nộp"})["status"] == "withdrawn"


@pytest.mark.parametrize("kind", ["none", "unknown", "foreign", "spent"])
def test_without_a_paper_of_ones_own_nobody_acts_for_another(api: Api, kind: str) -> None:
    other = api.citizen(OTHER_CITIZEN)
    body = _for({"number": CITIZEN, "name": "Trần Thị Mẫu"}, other)
    papers: dict[str, Callable[[], str | None]] = {
        "none": lambda: None,
        "unknown": lambda: "6f2d3c1e-1f7c-4d0a-9a57-0f6f7c1f2b11",
        "foreign": lambda: api.citizen(CITIZEN).upload(),
        "spent": lambda: _handed_in(api)[1],
    }
    body["authorisation"] = papers[kind]()

    told = refused(other.post("/v1/dossiers", body), 422, "application.faulty")

    code = "applicant.authorisation_missing" if kind == "none" else "document.not_usable"
    assert [(f["pointer"], f["code"]) for f in told["errors"]] == [("/authorisation", code)]


def test_for_oneself_no_authorisation_is_needed_or_shown(api: Api) -> None:
    citizen = api.citizen()
    code = succeeded(citizen.post("/v1/dossiers", an_online_application(citizen)))["code"]

    found = succeeded(api.receptionist().get(f"/v1/dossiers/{code}"))

    assert found["authorisation"] is None
    assert found["submitter_number"] == found["applicant"]["number"]


def test_the_desk_may_keep_a_scan_of_the_authorisation(api: Api) -> None:
    desk = api.receptionist()
    scan = desk.upload(name="uy-quyen.pdf")
    made = desk.post("/v1/dossiers/intake", an_application(DESK, authorisation=scan))

    found = succeeded(desk.get(f"/v1/dossiers/{succeeded(made)['code']}"))

    assert found["authorisation"]["id"] == scan


def _of_an_enterprise(firm: Person, number: str) -> dict[str, Any]:
    version = procedure(PROMOTION)
    return {
        "procedure": PROMOTION,
        "agency": "H44.01",
        "applicant": {"kind": "enterprise", "number": number, "name": "Công ty Mẫu"},
        "form": version["form"]["examples"][0],
        "components": [
            {"component": part["code"], "document": firm.upload()}
            for part in version["components"]
            if part["required"]
        ],
    }


@pytest.mark.parametrize(("number", "check"), [(ENTERPRISE, "0001"), (BRANCH, "1003")])
def test_an_enterprise_hands_in_with_its_own_account(api: Api, number: str, check: str) -> None:
    firm = api.citizen(number)

    code = succeeded(firm.post("/v1/dossiers", _of_an_enterprise(firm, number)))["code"]

    row = api.dossier(code)
    assert (row["applicant_number"], row["submitter_number"]) == (number, number)
    assert succeeded(firm.get(f"/v1/dossiers/{code}"))["applicant"]["kind"] == "enterprise"
    refused(api.citizen(CITIZEN).get(f"/v1/dossiers/{code}"), 404, "dossier.not_found")
    assert api.http.get(f"/v1/tracking/{code}", params={"check": check}).is_success


def test_an_employee_hands_in_for_the_firm_and_the_firm_sees_it(api: Api) -> None:
    employee, firm = api.citizen(OTHER_CITIZEN), api.citizen(ENTERPRISE)
    body = _of_an_enterprise(employee, ENTERPRISE)
    told = refused(employee.post("/v1/dossiers", body), 422, "application.faulty")
    assert [fault["pointer"] for fault in told["errors"]] == ["/authorisation"]

    body["authorisation"] = employee.upload()
    code = succeeded(employee.post("/v1/dossiers", body))["code"]

    assert succeeded(firm.get(f"/v1/dossiers/{code}"))["submitter_number"] == OTHER_CITIZEN
