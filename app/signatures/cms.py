"""CMS signatures (RFC 5652) and time-stamp tokens (RFC 3161), shared by PDF, XAdES and .p7m."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from asn1crypto import cms, core, tsp, x509
from cryptography.hazmat.primitives import hashes
from pyhanko.sign.ades.report import AdESFailure
from pyhanko.sign.general import CMSExtractionError, extract_signer_info, find_cms_attribute_iter
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko.sign.validation.generic_cms import (
    extract_certs_for_validation,
    extract_self_reported_ts,
    validate_sig_integrity,
)
from pyhanko.sign.validation.utils import DEFAULT_ALGORITHM_USAGE_POLICY
from pyhanko_certvalidator.util import get_pyca_cryptography_hash

from app.domain.signature import SubIndication
from app.signatures.chain import STAMP_USAGE, Checker, Evidence
from app.signatures.faults import Fault, malformed

Digest = Callable[[str], bytes]
"""Computes the digest of the signed content for a named hash algorithm."""

_MECHANISMS = frozenset(
    {
        "rsassa_pkcs1v15",
        "rsassa_pss",
        "dsa",
        "ecdsa",
        "ed25519",
        "ed448",
        "mldsa44",
        "mldsa65",
        "mldsa87",
    }
)


@dataclass(frozen=True, slots=True)
class CmsSignature:
    """A CMS SignedData with exactly one signer whose certificate it carries."""

    signed_data: cms.SignedData
    signer_info: cms.SignerInfo
    certificate: x509.Certificate

    @property
    def hash_name(self) -> str:
        """Name of the digest over the content."""
        return str(self.signer_info["digest_algorithm"]["algorithm"].native).lower()

    @property
    def algorithm(self) -> str:
        """Mechanism and hash, e.g. `ecdsa-sha256`."""
        return f"{_mechanism(self.signer_info)}-{self.hash_name}"

    @property
    def claimed_at(self) -> datetime | None:
        """The signing time that the signer wrote into the signed attributes."""
        claimed = extract_self_reported_ts(self.signer_info)
        return claimed if isinstance(claimed, datetime) and claimed.tzinfo else None


def read_cms(signed_data: cms.SignedData) -> CmsSignature:
    """Read a SignedData; a Fault unless it has one signer and that signer's certificate."""
    try:
        signer_info = extract_signer_info(signed_data)
    except CMSExtractionError:
        if len(signed_data["signer_infos"]) == 0:
            raise malformed("Chữ ký số rỗng.") from None
        detail = "Một chữ ký số chứa nhiều người ký; hệ thống không kiểm tra loại này."
        raise Fault(SubIndication.SIG_CONSTRAINTS_FAILURE, detail) from None
    try:
        certificate = extract_certs_for_validation(signed_data).signer_cert
    except SignatureValidationError:
        detail = "Không có đúng chứng thư số của người ký trong chữ ký."
        raise Fault(SubIndication.SIG_CONSTRAINTS_FAILURE, detail) from None
    return CmsSignature(signed_data, signer_info, certificate)


def _mechanism(signer_info: cms.SignerInfo) -> str:
    algorithm = signer_info["signature_algorithm"]
    try:
        return str(algorithm.signature_algo)
    except ValueError:
        return str(algorithm["algorithm"].native)


def verify_integrity(signature: CmsSignature, digest: Digest) -> tuple[bool, bool]:
    """Return (the content is the signed one, the signature is by the certificate's key)."""
    if _mechanism(signature.signer_info) not in _MECHANISMS:
        raise Fault(SubIndication.CRYPTO_CONSTRAINTS_FAILURE)
    try:
        actual = digest(signature.hash_name)
    except AttributeError:  # a hash that cryptography does not have
        raise Fault(SubIndication.CRYPTO_CONSTRAINTS_FAILURE) from None
    content_type = signature.signed_data["encap_content_info"]["content_type"].native
    try:
        intact, valid = validate_sig_integrity(
            signature.signer_info,
            signature.certificate,
            expected_content_type=content_type,
            actual_digest=actual,
        )
    except SignatureValidationError as error:
        if error.ades_subindication is AdESFailure.FORMAT_FAILURE:
            raise malformed("Thuộc tính được ký bị thiếu hoặc trùng lặp.") from None
        raise Fault(SubIndication.SIG_CONSTRAINTS_FAILURE) from None
    except AssertionError:  # the library asserts that algorithm and key are of one kind
        raise Fault(SubIndication.SIG_CRYPTO_FAILURE) from None
    return bool(intact), bool(valid)


def require_strong(signature: CmsSignature) -> None:
    """Raise a Fault for weak or mismatched algorithms (SHA-1, short keys, RFC 8933)."""
    policy = DEFAULT_ALGORITHM_USAGE_POLICY
    mechanism = signature.signer_info["signature_algorithm"]
    hash_used = signature.signer_info["digest_algorithm"]
    key = signature.certificate.public_key
    checks: Iterable[Callable[[], object]] = (
        lambda: policy.signature_algorithm_allowed(mechanism, moment=None, public_key=key),
        lambda: policy.digest_algorithm_allowed(hash_used, moment=None),
        lambda: policy.digest_combination_allowed(mechanism, hash_used, moment=None),
    )
    if not all(check() for check in checks):
        raise Fault(SubIndication.CRYPTO_CONSTRAINTS_FAILURE)


def content_digest(data: bytes) -> Digest:
    """Return a digest function over given bytes."""

    def compute(name: str) -> bytes:
        md = hashes.Hash(get_pyca_cryptography_hash(name))
        md.update(data)
        return md.finalize()

    return compute


def cms_evidence(signature: CmsSignature) -> Evidence:
    """Collect the certificates and revocation data that a CMS signature carries."""
    certificates = tuple(
        choice.chosen.untag().dump()
        for choice in signature.signed_data["certificates"]
        if choice.name == "certificate"
    )
    lists = tuple(
        choice.chosen.dump() for choice in signature.signed_data["crls"] if choice.name != "other"
    )
    found = Evidence(certificates, lists)
    for archive in _attributes(signature, "adobe_revocation_info_archival", signed=True):
        found += Evidence(
            crls=tuple(item.dump() for item in archive["crl"] or ()),
            ocsps=tuple(item.dump() for item in archive["ocsp"] or ()),
        )
    return found


def _attributes(signature: CmsSignature, name: str, *, signed: bool) -> Iterator[core.Asn1Value]:
    attributes = signature.signer_info["signed_attrs" if signed else "unsigned_attrs"]
    yield from find_cms_attribute_iter(attributes, name)


def signature_stamps(signature: CmsSignature) -> list[cms.SignedData]:
    """Return the RFC 3161 tokens over this signature's value (CAdES-T, PAdES B-T)."""
    tokens = _attributes(signature, "signature_time_stamp_token", signed=False)
    return [token["content"] for token in tokens]


def content_stamps(signature: CmsSignature) -> list[cms.SignedData]:
    """Return the tokens over the content that the signer signed too: signing came after them."""
    tokens = _attributes(signature, "content_time_stamp", signed=True)
    return [token["content"] for token in tokens]


def stamp_info(token: cms.SignedData) -> tsp.TSTInfo:
    """Return what a token states; a Fault if it is no time-stamp token."""
    content = token["encap_content_info"]["content"]
    info = content.parsed if isinstance(content, core.ParsableOctetString) else None
    if not isinstance(info, tsp.TSTInfo):
        raise Fault(SubIndication.SIG_CONSTRAINTS_FAILURE, _BAD_STAMP)
    return info


def is_about(info: tsp.TSTInfo, stamped: Digest) -> bool:
    """Whether a token's imprint is that of the stamped bytes."""
    imprint = info["message_imprint"]
    expected = stamped(str(imprint["hash_algorithm"]["algorithm"].native))
    return bool(imprint["hashed_message"].native == expected)


def stamp_time(
    token: cms.SignedData,
    stamped: Digest,
    evidence: Evidence,
    checker: Checker,
    *,
    moment: datetime,
) -> datetime | None:
    """Return the instant a token proves, None if its authority is not trusted as of `moment`.

    Raises a Fault when the token is not about these bytes or is itself forged: a signature with
    a false stamp is not simply one without a stamp.
    """
    signature = read_cms(token)
    info = stamp_info(token)
    content = content_digest(bytes(token["encap_content_info"]["content"]))
    if not (is_about(info, stamped) and all(verify_integrity(signature, content))):
        raise Fault(SubIndication.SIG_CONSTRAINTS_FAILURE, _BAD_STAMP)
    stamped_at: datetime = info["gen_time"].native
    try:
        require_strong(signature)
    except Fault:
        return None
    carried = evidence + cms_evidence(signature)
    result = checker.check(signature.certificate, carried, moment=moment, usage=STAMP_USAGE)
    return stamped_at if result.sub_indication is None and stamped_at <= moment else None


_BAD_STAMP = "Dấu thời gian không khớp với chữ ký."
