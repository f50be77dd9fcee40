"""`motcua verify-signature`: the verdict on one file's digital signatures, as JSON."""

import json
from pathlib import Path
from typing import Annotated

import typer


def verify_signature(
    file: Annotated[Path, typer.Argument(help="PDF, XML or any other file.")],
    trust: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Trust folder; without it the configured anchors are used."
        ),
    ] = None,
) -> None:
    """Print the verdict on a file's digital signatures (kiểm tra chữ ký số) as JSON.

    Ends with 0 whenever a verdict was given, also a bad one; with 2 when there is no such file
    or folder. Nothing is fetched from a network.
    """
    # The sandbox is loaded here: the other commands do without.
    from app import clock  # noqa: PLC0415
    from app.cli.trust_source import default_trust_dir  # noqa: PLC0415
    from app.signatures.sandbox import check  # noqa: PLC0415
    from app.signatures.wire import to_json  # noqa: PLC0415

    if not file.is_file():
        typer.echo(f"Không có tệp {file}.", err=True)
        raise typer.Exit(2)
    if trust is not None and not trust.is_dir():
        typer.echo(f"Không có thư mục chứng thư tin cậy {trust}.", err=True)
        raise typer.Exit(2)
    verdict = check(file, trust or default_trust_dir(), now=clock.now())
    typer.echo(json.dumps(to_json(verdict), ensure_ascii=False, indent=2))
