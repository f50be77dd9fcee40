"""Supply of services against targets (KPI D): where we stand, the gap, and the pace it takes."""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from io import StringIO

_MONTHS = 12


@dataclass(frozen=True, slots=True)
class Target:
    """A line of the published targets: reached by year, wanted by year."""

    indicator: str
    level: str
    unit: str
    reached: Mapping[int, Fraction]
    wanted: Mapping[int, Fraction]


@dataclass(frozen=True, slots=True)
class Aim:
    """One target year: the gap from today's value and what each month left must bring.

    `gap` is 0 where the target is met; `pace` None where it is met or no month is left.
    """

    year: int
    target: Fraction
    gap: Fraction
    months_left: int
    pace: Fraction | None


@dataclass(frozen=True, slots=True)
class Standing:
    """A target with today's value; None where there is nothing to count."""

    target: Target
    numerator: int
    denominator: int | None
    value: Fraction | None
    aims: tuple[Aim, ...]


def read_targets(text: str) -> list[Target]:
    """Read the published targets: columns of years, then of `target_` years."""
    return [_target(row) for row in csv.DictReader(StringIO(text))]


def _target(row: Mapping[str, str]) -> Target:
    values = {name: Fraction(value) for name, value in row.items() if name[-4:].isdigit() and value}
    wanted = {int(n[-4:]): v for n, v in values.items() if n.startswith("target_")}
    reached = {int(n): v for n, v in values.items() if not n.startswith("target_")}
    return Target(row["indicator"], row["level"], row["unit"], reached, wanted)


def months_left(day: date, year: int) -> int:
    """Count whole months after the one of `day` until the end of a target year; 0 once over."""
    return max(0, (year - day.year) * _MONTHS + _MONTHS - day.month)


def standing(target: Target, numerator: int, denominator: int | None, day: date) -> Standing:
    """Compare a target with what was counted on a day: shares in percent, counts as they are."""
    if denominator is None:
        value: Fraction | None = Fraction(numerator)
    else:
        value = Fraction(100 * numerator, denominator) if denominator else None
    aims = () if value is None else tuple(_aims(target, value, day))
    return Standing(target, numerator, denominator, value, aims)


def _aims(target: Target, value: Fraction, day: date) -> Iterable[Aim]:
    for year, wanted in sorted(target.wanted.items()):
        gap = max(Fraction(0), wanted - value)
        left = months_left(day, year)
        yield Aim(year, wanted, gap, left, gap / left if gap and left else None)
