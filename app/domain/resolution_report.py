"""The periodic report of resolved procedures (báo cáo tình hình, kết quả giải quyết TTHC).

The columns are those of the report's form; what ends without a result and what changes hands in a
reorganisation has columns of its own, so that every row adds up:
carried over + received + taken over - handed over = resolved + ended without result + in process.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Final

from app.domain.measures import Sums


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts of a row, in the order of the report."""

    online: int = 0
    direct: int = 0  # handed in at a desk or by post
    opening: int = 0
    moved_in: int = 0
    moved_out: int = 0
    early: int = 0
    on_time: int = 0
    late: int = 0
    refused: int = 0
    withdrawn: int = 0
    stopped: int = 0
    in_time: int = 0
    overdue: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(*(getattr(self, name) + getattr(other, name) for name in _NAMES))

    @property
    def brought(self) -> int:
        return self.online + self.direct + self.opening + self.moved_in - self.moved_out

    @property
    def resolved(self) -> int:
        return self.early + self.on_time + self.late

    @property
    def unresolved(self) -> int:
        """What ended without a result."""
        return self.refused + self.withdrawn + self.stopped

    @property
    def in_process(self) -> int:
        return self.in_time + self.overdue

    @property
    def is_balanced(self) -> bool:
        return self.brought == self.resolved + self.unresolved + self.in_process


_NAMES: Final = tuple(field.name for field in fields(Tally))


def tally_of(sums: Sums, *, is_online: bool) -> Tally:
    """Return the counts of dossiers of one channel."""
    received, overdue = sums.get("received", 0), sums.get("overdue", 0)
    return Tally(
        online=received if is_online else 0,
        direct=0 if is_online else received,
        opening=sums.get("opening", 0),
        moved_in=sums.get("moved_in", 0),
        moved_out=sums.get("moved_out", 0),
        early=sums.get("resolved_early", 0),
        on_time=sums.get("resolved_on_time", 0),
        late=sums.get("resolved_late", 0),
        refused=sums.get("refused", 0),
        withdrawn=sums.get("withdrawn", 0),
        stopped=sums.get("stopped", 0),
        in_time=sums.get("open", 0) - overdue,
        overdue=overdue,
    )


@dataclass(frozen=True, slots=True)
class Heading:
    """A column: its number in the form, its name there and in the CSV, what stands above it."""

    name: str
    group: str
    title: str


HEADINGS: Final = (
    Heading("brought", "Hồ sơ phải giải quyết", "Tổng số (4+5+6+7-8)"),
    Heading("online", "Hồ sơ phải giải quyết", "Trong kỳ: trực tuyến"),
    Heading("direct", "Hồ sơ phải giải quyết", "Trong kỳ: trực tiếp, bưu chính"),
    Heading("opening", "Hồ sơ phải giải quyết", "Kỳ trước chuyển sang"),
    Heading("moved_in", "Hồ sơ phải giải quyết", "Nhận do sắp xếp cơ quan"),
    Heading("moved_out", "Hồ sơ phải giải quyết", "Chuyển do sắp xếp cơ quan"),
    Heading("resolved", "Hồ sơ đã giải quyết", "Tổng số (10+11+12)"),
    Heading("early", "Hồ sơ đã giải quyết", "Trước hạn"),
    Heading("on_time", "Hồ sơ đã giải quyết", "Đúng hạn"),
    Heading("late", "Hồ sơ đã giải quyết", "Quá hạn"),
    Heading("refused", "Kết thúc không có kết quả", "Từ chối"),
    Heading("withdrawn", "Kết thúc không có kết quả", "Công dân rút"),
    Heading("stopped", "Kết thúc không có kết quả", "Dừng giải quyết"),
    Heading("in_process", "Hồ sơ đang giải quyết", "Tổng số (17+18)"),
    Heading("in_time", "Hồ sơ đang giải quyết", "Trong hạn"),
    Heading("overdue", "Hồ sơ đang giải quyết", "Quá hạn"),
)
"""Columns 3 to 18; column 1 is the number of the row, 2 what it is about."""

BALANCE: Final = "Cân đối: (3) = (9) + (13) + (14) + (15) + (16)"


def counts_of(tally: Tally) -> list[int]:
    """Return the counts in the order of `HEADINGS`."""
    return [getattr(tally, heading.name) for heading in HEADINGS]


@dataclass(frozen=True, slots=True)
class Line:
    """A row: `number` is its number within its group, None for a row of totals."""

    number: int | None
    code: str
    name: str
    tally: Tally


@dataclass(frozen=True, slots=True)
class Block:
    """A table of the report: what its rows tell apart, by code and in words, and its rows."""

    by: str
    title: str
    heading: str
    lines: Sequence[Line]


def lines_of(names: Iterable[tuple[str, str]], tallies: Mapping[str, Tally]) -> list[Line]:
    """Return numbered lines in the order of `names` (code, name)."""
    return [
        Line(number, code, name, tallies.get(code, Tally()))
        for number, (code, name) in enumerate(names, 1)
    ]


def total_of(name: str, lines: Iterable[Line], code: str = "") -> Line:
    """Return the row of totals of lines."""
    return Line(None, code, name, sum((line.tally for line in lines), Tally()))
