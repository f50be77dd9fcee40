from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.agency import Agency, Level
from app.domain.procedure import (
    FeePhase,
    Field,
    OnlineLevel,
    Procedure,
    ProcedureVersion,
    fees_due,
    missing_components,
    total_vnd,
    unknown_components,
    unknown_exemptions,
)
from tests.domain.procedure_samples import a_version

VERSION = a_version()
CODES = [component.code for component in VERSION.components]
HANDED_IN = st.lists(st.sampled_from([*CODES, "GT99", "KHAC"]))
EXEMPTIONS = st.sets(st.sampled_from(["HN", "KT", "XYZ"]))
PHASES = st.sampled_from(FeePhase)


def _agency(code: str, level: Level) -> Agency:
    return Agency(code, "Cơ quan mẫu", level, "H44", date(2016, 1, 1), None, None, None)


def _procedure(*versions: ProcedureVersion) -> Procedure:
    return Procedure(
        code="1.001193",
        name="Đăng ký khai sinh",
        field=Field("G15-TP01", "Hộ tịch"),
        sample=True,
        versions=versions,
    )


@pytest.mark.parametrize(
    ("level", "accepts", "pays"),
    [(1, False, False), (2, False, False), (3, True, False), (4, True, True)],
)
def test_files_go_online_from_level_3_and_payments_at_level_4(
    level: int, *, accepts: bool, pays: bool
) -> None:
    online_level = OnlineLevel(level)

    assert (online_level.accepts_online, online_level.pays_online) == (accepts, pays)


def test_a_procedure_of_named_agencies_is_resolved_by_them_alone() -> None:
    version = a_version(agencies=["H44.10", "H44.17"])

    assert version.is_resolved_by(_agency("H44.10", Level.PROVINCE))
    assert version.is_resolved_by(_agency("H44.17", Level.PROVINCE))
    assert not version.is_resolved_by(_agency("H44.11", Level.PROVINCE))


def test_a_procedure_of_a_level_is_resolved_by_every_agency_of_that_level() -> None:
    version = a_version(agencies={"level": "district"})

    assert version.is_resolved_by(_agency("H44.19", Level.DISTRICT))
    assert version.is_resolved_by(_agency("H44.31", Level.DISTRICT))
    assert not version.is_resolved_by(_agency("H44.10", Level.PROVINCE))


def test_the_version_of_a_day_is_the_one_in_force_first_and_last_day_included() -> None:
    first = replace(VERSION, valid_from=date(2020, 1, 1), valid_to=date(2021, 12, 31))
    second = replace(VERSION, version=2, valid_from=date(2022, 1, 1), valid_to=None)
    procedure = _procedure(first, second)

    assert procedure.version_on(date(2019, 12, 31)) is None
    assert procedure.version_on(date(2020, 1, 1)) is first
    assert procedure.version_on(date(2021, 12, 31)) is first
    assert procedure.version_on(date(2022, 1, 1)) is second
    assert procedure.version_on(date(2099, 1, 1)) is second


def test_a_procedure_that_ended_has_no_version() -> None:
    procedure = _procedure(VERSION)

    assert procedure.version_on(date(2021, 1, 1)) is None


@given(HANDED_IN)
def test_what_is_missing_is_required_and_not_handed_in(handed_in: list[str]) -> None:
    missing = {component.code for component in missing_components(VERSION, handed_in)}

    assert missing == {"GT01", "GT03"} - set(handed_in)


def test_a_paper_wanted_in_a_certain_case_only_is_never_missing_by_rule() -> None:
    assert "GT02" not in [part.code for part in missing_components(VERSION, [])]


@given(HANDED_IN)
def test_what_is_unknown_is_named_once_in_the_order_handed_in(handed_in: list[str]) -> None:
    unknown = unknown_components(VERSION, handed_in)

    assert set(unknown) == set(handed_in) - set(CODES)
    assert sorted(unknown, key=handed_in.index) == unknown
    assert len(set(unknown)) == len(unknown)


@given(st.lists(st.sampled_from(["HN", "KT", "XYZ", "ABC"])))
def test_an_exemption_no_fee_has_is_unknown(claimed: list[str]) -> None:
    assert unknown_exemptions(VERSION, claimed) == [
        code for code in dict.fromkeys(claimed) if code in {"XYZ", "ABC"}
    ]


@pytest.mark.parametrize(
    ("exemptions", "phase", "amount_vnd"),
    [
        (set(), FeePhase.ACCEPTANCE, 170_000),
        ({"KT"}, FeePhase.ACCEPTANCE, 120_000),
        ({"HN"}, FeePhase.ACCEPTANCE, 0),
        ({"HN", "KT"}, FeePhase.ACCEPTANCE, 0),
        (set(), FeePhase.RETURN, 8_000),
        ({"HN"}, FeePhase.RETURN, 8_000),
    ],
)
def test_an_exemption_waives_the_fees_that_know_it(
    exemptions: set[str], phase: FeePhase, amount_vnd: int
) -> None:
    assert total_vnd(fees_due(VERSION, exemptions, phase)) == amount_vnd


@given(EXEMPTIONS, EXEMPTIONS, PHASES)
def test_another_exemption_never_makes_it_dearer(
    some: set[str], more: set[str], phase: FeePhase
) -> None:
    assert total_vnd(fees_due(VERSION, some | more, phase)) <= total_vnd(
        fees_due(VERSION, some, phase)
    )


def test_every_fee_falls_due_in_exactly_one_phase() -> None:
    due = [fee for phase in FeePhase for fee in fees_due(VERSION, set(), phase)]

    assert sorted(fee.code for fee in due) == ["LP01", "PH01", "PH02"]


def test_versions_are_values_that_can_be_compared_and_hashed() -> None:
    assert a_version() == VERSION
    assert hash(a_version()) == hash(VERSION)
    assert a_version(supplement_days=29) != VERSION
