"""`motcua register`: the register of a period as a file."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

_DAY = "%Y-%m-%d"


def register(
    agency: Annotated[str, typer.Option(help="Identifier code; with the units below it.")],
    first: Annotated[datetime, typer.Option("--from", formats=[_DAY], help="First day.")],
    last: Annotated[datetime, typer.Option("--to", formats=[_DAY], help="Last day.")],
    out: Annotated[Path, typer.Option(dir_okay=False, help="File to write: .xlsx or .pdf.")],
    *,
    view: Annotated[
        bool, typer.Option("--view", help="Only look: marked as not issued, and not kept.")
    ] = False,
) -> None:
    """Issue the register of a period (sổ theo dõi hồ sơ, form 07) and write its file.

    As a spreadsheet of up to a million dossiers, or as PDF of up to 1,000. What is issued is kept
    and can be printed again unchanged (GET /v1/registers). The file appears when it is complete.
    """
    from app.cli import register_report  # noqa: PLC0415  (slow to import)

    register_report.write(agency, first.date(), last.date(), out, is_view=view)
