import doctest
import unicodedata
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.domain.calendar import NaiveInstant
from app.papers import writing
from app.papers.writing import instant_in_words, paragraphs, printable
from tests.papers.paper_samples import ZONE

VIETNAMESE = "".join(
    unicodedata.normalize("NFC", letter + tone)
    for letter in "aăâeêioôơuưyAĂÂEÊIOÔƠUƯY"
    for tone in ("", "\u0300", "\u0301", "\u0309", "\u0303", "\u0323")
)


def test_the_examples_of_dates_in_words_hold() -> None:
    assert doctest.testmod(writing).failed == 0


@pytest.mark.parametrize(
    ("at", "words"),
    [
        (
            datetime(2026, 11, 22, 14, 5, 59, tzinfo=ZONE),
            "14 giờ 05 phút, ngày 22 tháng 11 năm 2026",
        ),
        (datetime(2026, 2, 28, 17, 30, tzinfo=UTC), "00 giờ 30 phút, ngày 01 tháng 3 năm 2026"),
        (datetime(2025, 12, 31, 17, 0, tzinfo=UTC), "00 giờ 00 phút, ngày 01 tháng 01 năm 2026"),
    ],
)
def test_an_instant_is_written_in_local_time_to_the_minute(at: datetime, words: str) -> None:
    assert instant_in_words(at) == words


def test_an_instant_without_a_zone_is_refused() -> None:
    with pytest.raises(NaiveInstant):
        instant_in_words(datetime(2026, 11, 22, 14, 5))  # noqa: DTZ001  (that is the point)


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_vietnamese_is_printed_composed_whatever_way_it_came(form: str) -> None:
    assert len(set(VIETNAMESE)) == 144
    assert printable(unicodedata.normalize(form, VIETNAMESE)) == VIETNAMESE  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("  Lê\tVăn\n Tám \u00a0 ", "Lê Văn Tám"),
        ("đảo\u202e ngược\u200f\u2066", "đảo ngược"),
        ("a\u0000b\u0007c\u200bd\u00ade\ufefff", "abcdef"),
        ("\ud800", "\ufffd"),
        ("ﬁ Ａ ①", "fi A 1"),
        ("😀 漢 ש ❤\ufe0f", "\ufffd \ufffd \ufffd \ufffd"),
        ("", ""),
    ],
)
def test_signs_that_cannot_or_must_not_be_printed_are_replaced_or_left_out(
    text: str, printed: str
) -> None:
    assert printable(text) == printed


@pytest.mark.parametrize("mark", ["\u0301", "\u0323", "\u0331"])
def test_a_pile_of_marks_is_cut_to_two_so_that_it_covers_no_other_line(mark: str) -> None:
    printed = printable("The" + mark * 300 + "o")

    assert printed.endswith("o")
    assert sum(unicodedata.combining(sign) > 0 for sign in printed) == 2


def test_a_longer_text_keeps_its_paragraphs_and_no_empty_ones() -> None:
    assert paragraphs("Một.\r\n\r\n Hai.\u2028Ba\x85 \n") == ["Một.", "Hai.", "Ba"]


@given(st.text())
@example("\u0301" * 300)
@example("e\u200b\u0302\u0323 α\u0313\u00ad\u0301")
@example("ﬁ\u0323 Ⓐ\u200d\u0306\u200d\u0301")
def test_what_is_printable_stays_as_it_is(text: str) -> None:
    once = printable(text)

    assert printable(once) == once
    assert not any(unicodedata.category(sign) in {"Cc", "Cf", "Cs"} for sign in once)
