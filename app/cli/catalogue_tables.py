"""Drafts of procedures on a terminal."""

import json
from datetime import date

from rich.console import Console
from rich.table import Table

from app import clock
from app.cli.database import fail
from app.cli.delivery_tables import a_desk, operator
from app.domain.drafts import DraftState
from app.integrations.portal import PORTAL_ERRORS
from app.services import drafts, publication

_PAGE = 1000
_SHORT = 400


def write_sync() -> None:
    with a_desk() as desk:
        try:
            found = drafts.sync(desk, actor=operator(), now=clock.now())
        except PORTAL_ERRORS as error:
            fail(f"Không đọc được danh mục của cổng: {error}")
    console = Console()
    console.print(
        f"{len(found.drafted)} thủ tục có dự thảo mới, {len(found.unchanged)} không đổi, "
        f"{len(found.faulty)} không đọc được."
    )
    for code, reason in found.faulty.items():
        console.print(f"  {code}: chưa có ánh xạ hoặc không đọc được: {reason}")
    if found.drafted:
        console.print("So sánh: motcua catalogue diff")


def write_open() -> None:
    with a_desk() as desk:
        found = drafts.list_page(
            desk, actor=operator(), state=DraftState.OPEN, after=0, limit=_PAGE
        )
    table = Table("Số", "Mã thủ tục", "Tên", "Nguồn", "Lập lúc")
    for row in found:
        table.add_row(
            str(row["id"]), row["code"], row["name"], row["origin"], f"{row['created_at']:%d/%m/%Y}"
        )
    Console().print(table)


def write_diff(number: int) -> None:
    with a_desk() as desk:
        found = drafts.read(desk, number, actor=operator())
    console = Console()
    console.print(f"{found['code']} {found['name']} ({found['state']})", highlight=False)
    for change in found["changes"]:
        console.print(change["pointer"], style="bold", highlight=False, markup=False)
        for sign, value, style in (("-", change["before"], "red"), ("+", change["after"], "green")):
            if value is not None:
                said = json.dumps(value, ensure_ascii=False)[:_SHORT]
                console.print(f"  {sign} {said}", style=style, highlight=False, markup=False)
    for fault in found["faults"]:
        console.print(f"Lỗi phải sửa: {fault}", style="yellow", markup=False)


def publish(number: int, valid_from: date) -> None:
    with a_desk() as desk:
        found = publication.publish(
            desk, number, valid_from=valid_from, actor=operator(), now=clock.now(), once=None
        )
    Console().print(f"Đã công bố {found['code']}, có hiệu lực từ {valid_from:%d/%m/%Y}.")


def discard(number: int, reason: str) -> None:
    with a_desk() as desk:
        found = publication.discard(
            desk, number, reason=reason, actor=operator(), now=clock.now(), once=None
        )
    Console().print(f"Đã bỏ bản dự thảo {number} của {found['code']}.")
