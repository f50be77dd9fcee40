"""Dossier codes: written one way, read back the same."""

import re
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.agency import AGENCY_CODE
from app.domain.numbering import DOSSIER_CODE, dossier_code

agency_codes = st.from_regex(AGENCY_CODE, fullmatch=True)


def test_a_code_names_agency_day_and_number_of_the_day() -> None:
    assert dossier_code("H44.10", date(2026, 10, 8), 975) == "H44.10-261008-0975"


@pytest.mark.parametrize(
    ("number", "written"), [(1, "0001"), (9999, "9999"), (10_000, "10000"), (123_456, "123456")]
)
def test_a_day_of_more_than_9999_dossiers_makes_longer_numbers(number: int, written: str) -> None:
    assert dossier_code("H44", date(2026, 1, 2), number) == f"H44-260102-{written}"


@given(agency_codes, st.dates(date(2000, 1, 1), date(2099, 12, 31)), st.integers(1, 10**6))
def test_every_code_is_well_formed_and_tells_its_parts(agency: str, day: date, number: int) -> None:
    code = dossier_code(agency, day, number)

    assert DOSSIER_CODE.fullmatch(code)
    known_agency, known_day, known_number = code.rsplit("-", 2)
    assert known_agency == agency
    assert (f"{day:%y%m%d}", number) == (known_day, int(known_number))


@given(
    st.lists(
        st.tuples(
            agency_codes, st.dates(date(2000, 1, 1), date(2099, 12, 31)), st.integers(1, 9**6)
        ),
        unique=True,
        max_size=20,
    )
)
def test_different_dossiers_never_share_a_code(places: list[tuple[str, date, int]]) -> None:
    assert len({dossier_code(*place) for place in places}) == len(places)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "H44.10",
        "H44.10-261008-975",
        "H44.10-26108-0975",
        "h44.10-261008-0975",
        "H44.-261008-0975",
        "H44.10-261008-0975 ",
        "H44.10-261008-09a5",
        "H44.10-261008-0975\n",
    ],
)
def test_what_is_not_a_code_is_not_read_as_one(text: str) -> None:
    assert re.fullmatch(DOSSIER_CODE, text) is None
