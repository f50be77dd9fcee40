"""`motcua notices`: notices to people that reached nobody."""

import json
from typing import Annotated

import typer


def notices(
    resend: Annotated[
        list[int] | None, typer.Option(metavar="ID", help="Send this one on; may be repeated.")
    ] = None,
) -> None:
    """List the notices that are blocked or dead and why, one JSON object a line (bị kẹt).

    With --resend, those named are sent on over the contact and preference as they are now.
    """
    from app import clock  # noqa: PLC0415  (slow to import)
    from app.cli.office import operated  # noqa: PLC0415
    from app.services import messages  # noqa: PLC0415

    with operated() as (desk, actor):
        for number in resend or ():
            done = messages.resend(desk, number, actor=actor, now=clock.now(), once=None)
            typer.echo(json.dumps(done))
        if resend:
            return
        after = 0
        while page := messages.stuck(desk, actor=actor, after=after, limit=100, state=None):
            for row in page:
                shown = ("id", "code", "topic", "recipient", "channel", "address", "state")
                line = {name: row[name] for name in (*shown, "attempts", "answer_code", "answer")}
                typer.echo(json.dumps(line, ensure_ascii=False))
            after = page[-1]["id"]
