"""Every fact is on the paper, in its words."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from datetime import datetime, timedelta

import pytest
import segno

from app.domain.papers import Form
from app.papers.facts import FACTS_OF, Outcome
from app.papers.rendering import render
from app.papers.writing import day_in_words, instant_in_words
from tests.papers.paper_samples import (
    APOLOGY,
    CERTIFICATE,
    CONTROL_SLIP,
    DOSSIER,
    DOSSIER_PAPERS,
    RECEIPT,
    SAMPLES,
    SUPPLEMENT_REQUEST,
)
from tests.papers.pdf_reading import left_edges_of, qr_squares, squeezed, text_of

TITLES = {
    Form.RECEIPT: "Giấy tiếp nhận hồ sơ và hẹn trả kết quả",
    Form.SUPPLEMENT_REQUEST: "Phiếu yêu cầu bổ sung, hoàn thiện hồ sơ",
    Form.REFUSAL: "Phiếu từ chối tiếp nhận giải quyết hồ sơ",
    Form.APOLOGY: "Phiếu xin lỗi và hẹn lại ngày trả kết quả",
    Form.STOP_NOTICE: "Thông báo Về việc dừng giải quyết hồ sơ",
    Form.CONTROL_SLIP: "Phiếu kiểm soát quá trình giải quyết hồ sơ",
    Form.REGISTER: "Sổ theo dõi hồ sơ",
    Form.RESULT: "Quyết định",
}
NOT_PRINTED = {
    Form.RECEIPT: set[str](),
    Form.SUPPLEMENT_REQUEST: {"tracking_url"},
    Form.REFUSAL: {"tracking_url"},
    Form.APOLOGY: {"tracking_url", "address", "phone", "email"},
    Form.STOP_NOTICE: {"tracking_url", "phone", "email"},
    Form.CONTROL_SLIP: {"tracking_url", "address", "phone", "email", "outcome"},
    Form.REGISTER: set[str](),
    Form.RESULT: {"tracking_url", "applicant", "address", "phone", "email", "procedure"},
}
"""The QR code says the address of the tracking page; the other forms do not ask for these."""


def _texts(value: object, skipped: set[str]) -> Iterator[str]:
    if is_dataclass(value):
        for field in fields(value):
            if field.name not in skipped:
                yield from _texts(getattr(value, field.name), skipped)
    elif isinstance(value, str):
        yield from value.splitlines()
    elif isinstance(value, tuple):
        for item in value:
            yield from _texts(item, skipped)


@pytest.mark.parametrize("form", Form)
def test_every_text_of_the_facts_is_printed_with_its_diacritics(form: Form) -> None:
    printed = text_of(render(form, SAMPLES[form])).casefold()

    missing = [
        text
        for text in _texts(SAMPLES[form], NOT_PRINTED[form])
        if squeezed(text).casefold() not in printed
    ]

    assert missing == []
    assert squeezed(TITLES[form]).casefold() in printed


@pytest.mark.parametrize("form", [form for form in Form if form is not Form.REGISTER])
def test_every_instant_is_printed_in_words_or_in_the_table(form: Form) -> None:
    facts = SAMPLES[form]
    printed = text_of(render(form, facts))

    for field in fields(facts):
        value = getattr(facts, field.name)
        if isinstance(value, datetime) and field.name != "issued_at":
            assert squeezed(instant_in_words(value)) in printed
    assert squeezed(f"Phú Thọ, {day_in_words(facts.issued_at)}") in printed


def test_a_number_below_ten_is_written_with_a_zero() -> None:
    assert "Số:08/YCBS" in text_of(render(Form.SUPPLEMENT_REQUEST, SUPPLEMENT_REQUEST))
    assert "Số:975/TNHS" in text_of(render(Form.RECEIPT, RECEIPT))


def test_the_receipt_says_how_many_of_each_component_and_where_it_is_registered() -> None:
    printed = text_of(render(Form.RECEIPT, RECEIPT))

    assert squeezed("3 Bản vẽ thiết kế xây dựng 02 01") in printed
    assert squeezed("Số lượng hồ sơ: 01 (bộ)") in printed
    assert squeezed("quyển số: 02/2026; số thứ tự: 975") in printed
    assert squeezed("Thời gian nhận hồ sơ: 14 giờ 05 phút, ngày 23 tháng 11 năm 2026") in printed


def test_what_nobody_gave_leaves_a_dotted_line() -> None:
    facts = replace(RECEIPT, dossier=replace(DOSSIER, phone=None, email=None, address=None))

    printed = text_of(render(Form.RECEIPT, facts))

    for label in ("Địa chỉ", "Số điện thoại", "Thư điện tử"):
        assert squeezed(label) + ":......" in printed


def test_a_first_supplement_request_needs_neither_ground_nor_day() -> None:
    facts = replace(SUPPLEMENT_REQUEST, legal_ground=None, answer_by=None, contact_phone=None)

    printed = text_of(render(Form.SUPPLEMENT_REQUEST, facts))

    assert squeezed("Căn cứ") not in printed
    assert squeezed("quầy số 4 để được hướng dẫn") in printed


def test_an_apology_before_the_promised_instant_does_not_say_that_it_has_passed() -> None:
    early = text_of(render(Form.APOLOGY, APOLOGY))
    late = text_of(
        render(Form.APOLOGY, replace(APOLOGY, issued_at=APOLOGY.due_at + timedelta(minutes=1)))
    )

    assert (squeezed("đến nay") in early, squeezed("đến nay") in late) == (False, True)
    assert (squeezed("không thể trả") in early, squeezed("không thể trả") in late) == (True, False)


@pytest.mark.parametrize(
    ("outcome", "column"),
    [(Outcome.EARLY, "Trước"), (Outcome.ON_TIME, "Đúng"), (Outcome.LATE, "Quá")],
)
def test_the_cross_stands_below_the_words_for_the_outcome(outcome: Outcome, column: str) -> None:
    handover = replace(CONTROL_SLIP.handovers[0], outcome=outcome)

    pdf = render(Form.CONTROL_SLIP, replace(CONTROL_SLIP, handovers=(handover,)))

    (cross,) = left_edges_of(pdf, "X")
    (words,) = left_edges_of(pdf, column)
    assert 0 < cross - words < 25


def test_the_control_slip_crosses_how_each_hand_over_ended() -> None:
    printed = text_of(render(Form.CONTROL_SLIP, CONTROL_SLIP))

    assert squeezed("14:05 23/11/2026 14:30 23/11/2026 X") in printed
    assert squeezed("14:05 25/11/2026 14:05 26/11/2026 X Chậm 1 ngày do mưa bão") in printed
    assert squeezed("14:05 28/11/2026 X") not in printed


def test_a_certificate_has_particulars_and_no_articles() -> None:
    printed = text_of(render(Form.RESULT, CERTIFICATE))

    assert squeezed("KẾT QUẢ GIẢI QUYẾT THỦ TỤC HÀNH CHÍNH") in printed
    assert squeezed("Tình trạng hôn nhân: Chưa đăng ký kết hôn với ai") in printed
    assert "Điều1" not in printed


@pytest.mark.parametrize("form", [form for form in DOSSIER_PAPERS if form is not Form.RESULT])
def test_the_qr_code_on_paper_opens_the_tracking_page(form: Form) -> None:
    code = segno.make_qr(DOSSIER.tracking_url, error="m")

    seen = qr_squares(render(form, SAMPLES[form]), len(code.matrix))

    assert seen == tuple(tuple(bool(square) for square in row) for row in code.matrix)


@pytest.mark.parametrize("form", Form)
def test_a_form_is_not_printed_from_the_facts_of_another(form: Form) -> None:
    for other in set(Form) - {form}:
        with pytest.raises(TypeError, match=FACTS_OF[form].__name__):
            render(form, SAMPLES[other])
