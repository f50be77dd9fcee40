"""`motcua reconcile`: what the national portal holds against our books, and mending it."""

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

reconcile = typer.Typer(
    name="reconcile",
    help="Compare with the national portal (đối chiếu với Cổng): run, list, show, mend.",
    invoke_without_command=True,
    rich_markup_mode=None,
)


class Kind(StrEnum):
    MISSING = "missing"
    BEHIND = "behind"
    DIFFERENT = "different"


class Listed(StrEnum):
    MISSING = "missing"
    BEHIND = "behind"
    DIFFERENT = "different"
    UNKNOWN_HERE = "unknown_here"
    NOT_TOLD_YET = "not_told_yet"
    CANNOT_BE_ASKED = "cannot_be_asked"
    UNASKED = "unasked"


Number = Annotated[int, typer.Argument(min=1, metavar="RUN", help="Number of the run.")]


@reconcile.callback()
def run(
    context: typer.Context,
    first: Annotated[
        datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First day of receipt.")
    ] = None,
    last: Annotated[
        datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day of receipt.")
    ] = None,
    agency: Annotated[str | None, typer.Option(help="Only it and those below it.")] = None,
    portal_list: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            readable=True,
            help="CSV of dossier codes (MaHoSo) that was exported from the portal.",
        ),
    ] = None,
    *,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the run that was stopped.")
    ] = False,
) -> None:
    """Ask the portal about every dossier received on these days, and say what differs.

    Stopped at any moment, --resume goes on where it was.
    """
    if context.invoked_subcommand is not None:
        return
    from app.cli import reconcile_report  # noqa: PLC0415  (slow to import)

    if resume:
        reconcile_report.resume()
    elif first is None or last is None:
        raise typer.BadParameter("name --from and --to, or --resume")
    else:
        reconcile_report.run(first.date(), last.date(), agency, portal_list)


@reconcile.command("list")
def list_(limit: Annotated[int, typer.Option(min=1, max=1000, help="Runs.")] = 20) -> None:
    """List the runs, the newest first."""
    from app.cli import reconcile_report  # noqa: PLC0415

    reconcile_report.write_runs(limit)


@reconcile.command()
def show(
    number: Number,
    outcome: Annotated[Listed | None, typer.Option(help="Only these.")] = None,
    agency: Annotated[str | None, typer.Option(help="Only it and those below it.")] = None,
    after: Annotated[int, typer.Option(min=0, help="Go on after this number.")] = 0,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="Dossiers.")] = 50,
) -> None:
    """Show what a run found: counts by agency, then what differs, field by field."""
    from app.cli import reconcile_report  # noqa: PLC0415

    reconcile_report.write_one(number)
    reconcile_report.write_differences(number, (outcome, agency), after=after, limit=limit)


@reconcile.command()
def mend(
    number: Number,
    kind: Annotated[
        list[Kind] | None, typer.Option(help="Only these; may be given several times.")
    ] = None,
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be done.")
    ] = False,
) -> None:
    """Tell the portal again what it lacks, through the ledger and in order."""
    from app.cli import reconcile_report  # noqa: PLC0415

    kinds = [str(one) for one in kind or Kind]
    reconcile_report.mend(number, kinds, is_dry=dry_run)
