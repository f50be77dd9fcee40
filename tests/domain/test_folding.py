"""Words of names and queries: whatever way a name is typed, its dossier is found by it."""

import re
import unicodedata
from typing import Literal, TypeAlias

import pytest
from hypothesis import assume, given, reject
from hypothesis import strategies as st

from app.domain.folding import (
    LONGEST_WORD,
    Query,
    SearchRefused,
    fold,
    kept_words,
    name_words,
    phone_digits,
    read_query,
    spellings,
)

VOWELS = "aăâeêioôơuưy"
TONES = ["", "\u0300", "\u0301", "\u0303", "\u0309", "\u0323"]

syllables = st.builds(
    lambda onset, vowel, tone, coda: unicodedata.normalize("NFC", onset + vowel + tone + coda),
    st.sampled_from(["", "b", "c", "đ", "h", "ng", "ngh", "ph", "th", "tr", "v"]),
    st.sampled_from(VOWELS),
    st.sampled_from(TONES),
    st.sampled_from(["", "c", "m", "n", "ng", "nh", "t", "i"]),
)
names = st.lists(syllables, min_size=1, max_size=5).map(" ".join)
Form: TypeAlias = Literal["NFC", "NFD", "NFKC", "NFKD"]
FORMS: list[Form] = ["NFC", "NFD", "NFKC", "NFKD"]
forms = st.sampled_from(FORMS)
cases = st.sampled_from([str.upper, str.lower, str.title])


def matches(query: Query, words: list[str]) -> bool:
    """Tell what PostgreSQL would: each term has a word that is kept, or begins one."""
    return all(
        any(
            kept.startswith(word) if term.is_prefix else kept == word
            for word in term.words
            for kept in words
        )
        for term in query.terms
    )


def typed(text: str) -> Query:
    try:
        return read_query(text)
    except SearchRefused:
        reject()


@given(st.text())
def test_folding_again_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(names)
def test_a_folded_name_is_plain_ascii(name: str) -> None:
    assert fold(name).isascii()
    assert fold(name) == fold(name).lower()


@given(names, forms, cases)
def test_form_and_case_of_a_name_make_no_difference(name: str, form: Form, case: object) -> None:
    assert callable(case)
    other = unicodedata.normalize(form, case(name))
    assert name_words(other) == name_words(name)


@given(st.data(), names, forms, cases)
def test_a_name_is_found_by_its_words_in_any_order_with_marks_or_without(
    data: st.DataObject, name: str, form: Form, case: object
) -> None:
    assert callable(case)
    parts = data.draw(st.permutations(name.split()))
    some = parts[: data.draw(st.integers(1, len(parts)))]
    written = [data.draw(st.sampled_from([part, fold(part)])) for part in some]
    query = typed(unicodedata.normalize(form, case(" ".join(written))))
    assert matches(query, kept_words(name, "025900000001", None, "1.001193"))


@given(st.data(), names)
def test_the_last_word_may_be_unfinished(data: st.DataObject, name: str) -> None:
    last = name.rsplit(maxsplit=1)[-1]
    beginning = last[: data.draw(st.integers(1, len(last)))]
    shown = data.draw(st.sampled_from([beginning, fold(beginning)]))
    words = [*name.split()[:-1], shown]
    assert matches(typed(" ".join(words)), name_words(name))


@given(names)
def test_a_name_written_down_without_marks_is_found_by_its_marked_words(name: str) -> None:
    assert matches(typed(name), name_words(fold(name)))


@given(syllables, syllables)
def test_a_word_with_marks_does_not_find_one_that_is_marked_otherwise(one: str, two: str) -> None:
    word, other = spellings(one)[0], spellings(two)[0]
    assume(word.is_marked and other.is_marked)
    assume((word.letters, word.tone) != (other.letters, other.tone))
    assert not matches(typed(f"{one} zzz"), [*name_words(two), "zzz"])


@pytest.mark.parametrize(("one", "other"), [("hòa", "hoà"), ("thúy", "thuý"), ("HÓA", "hoá")])
def test_a_tone_on_another_vowel_is_the_same_word(one: str, other: str) -> None:
    assert name_words(one) == name_words(other)
    assert matches(typed(one), name_words(other))


def test_d_with_stroke_folds_to_d() -> None:
    assert fold("ĐỖ Đức đạt") == "do duc dat"


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused_and_holds_nothing_that_postgresql_would_read(
    text: str,
) -> None:
    query = typed(text)
    assert query.terms
    for term in query.terms:
        for word in term.words:
            assert re.fullmatch(r"(?!.*['\\@:!&|<>()*])\S+", word)
            assert len(word) <= LONGEST_WORD + 2 or word.isdigit()


@pytest.mark.parametrize(
    "text",
    ["", " ", "a", "!!!", "- . -", "'", "a" + "\u0301" * 300, "\u0301" * 300, ":*", "& | !", "ễ"],
)
def test_less_than_two_letters_and_no_digit_is_refused(text: str) -> None:
    with pytest.raises(SearchRefused):
        read_query(text)


@pytest.mark.parametrize("text", ["7", "an", "a b", "ng"])
def test_two_letters_or_a_digit_are_enough(text: str) -> None:
    assert read_query(text).terms


def test_a_name_of_hundreds_of_marks_is_one_short_word() -> None:
    words = name_words("a" + "\u0301" * 300 + " " + "\u0308" * 300)
    assert words == ["a", "=2a"]
    assert all(len(word) <= LONGEST_WORD + 2 for word in name_words("b" + "\u0308" * 300))


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ("0900000001", "0900000001"),
        ("+84900000001", "0900000001"),
        ("+84 900 000 001", "0900000001"),
        ("84900000001", "0900000001"),
        ("0900.000.001", "0900000001"),
        ("(0900) 000-001", "0900000001"),
    ],
)
def test_a_phone_is_the_same_however_it_is_written(said: str, wanted: str) -> None:
    assert phone_digits(said) == wanted
    assert matches(read_query(said), kept_words("Trần Thị Mẫu", "025900000001", wanted, "1"))


CODE = ["h44.10", "261122-0001", "0001"]


@pytest.mark.parametrize(
    "part",
    [
        "H44.10-261122-0001",
        "h44.10-261122",
        "H44.10-2611",
        "H44.10",
        "H44",
        "261122-0001",
        "261122-",
        "261122",
        "10-261122-0001",
        "0001",
        "  H44.10-261122-0001 ",
    ],
)
def test_a_code_is_found_by_its_parts(part: str) -> None:
    assert matches(read_query(part), CODE)


@pytest.mark.parametrize("other", ["H44.11-261122-0001", "H44.10-261122-0002", "H44.10-261123"])
def test_another_code_is_not_found(other: str) -> None:
    assert not matches(read_query(other), CODE)


@pytest.mark.parametrize(
    ("text", "is_selective"),
    [
        ("nguyễn văn", False),
        ("025900000001", True),
        ("0900000001", True),
        ("H44.10-261122-0001", True),
        ("261122", False),
        ("trần 0900000001", True),
    ],
)
def test_numbers_that_few_share_are_known(text: str, *, is_selective: bool) -> None:
    assert read_query(text).is_selective is is_selective


def test_a_procedure_is_one_more_term() -> None:
    query = read_query("mẫu", "1.001193")
    words = kept_words("Trần Thị Mẫu", "025900000001", None, "1.001193")
    assert matches(query, words)
    assert not matches(read_query("mẫu", "1.001194"), words)
    assert matches(read_query(None, "1.001193"), words)
    assert read_query(None).terms == ()
