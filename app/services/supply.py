"""Supply of services (KPI D): procedures by level of online service and of agency, and targets."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cache

from app import seeds
from app.domain.actor import Actor
from app.domain.agency import Agency, Level
from app.domain.intake import Channel
from app.domain.measures import Sums
from app.domain.question import LEVEL_NAMES, Group, Question
from app.domain.supply import Standing, Target, read_targets, standing
from app.services.desk import Desk
from app.services.figure_scope import Asking, asking

ALL = "all"
TARGETS_SOURCE = "Mục tiêu: Quyết định số 2348/QĐ-UBND (2021), phụ lục 03."
_RESOLVED = ("resolved_early", "resolved_on_time", "resolved_late")
_OFFERED = "share of procedures offered online at level "
_RESOLVED_ONLINE = "share of dossiers resolved online"


@dataclass(frozen=True, slots=True)
class SupplyRow:
    """Procedures that agencies of a level resolve, by exact level of online service 1-4.

    `with_online` of them saw a dossier handed in online in the period.
    """

    level: str
    name: str
    procedures: int
    by_online_level: dict[int, int]
    with_online: int


@dataclass(frozen=True, slots=True)
class Supply:
    day: date
    rows: list[SupplyRow]
    standings: list[Standing]


@cache
def targets() -> tuple[Target, ...]:
    return tuple(read_targets(seeds.read_text("targets.csv")))


def supply(desk: Desk, question: Question, *, actor: Actor, now: datetime) -> Supply:
    """Return the supply on the period's last day, and how far each target is."""
    with asking(desk, replace(question, group=Group.NONE), actor=actor, now=now) as asked:
        day = asked.question.period.last
        seen = _seen(asked)
        rows = [_row(asked, level, day, seen.used) for level in (None, *Level)]
        dossiers = {part: (seen.online[part], seen.every[part]) for part in (ALL, *Level)}
        standings = [
            standing(target, *_counted(asked, target, rows, dossiers), day) for target in targets()
        ]
    return Supply(day, rows, standings)


def _existing(asked: Asking, level: Level | None, day: date) -> list[Agency]:
    return [
        known
        for known in asked.agencies.values()
        if known.is_valid_on(day) and level in {None, known.level}
    ]


def _row(asked: Asking, level: Level | None, day: date, used: Mapping[str, set[str]]) -> SupplyRow:
    agencies = _existing(asked, level, day)
    found: Counter[int] = Counter()
    with_online = 0
    for known in asked.catalogue.procedures.values():
        version = known.version_on(day)
        if version and any(version.is_resolved_by(agency, day) for agency in agencies):
            found[int(version.online_level)] += 1
            with_online += known.code in used[level or ALL]
    name = LEVEL_NAMES[level] if level else "Toàn tỉnh"
    by_level = {n: found[n] for n in (1, 2, 3, 4)}
    return SupplyRow(level or ALL, name, found.total(), by_level, with_online)


@dataclass(frozen=True, slots=True)
class _Seen:
    """Dossiers resolved in the period, and procedures that saw online ones, by level of agency."""

    online: Counter[str]
    every: Counter[str]
    used: Mapping[str, set[str]]


def _seen(asked: Asking) -> _Seen:
    found = _Seen(Counter(), Counter(), defaultdict(set))
    by = ("agency_id", "procedure_version_id", "channel")
    for (agency_id, version_id, channel), counted in asked.counted(by).items():
        level = str(asked.catalogue.agency_of(int(agency_id)).level)
        procedure = asked.catalogue.offered[int(version_id)].procedure.code
        for part in (level, ALL):
            found.every[part] += _results(counted)
            if channel == Channel.ONLINE:
                found.online[part] += _results(counted)
                if counted.get("received", 0):
                    found.used[part].add(procedure)
    return found


def _results(counted: Sums) -> int:
    return sum(counted.get(name, 0) for name in _RESOLVED)


def _counted(
    asked: Asking,
    target: Target,
    rows: list[SupplyRow],
    dossiers: dict[str, tuple[int, int]],
) -> tuple[int, int | None]:
    """Return what a target is about: numerator and denominator, or a number alone.

    A share "at level 3" counts what is offered at level 3 or above, as the targets of 100 % at
    each level do.
    """
    if target.indicator.startswith(_OFFERED):
        row = next(row for row in rows if row.level == target.level)
        wanted = int(target.indicator.removeprefix(_OFFERED))
        offered = sum(count for level, count in row.by_online_level.items() if level >= wanted)
        return offered, row.procedures
    if target.indicator == _RESOLVED_ONLINE:
        return dossiers[target.level]
    return _offices(asked, Level(target.level)), None


def _offices(asked: Asking, level: Level) -> int:
    """Count the agencies of a level that resolve at least one procedure: they run a desk."""
    day = asked.question.period.last
    versions = [known.version_on(day) for known in asked.catalogue.procedures.values()]
    return sum(
        any(version is not None and version.is_resolved_by(agency, day) for version in versions)
        for agency in _existing(asked, level, day)
    )
