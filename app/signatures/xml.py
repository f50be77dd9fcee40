"""XML signatures (XMLDSig, XAdES): shape and coverage by our own checks, cryptography by xmlsec."""

from base64 import b64decode

import xmlsec
from asn1crypto import x509
from lxml import etree

from app.domain.signature import SignatureReport, SubIndication
from app.signatures.chain import Checker
from app.signatures.cms import content_digest, stamp_time
from app.signatures.draft import Draft
from app.signatures.faults import Fault, malformed
from app.signatures.limits import require_few
from app.signatures.xades import (
    carried_evidence,
    claimed_time,
    names_certificate,
    own_properties,
    signature_tokens,
)
from app.signatures.xml_cover import coverage_of
from app.signatures.xml_shape import (
    DS,
    Element,
    Ids,
    Parts,
    collect_ids,
    has_dtd,
    parse_xml,
    read_parts,
)

_SHORTEST_RSA = 2048
_NAMESPACE = DS.strip("{}").encode()
_DOCTYPES = tuple("<!DOCTYPE".encode(code) for code in ("ascii", "utf-16-le", "utf-16-be"))

# Algorithm URI -> the transform for `verify_binary`; None where the binding does not name it.
_METHODS = {
    "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256": xmlsec.constants.TransformRsaSha256,
    "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384": xmlsec.constants.TransformRsaSha384,
    "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512": xmlsec.constants.TransformRsaSha512,
    "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256": xmlsec.constants.TransformEcdsaSha256,
    "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384": xmlsec.constants.TransformEcdsaSha384,
    "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512": xmlsec.constants.TransformEcdsaSha512,
    "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1": None,
    "http://www.w3.org/2007/05/xmldsig-more#sha384-rsa-MGF1": None,
    "http://www.w3.org/2007/05/xmldsig-more#sha512-rsa-MGF1": None,
}
_WEAK_METHODS = {
    "http://www.w3.org/2000/09/xmldsig#rsa-sha1": xmlsec.constants.TransformRsaSha1,
    "http://www.w3.org/2000/09/xmldsig#dsa-sha1": xmlsec.constants.TransformDsaSha1,
    "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha1": xmlsec.constants.TransformEcdsaSha1,
}
_DIGESTS = frozenset(
    {
        "http://www.w3.org/2001/04/xmlenc#sha256",
        "http://www.w3.org/2001/04/xmldsig-more#sha384",
        "http://www.w3.org/2001/04/xmlenc#sha512",
    }
)


def check_xml(data: bytes, checker: Checker) -> list[SignatureReport]:
    """Check every ds:Signature of an XML document; a Fault when they cannot even be listed."""
    is_signed = _NAMESPACE in data or _NAMESPACE.decode().encode("utf-16-le")[:-1] in data
    if is_signed and any(mark in data for mark in _DOCTYPES):
        raise malformed("Tệp XML khai báo DTD hoặc thực thể.")
    try:
        root = parse_xml(data)
    except etree.XMLSyntaxError:
        if is_signed:
            raise malformed("Tệp XML bị hỏng.") from None
        return []
    nodes = list(root.iter(f"{DS}Signature"))
    if nodes and has_dtd(root):
        raise malformed("Tệp XML khai báo DTD hoặc thực thể.")
    require_few(len(nodes))
    ids = collect_ids(root) if nodes else {}
    return [_check_signature(node, root, ids, checker) for node in nodes]


def _check_signature(node: Element, root: Element, ids: Ids, checker: Checker) -> SignatureReport:
    draft = Draft()
    try:
        parts = read_parts(node, root, ids)
        properties = own_properties(parts)
        certificate = x509.Certificate.load(_choose_certificate(parts))
        draft.name_signer(certificate)
        draft.algorithm = parts.method.rpartition("#")[2]
        _settle_integrity(parts, root, ids, certificate, draft)
        _require(
            names_certificate(properties, certificate.dump()),
            "Chữ ký ghi một chứng thư số khác với chứng thư kèm theo.",
        )
        draft.claimed_signing_at = claimed_time(parts)
        _settle_time(parts, draft, checker)
        _require_strong(parts, certificate)
        _require(draft.coverage.is_intact, "Chữ ký chỉ bảo vệ một phần tài liệu.")
        draft.settle_trust(certificate, carried_evidence(parts), checker)
    except Fault as fault:
        return draft.failed(fault.sub_indication, fault.detail)
    except Exception:  # noqa: BLE001  (hostile input raises anything; it becomes a verdict)
        return draft.failed(SubIndication.POLICY_PROCESSING_ERROR)
    return draft.passed()


def _require(condition: bool, detail: str) -> None:  # noqa: FBT001  (reads as an assertion)
    if not condition:
        raise Fault(SubIndication.SIG_CONSTRAINTS_FAILURE, detail)


def _choose_certificate(parts: Parts) -> bytes:
    """Pick the signer's certificate: the one that issued none of the others."""
    try:
        loaded = [x509.Certificate.load(der) for der in dict.fromkeys(parts.certificates)]
        issuers = {c.issuer.hashable for c in loaded if c.self_signed == "no"}
        leaves = [c for c in loaded if c.subject.hashable not in issuers] or loaded
    except (ValueError, TypeError, KeyError):
        raise malformed("Chứng thư số trong chữ ký bị hỏng.") from None
    if not leaves:
        detail = "Chữ ký không kèm chứng thư số của người ký."
        raise Fault(SubIndication.SIG_CONSTRAINTS_FAILURE, detail)
    return bytes(leaves[0].dump())


def _settle_integrity(
    parts: Parts, root: Element, ids: Ids, certificate: x509.Certificate, draft: Draft
) -> None:
    """Fill in coverage, intact and valid; a Fault if the signed content is not what is read."""
    if parts.method not in _METHODS and parts.method not in _WEAK_METHODS:
        raise Fault(SubIndication.CRYPTO_CONSTRAINTS_FAILURE)
    coverage, is_unambiguous = coverage_of(parts, root)
    key = xmlsec.Key.from_memory(certificate.dump(), xmlsec.constants.KeyDataFormatCertDer)
    same = _verifies(parts, ids, key)
    draft.valid = same or _signed_info_verifies(parts, key)
    draft.coverage = coverage
    draft.intact = same and is_unambiguous
    if not draft.valid:
        raise Fault(SubIndication.SIG_CRYPTO_FAILURE)
    if not same:
        raise Fault(SubIndication.HASH_FAILURE)
    if not is_unambiguous:
        raise malformed("Phần tử được ký không phải là nội dung của tài liệu.")


def _verifies(parts: Parts, ids: Ids, key: xmlsec.Key) -> bool:
    """Have xmlsec verify references and signature with this key and no other."""
    context = xmlsec.SignatureContext()
    context.key = key
    targets = {id(reference.target) for reference in parts.references}
    for places in ids.values():
        for element, name in places:
            if id(element) in targets:
                attribute = etree.QName(name)
                context.register_id(element, attribute.localname, attribute.namespace)
    try:
        context.verify(parts.node)
    except xmlsec.VerificationError:
        return False
    except xmlsec.Error:
        raise malformed("Cấu trúc chữ ký XML bị hỏng.") from None
    return True


def _signed_info_verifies(parts: Parts, key: xmlsec.Key) -> bool:
    """Whether SignedInfo is still as it was signed: a changed document, not a false signature.

    Only for the words of the verdict, which is a failure either way. lxml adds empty default
    namespaces when it canonicalises a part, so both readings are tried.
    """
    transform = {**_METHODS, **_WEAK_METHODS}[parts.method]
    if transform is None:
        return False
    method = parts.signed_info.find(f"{DS}CanonicalizationMethod")
    exclusive = method is not None and "exc-c14n" in method.get("Algorithm", "")
    text = etree.tostring(parts.signed_info, method="c14n", exclusive=exclusive, with_tail=False)
    try:
        value = b64decode("".join(parts.value.itertext()))
    except ValueError:
        return False
    for data in (text, text.replace(b' xmlns=""', b"")):
        context = xmlsec.SignatureContext()
        context.key = key
        try:
            context.verify_binary(data, transform, value)
        except xmlsec.Error:
            continue
        return True
    return False


def _settle_time(parts: Parts, draft: Draft, checker: Checker) -> None:
    evidence = carried_evidence(parts)
    proven = [
        stamp_time(token, content_digest(stamped), evidence, checker, moment=checker.now)
        for token, stamped in signature_tokens(parts)
    ]
    draft.proven_signing_at = min((at for at in proven if at is not None), default=None)


def _require_strong(parts: Parts, certificate: x509.Certificate) -> None:
    is_short = certificate.public_key.algorithm == "rsa" and (
        certificate.public_key.bit_size < _SHORTEST_RSA
    )
    digests = {reference.digest_method for reference in parts.references}
    if parts.method not in _METHODS or not digests <= _DIGESTS or is_short:
        raise Fault(SubIndication.CRYPTO_CONSTRAINTS_FAILURE)
