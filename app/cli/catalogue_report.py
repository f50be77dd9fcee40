"""What a look at the portal's catalogue brought, on a terminal."""

import typer

from app import clock
from app.cli.database import fail
from app.cli.delivery_tables import a_desk, operator
from app.integrations.portal import PORTAL_ERRORS
from app.services import catalogue_sync


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
