"""`motcua serve`: the web processes alone."""

import os
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.parent import PARENT, end_with_parent

if TYPE_CHECKING:
    from fastapi import FastAPI


def serve(
    port: Annotated[int | None, typer.Option(help="Port; default APP_PORT or 8000.")] = None,
) -> None:
    """Serve the API (web processes only). A database named by APP_DATABASE_URL must be migrated.

    Without it the embedded one is started, and made ready, for as long as this runs.
    """
    import uvicorn  # noqa: PLC0415  (slow to import; other commands do without)

    from app.cli.database import named  # noqa: PLC0415
    from app.cli.reading import settings_of  # noqa: PLC0415

    with named(settings_of(port=port)) as settings:
        os.environ[PARENT] = str(os.getpid())
        uvicorn.run(
            "app.cli.serve:create",
            factory=True,
            host=settings.host,
            port=settings.port,
            workers=settings.web_processes,
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=False,  # whom to believe is a setting of ours: APP_TRUSTED_PROXIES
            timeout_graceful_shutdown=10,
        )


def create() -> "FastAPI":
    """Make the application of one web process, which ends with the one that started it."""
    from app import main  # noqa: PLC0415  (slow to import; other commands do without)

    end_with_parent()
    return main.create()
