"""The shape of an XML signature, checked before any cryptography: only what is plain is accepted.

xmlsec verifies what a signature says it covers; whether that is what the office reads is for us.
"""

import re
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

from lxml import etree

from app.domain.signature import SubIndication
from app.signatures.faults import Fault, malformed

Element: TypeAlias = etree._Element  # noqa: SLF001  (the type has no public name)
DS = "{http://www.w3.org/2000/09/xmldsig#}"
_C14N = (
    "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
    "http://www.w3.org/2006/12/xml-c14n11",
    "http://www.w3.org/2001/10/xml-exc-c14n#",
)
CANONICALIZATIONS = frozenset(
    {*_C14N, f"{_C14N[0]}#WithComments", f"{_C14N[1]}#WithComments", f"{_C14N[2]}WithComments"}
)
_ENVELOPED = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
_BASE64 = "http://www.w3.org/2000/09/xmldsig#base64"
_XPATH = "http://www.w3.org/TR/1999/REC-xpath-19991116"
_XPATH_FILTER = "http://www.w3.org/2002/06/xmldsig-filter2"
# Expressions that leave out nothing but signatures; any other filter may leave out anything.
_HARMLESS_XPATH = {
    _XPATH: {"not(ancestor-or-self::ds:Signature)"},
    _XPATH_FILTER: {"/descendant::ds:Signature", "here()/ancestor::ds:Signature[1]"},
}
_ID_NAMES = frozenset({"id", "assertionid", "requestid", "responseid"})
_STRICT_ID_NAMES = frozenset({"Id", "ID", "{http://www.w3.org/XML/1998/namespace}id"})
_MOST_REFERENCES = 50
_MOST_TRANSFORMS = 5

_OUTSIDE = "Chữ ký tham chiếu nội dung ở ngoài tệp hoặc nội dung không có trong tệp."
_AMBIGUOUS = "Cấu trúc chữ ký XML không rõ ràng."


@dataclass(frozen=True, slots=True)
class Reference:
    """One signed reference: the element it points to and whether a filter may hide parts of it."""

    target: Element
    kind: str
    digest_method: str
    is_filtered: bool
    signs_comments: bool


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of one ds:Signature that the check needs."""

    node: Element
    signed_info: Element
    value: Element
    method: str
    references: tuple[Reference, ...]
    certificates: tuple[bytes, ...]


Ids = dict[str, list[tuple[Element, str]]]


def local_name(element: Element) -> str:
    """Return an element's name without its namespace; comments and the like have none."""
    return etree.QName(element).localname if isinstance(element.tag, str) else ""


def holds(element: Element, *kinds: Any) -> bool:  # noqa: ANN401  (names, or node factories)
    """Whether there are such nodes in an element (a node's own truth is about its children)."""
    return next(element.iter(*kinds), None) is not None


def parse_xml(data: bytes) -> Element:
    """Parse without DTD, entities or network."""
    parser = etree.XMLParser(
        resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False
    )
    return etree.fromstring(data, parser)


def has_dtd(root: Element) -> bool:
    """Whether the document declares a type: entities could make two readers read two things."""
    return bool(root.getroottree().docinfo.doctype) or holds(root, etree.Entity)


def collect_ids(root: Element) -> Ids:
    """Map every value of an Id attribute to its elements; a Fault if a strict Id is not unique."""
    ids: Ids = {}
    strict: set[str] = set()
    for element in root.iter(etree.Element):
        for name, value in element.attrib.items():
            if etree.QName(name).localname.lower() not in _ID_NAMES:
                continue
            ids.setdefault(str(value), []).append((element, str(name)))
            if name in _STRICT_ID_NAMES:
                if value in strict:
                    raise malformed("Tệp XML có hai phần tử cùng mã định danh.")
                strict.add(str(value))
    return ids


def read_parts(node: Element, root: Element, ids: Ids) -> Parts:
    """Read one ds:Signature; a Fault for anything that could be read in two ways."""
    signed_info = _only(node, "SignedInfo")
    value = _only(node, "SignatureValue")
    if next(node.iterchildren(etree.Element)) is not signed_info:
        raise malformed(_AMBIGUOUS)
    if sum(_owner(info) is node for info in node.iter(f"{DS}SignedInfo")) != 1:
        raise malformed(_AMBIGUOUS)
    for part in (signed_info, value):
        if holds(part, etree.Comment, etree.ProcessingInstruction, etree.Entity):
            raise malformed("Thông tin được ký có chèn chú thích.")
    if _algorithm(signed_info, "CanonicalizationMethod") not in CANONICALIZATIONS:
        raise Fault(SubIndication.SIG_CONSTRAINTS_FAILURE, _AMBIGUOUS)
    method = _algorithm(signed_info, "SignatureMethod")
    if "hmac" in method.lower() or signed_info.find(f".//{DS}HMACOutputLength") is not None:
        raise malformed("Chữ ký dùng khóa bí mật chung (HMAC), không phải chữ ký số.")
    nodes = signed_info.findall(f"{DS}Reference")
    if not 0 < len(nodes) <= _MOST_REFERENCES:
        raise malformed(_AMBIGUOUS)
    references = tuple(_read_reference(reference, root, ids) for reference in nodes)
    certificates = tuple(_certificates(node))
    return Parts(node, signed_info, value, method, references, certificates)


def _owner(element: Element) -> Element | None:
    """Return the nearest ds:Signature around an element."""
    return next(element.iterancestors(f"{DS}Signature"), None)


def _only(parent: Element, name: str) -> Element:
    found = parent.findall(f"{DS}{name}")
    if len(found) != 1:
        raise malformed(_AMBIGUOUS)
    only: Element = found[0]
    return only


def _algorithm(parent: Element, name: str) -> str:
    return str(_only(parent, name).get("Algorithm", ""))


def _read_reference(node: Element, root: Element, ids: Ids) -> Reference:
    transforms = node.findall(f"{DS}Transforms/{DS}Transform")
    if len(transforms) > _MOST_TRANSFORMS:
        raise malformed(_AMBIGUOUS)
    names = [str(transform.get("Algorithm", "")) for transform in transforms]
    return Reference(
        target=_resolve(node.get("URI"), root, ids),
        kind=str(node.get("Type", "")),
        digest_method=_algorithm(node, "DigestMethod"),
        is_filtered=any(_may_hide(transform) for transform in transforms),
        signs_comments=any(name.endswith("WithComments") for name in names),
    )


def _resolve(uri: str | None, root: Element, ids: Ids) -> Element:
    """Find the one element a same-document URI names; outside references are never fetched."""
    if uri in {"", "#xpointer(/)"}:
        return root
    match = re.fullmatch(
        r"#(?:xpointer\(id\((['\"])(?P<quoted>[^'\"]+)\1\)\)|(?P<bare>.+))", uri or ""
    )
    found = ids.get(match["quoted"] or match["bare"], []) if match else []
    if not found:
        raise Fault(SubIndication.SIGNED_DATA_NOT_FOUND, _OUTSIDE)
    if len(found) > 1:
        raise malformed("Có hai phần tử cùng mang mã định danh được ký.")
    return found[0][0]


def _may_hide(transform: Element) -> bool:
    """Whether a transform can leave content out of what is signed; a Fault for unknown ones."""
    name = transform.get("Algorithm", "")
    if name in CANONICALIZATIONS or name in {_ENVELOPED, _BASE64}:
        return False
    if name not in _HARMLESS_XPATH:
        detail = "Chữ ký dùng phép biến đổi nội dung không được phép."
        raise Fault(SubIndication.SIG_CONSTRAINTS_FAILURE, detail)
    filters = list(transform.iterchildren(etree.Element))
    return len(filters) != 1 or not _is_harmless(filters[0], str(name))


def _is_harmless(expression: Element, transform: str) -> bool:
    text = "".join("".join(expression.itertext()).split())
    for prefix, uri in expression.nsmap.items():
        if prefix and f"{{{uri}}}" == DS:
            text = re.sub(rf"\b{re.escape(prefix)}:Signature\b", "ds:Signature", text)
    kept = expression.get("Filter") == "subtract" if transform == _XPATH_FILTER else True
    return kept and text in _HARMLESS_XPATH[transform]


def _certificates(node: Element) -> Iterator[bytes]:
    """Yield the certificates of this signature's own KeyInfo; keys from elsewhere do not count."""
    for item in node.iterfind(f"{DS}KeyInfo/{DS}X509Data/{DS}X509Certificate"):
        try:
            yield b64decode("".join("".join(item.itertext()).split()), validate=True)
        except ValueError:
            raise malformed("Chứng thư số trong chữ ký bị hỏng.") from None
