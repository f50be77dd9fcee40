"""Figures: exact, half up, and the published table reproduced from its own counts."""

import csv
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.agency import Agency, Level, ReportGroup
from app.domain.figures import AnnexRow, Intake, annex
from app.seeds import read_agencies, read_report_groups

PUBLISHED = Path(__file__).parents[2] / "data" / "published" / "intake-2021.csv"
COUNTS = st.integers(0, 10**7)
INTAKES = st.builds(Intake, COUNTS, COUNTS)


@given(INTAKES)
def test_the_rate_is_the_exact_ratio_rounded_half_up_to_two_decimals(intake: Intake) -> None:
    rate = intake.online_rate

    if not intake.received:
        assert rate is None
        return
    assert rate is not None
    exact = Fraction(10_000 * intake.online, intake.received)
    assert Fraction(rate) * 100 == (exact + Fraction(1, 2)).__floor__()
    assert rate.as_tuple().exponent == -2


@pytest.mark.parametrize(
    ("online", "received", "rate"),
    [(1, 8, "12.50"), (1, 800, "0.13"), (3, 800, "0.38"), (1, 3, "33.33"), (2, 3, "66.67")],
)
def test_halves_are_rounded_up(online: int, received: int, rate: str) -> None:
    assert Intake(received - online, online).online_rate == Decimal(rate)


def test_nothing_received_has_no_rate_and_is_printed_as_zero() -> None:
    row = AnnexRow("province", "1", "Sở Công Thương", "H44.01", Intake())

    assert row.intake.online_rate is None
    assert str(row.rate) == "0.00"


@given(st.dictionaries(st.sampled_from([a.code for a in read_agencies()]), INTAKES))
def test_each_group_begins_with_the_total_of_its_agencies_and_no_agency_is_lost(
    intakes: dict[str, Intake],
) -> None:
    agencies, groups = read_agencies(), read_report_groups()

    rows = annex(groups, agencies, intakes)

    assert [row.group for row in rows if row.row == "total"] == [group.code for group in groups]
    for group in groups:
        total, *members = [row for row in rows if row.group == group.code]
        assert (total.row, total.agency, total.agency_code) == ("total", group.name, None)
        assert [row.row for row in members] == [str(n + 1) for n in range(len(members))]
        assert total.intake == sum((row.intake for row in members), Intake())
    listed = [row.agency_code for row in rows if row.agency_code]
    assert sorted(listed) == sorted(a.code for a in agencies if a.report_row is not None)
    for row in rows:
        if row.agency_code:
            assert row.intake == intakes.get(row.agency_code, Intake())


def test_groups_and_rows_stand_in_the_order_of_the_source_whatever_order_they_come_in() -> None:
    groups = [ReportGroup("b", "Nhóm sau", 2), ReportGroup("a", "Nhóm trước", 1)]
    agencies = [_agency("H44.02", "b", 1), _agency("H44.03", "a", 2), _agency("H44.04", "a", 1)]

    rows = annex(groups, agencies, {})

    assert [(row.group, row.row, row.agency_code) for row in rows] == [
        ("a", "total", None),
        ("a", "1", "H44.04"),
        ("a", "2", "H44.03"),
        ("b", "total", None),
        ("b", "1", "H44.02"),
    ]


def _agency(code: str, group: str, row: int) -> Agency:
    return Agency(code, code, Level.PROVINCE, "H44", date(2016, 1, 1), None, group, row)


def test_the_published_table_follows_from_its_own_counts() -> None:
    with PUBLISHED.open(encoding="utf-8") as file:
        published = list(csv.DictReader(file))
    codes = {agency.name: agency.code for agency in read_agencies()}

    for period in {line["period"] for line in published}:
        lines = [line for line in published if line["period"] == period]
        intakes = {
            codes[line["agency"]]: Intake(int(line["at_desk"]), int(line["online"]))
            for line in lines
            if line["row"] != "total"
        }
        rows = annex(read_report_groups(), read_agencies(), intakes)
        assert [_printed(row) for row in rows] == [
            {name: value for name, value in line.items() if name != "period"} for line in lines
        ]


def _printed(row: AnnexRow) -> dict[str, str]:
    return {
        "group": row.group,
        "row": row.row,
        "agency": row.agency,
        "total": str(row.intake.received),
        "at_desk": str(row.intake.at_desk),
        "online": str(row.intake.online),
        "online_rate_percent": str(row.rate),
    }
