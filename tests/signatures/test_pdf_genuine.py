"""What honest programs do to a signed PDF must not be taken for an attack."""

from io import BytesIO

import pytest
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import MDPPerm

from app.domain.signature import Coverage, Indication, SubIndication
from app.signatures.trust import TrustStore
from tests.signatures.forge_pdf import hybrid_pdf, plain_pdf
from tests.signatures.honest_pdf import (
    certified,
    rewritten,
    with_document_stamp,
    with_security_store,
    with_signature,
)
from tests.signatures.office import DAY, NOW, Desk


def test_two_signatures_pass_and_each_is_told(desk: Desk, signed: bytes) -> None:
    verdict = desk.verdict(desk.sign(signed, "citizen"))

    assert verdict.indication is Indication.TOTAL_PASSED
    assert verdict.coverage is Coverage.EXTENDED_OK
    assert [s.coverage for s in verdict.signatures] == [Coverage.EXTENDED_OK, Coverage.WHOLE]
    assert [s.signer for s in verdict.signatures] == ["Sở Tư pháp", "NGUYỄN VĂN MẪU"]


def test_a_visible_second_signature_passes(desk: Desk, signed: bytes) -> None:
    verdict = desk.verdict(
        with_signature(desk, IncrementalPdfFileWriter(BytesIO(signed)), "firm", is_visible=True)
    )

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
    document = with_document_stamp(desk, desk.sign(plain_pdf(), stamped=False), NOW)
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
    document = troubled.sign(plain_pdf(), "lapsed", now=then, stamped=False)

    verdict = troubled.verdict(with_document_stamp(troubled, document, then + DAY))

    assert verdict.indication is Indication.TOTAL_PASSED
    assert verdict.signatures[0].proven_signing_at == then + DAY


def test_a_signature_after_a_stamp_that_follows_the_revocation_has_failed(troubled: Desk) -> None:
    """Only what the signer signed over proves that signing came later (EN 319 102-1)."""
    stamped = with_document_stamp(troubled, plain_pdf(), NOW - 10 * DAY)

    verdict = troubled.verdict(troubled.sign(stamped, "lost"))

    assert verdict.indication is Indication.TOTAL_FAILED
    assert verdict.sub_indication is SubIndication.REVOKED


def test_a_document_with_a_stamp_alone_is_not_signed(desk: Desk) -> None:
    verdict = desk.verdict(with_document_stamp(desk, plain_pdf(), NOW))

    assert verdict.indication is Indication.NO_SIGNATURE
    assert "chỉ có dấu thời gian" in verdict.reason


def test_validation_data_inside_the_document_helps_when_the_folder_has_none(
    troubled: Desk,
) -> None:
    document = with_security_store(troubled, troubled.sign(plain_pdf(), "good"))
    bare = Desk(troubled.folder, TrustStore(anchors=troubled.store.anchors))

    assert bare.verdict(document).indication is Indication.TOTAL_PASSED


def test_validation_data_inside_the_document_never_outvotes_the_folder(troubled: Desk) -> None:
    lenient = Desk(
        troubled.folder,
        TrustStore(crls=tuple(der for der in troubled.store.crls if len(der) < 300)),
    )
    document = with_security_store(lenient, troubled.sign(plain_pdf(), "lost"))

    assert troubled.verdict(document).sub_indication is SubIndication.REVOKED_NO_POE


@pytest.mark.parametrize("stream_xrefs", [True, False])
def test_cross_reference_streams_and_tables_both_pass(desk: Desk, *, stream_xrefs: bool) -> None:
    document = rewritten(plain_pdf(), stream_xrefs=stream_xrefs)

    verdict = desk.verdict(desk.sign(desk.sign(document), "firm"))

    assert verdict.indication is Indication.TOTAL_PASSED


def test_hybrid_cross_references_as_word_writes_them_pass(desk: Desk) -> None:
    verdict = desk.verdict(desk.sign(desk.sign(hybrid_pdf()), "firm"))

    assert verdict.indication is Indication.TOTAL_PASSED


def test_a_document_protected_from_copying_is_checked_like_any_other(desk: Desk) -> None:
    writer = IncrementalPdfFileWriter(BytesIO(rewritten(plain_pdf(), password="")))
    writer.encrypt("")  # type: ignore[no-untyped-call]

    assert desk.verdict(with_signature(desk, writer)).indication is Indication.TOTAL_PASSED


def test_a_signed_document_that_needs_a_password_is_left_to_the_officer(
    signed: bytes, desk: Desk
) -> None:
    verdict = desk.verdict(rewritten(signed, password="secret"))

    assert verdict.sub_indication is SubIndication.POLICY_PROCESSING_ERROR
    assert "mật khẩu" in verdict.reason


def test_an_unsigned_document_that_needs_a_password_is_unsigned(desk: Desk) -> None:
    verdict = desk.verdict(rewritten(plain_pdf(), password="secret"))

    assert verdict.indication is Indication.NO_SIGNATURE


@pytest.mark.parametrize("permission", [MDPPerm.FILL_FORMS, MDPPerm.ANNOTATE])
def test_a_certified_document_may_be_signed_again_where_the_author_allows_it(
    desk: Desk, permission: MDPPerm
) -> None:
    verdict = desk.verdict(desk.sign(certified(desk, plain_pdf(), permission), "firm"))

    assert verdict.indication is Indication.TOTAL_PASSED


def test_white_space_after_the_end_changes_nothing(desk: Desk, signed: bytes) -> None:
    assert desk.verdict(signed + b"\r\n").indication is Indication.TOTAL_PASSED
