"""A published table of received dossiers (KPI A) read back, its rows held against one another.

Periods may contain each other or overlap in any way, as long as one course of receipts explains
all of them. What the table says of a group in a period is complete, because the group's total is:
an agency without a row received nothing.
"""

import hashlib
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from itertools import pairwise

from app.domain.agency import Agency
from app.domain.figures import Intake
from app.domain.intake_lines import (
    Reading,
    Register,
    TableFault,
    TableRefused,
    TableRow,
    existed,
    read_rows,
)
from app.domain.offers import OfferBook
from app.domain.periods import Period
from app.domain.placing import Contradiction, Placing

__all__ = [
    "GroupTable",
    "IntakeTable",
    "Register",
    "Side",
    "TableFault",
    "TableRefused",
    "read_table",
]

_DAY = timedelta(days=1)
_NAMED = 8  # lines named in a note


class Side(StrEnum):
    """The two counts of a row."""

    AT_DESK = "at_desk"
    ONLINE = "online"

    def of(self, intake: Intake) -> int:
        return intake.online if self is Side.ONLINE else intake.at_desk


_TAKEN = {Side.AT_DESK: "nhận hồ sơ", Side.ONLINE: "nhận hồ sơ trực tuyến"}


@dataclass(frozen=True, slots=True)
class GroupTable:
    """What the table says of a group: its periods, and per agency and period what was received."""

    code: str
    periods: tuple[Period, ...]
    agencies: tuple[Agency, ...]
    rows: Mapping[tuple[str, Period], TableRow]

    @property
    def stretches(self) -> list[Period]:
        """The stretches of days between which no period begins or ends."""
        cuts = self._cuts
        return [Period(first, after - _DAY) for first, after in pairwise(cuts)]

    @property
    def spans(self) -> list[tuple[int, int]]:
        """The periods as boundaries of stretches."""
        cuts = self._cuts
        return [
            (bisect_left(cuts, period.first), bisect_left(cuts, period.last + _DAY))
            for period in self.periods
        ]

    @property
    def _cuts(self) -> list[date]:
        firsts = {period.first for period in self.periods}
        return sorted(firsts | {period.last + _DAY for period in self.periods})

    def counts(self, agency: Agency, side: Side) -> list[int]:
        """Return an agency's counts in the order of the periods."""
        rows = (self.rows.get((agency.code, period)) for period in self.periods)
        return [side.of(row.intake) if row else 0 for row in rows]


@dataclass(frozen=True, slots=True)
class IntakeTable:
    """A table without contradiction; `notes` say in what its annex will look different."""

    groups: tuple[GroupTable, ...]
    notes: tuple[str, ...]

    @property
    def periods(self) -> list[Period]:
        """All periods, each once, in the order of the first group that has it."""
        return list(dict.fromkeys(period for group in self.groups for period in group.periods))

    @property
    def digest(self) -> str:
        """SHA-256 of what the table says, however its lines are ordered and written."""
        said = sorted(
            f"{group.code} {period.first} {period.last} {agency.code} {side} {count}\n"
            for group in self.groups
            for agency in group.agencies
            for side in Side
            for period, count in zip(group.periods, group.counts(agency, side), strict=True)
        )
        return hashlib.sha256("".join(said).encode()).hexdigest()


def read_table(data: bytes, register: Register, book: OfferBook, today: date) -> IntakeTable:
    """Read a table, or refuse it with all its faults (`TableRefused`).

    Days after `today`, and days on which an agency offers nothing that could be handed in (at the
    desk, online), can have received nothing.
    """
    reading = read_rows(data, register, today)
    faults = [*reading.faults, *_repeats(reading.rows), *_block_faults(reading)]
    groups = _groups(reading, register)
    for group in groups:
        agencies = [agency for agency in group.agencies if reading.has_agency(agency)]
        faults += _contradictions(group, agencies, book, today)
    if faults:
        raise TableRefused(faults)
    return IntakeTable(tuple(groups), tuple(_notes(reading, groups, register, today)))


def _repeats(rows: Iterable[TableRow]) -> list[TableFault]:
    first: dict[tuple[Period, str, str], TableRow] = {}
    faults = []
    for row in rows:
        whom = row.agency.code if row.agency else ""
        known = first.setdefault((row.period, row.group, whom), row)
        if known is not row:
            detail = f"kỳ {row.period} đã có ở dòng {known.line}."
            faults.append(TableFault(row.line, row.name, detail))
    return faults


def _block_faults(reading: Reading) -> list[TableFault]:
    """Hold each group's total in each period against its rows."""
    blocks: defaultdict[tuple[str, Period], list[TableRow]] = defaultdict(list)
    for row in reading.rows:
        blocks[row.group, row.period].append(row)
    faults = []
    for (group, period), rows in blocks.items():
        if not reading.has_block(group, period):
            continue
        total = next((row for row in rows if row.agency is None), None)
        if total is None:
            detail = f"nhóm {group}, kỳ {period} không có dòng total."
            faults.append(TableFault(rows[0].line, "", detail))
            continue
        members = {row.agency.code: row.intake for row in reversed(rows) if row.agency}
        summed = sum(members.values(), Intake())
        faults += [
            TableFault(
                total.line,
                total.name,
                f"kỳ {period}: {side} của nhóm là {side.of(total.intake)}, "
                f"tổng các dòng là {side.of(summed)}.",
            )
            for side in Side
            if side.of(total.intake) != side.of(summed)
        ]
    return faults


def _groups(reading: Reading, register: Register) -> list[GroupTable]:
    groups = []
    for code in register.groups:
        mine = [row for row in reading.rows if row.group == code]
        periods = tuple(dict.fromkeys(row.period for row in mine))
        rows = {(row.agency.code, row.period): row for row in reversed(mine) if row.agency}
        if periods:
            groups.append(GroupTable(code, periods, tuple(register.members(code)), rows))
    return groups


def _contradictions(
    group: GroupTable, agencies: Iterable[Agency], book: OfferBook, today: date
) -> list[TableFault]:
    faults = []
    spans, stretches = group.spans, group.stretches
    for agency in agencies:
        for side in Side:
            counts = group.counts(agency, side)
            if not any(counts):
                continue
            is_open = [_is_open(book, agency, stretch, side, today) for stretch in stretches]
            try:
                Placing(spans, [float(value) for value in is_open]).check(counts)
            except Contradiction as found:
                faults.append(_contradiction(group, agency, side, found, today))
    return faults


def _is_open(book: OfferBook, agency: Agency, stretch: Period, side: Side, today: date) -> bool:
    last = min(stretch.last, today)
    return book.are_any(agency, stretch.first, last, online=side is Side.ONLINE)


def _contradiction(
    group: GroupTable, agency: Agency, side: Side, found: Contradiction, today: date
) -> TableFault:
    lines, told = [0], []
    for number in found.spans:
        period = group.periods[number]
        row = group.rows.get((agency.code, period))
        if row is None:
            told.append(f"kỳ {period} (không có dòng, tức là 0)")
        else:
            lines.append(row.line)
            told.append(f"kỳ {period} (dòng {row.line}: {side.of(row.intake)})")
    closed = [group.stretches[number] for number in found.closed]
    cannot = "không thể cùng đúng" if len(told) > 1 else "không thể đúng"
    why = [_why_closed(stretch, side, today) for stretch in closed]
    detail = f"cột {side}: {' và '.join(told)} {cannot}{''.join(f'; {text}' for text in why)}."
    return TableFault(max(lines), agency.name, detail)


def _why_closed(stretch: Period, side: Side, today: date) -> str:
    days = f"từ {stretch.first} đến {stretch.last}"
    if stretch.first > today:
        return f"{days} là những ngày chưa đến"
    return f"{days} cơ quan không có thủ tục nào {_TAKEN[side]}"


def _notes(
    reading: Reading, groups: Sequence[GroupTable], register: Register, today: date
) -> Iterable[str]:
    numbered = [
        row for row in reading.rows if row.agency and int(row.number) != row.agency.report_row
    ]
    if numbered:
        yield f"Số thứ tự khác danh mục ở {_lines(numbered)}; phụ lục in theo danh mục."
    named = [
        row for row in reading.rows if row.name != (row.agency or register.groups[row.group]).name
    ]
    if named:
        yield f"Tên viết khác danh mục ở {_lines(named)}; phụ lục in theo danh mục."
    for group in groups:
        for period in group.periods:
            absent = [
                agency.name
                for agency in group.agencies
                if (agency.code, period) not in group.rows and existed(agency, period)
            ]
            if absent:
                yield f"Kỳ {period}: không có dòng, tính là 0: {', '.join(absent)}."
    running = [str(p) for p in dict.fromkeys(r.period for r in reading.rows) if p.last > today]
    if running:
        yield f"Kỳ chưa kết thúc, hồ sơ chỉ được xếp đến hôm nay: {', '.join(running)}."


def _lines(rows: Sequence[TableRow]) -> str:
    told = ", ".join(str(row.line) for row in rows[:_NAMED])
    more = len(rows) - _NAMED
    return f"dòng {told}{f' và {more} dòng khác' if more > 0 else ''}"
