"""XML documents signed by hand, in the shapes that Vietnamese and other programs use."""

from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

import xmlsec
from asn1crypto import pem
from lxml import etree

from app.signatures.xml_shape import Element
from tests.signatures.office import AGENCY, Desk

DS = "http://www.w3.org/2000/09/xmldsig#"
XADES = "http://uri.etsi.org/01903/v1.3.2#"
SIGNATURE = f"{{{DS}}}Signature"

INVOICE = (
    "<HDon><DLHDon Id='data'><TTChung><SHDon>15</SHDon></TTChung><Tien>100000</Tien></DLHDon>"
    "<DSCKS><NBan></NBan></DSCKS></HDon>"
)
LETTER = "<Letter Id='letter'><To>An</To><Amount>100</Amount></Letter>"
RESPONSE = (
    "<Response ID='r1'><Issuer>idp</Issuer>"
    "<Assertion ID='a1'><Subject>an</Subject></Assertion></Response>"
)

EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
INCLUSIVE = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
ENVELOPED = f"{DS}enveloped-signature"
RSA = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
ECDSA = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"


@dataclass(frozen=True)
class Recipe:
    """How a document is signed."""

    uris: tuple[str | None, ...] = ("",)
    place: str = "."
    signer: str = AGENCY
    method: str = ECDSA
    digest: str = SHA256
    canonicalization: str = EXCLUSIVE
    transforms: tuple[str, ...] = (ENVELOPED,)
    prefix: str | None = None
    identifier: str = "sig"
    objects: str = ""
    reference_type: str = ""
    key_info: str | None = None
    key: xmlsec.Key | None = None


def certificates(desk: Desk, signer: str) -> list[bytes]:
    text = (desk.keys / f"{signer}.crt").read_bytes()
    return [der for _, _, der in pem.unarmor(text, multiple=True)]


def xades_objects(
    desk: Desk, signer: str, *, target: str = "sig", certificate: bytes | None = None
) -> str:
    """Return qualifying properties as XAdES has them."""
    der = certificate or certificates(desk, signer)[0]
    digest = b64encode(sha256(der).digest()).decode()
    return (
        f"<Object xmlns='{DS}'><QualifyingProperties xmlns='{XADES}' Target='#{target}'>"
        "<SignedProperties Id='props'><SignedSignatureProperties>"
        "<SigningTime>2026-11-22T10:00:00+07:00</SigningTime><SigningCertificateV2><Cert>"
        f"<CertDigest><DigestMethod xmlns='{DS}' Algorithm='{SHA256}'/>"
        f"<DigestValue xmlns='{DS}'>{digest}</DigestValue></CertDigest></Cert>"
        "</SigningCertificateV2></SignedSignatureProperties></SignedProperties>"
        "</QualifyingProperties></Object>"
    )


def template(desk: Desk, recipe: Recipe) -> str:
    """Return the empty signature."""
    p = f"{recipe.prefix}:" if recipe.prefix else ""
    ns = f"xmlns:{recipe.prefix}" if recipe.prefix else "xmlns"
    steps = "".join(f"<{p}Transform Algorithm='{name}'/>" for name in recipe.transforms)
    kind = f" Type='{recipe.reference_type}'" if recipe.reference_type else ""
    references = "".join(
        f"<{p}Reference{kind}{_uri(uri)}>"
        f"<{p}Transforms>{steps}</{p}Transforms><{p}DigestMethod Algorithm='{recipe.digest}'/>"
        f"<{p}DigestValue/></{p}Reference>"
        for uri in recipe.uris
    )
    held = "".join(
        f"<{p}X509Certificate>{b64encode(der).decode()}</{p}X509Certificate>"
        for der in certificates(desk, recipe.signer)
    )
    info = recipe.key_info
    if info is None:
        info = f"<{p}KeyInfo><{p}X509Data>{held}</{p}X509Data></{p}KeyInfo>"
    return (
        f"<{p}Signature {ns}='{DS}' Id='{recipe.identifier}'><{p}SignedInfo>"
        f"<{p}CanonicalizationMethod Algorithm='{recipe.canonicalization}'/>"
        f"<{p}SignatureMethod Algorithm='{recipe.method}'/>{references}"
        f"</{p}SignedInfo><{p}SignatureValue Id='value-{recipe.identifier}'/>{info}"
        f"{recipe.objects}</{p}Signature>"
    )


def _uri(uri: str | None) -> str:
    return "" if uri is None else f" URI='{uri}'"


def sign_xml(desk: Desk, document: str | bytes, recipe: Recipe = Recipe()) -> bytes:
    """Put a signature at `place` (the last match of an XPath) and fill it in."""
    root = etree.fromstring(document)
    node = etree.fromstring(template(desk, recipe))
    parent = root.xpath(recipe.place)[-1]
    parent.append(node)
    return fill(desk, root, node, recipe)


def fill(desk: Desk, root: Element, node: Element, recipe: Recipe) -> bytes:
    """Compute digests and value of an empty signature in its document."""
    context = xmlsec.SignatureContext()
    context.key = recipe.key or xmlsec.Key.from_memory(
        (desk.keys / f"{recipe.signer}.key").read_bytes(), xmlsec.constants.KeyDataFormatPem
    )
    for element in root.iter(etree.Element):
        for name in ("Id", "ID"):
            if name in element.attrib:
                context.register_id(element, name)
    context.sign(node)
    return bytes(etree.tostring(root))


def edit(data: bytes, change: Callable[[Element], Element | None]) -> bytes:
    """Let `change` rearrange the parsed document."""
    root = etree.fromstring(data)
    changed = change(root)
    return bytes(etree.tostring(root if changed is None else changed))
