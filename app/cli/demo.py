"""`motcua demo`: three dossiers from hand to hand, over HTTP, as people would."""

from typing import Annotated

import typer


def demo(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per step.")] = False,
    url: Annotated[str | None, typer.Option(help="API; default the local one.")] = None,
    mocks_url: Annotated[
        str | None, typer.Option(help="Partner mocks; default those of `motcua up`.")
    ] = None,
) -> None:
    """Drive a level-4, a level-3 and a desk dossier to their results, and show what is known.

    Needs a running `motcua up` with the same settings. Exit 0 only if all was as expected.
    """
    from app.cli import demo_story  # noqa: PLC0415  (slow to import; other commands do without)

    raise typer.Exit(demo_story.play(url, mocks_url, as_json=as_json))
