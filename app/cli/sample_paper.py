"""`motcua sample-paper`: papers to try things out with, signed if wanted."""

from pathlib import Path
from typing import Annotated

import typer


def sample_paper(
    files: Annotated[list[Path], typer.Argument(dir_okay=False, help="Files to write, as PDF.")],
    title: Annotated[str, typer.Option(help="What stands on them.")] = "Giấy tờ mẫu",
    signer: Annotated[
        str | None,
        typer.Option(help="Who signs: `citizen`, or an agency such as H44.29; nobody by default."),
    ] = None,
) -> None:
    """Write one-page PDFs, signed with a key of the sample province (giấy tờ mẫu, có ký số).

    The keys lie in the data folder since the first `motcua up`; they are worth nothing elsewhere.
    """
    from app.cli.demo_papers import paper  # noqa: PLC0415  (slow to import)
    from app.cli.reading import settings_of  # noqa: PLC0415

    settings = settings_of()
    for file in files:
        try:
            file.write_bytes(paper(settings, title, signer=signer))
        except OSError as error:
            typer.echo(f"motcua: {error.filename or file}: {error.strerror}", err=True)
            raise typer.Exit(2) from None
