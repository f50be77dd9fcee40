"""The one function that makes a paper: facts in, PDF out, nothing else read or written."""

import json
from datetime import timedelta, timezone
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import segno
import typst

from app.domain.calendar import LOCAL_ZONE, local_minute
from app.papers.facts import FACTS_OF, Form, NumberedPaper, Paper
from app.papers.writing import as_written

_TEMPLATES: Final = Path(__file__).parent / "templates"
_STANDARDS: Final = ["a-2a", "ua-1"]
"""PDF/A-2a to be kept for good, PDF/UA-1 to be read aloud; neither costs measurable time."""


def render(form: Form, facts: Paper) -> bytes:
    """Return the PDF of a paper; the same facts give the same bytes, on any machine.

    The facts reach the template as JSON in one input string and are never part of its source.
    The compiler sees the template folder alone, no fonts of the system and no network. Safe to
    call from several threads: every call has a compiler of its own (0.1 ms), as a shared one
    refuses a second caller; the work itself runs outside the interpreter's lock.
    """
    if type(facts) is not FACTS_OF[form]:
        raise TypeError(f"{form} is printed from {FACTS_OF[form].__name__}")
    said: dict[str, Any] = as_written(facts)
    if isinstance(facts, NumberedPaper):
        said["qr"] = _qr_code(facts.dossier.tracking_url)
    pdf = typst.compile(
        _TEMPLATES / f"{form}.typ",
        root=_TEMPLATES,
        font_paths=_fonts(),
        ignore_system_fonts=True,
        sys_inputs={"facts": json.dumps(said)},
        pdf_standards=_STANDARDS,
        timestamp=local_minute(facts.issued_at),
    )
    if not isinstance(pdf, bytes):
        raise TypeError("without an output path the compiler returns the document")
    return pdf


@cache
def _fonts() -> Any:  # noqa: ANN401  (the wheel's types are not seen by the checker)
    """Return the fonts that the compiler brings with it, read once."""
    return typst.Fonts(include_system_fonts=False)


def _qr_code(url: str) -> str:
    """Return a QR code as SVG, with the quiet zone of four modules that readers need."""
    image = BytesIO()
    segno.make_qr(url, error="m").save(image, kind="svg", xmldecl=False, border=4)
    return image.getvalue().decode()
