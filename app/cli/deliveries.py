"""`motcua deliveries`: what partners are told, and what a person does when it stands."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

import typer

deliveries = typer.Typer(
    name="deliveries",
    help="The ledger to partners (sổ gửi đối tác): list, show, retry, park, unpark, summary.",
    no_args_is_help=True,
)


class State(StrEnum):
    WAITING = "waiting"
    IN_FLIGHT = "in_flight"
    ACKNOWLEDGED = "acknowledged"
    BLOCKED = "blocked"
    DEAD = "dead"


class Generation(StrEnum):
    MAPI = "mapi"
    CENTRAL = "central"


Number = Annotated[int, typer.Argument(min=1, help="Number of the delivery, from the list.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; it is kept.")]


@deliveries.command("list")
def list_(
    partner: Annotated[str | None, typer.Option(help="E.g. national_portal.")] = None,
    state: Annotated[State | None, typer.Option(help="Default: all but acknowledged.")] = None,
    kind: Annotated[str | None, typer.Option(help="E.g. dossier_event.")] = None,
    dossier: Annotated[str | None, typer.Option(help="Code of a dossier.")] = None,
    hours: Annotated[float | None, typer.Option(min=0, help="At least so old.")] = None,
    after: Annotated[int, typer.Option(min=0, help="Go on after this number.")] = 0,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Rows.")] = 50,
) -> None:
    """List what partners are told, oldest first."""
    from app.cli import delivery_tables  # noqa: PLC0415  (slow to import)

    wanted = {"partner": partner, "state": state, "kind": kind, "dossier": dossier}
    delivery_tables.write_list(wanted, hours=hours, after=after, limit=limit)


@deliveries.command()
def show(number: Number) -> None:
    """Explain one delivery: why it stands there, every attempt, every raw answer."""
    from app.cli import delivery_tables  # noqa: PLC0415

    delivery_tables.write_one(number)


@deliveries.command()
def retry(
    number: Number,
    reason: Annotated[str | None, typer.Option("--reason", help="What was mended.")] = None,
) -> None:
    """Send again; the partner is asked first whether it has it."""
    from app.cli import delivery_tables  # noqa: PLC0415

    delivery_tables.act("retry", number, reason)


@deliveries.command()
def park(number: Number, reason: Reason) -> None:
    """Set aside: it and what follows of its dossier are not sent."""
    from app.cli import delivery_tables  # noqa: PLC0415

    delivery_tables.act("park", number, reason)


@deliveries.command()
def unpark(number: Number, reason: Reason) -> None:
    """Take back what was set aside, and send it."""
    from app.cli import delivery_tables  # noqa: PLC0415

    delivery_tables.act("unpark", number, reason)


@deliveries.command()
def summary() -> None:
    """Count what has still to be told, per partner, with the breakers."""
    from app.cli import delivery_tables  # noqa: PLC0415

    delivery_tables.write_summary()


@deliveries.command()
def route(
    agency: Annotated[str, typer.Argument(help="With those below it; * for every agency.")],
    first: Annotated[
        datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="First day of receipt.")
    ],
    generation: Annotated[Generation, typer.Option(help="Of the national portal.")],
    unit: Annotated[str | None, typer.Option(help="Numbers dossiers there, e.g. G09.20.")] = None,
) -> None:
    """Tell an agency's dossiers to another generation of the portal, from a day to come on."""
    from app.cli import delivery_tables  # noqa: PLC0415

    delivery_tables.add_route(agency, first.date(), str(generation), unit)


@deliveries.command()
def routes() -> None:
    """List which generation of the portal is told of which agencies, since when."""
    from app.cli import delivery_tables  # noqa: PLC0415

    delivery_tables.write_routes()
