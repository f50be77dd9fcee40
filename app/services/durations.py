"""How long it takes: mean handling time (figure 2.2), and late dossiers by days late (KPI C)."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Final

from app.db.books import read_book_known_at
from app.db.figure_officers import LateCount, late_counts, late_since
from app.db.reference import Offered
from app.domain.actor import Actor
from app.domain.calendar import Calendar, end_of
from app.domain.office_hours import EVERY_AGENCY
from app.domain.question import Group, Question, ScopeRefused
from app.domain.rates import rate_of
from app.domain.time_limits import LimitUnit
from app.domain.working_time import FULL_DAY, USUAL, WorkingTime, working_time
from app.services.desk import Desk
from app.services.figure_officers import shown
from app.services.figure_scope import Asking, asking, part_key, parts

_DAYS = "ngày"
_WORKING_DAYS = "ngày làm việc"
_WORKING_HOURS = "giờ làm việc"
_PER: Final = {_WORKING_DAYS: FULL_DAY, _WORKING_HOURS: 60, _DAYS: 1}


@dataclass(frozen=True, slots=True)
class Handling:
    """Mean handling time of a part's dossiers whose limits are counted in one kind of time.

    `spent` adds up minutes of working time, or days; `limit` is that of a single procedure.
    """

    code: str
    name: str
    unit: str
    finished: int
    spent: int
    limit: str | None

    @property
    def mean(self) -> Fraction | None:
        return rate_of(self.spent, self.finished * _PER[self.unit])


def handling_times(
    desk: Desk, question: Question, *, actor: Actor, now: datetime
) -> tuple[list[Handling], list[Handling]]:
    """Return the mean handling times of the parts, and of the whole: one for each kind of unit."""
    if question.group is Group.OFFICER:
        raise ScopeRefused("Thời gian giải quyết tính cho thủ tục, không chia theo công chức.")
    with asking(desk, question, actor=actor, now=now) as asked:
        spent = _spent(asked)
        named = [(part.code, part.name) for part in parts(asked)]
        limits = _limits(asked)
    rows = [row for code, name in named if code for row in _rows(code, name, spent[code], limits)]
    return rows, _rows("", "Tổng số", spent[""], {})


_Spent = dict[LimitUnit, Counter[str]]


def _spent(asked: Asking) -> defaultdict[str, _Spent]:
    """Add up by part and by the unit of the limit; the whole stands under the empty code."""
    found: defaultdict[str, _Spent] = defaultdict(dict)
    column = part_key(asked.question.group)
    by = tuple(dict.fromkeys((*column, "procedure_version_id")))
    for key, counted in asked.received(by).items():
        values = dict(zip(by, key, strict=True))
        code = asked.part_of(values[column[0]]) if column else ""
        offered: Offered = asked.catalogue.offered[int(values["procedure_version_id"])]
        for part in {code, ""}:
            sums = found[part].setdefault(offered.version.limit.unit, Counter())
            for name in ("finished", "spent"):
                sums[name] += counted.get(name, 0)
    return found


def _rows(code: str, name: str, spent: _Spent, limits: Mapping[str, str]) -> list[Handling]:
    """Return a row for working time, in hours where only hours are counted, and one for days."""
    known = {unit: sums for unit, sums in spent.items() if sums["finished"]}
    worked = [unit for unit in known if unit.is_working_time]
    in_hours = set(worked) == {LimitUnit.WORKING_HOURS}
    found = []
    for unit, units in (
        (_WORKING_HOURS if in_hours else _WORKING_DAYS, worked),
        (_DAYS, [unit for unit in known if not unit.is_working_time]),
    ):
        sums = sum((known[one] for one in units), Counter[str]())
        if sums["finished"]:
            row = Handling(code, name, unit, sums["finished"], sums["spent"], limits.get(code))
            found.append(row)
    return found


def _limits(asked: Asking) -> dict[str, str]:
    """Return the limits of procedures, where they are what rows are about."""
    if asked.question.group is not Group.PROCEDURE:
        return {}
    day = asked.question.period.last
    versions = {code: known.version_on(day) for code, known in asked.catalogue.procedures.items()}
    return {code: version.limit.label for code, version in versions.items() if version}


BUCKETS: Final = ((1, 1), (2, 5), (6, 10), (11, None))
"""Working days late, the first and the last of each column; None: more."""


@dataclass(frozen=True, slots=True)
class LateRow:
    """Dossiers of a part by `BUCKETS`: resolved late in the period, open and overdue at its end."""

    code: str
    name: str
    resolved: tuple[int, ...]
    open: tuple[int, ...]


def late(
    desk: Desk, question: Question, *, actor: Actor, now: datetime
) -> tuple[list[LateRow], LateRow]:
    """Count late dossiers by working days late; begun days count whole, so the least is one."""
    with asking(desk, question, actor=actor, now=now) as asked:
        working = _working_time(desk, asked)
        counts = late_counts(asked.tx, asked.wanted(()), asked.now, working)
        names = _names(asked)
        found: defaultdict[str, Counter[tuple[bool, int]]] = defaultdict(Counter)
        for count in counts:
            code, name = _part_of(asked, count)
            names.setdefault(code, name)
            for part in {code, ""}:
                found[part][count.is_open, _bucket(count.days)] += count.dossiers
    rows = [_late_row(code, names[code], found[code]) for code in sorted(names) if code]
    return rows, _late_row("", "Tổng số", found[""])


def _working_time(desk: Desk, asked: Asking) -> WorkingTime:
    """Return the working time since the first due instant, as it was known then."""
    since = late_since(asked.tx, asked.wanted(()), asked.now)
    as_of = asked.question.as_of
    if as_of is None:
        calendars = desk.references.calendars(asked.tx)
    else:
        calendars = read_book_known_at(asked.tx.db, end_of(as_of)).calendars
    keys = {**asked.catalogue.agency_ids, EVERY_AGENCY: USUAL}
    offices: dict[int, Calendar] = {
        keys[code]: calendar for code, calendar in calendars.items() if code in keys
    }
    return working_time(offices, since, min(asked.now, end_of(asked.until)))


def _names(asked: Asking) -> dict[str, str]:
    if asked.question.group in {Group.NONE, Group.OFFICER}:
        return {}
    return {part.code: part.name for part in parts(asked)}


def _part_of(asked: Asking, count: LateCount) -> tuple[str, str]:
    group = asked.question.group
    if group is Group.NONE:
        return "", ""
    if group is Group.OFFICER:
        return shown(asked.tx.actor, count.officer)
    key = getattr(count, part_key(group)[0])
    return asked.named(key)


def _bucket(days: int) -> int:
    return next(n for n, (_, last) in enumerate(BUCKETS) if last is None or days <= last)


def _late_row(code: str, name: str, counts: Counter[tuple[bool, int]]) -> LateRow:
    resolved, still_open = (
        tuple(counts[is_open, n] for n in range(len(BUCKETS))) for is_open in (False, True)
    )
    return LateRow(code, name, resolved, still_open)
