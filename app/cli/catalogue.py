"""`motcua catalogue`: the portal's catalogue as drafts that an administrator compares."""

from datetime import datetime
from typing import Annotated

import typer

catalogue = typer.Typer(
    name="catalogue",
    help="Procedures of the national portal as drafts: sync, diff, publish, discard.",
    no_args_is_help=True,
)
Number = Annotated[int, typer.Argument(min=1, help="Number of the draft.")]


@catalogue.command()
def sync() -> None:
    """Read the portal's catalogue (LayDanhSachTTHC, LayThuTuc) and draft what differs."""
    from app.cli import catalogue_tables  # noqa: PLC0415  (slow to import)

    catalogue_tables.write_sync()


@catalogue.command()
def diff(
    number: Annotated[int | None, typer.Argument(min=1, help="Default: list all.")] = None,
) -> None:
    """Show what publishing a draft would change."""
    from app.cli import catalogue_tables  # noqa: PLC0415  (slow to import)

    if number is None:
        catalogue_tables.write_open()
    else:
        catalogue_tables.write_diff(number)


@catalogue.command()
def publish(
    number: Number,
    first: Annotated[
        datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="First day, today or later.")
    ],
) -> None:
    """Make a draft the next version of its procedure."""
    from app.cli import catalogue_tables  # noqa: PLC0415  (slow to import)

    catalogue_tables.publish(number, first.date())


@catalogue.command()
def discard(
    number: Number, reason: Annotated[str, typer.Option("--reason", help="Why; it is kept.")]
) -> None:
    """Put a draft aside for good."""
    from app.cli import catalogue_tables  # noqa: PLC0415  (slow to import)

    catalogue_tables.discard(number, reason)
