"""The lines of a published table of received dossiers (KPI A), each read by itself.

The columns are those of the annex, in any order; a byte order mark and CRLF are tolerated.
"""

import csv
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from io import StringIO

from app.domain.agency import Agency, ReportGroup
from app.domain.calendar import FIRST_DAY, LAST_DAY
from app.domain.errors import DomainError
from app.domain.figures import AnnexRow, Intake
from app.domain.periods import Period, PeriodRefused, parse_period

COLUMNS = (
    *("period", "group", "row", "agency"),
    *("total", "at_desk", "online", "online_rate_percent"),
)
TOTAL = "total"

_LARGEST_TABLE = 16 * 2**20  # bytes; a century of daily rows of a province
_MOST = 100_000_000  # dossiers in one row: more is a slip of the keyboard
_TOLD = 100  # faults spelled out in the sentence; all are in the facts
_WHOLE = re.compile(r"[0-9]{1,12}")
_RATE = re.compile(r"[0-9]{1,3}(\.[0-9]{1,4})?")


@dataclass(frozen=True, slots=True)
class TableFault:
    """What is wrong in a line of the file; `agency` as it stands there, empty if it has none."""

    line: int
    agency: str
    detail: str

    def __str__(self) -> str:
        return f"dòng {self.line}{f' ({self.agency})' if self.agency else ''}: {self.detail}"


class TableRefused(DomainError):
    """The table contradicts itself or the catalogue: `faults` names every row."""

    code = "replay.table_refused"
    title = "Bảng số liệu không phát lại được"

    def __init__(self, faults: Iterable[TableFault]) -> None:
        self.faults = sorted(faults, key=lambda fault: fault.line)
        told = [str(fault) for fault in self.faults[:_TOLD]]
        if len(self.faults) > _TOLD:
            told.append(f"và {len(self.faults) - _TOLD} lỗi khác")
        super().__init__(
            "\n  ".join([f"Bảng số liệu có {len(self.faults)} lỗi:", *told]),
            faults=[
                {"line": fault.line, "agency": fault.agency, "detail": fault.detail}
                for fault in self.faults
            ],
        )


@dataclass(frozen=True, slots=True)
class TableRow:
    """A line that could be read; `agency` is None in a group's total."""

    line: int
    period: Period
    group: str
    number: str
    name: str
    agency: Agency | None
    intake: Intake


@dataclass(frozen=True, slots=True)
class Unread:
    """A line that is not sound: where it belongs as far as it says so, None where it does not."""

    period: Period | None
    group: str | None
    agency: Agency | None
    is_total: bool


@dataclass(slots=True)
class Reading:
    """A table while it is read: rows as far as they are sound, and the faults found so far."""

    rows: list[TableRow]
    unread: list[Unread]
    faults: list[TableFault]

    def has_block(self, group: str, period: Period) -> bool:
        """Tell whether no line is missing that may belong to a group in a period."""
        return not any(
            line.group in {None, group} and line.period in {None, period} for line in self.unread
        )

    def has_agency(self, agency: Agency) -> bool:
        """Tell whether no line is missing that may be an agency's."""
        return not any(
            not line.is_total
            and line.group in {None, agency.report_group}
            and (line.agency is None or line.agency == agency)
            for line in self.unread
        )


class Register:
    """Groups and agencies of the catalogue, found by what the table calls them."""

    def __init__(self, groups: Iterable[ReportGroup], agencies: Iterable[Agency]) -> None:
        self.groups = {group.code: group for group in groups}
        self.agencies = [agency for agency in agencies if agency.report_group is not None]
        self._by_name: dict[str, list[Agency]] = {}
        for agency in self.agencies:
            self._by_name.setdefault(plain(agency.name), []).append(agency)

    def find(self, name: str, group: str | None, period: Period | None) -> Agency | None:
        """Return the agency of this name: in this group and alive in the period, if there is one.

        A name may have belonged to several agencies in turn.
        """
        found = self._by_name.get(plain(name), [])
        fits = [agency for agency in found if group in {None, agency.report_group}]
        alive = [agency for agency in fits if period is None or existed(agency, period)]
        return next(iter([*alive, *fits, *found]), None)

    def members(self, group: str) -> list[Agency]:
        return [agency for agency in self.agencies if agency.report_group == group]


def existed(agency: Agency, period: Period) -> bool:
    """Tell whether an agency existed on a day of the period."""
    ended = agency.valid_to is not None and agency.valid_to < period.first
    return agency.valid_from <= period.last and not ended


def plain(name: str) -> str:
    """Return a name as it is compared: composed letters, single spaces."""
    return " ".join(unicodedata.normalize("NFC", name).split())


def read_rows(data: bytes, register: Register, today: date) -> Reading:
    """Read the lines of a file, each by itself; raises `TableRefused` if it is no such table."""
    reading = Reading([], [], [])
    for line, fields in _lines(data):
        _read_row(reading, line, fields, register, today)
    if not reading.rows and not reading.faults:
        raise TableRefused([TableFault(1, "", "bảng không có dòng số liệu nào.")])
    return reading


def _lines(data: bytes) -> list[tuple[int, list[str]]]:
    if len(data) > _LARGEST_TABLE:
        raise TableRefused([TableFault(1, "", "tệp lớn quá 16 MB.")])
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise TableRefused([TableFault(line, "", "tệp không phải là UTF-8.")]) from error
    reader = csv.reader(StringIO(text, newline=""), strict=True)
    lines: list[tuple[int, list[str]]] = []
    begins = 1
    try:
        for fields in reader:
            if fields:
                lines.append((begins, [field.strip() for field in fields]))
            begins = reader.line_num + 1
    except csv.Error as error:
        fault = TableFault(begins, "", f"không đọc được như CSV: {error}.")
        raise TableRefused([fault]) from error
    return _ordered(lines)


def _ordered(lines: list[tuple[int, list[str]]]) -> list[tuple[int, list[str]]]:
    """Take the header off and put the columns in our order; faulty lines stay as they are."""
    if not lines:
        raise TableRefused([TableFault(1, "", "tệp rỗng.")])
    line, header = lines[0]
    faults = [f"thiếu cột {name}" for name in COLUMNS if name not in header]
    faults += [f"thừa cột “{name[:80]}”" for name in dict.fromkeys(header) if name not in COLUMNS]
    faults += [f"cột {name} có hai lần" for name in COLUMNS if header.count(name) > 1]
    if faults:
        raise TableRefused(TableFault(line, "", f"{fault}.") for fault in faults)
    order = [header.index(name) for name in COLUMNS]
    return [
        (line, [fields[n] for n in order] if len(fields) == len(order) else fields)
        for line, fields in lines[1:]
    ]


def _read_row(
    reading: Reading, line: int, fields: list[str], register: Register, today: date
) -> None:
    if len(fields) != len(COLUMNS):
        detail = f"có {len(fields)} ô, cần {len(COLUMNS)}."
        reading.faults.append(TableFault(line, "", detail))
        reading.unread.append(Unread(None, None, None, is_total=False))
        return
    said = dict(zip(COLUMNS, fields, strict=True))
    faults: list[str] = []
    period = _period(said["period"], today, faults)
    group = said["group"] if said["group"] in register.groups else None
    if group is None:
        faults.append(f"không có nhóm “{said['group'][:80]}” trong danh mục.")
    is_total = said["row"] == TOTAL
    agency = None if is_total else _agency(said, group, period, register, faults)
    intake = _intake(said, faults)
    reading.faults += [TableFault(line, said["agency"], fault) for fault in faults]
    is_placed = period is not None and period.first <= today and (is_total or agency is not None)
    if period is None or group is None or intake is None or not is_placed:
        reading.unread.append(Unread(period, group, agency, is_total))
    else:
        row = TableRow(line, period, group, said["row"], said["agency"], agency, intake)
        reading.rows.append(row)


def _period(text: str, today: date, faults: list[str]) -> Period | None:
    try:
        period = parse_period(text)
    except PeriodRefused:
        faults.append(f"không đọc được kỳ “{text[:80]}”.")
        return None
    if period.first < FIRST_DAY or period.last > LAST_DAY:
        faults.append(f"kỳ {period} nằm ngoài lịch ({FIRST_DAY.year} đến {LAST_DAY.year}).")
        return None
    if period.first > today:
        faults.append(f"kỳ {period} chưa bắt đầu.")
    return period


def _agency(
    said: dict[str, str],
    group: str | None,
    period: Period | None,
    register: Register,
    faults: list[str],
) -> Agency | None:
    if not _WHOLE.fullmatch(said["row"]):
        faults.append(f"cột row phải là số thứ tự hoặc “{TOTAL}”.")
    agency = register.find(said["agency"], group, period)
    if agency is None:
        faults.append("không có cơ quan này trong danh mục.")
    elif group is not None and agency.report_group != group:
        faults.append(f"cơ quan này thuộc nhóm {agency.report_group}, không thuộc nhóm {group}.")
        return None
    return agency


def _intake(said: dict[str, str], faults: list[str]) -> Intake | None:
    names = ("total", "at_desk", "online")
    bad = [name for name in names if not _WHOLE.fullmatch(said[name]) or int(said[name]) > _MOST]
    faults += [
        f"cột {name} phải là số nguyên từ 0 đến {_MOST}, không phải “{said[name][:40]}”."
        for name in bad
    ]
    if bad:
        return None
    total, at_desk, online = (int(said[name]) for name in names)
    if at_desk + online != total:
        faults.append(f"at_desk + online = {at_desk + online}, khác total = {total}.")
        return None
    intake = Intake(at_desk, online)
    rate = AnnexRow("", "", "", None, intake).rate
    text = said["online_rate_percent"]
    if not _RATE.fullmatch(text) or Decimal(text) != rate:
        faults.append(f"online_rate_percent phải là {rate}, không phải “{text[:40]}”.")
    return intake
