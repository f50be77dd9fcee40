"""Handing in: whatever is wrong is told at once, each fault with its place; nothing half done."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from tests.builders import (
    AGENCY_OF,
    CITIZEN,
    DESK,
    DISTRICT,
    FORMS_ONLY,
    FULL,
    JUSTICE,
    OTHER_CITIZEN,
    OTHER_DISTRICT,
    PARTIAL,
    PROVINCE,
    Api,
    Json,
    an_application,
    an_online_application,
    refused,
    succeeded,
)

ENTERPRISE = "2600000001"
ID_CARD = "2.001177"  # một phần, its result on paper only


@pytest.fixture(autouse=True)
def _untouched(api: Api) -> Iterator[None]:
    """Numbers are given to dossiers only: what was refused leaves no gap."""
    yield
    counted = api.row("SELECT coalesce(sum(last_number), 0) AS n FROM intake_day")["n"]
    assert counted == api.row("SELECT count(*) AS n FROM dossier")["n"]


def _faults(api: Api, body: Json, *, path: str = "/v1/dossiers") -> list[tuple[str, str]]:
    person = api.citizen() if path == "/v1/dossiers" else api.receptionist()
    told = refused(person.post(path, body), 422, "application.faulty")
    assert str(len(told["errors"])) in told["detail"]
    assert all(fault["detail"].endswith(".") for fault in told["errors"])
    return [(fault["pointer"], fault["code"]) for fault in told["errors"]]


def test_everything_wrong_with_a_submission_is_told_at_once(api: Api) -> None:
    foreign = api.citizen(OTHER_CITIZEN).upload()
    worst = an_application(
        FORMS_ONLY,
        agency=JUSTICE,
        applicant={"kind": "organisation", "number": CITIZEN, "name": "Mẫu"},
        form={},
        components=[
            {"component": "GT01"},
            {"component": "GT77", "document": str(uuid4())},
            {"component": "GT02", "document": foreign},
        ],
        exemptions=["KHONG-CO"],
        return_way="online",
        authorisation=str(uuid4()),
    )

    told = _faults(api, worst)

    form = [fault for fault in told if fault[1] == "form.invalid"]
    assert len(form) >= 2
    assert all(pointer.startswith("/form/") for pointer, _ in form)
    assert [fault for fault in told if fault not in form] == [
        ("/procedure", "procedure.not_online"),
        ("/agency", "agency.not_competent"),
        ("/applicant/kind", "applicant.kind_not_served"),
        ("/applicant/number", "applicant.number_invalid"),
        ("/components/0/document", "component.file_missing"),
        ("/components/1/component", "component.unknown"),
        ("/components", "component.missing"),
        ("/exemptions", "fee.exemption_unknown"),
        ("/return_way", "return_way.not_electronic"),
        ("/components/1/document", "document.not_usable"),
        ("/components/2/document", "document.not_usable"),
        ("/authorisation", "document.not_usable"),
    ]


def test_all_faults_of_the_shape_are_told_at_once_too(api: Api) -> None:
    body = an_application() | {
        "applicant": {"kind": "martian", "number": "abc", "name": " ", "phone": "x", "email": "y"},
        "return_way": "pigeon",
        "components": [{"component": "a b", "document": "no"}, {}],
        "surprise": 1,
    }

    told = refused(api.citizen().post("/v1/dossiers", body), 422, "request.invalid")

    assert {fault["pointer"] for fault in told["errors"]} == {
        "/applicant/kind",
        "/applicant/number",
        "/applicant/name",
        "/applicant/phone",
        "/applicant/email",
        "/return_way",
        "/components/0/component",
        "/components/0/document",
        "/components/1/component",
        "/surprise",
    }
    assert all(fault["detail"] and fault["code"] for fault in told["errors"])


def test_an_unknown_procedure_is_a_fault_of_its_own(api: Api) -> None:
    body = an_application() | {"procedure": "9.999999"}

    assert _faults(api, body) == [("/procedure", "procedure.unknown")]


def test_a_procedure_that_is_not_in_force_on_the_day_is_unknown(api: Api) -> None:
    now = api.clock.at
    api.clock.at = now.replace(year=2015)
    try:
        assert _faults(api, an_application()) == [("/procedure", "procedure.unknown")]
    finally:
        api.clock.at = now


def test_a_dossier_is_judged_by_the_version_in_force_on_its_day(api: Api) -> None:
    now = api.clock.at
    citizen = api.citizen()
    body = an_online_application(citizen, FULL)
    api.clock.at = now.replace(year=2019, month=10, day=7)
    try:
        old = succeeded(citizen.post("/v1/dossiers", body))["code"]
    finally:
        api.clock.at = now
    new = succeeded(citizen.post("/v1/dossiers", an_online_application(citizen, FULL)))["code"]

    versions = [
        citizen.get(f"/v1/dossiers/{code}").json()["procedure"]["version"] for code in (old, new)
    ]
    assert versions == [1, 2]
    assert old.startswith("H44.10-191007-")


def test_levels_1_and_2_are_not_handed_in_online(api: Api) -> None:
    told = _faults(api, an_application(FORMS_ONLY))

    assert ("/procedure", "procedure.not_online") in told


def test_at_the_desk_level_2_is_taken_in(api: Api) -> None:
    made = api.receptionist().post("/v1/dossiers/intake", an_application(FORMS_ONLY))

    assert succeeded(made)["status"] == "accepted"


@pytest.mark.parametrize(
    ("agency", "code"),
    [
        ("H44.99", "agency.unknown"),
        (JUSTICE, "agency.not_competent"),
        (PROVINCE, "agency.not_competent"),
    ],
)
def test_it_goes_to_an_agency_that_resolves_the_procedure(api: Api, agency: str, code: str) -> None:
    body = an_online_application(api.citizen()) | {"agency": agency}

    assert _faults(api, body) == [("/agency", code)]


def test_an_agency_that_is_no_more_takes_nothing_in(own_api: Api) -> None:
    api = own_api
    body = an_online_application(api.citizen())
    with api.owner.begin() as db:
        db.exec_driver_sql("UPDATE agency SET valid_to = '2026-10-04' WHERE code = 'H44.29'")
        db.exec_driver_sql("UPDATE revision SET value = value + 1 WHERE name = 'catalogue'")

    assert _faults(api, body) == [("/agency", "agency.unknown")]


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"marital_status": 1}, "/form/marital_status"),
        ({"extra/~": 1}, "/form/extra~1~0"),
        ({"purpose": None}, "/form/purpose"),
    ],
)
def test_faults_of_the_e_form_point_into_it(
    api: Api, changes: dict[str, Any], pointer: str
) -> None:
    body = an_online_application(api.citizen())
    body["form"] = body["form"] | changes

    assert set(_faults(api, body)) == {(pointer, "form.invalid")}


def test_a_document_serves_one_dossier_only(api: Api) -> None:
    body = an_online_application(api.citizen())
    code = succeeded(api.citizen().post("/v1/dossiers", body))["code"]

    assert _faults(api, body) == [("/components/0/document", "document.not_usable")]
    assert api.traces(code)["documents"] == 1


def test_one_document_may_be_two_papers_of_a_dossier(api: Api) -> None:
    citizen = api.citizen()
    body = an_online_application(citizen, FULL)
    body["components"][1]["document"] = body["components"][0]["document"]

    code = succeeded(citizen.post("/v1/dossiers", body))["code"]

    papers = citizen.get(f"/v1/dossiers/{code}").json()["components"]
    assert [paper["component"] for paper in papers] == ["GT01", "GT02"]
    assert len({paper["document"]["id"] for paper in papers}) == 1


@pytest.mark.parametrize("owner", ["other citizen", "receptionist", "nobody"])
def test_a_document_of_somebody_else_is_not_there(api: Api, owner: str) -> None:
    document = {
        "other citizen": lambda: api.citizen(OTHER_CITIZEN).upload(),
        "receptionist": lambda: api.receptionist().upload(),
        "nobody": lambda: str(uuid4()),
    }[owner]()
    body = an_application(components=[{"component": "GT01", "document": document}])

    assert _faults(api, body) == [("/components/0/document", "document.not_usable")]


def test_a_result_is_not_handed_in_as_a_paper(api: Api) -> None:
    result = api.receptionist().upload(kind="result")
    body = an_application(components=[{"component": "GT01", "document": result}])

    told = _faults(api, body, path="/v1/dossiers/intake")

    assert told == [("/components/0/document", "document.not_usable")]


def test_for_somebody_else_an_authorisation_is_needed_and_kept(api: Api) -> None:
    citizen = api.citizen()
    other = {"kind": "citizen", "number": OTHER_CITIZEN, "name": "Lê Văn Mẫu"}
    body = an_online_application(citizen, applicant=other)

    assert _faults(api, body) == [("/authorisation", "applicant.authorisation_missing")]

    code = succeeded(citizen.post("/v1/dossiers", body | {"authorisation": citizen.upload()}))[
        "code"
    ]
    assert api.traces(code)["documents"] == 2
    for person in (citizen, api.citizen(OTHER_CITIZEN)):
        seen = succeeded(person.get(f"/v1/dossiers/{code}"))
        assert (seen["applicant"]["number"], seen["submitter"]) == (OTHER_CITIZEN, "Trần Thị Mẫu")


def test_an_enterprise_hands_in_under_its_tax_code(api: Api) -> None:
    firm = api.citizen(ENTERPRISE)
    body = an_online_application(firm)
    body["applicant"]["kind"] = "enterprise"

    told = refused(firm.post("/v1/dossiers", body), 422, "application.faulty")

    assert [fault["code"] for fault in told["errors"]] == ["applicant.kind_not_served"]


def test_fees_are_those_of_the_version_less_exemptions(api: Api) -> None:
    citizen = api.citizen()

    whole = succeeded(citizen.post("/v1/dossiers", an_online_application(citizen)))["code"]
    body = an_online_application(citizen, exemptions=["HN"])
    exempt = succeeded(citizen.post("/v1/dossiers", body))["code"]

    [fee] = citizen.get(f"/v1/dossiers/{whole}").json()["fees"]
    assert (fee["code"], fee["amount_vnd"], fee["phase"]) == ("LP01", 15_000, "acceptance")
    assert citizen.get(f"/v1/dossiers/{exempt}").json()["fees"] == []


def test_an_unknown_exemption_is_a_fault(api: Api) -> None:
    body = an_online_application(api.citizen(), exemptions=["HN", "XX"])

    assert _faults(api, body) == [("/exemptions", "fee.exemption_unknown")]


@pytest.mark.parametrize(("way", "is_taken"), [("online", False), ("desk", True), ("post", True)])
def test_a_result_on_paper_is_not_returned_online(api: Api, way: str, *, is_taken: bool) -> None:
    AGENCY_OF[ID_CARD] = "H44.16"
    body = an_online_application(api.citizen(), ID_CARD, return_way=way)

    if is_taken:
        succeeded(api.citizen().post("/v1/dossiers", body))
    else:
        assert _faults(api, body) == [("/return_way", "return_way.not_electronic")]


@pytest.mark.parametrize(
    ("agency", "is_served"),
    [
        (DISTRICT, True),
        (PROVINCE, True),
        (OTHER_DISTRICT, False),
        (JUSTICE, False),
        ("H44.2", False),
    ],
)
def test_a_desk_takes_in_for_its_agency_and_those_below(
    api: Api, agency: str, *, is_served: bool
) -> None:
    if agency == "H44.2":
        agency = "H44.29.01"  # below the district, not above it
    answer = api.receptionist(agency).post("/v1/dossiers/intake", an_application(DESK))

    if is_served:
        succeeded(answer)
        return
    told = refused(answer, 422, "application.faulty")
    assert [(f["pointer"], f["code"]) for f in told["errors"]] == [("/agency", "agency.not_yours")]


@pytest.mark.parametrize("channel", ["online", "fax", 1, None])
def test_the_desk_takes_in_from_the_desk_and_the_post_only(api: Api, channel: Json) -> None:
    answer = api.receptionist().post("/v1/dossiers/intake", an_application(channel=channel))

    assert [f["pointer"] for f in refused(answer, 422, "request.invalid")["errors"]] == ["/channel"]


def test_at_the_desk_papers_may_be_scans_or_paper(api: Api) -> None:
    desk = api.receptionist()
    scan = desk.upload()
    body = an_application(
        DESK, components=[{"component": "GT01", "document": scan}, {"component": "GT02"}]
    )

    code = succeeded(desk.post("/v1/dossiers/intake", body))["code"]

    one, two = desk.get(f"/v1/dossiers/{code}").json()["components"]
    assert (one["document"]["id"], two["document"]) == (scan, None)


@pytest.mark.parametrize(("procedure", "agency"), [(FULL, JUSTICE), (PARTIAL, DISTRICT)])
def test_what_was_handed_in_is_what_is_read(api: Api, procedure: str, agency: str) -> None:
    citizen = api.citizen()
    applicant = {
        "kind": "citizen",
        "number": CITIZEN,
        "name": "Trần Thị Mẫu",
        "phone": "0900000001",
        "email": "mau@example.vn",
        "address": "Số 1 phố Mẫu",
    }
    body = an_online_application(citizen, procedure, applicant=applicant, return_way="online")

    code = succeeded(citizen.post("/v1/dossiers", body))["code"]

    seen = succeeded(citizen.get(f"/v1/dossiers/{code}"))
    assert code.startswith(f"{agency}-261005-")
    assert seen["applicant"] == applicant
    assert seen["form"] == body["form"]
    assert [part["document"]["id"] for part in seen["components"]] == [
        part["document"] for part in body["components"]
    ]
    assert (seen["agency"]["code"], seen["at_agency"]["code"]) == (agency, agency)
    assert (seen["channel"], seen["return_way"], seen["step"]) == ("online", "online", "reception")
    assert seen["received_at"] == "2026-10-05T02:00:00Z"
    assert seen["answer_due_at"] == "2026-10-06T02:00:00Z"
