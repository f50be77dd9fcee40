from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.agency import Agency, Level, agency_code_is_valid

PROVINCES = st.from_regex(r"[A-Z][0-9]{2}", fullmatch=True)
PARTS = st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=2, max_size=3)


@given(PROVINCES, st.lists(PARTS, max_size=8))
def test_a_province_and_its_levels_joined_by_dots_are_a_code(
    province: str, parts: list[str]
) -> None:
    assert agency_code_is_valid(".".join([province, *parts]))


@given(PROVINCES, st.lists(PARTS, min_size=8, max_size=20))
def test_a_code_has_at_most_35_signs(province: str, parts: list[str]) -> None:
    code = ".".join([province, *parts])

    assert agency_code_is_valid(code) == (len(code) <= 35)


@given(PROVINCES, PARTS, st.sampled_from(" \n-_/éđ٣abc"), st.data())
def test_no_other_sign_stands_anywhere_in_a_code(
    province: str, part: str, sign: str, data: st.DataObject
) -> None:
    code = f"{province}.{part}"
    place = data.draw(st.integers(0, len(code)))
    spoiled = code[:place] + sign + code[place:]

    assert not agency_code_is_valid(spoiled)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "H4",
        "H.44",
        "H44.0.1",
        "H444",
        "h44",
        "44H",
        "H44.",
        "H44.1",
        "H44.1234",
        "H44..01",
        ".H44",
        "H44.01\n",
    ],
)
def test_what_is_too_short_too_long_or_cut_off_is_no_code(text: str) -> None:
    assert not agency_code_is_valid(text)


def test_the_older_code_that_reads_from_right_to_left_is_not_taken() -> None:
    assert not agency_code_is_valid("000.00.00.H44")


@pytest.mark.parametrize(
    ("day", "is_valid"),
    [
        (date(2015, 12, 31), False),
        (date(2016, 1, 1), True),
        (date(2025, 6, 30), True),
        (date(2025, 7, 1), False),
    ],
)
def test_an_agency_exists_from_its_first_day_to_its_last_both_included(
    day: date, *, is_valid: bool
) -> None:
    agency = Agency(
        code="H44.19",
        name="UBND Huyện Tân Sơn",
        level=Level.DISTRICT,
        parent="H44",
        valid_from=date(2016, 1, 1),
        valid_to=date(2025, 6, 30),
        report_group="district",
        report_row=1,
    )

    assert agency.is_valid_on(day) is is_valid


@given(st.dates(min_value=date(2016, 1, 1)))
def test_an_agency_whose_end_is_not_known_goes_on(day: date) -> None:
    agency = Agency("H44", "UBND tỉnh", Level.PROVINCE, None, date(2016, 1, 1), None, None, None)

    assert agency.is_valid_on(day)
