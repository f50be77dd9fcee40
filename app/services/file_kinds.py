"""What a file is, found from its content and never from a name or a header."""

import hashlib
import zipfile
from datetime import datetime
from pathlib import Path

from app.db.file_store import StoredFile
from app.domain.documents import ACCEPTED_TYPES, FileRefused

_HEAD = 1024

_PREFIXES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
)
_OFFICE = "application/vnd.openxmlformats-officedocument."
_ZIP_MEMBERS = (
    ("word/document.xml", _OFFICE + "wordprocessingml.document"),
    ("xl/workbook.xml", _OFFICE + "spreadsheetml.sheet"),
)
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OLE_STREAMS = (
    ("WordDocument".encode("utf-16-le"), "application/msword"),
    ("Workbook".encode("utf-16-le"), "application/vnd.ms-excel"),
)


def media_type_of(path: Path) -> str | None:
    """Find out from its content what a file is; None if it is nothing that is taken."""
    with path.open("rb") as file:
        head = file.read(_HEAD)
    for prefix, media_type in _PREFIXES:
        if head.startswith(prefix):
            return media_type
    if b"%PDF-" in head:
        return "application/pdf"
    if head.startswith(b"PK\x03\x04"):
        return _office_type(path)
    if head.startswith(_OLE):
        content = path.read_bytes()
        return next((found for mark, found in _OLE_STREAMS if mark in content), None)
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    return "application/xml" if text.startswith(b"<?xml") else None


def _office_type(path: Path) -> str | None:
    try:
        with zipfile.ZipFile(path) as package:
            names = set(package.namelist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
        return None
    return next((found for member, found in _ZIP_MEMBERS if member in names), None)


def examine(path: Path, now: datetime) -> StoredFile:
    """Return what a file is before it is kept; raises `FileRefused`."""
    size = path.stat().st_size
    if not size:
        raise FileRefused("Tệp rỗng.")
    media_type = media_type_of(path)
    if media_type is None:
        kinds = ", ".join(dict.fromkeys(ACCEPTED_TYPES.values()))
        raise FileRefused(f"Nội dung tệp không thuộc loại được nhận ({kinds}).")
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return StoredFile(sha256, size, media_type, now)
