"""Drafts of procedures: everything that is wrong is told at once, with its place."""

from datetime import date
from typing import Any

import pytest

from app.domain.agency import Agency, Level
from app.domain.procedure import Procedure
from app.domain.procedure_definition import parse_procedure
from app.domain.procedure_drafts import (
    GIVEN_LATER,
    DraftFaulty,
    RetirementRefused,
    check,
    check_retirement,
    check_succession,
    content_of,
    definition_of,
    last_day_before,
)
from tests.domain.procedure_samples import a_procedure_document, a_version_document, put

CODE, DAY = "1.001193", date(2027, 1, 1)


def agency(code: str, parent: str | None, valid_to: date | None = None) -> Agency:
    level = Level.PROVINCE if parent in {None, "H44"} else Level.DISTRICT
    return Agency(code, f"Cơ quan {code}", level, parent, date(2016, 1, 1), valid_to, None, None)


AGENCIES = {
    known.code: known
    for known in (
        agency("H44", None),
        agency("H44.10", "H44"),
        agency("H44.12", "H44", date(2026, 6, 30)),
    )
}


def content(**changes: object) -> dict[str, Any]:
    version = a_version_document(**changes)
    document = a_procedure_document()
    heading = {name: document[name] for name in ("name", "field", "sample")}
    return content_of(heading, version)


def known(**changes: object) -> Procedure:
    return parse_procedure(a_procedure_document(a_version_document(**changes)))


def faults(made: dict[str, Any], procedure: Procedure | None = None) -> dict[str, str]:
    with pytest.raises(DraftFaulty) as refused:
        check(CODE, made, known=procedure, agencies=AGENCIES, valid_from=DAY)
    errors = refused.value.facts["errors"]
    assert {one["code"] for one in errors} == {"definition.faulty"}
    return {one["pointer"]: one["detail"] for one in errors}


def test_a_sound_draft_is_the_version_that_it_becomes() -> None:
    version = check(CODE, content(), known=known(), agencies=AGENCIES, valid_from=DAY)

    assert (version.version, version.valid_from, version.valid_to) == (2, DAY, None)
    first = check(CODE, content(), known=None, agencies=AGENCIES, valid_from=DAY)
    assert first.version == 1
    assert definition_of(content(), 2, DAY) == a_version_document(
        version=2, valid_from="2027-01-01", valid_to=None
    )


@pytest.mark.parametrize(
    ("path", "value", "pointer"),
    [
        (("definition", "fees", 0, "amount_vnd"), -1, "/definition/fees/0/amount_vnd"),
        (("definition", "limit", "count"), 0, "/definition/limit/count"),
        (("definition", "steps", 1, "share_percent"), 61, "/definition/steps"),
        (("definition", "steps", 1, "role"), "king", "/definition/steps/1/role"),
        (("definition", "steps", 1, "agency"), "H44.99", "/definition/steps/1/agency"),
        (("definition", "steps", 1, "agency"), "H44.12", "/definition/steps/1/agency"),
        (("definition", "steps", 1, "decides"), ["resolve"], "/definition/steps/2"),
        (("definition", "agencies"), ["H44.99"], "/definition/agencies/0"),
        (("definition", "agencies"), ["H44.12"], "/definition/agencies/0"),
        (("definition", "agencies"), {"level": "commune"}, "/definition/agencies"),
        (("definition", "form"), {"type": "object"}, "/definition/form"),
        (("definition", "form", "properties", "purpose", "type"), "x", "/definition/form/"),
        (("definition", "version"), 7, "/definition/version"),
        (("definition", "valid_from"), "2027-01-01", "/definition/valid_from"),
        (("name",), "Đăng ký lại khai sinh", "/name"),
        (("field", "name"), "Chứng thực", "/field"),
        (("extra",), 1, "/extra"),
        (("definition",), [], "/definition"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(
    path: tuple[str | int, ...], value: object, pointer: str
) -> None:
    made = content()
    put(made, path, value)

    found = faults(made, known())

    assert any(place.startswith(pointer) for place in found), found


def test_all_faults_are_told_at_once() -> None:
    made = content(agencies=["H44.99"])
    put(made, ("definition", "steps", 1, "agency"), "H44.98")

    assert set(faults(made)) == {"/definition/agencies/0", "/definition/steps/1/agency"}


def test_a_limit_that_leaves_a_step_no_minute_is_impossible() -> None:
    shares = [97, 1, 1, 1]
    made = content(limit={"count": 1, "unit": "working_hours"})
    for place, share in enumerate(shares):
        put(made, ("definition", "steps", place, "share_percent"), share)

    assert set(faults(made)) == {"/definition/steps/1/share_percent"}  # 58.2 to 58.8 minutes


def test_a_limit_beyond_the_calendar_is_impossible() -> None:
    assert set(faults(content(limit={"count": 1000, "unit": "months"}))) == {"/definition/limit"}


def test_a_step_of_the_agency_above_wants_one_above_every_resolver() -> None:
    made = content(agencies=["H44", "H44.10"])
    put(made, ("definition", "steps", 1, "agency"), "parent")

    assert set(faults(made)) == {"/definition/steps/1/agency"}


def test_a_code_that_is_none_is_refused() -> None:
    with pytest.raises(DraftFaulty) as refused:
        check("khai sinh", content(), known=None, agencies=AGENCIES, valid_from=DAY)
    assert [one["pointer"] for one in refused.value.facts["errors"]] == ["/code"]


TODAY = date(2026, 11, 22)


@pytest.mark.parametrize(
    ("valid_from", "is_refused"),
    [
        (date(2026, 11, 21), True),
        (date(2026, 11, 22), False),
        (date(2026, 12, 1), True),
        (date(2026, 12, 2), False),
    ],
)
def test_a_version_begins_today_or_later_and_after_the_last_one(
    valid_from: date, *, is_refused: bool
) -> None:
    first = date(2026, 12, 1) if valid_from.month == 12 else date(2020, 1, 1)
    procedure = known(valid_from=first.isoformat(), valid_to=None)
    if not is_refused:
        check_succession(procedure, valid_from, TODAY)
        return
    with pytest.raises(DraftFaulty) as refused:
        check_succession(procedure, valid_from, TODAY)
    assert [one["pointer"] for one in refused.value.facts["errors"]] == ["/valid_from"]


def test_the_version_before_ends_the_day_before_unless_it_is_over() -> None:
    assert last_day_before(known(valid_to=None).versions[-1], DAY) == date(2026, 12, 31)
    assert last_day_before(known(valid_to="2027-06-30").versions[-1], DAY) == date(2026, 12, 31)
    assert last_day_before(known(valid_to="2020-12-31").versions[-1], DAY) is None


@pytest.mark.parametrize(
    ("valid_from", "valid_to", "last_day"),
    [
        ("2020-01-01", None, date(2026, 11, 21)),
        ("2027-01-01", None, date(2026, 12, 31)),
        ("2020-01-01", "2026-10-01", date(2026, 12, 31)),
    ],
)
def test_a_version_is_ended_on_a_day_to_come_on_which_it_would_hold(
    valid_from: str, valid_to: str | None, last_day: date
) -> None:
    with pytest.raises(RetirementRefused):
        check_retirement(known(valid_from=valid_from, valid_to=valid_to), last_day, TODAY)


def test_ending_a_version_names_the_last_one() -> None:
    procedure = known(valid_from="2020-01-01", valid_to=None)
    assert check_retirement(procedure, TODAY, TODAY) is procedure.versions[-1]


def test_what_publication_gives_is_no_part_of_a_draft() -> None:
    assert not set(GIVEN_LATER) & set(content()["definition"])
