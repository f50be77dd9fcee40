"""`motcua annex`: the published annex of any period."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

import typer


class Format(StrEnum):
    TABLE = "table"
    CSV = "csv"
    JSON = "json"


_DAY = "%Y-%m-%d"


def annex(
    first: Annotated[datetime, typer.Option("--from", formats=[_DAY], help="First day.")],
    last: Annotated[datetime, typer.Option("--to", formats=[_DAY], help="Last day.")],
    form: Annotated[Format, typer.Option("--format", help="table, csv or json.")] = Format.TABLE,
) -> None:
    """Print the online-processing rate per agency (phụ lục tỷ lệ hồ sơ trực tuyến).

    The CSV has exactly the columns of the published table.
    """
    from app.cli import annex_report  # noqa: PLC0415  (slow to import)

    annex_report.write(first.date(), last.date(), str(form))
