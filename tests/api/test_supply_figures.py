"""The supply of services for a catalogue as large as a published one, and its published shares."""

import json

import pytest

from app.seeds import read_procedure_documents
from tests.builders import DISTRICT, JUSTICE, PROVINCE, Api, Json, succeeded

CENTRE = {"1": 0, "2": 191, "3": 754, "4": 486}
"""Procedures at one provincial centre in July 2021 (Decision 2348/QĐ-UBND): 1,431 in all."""

ONE_DISTRICT = {"1": 0, "2": 125, "3": 111, "4": 53}
"""The same in one district's system."""

_INSERTED = """
    WITH made AS (
        INSERT INTO procedure (code, name, field_code, field_name, is_sample)
        SELECT '2.' || lpad(n::text, 6, '0'), 'Thủ tục mẫu', 'G09-NV01', 'Lĩnh vực', true
        FROM generate_series(%(first)s::int, %(last)s::int) AS n
        RETURNING id
    )
    INSERT INTO procedure_version (procedure_id, version, valid_from, online_level, definition)
    SELECT id, 1, '2016-01-01', CAST(%(level)s::text AS int), CAST(%(definition)s AS jsonb)
    FROM made
"""


def _definition(agency: str, level: int) -> str:
    """Return the smallest version of the seeds, resolved by one agency since long ago."""
    versions = [known for one in read_procedure_documents() for known in one["versions"]]
    smallest = min(versions, key=lambda version: len(json.dumps(version)))
    more = {"version": 1, "valid_from": "2016-01-01", "valid_to": None, "agencies": [agency]}
    return json.dumps(smallest | more | {"online_level": level})


@pytest.fixture
def large(own_api: Api) -> Api:
    """A province whose catalogue is the procedures of the published shares and no others."""
    first = 1
    with own_api.owner.begin() as db:
        db.exec_driver_sql("TRUNCATE procedure CASCADE")
        for agency, published in ((JUSTICE, CENTRE), (DISTRICT, ONE_DISTRICT)):
            for level, count in published.items():
                given = {
                    "level": level,
                    "first": first,
                    "last": first + count - 1,
                    "definition": _definition(agency, int(level)),
                }
                db.exec_driver_sql(_INSERTED, given)
                first += count
        db.exec_driver_sql("UPDATE revision SET value = value + 1 WHERE name = 'catalogue'")
    return own_api


def test_published_shares_come_out_of_a_catalogue_of_that_size(large: Api) -> None:
    period = {"from": "2021-07-01", "to": "2021-07-31"}
    answer = succeeded(large.person("analyst", PROVINCE).get("/v1/figures/supply", **period))

    rows = {row["level"]: row for row in answer["rows"]}
    _check(rows["province"], CENTRE, {"2": "13.35", "3": "52.69", "4": "33.96"})
    _check(rows["district"], ONE_DISTRICT, {"2": "43.25", "3": "38.41", "4": "18.34"})
    assert rows["all"]["procedures"] == 1431 + 289
    assert rows["province"]["with_online_percent"] == "0.00"
    targets = {(row["indicator"], row["level"]): row for row in answer["targets"] if row["value"]}
    third = targets["share of procedures offered online at level 3", "all"]
    assert (third["numerator"], third["denominator"]) == (754 + 486 + 111 + 53, 1431 + 289)
    [near, _] = third["aims"]
    assert (near["gap"], near["months_left"], near["pace_per_month"]) == ("18.37", 53, "0.35")


def _check(row: Json, published: dict[str, int], shares: dict[str, str]) -> None:
    assert row["by_online_level"] == published
    assert row["procedures"] == sum(published.values())
    assert {level: row["share_percent"][level] for level in shares} == shares
