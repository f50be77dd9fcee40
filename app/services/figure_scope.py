"""Who may ask for which figures, over which agencies and procedures, and the sums of the answer.

Every figure is opened here: the books are brought up to date first, and the day that an answer is
`as of` is closed, so that the same question gets the same answer for good.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime

from app.db.access import Transaction, acting
from app.db.figure_sums import PLANNED_ANEW, Key, Wanted, not_yet_late, sums
from app.db.reference import Catalogue
from app.domain.actor import FIGURE_ROLES, Actor
from app.domain.agency import Agency, Level
from app.domain.calendar import LOCAL_ZONE
from app.domain.errors import DomainError
from app.domain.intake import Channel
from app.domain.measures import Sums
from app.domain.periods import Period
from app.domain.question import (
    CHANNEL_NAMES,
    LEVEL_NAMES,
    AsOfRefused,
    Group,
    Question,
    ScopeRefused,
)
from app.services.bookkeeping import bring_up_to_date, close
from app.services.desk import Desk


class FiguresRefused(DomainError):
    code = "figures.role_refused"
    title = "Vai trò không được xem số liệu"


@dataclass(frozen=True, slots=True)
class Part:
    """One row of an answer: what it is about and its sums; the code of the whole is empty."""

    code: str
    name: str
    sums: Sums


@dataclass(frozen=True, slots=True)
class Asking:
    """A question that is open: `until` is the last day whose end is looked at."""

    tx: Transaction
    catalogue: Catalogue
    question: Question
    agencies: Mapping[str, Agency]
    versions: tuple[int, ...] | None
    until: date
    now: datetime

    @property
    def is_about_today(self) -> bool:
        return self.until == _day(self.now)

    @property
    def agency_ids(self) -> list[int]:
        return [self.catalogue.agency_ids[code] for code in self.agencies]

    def wanted(self, by: tuple[str, ...]) -> Wanted:
        asked = self.question
        return Wanted(
            asked.period,
            self.until,
            self.agency_ids,
            by,
            asked.as_of,
            self.versions,
            asked.channel,
            is_whole=len(self.agencies) == len(self.catalogue.agencies),
        )

    def counted(self, by: tuple[str, ...]) -> dict[Key, Sums]:
        """Return the sums by columns as the books have them, by days."""
        return sums(self.tx, self.wanted(by))

    def received(self, by: tuple[str, ...]) -> dict[Key, Sums]:
        """Return, by columns, what is counted on the day of receipt (`COHORT`)."""
        return sums(self.tx, replace(self.wanted(by), of_receipt=True))

    def named(self, key: int | str) -> tuple[str, str]:
        """Return code and name of the part that a value of the grouping column belongs to."""
        return _NAMING[self.question.group](self, key)

    def part_of(self, key: int | str) -> str:
        return self.named(key)[0]

    def sums(self, by: tuple[str, ...]) -> dict[Key, Sums]:
        """Return the sums by columns; of today, what is due later today is not late yet."""
        wanted = self.wanted(by)
        found = sums(self.tx, wanted)
        if self.is_about_today and self.question.as_of is None:
            for key, early in not_yet_late(self.tx, wanted, self.now).items():
                exact = Counter(found.get(key, {}))
                exact.subtract(early)
                found[key] = {name: count for name, count in exact.items() if count}
        return found


def authorise(actor: Actor) -> None:
    if actor.role not in FIGURE_ROLES and not actor.is_internal:
        raise FiguresRefused("Số liệu dành cho cán bộ của tỉnh.")


@contextmanager
def asking(desk: Desk, question: Question, *, actor: Actor, now: datetime) -> Iterator[Asking]:
    """Open a question: refuse what may not or cannot be answered, bring the books up to date."""
    authorise(actor)
    today = _day(now)
    if question.as_of is not None and question.as_of > today:
        raise AsOfRefused(f"Ngày {question.as_of:%d/%m/%Y} chưa tới, chưa có số liệu để trả lời.")
    bring_up_to_date(desk, now=now)
    as_of = None if question.as_of == today else question.as_of
    question = replace(question, as_of=as_of)
    if as_of is not None:
        close(desk, as_of, now=now)
    with acting(desk.engine, actor) as tx:
        tx.db.execute(PLANNED_ANEW)
        catalogue = desk.references.catalogue(tx)
        yield Asking(
            tx,
            catalogue,
            question,
            _agencies(catalogue, question, actor),
            _versions(catalogue, question),
            min(question.period.last, as_of or today, today),
            now,
        )


def _agencies(catalogue: Catalogue, question: Question, actor: Actor) -> dict[str, Agency]:
    root = question.agency
    if root is not None and root not in catalogue.agencies:
        raise ScopeRefused(f"Không có cơ quan {root}.")
    if actor.agency is not None and not actor.is_internal:
        root = root or actor.agency
        if not _is_below(root, actor.agency):
            raise FiguresRefused("Bạn chỉ xem được số liệu của cơ quan mình và đơn vị trực thuộc.")
    found = {
        code: known
        for code, known in catalogue.agencies.items()
        if (root is None or code == root or (question.subtree and _is_below(code, root)))
        and question.level in {None, known.level}
    }
    if not found:
        raise ScopeRefused("Không có cơ quan nào thuộc phạm vi và cấp đã chọn.")
    return found


def _is_below(code: str, root: str) -> bool:
    return f"{code}.".startswith(f"{root}.")


def _versions(catalogue: Catalogue, question: Question) -> tuple[int, ...] | None:
    if question.field is None and question.procedure is None:
        return None
    found = tuple(
        offered.id
        for offered in catalogue.offered.values()
        if question.procedure in {None, offered.procedure.code}
        and question.field in {None, offered.procedure.field.code}
    )
    if not found:
        raise ScopeRefused("Không có thủ tục nào thuộc lĩnh vực hoặc mã đã chọn.")
    return found


# Officers have no sums of their own: `figure_officers`.
_COLUMN: Mapping[Group, tuple[str, ...]] = {
    Group.NONE: (),
    Group.AGENCY: ("agency_id",),
    Group.LEVEL: ("agency_id",),
    Group.FIELD: ("procedure_version_id",),
    Group.PROCEDURE: ("procedure_version_id",),
    Group.CHANNEL: ("channel",),
}


def part_key(group: Group) -> tuple[str, ...]:
    """Return the column that tells the parts apart, if there is one."""
    if group not in _COLUMN:
        raise ScopeRefused("Số liệu này không chia theo công chức.")
    return _COLUMN[group]


def parts(asked: Asking) -> list[Part]:
    """Return the sums of each part, those without dossiers too; the whole is their `total`."""
    by = part_key(asked.question.group)
    naming = _NAMING[asked.question.group]
    names = dict(_EMPTY[asked.question.group](asked))
    found: dict[str, Counter[str]] = {code: Counter() for code in names}
    for key, counted in asked.sums(by).items():
        code, name = naming(asked, key[0] if key else "")
        names.setdefault(code, name)
        found.setdefault(code, Counter()).update(counted)
    if asked.question.group is Group.NONE:
        found.setdefault("", Counter())
        names.setdefault("", "Tổng số")
    return [Part(code, names[code], found[code]) for code in sorted(found)]


def total(found: list[Part]) -> Part:
    """Add up the parts: what is true of a whole is the sum of what is true of its parts."""
    counted: Counter[str] = Counter()
    for part in found:
        counted.update(part.sums)
    return Part("", "Tổng số", counted)


def existed(known: Agency, period: Period) -> bool:
    """Tell whether an agency existed on a day of a period."""
    ends_before = known.valid_to is not None and known.valid_to < period.first
    return known.valid_from <= period.last and not ends_before


def _agency_name(asked: Asking, key: int | str) -> tuple[str, str]:
    known = asked.catalogue.agency_of(int(key))
    return known.code, known.name_on(asked.question.period.last)


def _level_name(asked: Asking, key: int | str) -> tuple[str, str]:
    level = asked.catalogue.agency_of(int(key)).level
    return str(level), LEVEL_NAMES[level]


def _field_name(asked: Asking, key: int | str) -> tuple[str, str]:
    known = asked.catalogue.offered[int(key)].procedure.field
    return known.code, known.name


def _procedure_name(asked: Asking, key: int | str) -> tuple[str, str]:
    known = asked.catalogue.offered[int(key)].procedure
    return known.code, known.name


_NAMING: Mapping[Group, Callable[[Asking, int | str], tuple[str, str]]] = {
    Group.NONE: lambda _asked, _key: ("", "Tổng số"),
    Group.AGENCY: _agency_name,
    Group.LEVEL: _level_name,
    Group.FIELD: _field_name,
    Group.PROCEDURE: _procedure_name,
    Group.CHANNEL: lambda _asked, key: (str(key), CHANNEL_NAMES[Channel(str(key))]),
}


def _nothing(_asked: Asking) -> dict[str, str]:
    return {}


_EMPTY: Mapping[Group, Callable[[Asking], dict[str, str]]] = {
    Group.NONE: _nothing,
    Group.AGENCY: lambda asked: {
        code: known.name_on(asked.question.period.last)
        for code, known in asked.agencies.items()
        if existed(known, asked.question.period)
    },
    Group.LEVEL: lambda asked: {
        str(level): LEVEL_NAMES[level]
        for level in Level
        if any(known.level is level for known in asked.agencies.values())
    },
    Group.FIELD: _nothing,
    Group.PROCEDURE: _nothing,
    Group.CHANNEL: lambda _asked: {str(channel): CHANNEL_NAMES[channel] for channel in Channel},
}


def _day(now: datetime) -> date:
    return now.astimezone(LOCAL_ZONE).date()
