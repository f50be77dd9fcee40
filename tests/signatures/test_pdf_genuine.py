"""What honest programs do to a signed PDF must not be taken for an attack."""

import asyncio
from datetime import datetime
from io import BytesIO

import pytest
from asn1crypto import crl
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import PdfFileWriter, copy_into_new_writer
from pyhanko.sign.fields import SigFieldSpec
from pyhanko.sign.signers.pdf_signer import PdfSignatureMetadata, PdfSigner, PdfTimeStamper
from pyhanko.sign.validation.dss import DocumentSecurityStore

from app.domain.signature import Coverage, Indication, SubIndication
from app.signatures import sign
from tests.signatures import forge_pdf
from tests.signatures.office import DAY, NOW, Desk


def with_document_stamp(desk: Desk, pdf: bytes, at: datetime) -> bytes:
    """Append a document time stamp (PAdES B-LTA)."""
    stamper = PdfTimeStamper(sign._stamper(desk.keys, at))  # noqa: SLF001  (the desk's own stamper)
    output = BytesIO()
    asyncio.run(
        stamper.async_timestamp_pdf(IncrementalPdfFileWriter(BytesIO(pdf)), "sha256", output=output)
    )
    return output.getvalue()


def with_security_store(desk: Desk, pdf: bytes) -> bytes:
    """Append validation data (PAdES B-LT)."""
    output = BytesIO(pdf)
    lists = [crl.CertificateList.load(der) for der in desk.store.crls]
    DocumentSecurityStore.add_dss(output, sig_contents=None, crls=lists)
    return output.getvalue()


def with_visible_signature(desk: Desk, pdf: bytes, signer: str) -> bytes:
    """Sign in a visible box, as the programs of officers do."""
    key, chain = sign._read_holder(desk.keys, signer)  # noqa: SLF001  (a reader of key files)
    box = SigFieldSpec("Visible", box=(10, 10, 120, 60))
    cms_signer = sign.SimpleSigner(chain[0], key, sign._store(chain))  # noqa: SLF001
    metadata = PdfSignatureMetadata(field_name="Visible", md_algorithm="sha256")
    output = BytesIO()
    asyncio.run(
        PdfSigner(metadata, cms_signer, new_field_spec=box).async_sign_pdf(
            IncrementalPdfFileWriter(BytesIO(pdf)), output=output
        )
    )
    return output.getvalue()


def test_two_signatures_pass_and_each_is_told(desk: Desk, signed: bytes) -> None:
    verdict = desk.verdict(desk.sign(signed, "citizen"))

    assert verdict.indication is Indication.TOTAL_PASSED
    assert verdict.coverage is Coverage.EXTENDED_OK
    assert [s.coverage for s in verdict.signatures] == [Coverage.EXTENDED_OK, Coverage.WHOLE]
    assert [s.signer for s in verdict.signatures] == ["Sở Tư pháp", "NGUYỄN VĂN MẪU"]


def test_a_visible_second_signature_passes(desk: Desk, signed: bytes) -> None:
    verdict = desk.verdict(with_visible_signature(desk, signed, "firm"))

    assert verdict.indication is Indication.TOTAL_PASSED
    assert len(verdict.signatures) == 2


def test_one_bad_signature_of_two_is_the_documents_verdict(desk: Desk, signed: bytes) -> None:
    verdict = desk.verdict(desk.sign(signed, "revoked"))

    assert verdict.sub_indication is SubIndication.REVOKED_NO_POE
    assert verdict.signatures[0].indication is Indication.TOTAL_PASSED


def test_validation_data_and_stamps_may_follow_a_signature(desk: Desk, signed: bytes) -> None:
    extended = with_document_stamp(desk, with_security_store(desk, signed), NOW)

    verdict = desk.verdict(extended)

    assert verdict.indication is Indication.TOTAL_PASSED
    assert verdict.coverage is Coverage.EXTENDED_OK
    assert len(verdict.signatures) == 1


def test_a_document_stamp_is_told_by_its_kind_even_without_a_type(desk: Desk) -> None:
    document = with_document_stamp(desk, desk.sign(forge_pdf.plain_pdf(), stamped=False), NOW)
    untyped = document.replace(b"/Type /DocTimeStamp", b"/Typo /DocTimeStamp")
    assert untyped != document

    stamp, signature = desk.verdict(untyped).signatures  # read as a stamp, if a broken one now

    assert (stamp.signer, stamp.sub_indication) == (
        "Dịch vụ cấp dấu thời gian mẫu",
        SubIndication.HASH_FAILURE,
    )
    assert signature.signer == "Sở Tư pháp"


def test_a_document_stamp_proves_the_signature_before_it(troubled: Desk) -> None:
    then = NOW - 200 * DAY
    document = troubled.sign(forge_pdf.plain_pdf(), "lapsed", now=then, stamped=False)

    verdict = troubled.verdict(with_document_stamp(troubled, document, then + DAY))

    assert verdict.indication is Indication.TOTAL_PASSED
    assert verdict.signatures[0].proven_signing_at == then + DAY


def test_a_signature_after_a_stamp_that_follows_the_revocation_has_failed(troubled: Desk) -> None:
    """Only what the signer signed over proves that signing came later (EN 319 102-1)."""
    stamped = with_document_stamp(troubled, forge_pdf.plain_pdf(), NOW - 10 * DAY)

    verdict = troubled.verdict(troubled.sign(stamped, "lost"))

    assert verdict.indication is Indication.TOTAL_FAILED
    assert verdict.sub_indication is SubIndication.REVOKED


def test_a_document_with_a_stamp_alone_is_not_signed(desk: Desk) -> None:
    verdict = desk.verdict(with_document_stamp(desk, forge_pdf.plain_pdf(), NOW))

    assert verdict.indication is Indication.NO_SIGNATURE
    assert "chỉ có dấu thời gian" in verdict.reason


def test_validation_data_inside_the_document_helps_when_the_folder_has_none(
    troubled: Desk,
) -> None:
    document = with_security_store(troubled, troubled.sign(forge_pdf.plain_pdf(), "good"))
    bare = Desk(troubled.folder, type(troubled.store)(anchors=troubled.store.anchors))

    assert bare.verdict(document).indication is Indication.TOTAL_PASSED


def test_validation_data_inside_the_document_never_outvotes_the_folder(troubled: Desk) -> None:
    lenient = Desk(
        troubled.folder,
        type(troubled.store)(crls=tuple(der for der in troubled.store.crls if len(der) < 300)),
    )
    document = with_security_store(lenient, troubled.sign(forge_pdf.plain_pdf(), "lost"))

    assert troubled.verdict(document).sub_indication is SubIndication.REVOKED_NO_POE


@pytest.mark.parametrize("stream_xrefs", [True, False])
def test_cross_reference_streams_and_tables_both_pass(desk: Desk, *, stream_xrefs: bool) -> None:
    writer = copy_into_new_writer(PdfFileReader(BytesIO(forge_pdf.plain_pdf())))
    writer.stream_xrefs = stream_xrefs
    output = BytesIO()
    writer.write(output)

    verdict = desk.verdict(desk.sign(desk.sign(output.getvalue()), "firm"))

    assert verdict.indication is Indication.TOTAL_PASSED


def test_hybrid_cross_references_as_word_writes_them_pass(desk: Desk) -> None:
    verdict = desk.verdict(desk.sign(desk.sign(forge_pdf.hybrid_pdf()), "firm"))

    assert verdict.indication is Indication.TOTAL_PASSED


def test_a_document_protected_from_copying_is_checked_like_any_other(desk: Desk) -> None:
    source = PdfFileReader(BytesIO(forge_pdf.plain_pdf()))
    writer = copy_into_new_writer(source)
    writer.encrypt("owner", "")
    output = BytesIO()
    writer.write(output)
    protected = IncrementalPdfFileWriter(BytesIO(output.getvalue()))
    protected.encrypt("")
    key, chain = sign._read_holder(desk.keys, "firm")  # noqa: SLF001  (a reader of key files)
    signer = sign.SimpleSigner(chain[0], key, sign._store(chain))  # noqa: SLF001
    metadata = PdfSignatureMetadata(field_name="Signature1", md_algorithm="sha256")
    result = BytesIO()
    asyncio.run(PdfSigner(metadata, signer).async_sign_pdf(protected, output=result))

    assert desk.verdict(result.getvalue()).indication is Indication.TOTAL_PASSED


def test_a_document_that_needs_a_password_is_left_to_the_officer(signed: bytes, desk: Desk) -> None:
    writer: PdfFileWriter = copy_into_new_writer(PdfFileReader(BytesIO(signed)))
    writer.encrypt("owner", "secret")
    output = BytesIO()
    writer.write(output)

    verdict = desk.verdict(output.getvalue())

    assert verdict.sub_indication is SubIndication.POLICY_PROCESSING_ERROR
    assert "mật khẩu" in verdict.reason


def test_white_space_after_the_end_changes_nothing(desk: Desk, signed: bytes) -> None:
    assert desk.verdict(signed + b"\r\n").indication is Indication.TOTAL_PASSED
