"""`motcua due`: when a result is due, and why on that day."""

from typing import Annotated

import typer


def due(
    *,
    accepted: Annotated[
        str,
        typer.Option(help="Accepted at, e.g. 2026-02-13T10:00; local unless it has an offset."),
    ],
    limit: Annotated[
        str,
        typer.Option(help="E.g. '3 working days', '8 working hours', '15 calendar days'."),
    ],
    stop: Annotated[
        list[str] | None,
        typer.Option(metavar="FROM..TO", help="The clock stood; 'FROM..': it still stands."),
    ] = None,
    extension: Annotated[
        str | None, typer.Option(help="Granted beside the limit, e.g. '2 working days'.")
    ] = None,
    agency: Annotated[str, typer.Option(help="Identifier code, for its own office hours.")] = "*",
    explain: Annotated[bool, typer.Option("--explain", help="List each day's minutes.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Answer as JSON.")] = False,
) -> None:
    """Say when a result is due (hẹn trả kết quả): the first line is that instant alone.

    Units: working days, working hours, calendar days, months; or ngày làm việc, giờ làm việc,
    ngày, tháng.
    """
    # The tables are slow to import, and the other commands do without.
    from app.cli import due_report  # noqa: PLC0415
    from app.domain.errors import DomainError  # noqa: PLC0415

    try:
        question = due_report.read_question(accepted, limit, stop or [], extension, agency)
        report = due_report.work_out(question, with_days=explain)
    except DomainError as error:
        typer.echo(error.detail, err=True)
        raise typer.Exit(2) from None
    if as_json:
        due_report.print_json(report)
    else:
        due_report.print_text(report)
