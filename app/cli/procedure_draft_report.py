"""Drafts of procedures that are kept: shown, published, put aside by their number."""

import json
from datetime import datetime

import typer

from app import clock
from app.cli.database import fail
from app.cli.procedure_report import BY, a_desk, an_actor, tell_differences, tell_published
from app.services import procedure_drafts, procedure_reading, publications


def show(number: int, *, as_json: bool) -> None:
    with a_desk() as desk:
        found = procedure_reading.draft(desk, number, actor=an_actor(BY), now=clock.now())
    if as_json:
        document = {"code": found["procedure"], **found["content"]}
        typer.echo(json.dumps(document, ensure_ascii=False, indent=2))
        return
    typer.echo(
        f"Dự thảo {number} ({found['state']}): {found['procedure']} {found['content']['name']}"
    )
    typer.echo(f"Nguồn: {found['origin']}. {found['note'] or ''}".rstrip())
    tell_differences(found["against"], found["differences"])
    for fault in found["errors"]:
        typer.echo(f"Lỗi phải sửa: {fault['pointer']}: {fault['detail']}")


def publish(number: int, valid_from: datetime, by: str) -> None:
    actor, now = an_actor(by), clock.now()
    with a_desk() as desk:
        found = procedure_reading.draft(desk, number, actor=actor, now=now)
        checked, faults = procedure_drafts.examine(
            desk, number, version=found["version"], actor=actor, now=now
        )
        for fault in faults:
            typer.echo(f"{fault['pointer']}: {fault['detail']}", err=True)
        if faults:
            fail(f"Dự thảo có {len(faults)} lỗi. Chưa ban hành.")
        done = publications.publish(
            desk,
            number,
            valid_from=valid_from.date(),
            version=checked["version"],
            actor=actor,
            now=now,
        )
    tell_published(done)


def discard(number: int, by: str) -> None:
    actor, now = an_actor(by), clock.now()
    with a_desk() as desk:
        found = procedure_reading.draft(desk, number, actor=actor, now=now)
        procedure_drafts.discard(desk, number, version=found["version"], actor=actor, now=now)
    typer.echo(f"Đã bỏ dự thảo {number} của {found['procedure']}.")
