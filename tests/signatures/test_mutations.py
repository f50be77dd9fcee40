"""Whatever bytes are changed, a signed file passes with no other content and nothing crashes."""

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from app.domain.signature import Coverage, Indication, Verdict
from tests.signatures.forge_pdf import byte_range, plain_pdf
from tests.signatures.forge_xml import INVOICE, SIGNATURE, Recipe, sign_xml
from tests.signatures.office import Desk

gently = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
shares = st.floats(0, 1, exclude_max=True)
pieces = st.binary(max_size=12)
SPACE = b" \t\r\n\x0c\x00"  # what PDF takes for white space


@pytest.fixture(scope="session")
def pdf(desk: Desk) -> bytes:
    return desk.sign(plain_pdf(), "firm", stamped=False)


@pytest.fixture(scope="session")
def pdf_signed_twice(desk: Desk, pdf: bytes) -> bytes:
    return desk.sign(pdf, stamped=False)


@pytest.fixture(scope="session")
def invoice(desk: Desk) -> bytes:
    return sign_xml(desk, INVOICE, Recipe(uris=("#data",), place=".//NBan", transforms=()))


def assert_not_passed(verdict: Verdict) -> None:
    assert verdict.indication is not Indication.TOTAL_PASSED
    assert not verdict.intact


@gently
@given(share=shares, value=st.integers(0, 255))
def test_no_covered_byte_of_a_pdf_can_be_changed(
    desk: Desk, pdf: bytes, share: float, value: int
) -> None:
    _, length, resume, rest = byte_range(pdf)
    covered = int(share * (length + rest))
    position = covered if covered < length else covered - length + resume
    changed = pdf[:position] + bytes([value]) + pdf[position + 1 :]

    verdict = desk.verdict(changed)

    if changed == pdf:
        assert verdict.indication is Indication.TOTAL_PASSED
    else:
        assert_not_passed(verdict)


@gently
@given(share=shares, value=st.sampled_from(b"0123456789abcdefABCDEF> <"))
def test_a_changed_signature_value_passes_only_as_the_same_signature(
    desk: Desk, pdf: bytes, share: float, value: int
) -> None:
    _, length, resume, _ = byte_range(pdf)
    position = length + int(share * (resume - length))

    verdict = desk.verdict(pdf[:position] + bytes([value]) + pdf[position + 1 :])

    if verdict.indication is Indication.TOTAL_PASSED:
        assert verdict.signatures[0].signer == "CÔNG TY TNHH MẪU"
        assert verdict.coverage is Coverage.WHOLE


@gently
@given(at=shares, length=st.integers(0, 400), piece=pieces)
def test_bytes_cut_out_of_or_put_into_a_pdf_never_pass(
    desk: Desk, pdf_signed_twice: bytes, at: float, length: int, piece: bytes
) -> None:
    start = int(at * len(pdf_signed_twice))
    changed = pdf_signed_twice[:start] + piece + pdf_signed_twice[start + length :]

    verdict = desk.verdict(changed)

    if changed.rstrip(SPACE) != pdf_signed_twice.rstrip(SPACE):
        assert verdict.indication is not Indication.TOTAL_PASSED or _same_but_value(
            changed, pdf_signed_twice
        )


def _same_but_value(changed: bytes, original: bytes) -> bool:
    """Whether two files differ in the last signature's unused space alone."""
    _, length, resume, _ = byte_range(original)
    return (
        len(changed) == len(original)
        and changed[:length] == original[:length]
        and changed[resume:] == original[resume:]
    )


@gently
@given(piece=st.binary(min_size=1, max_size=200), closed=st.booleans())
def test_nothing_can_be_put_behind_a_signed_pdf(
    desk: Desk, pdf: bytes, piece: bytes, *, closed: bool
) -> None:
    tail = piece + (b"\nstartxref\n0\n%%EOF\n" if closed else b"")

    verdict = desk.verdict(pdf + tail)

    if tail.strip(SPACE):
        assert_not_passed(verdict)


def _read(data: bytes) -> bytes:
    """Return what an office reads of an invoice: its data, canonicalised."""
    root = etree.fromstring(data)
    return bytes(etree.tostring(root.find("DLHDon"), method="c14n", exclusive=True))


@gently
@given(at=shares, length=st.integers(0, 40), piece=pieces)
def test_changed_xml_passes_only_if_it_reads_the_same(
    desk: Desk, invoice: bytes, at: float, length: int, piece: bytes
) -> None:
    start = int(at * len(invoice))
    changed = invoice[:start] + piece + invoice[start + length :]

    verdict = desk.verdict(changed)

    if verdict.intact:
        assert _read(changed) == _read(invoice)


@gently
@given(moved=st.integers(0, 30), under=st.integers(0, 30), copied=st.booleans())
def test_rearranged_xml_passes_only_if_it_reads_the_same(
    desk: Desk, invoice: bytes, moved: int, under: int, *, copied: bool
) -> None:
    root = etree.fromstring(invoice)
    elements = list(root.iter(etree.Element))
    element, target = elements[moved % len(elements)], elements[under % len(elements)]
    if element is root or element in target.iterancestors() or element is target:
        return
    target.append(etree.fromstring(etree.tostring(element, with_tail=False)) if copied else element)
    changed = etree.tostring(root)

    verdict = desk.verdict(changed)

    if verdict.intact:
        assert _read(changed) == _read(invoice)
        assert len(etree.fromstring(changed).findall(".//DLHDon")) == 1
        assert etree.fromstring(changed).find(f".//{SIGNATURE}") is not None


@gently
@given(
    start=st.sampled_from([b"", b"%PDF-1.7\n", b"<a>", b"0\x82", b"PK\x03\x04"]), body=st.binary()
)
def test_any_bytes_give_a_verdict(desk: Desk, start: bytes, body: bytes) -> None:
    verdict = desk.verdict(start + body)

    assert verdict.indication is not Indication.TOTAL_PASSED
    assert verdict.reason


@pytest.mark.parametrize("change", [bytes.upper, bytes.lower, lambda data: data[::-1]])
def test_wholesale_changes_never_pass(
    desk: Desk, pdf: bytes, invoice: bytes, change: Callable[[bytes], bytes]
) -> None:
    for data in (pdf, invoice):
        assert not desk.verdict(change(data)).intact
