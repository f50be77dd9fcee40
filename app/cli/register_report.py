"""The register written to a file, with progress: whole or not at all."""

import sys
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import IO

import typer

from app import clock
from app.cli.database import ready
from app.cli.files import refuse, whole
from app.cli.reading import settings_of
from app.cli.replay_progress import Advance, grouped, progress
from app.composition import desk_of, engine_of
from app.domain.actor import SYSTEM
from app.domain.errors import DomainError
from app.domain.periods import Period
from app.services import registers
from app.services.desk import Desk
from app.services.register_lines import Wanted
from app.services.registers import Kind, Order


def write(agency: str, first: date, last: date, out: Path, *, is_view: bool) -> None:
    """Write the register, or say in one sentence why not (status 2)."""
    if out.suffix.lower() not in {".xlsx", ".pdf"}:
        refuse(f"{out.name}: tệp phải có đuôi .xlsx hoặc .pdf.")
    try:
        wanted = Wanted(agency, Period(first, last))
    except DomainError as refusal:
        refuse(refusal.detail)
    with ready(settings_of()) as settings:
        engine = engine_of(settings, pool_size=1)
        try:
            with whole(out) as file:
                order = Order(wanted, Kind(out.suffix[1:].lower()), SYSTEM, clock.now())
                _write(desk_of(settings, engine), order, file, is_view=is_view)
        except DomainError as refusal:
            refuse(refusal.detail)
        finally:
            engine.dispose()
    typer.echo(f"{out}: {grouped(out.stat().st_size // 1024)} KiB")


def _write(desk: Desk, order: Order, file: IO[bytes], *, is_view: bool) -> None:
    with _Told() as told:
        if is_view:
            registers.look(order, desk, file, told.watch)
            return
        issued = registers.issue(order, desk, told.watch)
    for piece in registers.content(desk, issued["sha256"]):
        file.write(piece)


class _Told(ExitStack):
    """Tells the terminal how far the writing is."""

    _advance: Advance | None = None
    _done = 0

    def watch(self, done: int, total: int) -> None:
        if self._advance is None:
            shown = progress(total, done, sys.stderr, label="Ghi sổ")
            self._advance = self.enter_context(shown)
        self._advance(done - self._done)
        self._done = done
