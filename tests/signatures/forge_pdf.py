"""Small PDFs made by hand, and the incremental updates that attackers append to signed ones."""

import re
from collections.abc import Mapping, Sequence

Objects = Mapping[int, bytes]
_NOTHING: Objects = {}

_PAGE = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 200] /Contents 4 0 R"
_PAGE += b" /Resources << /Font << /F1 5 0 R >> >>"
FONT = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"


def content(text: str) -> bytes:
    """Return a page's content stream that shows a line of text."""
    return stream(f"BT /F1 18 Tf 20 100 Td ({text}) Tj ET".encode())


def stream(data: bytes, extra: bytes = b"") -> bytes:
    return b"<< /Length %d %s>>\nstream\n%s\nendstream" % (len(data), extra, data)


def plain_pdf(
    text: str = "Phi 100 dong", *, annotations: bytes = b"", extra: Objects = _NOTHING
) -> bytes:
    """Make a one-page PDF with a classic cross-reference table."""
    objects = {
        1: b"<< /Type /Catalog /Pages 2 0 R >>",
        2: b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        3: _PAGE + annotations + b" >>",
        4: content(text),
        5: FONT,
        **extra,
    }
    return write(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", objects, trailer=b"/Root 1 0 R")


def form_pdf() -> bytes:
    """Make a PDF with a text field that shows its value."""
    field = b"<< /Type /Annot /Subtype /Widget /FT /Tx /T (amount) /V (100) /Rect [20 20 120 40]"
    field += b" /P 3 0 R /AP << /N 7 0 R >> /DA (/Helv 12 Tf 0 g) >>"
    form = b"<< /Fields [6 0 R] /DA (/Helv 12 Tf 0 g) /DR << /Font << /Helv 5 0 R >> >> >>"
    return plain_pdf(
        annotations=b" /Annots [6 0 R]",
        extra={
            1: b"<< /Type /Catalog /Pages 2 0 R /AcroForm 8 0 R >>",
            6: field,
            7: stream(b"BT /Helv 12 Tf (100) Tj ET", b"/Subtype /Form /BBox [0 0 100 20] "),
            8: form,
        },
    )


def write(base: bytes, objects: Objects, *, trailer: bytes, free: Sequence[bytes] = ()) -> bytes:
    """Write objects after `base` with a cross-reference table of their own."""
    body, entries = bytearray(base), []
    for number, value in objects.items():
        entries.append(b"%d 1\n%010d 00000 n \n" % (number, len(body)))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, value)
    start, size = len(body), max(objects, default=0) + 1
    body += b"xref\n0 1\n0000000000 65535 f \n" + b"".join(entries) + b"".join(free)
    body += b"trailer\n<< /Size %d %s >>\nstartxref\n%d\n%%%%EOF\n" % (
        max(size, 100),
        trailer,
        start,
    )
    return bytes(body)


def hybrid_pdf() -> bytes:
    """Make a PDF whose page contents are listed in a hybrid cross-reference stream alone."""
    base = plain_pdf()
    start, at = last_xref(base), base.index(b"4 0 obj")
    rows = b"".join(
        bytes([kind]) + where.to_bytes(4, "big") + bytes(2)
        for kind, where in ((1, at), (1, start))  # objects 4 and 9, the stream itself
    )
    entries = b"/Type /XRef /Size 10 /W [1 4 2] /Index [4 1 9 1] "
    body = base[:start] + b"9 0 obj\n" + stream(rows, entries) + b"\nendobj\n"
    table = base[start:].replace(b"4 1\n%010d 00000 n \n" % at, b"4 1\n%010d 65535 f \n" % 0)
    table = table.replace(b"/Root 1 0 R", b"/Root 1 0 R /XRefStm %d" % start)
    return body + table.replace(b"startxref\n%d" % start, b"startxref\n%d" % len(body))


def last_xref(pdf: bytes) -> int:
    return int(re.findall(rb"startxref\s+(\d+)", pdf)[-1])


def update(
    pdf: bytes, objects: Objects, *, root: int = 1, free: Sequence[bytes] = (), extra: bytes = b""
) -> bytes:
    """Append a well-formed incremental update."""
    trailer = b"/Root %d 0 R /Prev %d %s" % (root, last_xref(pdf), extra)
    return write(pdf, objects, trailer=trailer, free=free)


def value_of(pdf: bytes, number: int) -> bytes:
    """Return the newest value of an object that is written out in the file."""
    found = re.findall(rb"(?<!\d)%d 0 obj\s*(.*?)\s*endobj" % number, pdf, re.DOTALL)
    return bytes(found[-1])


def byte_range(pdf: bytes) -> list[int]:
    """Return the byte range of the last signature in the file."""
    found = re.findall(rb"/ByteRange\s*\[\s*(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s*\]", pdf)
    return [int(number) for number in found[-1]]


def replace_number(pdf: bytes, key: bytes, new: bytes) -> bytes:
    """Replace the value after the last `key` by one of the same length."""
    start = pdf.rindex(key) + len(key)
    return pdf[:start] + new + pdf[start + len(new) :]
