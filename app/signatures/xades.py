"""XAdES (ETSI EN 319 132): properties that belong to an XML signature, and its time stamps."""

from base64 import b64decode
from collections.abc import Iterator
from datetime import datetime
from hashlib import new
from zoneinfo import ZoneInfo

from asn1crypto import cms
from lxml import etree

from app.domain.signature import SubIndication
from app.signatures.chain import Evidence
from app.signatures.faults import Fault, malformed
from app.signatures.xml_shape import CANONICALIZATIONS, DS, Element, Parts, local_name

_HASHES = {"sha1": "sha1", "sha256": "sha256", "sha384": "sha384", "sha512": "sha512"}
_LOCAL = ZoneInfo("Asia/Ho_Chi_Minh")
_FOREIGN = "Thuộc tính được ký không thuộc về chữ ký này."


def own_properties(parts: Parts) -> Element | None:
    """Return this signature's SignedProperties; a Fault if it signs another's or omits them."""
    own = list(_inside(parts.node, "SignedProperties"))
    signed = [
        reference.target
        for reference in parts.references
        if reference.kind.endswith("#SignedProperties")
        or local_name(reference.target) == "SignedProperties"
    ]
    if any(target not in own for target in signed):
        raise malformed(_FOREIGN)
    if len(own) != len(signed) or len(own) > 1:
        raise Fault(SubIndication.SIG_CONSTRAINTS_FAILURE, _FOREIGN)
    for qualifying in _inside(parts.node, "QualifyingProperties"):
        if qualifying.get("Target", f"#{parts.node.get('Id')}") != f"#{parts.node.get('Id')}":
            raise malformed(_FOREIGN)
    return own[0] if own else None


def _inside(node: Element, name: str) -> Iterator[Element]:
    """Yield the elements of a name in this signature's objects, not in signatures inside it."""
    for item in node.iter(f"{{*}}{name}"):
        if next(item.iterancestors(f"{DS}Signature"), None) is node:
            yield item


def names_certificate(properties: Element | None, certificate: bytes) -> bool:
    """Whether the signed certificate digest, where there is one, is of this certificate."""
    for entry in () if properties is None else properties.iter("{*}Cert"):
        method = entry.find("{*}CertDigest/{*}DigestMethod")
        digest = entry.findtext("{*}CertDigest/{*}DigestValue")
        if method is not None and digest:
            name = str(method.get("Algorithm", "")).rpartition("#")[2]
            expected = new(_HASHES.get(name, "sha256"), certificate, usedforsecurity=False)
            return b64decode(digest) == expected.digest()  # the first entry is the signer's
    return True


def claimed_time(parts: Parts) -> datetime | None:
    """Return the signing time that the signer put under the signature, XAdES or Vietnamese style.

    A time without a zone is local time, as Vietnamese invoice programs write it.
    """
    for item in _inside(parts.node, "SigningTime"):
        around = [item, *item.iterancestors()]
        if not any(reference.target in around for reference in parts.references):
            continue
        try:
            claimed = datetime.fromisoformat("".join(item.itertext()).strip())
        except ValueError:
            continue
        return claimed if claimed.tzinfo else claimed.replace(tzinfo=_LOCAL)
    return None


def signature_tokens(parts: Parts) -> list[tuple[cms.SignedData, bytes]]:
    """Return each time-stamp token over the signature value with the bytes it must be about."""
    tokens = []
    for stamp in _inside(parts.node, "SignatureTimeStamp"):
        method = stamp.find(f"{DS}CanonicalizationMethod")
        name = str(method.get("Algorithm", "")) if method is not None else ""
        if name and name not in CANONICALIZATIONS:
            continue
        stamped = etree.tostring(
            parts.value, method="c14n", exclusive="exc-c14n" in name, with_tail=False
        )
        for token in stamp.iterfind("{*}EncapsulatedTimeStamp"):
            info = cms.ContentInfo.load(b64decode(token.text or ""))
            tokens.append((info["content"], stamped))
    return tokens


def carried_evidence(parts: Parts) -> Evidence:
    """Collect certificates and revocation data that the signature carries with it."""
    names = ("EncapsulatedX509Certificate", "EncapsulatedCRLValue", "EncapsulatedOCSPValue")
    certificates, crls, ocsps = (
        tuple(b64decode(item.text or "") for item in _inside(parts.node, name)) for name in names
    )
    return Evidence((*parts.certificates, *certificates), crls, ocsps)
