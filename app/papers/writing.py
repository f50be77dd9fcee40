"""How values are written on papers: dates and times in Vietnamese, and text made printable."""

import re
import unicodedata
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from typing import Any, Final

from app.domain.calendar import local_minute
from app.papers.facts import PROSE

MISSING_SIGN: Final = "\ufffd"
"""Printed for a character that the papers' font has not, so that nobody takes it for nothing."""

_LONGEST_PILE: Final = 2
_LAST_MONTH_WITH_ZERO: Final = 2  # so that nobody makes 11 and 12 of 1 and 2
_PRINTABLE: Final = (
    "\x20-\x7e\xa0-\xac\xae-\u023f\u0250-\u02af"  # Latin; \xad is the invisible hyphen
    "\u0300-\u0331"  # combining marks, for what has no letter of its own
    "\u0384-\u038a\u038c\u038e-\u03a1\u03a3-\u03ce\u0400-\u045f"  # Greek, Cyrillic
    "\u1e00-\u1e9b\u1e9e\u1ea0-\u1ef9"  # Vietnamese
    "\u2010-\u2027\u2030-\u2037\u2039-\u203a\u2044"  # punctuation
    "\u2070-\u2071\u2074-\u208e\u20ab-\u20ac\u2116\u2122\u2153-\u215e\u2190-\u2193"
    "\u2202\u2206\u2211-\u2212\u221a\u221e\u2248\u2260\u2264-\u2265\ufffd"
)
"""What all four faces of the font draw, less the scripts that are written from right to left."""

_UNPRINTABLE: Final = re.compile(f"[^{_PRINTABLE}]")
_ALL_PRINTABLE: Final = re.compile(f"[{_PRINTABLE}]*")
_PILE: Final = re.compile(f"([\u0300-\u0331]{{{_LONGEST_PILE}}})[\u0300-\u0331]+")
_LINE_END: Final = re.compile("\r\n|[\n\r\x0b\x0c\x85\u2028\u2029]")
_SILENT: Final = {"Cc", "Cf", "Mn", "Mc", "Me"}


def day_in_words(day: date) -> str:
    """Write a date as official papers do (Decree 30/2020/NĐ-CP, annex I).

    >>> day_in_words(date(2026, 2, 5))
    'ngày 05 tháng 02 năm 2026'
    >>> day_in_words(date(2026, 11, 22))
    'ngày 22 tháng 11 năm 2026'
    >>> day_in_words(date(2026, 3, 9))
    'ngày 09 tháng 3 năm 2026'
    """
    month = f"{day.month:02}" if day.month <= _LAST_MONTH_WITH_ZERO else str(day.month)
    return f"ngày {day.day:02} tháng {month} năm {day.year}"


def instant_in_words(at: datetime) -> str:
    """Write an aware instant in local time: `14 giờ 05 phút, ngày 22 tháng 11 năm 2026`."""
    local = local_minute(at)
    return f"{local.hour:02} giờ {local.minute:02} phút, {day_in_words(local)}"


def printable(text: str) -> str:
    """Return a text in one line as the papers' font can draw it.

    Vietnamese letters are composed; white space becomes single spaces; control characters and
    marks of direction are left out; more than two marks on one letter are cut to two, as a pile
    would cover the lines above; what the font lacks is printed as U+FFFD.
    """
    composed = unicodedata.normalize("NFC", _LINE_END.sub(" ", text))
    drawn = _UNPRINTABLE.sub(_substitute, composed)
    line = " ".join(_PILE.sub(r"\1", drawn).split())
    # What was left out may have stood between a letter and its mark: compose these as well.
    return line if line == text else printable(line)


def paragraphs(text: str) -> list[str]:
    """Return the paragraphs of a longer text, each as `printable` gives it, none empty."""
    return [line for part in _LINE_END.split(text) if (line := printable(part))]


def _substitute(match: re.Match[str]) -> str:
    """Return the plain form of a sign (`ﬁ` is `fi`), nothing for an invisible one, or U+FFFD."""
    sign = match[0]
    if sign.isspace():
        return " "
    plain = unicodedata.normalize("NFKC", sign)
    if _ALL_PRINTABLE.fullmatch(plain):
        return plain
    return "" if unicodedata.category(sign) in _SILENT else MISSING_SIGN


def as_written(value: object) -> Any:  # noqa: ANN401  (JSON values)
    """Return facts as the JSON values that the templates read.

    An instant becomes `{"full", "day", "short"}`, a date `{"day", "short"}`, all in words for
    print. Raises `NaiveInstant` for an instant without a zone.
    """
    if is_dataclass(value) and not isinstance(value, type):
        return {
            f.name: paragraphs(getattr(value, f.name))
            if PROSE in f.metadata
            else as_written(getattr(value, f.name))
            for f in fields(value)
        }
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, tuple):
        return [as_written(item) for item in value]
    if isinstance(value, datetime):
        local = local_minute(value)
        return {"full": instant_in_words(value), "short": f"{local:%H:%M %d/%m/%Y}"} | {
            "day": day_in_words(local)
        }
    if isinstance(value, date):
        return {"day": day_in_words(value), "short": f"{value:%d/%m/%Y}"}
    return value
