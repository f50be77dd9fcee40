"""Answers about figures as tables to read, CSV or JSON."""

import csv
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any, NoReturn

import typer
from rich.console import Console
from rich.table import Table

from app import clock
from app.cli.database import ready
from app.cli.reading import settings_of
from app.composition import desk_of, engine_of
from app.domain.actor import SYSTEM
from app.domain.errors import DomainError
from app.domain.periods import Period
from app.domain.question import Question
from app.domain.running import RUNNING, lines_of
from app.services import figures, recounting
from app.services.desk import Desk


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table: names for machines, headings for people, rows of plain values."""

    title: str
    columns: Mapping[str, str]
    rows: Sequence[Mapping[str, Any]]
    upright: bool = False  # few rows with many columns: printed as lines


def refuse(refusal: DomainError) -> NoReturn:
    typer.echo(f"motcua: {refusal.detail}", err=True)
    raise typer.Exit(2) from None


def question(first: date, last: date, **wanted: Any) -> Question:  # noqa: ANN401  (fields of Question)
    try:
        return Question(Period(first, last), **wanted)
    except DomainError as refusal:
        refuse(refusal)


@contextmanager
def desk() -> Iterator[Desk]:
    """Give what services work with; a refusal of a question ends the command with its reason."""
    with ready(settings_of()) as settings:
        engine = engine_of(settings, pool_size=2)
        try:
            yield desk_of(settings, engine)
        except DomainError as refusal:
            refuse(refusal)
        finally:
            engine.dispose()


def running(asked: Question, form: str) -> None:
    with desk() as found:
        answer = figures.running(found, asked, actor=SYSTEM, now=clock.now())
    rows = [
        {"code": part.code, "name": part.name, **lines_of(part.sums)}
        for part in (*(answer.parts if asked.group != "none" else ()), answer.total)
    ]
    columns = {"code": "Mã", "name": "Nội dung", **RUNNING}
    show(Sheet(f"Tình hình giải quyết hồ sơ {asked.period}", columns, rows, upright=True), form)


def verify() -> None:
    """Recount and say what was found; the exit status tells scripts."""
    with desk() as found:
        result = recounting.verify(found, now=clock.now())
    typer.echo(f"Đã đếm lại {number(result.dossiers)} hồ sơ trong {result.seconds:.1f} giây.")
    for difference in result.differences:
        typer.echo(json.dumps(difference, ensure_ascii=False, default=str))
    if not result.is_right:
        typer.echo(f"Có {len(result.differences)} điểm khác với sổ số liệu.", err=True)
        raise typer.Exit(1)
    typer.echo("Số liệu đúng với lịch sử từng hồ sơ.")


def show(sheet: Sheet, form: str) -> None:
    _WRITERS[form](sheet)


def _as_csv(sheet: Sheet) -> None:
    writer = csv.DictWriter(sys.stdout, list(sheet.columns), lineterminator="\n")
    writer.writeheader()
    writer.writerows(sheet.rows)


def _as_json(sheet: Sheet) -> None:
    json.dump(list(sheet.rows), sys.stdout, ensure_ascii=False, indent=1, default=str)
    sys.stdout.write("\n")


def _as_table(sheet: Sheet) -> None:
    made = Table(title=sheet.title)
    if sheet.upright:
        made.add_column("")
        for row in sheet.rows:
            made.add_column(str(row["name"]), justify="right")
        for name, label in list(sheet.columns.items())[2:]:
            made.add_row(label, *(number(row[name]) for row in sheet.rows))
    else:
        for name, label in sheet.columns.items():
            is_number = any(not isinstance(row.get(name), str) for row in sheet.rows)
            made.add_column(label, justify="right" if is_number else "left")
        for row in sheet.rows:
            made.add_row(*(number(row.get(name)) for name in sheet.columns))
    Console().print(made)


def number(value: Any) -> str:  # noqa: ANN401  (any cell)
    """Write a cell as people read it here: dots between thousands, a decimal comma."""
    if value is None:
        return ""
    if isinstance(value, int):
        return f"{value:,}".replace(",", ".")
    return str(value).replace(".", ",") if not isinstance(value, str) else value


_WRITERS: dict[str, Callable[[Sheet], None]] = {
    "table": _as_table,
    "csv": _as_csv,
    "json": _as_json,
}
