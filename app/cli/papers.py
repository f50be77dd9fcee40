"""`motcua papers`: what was issued for a dossier, and its papers as files."""

from pathlib import Path
from typing import Annotated

import typer


def papers(
    code: Annotated[str, typer.Argument(help="Dossier code (mã hồ sơ).")],
    number: Annotated[
        int | None, typer.Option("--print", min=1, help="Id of the paper to print.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(dir_okay=False, help="File to write it to, as PDF.")
    ] = None,
) -> None:
    """List the papers that were issued for a dossier (giấy tờ đã ban hành), or print one.

    A paper that was printed before is written byte for byte as it was then.
    """
    from app.cli import papers_report  # noqa: PLC0415  (slow to import)

    papers_report.run(code, number, out)
