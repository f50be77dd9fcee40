"""Comparing with a register: spelling may differ in nothing that matters, values never leave."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.lookups import (
    LookupRefused,
    Purpose,
    Source,
    compare,
    filled_from,
    known_as,
    plain_name,
    same_words,
    source_of,
)
from app.domain.procedure import ApplicantKind

SCHEMA = {
    "type": "object",
    "properties": {
        "mother_name": {"type": "string", "x-known-as": "mother_name"},
        "born": {"type": "string", "x-known-as": "birth_date"},
        "purpose": {"type": "string"},
    },
}


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("Trần Thị Mẫu", "TRANTHIMAU"),
        ("Đỗ Đức Ơn", "DODUCON"),
        ("  nguyễn  văn\ta ", "NGUYENVANA"),
        ("Y Bliă Niê", "YBLIANIE"),
        ("", ""),
    ],
)
def test_a_name_is_asked_in_capitals_without_accents_and_spaces(name: str, plain: str) -> None:
    assert plain_name(name) == plain


@given(st.text(max_size=40))
def test_however_a_name_is_written_only_a_to_z_is_asked(name: str) -> None:
    asked = plain_name(name)

    assert asked == "" or (asked.isascii() and asked.isalpha() and asked.isupper())
    assert asked == plain_name(unicodedata.normalize("NFD", name))


@pytest.mark.parametrize(
    ("ours", "theirs", "same"),
    [
        ("Trần Thị Mẫu", "TRẦN  THỊ MẪU", True),
        ("Hoà", "Hòa", True),
        ("Thuý", "Thúy", True),
        ("Hoa", "Hòa", False),
        ("Đức", "Dức", False),
        ("Trần Thị", "Trần Thị Mẫu", False),
        ("Trần ThịMẫu", "Trần Thị Mẫu", False),
    ],
)
def test_names_are_the_same_but_for_case_spaces_and_where_a_tone_stands(
    ours: str, theirs: str, *, same: bool
) -> None:
    assert same_words(ours, theirs) is same


def test_only_fields_that_both_know_can_differ() -> None:
    facts = {"name": "Trần Thị Mẫu", "mother_name": "Hà Thị Xuân"}
    members = known_as(SCHEMA)

    assert members == {"mother_name": "mother_name", "born": "birth_date"}
    assert compare("Trần Thị Mẫu", {}, members, facts) == []
    assert compare("Khác", {"mother_name": "X", "born": "1990-01-01"}, members, facts) == [
        "applicant.name",
        "form.mother_name",
    ]


def test_a_form_is_filled_only_with_what_is_known() -> None:
    assert filled_from(SCHEMA, {"mother_name": "Hà Thị Xuân"}) == {"mother_name": "Hà Thị Xuân"}
    assert filled_from({}, {"mother_name": "Hà Thị Xuân"}) == {}


def test_each_kind_of_applicant_has_its_register_or_none() -> None:
    check = Purpose.VERIFY_APPLICANT
    assert source_of(check, ApplicantKind.CITIZEN) is Source.POPULATION
    assert source_of(check, ApplicantKind.ENTERPRISE) is Source.BUSINESS_REGISTER
    for kind in (ApplicantKind.STATE_BODY, ApplicantKind.ORGANISATION):
        with pytest.raises(LookupRefused):
            source_of(check, kind)
        assert source_of(Purpose.REUSE_RESULT, kind) is Source.RESULT_STORE
