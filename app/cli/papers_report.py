"""The papers of a dossier as a table, or one of them as a file."""

from datetime import datetime
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.table import Table

from app import clock
from app.cli.database import ready
from app.cli.files import refuse, whole
from app.cli.reading import settings_of
from app.composition import desk_of, engine_of
from app.domain.actor import SYSTEM
from app.domain.calendar import local_minute
from app.domain.errors import DomainError
from app.services import papers
from app.services.desk import Desk

_PAGE = 100


def run(code: str, number: int | None, out: Path | None) -> None:
    """List the papers of a dossier, or write one to a file."""
    if (number is None) != (out is None):
        refuse("--print và --out đi cùng nhau.")
    with ready(settings_of()) as settings:
        engine = engine_of(settings, pool_size=1)
        try:
            desk = desk_of(settings, engine)
            if number is None or out is None:
                _list(desk, code)
            else:
                _write(desk, code, number, out)
        except DomainError as refusal:
            refuse(refusal.detail)
        finally:
            engine.dispose()


def _list(desk: Desk, code: str) -> None:
    table = Table(title=f"Giấy tờ của hồ sơ {code}")
    for heading in ("Id", "Mẫu", "Số", "Tên giấy tờ", "Ban hành", "Người lập", "In lần đầu"):
        table.add_column(heading)
    after = 0
    while found := papers.listed(desk, code, actor=SYSTEM, after=after, limit=_PAGE):
        for paper in found:
            table.add_row(*_row(paper))
        after = found[-1]["id"]
    Console().print(table)


def _row(paper: Any) -> list[str]:  # noqa: ANN401  (JSON values)
    return [
        *(str(paper["id"]), paper["form_number"], paper["number"], paper["title"]),
        *(_minute(paper["issued_at"]), paper["issued_by"], _minute(paper["printed_at"])),
    ]


def _minute(at: str | None) -> str:
    return f"{local_minute(datetime.fromisoformat(at)):%H:%M %d/%m/%Y}" if at else ""


def _write(desk: Desk, code: str, number: int, out: Path) -> None:
    paper = papers.printed(desk, code, number, actor=SYSTEM, now=clock.now())
    with whole(out) as file:
        for piece in papers.content(desk, paper.sha256):
            file.write(piece)
    typer.echo(f"{out}: {paper.size_bytes} byte, SHA-256 {paper.sha256}")
