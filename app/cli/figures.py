"""`motcua figures`: every figure as a table, CSV or JSON, and the recount of all of them."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any

import typer

from app.domain.agency import Level
from app.domain.intake import Channel
from app.domain.question import Group

_DAY = "%Y-%m-%d"


class Format(StrEnum):
    TABLE = "table"
    CSV = "csv"
    JSON = "json"


First = Annotated[datetime, typer.Option("--from", formats=[_DAY], help="First day.")]
Last = Annotated[datetime, typer.Option("--to", formats=[_DAY], help="Last day.")]
Agency = Annotated[str | None, typer.Option(help="Identifier code; default: the province.")]
Alone = Annotated[bool, typer.Option("--alone", help="Without the units below the agency.")]
OfLevel = Annotated[Level | None, typer.Option(help="Agencies of this level only.")]
OfField = Annotated[str | None, typer.Option("--field", help="Code of a field (lĩnh vực).")]
OfProcedure = Annotated[str | None, typer.Option("--procedure", help="Code of a procedure.")]
OfChannel = Annotated[Channel | None, typer.Option("--channel", help="Kênh thực hiện.")]
By = Annotated[Group, typer.Option("--group", help="What the rows tell apart.")]
AsOf = Annotated[
    datetime | None,
    typer.Option("--as-of", formats=[_DAY], help="As known at the end of this day."),
]
Form = Annotated[Format, typer.Option("--format", help="table, csv or json.")]

figures = typer.Typer(
    name="figures",
    help="Figures (số liệu): what they are, why, and as of when.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


def _scope(
    agency: str | None,
    level: Level | None,
    field: str | None,
    procedure: str | None,
    channel: Channel | None,
) -> dict[str, Any]:
    return {
        "agency": agency,
        "level": level,
        "field": field,
        "procedure": procedure,
        "channel": channel,
    }


def _report(
    what: str,
    first: datetime,
    last: datetime,
    wanted: dict[str, Any],
    as_of: datetime | None,
    form: Format,
) -> None:
    from app.cli import figures_report  # noqa: PLC0415  (slow to import)

    asked = figures_report.question(first.date(), last.date(), as_of=_day(as_of), **wanted)
    figures_report.REPORTS[what](asked, str(form))


def _day(given: datetime | None) -> date | None:
    return None if given is None else given.date()


@figures.command()
def annex(first: First, last: Last, as_of: AsOf = None, form: Form = Format.TABLE) -> None:
    """Print the published annex: online-processing rate per agency."""
    from app.cli import annex_report  # noqa: PLC0415  (slow to import)

    annex_report.write(first.date(), last.date(), str(form), _day(as_of))


@figures.command()
def running(  # noqa: PLR0913  (each is an option that is typed)
    first: First,
    last: Last,
    *,
    agency: Agency = None,
    alone: Alone = False,
    level: OfLevel = None,
    field: OfField = None,
    procedure: OfProcedure = None,
    channel: OfChannel = None,
    group: By = Group.NONE,
    as_of: AsOf = None,
    form: Form = Format.TABLE,
) -> None:
    """Print what came, what was done with it and what is left (tiếp nhận, giải quyết, tồn)."""
    scope = _scope(agency, level, field, procedure, channel)
    _report("running", first, last, {**scope, "subtree": not alone, "group": group}, as_of, form)


@figures.command()
def index(  # noqa: PLR0913  (each is an option that is typed)
    first: First,
    last: Last,
    *,
    agency: Agency = None,
    alone: Alone = False,
    level: OfLevel = None,
    field: OfField = None,
    procedure: OfProcedure = None,
    channel: OfChannel = None,
    group: By = Group.NONE,
    as_of: AsOf = None,
    form: Form = Format.TABLE,
) -> None:
    """Print the index of Decision 766 (bộ chỉ số 766): rates and points."""
    scope = _scope(agency, level, field, procedure, channel)
    _report("index", first, last, {**scope, "subtree": not alone, "group": group}, as_of, form)


@figures.command()
def supply(
    first: First,
    last: Last,
    *,
    agency: Agency = None,
    alone: Alone = False,
    level: OfLevel = None,
    as_of: AsOf = None,
    form: Form = Format.TABLE,
) -> None:
    """Print the supply of online services against the targets (mức độ cung cấp dịch vụ công)."""
    scope = {"agency": agency, "level": level, "subtree": not alone}
    _report("supply", first, last, scope, as_of, form)


@figures.command()
def verify() -> None:
    """Recount everything from the events and name any difference; status 1 if there is one."""
    from app.cli import figures_report  # noqa: PLC0415  (slow to import)

    figures_report.verify()
