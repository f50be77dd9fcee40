"""`motcua webhooks`: other systems that want to know what happens to dossiers."""

import json
from datetime import date, datetime
from typing import Annotated, Any
from uuid import uuid4

import typer

webhooks = typer.Typer(
    help="Subscriptions of other systems to events (điểm nhận sự kiện).", no_args_is_help=True
)

_Id = Annotated[int, typer.Argument(help="Number of the subscription.", min=1)]


@webhooks.command("list")
def listed() -> None:
    """List the subscriptions and how they stand, one JSON object a line."""
    from app.cli.office import operated  # noqa: PLC0415  (slow to import)
    from app.services import webhooks as service  # noqa: PLC0415

    with operated() as (desk, actor):
        after = 0
        while page := service.list_page(desk, actor=actor, after=after, limit=100):
            for row in page:
                _print(row)
            after = page[-1]["id"]


@webhooks.command()
def add(
    url: Annotated[str, typer.Argument(help="https address that events are posted to.")],
    name: Annotated[str, typer.Option(help="Name of the other system.")],
    agency: Annotated[
        str | None, typer.Option(help="Only dossiers of this agency and those below it.")
    ] = None,
    event_type: Annotated[
        list[str] | None, typer.Option(help="Only events of this type; may be repeated.")
    ] = None,
) -> None:
    """Subscribe a system; the signing secret is printed now and never again."""
    from app import clock  # noqa: PLC0415  (slow to import)
    from app.cli.office import operated  # noqa: PLC0415
    from app.domain.once import Once  # noqa: PLC0415
    from app.services import webhooks as service  # noqa: PLC0415

    with operated() as (desk, actor):
        wish = service.Wish(name, url, tuple(event_type or ()), agency or actor.agency or "")
        once = Once(str(uuid4()), "motcua webhooks add", "")
        _print(service.create(desk, wish, actor=actor, now=clock.now(), once=once))


@webhooks.command()
def rotate(webhook_id: _Id) -> None:
    """Change the signing secret; the one before signs beside it for a day."""
    from app import clock  # noqa: PLC0415  (slow to import)
    from app.cli.office import operated  # noqa: PLC0415
    from app.domain.once import Once  # noqa: PLC0415
    from app.services import webhooks as service  # noqa: PLC0415

    with operated() as (desk, actor):
        once = Once(str(uuid4()), "motcua webhooks rotate", "")
        _print(service.rotate(desk, webhook_id, actor=actor, now=clock.now(), once=once))


@webhooks.command()
def replay(
    webhook_id: _Id,
    after: Annotated[int, typer.Option(min=0, help="Cursor of the log; 0: all.")],
) -> None:
    """Send again, in order, what was published after a cursor."""
    from app import clock  # noqa: PLC0415  (slow to import)
    from app.cli.office import operated  # noqa: PLC0415
    from app.domain.once import Once  # noqa: PLC0415
    from app.services import webhooks as service  # noqa: PLC0415

    with operated() as (desk, actor):
        once = Once(str(uuid4()), "motcua webhooks replay", "")
        now = clock.now()
        _print(service.replay(desk, webhook_id, after, actor=actor, now=now, once=once))


@webhooks.command()
def log(
    webhook_id: _Id,
    after: Annotated[int, typer.Option(min=0, help="Number of the line before.")] = 0,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="So many lines.")] = 100,
) -> None:
    """Print what a subscriber was sent, one JSON object a line."""
    from app.cli.office import operated  # noqa: PLC0415  (slow to import)
    from app.services import webhooks as service  # noqa: PLC0415

    with operated() as (desk, actor):
        for row in service.log_page(
            desk, webhook_id, actor=actor, state=None, after=after, limit=limit
        ):
            _print(row)


@webhooks.command()
def stop(webhook_id: _Id) -> None:
    """Stop sending; events are kept."""
    _change(webhook_id, {"state": "disabled"})


@webhooks.command()
def resume(webhook_id: _Id) -> None:
    """Send on everything that waits or is stuck."""
    _change(webhook_id, {"state": "active"})


@webhooks.command()
def end(webhook_id: _Id) -> None:
    """End a subscription for good."""
    from app.cli.office import operated  # noqa: PLC0415  (slow to import)
    from app.services import webhooks as service  # noqa: PLC0415

    with operated() as (desk, actor):
        _print(service.end(desk, webhook_id, actor=actor))


def _change(webhook_id: int, changes: dict[str, str]) -> None:
    from app import clock  # noqa: PLC0415  (slow to import)
    from app.cli.office import operated  # noqa: PLC0415
    from app.services import webhooks as service  # noqa: PLC0415

    with operated() as (desk, actor):
        _print(service.change(desk, webhook_id, changes, actor=actor, now=clock.now()))


def _print(row: dict[str, Any]) -> None:
    typer.echo(json.dumps(row, ensure_ascii=False, default=_plain))


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, date | datetime) else str(value)
