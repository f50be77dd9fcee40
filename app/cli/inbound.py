"""`motcua inbound`: dossiers that the national portal handed on, and their quarantine."""

from pathlib import Path
from typing import Annotated

import typer

inbound = typer.Typer(
    name="inbound",
    help="Dossiers from the national portal (hồ sơ chuyển đến): list, show, replay, mend, discard.",
    no_args_is_help=True,
)

Number = Annotated[int, typer.Argument(min=1, help="Number of the message, from the list.")]
Reason = Annotated[str, typer.Option("--reason", help="What was mended; it is kept.")]


@inbound.command("list")
def list_(
    state: Annotated[
        str | None, typer.Option(help="waiting, in_flight, entered, quarantined or discarded.")
    ] = None,
    code: Annotated[str | None, typer.Option(help="MaHoSo at the portal.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Dossiers and discarded ones too.")] = False,  # noqa: FBT002  (an option)
    after: Annotated[int, typer.Option(min=0, help="Go on after this number.")] = 0,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Rows.")] = 50,
) -> None:
    """List what something is to be done with: waiting or in quarantine, oldest first."""
    from app.cli import inbound_tables  # noqa: PLC0415  (slow to import)

    inbound_tables.write_list(state, code, every=every, after=after, limit=limit)


@inbound.command()
def show(
    number: Number,
    body: Annotated[
        Path | None, typer.Option("--body", help="Write the whole message there, to correct it.")
    ] = None,
    copy: Annotated[
        int | None, typer.Option(min=1, help="With --body: what was sent later, by its number.")
    ] = None,
) -> None:
    """Explain one: every fault with its place, and what persons did."""
    from app.cli import inbound_tables  # noqa: PLC0415

    inbound_tables.write_one(number, body, copy)


@inbound.command()
def replay(number: Number, reason: Reason) -> None:
    """Try again after the cause was mended, for instance a procedure published."""
    from app.cli import inbound_tables  # noqa: PLC0415

    inbound_tables.replay(number, reason)


@inbound.command()
def mend(
    number: Number,
    reason: Reason,
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", help="/Pointer=value (JSON or text); /Pointer= takes it away."),
    ] = None,
    body: Annotated[
        Path | None, typer.Option("--body", exists=True, help="A whole message in its place.")
    ] = None,
    copy: Annotated[
        int | None, typer.Option(min=1, help="What the portal sent later takes its place.")
    ] = None,
) -> None:
    """Mend the message and try again; what was received stays beside it."""
    from app.cli import inbound_tables  # noqa: PLC0415

    inbound_tables.mend(number, reason, changes or [], body, copy)


@inbound.command()
def discard(
    number: Number,
    reason: Annotated[
        str, typer.Option("--reason", help="Why no dossier will come of it; it is kept.")
    ],
) -> None:
    """Take one off the list; it is kept, and replayed or mended it is taken up again."""
    from app.cli import inbound_tables  # noqa: PLC0415

    inbound_tables.discard(number, reason)
