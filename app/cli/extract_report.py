"""Extractions written into a folder, with progress and sentences for what goes wrong."""

import sys
from datetime import date, datetime
from pathlib import Path

import typer

from app import clock
from app.cli.database import ready
from app.cli.extract_folder import Folder, FolderUnusable, faults, opened
from app.cli.files import refuse
from app.cli.reading import settings_of
from app.cli.replay_progress import grouped, progress
from app.composition import desk_of, engine_of
from app.domain.actor import SYSTEM
from app.domain.errors import DomainError
from app.domain.extraction import MANIFEST, Kind, Wanted
from app.domain.periods import Period
from app.services.desk import Desk
from app.services.extract_parts import VERSION
from app.services.extracting import Plan, planned
from app.settings import Settings


def run(
    kind: Kind, first: date, last: date, agency: str | None, as_of: date | None, out: Path
) -> None:
    """Make an extraction, or go on with it, or say in one sentence why not (status 2)."""
    now = clock.now()
    try:
        wanted = Wanted(kind, Period(first, last), agency, as_of)
        with opened(out, wanted, now) as folder:
            if folder.is_complete:
                typer.echo(f"{out}: bản trích xuất này đã hoàn tất ({MANIFEST}).")
                return
            with ready(settings_of()) as settings:
                _fill(settings, wanted, folder, now)
    except DomainError as refusal:
        refuse(refusal.detail)
    except FolderUnusable as refusal:
        refuse(str(refusal))


def _fill(settings: Settings, wanted: Wanted, folder: Folder, now: datetime) -> None:
    engine = engine_of(settings, pool_size=3)
    try:
        fill(desk_of(settings, engine), wanted, folder, now)
    except DomainError as refusal:
        refuse(refusal.detail)
    finally:
        engine.dispose()


def fill(desk: Desk, wanted: Wanted, folder: Folder, now: datetime) -> None:
    """Make what is missing of an extraction in its folder."""
    with planned(desk, wanted, actor=SYSTEM, now=now) as plan:
        missing = [part for part in plan.parts if not folder.has(part)]
        left = sum(part.rows for part in missing)
        with progress(plan.rows, plan.rows - left, sys.stderr, label="Trích xuất") as advance:
            for part in missing:
                folder.make(part, advance)
        folder.finish(wanted, plan.parts, read_at=plan.read_at, version=VERSION)
    _tell(folder, plan, made=len(missing))


def _tell(folder: Folder, plan: Plan, made: int) -> None:
    rows = sum(one.rows for one in folder.made.values() if one.is_data)
    kept = (
        f", giữ lại {grouped(len(plan.parts) - made)} tệp có sẵn" if made < len(plan.parts) else ""
    )
    typer.echo(f"{folder.path}: {grouped(len(plan.parts))} tệp, {grouped(rows)} dòng{kept}.")


def verify(path: Path) -> None:
    """Say what differs from the manifest, or that nothing does."""
    try:
        found = list(faults(path))
    except (FolderUnusable, OSError) as refusal:
        refuse(str(refusal))
    for sentence in found:
        typer.echo(f"motcua: {sentence}", err=True)
    if found:
        raise typer.Exit(1)
    typer.echo(f"{path}: đúng như {MANIFEST}.")
