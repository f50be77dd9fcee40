"""`motcua catalogue`: the portal's catalogue as drafts that an administrator compares."""

import typer

catalogue = typer.Typer(
    help="The national portal's catalogue of procedures (danh mục của Cổng): sync.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@catalogue.callback()
def _group() -> None:
    """Keep `sync` a word of its own: a single command would swallow it."""


@catalogue.command()
def sync() -> None:
    """Read the portal's catalogue (LayDanhSachTTHC, LayThuTuc) and draft what differs."""
    from app.cli import catalogue_report  # noqa: PLC0415  (slow to import)

    catalogue_report.sync()
