"""`motcua serve`: the web processes alone, on a database that is named by settings."""

from typing import Annotated

import typer


def serve(
    port: Annotated[int | None, typer.Option(help="Port; default APP_PORT or 8000.")] = None,
) -> None:
    """Serve the API (web processes only). The database must be migrated: see `migrate`."""
    import uvicorn  # noqa: PLC0415  (slow to import; other commands do without)

    from app.cli.reading import settings_of  # noqa: PLC0415

    settings = settings_of(port=port)
    uvicorn.run(
        "app.main:create",
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
