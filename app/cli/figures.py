"""`motcua figures`: every figure as a table, CSV or JSON, and the recount of all of them."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from app.domain.agency import Level
from app.domain.intake import Channel
from app.domain.question import Group
from app.domain.reasons import Reason

_DAY = "%Y-%m-%d"


class Picture(StrEnum):
    SVG = "svg"
    PNG = "png"


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
    from app.cli import durations_report, figures_report, reasons_report  # noqa: PLC0415  (slow to import)

    more = {name: wanted.pop(name) for name in ("figure", "limit", "mend") if name in wanted}
    asked = figures_report.question(first.date(), last.date(), as_of=_day(as_of), **wanted)
    reports = figures_report.REPORTS | durations_report.REPORTS | reasons_report.REPORTS
    reports[what](asked, str(form), **more)


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
def handling(  # noqa: PLR0913  (each is an option that is typed)
    first: First,
    last: Last,
    *,
    agency: Agency = None,
    alone: Alone = False,
    level: OfLevel = None,
    field: OfField = None,
    procedure: OfProcedure = None,
    channel: OfChannel = None,
    group: By = Group.PROCEDURE,
    as_of: AsOf = None,
    form: Form = Format.TABLE,
) -> None:
    """Print mean handling times, figure 2.2 (thời gian giải quyết trung bình)."""
    scope = _scope(agency, level, field, procedure, channel)
    _report("handling", first, last, {**scope, "subtree": not alone, "group": group}, as_of, form)


@figures.command()
def late(  # noqa: PLR0913  (each is an option that is typed)
    first: First,
    last: Last,
    *,
    agency: Agency = None,
    alone: Alone = False,
    level: OfLevel = None,
    field: OfField = None,
    procedure: OfProcedure = None,
    channel: OfChannel = None,
    group: By = Group.AGENCY,
    as_of: AsOf = None,
    form: Form = Format.TABLE,
) -> None:
    """Print late dossiers by working days late (hồ sơ trễ hạn theo số ngày trễ)."""
    scope = _scope(agency, level, field, procedure, channel)
    _report("late", first, last, {**scope, "subtree": not alone, "group": group}, as_of, form)


Figure = Annotated[str, typer.Argument(metavar="FIGURE", help="As in the index, e.g. 3.3.")]


@figures.command()
def why(
    figure: Figure,
    first: First,
    last: Last,
    *,
    agency: Agency = None,
    as_of: AsOf = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="Dossiers to list.")] = 50,
    form: Form = Format.TABLE,
) -> None:
    """Print the dossiers that a figure misses, each with the reason (vì sao chưa được tính)."""
    scope = {"agency": agency, "figure": figure, "limit": limit}
    _report("why", first, last, scope, as_of, form)


@figures.command()
def losses(
    first: First,
    last: Last,
    *,
    agency: Agency = None,
    as_of: AsOf = None,
    form: Form = Format.TABLE,
) -> None:
    """Print which reason costs how many points (điểm mất theo lý do)."""
    _report("losses", first, last, {"agency": agency}, as_of, form)


@figures.command(name="what-if")
def what_if(
    first: First,
    last: Last,
    mend: Annotated[list[Reason], typer.Option(help="A reason, as `losses` names it; repeatable.")],
    *,
    agency: Agency = None,
    as_of: AsOf = None,
    form: Form = Format.TABLE,
) -> None:
    """Print the index as it would be if some reasons were mended (nếu khắc phục)."""
    _report("what-if", first, last, {"agency": agency, "mend": mend}, as_of, form)


@figures.command()
def changes(
    figure: Figure,
    first: First,
    last: Last,
    as_of: Annotated[datetime, typer.Option("--as-of", formats=[_DAY], help="The earlier day.")],
    *,
    agency: Agency = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="Dossiers to list.")] = 50,
    form: Form = Format.TABLE,
) -> None:
    """Print what changed in a figure since an earlier day, dossier by dossier, and why."""
    scope = {"agency": agency, "figure": figure, "limit": limit}
    _report("changes", first, last, scope, as_of, form)


@figures.command()
def chart(
    out: Annotated[Path, typer.Option(help="Folder for the pictures; made if it is not there.")],
    first: First,
    last: Last,
    *,
    agency: Agency = None,
    as_of: AsOf = None,
    target: Annotated[
        float | None, typer.Option(min=0, max=100, help="Percent; default: the province's targets.")
    ] = None,
    form: Annotated[Picture, typer.Option("--format", help="svg or png.")] = Picture.SVG,
) -> None:
    """Draw online rate by agency, intake by month, points lost by reason (biểu đồ)."""
    from app.cli import chart_report, figures_report  # noqa: PLC0415  (slow to import)

    asked = figures_report.question(first.date(), last.date(), agency=agency, as_of=_day(as_of))
    wanted = None if target is None else Decimal(str(target))
    chart_report.write(asked, out, str(form), wanted)


@figures.command()
def verify() -> None:
    """Recount everything from the events and name any difference; status 1 if there is one."""
    from app.cli import figures_report  # noqa: PLC0415  (slow to import)

    figures_report.verify()
