"""`motcua replay`: a published table played through the system as real dossiers."""

from pathlib import Path
from typing import Annotated

import typer


def replay(
    file: Annotated[
        Path,
        typer.Argument(
            exists=True,
            dir_okay=False,
            readable=True,
            help="CSV with the columns of the published annex.",
        ),
    ],
    share: Annotated[
        float, typer.Option(min=0, max=100, help="Of the dossiers: 0.01 plays one in a hundred.")
    ] = 1.0,
    seed: Annotated[int, typer.Option(help="Of everything that is left to chance.")] = 1,
    *,
    tell: Annotated[
        bool,
        typer.Option("--tell", help="Let the worker tell the national portal every step."),
    ] = False,
) -> None:
    """Play a published table (phụ lục) through the system, as dossiers of invented persons.

    Stopped at any moment and started again, it goes on where it was; a table that was played
    already changes nothing.
    """
    from app.cli import replay_report  # noqa: PLC0415  (slow to import)

    replay_report.run(file, share=share, seed=seed, tell=tell)
