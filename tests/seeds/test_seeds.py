import csv
import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from app import seeds
from app.domain.agency import Agency, Level, agency_code_is_valid
from app.domain.procedure import Procedure, ProcedureVersion

PUBLISHED = Path(__file__).parents[2] / "data" / "published"
AGENCIES = seeds.read_agencies()
REPORTED = [agency for agency in AGENCIES if agency.report_group is not None]
PROCEDURES = seeds.read_procedures()
VERSIONS = [(procedure, version) for procedure in PROCEDURES for version in procedure.versions]
TODAY = date(2026, 11, 22)

by_code = pytest.mark.parametrize("procedure", PROCEDURES, ids=lambda procedure: procedure.code)
by_version = pytest.mark.parametrize(
    ("procedure", "version"), VERSIONS, ids=lambda value: getattr(value, "code", None)
)
by_agency = pytest.mark.parametrize("agency", REPORTED, ids=lambda agency: agency.code)


def _offered(agency: Agency, day: date) -> list[ProcedureVersion]:
    versions = [procedure.version_on(day) for procedure in PROCEDURES]
    return [version for version in versions if version and version.is_resolved_by(agency)]


def _published_rows(name: str) -> list[dict[str, str]]:
    with (PUBLISHED / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_agencies_are_those_of_the_published_table_in_its_order() -> None:
    published = [
        (row["group"], row["row"], row["agency"])
        for row in _published_rows("intake-2021.csv")
        if row["period"] == "2021-01..2021-06" and row["row"] != "total"
    ]

    assert published == [(a.report_group, str(a.report_row), a.name) for a in REPORTED]
    assert len(published) == 31


def test_the_report_groups_are_the_totals_of_the_published_table() -> None:
    published = [
        (row["group"], row["agency"])
        for row in _published_rows("intake-2021.csv")
        if row["period"] == "2021-06" and row["row"] == "total"
    ]

    assert published == [(group.code, group.name) for group in seeds.read_report_groups()]


def test_the_province_stands_first_and_is_the_parent_of_all() -> None:
    province, *others = AGENCIES

    assert (province.code, province.name) == ("H44", "UBND tỉnh Phú Thọ")
    assert (province.level, province.parent) == (Level.PROVINCE, None)
    assert {agency.parent for agency in others} == {"H44"}


def test_agencies_have_rising_codes_a_level_and_a_start() -> None:
    assert [agency.code for agency in REPORTED] == [f"H44.{n:02d}" for n in range(1, 32)]
    assert all(agency_code_is_valid(agency.code) for agency in AGENCIES)
    assert {agency.valid_from for agency in AGENCIES} == {date(2016, 1, 1)}
    assert all(agency.level == agency.report_group for agency in REPORTED)


def test_there_are_many_kinds_of_procedures_each_with_a_code_of_its_own() -> None:
    assert len(PROCEDURES) >= 28
    assert len({procedure.code for procedure in PROCEDURES}) == len(PROCEDURES)
    assert len({procedure.name for procedure in PROCEDURES}) == len(PROCEDURES)
    assert all(procedure.sample for procedure in PROCEDURES)


@by_agency
@pytest.mark.parametrize("day", [date(2021, 1, 1), date(2021, 6, 30), TODAY])
def test_every_agency_takes_some_procedure_online(agency: Agency, day: date) -> None:
    assert any(version.online_level.accepts_online for version in _offered(agency, day))


@by_agency
def test_every_agency_takes_some_procedure_online_on_every_day_since_2016(agency: Agency) -> None:
    turns = {version.valid_from for _, version in VERSIONS}
    turns |= {v.valid_to + timedelta(days=1) for _, v in VERSIONS if v.valid_to is not None}

    for day in sorted(turns | {date(2016, 1, 1)}):
        assert any(version.online_level.accepts_online for version in _offered(agency, day)), day


@pytest.mark.parametrize("day", [date(2021, 1, 1), date(2021, 6, 30)])
def test_all_three_levels_are_found_in_2021_and_several_agencies_have_each(day: date) -> None:
    levels = [{int(v.online_level) for v in _offered(agency, day)} for agency in REPORTED]

    assert set.union(*levels) == {2, 3, 4}
    assert sum({2, 3, 4} <= own for own in levels) >= 5


@by_code
def test_versions_adjoin_and_the_last_one_is_open(procedure: Procedure) -> None:
    for earlier, later in pairwise(procedure.versions):
        assert earlier.valid_to is not None
        assert later.valid_from == earlier.valid_to + timedelta(days=1)
    assert [v.version for v in procedure.versions] == list(range(1, len(procedure.versions) + 1))
    assert procedure.versions[-1].valid_to is None


def test_some_procedures_rose_to_level_4_and_some_fees_changed() -> None:
    turns = [turn for procedure in PROCEDURES for turn in pairwise(procedure.versions)]

    assert sum(before.online_level < 4 == after.online_level for before, after in turns) >= 3
    assert any(
        [fee.amount_vnd for fee in before.fees] != [fee.amount_vnd for fee in after.fees]
        for before, after in turns
    )


@by_version
def test_every_procedure_is_resolved_by_agencies_of_the_province(
    procedure: Procedure, version: ProcedureVersion
) -> None:
    assert set(version.agency_codes) <= {agency.code for agency in REPORTED}
    assert any(version.is_resolved_by(agency) for agency in REPORTED), procedure.name


@by_version
def test_a_process_ends_with_approval_and_return(
    procedure: Procedure, version: ProcedureVersion
) -> None:
    assert [step.code for step in version.steps[-2:]] == ["approval", "return"], procedure.name
    assert 4 <= len(version.steps) <= 5


@by_version
def test_a_legal_ground_is_not_younger_than_the_version_it_carries(
    procedure: Procedure, version: ProcedureVersion
) -> None:
    for ground in version.legal_basis:
        year = re.search(r"/((?:19|20)\d\d)(?:/|$)|năm ((?:19|20)\d\d)$", ground)
        assert year is not None, (procedure.name, ground)
        assert int(year[1] or year[2]) <= version.valid_from.year, (procedure.name, ground)


def test_a_result_code_means_one_result() -> None:
    names = {(version.result.code, version.result.name) for _, version in VERSIONS}

    assert Counter(code for code, _ in names).most_common(1)[0][1] == 1


def test_a_field_code_means_one_field() -> None:
    names = {(procedure.field.code, procedure.field.name) for procedure in PROCEDURES}

    assert Counter(code for code, _ in names).most_common(1)[0][1] == 1


def _schemas(schema: dict[str, Any], pointer: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    yield pointer, schema
    for name, inner in schema.get("properties", {}).items():
        yield from _schemas(inner, f"{pointer}/{name}")
    if "items" in schema:
        yield from _schemas(schema["items"], f"{pointer}/items")


@by_version
def test_an_e_form_is_a_valid_schema_with_a_title_and_a_bound_at_every_place(
    procedure: Procedure, version: ProcedureVersion
) -> None:
    form = dict(version.form)
    jsonschema_rs.meta.validate(form)

    assert form["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert 4 <= len(form["properties"]) <= 10 or procedure.code == "2.000815"
    for pointer, schema in _schemas(form):
        assert schema["title"].strip(), pointer
        bounds = {
            "object": {"additionalProperties", "required"},
            "array": {"maxItems"},
            "integer": {"minimum", "maximum"},
            "boolean": set(),
            "string": {"enum"} if "enum" in schema else {"maxLength"},
        }[schema["type"]]
        assert bounds <= set(schema), pointer


@by_version
def test_an_e_form_takes_its_example_and_misses_each_required_field_of_it(
    procedure: Procedure, version: ProcedureVersion
) -> None:
    form = jsonschema_rs.Draft202012Validator(dict(version.form), validate_formats=True)
    (example,) = version.form["examples"]

    form.validate(example)
    assert set(example) == set(version.form["properties"]), procedure.name
    assert not form.is_valid(example | {"khác": 1})
    for key in version.form["required"]:
        assert not form.is_valid({name: example[name] for name in example if name != key})


@by_version
def test_an_e_form_does_not_ask_again_for_what_is_known_of_the_applicant(
    procedure: Procedure, version: ProcedureVersion
) -> None:
    known = {"full_name", "applicant_name", "identity_number", "phone", "email", "address"}

    assert not (known | {"tax_code", "born_on"}) & set(version.form["properties"]) or (
        procedure.code == "1.001193"  # there it is the child's day of birth
    )


def test_text_of_a_seed_file_is_read_with_its_diacritics() -> None:
    assert seeds.read_text("report_groups.csv").splitlines()[1] == (
        "province,Trung tâm phục vụ hành chính công,1"
    )


def test_the_published_table_has_its_shape_and_adds_up() -> None:
    rows = _published_rows("intake-2021.csv")
    assert list(rows[0]) == [
        *("period", "group", "row", "agency"),
        *("total", "at_desk", "online", "online_rate_percent"),
    ]
    assert Counter(row["period"] for row in rows) == {"2021-01..2021-06": 33, "2021-06": 33}
    for row in rows:
        total, at_desk, online = (int(row[key]) for key in ("total", "at_desk", "online"))
        rate = Decimal(100 * online) / total
        assert at_desk + online == total
        assert row["online_rate_percent"] == str(rate.quantize(Decimal("0.01"), ROUND_HALF_UP))
    for total_row in (row for row in rows if row["row"] == "total"):
        block = (total_row["period"], total_row["group"])
        parts = [r for r in rows if (r["period"], r["group"]) == block and r["row"] != "total"]
        assert sum(int(row["total"]) for row in parts) == int(total_row["total"])
        assert sum(int(row["online"]) for row in parts) == int(total_row["online"])


@pytest.mark.parametrize(
    ("name", "sha256"),
    [
        ("intake-2021.csv", "9eeee5a85b0f5320bcfdee15fe5c3734ce9e0ade1fe37b2e2fb020aa8ea52427"),
        ("targets.csv", "0778e0edc932ee1ace2d233e13d99efbd76db9903648f211d08382746b2461a4"),
    ],
)
def test_the_published_tables_are_kept_byte_for_byte(name: str, sha256: str) -> None:
    assert hashlib.sha256((PUBLISHED / name).read_bytes()).hexdigest() == sha256
