"""`motcua procedures`: the catalogue and how it is changed."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

procedures = typer.Typer(
    help="The catalogue of procedures (danh mục thủ tục): list, show, check, publish, retire.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Code = Annotated[str, typer.Argument(help="Code of the procedure: 1.001193.")]
File = Annotated[
    Path,
    typer.Argument(
        exists=True,
        dir_okay=False,
        help="JSON as `show --json` writes it: code, name, field, sample, definition.",
    ),
]
Day = typer.Option(formats=["%Y-%m-%d"], help="First day in force, today or later.")
By = Annotated[str, typer.Option(help="Who does it, for the record.")]


@procedures.command("list")
def list_() -> None:
    """List the procedures with their versions, and the drafts that are open."""
    from app.cli import procedure_report  # noqa: PLC0415  (slow to import)

    procedure_report.list_all()


@procedures.command()
def show(
    code: Code,
    version: Annotated[int | None, typer.Option(help="The last one if not given.")] = None,
    *,
    json: Annotated[bool, typer.Option("--json", help="As a draft to begin from.")] = False,
) -> None:
    """Show a version: its steps with their share of the limit, or all of it as JSON."""
    from app.cli import procedure_report  # noqa: PLC0415  (slow to import)

    procedure_report.show(code, version, as_json=json)


@procedures.command()
def check(file: File, valid_from: Annotated[datetime | None, Day] = None) -> None:
    """Check a draft and show what it changes against the version in force; write nothing."""
    from app.cli import procedure_report  # noqa: PLC0415  (slow to import)

    procedure_report.check(file, valid_from)


@procedures.command()
def publish(file: File, valid_from: Annotated[datetime, Day], by: By = "motcua procedures") -> None:
    """Check a draft and publish it from a day on; dossiers under way keep their version."""
    from app.cli import procedure_report  # noqa: PLC0415  (slow to import)

    procedure_report.publish(file, valid_from, by)


@procedures.command()
def retire(
    code: Code,
    last_day: Annotated[
        datetime, typer.Option(formats=["%Y-%m-%d"], help="Last day in force, today or later.")
    ],
    by: By = "motcua procedures",
) -> None:
    """End a procedure without a version that follows; dossiers under way go on."""
    from app.cli import procedure_report  # noqa: PLC0415  (slow to import)

    procedure_report.retire(code, last_day, by)
