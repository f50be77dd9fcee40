"""`motcua agencies`: what there is, and reorganising it: merge, rename, split, abolish."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

agencies = typer.Typer(
    help="Agencies (cơ quan): list them, reorganise them on a day, follow the dossiers' move.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

_DAY = ["%Y-%m-%d"]
On = Annotated[
    datetime,
    typer.Option("--on", formats=_DAY, help="First day on which it holds; may be to come."),
]
Source = Annotated[str, typer.Option(help="The document that says so.")]
Reason = Annotated[str | None, typer.Option(help="Needed where the day has passed.")]
By = Annotated[str, typer.Option(help="Who enters it, for the record.")]
Preview = Annotated[bool, typer.Option("--preview", help="Say what would move, write nothing.")]
Name = Annotated[
    str | None, typer.Option(help="Makes the successor, which is new, under this name.")
]
Group = Annotated[str | None, typer.Option(help="Block of the reports that lists the new one.")]
_SOURCE, _BY = "motcua agencies", "motcua agencies"


@agencies.command("list")
def list_(
    on: Annotated[
        datetime | None, typer.Option("--on", formats=_DAY, help="As of this day; today if none.")
    ] = None,
    *,
    every: Annotated[
        bool, typer.Option("--all", help="Those that ended or are to come as well.")
    ] = False,
) -> None:
    """List agencies with the days between which they exist and who goes on with their files."""
    from app.cli import agencies_report  # noqa: PLC0415  (slow to import)

    agencies_report.list_(on.date() if on else None, every=every)


@agencies.command()
def show(code: Annotated[str, typer.Argument(help="Identifier code.")]) -> None:
    """Show an agency: its days, names, units, what it took over, its open dossiers."""
    from app.cli import agencies_report  # noqa: PLC0415  (slow to import)

    agencies_report.show(code)


@agencies.command()
def merge(
    codes: Annotated[list[str], typer.Argument(help="Agencies that end.")],
    into: Annotated[str, typer.Option(help="Agency that goes on with everything.")],
    on: On,
    source: Source = _SOURCE,
    name: Name = None,
    group: Group = None,
    reason: Reason = None,
    *,
    preview: Preview = False,
) -> None:
    """Merge agencies into one, which may be new (--name) or there already."""
    change = {"kind": "merge", "agencies": codes, "into": into}
    _do(change, on, source, reason, _new(into, name, group, codes[0]), preview=preview)


@agencies.command()
def rename(
    code: Annotated[str, typer.Argument(help="Agency.")],
    name: Annotated[str, typer.Option(help="Its new name.")],
    on: On,
    into: Annotated[
        str | None, typer.Option("--code", help="Its new code, if that changes too.")
    ] = None,
    source: Source = _SOURCE,
    group: Group = None,
    reason: Reason = None,
    *,
    preview: Preview = False,
) -> None:
    """Rename an agency: under its code nothing moves, under a new code everything does."""
    change = {"kind": "rename", "agency": code, **({"into": into} if into else {"name": name})}
    created = _new(into, name, group, code) if into else None
    _do(change, on, source, reason, created, preview=preview)


@agencies.command()
def split(
    code: Annotated[str, typer.Argument(help="Agency that ends.")],
    into: Annotated[str, typer.Option(help="Heir: gets everything that no rule names.")],
    on: On,
    procedure: Annotated[
        list[str] | None, typer.Option(help="CODE=AGENCY: who gets this procedure; repeat it.")
    ] = None,
    dossier: Annotated[
        list[str] | None, typer.Option(help="CODE=AGENCY: who gets this dossier; repeat it.")
    ] = None,
    source: Source = _SOURCE,
    reason: Reason = None,
    *,
    preview: Preview = False,
) -> None:
    """Split an agency among others that there are: by procedure, by dossier, the rest to one."""
    change = {
        "kind": "split",
        "agency": code,
        "into": into,
        "procedures": _rules(procedure),
        "dossiers": _rules(dossier),
    }
    _do(change, on, source, reason, None, preview=preview)


@agencies.command()
def abolish(
    code: Annotated[str, typer.Argument(help="Agency that ends.")],
    on: On,
    into: Annotated[
        str | None, typer.Option(help="Agency that goes on with what there is; else its parent.")
    ] = None,
    source: Source = _SOURCE,
    reason: Reason = None,
    *,
    preview: Preview = False,
) -> None:
    """Abolish an agency; its parent, or another, goes on with what there is."""
    change = {"kind": "abolish", "agency": code, "into": into}
    _do(change, on, source, reason, None, preview=preview)


@agencies.command()
def apply(
    file: Annotated[
        Path,
        typer.Argument(
            exists=True, dir_okay=False, help="JSON as POST /v1/agencies/changes takes it."
        ),
    ],
    by: By = _BY,
    *,
    preview: Preview = False,
) -> None:
    """Enter a whole reorganisation from a file: new agencies and many changes of one day."""
    from app.cli import agencies_report  # noqa: PLC0415  (slow to import)

    agencies_report.carry_out(agencies_report.read_file(file), by, preview=preview)


@agencies.command()
def changes() -> None:
    """List the reorganisations that were entered, with how far each is."""
    from app.cli import agencies_report  # noqa: PLC0415  (slow to import)

    agencies_report.changes()


@agencies.command()
def withdraw(
    number: Annotated[int, typer.Argument(min=1, help="Number of the change.")], by: By = _BY
) -> None:
    """Take a change back before its day."""
    from app.cli import agencies_report  # noqa: PLC0415  (slow to import)

    agencies_report.withdraw(number, by)


def _do(
    change: dict[str, Any],
    on: datetime,
    source: str,
    reason: str | None,
    created: dict[str, Any] | None,
    *,
    preview: bool,
) -> None:
    from app.cli import agencies_report  # noqa: PLC0415  (slow to import)

    document = {
        "source": source,
        "reason": reason,
        "on": on.date().isoformat(),
        "created": [created] if created else [],
        "changes": [change],
    }
    agencies_report.carry_out(document, _BY, preview=preview)


def _new(code: str, name: str | None, group: str | None, like: str) -> dict[str, Any] | None:
    """Say what is new about the successor; its level is that of the agency it is `like`."""
    if name is None:
        return None
    return {"code": code, "name": name, "like": like, "report_group": group}


def _rules(given: list[str] | None) -> dict[str, str]:
    rules = {}
    for rule in given or []:
        code, equals, agency = rule.partition("=")
        if not equals:
            raise typer.BadParameter(f"{rule}: MÃ=CƠ QUAN")
        rules[code] = agency
    return rules
