"""Signing keeps what was there, claims the given instant and asks no network."""

from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import pytest
from pyhanko.pdf_utils.reader import PdfFileReader

from app.domain.signature import Indication
from app.signatures.sign import sign_pdf
from tests.signatures.forge_pdf import plain_pdf
from tests.signatures.office import AGENCY, DAY, NOW, Desk


def test_a_signature_is_appended_and_earlier_bytes_stay(desk: Desk) -> None:
    document = plain_pdf()
    once = desk.sign(document)
    twice = desk.sign(once, "firm")

    assert once.startswith(document)
    assert twice.startswith(once)
    names = [s.field_name for s in PdfFileReader(BytesIO(twice)).embedded_signatures]
    assert names == ["Signature1", "Signature2"]


def test_the_form_is_pades_with_a_stamp(desk: Desk) -> None:
    (signature,) = PdfFileReader(BytesIO(desk.sign(plain_pdf()))).embedded_signatures

    assert signature.sig_object["/SubFilter"] == "/ETSI.CAdES.detached"
    unsigned = signature.signer_info["unsigned_attrs"].native
    assert [attribute["type"] for attribute in unsigned] == ["signature_time_stamp_token"]


def test_the_claimed_and_the_stamped_time_are_the_given_one(desk: Desk) -> None:
    then = NOW - DAY

    (report,) = desk.verdict(desk.sign(plain_pdf(), now=then)).signatures

    assert (report.claimed_signing_at, report.proven_signing_at) == (then, then)


def test_reason_and_place_are_written_with_diacritics(desk: Desk) -> None:
    signed = sign_pdf(
        plain_pdf(), AGENCY, desk.keys, now=NOW, reason="Trả kết quả", location="Việt Trì"
    )
    (signature,) = PdfFileReader(BytesIO(signed)).embedded_signatures

    assert signature.sig_object["/Reason"] == "Trả kết quả"
    assert signature.sig_object["/Location"] == "Việt Trì"
    assert desk.verdict(signed).indication is Indication.TOTAL_PASSED


def test_a_holder_without_a_key_cannot_sign(desk: Desk) -> None:
    with pytest.raises(OSError, match="nobody"):
        desk.sign(plain_pdf(), "nobody")


def test_threads_sign_beside_each_other(desk: Desk) -> None:
    with ThreadPoolExecutor(4) as threads:
        documents = list(threads.map(lambda _: desk.sign(plain_pdf(), "firm"), range(8)))

    assert {desk.verdict(d).indication for d in documents} == {Indication.TOTAL_PASSED}
