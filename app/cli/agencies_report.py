"""Agencies as tables, and carrying a reorganisation out with its progress shown."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from app import clock
from app.api.agency_changes import ReorganisationForm
from app.cli.database import fail, ready
from app.cli.reading import settings_of
from app.cli.replay_progress import grouped, progress
from app.composition import desk_of, engine_of
from app.domain.actor import Actor, Role
from app.domain.agency import Agency, Level
from app.domain.calendar import LOCAL_ZONE
from app.domain.reorganisation import ChangeState, Reorganisation
from app.domain.reorganisation_faults import AgencyChangeFaulty
from app.services import catalogue, moving, reorganisation_reading, reorganisations
from app.services.desk import Desk

_LEVELS = {Level.PROVINCE: "cấp tỉnh", Level.DISTRICT: "cấp huyện", Level.COMMUNE: "cấp xã"}
_STATES = {
    ChangeState.SCHEDULED: "chờ đến ngày",
    ChangeState.MOVING: "đang chuyển hồ sơ",
    ChangeState.DONE: "đã xong",
    ChangeState.WITHDRAWN: "đã rút",
}
_WIDE = 1000  # columns: in a file or pipe every row keeps to one line
_SHOWN = 20  # dossiers of a preview


def list_(on: date | None, *, every: bool) -> None:
    day = on or clock.today()
    with _desk() as desk:
        known = catalogue.current(desk).agencies.values()
    table = _table("Mã", "Tên", "Cấp", "Từ ngày", "Đến ngày", "Kế thừa")
    for agency in known:
        if every or agency.is_valid_on(day):
            table.add_row(
                agency.code,
                agency.name_on(day),
                _LEVELS[agency.level],
                _local(agency.valid_from),
                _local(agency.valid_to),
                agency.heir or "",
            )
    _print(table)


def show(code: str) -> None:
    with _desk() as desk:
        agency = catalogue.agency(desk, code)
        known = catalogue.current(desk).agencies.values()
        offered = catalogue.procedures_on(desk, clock.today(), agency=code, level=None)
    typer.echo(f"{agency.code} {agency.name}, {_LEVELS[agency.level]}")
    typer.echo(f"Từ ngày {_local(agency.valid_from)} {_until(agency)}".rstrip())
    for former in agency.former_names:
        typer.echo(f"Đến {_local(former.last_on)} có tên: {former.name}")
    units = [unit.code for unit in known if unit.parent == code]
    inherited = [other.code for other in known if other.heir == code]
    for words, codes in (("Đơn vị trực thuộc", units), ("Kế thừa của", inherited)):
        if codes:
            typer.echo(f"{words}: {', '.join(codes)}")
    typer.echo(f"Giải quyết {len(offered)} thủ tục")


def _until(agency: Agency) -> str:
    if agency.valid_to is None:
        return ""
    return f"đến {_local(agency.valid_to)}, kế thừa: {agency.heir}"


def read_file(file: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        fail(f"Tệp không đọc được: {error}")
    return found


def carry_out(document: dict[str, Any], by: str, *, preview: bool) -> None:
    """Preview a reorganisation, or enter it and, if its day has come, move the dossiers."""
    with _desk() as desk:
        change = _read(desk, document)
        if preview:
            _preview(desk, change)
            return
        entered = reorganisations.enter(desk, change, actor=_actor(by), now=clock.now())
        typer.echo(f"Đã nhập thay đổi số {entered['id']}, có hiệu lực từ {_local(change.on)}.")
        if change.on > clock.today():
            typer.echo("Hệ thống nền sẽ thực hiện vào ngày ấy.")
            return
        _move(desk, entered["id"])


def _read(desk: Desk, document: dict[str, Any]) -> Reorganisation:
    known = catalogue.current(desk).agencies
    for created in document.get("created") or []:
        like = known.get(created.pop("like", ""))
        if like is not None:
            created |= {"level": like.level, "parent": created["code"].rpartition(".")[0]}
            created["report_group"] = created.get("report_group") or like.report_group
    try:
        return ReorganisationForm.model_validate_json(json.dumps(document)).change()
    except ValidationError as error:
        faults = (f"/{'/'.join(map(str, f['loc']))}: {f['msg']}" for f in error.errors())
        fail(f"Thay đổi không đọc được: {'; '.join(faults)}")


def _preview(desk: Desk, change: Reorganisation) -> None:
    seen = reorganisation_reading.preview(
        desk, change, actor=_actor("motcua agencies"), now=clock.now(), after=0, limit=_SHOWN
    )
    routes = _table("Từ", "Đến", "Hồ sơ chưa xong")
    for route in seen.routes:
        routes.add_row(route["from"], route["to"], grouped(route["dossiers"]))
    dossiers = _table("Hồ sơ", "Từ", "Đến", "Hạn (giữ nguyên)")
    for item in seen.page:
        dossiers.add_row(item["code"], item["from"], item["to"], _local(item["due_at"]))
    _print(routes, dossiers)
    more = f", nêu {_SHOWN} hồ sơ đầu" if seen.next is not None else ""
    typer.echo(f"{grouped(seen.count)} hồ sơ chưa xong sẽ chuyển{more}. Chưa có gì được ghi.")


def _move(desk: Desk, number: int) -> None:
    """Do what workers would do, beside them, until this change is done."""
    while moving.begin_due(desk, now=clock.now()):
        pass
    actor = _actor("motcua agencies")
    row = reorganisation_reading.change(desk, number, actor=actor)
    moved = row["moved"]
    with progress(row["total"], moved, sys.stderr, label="Chuyển hồ sơ") as advance:
        while moving.move_next(desk, now=clock.now()):
            row = reorganisation_reading.change(desk, number, actor=actor, is_counted=False)
            advance(row["moved"] - moved)
            moved = row["moved"]
    typer.echo(f"Đã chuyển {grouped(moved)} hồ sơ; mã, thời hạn và số liệu cũ giữ nguyên.")
    if row["state"] != ChangeState.DONE:
        typer.echo("Còn hồ sơ đang có người xử lý, hệ thống nền sẽ chuyển tiếp.")


def changes() -> None:
    table = _table("Số", "Từ ngày", "Trạng thái", "Đã chuyển", "Văn bản", "Người nhập")
    with _desk() as desk:
        found = reorganisation_reading.changes(
            desk, actor=_actor("motcua agencies"), before=None, limit=100
        )
    for row in found:
        table.add_row(
            str(row["id"]),
            _local(date.fromisoformat(row["on"])),
            _STATES[ChangeState(row["state"])],
            f"{grouped(row['moved'])}/{grouped(row['total'])}",
            row["source"],
            row["entered_by"],
        )
    _print(table)


def withdraw(number: int, by: str) -> None:
    with _desk() as desk:
        reorganisations.withdraw(desk, number, actor=_actor(by), now=clock.now())
    typer.echo(f"Đã rút thay đổi số {number}.")


@contextmanager
def _desk() -> Iterator[Desk]:
    with ready(settings_of()) as settings:
        engine = engine_of(settings, pool_size=2)
        try:
            yield desk_of(settings, engine)
        except AgencyChangeFaulty as refusal:
            for fault in refusal.facts["errors"][1:]:
                typer.echo(f"motcua: {fault['pointer']}: {fault['detail']}", err=True)
            raise
        finally:
            engine.dispose()


def _actor(name: str) -> Actor:
    return Actor(id="motcua-cli", role=Role.ADMINISTRATOR, name=name, is_internal=True)


def _table(*columns: str) -> Table:
    table = Table()
    for name in columns:
        table.add_column(name, no_wrap=True)
    return table


def _local(at: date | None) -> str:
    if isinstance(at, datetime):
        return f"{at.astimezone(LOCAL_ZONE):%H:%M %d/%m/%Y}"
    return "" if at is None else f"{at:%d/%m/%Y}"


def _print(*tables: Table) -> None:
    console = Console(highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console.width = _WIDE
    for table in tables:
        console.print(table)
