"""The layout rules of Decree 30/2020/NĐ-CP, annex I, as far as a machine can see them."""

import re
from dataclasses import replace

import pytest

from app.domain.papers import Form
from app.papers.facts import Component
from app.papers.rendering import MOST_ENTRIES, RegisterTooLong, render
from tests.papers.paper_samples import RECEIPT, REFUSAL, SAMPLES, a_register
from tests.papers.pdf_reading import (
    faces_of,
    line_box_mm,
    line_texts,
    metadata_of,
    page_sizes_mm,
    page_texts,
    sizes_of_lines,
    squeezed,
    text_boxes_mm,
    text_of,
)

A4 = (210, 297)
COUNCIL = "Ủy ban nhân dân Thành phố Việt Trì"
A4_LANDSCAPE = (297, 210)
GOOD_FACES = {
    "LibertinusSerif-Regular",
    "LibertinusSerif-Italic",
    "LibertinusSerif-Semibold",
    "LibertinusSerif-SemiboldItalic",
}
"""The bold faces of the embedded font have broken Vietnamese letters."""


@pytest.mark.parametrize("form", Form)
def test_papers_are_a4_and_the_register_lies_on_its_side(form: Form) -> None:
    expected = A4_LANDSCAPE if form is Form.REGISTER else A4

    assert page_sizes_mm(render(form, SAMPLES[form])) == {expected}


@pytest.mark.parametrize("form", [form for form in Form if form is not Form.REGISTER])
def test_text_keeps_to_the_margins(form: Form) -> None:
    boxes = text_boxes_mm(render(form, SAMPLES[form]))

    assert min(left for left, _, _, _ in boxes) >= 29.5
    assert max(right for _, _, right, _ in boxes) <= 195.5
    assert max(top for _, _, _, top in boxes) <= 278.5  # marks stand above the line
    assert min(bottom for _, bottom, _, _ in boxes) >= 19.5


@pytest.mark.parametrize("form", Form)
def test_the_head_has_agency_motto_number_place_and_date_in_this_order(form: Form) -> None:
    printed = text_of(render(form, SAMPLES[form]))
    number = "" if form is Form.REGISTER else r"Số:\d\d+/.*?"

    assert re.match(
        r"ỦYBANNHÂNDÂNTỈNHPHÚTHỌ.*SỞXÂYDỰNG.*CỘNGHÒAXÃHỘICHỦNGHĨAVIỆTNAM"
        rf"Độclập-Tựdo-Hạnhphúc{number}PhúThọ,ngày\d\dtháng\d\dnăm\d{{4}}",
        printed,
    )


@pytest.mark.parametrize("form", Form)
def test_only_faces_with_sound_vietnamese_letters_are_used(form: Form) -> None:
    assert faces_of(render(form, SAMPLES[form])) <= GOOD_FACES


@pytest.mark.parametrize("form", [form for form in Form if form is not Form.REGISTER])
def test_an_ordinary_paper_takes_one_page(form: Form) -> None:
    assert len(page_texts(render(form, SAMPLES[form]))) == 1


@pytest.mark.parametrize("form", [form for form in Form if form is not Form.REGISTER])
def test_a_committee_too_long_for_a_line_ends_it_before_the_name_of_its_place(form: Form) -> None:
    facts = SAMPLES[form]
    council = replace(facts.office, parent_agency=None, agency=COUNCIL)

    lines = line_texts(render(form, replace(facts, office=council)))

    assert "ỦY BAN NHÂN DÂN" in lines
    assert "THÀNH PHỐ VIỆT TRÌ" in lines


@pytest.mark.parametrize("form", [form for form in Form if form is not Form.REGISTER])
def test_agency_and_number_stand_left_motto_place_and_date_right(form: Form) -> None:
    pdf = render(form, SAMPLES[form])
    middle = 30 + (210 - 30 - 15) * 0.46

    def box(words: str) -> tuple[float, float]:
        return line_box_mm(pdf, words)

    assert box("SỞ XÂY DỰNG")[1] <= middle
    assert box("Số:")[1] <= middle
    for right in ("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Độc lập - Tự do - Hạnh phúc", "Phú Thọ,"):
        assert box(right)[0] >= middle


SIZES_PT = {
    "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM": (12, 13),
    "Độc lập - Tự do - Hạnh phúc": (13, 14),
    "SỞ XÂY DỰNG": (12, 13),
    "Số:": (13, 13),
    "Phú Thọ, ngày": (13, 14),
    "Nguyễn Thị Phượng Vỹ": (13, 14),
}
"""Sizes of the decree's annex I: from, to."""


@pytest.mark.parametrize("form", [Form.RECEIPT, Form.APOLOGY, Form.CONTROL_SLIP])
def test_letters_have_the_sizes_of_the_decree(form: Form) -> None:
    seen = sizes_of_lines(render(form, SAMPLES[form]))

    for words, (least, most) in SIZES_PT.items():
        [size] = {size for line, size in seen if words in line}
        assert least <= size <= most, words


def test_forty_components_and_long_names_lose_nothing_and_keep_to_the_margins() -> None:
    names = [
        f"Giấy tờ thứ {number}: bản sao có chứng thực giấy chứng nhận quyền sử dụng đất, quyền sở "
        "hữu nhà ở và tài sản khác gắn liền với đất"
        for number in range(1, 41)
    ]
    long = "Công ty Trách nhiệm hữu hạn một thành viên Đầu tư Xây dựng và Phát triển Hạ tầng " * 2
    facts = replace(
        RECEIPT,
        components=tuple(Component(name=name, copies=1) for name in names),
        dossier=replace(RECEIPT.dossier, applicant=long, procedure=long),
        submitter="Nguyễn Phước Bảo Quỳnh Thị Ngọc Hoàng Anh Thư",
        receptionist="Lê Thị Ngọc Huyền",
    )

    pdf = render(Form.RECEIPT, facts)

    pages = page_texts(pdf)
    assert 3 <= len(pages) <= 5
    whole = "".join(pages)
    for name in (*names, long, facts.submitter, facts.receptionist):
        assert squeezed(name) in whole.replace("STTThànhphầnhồsơBảnchínhBảnsaoBảnđiệntử", "")
    assert squeezed("Người nộp hồ sơ").upper() in pages[-1].upper(), "signed on the last page"
    boxes = text_boxes_mm(pdf)
    assert min(left for left, _, _, _ in boxes) >= 29.5
    assert max(right for _, _, right, _ in boxes) <= 195.5


def test_pages_are_numbered_from_the_second_on() -> None:
    pages = page_texts(render(Form.REFUSAL, replace(REFUSAL, reason="Lý do. " * 900)))

    assert len(pages) >= 3
    assert not pages[0].startswith("1")
    assert [page[0] for page in pages[1:]] == [str(number) for number in range(2, len(pages) + 1)]


def test_a_register_of_500_repeats_its_head_on_every_page_and_loses_no_line() -> None:
    register = a_register(500)

    pages = page_texts(render(Form.REGISTER, register))

    assert 35 <= len(pages) <= 60
    assert all(squeezed("STT Mã hồ sơ Tên thủ tục hành chính") in page for page in pages)
    codes = re.findall(r"H44\.10-261123-\d{4}", "".join(pages))
    assert codes == [entry.code for entry in register.entries]


def test_a_register_of_an_idle_month_is_printed_empty() -> None:
    printed = text_of(render(Form.REGISTER, a_register(0)))

    assert squeezed("Từ ngày 01/11/2026 đến ngày 30/11/2026") in printed


def test_a_register_too_long_for_print_is_refused_with_a_way_out() -> None:
    entry = a_register(1).entries[0]
    register = replace(a_register(1), entries=(entry,) * (MOST_ENTRIES + 1))

    with pytest.raises(RegisterTooLong, match="xuất bảng tính") as refused:
        render(Form.REGISTER, register)

    assert refused.value.facts == {"entries": MOST_ENTRIES + 1, "most": MOST_ENTRIES}


@pytest.mark.parametrize("form", Form)
def test_papers_claim_the_archive_and_accessibility_standards(form: Form) -> None:
    pdf = render(form, SAMPLES[form])

    assert b"<pdfaid:part>2</pdfaid:part><pdfaid:conformance>A</pdfaid:conformance>" in pdf
    assert b"<pdfuaid:part>1</pdfuaid:part>" in pdf
    assert metadata_of(pdf)["Title"]
