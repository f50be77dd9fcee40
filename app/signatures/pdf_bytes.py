"""Guards on the bytes of a signed PDF, against files that viewers repair and parsers skip over.

They hold whatever the parser thinks: the hole of the signature is exactly its value, and after the
signed revision stands nothing that a cross-reference section does not account for.
"""

import re

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.xref import XRefSectionData, XRefSectionType
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature

from app.domain.signature import Coverage
from app.signatures.faults import malformed

_SPACE = b" \t\r\n\x0c\x00"
_HEX = re.compile(rb"<[0-9A-Fa-f]+>")
_OBJECT = re.compile(rb"(?<!\d)\d{1,10}[ \t\r\n\x0c\x00]+\d{1,5}[ \t\r\n\x0c\x00]*obj")
_XREF = re.compile(rb"[ \t\r\n\x0c\x00]*(?:xref|\d{1,10}[ \t\r\n]+\d{1,5}[ \t\r\n]+obj)")
_RANGE_LENGTH = 4

_HOLE = "Vùng dành cho giá trị chữ ký trong tệp PDF không hợp lệ."
_APPENDED = "Có nội dung được ghép thêm vào cuối tệp sau khi ký."


def require_exact_hole(data: bytes, signature: EmbeddedPdfSignature) -> int:
    """Require that the byte range leaves out this signature's value alone; return the range's end.

    Against moved byte ranges, values padded with objects, and empty or missing values.
    """
    numbers = signature.byte_range
    is_plain = isinstance(numbers, generic.ArrayObject) and len(numbers) == _RANGE_LENGTH
    if not is_plain or not all(isinstance(number, int) for number in numbers):
        raise malformed(_HOLE)
    start, length, resume, rest = (int(number) for number in numbers)
    if start or min(length, rest) < 0 or resume <= length or resume + rest > len(data):
        raise malformed(_HOLE)
    hole = data[length:resume]
    if not _HEX.fullmatch(hole) or bytes.fromhex(hole[1:-1].decode()) != signature.pkcs7_content:
        raise malformed(_HOLE, Coverage.PARTIAL)
    _require_own_dictionary(data, signature, length)
    return resume + rest


def _require_own_dictionary(data: bytes, signature: EmbeddedPdfSignature, length: int) -> None:
    """Require that the hole lies in the dictionary that the form field points to."""
    reference = signature.sig_field.raw_get("/V").reference
    offset = signature.reader.xrefs.get_historical_ref(reference, signature.signed_revision)
    if not isinstance(offset, int) or not 0 <= offset < length:
        raise malformed(_HOLE, Coverage.PARTIAL)
    head = data[offset:length]
    if b"endobj" in head or not head.rstrip(_SPACE).endswith(b"/Contents"):
        raise malformed(_HOLE, Coverage.PARTIAL)


def require_accounted_tail(
    data: bytes, reader: PdfFileReader, signature: EmbeddedPdfSignature, end: int
) -> None:
    """Require that every byte after the signed revision belongs to a proper incremental update."""
    tail = data[end:]
    later = range(signature.signed_revision + 1, reader.xrefs.total_revisions)
    if not later:
        if tail.strip(_SPACE):
            raise malformed(_APPENDED, Coverage.EXTENDED_BAD)
        return
    known = _known_objects(reader, signature.signed_revision)
    offsets: set[int] = set()
    for revision in later:
        _require_plain_section(data, reader, revision, end)
        section = reader.xrefs.get_xref_data(revision)
        _require_no_rewiring(known, section, end)
        offsets.update(offset for _, offset in section.standard_xrefs.values())
        offsets.add(reader.xrefs.get_startxref_for_revision(revision))
    found = {end + match.start() for match in _OBJECT.finditer(tail)}
    is_closed = tail.rstrip(_SPACE).endswith(b"%%EOF")
    if not is_closed or not all(_is_listed(data, offset, offsets) for offset in found):
        raise malformed(_APPENDED, Coverage.EXTENDED_BAD)


def _is_listed(data: bytes, offset: int, offsets: set[int]) -> bool:
    """Whether an object is where a cross-reference says, give or take white space before it."""
    while offset not in offsets:
        offset -= 1
        if offset < 0 or data[offset] not in _SPACE:
            return False
    return True


def _require_plain_section(data: bytes, reader: PdfFileReader, revision: int, end: int) -> None:
    """Require one cross-reference section, exactly where it is declared, in the appended part."""
    info = reader.xrefs.get_xref_container_info(revision)
    is_hybrid = info.xref_section_type not in {XRefSectionType.STANDARD, XRefSectionType.STREAM}
    declared = info.declared_startxref
    is_empty = not reader.xrefs.explicit_refs_in_revision(revision)
    if is_hybrid or is_empty or declared < end or not _XREF.match(data, declared):
        raise malformed(_APPENDED, Coverage.EXTENDED_BAD)


def _known_objects(reader: PdfFileReader, signed: int) -> dict[int, dict[int, object]]:
    """Map each object number of the signed revision to its generations and where they stand."""
    known: dict[int, dict[int, object]] = {}
    for revision in range(signed + 1):
        for reference in reader.xrefs.explicit_refs_in_revision(revision):
            place = reader.xrefs.get_historical_ref(reference, signed)
            if place is not None:
                known.setdefault(reference.idnum, {})[reference.generation] = place
    return known


def _require_no_rewiring(
    known: dict[int, dict[int, object]], section: XRefSectionData, end: int
) -> None:
    """Refuse freed or renumbered objects, and entries that point back into the signed part."""
    frees = any(number in known for number in section.freed)
    rewires = any(
        (number in known and generation not in known[number])
        or (offset < end and known.get(number, {}).get(generation) != offset)
        for number, (generation, offset) in section.standard_xrefs.items()
    )
    if frees or rewires:
        raise malformed(_APPENDED, Coverage.EXTENDED_BAD)
