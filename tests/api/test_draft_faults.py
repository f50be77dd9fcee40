"""What a draft still lacks: the same faults as at submission, and all of them at once."""

from typing import Any

import pytest

from tests.api.citizen_samples import a_draft
from tests.builders import (
    CITIZEN,
    FULL,
    OTHER_CITIZEN,
    PARTIAL,
    Api,
    Json,
    an_application,
    an_online_application,
    refused,
    succeeded,
)


def _faults(api: Api, content: Json) -> list[tuple[str, str]]:
    citizen = api.citizen()
    told = succeeded(citizen.get(f"/v1/drafts/{a_draft(citizen, content)}/faults"))
    assert told["is_complete"] is (not told["errors"])
    return [(fault["pointer"], fault["code"]) for fault in told["errors"]]


def test_an_empty_draft_lacks_the_beginning(api: Api) -> None:
    assert _faults(api, {}) == [
        ("/procedure", "missing"),
        ("/agency", "missing"),
        ("/applicant", "missing"),
    ]


def test_with_a_procedure_everything_that_it_wants_is_told(api: Api) -> None:
    found = _faults(api, {"procedure": FULL})

    assert found[:2] == [("/agency", "missing"), ("/applicant", "missing")]
    rest = {fault for fault in found[2:] if fault[1] != "form.invalid"}
    assert rest == {("/components", "component.missing")}
    assert any(code == "form.invalid" for _, code in found)


BREAKS: list[tuple[dict[str, Any], list[tuple[str, str]]]] = [
    ({"surprise": 1}, [("/surprise", "extra_forbidden")]),
    ({"agency": "H99"}, [("/agency", "agency.unknown")]),
    ({"agency": 7}, [("/agency", "string_type")]),
    ({"agency": "Sở"}, [("/agency", "string_pattern_mismatch")]),
    ({"return_way": "pigeon"}, [("/return_way", "enum")]),
    ({"form": []}, [("/form", "dict_type")]),
    (
        {"exemptions": ["a b", "KHONG-CO"]},
        [("/exemptions/0", "string_pattern_mismatch"), ("/exemptions", "fee.exemption_unknown")],
    ),
    ({"authorisation": "x"}, [("/authorisation", "uuid_parsing")]),
    ({"components": "x"}, [("/components", "list_type")]),
    ({"applicant": []}, [("/applicant", "model_attributes_type")]),
    ({"applicant": {"kind": "citizen", "name": "Mẫu"}}, [("/applicant/number", "missing")]),
    ({"applicant": {"number": CITIZEN, "name": "Mẫu"}}, [("/applicant/kind", "missing")]),
    ({"applicant": {"kind": "citizen", "number": CITIZEN}}, [("/applicant/name", "missing")]),
    (
        {"applicant": {"kind": "citizen", "number": OTHER_CITIZEN}},
        [("/applicant/name", "missing"), ("/authorisation", "applicant.authorisation_missing")],
    ),
    (
        {"applicant": {"kind": "martian", "number": "2600000001", "name": "Mẫu"}},
        [("/applicant/kind", "enum"), ("/authorisation", "applicant.authorisation_missing")],
    ),
]


@pytest.mark.parametrize(("broken", "told"), BREAKS, ids=lambda part: str(part)[:40])
def test_one_thing_wrong_is_one_thing_told(
    api: Api, broken: dict[str, Any], told: list[tuple[str, str]]
) -> None:
    body = an_online_application(api.citizen()) | broken

    assert _faults(api, body) == told


def test_a_paper_that_cannot_be_read_hides_no_other(api: Api) -> None:
    citizen = api.citizen()
    body = an_online_application(citizen, FULL)
    first, *others = body["components"]
    body["components"] = [
        {"component": "a b", "document": citizen.upload()},
        {"component": first["component"], "document": "no"},
        {"component": "GT99", "document": citizen.upload()},
        {},
        "x",
    ]

    found = _faults(api, body)

    assert found == [
        ("/components/0/component", "string_pattern_mismatch"),
        ("/components/1/document", "uuid_parsing"),
        ("/components/3/component", "missing"),
        ("/components/4", "model_attributes_type"),
        ("/components/2/component", "component.unknown"),
        *[("/components", "component.missing") for _ in others],
    ]


@pytest.mark.parametrize("code", [FULL, PARTIAL])
def test_a_readable_draft_has_the_faults_that_its_submission_would_have(
    api: Api, code: str
) -> None:
    citizen = api.citizen()
    body = an_application(code, agency="H44.12", exemptions=["X"], form={"a": 1})

    direct = refused(citizen.post("/v1/dossiers", body), 422, "application.faulty")

    told = succeeded(citizen.get(f"/v1/drafts/{a_draft(citizen, body)}/faults"))
    assert told["errors"] == direct["errors"]


def test_looking_for_faults_leaves_no_trace(api: Api) -> None:
    citizen = api.citizen()
    path = f"/v1/drafts/{a_draft(citizen, an_online_application(citizen))}"
    seen = citizen.get(path).json()

    for _ in range(3):
        assert succeeded(citizen.get(f"{path}/faults"))["is_complete"]

    assert citizen.get(path).json() == seen
