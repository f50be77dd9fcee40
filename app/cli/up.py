"""`motcua up`: everything, with one command."""

from typing import Annotated

import typer


def up(
    port: Annotated[
        int | None,
        typer.Option(help="Port of the API, the mocks on the next; default APP_PORT or 8000."),
    ] = None,
) -> None:
    """Start database, web processes, worker and partner mocks; Ctrl-C stops all of it."""
    from app.cli import supervision  # noqa: PLC0415  (slow to import; other commands do without)

    supervision.run(port)
