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
from app.services.desk import Desk
from app.services.registers import Wanted, print_register, write_register


def write(agency: str, first: date, last: date, out: Path) -> None:
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
                _write(desk_of(settings, engine), wanted, file, is_pdf=out.suffix.lower() == ".pdf")
        except DomainError as refusal:
            refuse(refusal.detail)
        finally:
            engine.dispose()
    typer.echo(f"{out}: {grouped(out.stat().st_size // 1024)} KiB")


def _write(desk: Desk, wanted: Wanted, file: IO[bytes], *, is_pdf: bool) -> None:
    now = clock.now()
    if is_pdf:
        file.write(print_register(desk, wanted, actor=SYSTEM, now=now))
        return
    with _Told() as told:
        write_register(desk, wanted, file, actor=SYSTEM, now=now, watch=told.watch)


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
