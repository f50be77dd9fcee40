"""The catalogue as tables, drafts read from files, and what was done with them."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from app import clock
from app.api.procedure_drafts import Content
from app.cli.database import fail, ready
from app.cli.reading import settings_of
from app.composition import desk_of, engine_of
from app.domain.actor import Actor, Role
from app.domain.errors import DomainError
from app.domain.procedure import AgencyRule
from app.domain.procedure_definition import parse_version
from app.domain.procedure_drafts import DraftState, definition_of
from app.services import procedure_drafts, procedure_reading, publications
from app.services.desk import Desk

_WIDE = 1000  # columns: in a file or pipe every line keeps together
_BY = "motcua procedures"
_RULES = {
    AgencyRule.HERE: "nơi đang giữ hồ sơ",
    AgencyRule.RESOLVING: "cơ quan giải quyết",
    AgencyRule.PARENT: "cơ quan cấp trên",
}
_CHANGES = {"added": "thêm", "removed": "bỏ", "changed": "sửa", "moved": "đổi thứ tự"}
_LONGEST = 60


def list_all() -> None:
    with _desk() as desk:
        catalogue = procedure_reading.catalogue(desk, actor=_actor(_BY))
        drafts = procedure_reading.drafts(desk, actor=_actor(_BY))
    table = _table("Mã", "Thủ tục", "Phiên bản", "Hiệu lực", "Thời hạn")
    for code, known in sorted(catalogue.procedures.items()):
        for version in known.versions:
            period = _period(version.valid_from, version.valid_to)
            table.add_row(code, known.name, str(version.version), period, version.limit.label)
    _print(table)
    opened = [one for one in drafts if one["state"] in {DraftState.DRAFT, DraftState.CHECKED}]
    if opened:
        table = _table("Dự thảo", "Mã", "Nguồn", "Trạng thái", "Người sửa cuối")
        for one in opened:
            table.add_row(
                str(one["id"]), one["procedure"], one["origin"], one["state"], one["changed_by"]
            )
        _print(table)


def show(code: str, number: int | None, *, as_json: bool) -> None:
    with _desk() as desk:
        found = procedure_reading.version(desk, code, number, actor=_actor(_BY))
    if as_json:
        typer.echo(json.dumps({"code": code, **found["content"]}, ensure_ascii=False, indent=2))
        return
    version = parse_version(definition_of(found["content"], found["version"], found["valid_from"]))
    typer.echo(f"{code} {found['content']['name']}")
    period = _period(found["valid_from"], found["valid_to"])
    typer.echo(f"Phiên bản {found['version']}, {period}, thời hạn {version.limit.label}")
    table = _table("Bước", "Tên", "Vai trò", "Cơ quan", "Phần thời hạn", "Được quyết định")
    for step in version.steps:
        where = _RULES[step.agency] if isinstance(step.agency, AgencyRule) else step.agency
        decides = "mọi thao tác" if step.decides is None else ", ".join(step.decides)
        table.add_row(step.code, step.name, step.role, where, f"{step.share_percent} %", decides)
    _print(table)


def check(file: Path, valid_from: datetime | None) -> None:
    code, content = _read(file)
    with _desk() as desk:
        day = valid_from.date() if valid_from else None
        found = procedure_reading.review(
            desk, code, content, valid_from=day, actor=_actor(_BY), now=clock.now()
        )
    _tell(found)
    typer.echo("Dự thảo không có lỗi. Chưa có gì được ghi.")


def publish(file: Path, valid_from: datetime, by: str) -> None:
    code, content = _read(file)
    with _desk() as desk:
        actor, now = _actor(by), clock.now()
        seen = procedure_reading.review(
            desk, code, content, valid_from=valid_from.date(), actor=actor, now=now
        )
        _tell(seen)
        draft = procedure_drafts.write(desk, code, content, note=file.name, actor=actor, now=now)
        checked, _ = procedure_drafts.examine(
            desk, draft["id"], version=draft["version"], actor=actor, now=now
        )
        done = publications.publish(
            desk,
            draft["id"],
            valid_from=valid_from.date(),
            version=checked["version"],
            actor=actor,
            now=now,
        )
    typer.echo(
        f"Đã ban hành {code} phiên bản {done['version']}, hiệu lực từ "
        f"{valid_from:%d/%m/%Y}. Hồ sơ đang giải quyết giữ phiên bản cũ."
    )


def retire(code: str, last_day: datetime, by: str) -> None:
    with _desk() as desk:
        ended = publications.retire(
            desk, code, last_day=last_day.date(), actor=_actor(by), now=clock.now()
        )
    typer.echo(
        f"{code} phiên bản {ended['version']} hết hiệu lực sau ngày {last_day:%d/%m/%Y}. Hồ sơ "
        "đang giải quyết vẫn tiếp tục."
    )


def _tell(found: procedure_reading.Review) -> None:
    """Show what a draft changes; end the command if it has faults."""
    _tell_differences(found)
    for fault in found.faults:
        typer.echo(f"{fault['pointer']}: {fault['detail']}", err=True)
    if found.faults:
        fail(f"Dự thảo có {len(found.faults)} lỗi. Chưa có gì được ghi.")


def _tell_differences(found: procedure_reading.Review) -> None:
    if found.against is None:
        typer.echo("Thủ tục mới, chưa có trong danh mục.")
        return
    table = Table(title=f"So với phiên bản {found.against}", title_justify="left")
    for name in ("Mục", "Thay đổi", "Trước", "Sau"):
        table.add_column(name)
    for one in found.differences:
        change = _CHANGES[one["change"]]
        table.add_row(one["pointer"], change, _short(one["before"]), _short(one["after"]))
    if found.differences:
        _print(table)
    else:
        typer.echo(f"Không khác gì phiên bản {found.against}.")


def _short(value: object) -> str:
    text = "" if value is None else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _period(first: date, last: date | None) -> str:
    return f"từ {first:%d/%m/%Y}" + (f" đến {last:%d/%m/%Y}" if last else "")


def _read(file: Path) -> tuple[str, dict[str, Any]]:
    try:
        document = json.loads(file.read_text(encoding="utf-8-sig"))
        if not isinstance(document, Mapping):
            fail("Tệp phải là một đối tượng JSON.")
        code = document.get("code")
        if not isinstance(code, str):
            fail("Tệp thiếu mục code: mã thủ tục.")
        rest = {name: value for name, value in document.items() if name != "code"}
        return code, Content.model_validate(rest).model_dump()
    except ValidationError as error:
        faults = (f"/{'/'.join(map(str, f['loc']))}: {f['msg']}" for f in error.errors())
        fail(f"Tệp không đọc được: {'; '.join(faults)}")
    except (OSError, ValueError) as error:
        fail(f"Tệp không đọc được: {error}")


@contextmanager
def _desk() -> Iterator[Desk]:
    with ready(settings_of()) as settings:
        engine = engine_of(settings, pool_size=2)
        try:
            yield desk_of(settings, engine)
        except DomainError as refusal:
            for fault in refusal.facts.get("errors", []):
                typer.echo(f"{fault['pointer']}: {fault['detail']}", err=True)
            raise
        finally:
            engine.dispose()


def _actor(name: str) -> Actor:
    return Actor(id="motcua-cli", role=Role.ADMINISTRATOR, name=name, is_internal=True)


def _table(*names: str) -> Table:
    table = Table()
    for name in names:
        table.add_column(name)
    return table


def _print(table: Table) -> None:
    console = Console(highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console.width = _WIDE
    console.print(table)
