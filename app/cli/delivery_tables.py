"""The ledger to partners on a terminal, as tables."""

import getpass
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from rich.console import Console
from rich.table import Table

from app import clock
from app.cli.database import fail, owner_engine, ready
from app.cli.reading import settings_of
from app.composition import desk_of, engine_of
from app.domain.actor import Actor, Role
from app.domain.calendar import LOCAL_ZONE
from app.domain.deliveries import (
    PARTNER_LABELS,
    STATE_LABELS,
    DeliveryAct,
    DeliveryState,
    Generation,
    Kind,
    Partner,
)
from app.domain.portal_routes import USUAL, Route
from app.services import delivery_desk, routing
from app.services.delivery_desk import Deed, Wanted
from app.services.desk import Desk

_SHORT = 70


@contextmanager
def a_desk(*, threads: bool = False) -> Iterator[Desk]:
    """Give what use cases work with; whoever runs a command here may see everything.

    With `threads` the portal is asked by as many as the settings say.
    """
    with ready(settings_of()) as settings:
        engine = engine_of(settings, pool_size=settings.reconcile_threads + 2 if threads else 2)
        desk = desk_of(settings, engine)
        try:
            yield desk
        finally:
            desk.partners.close()
            engine.dispose()


def operator() -> Actor:
    """Return who runs the command, for the record of what was done."""
    try:
        account = getpass.getuser()
    except (KeyError, OSError):
        account = "unknown"
    return Actor(
        id=f"cli:{account}",
        role=Role.ADMINISTRATOR,
        name=f"Quản trị hệ thống ({account})",
        is_internal=True,
    )


def write_list(
    given: Mapping[str, str | None], *, hours: float | None, after: int, limit: int
) -> None:
    wanted = replace(_wanted(given), older_than=None if hours is None else timedelta(hours=hours))
    with a_desk() as desk:
        found = delivery_desk.list_page(
            desk, wanted, actor=operator(), now=clock.now(), after=after, limit=limit + 1
        )
    table = Table("Số", "Đối tác")
    table.add_column("Hồ sơ", no_wrap=True)
    for name in ("Bước", "Trạng thái", "Lần", "Phát sinh", "Lý do"):
        table.add_column(name)
    for item in found[:limit]:
        table.add_row(
            str(item["id"]),
            item["partner"],
            item["dossier"],
            str(item["seq"]),
            STATE_LABELS[DeliveryState(item["state"])],
            str(item["attempts"]),
            _at(item["arose_at"]),
            _short(item["reason"]),
        )
    console = Console()
    console.print(table)
    if len(found) > limit:
        console.print(f"Còn nữa: --after {found[limit - 1]['id']}")


def _wanted(given: Mapping[str, str | None]) -> Wanted:
    kinds = {"partner": Partner, "state": DeliveryState, "kind": Kind}
    values: dict[str, Any] = {"dossier": given["dossier"]}
    for name, kind in kinds.items():
        value = given[name]
        if value is None:
            continue
        try:
            values[name] = kind(value)
        except ValueError:
            fail(f"--{name} phải là một trong: {', '.join(kind)}.")
    return Wanted(**values)


def write_one(number: int) -> None:
    with a_desk() as desk:
        found = delivery_desk.read(desk, number, actor=operator(), now=clock.now())
    console = Console()
    head = Table(show_header=False, box=None)
    for label, value in (
        ("Bản tin", f"{found['id']}, {PARTNER_LABELS[found['partner']]}"),
        ("Hồ sơ", f"{found['dossier']}, bước {found['seq']}, cơ quan {found['agency']}"),
        ("Trạng thái", STATE_LABELS[DeliveryState(found["state"])]),
        ("Vì sao", found["reason"]),
        ("Phát sinh", _at(found["arose_at"])),
        ("Nội dung", f"phiên bản {found['payload_version']}, SHA-256 {found['body_sha256']}"),
        ("Trả lời", found["answer"] or ""),
    ):
        head.add_row(label, value)
    console.print(head)
    attempts = Table("Lần", "Lúc", "Kết quả", "Mã", "Trả lời", title="Các lần gửi chưa được nhận")
    for row in found["attempts_made"]:
        attempts.add_row(
            str(row["n"]), _at(row["ended_at"]), row["outcome"], row["code"], row["answer"]
        )
    if found["attempts_made"]:
        console.print(attempts)
    for row in found["acts"]:
        said = f": {row['reason']}" if row["reason"] else ""
        console.print(f"{_at(row['acted_at'])} {row['actor_name']} {row['act']}{said}")


def act(name: str, number: int, reason: str | None) -> None:
    with a_desk() as desk:
        deed = Deed(DeliveryAct(name), reason, operator(), clock.now())
        found = delivery_desk.act(desk, number, deed)
    Console().print(
        f"Bản tin {number}: {STATE_LABELS[DeliveryState(found['state'])]}. {found['reason']}"
    )


def write_summary() -> None:
    with a_desk() as desk:
        lines = delivery_desk.summary(desk, actor=operator(), now=clock.now())
    table = Table()
    table.add_column("Đối tác", no_wrap=True)
    for name in ("Chờ", "Đang gửi", "Chặn", "Ngừng", "Gác", "Lâu nhất", "Cầu dao"):
        table.add_column(name)
    for line in lines:
        counts = [line[name] for name in ("waiting", "in_flight", "blocked", "dead", "parked")]
        age = line["oldest_age_s"]
        table.add_row(
            PARTNER_LABELS[line["partner"]],
            *(str(count) for count in counts),
            "" if age is None else str(timedelta(seconds=age)),
            _breaker(line["breaker"]),
        )
    Console().print(table)


def _breaker(breaker: Mapping[str, Any]) -> str:
    if not breaker["is_open"]:
        return "đóng"
    return f"ngắt từ {_at(breaker['opened_at'])}: {_short(breaker['reason'] or '')}"


def _at(at: datetime | None) -> str:
    return "" if at is None else f"{at.astimezone(LOCAL_ZONE):%d/%m/%Y %H:%M:%S}"


def _short(said: str) -> str:
    return said if len(said) <= _SHORT else f"{said[: _SHORT - 1]}…"


def add_route(agency: str, valid_from: date, generation: str, unit: str | None) -> None:
    added = Route(agency, valid_from, Generation(generation), unit)
    with owner_engine() as (_, owner):
        routing.add_route(owner, added, today=clock.now().date())
    Console().print(f"Hồ sơ nhận từ {valid_from:%d/%m/%Y} của {agency} được gửi theo {generation}.")


def write_routes() -> None:
    with owner_engine() as (_, owner):
        found = routing.list_routes(owner)
    table = Table("Cơ quan", "Từ ngày nhận", "Thế hệ", "Mã đơn vị")
    table.add_row(USUAL.agency, "", USUAL.generation, "")
    for known in found:
        table.add_row(
            known.agency, f"{known.valid_from:%d/%m/%Y}", known.generation, known.unit or ""
        )
    Console().print(table)
