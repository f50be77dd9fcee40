"""The journal of the sums, rolled up: by agency or by procedure, over years, months and days.

Most questions tell either agencies or procedures apart. For those this table holds a few thousand
rows to add up where the journal holds a row for nearly every dossier: whole years, whole months
before its end, and the days of the month that it ends in. A year's rows tell of receipt only the
year, a month's and a day's the month.
"""

from app.db.figure_points import COUNTS, added_up, adding

KEY = "kind, span, since, received_month, part, channel"
_COLUMNS = {"agency": "agency_id", "procedure": "procedure_version_id"}
_LEVELS = {
    "day": ("{day}", "date_trunc('month', {received}::timestamp)::date"),
    "month": (
        "date_trunc('month', {day}::timestamp)::date",
        "date_trunc('month', {received}::timestamp)::date",
    ),
    "year": (
        "date_trunc('year', {day}::timestamp)::date",
        "date_trunc('year', {received}::timestamp)::date",
    ),
}


def rolled_up(source: str) -> str:
    """Return a SELECT that adds up the journal's rows in `source` for every kind and span."""
    rows = ", ".join(
        f"('{kind}', '{span}', {since}, {received}, p.{column})"
        for kind, column in _COLUMNS.items()
        for span, (since, received) in _of("p.day", "p.received_on").items()
    )
    spread = f"""(
        SELECT r.*, p.channel, {COUNTS} FROM {source} AS p
        CROSS JOIN LATERAL (VALUES {rows}) AS r (kind, span, since, received_month, part)
    ) AS spread"""
    return added_up(spread, KEY.split(", "))


def _of(day: str, received: str) -> dict[str, tuple[str, str]]:
    return {
        span: (since.format(day=day), month.format(received=received))
        for span, (since, month) in _LEVELS.items()
    }


ADD_UP = f"""
    INSERT INTO figure_rollup ({KEY}, {COUNTS})
    {{rolled_up}}
    ON CONFLICT ({KEY}) {adding("figure_rollup")}
"""
"""What a fold adds; `rolled_up` of its own rows of the journal."""

NEXT_YEAR = """
SELECT extract(year FROM min(day))::int FROM figure_entry
WHERE day >= make_date(greatest(1, :through + 1), 1, 1)
"""
"""The first year after `through` that the journal tells of; NULL: none is left."""

EMPTY_YEAR = """
DELETE FROM figure_rollup WHERE since BETWEEN make_date(:year, 1, 1) AND make_date(:year, 12, 31)
"""

_YEAR = "(SELECT * FROM figure_entry WHERE day BETWEEN make_date(:year, 1, 1)"
FILL_YEAR = f"""
INSERT INTO figure_rollup ({KEY}, {COUNTS})
{rolled_up(f"{_YEAR} AND make_date(:year, 12, 31))")}
"""
"""Everything about the days of a year, from the journal; for books of an older release."""


def _counted(kind: str, span: str, source: str, day: str, received: str, part: str) -> str:
    since, month = _of(day, received)[span]
    return f"""
    SELECT '{kind}' AS kind, '{span}' AS span, {since} AS since, {month} AS received_month,
        {part} AS part, channel, {COUNTS} FROM {source}"""


COUNTED = " UNION ALL ".join(
    _counted(kind, span, *said)
    for kind, column in _COLUMNS.items()
    for span, said in {
        "day": ("figure_entry", "day", "received_on", column),
        **{
            wider: (
                f"figure_rollup WHERE kind = '{kind}' AND span = '{narrower}'",
                *("since", "received_month", "part"),
            )
            for wider, narrower in (("month", "day"), ("year", "month"))
        },
    }.items()
)
"""Rows of the table as the next finer ones have them, days as the journal has; not added up."""
