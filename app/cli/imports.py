"""`motcua import`: dossiers of a former system enter by the rules of live ones."""

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

_FILE = "file"


class _FileFirst(TyperGroup):
    """Takes what is no command of its own as the file: `motcua import FILE`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401  (typer's own)
        if args and args[0] not in {*self.commands, "--help"}:
            args = [_FILE, *args]
        return list(super().parse_args(ctx, args))


imports = typer.Typer(
    name="import",
    cls=_FileFirst,
    help="Old dossiers (hồ sơ của hệ thống cũ): motcua import FILE; template, list, tell.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@imports.command(_FILE)
def file(
    path: Annotated[
        Path,
        typer.Argument(
            exists=True,
            dir_okay=False,
            readable=True,
            metavar="FILE",
            help="CSV (UTF-8; comma or semicolon) or .ndjson.",
        ),
    ],
    mapping: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="JSON or TOML: what the file's columns and words are called here.",
        ),
    ] = None,
    source: Annotated[
        str | None, typer.Option(help="Name of the former system; wins over the mapping's.")
    ] = None,
    faults: Annotated[
        Path | None,
        typer.Option(
            dir_okay=False, help="Where faulty rows go with their faults. [FILE.faults.csv]"
        ),
    ] = None,
    tolerate: Annotated[
        float,
        typer.Option(min=0, max=1, help="Share of faulty rows; with more, no row goes in at all."),
    ] = 1.0,
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check all and say the same, but write nothing.")
    ] = False,
    all_or_nothing: Annotated[
        bool, typer.Option("--all-or-nothing", help="The same as --tolerate 0.")
    ] = False,
    tell: Annotated[
        bool, typer.Option("--tell", help="Let the worker tell the national portal of them.")
    ] = False,
) -> None:
    """Take in old dossiers; each row is checked as a live dossier is.

    Good rows go in, faulty ones into a file with what is wrong: corrected, it is fed again. Stopped
    at any moment and started again, it goes on; what is there already is not taken in twice.

    Ends with 0 if every row is in, 3 if some are faulty, 1 if the file was refused.
    """
    from app.cli import import_report  # noqa: PLC0415  (slow to import)

    tolerated = 0.0 if all_or_nothing else tolerate
    import_report.run(
        path,
        mapping,
        source,
        {"faults": faults, "write": not dry_run, "tell": tell, "tolerated": tolerated},
    )


@imports.command()
def template(
    out: Annotated[Path, typer.Option(file_okay=False, help="Folder; made if need be.")] = Path(),
) -> None:
    """Write an empty file with every column, an example mapping, and what each column holds."""
    from app.cli import import_template  # noqa: PLC0415  (slow to import)

    import_template.write(out)


@imports.command("tell")
def tell(
    run: Annotated[int | None, typer.Option(min=1, help="Number from the list; all.")] = None,
    *,
    only_open: Annotated[
        bool, typer.Option("--open", help="Of dossiers that have not ended only.")
    ] = False,
) -> None:
    """Let the worker tell the national portal of dossiers that were imported untold."""
    from app.cli import import_report  # noqa: PLC0415  (slow to import)

    import_report.write_told(run, only_open=only_open)


@imports.command("list")
def list_() -> None:
    """List what was imported: source, file, when, how many rows."""
    from app.cli import import_report  # noqa: PLC0415  (slow to import)

    import_report.write_runs()
