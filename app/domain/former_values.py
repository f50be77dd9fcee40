"""Reading single values of old dossiers: instants, numbers of persons, money, texts.

Spreadsheets have often been between the former system and us: what they spoil (lost zeros,
rounded numbers, days as serial numbers) is told, never guessed.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import lru_cache
from typing import Final

from app.domain.calendar import FIRST_DAY, LOCAL_ZONE, Calendar
from app.domain.procedure import ApplicantKind

_ISO = re.compile(
    r"(?P<y>\d{4})-(?P<m>\d\d?)-(?P<d>\d\d?)(?:[T ]+(?P<t>\d\d?:\d\d(?::\d\d)?)(?:\.\d{1,9})?"
    r"(?P<z>Z|[+-]\d\d:?\d\d)?)?"
)
_PLAIN = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d{6})?)?(?:Z|[+-]\d\d:\d\d)?", re.ASCII
)
_OURS = re.compile(
    r"(?P<d>\d\d?)[/.-](?P<m>\d\d?)[/.-](?P<y>\d{4})(?:[T ,]+(?P<t>\d\d?:\d\d(?::\d\d)?))?"
)
_SERIAL = re.compile(r"\d{5}(\.\d+)?")
_ROUNDED = re.compile(r"\d(?:[.,]\d+)?E\+?\d+", re.IGNORECASE)
_LAST: Final = date(2099, 12, 31)
_LEGACY: Final = re.compile("[^\\W\\d_][¨©ª«¬®µ¶·¸¹»¼½¾]|[¨©ª«¬®µ¶·¸¹»¼½¾][^\\W\\d_]")
_PERSONAL: Final = re.compile(r"[0-9]{12}")
_TAX: Final = re.compile(r"[0-9]{10}(-[0-9]{3})?")
_OPENS, _CLOSES = time(8), time(17)
_MOST_VND: Final = 10**13


class Unreadable(ValueError):
    """A value that cannot be read: a stable code, a sentence."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code, self.detail = code, detail


@dataclass(frozen=True, slots=True)
class FormerInstant:
    """An instant as given: without `at`, a day alone."""

    day: date
    at: datetime | None


def read_text(value: str, longest: int) -> str:
    """Return a text as it stands, unless it cannot be one.

    A word that looks like a formula is a text like any other.
    """
    if "\0" in value:
        raise Unreadable("text.nul", "Có ký tự rỗng (NUL) trong dữ liệu.")
    if len(value) > longest:
        raise Unreadable("text.too_long", f"Dài {len(value)} ký tự, tối đa {longest}.")
    if value.isascii():
        return value
    try:
        value.encode()
    except UnicodeEncodeError:
        raise Unreadable("text.encoding", "Có ký tự không phải UTF-8.") from None
    if "\ufffd" in value:
        raise Unreadable("text.encoding", "Có ký tự đã hỏng khi chuyển mã (�).")
    if _LEGACY.search(value):
        raise Unreadable(
            "text.legacy_font",
            "Chữ có dấu hiệu là bảng mã cũ (TCVN3, ABC), chưa chuyển sang Unicode.",
        )
    return unicodedata.normalize("NFC", value)


def unquoted(value: str) -> str:
    """Take off the apostrophe by which spreadsheets keep a number as text."""
    return value[1:].lstrip() if value[:1] in {"'", "\u2019"} else value


def read_instant(value: str, formats: Sequence[str]) -> FormerInstant:
    """Read `2019-03-04T08:15`, `04/03/2019 08:15`, a day alone, or one of the given formats.

    Without a zone it is local time.
    """
    value = unquoted(value)
    if not formats and _PLAIN.fullmatch(value):
        return _bounded(_plain_instant(value))
    match = _ISO.fullmatch(value) or _OURS.fullmatch(value) if not formats else None
    if match is None:
        return _in_formats(value, formats)
    try:
        day = _day(match["y"], match["m"], match["d"])
        at = _time(day, match["t"], match.groupdict().get("z"))
    except (ValueError, OverflowError):
        raise Unreadable("instant.impossible", f"Không có thời điểm “{value}”.") from None
    return _bounded(FormerInstant(day if at is None else at.date(), at))


def _plain_instant(value: str) -> FormerInstant:
    """Read what needs nothing but the library, at its speed: most instants of machines."""
    try:
        at = datetime.fromisoformat(value)
        at = at.replace(tzinfo=LOCAL_ZONE) if at.tzinfo is None else at.astimezone(LOCAL_ZONE)
    except (ValueError, OverflowError):
        raise Unreadable("instant.impossible", f"Không có thời điểm “{value}”.") from None
    return FormerInstant(at.date(), at)


@lru_cache(maxsize=20_000)
def _day(year: str, month: str, day: str) -> date:
    return date(int(year), int(month), int(day))


def _time(day: date, clock: str | None, zone: str | None) -> datetime | None:
    if clock is None:
        return None
    hour, minute, *second = clock.split(":")
    at = datetime(
        *(day.year, day.month, day.day, int(hour), int(minute), int(second[0]) if second else 0),
        tzinfo=LOCAL_ZONE,
    )
    if zone is None:
        return at
    return datetime.fromisoformat(f"{at:%Y-%m-%dT%H:%M:%S}{zone}").astimezone(LOCAL_ZONE)


def _in_formats(value: str, formats: Sequence[str]) -> FormerInstant:
    for form in formats:
        try:
            found = datetime.strptime(value, form)  # noqa: DTZ007  (local unless it says)
        except ValueError:
            continue
        local = found.astimezone(LOCAL_ZONE) if found.tzinfo else found.replace(tzinfo=LOCAL_ZONE)
        is_day = "%H" not in form and "%I" not in form
        return _bounded(FormerInstant(local.date(), None if is_day else local))
    if _SERIAL.fullmatch(value):
        raise Unreadable(
            "instant.serial",
            f"“{value}” là số thứ tự ngày của bảng tính; hãy định dạng cột là ngày rồi xuất lại.",
        )
    wanted = " hoặc ".join(formats) or "dd/mm/yyyy hh:mm hoặc yyyy-mm-dd hh:mm"
    raise Unreadable("instant.format", f"Không đọc được “{value[:40]}”, cần {wanted}.")


def _bounded(found: FormerInstant) -> FormerInstant:
    if not FIRST_DAY <= found.day <= _LAST:
        raise Unreadable("instant.horizon", f"Ngày {found.day} ngoài các năm 1990 đến 2099.")
    return found


def usual_instant(found: FormerInstant, calendar: Calendar, *, opening: bool) -> datetime:
    """Return when the office of a day alone opened or closed; of a day off, as on most days."""
    hours = calendar.intervals(found.day)
    if not hours:
        return datetime.combine(found.day, _OPENS if opening else _CLOSES, LOCAL_ZONE)
    return hours[0][0] if opening else hours[-1][1]


def read_number(value: str, kind: ApplicantKind) -> str:
    """Read a personal number or tax code; one that a spreadsheet has spoilt is not mended."""
    value = unquoted(value)
    is_citizen = kind is ApplicantKind.CITIZEN
    if (_PERSONAL if is_citizen else _TAX).fullmatch(value):
        return value
    if _ROUNDED.fullmatch(value):
        raise Unreadable(
            "number.rounded", f"“{value}” đã bị bảng tính làm tròn; hãy lấy lại số từ nguồn."
        )
    digits = 12 if is_citizen else 10
    if value.isascii() and value.isdigit() and digits - 4 < len(value) < digits:
        raise Unreadable(
            "number.zeros_lost",
            f"Chỉ có {len(value)} chữ số, cần {digits}: có thể đã mất số 0 ở đầu, hoặc là số cũ.",
        )
    wanted = "12 chữ số" if is_citizen else "10 chữ số, hoặc 10 và 3 chữ số nối bằng gạch"
    raise Unreadable("number.format", f"Mã định danh gồm {wanted}.")


def read_money(value: str) -> int:
    """Read an amount in đồng: digits, grouped by dots or commas or not at all."""
    plain = unquoted(value)
    if re.fullmatch(r"\d{1,3}([.,]\d{3})+", plain):
        plain = plain.replace(".", "").replace(",", "")
    if not re.fullmatch(r"[0-9]{1,14}", plain) or int(plain) > _MOST_VND:
        raise Unreadable("money.format", f"“{value[:40]}” không phải số tiền bằng đồng.")
    return int(plain)
