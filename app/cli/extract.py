"""`motcua extract`: figures as files, each with a manifest of what it holds."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from app.domain.extraction import Kind
from app.domain.schedules import Every

_DAY = "%Y-%m-%d"

First = Annotated[datetime, typer.Option("--from", formats=[_DAY], help="First day.")]
Last = Annotated[datetime, typer.Option("--to", formats=[_DAY], help="Last day.")]
Agency = Annotated[
    str | None, typer.Option(help="Identifier code; with the units below it. Default: all.")
]
AsOf = Annotated[
    datetime | None,
    typer.Option("--as-of", formats=[_DAY], help="As known at the end of this day."),
]
Out = Annotated[
    Path, typer.Option(file_okay=False, help="Folder of this extraction alone; made if needed.")
]

extract = typer.Typer(
    help="Figures as files (trích xuất số liệu). Killed and started again, a command goes on.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
schedule = typer.Typer(
    help="Extractions that the worker makes when a period has ended.", no_args_is_help=True
)
extract.add_typer(schedule, name="schedule")


def _run(
    kind: Kind,
    first: datetime,
    last: datetime,
    agency: str | None,
    as_of: datetime | None,
    out: Path,
) -> None:
    from app.cli import extract_report  # noqa: PLC0415  (slow to import)

    day = None if as_of is None else as_of.date()
    extract_report.run(kind, first.date(), last.date(), agency, day, out)


@extract.command()
def annex(first: First, last: Last, out: Out, *, agency: Agency = None, as_of: AsOf = None) -> None:
    """Write the annex: to print, and as it is published.

    annex.xlsx and annex.csv (phụ lục tỷ lệ hồ sơ trực tuyến).
    """
    _run(Kind.ANNEX, first, last, agency, as_of, out)


@extract.command()
def report(
    first: First, last: Last, out: Out, *, agency: Agency = None, as_of: AsOf = None
) -> None:
    """Write the report of resolved procedures.

    report.xlsx and report.csv (báo cáo tình hình, kết quả giải quyết TTHC).
    """
    _run(Kind.REPORT, first, last, agency, as_of, out)


@extract.command()
def dossiers(
    first: First, last: Last, out: Out, *, agency: Agency = None, as_of: AsOf = None
) -> None:
    """Write the dossiers received as CSV, by month.

    One a row, without personal data; with a data dictionary.
    """
    _run(Kind.DOSSIERS, first, last, agency, as_of, out)


@extract.command()
def parquet(
    first: First, last: Last, out: Out, *, agency: Agency = None, as_of: AsOf = None
) -> None:
    """Write the same dossiers as Parquet.

    By month and agency: month=2021-06/agency=H44.01/part-0.parquet.
    """
    _run(Kind.PARQUET, first, last, agency, as_of, out)


@extract.command("json")
def as_json(
    first: First, last: Last, out: Out, *, agency: Agency = None, as_of: AsOf = None
) -> None:
    """Write figures.json for other systems.

    For the province's reporting system and its operations centre (IOC).
    """
    _run(Kind.JSON, first, last, agency, as_of, out)


@extract.command("open-data")
def open_data(first: First, last: Last, out: Out, *, as_of: AsOf = None) -> None:
    """Write the open data of whole months.

    Counts below 5, and what would give them away, are hidden; with a data dictionary.
    """
    _run(Kind.OPEN_DATA, first, last, None, as_of, out)


@extract.command()
def verify(
    folder: Annotated[Path, typer.Argument(exists=True, file_okay=False, metavar="DIR")],
) -> None:
    """Compare a folder with its manifest.

    Status 1 if a file is missing, changed or does not belong.
    """
    from app.cli import extract_report  # noqa: PLC0415  (slow to import)

    extract_report.verify(folder)


_Kind = Annotated[Kind, typer.Argument(help="annex, report, dossiers, parquet, json, open_data.")]
_Job = Annotated[str, typer.Argument(metavar="ID", help="As `jobs` or the API shows it.")]
_Schedule = Annotated[str, typer.Argument(metavar="ID", help="As `schedule list` shows it.")]


@extract.command()
def jobs(limit: Annotated[int, typer.Option(min=1, max=100, help="So many.")] = 20) -> None:
    """List what was asked for over HTTP or by schedules."""
    from app.cli import extract_jobs  # noqa: PLC0415  (slow to import)

    extract_jobs.jobs(limit)


@extract.command()
def fetch(job: _Job, out: Out) -> None:
    """Write what a worker has made into a folder."""
    from app.cli import extract_jobs  # noqa: PLC0415  (slow to import)

    extract_jobs.fetch(job, out)


@schedule.command()
def add(
    kind: _Kind,
    every: Annotated[Every, typer.Option(help="month, quarter, half_year or year.")],
    agency: Agency = None,
) -> None:
    """Have the worker make one on the first day after each period, of that period."""
    from app.cli import extract_jobs  # noqa: PLC0415  (slow to import)

    extract_jobs.add(kind, every, agency)


@schedule.command("list")
def listed() -> None:
    """List the schedules, the next one first."""
    from app.cli import extract_jobs  # noqa: PLC0415  (slow to import)

    extract_jobs.schedules()


@schedule.command()
def end(key: _Schedule) -> None:
    """End a schedule; what it has made stays until it expires."""
    from app.cli import extract_jobs  # noqa: PLC0415  (slow to import)

    extract_jobs.end(key)
