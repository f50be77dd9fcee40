"""Files that are a CMS message themselves (.p7m, .p7s)."""

from asn1crypto import cms, core, pem

from app.domain.signature import Coverage, SignatureReport, SubIndication
from app.signatures.chain import Checker
from app.signatures.cms import (
    CmsSignature,
    cms_evidence,
    content_digest,
    read_cms,
    require_strong,
    signature_stamps,
    stamp_time,
    verify_integrity,
)
from app.signatures.draft import Draft
from app.signatures.faults import Fault, malformed


def check_cms(data: bytes, checker: Checker) -> list[SignatureReport]:
    """Check a CMS message that carries its content; one without it signs what is not here."""
    draft = Draft()
    try:
        signature = read_cms(_load(data))
        draft.name_signer(signature.certificate)
        draft.algorithm, draft.claimed_signing_at = signature.algorithm, signature.claimed_at
        _settle_integrity(signature, draft)
        value = content_digest(signature.signer_info["signature"].native)
        evidence = cms_evidence(signature)
        proven = [
            stamp_time(token, value, evidence, checker, moment=checker.now)
            for token in signature_stamps(signature)
        ]
        draft.proven_signing_at = min((at for at in proven if at is not None), default=None)
        require_strong(signature)
        draft.settle_trust(signature.certificate, evidence, checker)
    except Fault as fault:
        return [draft.failed(fault.sub_indication, fault.detail)]
    except Exception:  # noqa: BLE001  (hostile input raises anything; it becomes a verdict)
        return [draft.failed(SubIndication.POLICY_PROCESSING_ERROR)]
    return [draft.passed()]


def _load(data: bytes) -> cms.SignedData:
    try:
        der = pem.unarmor(data)[2] if pem.detect(data) else data
        message = cms.ContentInfo.load(der)
        content = message["content"]
        _ = content["signer_infos"], content["encap_content_info"]
    except (ValueError, TypeError, KeyError) as error:
        raise malformed("Tệp chữ ký bị hỏng.") from error
    return content


def _settle_integrity(signature: CmsSignature, draft: Draft) -> None:
    content = signature.signed_data["encap_content_info"]["content"]
    if content is core.VOID or content.native is None:
        detail = "Tệp chỉ chứa chữ ký; nội dung được ký nằm ở tệp khác."
        raise Fault(SubIndication.SIGNED_DATA_NOT_FOUND, detail)
    draft.coverage = Coverage.WHOLE
    draft.intact, draft.valid = verify_integrity(signature, content_digest(bytes(content)))
    if not draft.intact:
        raise Fault(SubIndication.HASH_FAILURE)
    if not draft.valid:
        raise Fault(SubIndication.SIG_CRYPTO_FAILURE)
