"""Papers of the demo: PDFs that the sample persons sign with the sample province's keys."""

from functools import lru_cache

import typst

from app import clock
from app.settings import Settings
from app.signatures.sign import sign_pdf

_PAGE = b"""
#set page("a4", margin: 2.5cm)
#set text(lang: "vi", size: 13pt, font: "Libertinus Serif")
#align(center)[#text(weight: "bold", size: 15pt, sys.inputs.title)]
#v(1em)
#sys.inputs.text
"""


@lru_cache(maxsize=32)
def _page(title: str, text: str) -> bytes:
    made = typst.compile(_PAGE, sys_inputs={"title": title, "text": text})
    if not isinstance(made, bytes):
        raise TypeError("one document makes one PDF")
    return made


def paper(settings: Settings, title: str, *, signer: str | None) -> bytes:
    """Return a one-page PDF under a title, signed by a holder of the sample PKI if named."""
    now = clock.now()
    said = f"Lập lúc {now:%H:%M:%S.%f ngày %d/%m/%Y} để dùng thử; người và số liệu bịa đặt."
    made = _page(title, said)
    return made if signer is None else _signed(settings, made, signer)


def decision(settings: Settings, code: str, applicant: str, agency: str) -> bytes:
    """Return the result that an agency signs."""
    return _signed(settings, _page(f"Kết quả hồ sơ {code}", f"Cấp cho: {applicant}"), agency)


def _signed(settings: Settings, pdf: bytes, signer: str) -> bytes:
    return sign_pdf(pdf, signer, settings.trust_dir / "keys", now=clock.now())
