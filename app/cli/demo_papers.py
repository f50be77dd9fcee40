"""Papers of the demo: PDFs that the sample persons sign with the sample province's keys."""

from functools import lru_cache
from typing import Any

import typst

from app import clock
from app.domain.papers import Form
from app.papers.facts import Dossier, Office, Particular, Result, Signatory
from app.papers.rendering import render
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


def decision(settings: Settings, dossier: dict[str, Any]) -> bytes:
    """Return the result of a dossier, signed by its agency."""
    agency, code = dossier["agency"], dossier["code"]
    facts = Result(
        office=Office(parent_agency=None, agency=agency["name"], desk=None, place="Phú Thọ"),
        issued_at=clock.now(),
        number=int(code.rsplit("-", 1)[1]),
        symbol="KQ",
        dossier=Dossier(
            code=code,
            applicant=dossier["applicant_name"],
            address=None,
            phone=None,
            email=None,
            procedure=dossier["procedure"]["name"],
            tracking_url=f"{settings.web_url}/v1/tracking/{code}",
        ),
        subject=dossier["procedure"]["name"],
        authority=None,
        particulars=(
            Particular(label="Mã hồ sơ", value=code),
            Particular(label="Cấp cho", value=dossier["applicant_name"]),
        ),
        signatory=Signatory(capacity=("LÃNH ĐẠO CƠ QUAN",), name="Phạm Văn Duyệt"),
    )
    return _signed(settings, render(Form.RESULT, facts), agency["code"])


def _signed(settings: Settings, pdf: bytes, signer: str) -> bytes:
    return sign_pdf(pdf, signer, settings.trust_dir / "keys", now=clock.now())
