"""Published attacks on signed PDFs, each made by hand: none may be shown as intact or pass."""

import re
from collections.abc import Callable

import pytest
from pyhanko.sign.fields import MDPPerm

from app.domain.signature import Coverage, Indication, SubIndication, Verdict
from tests.signatures.forge_pdf import (
    FONT,
    byte_range,
    content,
    form_pdf,
    last_xref,
    plain_pdf,
    stream,
    update,
    value_of,
    write,
)
from tests.signatures.honest_pdf import certified
from tests.signatures.office import Desk

FORGED = content("Phi 900 dong")
FREED = b"4 1\n0000000000 00001 f \n"
DEAD = b"4 1\n0000000000 00000 f \n"  # some readers free the object, others do not
_FORGED_OBJECT = b"4 0 obj\n" + FORGED + b"\nendobj\n"


def assert_refused(verdict: Verdict) -> None:
    assert not verdict.intact
    assert verdict.indication in {Indication.TOTAL_FAILED, Indication.INDETERMINATE}
    assert verdict.sub_indication is not SubIndication.POLICY_PROCESSING_ERROR  # seen, not stumbled


def with_startxref(pdf: bytes, extra: bytes) -> bytes:
    """Append bytes that no cross-reference lists, ending as a PDF should."""
    return pdf + extra + b"startxref\n%d\n%%%%EOF\n" % last_xref(pdf)


def without_trailer(pdf: bytes) -> bytes:
    start = len(pdf) + len(_FORGED_OBJECT)
    table = b"xref\n4 1\n%010d 00000 n \n" % len(pdf)
    return pdf + _FORGED_OBJECT + table + b"startxref\n%d\n%%%%EOF\n" % start


def renumbered(pdf: bytes) -> bytes:
    """Append object 4 with generation 1: readers that ignore generations show it."""
    forged = _FORGED_OBJECT.replace(b"4 0 obj", b"4 1 obj")
    entry = b"4 1\n%010d 00001 n \n" % len(pdf)
    return write(
        pdf + forged,
        {},
        trailer=b"/Root 1 0 R /Prev %d" % last_xref(pdf),
        free=[entry],
    )


INCREMENTAL: dict[str, Callable[[bytes], bytes]] = {
    "page replaced": lambda pdf: update(pdf, {4: FORGED}),
    "page replaced, then an empty update": lambda pdf: update(update(pdf, {4: FORGED}), {}),
    "page replaced, cross-reference empty": lambda pdf: update(pdf + _FORGED_OBJECT, {}),
    "page replaced, nothing else": lambda pdf: pdf + _FORGED_OBJECT,
    "page replaced, old startxref": lambda pdf: with_startxref(pdf, _FORGED_OBJECT),
    "page replaced, no trailer": without_trailer,
    "page replaced, glued to the word before": lambda pdf: with_startxref(
        pdf, b"endobj" + _FORGED_OBJECT
    ),
    "an empty update alone": lambda pdf: update(pdf, {}),
    "a comment": lambda pdf: pdf + b"% nothing\n",
    "junk": lambda pdf: pdf + b"junk",
    "junk after a proper end": lambda pdf: update(pdf, {50: b"<< /Type /Sig >>"}) + b"junk\n",
    "page freed": lambda pdf: update(pdf, {50: b"null"}, free=[FREED]),
    "page freed for some readers": lambda pdf: update(pdf, {50: b"null"}, free=[DEAD]),
    "page replaced under a new generation": renumbered,
    "page tree replaced": lambda pdf: update(
        pdf, {2: b"<< /Type /Pages /Kids [50 0 R] /Count 1 >>", 50: value_of(pdf, 3)}
    ),
    "another catalogue": lambda pdf: update(
        pdf, {50: b"<< /Type /Catalog /Pages 51 0 R >>", 51: value_of(pdf, 2)}, root=50
    ),
    "an action when opened": lambda pdf: update(
        pdf, {1: value_of(pdf, 1)[:-2] + b"/OpenAction << /S /JavaScript /JS (x) >> >>"}
    ),
    "font replaced": lambda pdf: update(pdf, {5: FONT.replace(b"Helvetica", b"Symbol")}),
    "annotation over the text": lambda pdf: update(
        pdf,
        {
            3: value_of(pdf, 3)[:-2].replace(b"/Annots", b"/Was") + b"/Annots [50 0 R] >>",
            50: b"<< /Type /Annot /Subtype /FreeText /Rect [0 0 300 200] /Contents (900) >>",
        },
    ),
}


@pytest.mark.parametrize("name", INCREMENTAL)
def test_nothing_may_be_appended_but_signatures_and_stamps(
    desk: Desk, signed: bytes, name: str
) -> None:
    forged = INCREMENTAL[name](signed)
    assert forged.startswith(signed)

    assert_refused(desk.verdict(forged))


@pytest.mark.parametrize("name", ["page replaced", "page freed", "junk after a proper end"])
def test_a_second_honest_signature_does_not_heal_a_forgery(
    desk: Desk, signed: bytes, name: str
) -> None:
    forged = INCREMENTAL[name](signed)
    if name.startswith("junk"):
        forged = forged.removesuffix(b"junk\n")

    assert_refused(desk.verdict(desk.sign(forged, "firm")))


def edited_hole(change: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    """Change the signature's value, keeping the file's length so that the ranges stay true."""

    def edit(pdf: bytes) -> bytes:
        _, length, resume, _ = byte_range(pdf)
        hole = change(pdf[length:resume])
        return pdf[:length] + hole.ljust(resume - length) + pdf[resume:]

    return edit


def edited_range(new: bytes) -> Callable[[bytes], bytes]:
    """Change the byte range in the dictionary; padding keeps the file's length."""

    def edit(pdf: bytes) -> bytes:
        found = list(re.finditer(rb"/ByteRange \[[^\]]*\]", pdf))[-1]
        return pdf[: found.start()] + new.ljust(len(found[0])) + pdf[found.end() :]

    return edit


UNIVERSAL: dict[str, Callable[[bytes], bytes]] = {
    "value empty": edited_hole(lambda _: b"<>"),
    "value of zeros": edited_hole(lambda hole: b"<" + b"0" * (len(hole) - 2) + b">"),
    "value null": edited_hole(lambda _: b"null"),
    "value a number": edited_hole(lambda _: b"0"),
    "value a name": edited_hole(lambda _: b"/Nothing"),
    "value missing": lambda pdf: pdf.replace(b"/Contents <30", b"/Comments <30"),
    "value cut short": edited_hole(lambda hole: hole[:200] + b">"),
    "value with an object beside it": edited_hole(
        lambda hole: hole.rstrip(b"0>")[:-2] + b"00> 4 0 obj (900) endobj <00>"
    ),
    "range missing": lambda pdf: pdf.replace(b"/ByteRange [", b"/ByteRanke ["),
    "range null": edited_range(b"/ByteRange null"),
    "range a number": edited_range(b"/ByteRange 12"),
    "range empty": edited_range(b"/ByteRange []"),
    "range of zeros": edited_range(b"/ByteRange [0 0 0 0]"),
    "range of two": edited_range(b"/ByteRange [0 100]"),
    "range negative": edited_range(b"/ByteRange [0 -1 2 -3]"),
    "range of names": edited_range(b"/ByteRange [/a /b /c /d]"),
    "range beyond the end": edited_range(b"/ByteRange [0 10 20 99999999]"),
    "range from the middle": edited_range(b"/ByteRange [10 20 30 40]"),
}


@pytest.mark.parametrize("name", UNIVERSAL)
def test_a_broken_value_or_range_is_no_signature_that_holds(
    desk: Desk, signed: bytes, name: str
) -> None:
    forged = UNIVERSAL[name](signed)
    assert forged != signed

    verdict = desk.verdict(forged)

    assert_refused(verdict)
    assert not verdict.trusted


def moved_range(pdf: bytes) -> bytes:
    """Signature wrapping: own objects in front of the second part, which keeps its bytes."""
    _, _, resume, rest = byte_range(pdf)
    second = pdf[resume : resume + rest]
    inserted = b"\n" + _FORGED_OBJECT
    return pdf[:resume] + inserted + second


def wrapped_range(pdf: bytes) -> bytes:
    """Signature wrapping with a dictionary of the attacker's that finds the moved part."""
    _, length, resume, rest = byte_range(pdf)
    hole = pdf[length:resume]
    ranges = b"/ByteRange [0 %d %d %d]" % (length, 0, rest)
    head = b"50 0 obj\n<< /Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached "
    body = pdf[:resume] + b"\n" + head + ranges + b" /Contents " + hole + b" >>\nendobj\n"
    second_at = len(body)
    body = body.replace(
        ranges, (b"/ByteRange [0 %d %d %d]" % (length, second_at, rest))[: len(ranges)]
    )
    field = value_of(pdf, _field_number(pdf)).replace(
        b"/V %d 0 R" % _value_number(pdf), b"/V 50 0 R"
    )
    return update(body + pdf[resume:], {_field_number(pdf): field, 4: FORGED})


def _value_number(pdf: bytes) -> int:
    return int(re.findall(rb"/V (\d+) 0 R", pdf)[-1])


def _field_number(pdf: bytes) -> int:
    return int(re.findall(rb"(\d+) 0 obj\s*<<\s*/FT /Sig", pdf)[-1])


@pytest.mark.parametrize("wrap", [moved_range, wrapped_range])
def test_a_moved_range_is_refused(
    desk: Desk, signed: bytes, wrap: Callable[[bytes], bytes]
) -> None:
    assert_refused(desk.verdict(wrap(signed)))


def test_a_dictionary_that_borrows_anothers_value_is_refused(desk: Desk, signed: bytes) -> None:
    """A second field whose dictionary repeats the range and value of the genuine signature."""
    copied = value_of(signed, _value_number(signed))
    field = value_of(signed, _field_number(signed)).replace(b"(Signature1)", b"(Signature2)")
    field = field.replace(b"/V %d 0 R" % _value_number(signed), b"/V 51 0 R")
    form_number = int(re.findall(rb"/AcroForm (\d+) 0 R", signed)[-1])
    form = value_of(signed, form_number).replace(b"/Fields [ ", b"/Fields [ 50 0 R ")
    forged = update(signed, {50: field, 51: copied, form_number: form})

    assert_refused(desk.verdict(forged))


SHADOW_REPLACE: dict[str, Callable[[bytes], bytes]] = {
    "value of a field": lambda pdf: update(pdf, {6: value_of(pdf, 6).replace(b"100", b"900")}),
    "appearance of a field": lambda pdf: update(
        pdf, {7: stream(b"BT /Helv 12 Tf (900) Tj ET", b"/Subtype /Form /BBox [0 0 100 20] ")}
    ),
    "value and appearance of a field": lambda pdf: update(
        pdf,
        {
            6: value_of(pdf, 6).replace(b"/V (100)", b"/V (900)").replace(b"7 0 R", b"50 0 R"),
            50: stream(b"BT /Helv 12 Tf (900) Tj ET", b"/Subtype /Form /BBox [0 0 100 20] "),
        },
    ),
    "font of the form": lambda pdf: update(
        pdf,
        {
            8: value_of(pdf, 8).replace(b"/Helv 5 0 R", b"/Helv 50 0 R"),
            50: FONT.replace(b"Helvetica", b"Symbol"),
        },
    ),
    "fonts of the form removed": lambda pdf: update(
        pdf, {8: re.sub(rb"/DR\s*<<.*?>>\s*>>", b"", value_of(pdf, 8), flags=re.DOTALL)}
    ),
    "fields to be drawn anew": lambda pdf: update(
        pdf, {8: value_of(pdf, 8)[:-2] + b"/NeedAppearances true >>"}
    ),
    "default look of the form": lambda pdf: update(
        pdf, {8: re.sub(rb"/DA \(.*?\)", b"/DA (/Helv 0.1 Tf 1 g)", value_of(pdf, 8))}
    ),
    "a field added": lambda pdf: update(
        pdf,
        {
            8: re.sub(rb"/Fields \[", b"/Fields [50 0 R ", value_of(pdf, 8)),
            50: b"<< /FT /Tx /T (more) /V (900) >>",
        },
    ),
}


@pytest.mark.parametrize("name", SHADOW_REPLACE)
def test_a_form_is_not_filled_in_after_it_was_signed(desk: Desk, name: str) -> None:
    document = desk.sign(form_pdf())
    assert desk.verdict(document).indication is Indication.TOTAL_PASSED
    forged = SHADOW_REPLACE[name](document)
    assert any(value_of(forged, n) != value_of(document, n) for n in (6, 7, 8))

    assert_refused(desk.verdict(forged))


OVERLAY = stream(b"1 g 0 0 300 200 re f", b"/Type /XObject /Subtype /Form /BBox [0 0 300 200] ")


def shadowed() -> bytes:
    """A document whose author hid a second content and a second catalogue in it."""
    page = b"<< /Type /Page /Parent 41 0 R /MediaBox [0 0 300 200] /Contents 43 0 R"
    page += b" /Resources << /Font << /F1 5 0 R >> >> >>"
    return plain_pdf(
        extra={
            40: b"<< /Type /Catalog /Pages 41 0 R >>",
            41: b"<< /Type /Pages /Kids [42 0 R] /Count 1 >>",
            42: page,
            43: FORGED,
            44: OVERLAY,
        }
    )


def rewired(pdf: bytes) -> bytes:
    """Let the cross-reference of object 4 point to a hidden object of the same number."""
    hidden = pdf.index(b"(900)")
    start = pdf.rindex(b"4 0 obj", 0, hidden)
    trailer = b"/Root 1 0 R /Prev %d" % last_xref(pdf)
    return write(pdf, {}, trailer=trailer, free=[b"4 1\n%010d 00000 n \n" % start])


def test_a_hidden_catalogue_is_not_brought_forward(desk: Desk) -> None:
    document = desk.sign(shadowed())
    assert desk.verdict(document).indication is Indication.TOTAL_PASSED

    trailer = b"/Root 40 0 R /Prev %d" % last_xref(document)
    table_alone = write(document, {}, trailer=trailer)
    with_copy = update(document, {40: value_of(document, 40)}, root=40)

    assert_refused(desk.verdict(table_alone))
    assert_refused(desk.verdict(with_copy))


def test_a_table_prepared_inside_the_signed_part_is_not_brought_forward(desk: Desk) -> None:
    hidden = b"4 0 obj\n(900)\nendobj\nxref\n4 1\n%010d 00000 n \n"
    base = plain_pdf()
    at = len(base)
    table_at = at + len(b"4 0 obj\n(900)\nendobj\n")
    prepared = base + hidden % at
    prepared += b"trailer\n<< /Size 100 /Root 1 0 R /Prev %d >>\n" % last_xref(base)
    document = desk.sign(prepared + b"startxref\n%d\n%%%%EOF\n" % last_xref(base))
    assert desk.verdict(document).indication is Indication.TOTAL_PASSED

    pointed = document + b"startxref\n%d\n%%%%EOF\n" % table_at
    entry = [b"4 1\n%010d 00000 n \n" % at]
    trailer = b"/Root 1 0 R /Prev %d" % last_xref(document)

    assert_refused(desk.verdict(pointed))
    assert_refused(desk.verdict(write(document, {}, trailer=trailer, free=entry)))


def test_an_overlay_is_not_taken_away(desk: Desk) -> None:
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 200] /Contents [4 0 R 45 0 R]"
    page += b" /Resources << /Font << /F1 5 0 R >> /XObject << /O 44 0 R >> >> >>"
    document = desk.sign(plain_pdf(extra={3: page, 44: OVERLAY, 45: stream(b"/O Do")}))
    assert desk.verdict(document).indication is Indication.TOTAL_PASSED

    for forged in (
        update(document, {45: stream(b"")}),
        update(document, {50: b"null"}, free=[b"44 1\n0000000000 00001 f \n"]),
        update(document, {50: b"null"}, free=[b"44 1\n0000000000 00000 f \n"]),
        update(document, {44: stream(b"", b"/Type /XObject /Subtype /Image ")}),
    ):
        assert_refused(desk.verdict(forged))


def test_an_unsigned_signature_box_is_not_laid_over_the_page(desk: Desk, signed: bytes) -> None:
    form_number = int(re.findall(rb"/AcroForm (\d+) 0 R", signed)[-1])
    form = value_of(signed, form_number).replace(b"/Fields [ ", b"/Fields [ 50 0 R ")
    box = b"<< /Type /Annot /Subtype /Widget /FT /Sig /T (Over) /P 3 0 R /Rect [0 0 300 200]"
    page = value_of(signed, 3).replace(b"/Annots [ ", b"/Annots [ 50 0 R ")
    assert b"50 0 R" in form
    assert b"50 0 R" in page

    forged = update(
        signed, {50: box + b" /AP << /N 51 0 R >> >>", 51: OVERLAY, form_number: form, 3: page}
    )

    assert_refused(desk.verdict(forged))


@pytest.mark.parametrize("permission", list(MDPPerm))
@pytest.mark.parametrize("kind", ["FreeText", "Stamp", "Redact"])
def test_no_annotation_follows_a_certification_whatever_it_allows(
    desk: Desk, permission: MDPPerm, kind: str
) -> None:
    document = certified(desk, plain_pdf(), permission)
    assert desk.verdict(document).indication is Indication.TOTAL_PASSED
    note = b"<< /Type /Annot /Subtype /%s /Rect [0 0 300 200] /Contents (900) >>" % kind.encode()
    page = re.sub(rb"/Annots \[ ", b"/Annots [ 50 0 R ", value_of(document, 3))
    assert b"50 0 R" in page

    assert_refused(desk.verdict(update(document, {3: page, 50: note})))


def test_no_signature_follows_a_certification_that_forbids_all_changes(desk: Desk) -> None:
    document = certified(desk, plain_pdf(), MDPPerm.FILL_FORMS)
    signed_again = desk.sign(document, "firm")
    permission = signed_again.rindex(b"/P 2")
    stricter = signed_again[:permission] + b"/P 1" + signed_again[permission + 4 :]
    certified_now = desk.verdict(stricter)

    assert_refused(certified_now)


def test_a_signature_that_was_taken_out_leaves_its_trace(desk: Desk, signed: bytes) -> None:
    catalogue = re.sub(rb"/AcroForm \d+ 0 R", b"", value_of(signed, 1))
    page = re.sub(rb"/Annots \[.*?\]", b"", value_of(signed, 3), flags=re.DOTALL)
    form_number = int(re.findall(rb"/AcroForm (\d+) 0 R", signed)[-1])

    without_form = desk.verdict(update(signed, {1: catalogue, 3: page}))
    without_fields = desk.verdict(update(signed, {form_number: b"<< /Fields [] >>", 3: page}))

    for verdict in (without_form, without_fields):
        assert verdict.sub_indication is SubIndication.SIGNED_DATA_NOT_FOUND


def test_a_signature_that_only_the_page_shows_is_found(desk: Desk, signed: bytes) -> None:
    form_number = int(re.findall(rb"/AcroForm (\d+) 0 R", signed)[-1])

    verdict = desk.verdict(update(signed, {form_number: b"<< /Fields [] >>"}))

    assert len(verdict.signatures) == 1
    assert verdict.coverage is Coverage.EXTENDED_BAD


def test_more_signatures_than_the_cap_are_left_to_the_officer(desk: Desk) -> None:
    document = plain_pdf()
    for _ in range(10):
        document = desk.sign(document, "firm", stamped=False)
    field, form_number = _field_number(document), int(re.findall(rb"/AcroForm (\d+)", document)[-1])
    eleventh = value_of(document, field).replace(b"(Signature10)", b"(Signature11)")
    form = re.sub(rb"/Fields \[", b"/Fields [50 0 R ", value_of(document, form_number))

    assert desk.verdict(document).indication is Indication.TOTAL_PASSED
    verdict = desk.verdict(update(document, {50: eleventh, form_number: form}))

    assert verdict.sub_indication is SubIndication.POLICY_PROCESSING_ERROR
    assert "11" in verdict.reason
