"""The annex as a table to read, a CSV like the published one, or JSON."""

import json
import sys
from collections.abc import Callable
from datetime import date
from io import BytesIO

import typer
from rich.console import Console
from rich.table import Table

from app import clock
from app.cli.database import ready
from app.cli.reading import settings_of
from app.composition import desk_of, engine_of
from app.domain.actor import SYSTEM
from app.domain.errors import DomainError
from app.domain.figures import AnnexRow
from app.domain.periods import Period
from app.domain.question import Question
from app.papers.plain_tables import ANNEX_COLUMNS, annex_values, write_annex
from app.services.figures import annex_of


def write(first: date, last: date, form: str, as_of: date | None = None) -> None:
    try:
        period = Period(first, last)
    except DomainError as refusal:
        typer.echo(f"motcua: {refusal.detail}", err=True)
        raise typer.Exit(2) from None
    with ready(settings_of()) as settings:
        engine = engine_of(settings, pool_size=1)
        question = Question(period, as_of=as_of)
        try:
            rows = annex_of(desk_of(settings, engine), question, actor=SYSTEM, now=clock.now())
        except DomainError as refusal:
            typer.echo(f"motcua: {refusal.detail}", err=True)
            raise typer.Exit(2) from None
        finally:
            engine.dispose()
    _WRITERS[form](period, rows)


def as_csv(period: Period, rows: list[AnnexRow]) -> None:
    made = BytesIO()
    write_annex(made, period, rows)
    sys.stdout.write(made.getvalue().decode())


def _as_json(period: Period, rows: list[AnnexRow]) -> None:
    lines = [dict(zip(ANNEX_COLUMNS, annex_values(period, row), strict=True)) for row in rows]
    json.dump(lines, sys.stdout, ensure_ascii=False, indent=1)
    sys.stdout.write("\n")


def _as_table(period: Period, rows: list[AnnexRow]) -> None:
    Console().print(table(period, rows))


def table(period: Period, rows: list[AnnexRow]) -> Table:
    """Return the annex as people read it: Vietnamese headings, decimal comma."""
    made = Table(title=f"Tỷ lệ hồ sơ trực tuyến {period}")
    made.add_column("TT", justify="right")
    made.add_column("Cơ quan, đơn vị")
    for heading in ("Tổng số", "Tại Một cửa", "Trực tuyến", "Tỷ lệ (%)"):
        made.add_column(heading, justify="right")
    for row in rows:
        is_total = row.row == "total"
        made.add_row(
            "" if is_total else row.row,
            row.agency,
            _number(row.intake.received),
            _number(row.intake.at_desk),
            _number(row.intake.online),
            str(row.rate).replace(".", ","),
            style="bold" if is_total else None,
        )
    return made


def _number(value: int) -> str:
    return f"{value:,}".replace(",", ".")


_WRITERS: dict[str, Callable[[Period, list[AnnexRow]], None]] = {
    "table": _as_table,
    "csv": as_csv,
    "json": _as_json,
}
