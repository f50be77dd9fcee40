"""Charts of figures as SVG or PNG, drawn by the compiler of the papers: facts in, a picture out."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from enum import StrEnum, auto
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import typst

from app.papers.rendering import fonts

_TEMPLATE: Final = Path(__file__).parent / "templates" / "chart.typ"
_PPI: Final = 160
_TICKS: Final = 5


class Picture(StrEnum):
    SVG = auto()
    PNG = auto()


@dataclass(frozen=True, slots=True)
class RateBar:
    """An agency: its rate in percent and what is written beside it; None: nothing received."""

    label: str
    value: Decimal | None
    rate: str | None
    counts: str
    is_reached: bool | None  # None: there is no target
    is_total: bool = False


@dataclass(frozen=True, slots=True)
class RateGroup:
    """Agencies of a level in the order in which they are drawn, with their target in percent."""

    title: str
    bars: Sequence[RateBar]
    target: Fraction | None
    target_text: str | None


@dataclass(frozen=True, slots=True)
class Month:
    label: str
    online: int
    at_desk: int
    rate: str
    total: str


@dataclass(frozen=True, slots=True)
class Level:
    """A whole bar of the waterfall: points."""

    label: str
    value: Fraction
    text: str


@dataclass(frozen=True, slots=True)
class LossBar:
    """A step down: what was lost and what is left after it, in points."""

    label: str
    lost: Fraction
    after: Fraction
    text: str


@dataclass(frozen=True, slots=True)
class Words:
    """Title, what it is about, and where the numbers are from."""

    title: str
    subtitle: str
    source: str


def online_rate(words: Words, groups: Sequence[RateGroup], picture: Picture) -> bytes:
    """Draw the online rate of agencies as bars, with the target of each group as a line."""
    return _draw("online-rate", words, {"groups": [asdict(group) for group in groups]}, picture)


def by_month(words: Words, months: Sequence[Month], picture: Picture) -> bytes:
    """Draw what was received month by month, online and not."""
    highest = max((month.online + month.at_desk for month in months), default=0)
    step = round_step(highest)
    ticks = [step * n for n in range(-(-highest // step) + 1)]
    more = {
        "months": [asdict(month) for month in months],
        "most": ticks[-1] or 1,
        "ticks": [{"value": tick, "text": f"{tick:,}".replace(",", ".")} for tick in ticks],
    }
    return _draw("by-month", words, more, picture)


def points_lost(
    words: Words, start: Level, losses: Sequence[LossBar], end: Level, picture: Picture
) -> bytes:
    """Draw the way from the points that can be had to those that were reached, step by step."""
    step = round_step(int(start.value) + 1)
    ticks = [step * n for n in range(-(-int(start.value + 1) // step) + 1)]
    more = {
        "start": asdict(start),
        "losses": [asdict(loss) for loss in losses],
        "end": asdict(end),
        "most": ticks[-1],
        "ticks": ticks,
    }
    return _draw("points-lost", words, more, picture)


def round_step(highest: int) -> int:
    """Return the distance of about five lines of a scale: 1, 2 or 5 with noughts."""
    wanted = max(1, -(-highest // _TICKS))
    noughts = int("1" + "0" * (len(str(wanted)) - 1))
    return next(step * noughts for step in (1, 2, 5, 10) if step * noughts >= wanted)


def _draw(kind: str, words: Words, more: dict[str, Any], picture: Picture) -> bytes:
    facts = {"kind": kind, **asdict(words), **more}
    drawn: bytes = typst.compile(
        _TEMPLATE,
        root=_TEMPLATE.parent,
        font_paths=fonts(),
        ignore_system_fonts=True,
        sys_inputs={"facts": json.dumps(facts, default=float)},
        format="svg" if picture is Picture.SVG else "png",
        ppi=_PPI,
    )
    return drawn
