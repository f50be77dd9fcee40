"""Dossier codes (mã hồ sơ): `{agency}-{yyMMdd}-{NNNN}`, counted per agency and day."""

import re
from datetime import date

DOSSIER_CODE = re.compile(r"^[A-Z]\d{2}(\.[0-9A-Z]{2,3})*-\d{6}-\d{4,}$")


def dossier_code(agency_code: str, day: date, number: int) -> str:
    """Return the code of the `number`-th dossier of an agency's day; grows past 9999.

    >>> dossier_code("H44.10", date(2026, 10, 8), 975)
    'H44.10-261008-0975'
    """
    return f"{agency_code}-{day:%y%m%d}-{number:04d}"
