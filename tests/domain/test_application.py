"""Applications: whatever is wrong with one is told, all of it, each fault where it is."""

from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

import pytest

from app.domain.actor import Role
from app.domain.agency import Agency, Level
from app.domain.application import (
    Applicant,
    Application,
    ApplicationFaulty,
    Fault,
    HandedIn,
    fee_lines,
    find_faults,
)
from app.domain.eform import EForm
from app.domain.intake import Channel, ReturnWay
from app.domain.procedure import (
    ApplicantKind,
    Component,
    Exemption,
    Fee,
    FeeKind,
    FeePhase,
    OnlineLevel,
    ProcedureVersion,
    ResultKind,
    SignatureNeed,
    Step,
)
from app.domain.time_limits import LimitUnit, TimeLimit

ONE, TWO, THREE = (UUID(int=n) for n in (1, 2, 3))
FORM = {"type": "object", "required": ["purpose"], "properties": {"purpose": {"type": "string"}}}
OFFICE = Agency("H44.10", "Sở Tư pháp", Level.PROVINCE, "H44", date(2016, 1, 1), None, None, None)
DISTRICT = replace(OFFICE, code="H44.29", name="UBND Thành phố Việt Trì", level=Level.DISTRICT)


def _component(code: str, *, required: bool = True, electronic: bool = True) -> Component:
    return Component(code, f"Giấy tờ {code}", required, None, 1, 0, electronic, SignatureNeed.NONE)


VERSION = ProcedureVersion(
    version=1,
    valid_from=date(2020, 1, 1),
    valid_to=None,
    online_level=OnlineLevel.FULL,
    agency_codes=("H44.10",),
    agency_level=None,
    applicants=(ApplicantKind.CITIZEN, ApplicantKind.ENTERPRISE),
    limit=TimeLimit(3, LimitUnit.WORKING_DAYS),
    supplement_days=30,
    payment_days=10,
    components=(
        _component("GT01"),
        _component("GT02"),
        _component("GT03", required=False),
        _component("GT04", electronic=False),
    ),
    form=FORM,
    fees=(
        Fee(
            "PH01", "Phí", FeeKind.CHARGE, 200_000, FeePhase.RETURN, (Exemption("HN", "Hộ nghèo"),)
        ),
        Fee("LP01", "Lệ phí", FeeKind.FEE, 15_000, FeePhase.ACCEPTANCE, ()),
        Fee(
            "LP02",
            "Lệ phí khác",
            FeeKind.FEE,
            5_000,
            FeePhase.ACCEPTANCE,
            (Exemption("HN", "Hộ nghèo"), Exemption("TE", "Trẻ em")),
        ),
    ),
    steps=(Step("reception", "Tiếp nhận", Role.RECEPTIONIST, 100),),
    result=ResultKind("KQ", "Kết quả", paper_required=True, electronic=True),
    legal_basis=("Luật mẫu",),
)
APPLICATION = Application(
    procedure="2.000488",
    agency="H44.10",
    applicant=Applicant(ApplicantKind.CITIZEN, "025099000001", "Trần Thị Mẫu"),
    form={"purpose": "Xin việc"},
    components=(HandedIn("GT01", ONE), HandedIn("GT02", TWO)),
    exemptions=(),
    return_way=ReturnWay.ONLINE,
)


def _told(
    application: Application = APPLICATION,
    *,
    version: ProcedureVersion = VERSION,
    agency: Agency | None = OFFICE,
    channel: Channel = Channel.ONLINE,
) -> list[tuple[str, str]]:
    faults = find_faults(application, version, agency, channel, EForm(version.form))
    return [(fault.pointer, fault.code) for fault in faults]


def _changed(**changes: Any) -> Application:  # noqa: ANN401  (members of Application)
    return replace(APPLICATION, **changes)


def test_a_complete_application_has_no_fault() -> None:
    assert _told() == []


@pytest.mark.parametrize("level", OnlineLevel)
def test_only_levels_3_and_4_are_handed_in_online(level: OnlineLevel) -> None:
    told = _told(version=replace(VERSION, online_level=level))

    expected = [] if level >= OnlineLevel.PARTIAL else [("/procedure", "procedure.not_online")]
    assert told == expected


@pytest.mark.parametrize("channel", [Channel.DESK, Channel.POST])
def test_at_the_desk_and_by_post_every_level_is_taken_in(channel: Channel) -> None:
    on_paper = _changed(components=tuple(HandedIn(f"GT0{n}", None) for n in (1, 2, 4)))

    for level in OnlineLevel:
        version = replace(VERSION, online_level=level)
        assert _told(on_paper, version=version, channel=channel) == []


@pytest.mark.parametrize(
    ("agency", "code"), [(None, "agency.unknown"), (DISTRICT, "agency.not_competent")]
)
def test_only_a_competent_agency_takes_it(agency: Agency | None, code: str) -> None:
    assert _told(agency=agency) == [("/agency", code)]


def test_a_procedure_of_a_level_is_resolved_by_every_agency_of_the_level() -> None:
    of_districts = replace(VERSION, agency_codes=(), agency_level=Level.DISTRICT)

    assert _told(version=of_districts, agency=DISTRICT) == []
    assert _told(version=of_districts) == [("/agency", "agency.not_competent")]


def test_who_is_not_served_is_told_so() -> None:
    body = Applicant(ApplicantKind.STATE_BODY, "2600000001", "Sở Mẫu")

    assert _told(_changed(applicant=body)) == [("/applicant/kind", "applicant.kind_not_served")]


@pytest.mark.parametrize(
    ("kind", "number", "is_right"),
    [
        (ApplicantKind.CITIZEN, "025099000001", True),
        (ApplicantKind.CITIZEN, "2600000001", False),
        (ApplicantKind.CITIZEN, "02509900000١", False),
        (ApplicantKind.CITIZEN, "025099000001\n", False),
        (ApplicantKind.ENTERPRISE, "2600000001", True),
        (ApplicantKind.ENTERPRISE, "2600000001-001", True),
        (ApplicantKind.ENTERPRISE, "025099000001", False),
        (ApplicantKind.ENTERPRISE, "2600000001-01", False),
    ],
)
def test_a_number_is_that_of_its_kind(kind: ApplicantKind, number: str, *, is_right: bool) -> None:
    told = _told(_changed(applicant=Applicant(kind, number, "Mẫu")))

    assert told == ([] if is_right else [("/applicant/number", "applicant.number_invalid")])


def test_handing_in_for_somebody_else_needs_an_authorisation() -> None:
    assert _told(_changed(on_behalf=True)) == [
        ("/authorisation", "applicant.authorisation_missing")
    ]
    assert _told(_changed(on_behalf=True, authorisation=THREE)) == []


def test_faults_of_the_form_point_into_the_form() -> None:
    assert _told(_changed(form={})) == [("/form/purpose", "form.invalid")]


def test_an_unknown_paper_is_pointed_at_and_not_asked_for_a_file() -> None:
    papers = (*APPLICATION.components, HandedIn("GT09", None), HandedIn("GT09", THREE))

    assert _told(_changed(components=papers)) == [
        ("/components/2/component", "component.unknown"),
        ("/components/3/component", "component.unknown"),
    ]


def test_online_every_paper_comes_with_a_file() -> None:
    papers = (HandedIn("GT01", None), HandedIn("GT02", TWO))

    assert _told(_changed(components=papers)) == [
        ("/components/0/document", "component.file_missing")
    ]


def test_missing_papers_are_each_named_and_paper_only_ones_may_be_brought_later() -> None:
    nothing = _changed(components=())

    assert _told(nothing) == [("/components", "component.missing")] * 2
    assert _told(nothing, channel=Channel.DESK) == [("/components", "component.missing")] * 3


def test_an_exemption_that_no_fee_knows_is_refused_by_name() -> None:
    faults = find_faults(
        _changed(exemptions=("HN", "XX", "YY", "XX")), VERSION, OFFICE, Channel.ONLINE, EForm(FORM)
    )

    assert [fault.pointer for fault in faults] == ["/exemptions", "/exemptions"]
    assert "XX" in faults[0].detail
    assert "YY" in faults[1].detail


@pytest.mark.parametrize("way", ReturnWay)
def test_a_result_without_an_electronic_form_cannot_be_returned_online(way: ReturnWay) -> None:
    on_paper = replace(VERSION, result=replace(VERSION.result, electronic=False))

    told = _told(_changed(return_way=way), version=on_paper)

    refused = [("/return_way", "return_way.not_electronic")]
    assert told == (refused if way is ReturnWay.ONLINE else [])


def test_everything_wrong_is_told_at_once_in_the_order_of_the_members() -> None:
    worst = _changed(
        applicant=Applicant(ApplicantKind.ORGANISATION, "1", "Mẫu"),
        form={"purpose": 1},
        components=(HandedIn("GT09", None), HandedIn("GT01", None)),
        exemptions=("XX",),
        on_behalf=True,
    )
    version = replace(
        VERSION,
        online_level=OnlineLevel.FORMS,
        result=replace(VERSION.result, electronic=False),
    )

    assert _told(worst, version=version, agency=None) == [
        ("/procedure", "procedure.not_online"),
        ("/agency", "agency.unknown"),
        ("/applicant/kind", "applicant.kind_not_served"),
        ("/applicant/number", "applicant.number_invalid"),
        ("/authorisation", "applicant.authorisation_missing"),
        ("/form/purpose", "form.invalid"),
        ("/components/0/component", "component.unknown"),
        ("/components/1/document", "component.file_missing"),
        ("/components", "component.missing"),
        ("/exemptions", "fee.exemption_unknown"),
        ("/return_way", "return_way.not_electronic"),
    ]


def test_the_refusal_carries_every_fault_with_its_sentence() -> None:
    faults = [Fault("/a", "x.one", "Một."), Fault("/b", "x.two", "Hai.")]

    refusal = ApplicationFaulty(faults)

    assert refusal.facts["errors"] == [
        {"pointer": "/a", "code": "x.one", "detail": "Một."},
        {"pointer": "/b", "code": "x.two", "detail": "Hai."},
    ]
    assert "2" in refusal.detail


def test_documents_are_named_once_with_the_authorisation_last() -> None:
    papers = (HandedIn("GT01", TWO), HandedIn("GT02", ONE), HandedIn("GT03", TWO))
    handed_in = _changed(components=(*papers, HandedIn("GT04", None)), authorisation=THREE)

    assert handed_in.documents == [TWO, ONE, THREE]
    assert _changed(components=papers, authorisation=TWO).documents == [TWO, ONE]


@pytest.mark.parametrize(
    ("exemptions", "due"),
    [
        ((), ["LP01", "LP02", "PH01"]),
        (("TE",), ["LP01", "PH01"]),
        (("HN",), ["LP01"]),
        (("HN", "TE"), ["LP01"]),
    ],
)
def test_the_fees_due_are_those_without_an_exemption_acceptance_first(
    exemptions: tuple[str, ...], due: list[str]
) -> None:
    assert [line["code"] for line in fee_lines(VERSION, exemptions)] == due


def test_a_fee_line_says_what_it_is_for() -> None:
    assert fee_lines(VERSION, ("HN",)) == [
        {
            "code": "LP01",
            "name": "Lệ phí",
            "kind": "fee",
            "amount_vnd": 15_000,
            "phase": "acceptance",
        }
    ]
