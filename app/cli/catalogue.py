"""`motcua catalogue`: the portal's catalogue as drafts that an administrator compares."""

from typing import Annotated

import typer

catalogue = typer.Typer(
    help="The national portal's catalogue of procedures (danh mục của Cổng): sync, status.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@catalogue.command()
def sync() -> None:
    """Read the portal's catalogue (LayDanhSachTTHC, LayThuTuc) and draft what differs."""
    from app.cli import catalogue_report  # noqa: PLC0415  (slow to import)

    catalogue_report.sync()


@catalogue.command()
def status(
    limit: Annotated[int, typer.Option(min=1, max=100, help="Looks, the newest first.")] = 5,
) -> None:
    """Tell when the portal's catalogue was read, by hand or at night, and what that brought."""
    from app.cli import catalogue_report  # noqa: PLC0415

    catalogue_report.write_looks(limit)
