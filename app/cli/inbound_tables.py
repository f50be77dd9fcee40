"""Dossiers from the national portal on a terminal, as tables."""

import json
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from app import clock
from app.cli.database import fail
from app.cli.delivery_tables import a_desk, operator
from app.domain.calendar import LOCAL_ZONE
from app.domain.errors import DomainError
from app.domain.inbound import InboundAct, InboundState
from app.services import inbound_desk
from app.services.inbound_desk import Deed, Wanted

_SHORT = 90


def write_list(state: str | None, code: str | None, *, every: bool, after: int, limit: int) -> None:
    if state is not None and state not in set(InboundState):
        fail(f"--state phải là một trong: {', '.join(InboundState)}.")
    wanted = Wanted(InboundState(state) if state else None, None, code, every)
    with a_desk() as desk:
        found = inbound_desk.list_page(desk, wanted, actor=operator(), after=after, limit=limit + 1)
    table = Table()
    for name in ("Số", "Mã tại Cổng", "Trạng thái"):
        table.add_column(name, no_wrap=True)
    table.add_column("Hồ sơ, hoặc vì sao chưa")
    for item in found[:limit]:
        reason = item["dossier"] or item["reason"] or ""
        table.add_row(
            str(item["id"]),
            item["portal_code"] or "không đọc được",
            item["state_label"],
            reason if len(reason) <= _SHORT else f"{reason[: _SHORT - 1]}…",
        )
    console = Console()
    console.print(table)
    if len(found) > limit:
        console.print(f"Còn nữa: --after {found[limit - 1]['id']}")


def write_one(number: int, body: Path | None, copy: int | None) -> None:
    with a_desk() as desk:
        try:
            found = inbound_desk.read(desk, number, actor=operator())
            if body is not None:
                content = inbound_desk.message_of(desk, number, actor=operator(), copy=copy)
                body.touch(mode=0o600)
                body.write_bytes(content)
        except DomainError as refusal:
            fail(refusal.detail)
    console = Console()
    head = Table(show_header=False, box=None)
    for label, value in (
        ("Bản tin", f"{number}, {found['service']}"),
        ("Mã tại Cổng", found["portal_code"] or "không đọc được"),
        ("Thủ tục", found["procedure"] or ""),
        ("Cơ quan", found["agency"] or ""),
        ("Trạng thái", found["state_label"]),
        ("Vì sao", found["reason"] or ""),
        ("Hồ sơ", found["dossier"] or ""),
        ("Nhận lúc", _at(found["received_at"])),
        ("Gửi lại khác nội dung", str(found["copies"])),
    ):
        head.add_row(label, value)
    console.print(head)
    if found["faults"]:
        faults = Table("Chỗ", "Mã lỗi", "Lỗi", title="Lỗi")
        for fault in found["faults"]:
            faults.add_row(fault["pointer"] or "(cả bản tin)", fault["code"], fault["detail"])
        console.print(faults)
    for done in found["acts"]:
        places = f" ({', '.join(done['changed'])})" if any(done["changed"]) else ""
        console.print(f"{done['actor_name']} {done['act']}{places}: {done['reason']}")
    if body is not None:
        console.print(f"Đã ghi nội dung vào {body}.")


def replay(number: int, reason: str) -> None:
    _act(number, Deed(InboundAct.REPLAY, reason, operator(), clock.now()))


def discard(number: int, reason: str) -> None:
    _act(number, Deed(InboundAct.DISCARD, reason, operator(), clock.now()))


def mend(number: int, reason: str, changes: list[str], body: Path | None, copy: int | None) -> None:
    message: dict[str, Any] | None = None
    if body is not None:
        try:
            message = json.loads(body.read_bytes())
        except (ValueError, OSError) as error:
            fail(f"{body} không đọc được: {error}")
        if not isinstance(message, dict):
            fail(f"{body} phải là một đối tượng JSON.")
    _act(
        number,
        Deed(
            *(InboundAct.MEND, reason, operator(), clock.now()),
            changes=dict(_change(change) for change in changes),
            message=message,
            copy=copy,
        ),
    )


def _change(text: str) -> tuple[str, Any]:
    """Read `/Pointer=value`: JSON where it is some, else a text; nothing takes the member away."""
    pointer, sign, value = text.partition("=")
    if not sign:
        fail(f"--set {text}: phải có dạng /ChỗCầnSửa=giá trị.")
    if not value:
        return pointer, None
    # Numbers stay texts: the portal writes all its codes as texts.
    is_json = value[0] in '{["' or value in {"true", "false"}
    try:
        return pointer, json.loads(value) if is_json else value
    except ValueError:
        fail(f"--set {pointer}: giá trị không phải JSON hợp lệ.")


def _act(number: int, deed: Deed) -> None:
    with a_desk() as desk:
        try:
            found = inbound_desk.act(desk, number, deed)
        except DomainError as refusal:
            fail(refusal.detail)
    Console().print(
        f"Bản tin {number}: {found['state_label']}. Xem lại: motcua inbound show {number}"
    )


def _at(at: Any) -> str:  # noqa: ANN401  (an instant)
    return f"{at.astimezone(LOCAL_ZONE):%d/%m/%Y %H:%M:%S}"
