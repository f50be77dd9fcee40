"""A whole PDF of one page with a line of text: what people hand in, in samples."""

import re

_HEAD = b"%PDF-1.7\n"
_SIZE, _FONT = "/MediaBox [0 0 595 842]", "/Font << /F1 5 0 R >>"


def small_pdf(line: str) -> bytes:
    """Return the page; signs that would have to be escaped are left out of the line."""
    shown = re.sub(r"[^ -~]|[()\\]", "", line)
    text = f"BT /F1 12 Tf 72 720 Td ({shown}) Tj ET"
    objects = (
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        f"<< /Type /Page /Parent 2 0 R {_SIZE} /Contents 4 0 R /Resources << {_FONT} >> >>",
        f"<< /Length {len(text)} >>\nstream\n{text}\nendstream",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    )
    made, places = bytearray(_HEAD), []
    for number, body in enumerate(objects, start=1):
        places.append(len(made))
        made += f"{number} 0 obj\n{body}\nendobj\n".encode()
    begin = len(made)
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    made += f"xref\n0 {len(places) + 1}\n0000000000 65535 f \n{table}".encode()
    made += f"trailer\n<< /Size {len(places) + 1} /Root 1 0 R >>\n".encode()
    return bytes(made) + f"startxref\n{begin}\n%%EOF\n".encode()
