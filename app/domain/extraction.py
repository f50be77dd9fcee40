"""Extractions (trích xuất số liệu): what may be asked for, its parts, and the manifest of them."""

from calendar import monthrange
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum, auto
from typing import IO, Any, Final

from app.domain.errors import DomainError
from app.domain.periods import Period

FORMAT: Final = "motcua.extraction/1"
MANIFEST: Final = "manifest.json"
_MOST_DAYS: Final = 3653
"""Of the open data: each month is counted by itself, those without dossiers too."""


class ExtractionRefused(DomainError):
    """Not an analyst, or agencies that are not theirs."""

    code = "extraction.refused"
    title = "Không được trích xuất số liệu này"


class ExtractionFaulty(DomainError):
    """What was asked for cannot be made in this form."""

    code = "extraction.faulty"
    title = "Yêu cầu trích xuất không hợp lệ"


class ExtractionNotFound(DomainError):
    code = "extraction.not_found"
    title = "Không tìm thấy bản trích xuất"


class ExtractionFileNotFound(DomainError):
    code = "extraction.file_not_found"
    title = "Bản trích xuất không có tệp này"


class ExtractionNotReady(DomainError):
    code = "extraction.not_ready"
    title = "Bản trích xuất chưa xong hoặc đã hết hạn lưu"


class ExtractionsTooMany(DomainError):
    code = "extraction.too_many"
    title = "Đang có quá nhiều yêu cầu trích xuất"


class ScheduleNotFound(DomainError):
    code = "extraction.schedule_not_found"
    title = "Không tìm thấy lịch trích xuất"


class ScheduleExists(DomainError):
    """The same is made already: twice would be no more."""

    code = "extraction.schedule_exists"
    title = "Đã có lịch trích xuất này"


class Kind(StrEnum):
    """What is taken out."""

    ANNEX = auto()  # phụ lục tỷ lệ hồ sơ trực tuyến
    REPORT = auto()  # báo cáo tình hình, kết quả giải quyết TTHC
    DOSSIERS = auto()  # từng hồ sơ, CSV
    PARQUET = auto()  # từng hồ sơ, Parquet
    JSON = auto()  # số liệu cho hệ thống báo cáo, trung tâm điều hành
    OPEN_DATA = auto()  # dữ liệu mở


class State(StrEnum):
    """How an extraction that was asked for stands."""

    WAITING = auto()  # chờ
    RUNNING = auto()  # đang trích xuất
    DONE = auto()  # đã xong
    FAILED = auto()  # không thực hiện được
    EXPIRED = auto()  # hết hạn lưu tệp


@dataclass(frozen=True, slots=True)
class Wanted:
    """An extraction that is asked for; `agency` None is the whole province, `as_of` None now."""

    kind: Kind
    period: Period
    agency: str | None = None
    as_of: date | None = None

    def __post_init__(self) -> None:
        if self.kind is not Kind.OPEN_DATA:
            return
        if self.agency is not None:
            raise ExtractionFaulty(
                "Dữ liệu mở luôn của toàn tỉnh: so hai phạm vi với nhau có thể lộ ô bị ẩn."
            )
        if not is_whole_months(self.period):
            raise ExtractionFaulty(
                "Dữ liệu mở theo tháng trọn vẹn (từ ngày 1 đến ngày cuối tháng): so hai kỳ lệch "
                "nhau vài ngày có thể lộ ô bị ẩn."
            )
        if self.period.days > _MOST_DAYS:
            raise ExtractionFaulty("Dữ liệu mở tối đa 10 năm một lần, hãy chọn kỳ ngắn hơn.")

    def described(self) -> dict[str, Any]:
        """Return what was asked as JSON values."""
        return {
            "kind": str(self.kind),
            "period": {
                "from": self.period.first.isoformat(),
                "to": self.period.last.isoformat(),
                "label": str(self.period),
            },
            "filters": {"agency": self.agency},
            "as_of": None if self.as_of is None else self.as_of.isoformat(),
        }


def waiting_row(wanted: Wanted, owner_id: int, account: str, now: datetime) -> dict[str, Any]:
    """Return the columns of an extraction that waits to be made."""
    return {
        "kind": wanted.kind,
        "first_on": wanted.period.first,
        "last_on": wanted.period.last,
        "agency": wanted.agency,
        "as_of": wanted.as_of,
        "owner_agency_id": owner_id,
        "requested_by": account,
        "requested_at": now,
        "state": State.WAITING,
        "rows_done": 0,
        "parts_done": 0,
        "attempts": 0,
        "next_at": now,
    }


def is_whole_months(period: Period) -> bool:
    """Tell whether a period begins with a month and ends with one."""
    return period.first.day == 1 and period.last == month_end(period.last)


def months_of(period: Period) -> list[Period]:
    """Cut a period at the ends of months."""
    found: list[Period] = []
    first = period.first
    while True:
        last = min(month_end(first), period.last)
        found.append(Period(first, last))
        if last == period.last:
            return found
        first = last + timedelta(days=1)


def month_end(day: date) -> date:
    """Return the last day of the month that a day lies in."""
    return day.replace(day=monthrange(day.year, day.month)[1])


Watch = Callable[[int], None]
"""Told how many more rows are written."""


@dataclass(frozen=True, slots=True)
class Part:
    """A file of an extraction: written whole by `write`, which returns its number of rows.

    The same `fingerprint` is the same content: a part that is there with it is not made again.
    `rows` is what is expected of it, for the progress. What is not data tells of the data.
    """

    name: str
    media_type: str
    fingerprint: str
    rows: int
    write: Callable[[IO[bytes], Watch], int]
    is_data: bool = True


@dataclass(frozen=True, slots=True)
class Made:
    """A part that was made."""

    name: str
    media_type: str
    fingerprint: str
    rows: int
    size_bytes: int
    sha256: str
    is_data: bool


def manifest(
    wanted: Wanted,
    made: Sequence[Made],
    *,
    read_at: datetime,
    created_at: datetime,
    version: str,
) -> dict[str, Any]:
    """Return the manifest: what was asked, when it was read, every file with rows and SHA-256."""
    files = sorted(made, key=lambda one: one.name)
    return {
        "format": FORMAT,
        **wanted.described(),
        "read_at": read_at.isoformat(timespec="seconds"),
        "created_at": created_at.isoformat(timespec="seconds"),
        "tool": {"name": "motcua", "version": version},
        "files": [
            {
                "name": one.name,
                "media_type": one.media_type,
                "role": "data" if one.is_data else "dictionary",
                "rows": one.rows,
                "size_bytes": one.size_bytes,
                "sha256": one.sha256,
            }
            for one in files
        ],
    }
