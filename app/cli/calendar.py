"""`motcua calendar`: what holds, what a change would move, and entering it."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

calendar = typer.Typer(
    help="The province's working time (lịch làm việc): show it, preview a change, enter it.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Agency = Annotated[str, typer.Option(help="Identifier code; * for every office.")]
File = Annotated[
    Path,
    typer.Argument(
        exists=True,
        dir_okay=False,
        help="JSON as POST /v1/calendar/changes takes it, or CSV: day,kind,name,source.",
    ),
]
Source = Annotated[
    str | None, typer.Option(help="The document that says so; needed for CSV, wins over JSON.")
]
Reason = Annotated[str | None, typer.Option(help="Needed where a past day is changed.")]


@calendar.command()
def show(
    year: Annotated[int | None, typer.Option(min=1990, max=2100, help="This year if none.")] = None,
    agency: Agency = "*",
    known_at: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M"], help="As known at this local time."),
    ] = None,
) -> None:
    """Show office hours and the days that differ from the week."""
    from app.cli import calendar_report  # noqa: PLC0415  (slow to import)

    calendar_report.show(year, agency, known_at)


@calendar.command()
def preview(file: File, agency: Agency = "*", source: Source = None, reason: Reason = None) -> None:
    """Show every open dossier that a change would move, with its old and its new due instant."""
    from app.cli import calendar_report  # noqa: PLC0415  (slow to import)

    calendar_report.preview(file, agency, source, reason)


@calendar.command()
def apply(
    file: File,
    agency: Agency = "*",
    source: Source = None,
    reason: Reason = None,
    by: Annotated[str, typer.Option(help="Who enters it, for the record.")] = "motcua calendar",
) -> None:
    """Enter a change and derive the due instants of open dossiers anew.

    Killed in between, the rest is done by a worker, or by the next call of any change.
    """
    from app.cli import calendar_report  # noqa: PLC0415  (slow to import)

    calendar_report.apply(file, agency, source, reason, by)
