"""What extractions are made of: the parts of each kind, from the same facts and sums as figures.

Whoever keeps the parts (a folder, the database) opens a plan, leaves out what it has already with
the same fingerprint, and lets the others be written. All of a plan is read at one moment.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from app.domain.actor import SYSTEM, Actor, Role
from app.domain.extraction import ExtractionRefused, Kind, Part, Wanted
from app.domain.question import Question
from app.services.desk import Desk
from app.services.extract_json import json_parts
from app.services.extract_open_data import open_data_parts
from app.services.extract_rows import dossier_parts, parquet_parts, rows_read
from app.services.extract_tables import annex_parts, report_parts
from app.services.figure_scope import Asking, asking


@dataclass(frozen=True, slots=True)
class Plan:
    """The parts of an extraction, to be written while it is open."""

    wanted: Wanted
    read_at: datetime
    parts: list[Part]

    @property
    def rows(self) -> int:
        return sum(part.rows for part in self.parts)


_COUNTED: Final[Mapping[Kind, Callable[[Asking, Wanted], list[Part]]]] = {
    Kind.ANNEX: annex_parts,
    Kind.REPORT: report_parts,
    Kind.JSON: json_parts,
    Kind.OPEN_DATA: open_data_parts,
}


def owned(wanted: Wanted, actor: Actor) -> Wanted:
    """Return what an analyst means who names no agency: their own and the units below it.

    The annex and the open data are always of the whole province.
    """
    is_whole = wanted.kind in {Kind.ANNEX, Kind.OPEN_DATA} or "." not in (actor.agency or "")
    return wanted if is_whole or wanted.agency else replace(wanted, agency=actor.agency)


def check(desk: Desk, wanted: Wanted, *, actor: Actor, now: datetime) -> None:
    """Refuse what may not or cannot be extracted, without making anything."""
    with _asked(desk, wanted, actor=actor, now=now):
        pass


@contextmanager
def planned(desk: Desk, wanted: Wanted, *, actor: Actor, now: datetime) -> Iterator[Plan]:
    """Open an extraction: refuse it, or give its parts."""
    with _asked(desk, wanted, actor=actor, now=now) as asked:
        count = _COUNTED.get(wanted.kind)
        parts = count(asked, wanted) if count else None
    if parts is not None:
        yield Plan(wanted, now, parts)
        return
    with rows_read(desk, asked, wanted) as rows:
        make = dossier_parts if wanted.kind is Kind.DOSSIERS else parquet_parts
        yield Plan(wanted, now, make(rows))


def _asked(
    desk: Desk, wanted: Wanted, *, actor: Actor, now: datetime
) -> AbstractContextManager[Asking]:
    """Open the question behind an extraction; the annex is public, everybody may have all of it."""
    if actor.role is not Role.ANALYST and not actor.is_internal:
        raise ExtractionRefused("Trích xuất số liệu dành cho cán bộ tổng hợp.")
    if wanted.kind is Kind.OPEN_DATA and "." in (actor.agency or ""):
        raise ExtractionRefused("Dữ liệu mở của toàn tỉnh do cán bộ tổng hợp cấp tỉnh trích xuất.")
    asker = SYSTEM if wanted.kind is Kind.ANNEX else actor
    question = Question(wanted.period, agency=wanted.agency, as_of=wanted.as_of)
    return asking(desk, question, actor=asker, now=now)
