"""Extractions that workers make: listed, fetched, scheduled by the operator."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import typer

from app import clock
from app.cli.extract_folder import written
from app.cli.files import refuse
from app.cli.office import operated
from app.domain.actor import Actor, Role
from app.domain.errors import DomainError
from app.domain.extraction import MANIFEST, Kind
from app.domain.once import Once
from app.domain.schedules import Every
from app.services import extraction_jobs, extraction_schedules
from app.services.desk import Desk
from app.services.extraction_schedules import Wish


def jobs(limit: int) -> None:
    with _analysing() as (desk, actor):
        for found in extraction_jobs.newest(desk, actor=actor, after=None, limit=limit):
            _print({**found, "files": len(found["files"])})


def fetch(job: str, out: Path) -> None:
    """Write every file under its name once it is whole, the manifest last."""
    key = _key(job)
    with _analysing() as (desk, actor):
        files = extraction_jobs.read(desk, key, actor=actor)["files"]
        if not files:
            refuse(f"{job}: bản trích xuất chưa xong hoặc tệp đã hết hạn lưu.")
        try:
            if out.is_dir() and any(out.iterdir()):
                refuse(f"{out}: thư mục không trống, hãy chọn thư mục khác.")
            for file in sorted(files, key=lambda file: file["name"] == MANIFEST):
                _fetch(desk, key, file["name"], out)
        except OSError as error:
            refuse(f"{out}: không ghi được ({error.strerror or error}).")
    typer.echo(f"{out}: {len(files)} tệp.")


def _fetch(desk: Desk, key: UUID, name: str, out: Path) -> None:
    target = out / name
    target.parent.mkdir(parents=True, exist_ok=True)
    with written(target) as file:
        for piece in extraction_jobs.content(desk, key, name):
            file.write(piece)


def add(kind: Kind, every: Every, agency: str | None) -> None:
    once = Once(str(uuid4()), "motcua extract schedule add", "")
    wish = Wish(kind, every, agency)
    with _analysing() as (desk, actor):
        now = clock.now()
        _print(extraction_schedules.add(desk, wish, actor=actor, now=now, once=once))


def schedules() -> None:
    with _analysing() as (desk, actor):
        for found in extraction_schedules.listed(desk, actor=actor):
            _print(found)


def end(schedule: str) -> None:
    key = _key(schedule)
    with _analysing() as (desk, actor):
        _print(extraction_schedules.end(desk, key, actor=actor, now=clock.now()))


@contextmanager
def _analysing() -> Iterator[tuple[Desk, Actor]]:
    """Act as the analyst of the whole province; a refusal ends the command with its sentence."""
    with operated() as (desk, actor):
        try:
            yield desk, replace(actor, role=Role.ANALYST)
        except DomainError as refusal:
            refuse(refusal.detail)


def _key(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        refuse(f"{text}: không phải mã của bản trích xuất hoặc lịch.")


def _print(found: dict[str, Any]) -> None:
    typer.echo(json.dumps(found, ensure_ascii=False, default=str))
