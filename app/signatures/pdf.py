"""Signatures in PDF documents (PAdES): structure, coverage, what came after, then trust.

pyHanko parses and compares revisions; `pdf_bytes` and `pdf_policy` are the guards it needs.
"""

from dataclasses import dataclass, field
from datetime import datetime

from asn1crypto import core
from asn1crypto.cms import SignedData
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import DiffResult, ModificationLevel
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.status import SignatureCoverageLevel

from app.domain.signature import Coverage, SignatureReport, SubIndication
from app.signatures.chain import Checker, Evidence
from app.signatures.cms import (
    CmsSignature,
    Digest,
    cms_evidence,
    content_digest,
    content_stamps,
    is_about,
    read_cms,
    require_strong,
    signature_stamps,
    stamp_info,
    stamp_time,
    verify_integrity,
)
from app.signatures.draft import Draft
from app.signatures.faults import Fault, UnsignedDocument, malformed
from app.signatures.limits import require_few
from app.signatures.pdf_bytes import require_accounted_tail, require_exact_hole
from app.signatures.pdf_policy import office_diff_policy
from app.signatures.pdf_read import (
    LEGACY,
    STAMP,
    is_stamp,
    open_pdf,
    read_dss,
    read_signature,
    shows_trace,
    signature_fields,
    sub_filter,
)

_CHANGED = "Nội dung tài liệu đã bị thay đổi hoặc bổ sung sau khi ký."


@dataclass(slots=True)
class _Document:
    """One PDF under check: its bytes, its reader, what it carries and what it proves."""

    data: bytes
    reader: PdfFileReader
    checker: Checker
    carried: Evidence
    last_revision: int = -1
    stamps: list[tuple[int, datetime]] = field(default_factory=list)


def check_pdf(data: bytes, checker: Checker) -> list[SignatureReport]:
    """Check every signature of a PDF; a Fault when they cannot even be listed."""
    reader = open_pdf(data)
    fields = signature_fields(reader, data)
    require_few(len(fields))
    if not fields and shows_trace(data) and b"/UR3" not in data:
        detail = "Tệp PDF có dấu vết của chữ ký số nhưng không còn ô chữ ký nào."
        raise Fault(SubIndication.SIGNED_DATA_NOT_FOUND, detail)
    document = _Document(data, reader, checker, read_dss(reader))
    reports, signatures = [], []
    for name, value, widget in fields:
        try:
            signatures.append(read_signature(reader, name, value, widget))
        except Fault as fault:
            reports.append(Draft().failed(fault.sub_indication, fault.detail))
    reports += _check_document_stamps(document, [s for s in signatures if is_stamp(s)])
    ordinary = [s for s in signatures if not is_stamp(s)]
    document.last_revision = max((s.signed_revision for s in ordinary), default=-1)
    ordinary.sort(key=lambda signature: signature.signed_revision)
    reports += [_check_signature(document, signature) for signature in ordinary]
    if signatures and not reports:
        raise UnsignedDocument("Tài liệu chỉ có dấu thời gian, không có chữ ký số của người ký.")
    return reports


def _check_document_stamps(
    document: _Document, stamps: list[EmbeddedPdfSignature]
) -> list[SignatureReport]:
    """Take the document time stamps from last to first, each proving the one before it.

    Only false ones are reported: a stamp is not a signature of a person.
    """
    reports = []
    moment = document.checker.now
    for stamp in sorted(stamps, key=lambda stamp: stamp.signed_revision, reverse=True):
        draft = Draft()
        try:
            _settle_integrity(document, stamp, draft, is_last=False)
            token, digest = stamp.signed_data, stamp.compute_digest
            at = stamp_time(token, digest, document.carried, document.checker, moment=moment)
        except Fault as fault:
            reports.append(draft.failed(fault.sub_indication, fault.detail))
            continue
        except Exception:  # noqa: BLE001  (hostile input raises anything; it becomes a verdict)
            reports.append(draft.failed(SubIndication.POLICY_PROCESSING_ERROR))
            continue
        if at is not None:
            moment = at
            document.stamps.append((stamp.signed_revision, at))
    return reports


def _check_signature(document: _Document, signature: EmbeddedPdfSignature) -> SignatureReport:
    draft = Draft()
    try:
        is_last = signature.signed_revision == document.last_revision
        cms = _settle_integrity(document, signature, draft, is_last=is_last)
        draft.claimed_signing_at = cms.claimed_at or _claimed_in_dictionary(signature)
        _settle_time(document, signature, cms, draft)
        _require_supported(signature)
        require_strong(cms)
        draft.settle_trust(cms.certificate, document.carried + cms_evidence(cms), document.checker)
    except Fault as fault:
        return draft.failed(fault.sub_indication, fault.detail)
    except Exception:  # noqa: BLE001  (hostile input raises anything; it becomes a verdict)
        return draft.failed(SubIndication.POLICY_PROCESSING_ERROR)
    return draft.passed()


def _settle_integrity(
    document: _Document, signature: EmbeddedPdfSignature, draft: Draft, *, is_last: bool
) -> CmsSignature:
    """Fill in who signed, coverage, intact and valid; a Fault if any of them fails."""
    cms = read_cms(signature.signed_data)
    draft.name_signer(cms.certificate)
    draft.algorithm = cms.algorithm
    end = require_exact_hole(document.data, signature)
    same, draft.valid = verify_integrity(cms, _digest(signature))
    draft.coverage = _coverage(signature, is_last=is_last)
    if same and draft.valid and draft.coverage is Coverage.EXTENDED_OK:
        try:
            require_accounted_tail(document.data, document.reader, signature, end)
        except Fault as fault:
            draft.coverage = fault.coverage
            raise
    draft.intact = same and draft.coverage.is_intact
    if not same:
        raise Fault(SubIndication.HASH_FAILURE)
    if not draft.valid:
        raise Fault(SubIndication.SIG_CRYPTO_FAILURE)
    if not draft.intact:
        raise malformed(_CHANGED if draft.coverage is Coverage.EXTENDED_BAD else "")
    return cms


def _digest(signature: EmbeddedPdfSignature) -> Digest:
    """Return how the signed content is digested: the byte range, or the token or SHA-1 over it."""
    content = signature.signed_data["encap_content_info"]["content"]
    if content is core.VOID:
        return signature.compute_digest
    kind = sub_filter(signature)
    if kind == STAMP:
        is_same = is_about(stamp_info(signature.signed_data), signature.compute_digest)
    elif kind == LEGACY:
        is_same = bytes(content) == signature.compute_digest("sha1")
    else:
        raise malformed("Chữ ký mang nội dung riêng, không phải nội dung của tài liệu.")
    if not is_same:
        raise Fault(SubIndication.HASH_FAILURE)
    return content_digest(bytes(content))


_COVERAGES: dict[SignatureCoverageLevel | None, Coverage] = {
    SignatureCoverageLevel.ENTIRE_FILE: Coverage.WHOLE,
    SignatureCoverageLevel.ENTIRE_REVISION: Coverage.EXTENDED_OK,
    SignatureCoverageLevel.CONTIGUOUS_BLOCK_FROM_START: Coverage.PARTIAL,
    SignatureCoverageLevel.UNCLEAR: Coverage.PARTIAL,
}


def _coverage(signature: EmbeddedPdfSignature, *, is_last: bool) -> Coverage:
    """Judge coverage and what later revisions changed; DocMDP and the office policy both bind."""
    signature.compute_integrity_info(office_diff_policy())  # type: ignore[no-untyped-call]
    coverage = _COVERAGES.get(signature.coverage, Coverage.NONE)
    if coverage is not Coverage.EXTENDED_OK:
        return coverage
    changes = signature.diff_result
    within_docmdp = signature.summarise_integrity_info()["docmdp_ok"]
    if not isinstance(changes, DiffResult) or not within_docmdp:
        return Coverage.EXTENDED_BAD
    allowed = ModificationLevel.LTA_UPDATES if is_last else ModificationLevel.FORM_FILLING
    return coverage if changes.modification_level <= allowed else Coverage.EXTENDED_BAD


def _claimed_in_dictionary(signature: EmbeddedPdfSignature) -> datetime | None:
    try:
        claimed = signature.self_reported_timestamp
    except (PdfError, ValueError, TypeError):
        return None
    return claimed if isinstance(claimed, datetime) and claimed.tzinfo else None


def _settle_time(
    document: _Document, signature: EmbeddedPdfSignature, cms: CmsSignature, draft: Draft
) -> None:
    """Find between which instants the signature was made, as far as trusted stamps prove it."""
    revision, checker = signature.signed_revision, document.checker
    evidence = document.carried + cms_evidence(cms)
    moment = min((at for stamped, at in document.stamps if stamped > revision), default=checker.now)

    def instants(tokens: list[SignedData], stamped: Digest) -> list[datetime]:
        found = [stamp_time(t, stamped, evidence, checker, moment=moment) for t in tokens]
        return [at for at in found if at is not None]

    value = content_digest(cms.signer_info["signature"].native)
    before = instants(signature_stamps(cms), value)
    before += [moment] if moment < checker.now else []
    after = instants(content_stamps(cms), signature.compute_digest)
    after += [at for stamped, at in document.stamps if stamped < revision]
    draft.proven_signing_at = min(before, default=None)
    draft.signed_after = max(after, default=None)


def _require_supported(signature: EmbeddedPdfSignature) -> None:
    kind = sub_filter(signature)
    if kind == LEGACY:
        raise Fault(SubIndication.CRYPTO_CONSTRAINTS_FAILURE)
    if kind is None:
        detail = "Chữ ký PDF không ghi loại chữ ký."
        raise Fault(SubIndication.SIG_CONSTRAINTS_FAILURE, detail)
