"""What an XML signature covers, measured against what the office reads.

Signature wrapping (XSW) leaves the signed element intact and moves it where nobody looks. So it is
not enough that a referenced element is genuine: it must be the document, or all of it but the
signatures, or the one element that this type of document is read by.
"""

from lxml import etree

from app.domain.signature import Coverage, SubIndication
from app.signatures.faults import Fault, malformed
from app.signatures.xml_shape import DS, Element, Parts, Reference, holds, local_name

# Vietnamese electronic invoices and tax messages (Quyết định 1450/QĐ-TCT): the office reads the
# data element alone, its parent holds codes and signatures that are added later.
_READ_ELEMENT = {"DLHDon": "HDon", "DLTKhai": "TKhai", "DLTBao": "TBao", "DLBTHop": "BTHDLieu"}

_OWN_PROPERTIES = frozenset({"QualifyingProperties", "SignatureProperties", "Manifest"})
_ID_LIKE = frozenset({"id"})


def coverage_of(parts: Parts, root: Element) -> tuple[Coverage, bool]:
    """Return the coverage and whether the signed element is, without doubt, the one being read."""
    targets = [reference.target for reference in parts.references if not reference.is_filtered]
    for reference in parts.references:
        _require_unsplit_text(reference)
    parent = next(parts.node.iterancestors(f"{DS}Signature"), None)
    if parent is not None:
        if parent.find(f"{DS}SignatureValue") not in targets:
            raise malformed("Chữ ký lồng trong chữ ký khác nhưng không ký lên chữ ký đó.")
        return Coverage.WHOLE, True
    if parts.node is root:
        return _enveloping(parts.node, targets)
    outside = [target for target in targets if parts.node not in target.iterancestors()]
    if not outside and not any(reference.is_filtered for reference in parts.references):
        if not _objects(parts.node):
            raise Fault(SubIndication.SIGNED_DATA_NOT_FOUND)
        return Coverage.PARTIAL, False
    if _covers_all(root, outside) or any(_is_read_alone(target, root) for target in outside):
        return Coverage.WHOLE, True
    return Coverage.PARTIAL, any(_is_own_parent(target, parts.node, root) for target in outside)


def _objects(node: Element) -> list[Element]:
    """Return the ds:Object children that hold content, not data about the signature."""
    return [
        item
        for item in node.iterfind(f"{DS}Object")
        if any(local_name(child) not in _OWN_PROPERTIES for child in item)
        or (len(item) == 0 and (item.text or "").strip())
    ]


def _enveloping(node: Element, targets: list[Element]) -> tuple[Coverage, bool]:
    """Judge a signature that is the document itself: every content object must be signed."""
    objects = _objects(node)
    if not objects:
        raise Fault(SubIndication.SIGNED_DATA_NOT_FOUND)
    is_whole = all(
        item in targets or (len(item) > 0 and all(child in targets for child in item))
        for item in objects
    )
    return (Coverage.WHOLE, True) if is_whole else (Coverage.PARTIAL, False)


def _covers_all(root: Element, targets: list[Element]) -> bool:
    """Whether the targets are the root, or all its children but those that only hold signatures."""
    if root in targets:
        return True
    children = [child for child in root if isinstance(child.tag, str)]
    is_bare = not (root.text or "").strip() and not any((c.tail or "").strip() for c in root)
    signed = [child for child in children if child in targets]
    rest = [child for child in children if child not in targets]
    return bool(signed) and is_bare and all(_is_signature_holder(child) for child in rest)


def _is_signature_holder(element: Element) -> bool:
    """Whether an element holds a signature and nothing to read; an empty one may mean something."""
    return holds(element, f"{DS}Signature") and _only_holds_signatures(element)


def _only_holds_signatures(element: Element) -> bool:
    if element.tag == f"{DS}Signature":
        return True
    has_text = bool((element.text or "").strip()) or any((c.tail or "").strip() for c in element)
    has_data = any(etree.QName(name).localname.lower() not in _ID_LIKE for name in element.attrib)
    if has_text or has_data:
        return False
    return all(_only_holds_signatures(child) for child in element if isinstance(child.tag, str))


def _is_read_alone(target: Element, root: Element) -> bool:
    """Whether the target is the element by which its type of document is read, and the only one."""
    parent = target.getparent()
    expected = _READ_ELEMENT.get(local_name(target))
    is_in_place = parent is not None and local_name(parent) == expected
    return is_in_place and _is_unique(target, root)


def _is_own_parent(target: Element, node: Element, root: Element) -> bool:
    """Whether the signature sits inside the only element of that name, directly below the root."""
    return target.getparent() is root and node.getparent() is target and _is_unique(target, root)


def _is_unique(target: Element, root: Element) -> bool:
    return sum(1 for _ in root.iter(f"{{*}}{local_name(target)}")) == 1


def _require_unsplit_text(reference: Reference) -> None:
    """Refuse unsigned comments inside text: readers that stop at one see another text."""
    if reference.signs_comments:
        return
    for comment in reference.target.iter(etree.Comment):
        before = comment.getprevious()
        parent = comment.getparent()
        text = before.tail if before is not None else parent.text if parent is not None else ""
        if (text or "").strip() or (parent is not None and (comment.tail or "").strip()):
            raise malformed("Nội dung được ký có chèn chú thích giữa chữ.")
