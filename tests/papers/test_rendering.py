"""Facts are only ever printed: no markup, no files, no clock, no surprise by size or threads."""

import re
import resource
import string
import sys
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.papers import Form
from app.papers import rendering
from app.papers.facts import Particular
from app.papers.rendering import render
from app.papers.writing import printable
from tests.papers.paper_samples import (
    CERTIFICATE,
    CONTROL_SLIP,
    DOSSIER,
    RECEIPT,
    REFUSAL,
    RESULT,
    SAMPLES,
    a_register,
)
from tests.papers.pdf_reading import faces_of, metadata_of, squeezed, text_boxes_mm, text_of

MARKUP = [
    '#read("/etc/passwd")',
    '#import "layout.typ": *',
    '#image("layout.typ")',
    "*bold* $x$ \\ ",
    "_nghiêng_ `mã` = Đề mục - mục + mục",
    "#{1 + 1} #panic() [a] {b} <nhãn> @nhãn",
    "// chú thích /* chú thích */ ~ -- --- ...",
    "\"trích\" 'trích' \\u{41} \\n &amp; %PDF ]] ) </script>",
    "https://example.vn/?a=1&b=2#c",
    '","reason":["x"],"',
]


@pytest.mark.parametrize("text", MARKUP)
def test_markup_in_a_fact_is_printed_as_it_is(text: str) -> None:
    facts = replace(
        REFUSAL,
        dossier=replace(DOSSIER, applicant=text),
        reason=text,
        legal_ground=text,
        submitter=text,
    )

    printed = text_of(render(Form.REFUSAL, facts))

    assert printed.count(squeezed(text)) == 4
    assert "root:" not in printed


@pytest.mark.parametrize("text", MARKUP)
def test_markup_in_a_table_is_printed_as_it_is(text: str) -> None:
    handover = replace(CONTROL_SLIP.handovers[0], giver=text, note=text)

    printed = text_of(render(Form.CONTROL_SLIP, replace(CONTROL_SLIP, handovers=(handover,))))

    assert printed.count(squeezed(text)) == 2


def test_templates_read_nothing_but_each_other_and_evaluate_nothing() -> None:
    templates = Path(rendering.__file__).parent.glob("templates/*")
    sources = {path.name: path.read_text() for path in templates}

    assert set(sources) == {f"{form}.typ" for form in Form} | {"layout.typ", "chart.typ"}
    for source in sources.values():
        assert set(re.findall(r'(?:import|include) "([^"]*)"', source)) <= {"layout.typ"}
        assert not re.search(r"\b(read|eval|plugin|csv|yaml|toml|xml|datetime)\s*\(", source)


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=200), st.text(max_size=60), st.text(max_size=60))
def test_any_text_at_all_can_be_printed(reason: str, name: str, note: str) -> None:
    facts = replace(REFUSAL, reason=reason, dossier=replace(DOSSIER, applicant=name, email=note))

    assert render(Form.REFUSAL, facts).startswith(b"%PDF-1.7")


@settings(max_examples=40, deadline=None)
@given(st.text(alphabet=string.printable + "ăâđêôơưẠẢẤẬẮẶẸỆỘỢỰỶ ₫²½€–“”", max_size=120))
def test_what_a_keyboard_can_type_is_printed_letter_by_letter(text: str) -> None:
    facts = replace(REFUSAL, legal_ground=f"§{text}§")

    assert squeezed(printable(f"§{text}§")) in text_of(render(Form.REFUSAL, facts))


def test_every_printable_sign_is_drawn_by_the_papers_own_font() -> None:
    signs = "".join(
        sign
        for sign in map(chr, range(sys.maxunicode + 1))
        if printable(sign) == sign and not unicodedata.combining(sign)
    )
    rows = tuple(signs[at : at + 30] for at in range(0, len(signs), 30))
    facts = replace(
        CERTIFICATE,
        grounds=rows,
        recipients=rows,
        particulars=tuple(Particular(label=row, value=row) for row in rows),
    )

    pdf = render(Form.RESULT, facts)

    assert len(signs) > 1_000
    assert faces_of(pdf) <= {
        "LibertinusSerif-Regular",
        "LibertinusSerif-Italic",
        "LibertinusSerif-Semibold",
        "LibertinusSerif-SemiboldItalic",
    }


@pytest.mark.parametrize(
    "text",
    [
        "Nguyễn" + "e\u0301\u0323\u0302\u0300" * 75,
        "a" + "\u0301" * 300,
        "W" * 400,
        "nguyenthiphuong" * 20 + "@example.vn",
        "Lý do rất dài của việc này. " * 143,
        "\u202eđảo\u202c \u200f\u2067ngược\u2069 😀👨‍👩‍👧 漢字 שלום عربى",
        "\x00\x01\x1b[31m\x7f\x85\ufeff\ud800\udfff\uffff",
        "\n" * 400,
        "",
    ],
)
def test_long_and_hostile_texts_stay_within_the_margins(text: str) -> None:
    dossier = replace(DOSSIER, applicant=text, address=text, procedure=text, email=text)
    facts = replace(RECEIPT, dossier=dossier, submitter=text, result_way=text)

    boxes = text_boxes_mm(render(Form.RECEIPT, facts))

    assert min(left for left, _, _, _ in boxes) >= 29.5
    assert max(right for _, _, right, _ in boxes) <= 195.5


@pytest.mark.parametrize("form", Form)
def test_the_same_facts_give_the_same_bytes(form: Form) -> None:
    first = render(form, SAMPLES[form])
    render(Form.RESULT, RESULT)

    assert render(form, SAMPLES[form]) == first


@pytest.mark.parametrize("form", Form)
def test_the_creation_date_is_the_papers_and_not_the_clocks(form: Form) -> None:
    facts = SAMPLES[form]

    created = metadata_of(render(form, facts))["CreationDate"]

    assert created == f"D:{facts.issued_at.astimezone(UTC):%Y%m%d%H%M%S}Z"


def test_threads_print_at_the_same_time_without_mixing_their_facts() -> None:
    papers = [replace(RECEIPT, number=number) for number in range(1, 13)]
    alone = [render(Form.RECEIPT, facts) for facts in papers]

    with ThreadPoolExecutor(max_workers=6) as threads:
        together = list(threads.map(lambda facts: render(Form.RECEIPT, facts), papers))

    assert together == alone
    assert len(set(alone)) == len(papers)


def test_one_long_register_after_another_does_not_fill_the_memory() -> None:
    def peak_after(book: str) -> int:
        render(Form.REGISTER, replace(a_register(300), book=book))
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    first = peak_after("1")
    peaks = [peak_after(str(number)) for number in range(2, 5)]

    assert peaks[-1] - first < 100 * 1024
