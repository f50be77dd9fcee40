"""Files in a request: `multipart/form-data` (RFC 7578), as much of it as uploads need."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from starlette.requests import Request

from app.mocks.wire import Malformed

_BOUNDARY = re.compile(r'multipart/form-data\s*;.*\bboundary="?([^";]+)"?', re.IGNORECASE)
_FIELD = re.compile(r'\bname="([^"]*)"')
_FILE = re.compile(r'\bfilename="([^"]*)"')


@dataclass(frozen=True, slots=True)
class Part:
    """A file with the name of its field and its own."""

    field: str
    name: str
    content: bytes


def parts_of(request: Request, content: bytes) -> Iterator[Part]:
    """Read the files of a request; raises Malformed."""
    declared = _BOUNDARY.match(request.headers.get("content-type", ""))
    if declared is None:
        raise Malformed("Thiếu Content-Type: multipart/form-data")
    edge = b"--" + declared[1].encode()
    first, *pieces = (b"\r\n" + content).split(b"\r\n" + edge)
    if first or not pieces or not pieces[-1].startswith(b"--"):
        raise Malformed("Nội dung multipart không trọn vẹn")
    for piece in pieces[:-1]:
        head, divided, body = piece.partition(b"\r\n\r\n")
        said = head.decode(errors="replace")
        field, name = _FIELD.search(said), _FILE.search(said)
        if not divided or field is None or name is None:
            raise Malformed("Phần multipart thiếu name hoặc filename")
        yield Part(field[1], name[1], body)
