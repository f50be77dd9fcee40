"""What a look at the portal's catalogue brought, on a terminal."""

from collections.abc import Mapping
from typing import Any

import typer

from app import clock
from app.cli.database import fail
from app.cli.delivery_tables import a_desk, operator
from app.domain.calendar import LOCAL_ZONE
from app.integrations.portal import PORTAL_ERRORS
from app.services import catalogue_sync


def write_looks(limit: int) -> None:
    with a_desk() as desk:
        looks = catalogue_sync.last_looks(desk, limit=limit)
    if not looks:
        typer.echo("Chưa đọc danh mục của cổng lần nào.")
    for look in looks:
        at = f"{look['begun_at'].astimezone(LOCAL_ZONE):%d/%m/%Y %H:%M}"
        typer.echo(f"{at}  {look['asked_by']}: {_became(look)}")
        for code, reason in look["faulty"].items():
            typer.echo(f"  {code}: {reason}")


def _became(look: Mapping[str, Any]) -> str:
    if look["outcome"] == "failed":
        return f"không đọc được: {look['reason']}"
    if look["outcome"] is None:
        return "đang đọc, hoặc đã dừng giữa chừng"
    return (
        f"{len(look['drafted'])} dự thảo mới, {look['unchanged']} không đổi, "
        f"{len(look['faulty'])} không đọc được"
    )


def sync() -> None:
    with a_desk() as desk:
        try:
            found = catalogue_sync.sync(desk, actor=operator(), now=clock.now())
        except PORTAL_ERRORS as error:
            fail(f"Không đọc được danh mục của cổng: {error}")
    typer.echo(
        f"{len(found.drafted)} thủ tục có dự thảo mới, {len(found.unchanged)} không đổi, "
        f"{len(found.faulty)} không đọc được."
    )
    for code, reason in found.faulty.items():
        typer.echo(f"  {code}: chưa có ánh xạ hoặc không đọc được: {reason}")
    for code, heading in found.renamed.items():
        typer.echo(f"  {code}: ở cổng tên là {heading}; danh mục giữ tên của mình")
    if found.drafted:
        typer.echo("Xem và so sánh: motcua procedures list, motcua procedures draft SỐ")
