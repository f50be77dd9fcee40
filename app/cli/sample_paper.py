"""`motcua sample-paper`: a paper to try things out with, signed if wanted."""

from pathlib import Path
from typing import Annotated

import typer


def sample_paper(
    title: Annotated[str, typer.Argument(help="What stands on it.")],
    out: Annotated[Path, typer.Option(dir_okay=False, help="File to write it to, as PDF.")],
    signer: Annotated[
        str | None,
        typer.Option(help="Who signs: `citizen`, or an agency such as H44.29; nobody by default."),
    ] = None,
) -> None:
    """Write a one-page PDF, signed with a key of the sample province (giấy tờ mẫu, có ký số).

    The keys lie in the data folder since the first `motcua up`; they are worth nothing elsewhere.
    """
    from app.cli.demo_papers import paper  # noqa: PLC0415  (slow to import)
    from app.cli.reading import settings_of  # noqa: PLC0415

    try:
        made = paper(settings_of(), title, signer=signer)
    except OSError as error:
        typer.echo(f"motcua: không có khóa ký của {signer}: {error.strerror}", err=True)
        raise typer.Exit(2) from None
    out.write_bytes(made)
