"""The one function that makes a paper: facts in, PDF out, nothing else read or written."""

import hashlib
import json
from functools import cache
from importlib.metadata import version
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import segno
import typst

from app.domain.errors import DomainError
from app.domain.papers import Form
from app.papers.facts import FACTS_OF, Apology, NumberedPaper, Paper, Register
from app.papers.writing import as_written

MOST_ENTRIES: Final = 1_000
"""Of one register in print: about 90 pages, a second or two and 200 MB of memory."""

_TEMPLATES: Final = Path(__file__).parent / "templates"
_KEPT_ROUNDS: Final = 11
"""The compiler forgets what ten calls in a row did not use."""

_WORTH_FORGETTING: Final = 100
"""Entries from which a register's 0.2 MB of working memory for each are given back at once."""


class RegisterTooLong(DomainError):
    """More entries than one printed register takes (sổ theo dõi hồ sơ)."""

    code = "papers.register_too_long"
    title = "Sổ theo dõi quá dài để in"


def render(form: Form, facts: Paper) -> bytes:
    """Return the PDF of a paper; the same facts give the same bytes, on any machine.

    The facts reach the template as JSON in one input string and are never part of its source.
    The compiler sees the template folder alone, no fonts of the system and no network. Safe to
    call from several threads: every call has a compiler of its own (0.1 ms), as a shared one
    refuses a second caller; the work itself runs outside the interpreter's lock.

    About 15 ms for a page and 0.3 s for a text of 10,000 letters: lengths are limited where
    texts come in. Raises `RegisterTooLong`, and `NaiveInstant` for an instant without a zone.
    """
    if type(facts) is not FACTS_OF[form]:
        raise TypeError(f"{form} is printed from {FACTS_OF[form].__name__}")
    entries = len(facts.entries) if isinstance(facts, Register) else 0
    if entries > MOST_ENTRIES:
        raise RegisterTooLong(
            f"Một tập sổ in tối đa {MOST_ENTRIES} hồ sơ, kỳ này có {entries} hồ sơ. "
            "Hãy chọn kỳ ngắn hơn hoặc xuất bảng tính.",
            entries=entries,
            most=MOST_ENTRIES,
        )
    pdf = _compile(form, facts)
    if entries > _WORTH_FORGETTING:
        _forget()
    return pdf


@cache
def template_of(form: Form) -> str:
    """Return the version of a form's template: it changes with its text and with the compiler."""
    digest = hashlib.sha256(version("typst").encode())
    for name in (f"{form}.typ", "layout.typ"):
        digest.update((_TEMPLATES / name).read_bytes())
    return f"{form}-{digest.hexdigest()[:12]}"


def _compile(form: Form, facts: Paper) -> bytes:
    said: dict[str, Any] = as_written(facts)
    if isinstance(facts, NumberedPaper):
        said["qr"] = _qr_code(facts.dossier.tracking_url)
    if isinstance(facts, Apology):
        said["is_overdue"] = facts.issued_at > facts.due_at
    return typst.compile(
        _TEMPLATES / f"{form}.typ",
        root=_TEMPLATES,
        font_paths=fonts(),
        ignore_system_fonts=True,
        sys_inputs={"facts": json.dumps(said)},
        # To be kept for good, and to be read aloud; neither costs measurable time.
        pdf_standards=["a-2a", "ua-1"],
        timestamp=int(facts.issued_at.timestamp()),
    )


def _forget() -> None:
    """Empty the compiler's cache, which would else hold the last ten registers (about 0.1 s)."""
    for _ in range(_KEPT_ROUNDS):
        typst.compile(b"", font_paths=fonts(), ignore_system_fonts=True)


@cache
def fonts() -> typst.Fonts:
    """Return the fonts that the compiler brings with it, read once."""
    return typst.Fonts(include_system_fonts=False)


def _qr_code(url: str) -> str:
    """Return a QR code as SVG, with the quiet zone of four modules that readers need."""
    image = BytesIO()
    segno.make_qr(url, error="m").save(image, kind="svg", xmldecl=False, border=4)
    return image.getvalue().decode()
