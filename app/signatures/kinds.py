"""What a file is, by its content; names and declared types are never believed."""

import re
import zipfile
from collections.abc import Callable
from enum import Enum, auto
from io import BytesIO


class Kind(Enum):
    EMPTY = auto()
    PDF = auto()
    XML = auto()
    CMS = auto()
    SIGNED_PACKAGE = auto()  # OOXML, ODF or ASiC with signatures inside
    SIGNED_OLE = auto()  # Word, Excel before 2007 with signatures inside
    IMAGE = auto()
    OTHER = auto()


_PDF_WINDOW = 1024  # viewers accept a header that late
_BLANK = b" \t\r\n\x0c\x00\xef\xbb\xbf"
_UTF16_XML = (b"\xff\xfe<\x00", b"\xfe\xff\x00<", b"<\x00", b"\x00<")
_IMAGES = (b"\xff\xd8\xff", b"\x89PNG\r\n", b"GIF8", b"II*\x00", b"MM\x00*", b"BM")
_SIGNED_DATA_OID = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"
_CMS_ARMOUR = (b"-----BEGIN CMS", b"-----BEGIN PKCS7", b"-----BEGIN PKCS #7")
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OLE_PARTS = tuple(name.encode("utf-16-le") for name in ("_xmlsignatures", "_signatures"))
_PARTS = re.compile(
    r"_xmlsignatures/|META-INF/(?:[^/]*signatures?[^/]*\.(?:xml|p7s)|[^/]*\.tst)$", re.IGNORECASE
)


def kind_of(data: bytes) -> Kind:
    """Tell what a file is."""
    return next((kind for kind, is_one in _TESTS if is_one(data)), Kind.OTHER)


def _is_cms(data: bytes) -> bool:
    return data.startswith(_CMS_ARMOUR) or (data[:1] == b"0" and _SIGNED_DATA_OID in data[:32])


def _is_signed_ole(data: bytes) -> bool:
    return data.startswith(_OLE) and any(part in data for part in _OLE_PARTS)


def _is_xml(data: bytes) -> bool:
    return data.lstrip(_BLANK).startswith(b"<") or data.startswith(_UTF16_XML)


def _holds_signatures(data: bytes) -> bool:
    """Whether a ZIP package has a part where signatures are kept; its parts are not unpacked."""
    if not data.startswith(b"PK"):
        return False
    try:
        with zipfile.ZipFile(BytesIO(data)) as package:
            return any(_PARTS.search(name) for name in package.namelist())
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        return b"_xmlsignatures/" in data  # cut short: the parts' headers may still be there


# In this order: a PDF header late in the file makes it a PDF for viewers, whatever comes first.
_TESTS: tuple[tuple[Kind, Callable[[bytes], bool]], ...] = (
    (Kind.EMPTY, lambda data: not data.strip(_BLANK)),
    (Kind.PDF, lambda data: b"%PDF-" in data[:_PDF_WINDOW]),
    (Kind.XML, _is_xml),
    (Kind.IMAGE, lambda data: data.startswith(_IMAGES)),
    (Kind.CMS, _is_cms),
    (Kind.SIGNED_OLE, _is_signed_ole),
    (Kind.SIGNED_PACKAGE, _holds_signatures),
)
