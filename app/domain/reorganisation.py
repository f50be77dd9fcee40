"""Reorganisation (sắp xếp cơ quan, đơn vị): merging, renaming, splitting and abolishing agencies.

Whatever it is called, an agency that ends has one heir, who goes on with its files, and may give
single procedures or dossiers to others: so there is one kind of ending, and one way to check it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum, auto
from typing import Any, Final

from app.domain.agency import Agency, Level
from app.domain.procedure import Procedure, ProcedureVersion, Successor

EVERYTHING: Final = "*"
"""Stands for every procedure that no rule of a split names."""


class ChangeState(StrEnum):
    SCHEDULED = auto()  # chờ đến ngày
    MOVING = auto()  # đang chuyển hồ sơ
    DONE = auto()  # đã xong
    WITHDRAWN = auto()  # đã rút


class EndingKind(StrEnum):
    MERGE = auto()  # sáp nhập, hợp nhất
    RENAME = auto()  # đổi tên kèm mã mới
    SPLIT = auto()  # chia, tách
    ABOLISH = auto()  # giải thể, kết thúc hoạt động


@dataclass(frozen=True, slots=True)
class NewGroup:
    """A block of rows in the published reports, after those that there are."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class NewAgency:
    """An agency that begins on the day of the change; reports list it in `report_group`."""

    code: str
    name: str
    level: Level
    parent: str
    report_group: str | None = None


@dataclass(frozen=True, slots=True)
class Ending:
    """An agency that ends the day before the change.

    Its files go to `heir`, but for what `procedures` (by code) and `dossiers` (by code) give to
    others. `place` is the JSON pointer of what says so.
    """

    place: str
    kind: EndingKind
    agency: str
    heir: str
    procedures: Mapping[str, str] = field(default_factory=dict)
    dossiers: Mapping[str, str] = field(default_factory=dict)

    def goes_to(self, dossier: str, procedure: str) -> str:
        """Return who goes on with a dossier, by its code and its procedure's."""
        return self.dossiers.get(dossier) or self.procedures.get(procedure) or self.heir

    def successors(self) -> Iterator[tuple[str, str]]:
        """Yield every agency that something goes to, with its JSON pointer."""
        yield f"{self.place}/into", self.heir
        for code, agency in self.procedures.items():
            yield f"{self.place}/procedures/{code}", agency
        for code, agency in self.dossiers.items():
            yield f"{self.place}/dossiers/{code}", agency


@dataclass(frozen=True, slots=True)
class Renaming:
    """An agency that goes on under its code, with another name."""

    place: str
    agency: str
    name: str


@dataclass(frozen=True, slots=True)
class Reorganisation:
    """Everything that one document changes on one day, `on` being the first on which it holds."""

    source: str
    reason: str | None
    on: date
    groups: tuple[NewGroup, ...] = ()
    created: tuple[NewAgency, ...] = ()
    endings: tuple[Ending, ...] = ()
    renamings: tuple[Renaming, ...] = ()

    @property
    def ended(self) -> dict[str, Ending]:
        return {ending.agency: ending for ending in self.endings}


def as_document(change: Reorganisation) -> dict[str, Any]:
    """Return a change as JSON values."""
    return {
        "source": change.source,
        "reason": change.reason,
        "on": change.on.isoformat(),
        "groups": [{"code": group.code, "name": group.name} for group in change.groups],
        "created": [
            {
                "code": made.code,
                "name": made.name,
                "level": str(made.level),
                "parent": made.parent,
                "report_group": made.report_group,
            }
            for made in change.created
        ],
        "endings": [
            {
                "place": ending.place,
                "kind": str(ending.kind),
                "agency": ending.agency,
                "heir": ending.heir,
                "procedures": dict(ending.procedures),
                "dossiers": dict(ending.dossiers),
            }
            for ending in change.endings
        ],
        "renamings": [
            {"place": renamed.place, "agency": renamed.agency, "name": renamed.name}
            for renamed in change.renamings
        ],
    }


def change_of(document: Mapping[str, Any]) -> Reorganisation:
    """Read back what `as_document` wrote."""
    return Reorganisation(
        document["source"],
        document["reason"],
        date.fromisoformat(document["on"]),
        tuple(NewGroup(**group) for group in document["groups"]),
        tuple(NewAgency(**made | {"level": Level(made["level"])}) for made in document["created"]),
        tuple(
            Ending(**ending | {"kind": EndingKind(ending["kind"])})
            for ending in document["endings"]
        ),
        tuple(Renaming(**renamed) for renamed in document["renamings"]),
    )


@dataclass(frozen=True, slots=True)
class Succession:
    """What `agency` resolved of a procedure, or of `EVERYTHING` else, `successor` resolves."""

    agency: str
    procedure: str
    successor: str
    from_on: date


class Successions:
    """Who goes on with whose work; made once for a catalogue."""

    def __init__(self, rows: Iterable[Succession]) -> None:
        self._rows = {(row.agency, row.procedure): row for row in rows}
        self._ended = {agency for agency, _ in self._rows}

    def step(self, agency: str, procedure: str) -> Succession | None:
        """Return who goes on with an agency's procedure, None if nobody had to."""
        if agency not in self._ended:
            return None
        return self._rows.get((agency, procedure)) or self._rows[agency, EVERYTHING]

    def now_with(self, agency: str, procedure: str | None, day: date) -> str:
        """Return the agency that on a day has what was once handed to another."""
        while True:
            found = self.step(agency, procedure or EVERYTHING)
            if found is None or found.from_on > day:
                return agency
            agency = found.successor

    def taken_over(
        self, known: Procedure, version: ProcedureVersion, agencies: Iterable[Agency]
    ) -> ProcedureVersion:
        """Return a version with all that resolve it because others ended."""
        if not self._ended:
            return version
        found: dict[str, date] = {}
        fresh = [a.code for a in agencies if a.code in self._ended and version.is_resolved_by(a)]
        while fresh:
            step = self.step(fresh.pop(), known.code)
            if step and step.from_on < found.get(step.successor, date.max):
                found[step.successor] = step.from_on
                fresh.append(step.successor)
        successors = tuple(Successor(code, found[code]) for code in sorted(found))
        return replace(version, successors=successors)
