"""Reading a PDF far enough to list its signatures; every oddity is a Fault, not a crash."""

import re
from collections.abc import Iterator
from io import BytesIO
from typing import Any

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.misc import PdfDecodeLimitError, PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import enumerate_sig_fields
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature

from app.domain.signature import SubIndication
from app.signatures.chain import Evidence
from app.signatures.faults import Fault, UnsignedDocument, malformed

STAMP = "/ETSI.RFC3161"  # /Type is optional: only this tells a document time stamp
LEGACY = "/adbe.pkcs7.sha1"
_DETACHED = frozenset({"/adbe.pkcs7.detached", "/ETSI.CAdES.detached", "/PBAD.PAdES"})
_MOST_DSS_ITEMS = 200
_MOST_NODES = 20_000

_TRACE = re.compile(
    rb"/ByteRange|/adbe\.pkcs7|/ETSI\.(?:CAdES|RFC3161)|/Type ?/Sig\b|/Contents\s*<30[0-9A-Fa-f]{6}"
)
_NOTHING = generic.DictionaryObject()  # type: ignore[no-untyped-call]

_UNREADABLE = "Cấu trúc chữ ký trong tệp PDF bị hỏng."


def open_pdf(data: bytes) -> PdfFileReader:
    """Open a PDF, leniently: Word's hybrid tables are common and `pdf_bytes` stands guard.

    A file too broken to read is unsigned if it has no trace of a signature, else malformed.
    """
    try:
        reader = PdfFileReader(BytesIO(data), strict=False)
        _ = reader.root
        is_locked = reader.encrypted and not _is_readable(reader)
    except Exception as error:
        raise _unreadable(data, error) from error
    if is_locked:
        detail = "Tệp PDF được bảo vệ bằng mật khẩu."
        if shows_trace(data):  # names and numbers are not encrypted
            raise Fault(SubIndication.POLICY_PROCESSING_ERROR, detail)
        raise UnsignedDocument(f"{detail} Không tìm thấy chữ ký số.")
    return reader


def _unreadable(data: bytes, error: Exception) -> Exception:
    """Return what a file is that cannot be read: unsigned, too much for us, or malformed."""
    if not shows_trace(data):
        return UnsignedDocument("Tệp PDF bị hỏng; không tìm thấy chữ ký số.")
    if isinstance(error, (RecursionError, MemoryError, PdfDecodeLimitError)):
        return Fault(SubIndication.POLICY_PROCESSING_ERROR)
    return malformed(_UNREADABLE)


def shows_trace(data: bytes) -> bool:
    """Whether a file looks as if it had held a signature: such names cannot be compressed away."""
    return _TRACE.search(data) is not None


def _is_readable(reader: PdfFileReader) -> bool:
    """Whether an encrypted file opens without a password, as files protected from copying do."""
    try:
        return str(reader.decrypt(b"").status.name) != "FAILED"
    except (PdfError, ValueError, TypeError, KeyError, NotImplementedError):
        return False


_Field = tuple[str, generic.PdfObject, generic.PdfObject]


def signature_fields(reader: PdfFileReader, data: bytes) -> list[_Field]:
    """List the filled signature fields of the form, and those that only a page shows."""
    try:
        return _find_fields(reader)
    except Exception as error:
        raise _unreadable(data, error) from error


def _find_fields(reader: PdfFileReader) -> list[_Field]:
    found = list(enumerate_sig_fields(reader, filled_status=True))
    seen = {_number(widget) for _, _, widget in found}
    for widget in _page_widgets(reader):
        if _number(widget) not in seen:
            seen.add(_number(widget))
            found.append(("", entry(_dereference(widget), "/V"), widget))
    return found


def entry(dictionary: generic.DictionaryObject, key: str) -> Any:  # noqa: ANN401  (PDF values)
    """Return what a key stands for, references followed (the library's `get` follows none)."""
    try:
        return dictionary[key]
    except KeyError:
        return None


def _dereference(value: generic.PdfObject | None) -> generic.DictionaryObject:
    """Return the dictionary behind a value; an empty one for anything else."""
    found = value.get_object() if value is not None else None  # type: ignore[no-untyped-call]
    return found if isinstance(found, generic.DictionaryObject) else _NOTHING


def _number(widget: generic.PdfObject) -> int:
    return widget.reference.idnum if isinstance(widget, generic.IndirectObject) else -id(widget)


def _page_widgets(reader: PdfFileReader) -> Iterator[generic.PdfObject]:
    """Yield filled signature widgets of pages; the walk is bounded, as page trees may loop."""
    waiting = [entry(reader.root, "/Pages")]
    for _ in range(_MOST_NODES):
        if not waiting:
            return
        node = _dereference(waiting.pop())
        waiting.extend(_items(node, "/Kids"))
        for raw in _items(node, "/Annots"):
            widget = _dereference(raw)
            if entry(widget, "/FT") == "/Sig" and entry(widget, "/V") is not None:
                yield raw


def _items(dictionary: generic.DictionaryObject, key: str) -> list[generic.PdfObject]:
    found = entry(dictionary, key)
    return list(found) if isinstance(found, generic.ArrayObject) else []


def read_dss(reader: PdfFileReader) -> Evidence:
    """Read the document security store; a broken one carries nothing."""
    try:
        dss = reader.root["/DSS"]
        return Evidence(*(_streams(dss, key) for key in ("/Certs", "/CRLs", "/OCSPs")))
    except (PdfError, KeyError, ValueError, TypeError, AttributeError):
        return Evidence()


def _streams(dss: generic.DictionaryObject, key: str) -> tuple[bytes, ...]:
    items = [_dereference(item) for item in _items(dss, key)[:_MOST_DSS_ITEMS]]
    return tuple(item.data for item in items if isinstance(item, generic.StreamObject))


def read_signature(
    reader: PdfFileReader, name: str, value: generic.PdfObject, widget: generic.PdfObject
) -> EmbeddedPdfSignature:
    """Read one signature dictionary; a Fault when it has no usable value or byte range."""
    kind = entry(_dereference(value), "/SubFilter")
    if kind is not None and kind not in _DETACHED | {STAMP, LEGACY}:
        detail = f"Loại chữ ký PDF không được hỗ trợ: {str(kind).lstrip('/')[:40]}."
        raise Fault(SubIndication.CRYPTO_CONSTRAINTS_FAILURE, detail)
    try:
        signature = EmbeddedPdfSignature(reader, _dereference(widget), name)
        _ = signature.signed_data["signer_infos"]
    except (PdfError, SignatureValidationError, ValueError, TypeError, KeyError) as error:
        raise malformed(_UNREADABLE) from error
    except (AttributeError, AssertionError) as error:
        raise malformed(_UNREADABLE) from error
    return signature


def sub_filter(signature: EmbeddedPdfSignature) -> str | None:
    """Return how the signature is encoded, as it says."""
    found = entry(signature.sig_object, "/SubFilter")
    return str(found) if found is not None else None


def is_stamp(signature: EmbeddedPdfSignature) -> bool:
    """Whether this is a document time stamp rather than a signature of a person."""
    return sub_filter(signature) == STAMP
