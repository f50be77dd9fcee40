"""The index for steering public services (Decision 766/QĐ-TTg): its definitions and its points.

Definitions are data with dates (`app/seeds/steering.json`): what is divided by what, how many
points there are, from which rate on all of them are given. A figure without a source is shown as
such; it is never 0 and never guessed.
"""

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum, auto
from fractions import Fraction
from typing import Any

from app.domain.errors import DomainError
from app.domain.rates import rate_of


class NotDefined(DomainError):
    """No set of definitions is in force, or it has no such figure."""

    code = "figures.not_defined"
    title = "Chỉ số không được định nghĩa"


class State(StrEnum):
    COUNTED = auto()  # có số liệu
    NO_DATA = auto()  # không phát sinh: nothing to divide by
    NO_SOURCE = auto()  # chưa có nguồn


@dataclass(frozen=True, slots=True)
class Definition:
    """A figure: names of what is counted, its points, the percent that gives all of them.

    Without `full_marks_percent` points are linear. `times` names a figure whose rate is a factor.
    With a `unit` it is no share but a mean: the numerator adds up so many `per_unit` of it.
    `source` names a count that is 0 as long as nothing feeds the figure.
    """

    id: str
    group: str
    name: str
    points: Fraction
    full_marks_percent: int | None
    numerator: str | None
    denominator: str | None
    times: str | None
    no_source: str | None
    unit: str | None = None
    per_unit: int = 1
    source: str | None = None


@dataclass(frozen=True, slots=True)
class GroupDefinition:
    code: str
    name: str
    points: Fraction


@dataclass(frozen=True, slots=True)
class Steering:
    """A set of definitions, in force from `valid_from` to `valid_to`, its last day."""

    code: str
    name: str
    source: str
    valid_from: date
    valid_to: date | None
    groups: tuple[GroupDefinition, ...]
    figures: tuple[Definition, ...]

    def figure(self, figure_id: str) -> Definition:
        for known in self.figures:
            if known.id == figure_id:
                return known
        raise NotDefined(f"{self.source} không có chỉ số {figure_id}.")


@dataclass(frozen=True, slots=True)
class Scored:
    """A figure with its counts, exact rate and exact points; None where it cannot be told."""

    definition: Definition
    state: State
    numerator: int | None
    denominator: int | None
    rate: Fraction | None
    points: Fraction | None

    @property
    def share(self) -> Fraction | None:
        """The rate of a figure that is a share; a mean has none."""
        return None if self.definition.unit else self.rate

    @property
    def mean(self) -> Fraction | None:
        """The mean in its unit, of a figure that is one."""
        return self.rate if self.definition.unit else None

    @property
    def why_not(self) -> str | None:
        """Say why there is no source, if there is none."""
        return self.definition.no_source if self.state is State.NO_SOURCE else None

    @property
    def lost(self) -> Fraction | None:
        return None if self.points is None else self.definition.points - self.points


@dataclass(frozen=True, slots=True)
class GroupScore:
    """Points of a group: reached, and those that its figures with data could give."""

    definition: GroupDefinition
    points: Fraction
    attainable: Fraction


@dataclass(frozen=True, slots=True)
class Score:
    """The index of one part; `attainable` counts only figures that have data."""

    figures: tuple[Scored, ...]
    groups: tuple[GroupScore, ...]

    @property
    def points(self) -> Fraction:
        return sum((group.points for group in self.groups), Fraction())

    @property
    def attainable(self) -> Fraction:
        return sum((group.attainable for group in self.groups), Fraction())

    def figure(self, figure_id: str) -> Scored:
        return next(known for known in self.figures if known.definition.id == figure_id)


def parse(document: Iterable[Mapping[str, Any]]) -> tuple[Steering, ...]:
    """Read sets of definitions; what is missing in one raises KeyError: it is our own file."""
    return tuple(
        Steering(
            given["code"],
            given["name"],
            given["source"],
            date.fromisoformat(given["valid_from"]),
            date.fromisoformat(given["valid_to"]) if given["valid_to"] else None,
            tuple(
                GroupDefinition(group["code"], group["name"], Fraction(str(group["points"])))
                for group in given["groups"]
            ),
            tuple(_definition(figure) for figure in given["figures"]),
        )
        for given in document
    )


def _definition(given: Mapping[str, Any]) -> Definition:
    if ("no_source" in given) == ("numerator" in given and "source" not in given):
        raise ValueError(f"figure {given['id']} has a source or says why not")
    return Definition(
        given["id"],
        given["group"],
        given["name"],
        Fraction(str(given["points"])),
        given.get("full_marks_percent"),
        given.get("numerator"),
        given.get("denominator"),
        given.get("times"),
        given.get("no_source"),
        given.get("unit"),
        given.get("per_unit", 1),
        given.get("source"),
    )


def in_force(known: Iterable[Steering], day: date) -> Steering:
    """Return the set in force on a day.

    The past before the first set is looked at by the first; after the last one none is in force.
    """
    ordered = sorted(known, key=lambda one: one.valid_from)
    begun = [one for one in ordered if one.valid_from <= day]
    chosen = begun[-1] if begun else ordered[0]
    if chosen.valid_to is not None and chosen.valid_to < day:
        raise NotDefined(f"Không có bộ chỉ số nào có hiệu lực ngày {day:%d/%m/%Y}.")
    return chosen


def points_for(definition: Definition, rate: Fraction) -> Fraction:
    """Return the points of a rate: all of them from the threshold on, below it in proportion.

    No figure takes points away, not even one from whose rate shares are taken off (5.4).
    """
    full = (
        rate
        if definition.full_marks_percent is None
        else rate * 100 / definition.full_marks_percent
    )
    return max(Fraction(0), min(full, Fraction(1))) * definition.points


def score(
    steering: Steering, counts: Mapping[str, int], unknown: Container[str] = frozenset()
) -> Score:
    """Score a part by what was counted of it; `unknown` are figures that nobody counted then."""
    figures: dict[str, Scored] = {}
    for definition in steering.figures:
        known = _as_then(definition) if definition.id in unknown else definition
        figures[definition.id] = _scored(known, counts, figures)
    groups = tuple(
        GroupScore(
            group,
            sum((one.points or Fraction() for one in _of(figures, group)), Fraction()),
            sum(
                (one.definition.points for one in _of(figures, group) if one.points is not None),
                Fraction(),
            ),
        )
        for group in steering.groups
    )
    return Score(tuple(figures.values()), groups)


def _of(figures: Mapping[str, Scored], group: GroupDefinition) -> list[Scored]:
    return [one for one in figures.values() if one.definition.group == group.code]


def _as_then(definition: Definition) -> Definition:
    return replace(definition, numerator=None, no_source="Chỉ số chưa được tính vào ngày đó.")


def _scored(
    definition: Definition, counts: Mapping[str, int], before: Mapping[str, Scored]
) -> Scored:
    is_fed = definition.source is None or counts.get(definition.source, 0) > 0
    if definition.numerator is None or definition.denominator is None or not is_fed:
        return Scored(definition, State.NO_SOURCE, None, None, None, None)
    numerator = counts.get(definition.numerator, 0)
    denominator = counts.get(definition.denominator, 0)
    rate = rate_of(numerator, denominator * definition.per_unit)
    if rate is not None and definition.times is not None:
        factor = before[definition.times].rate
        rate = None if factor is None else rate * factor
    if rate is None:
        return Scored(definition, State.NO_DATA, numerator, denominator, None, None)
    points = points_for(definition, rate)
    return Scored(definition, State.COUNTED, numerator, denominator, rate, points)
