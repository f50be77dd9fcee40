"""Dossier codes that the national portal takes: three formats, each with a real day in it."""

import re
from datetime import date

_AGENCY = r"(?P<agency>[A-Z]\d{2}(?:\.[0-9A-Z]{2,3})*)"
_OLD_AGENCY = r"(?P<agency>\d{3}\.\d{2}\.\d{2}\.[A-Z]\d{2})"
_FORMATS = [
    re.compile(shape, re.ASCII)
    for shape in (
        # the province's, with a counter that may grow past 9999
        _AGENCY + r"-(?P<year>\d{2})(?P<month>\d{2})(?P<day>\d{2})-\d{4,}",
        # the ministries' of 2026
        r"(?P<agency>G\d{2}\.\d{2})-(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})-\d{6,7}",
        # the old one, agency read from right to left
        _OLD_AGENCY + r"-(?P<year>\d{2})(?P<month>\d{2})(?P<day>\d{2})-\d{4,}",
    )
]
_LONGEST_AGENCY = 35


def dossier_code(value: object, where: str) -> list[str]:
    """Accept a dossier code (mã hồ sơ)."""
    if isinstance(value, str) and any(_is_code(shape, value) for shape in _FORMATS):
        return []
    return [f"{where}: sai định dạng mã hồ sơ, ví dụ đúng: H15.50.05.13-261008-0975"]


def bare_procedure(code: str) -> str:
    """Return a procedure code without its local suffix: 3.000181 of 3.000181.000.00.00.H22."""
    return ".".join(code.split(".")[:2])


def _is_code(shape: re.Pattern[str], value: str) -> bool:
    found = shape.fullmatch(value)
    if found is None or len(found["agency"]) > _LONGEST_AGENCY:
        return False
    year = int(found["year"])
    try:
        date(year if len(found["year"]) > len("yy") else 2000 + year, *_month_and_day(found))
    except ValueError:
        return False
    return True


def _month_and_day(found: re.Match[str]) -> tuple[int, int]:
    return int(found["month"]), int(found["day"])
