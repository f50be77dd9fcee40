"""Working time looked up in SQL: `WorkingTime` as tables, and what passed between instants."""

OFFICES = """
office AS MATERIALIZED (
    SELECT office_id, array_agg(at ORDER BY at) AS at, array_agg(passed ORDER BY at) AS passed
    FROM unnest(CAST(:offices AS bigint[]), CAST(:turns AS int[]), CAST(:passed AS int[]))
        AS turn (office_id, at, passed)
    GROUP BY office_id
), full_day AS MATERIALIZED (
    SELECT office_id, array_agg(since ORDER BY since) AS full_since,
        array_agg(minutes ORDER BY since) AS full_days
    FROM unnest(CAST(:full_offices AS bigint[]), CAST(:full_since AS date[]),
        CAST(:full_minutes AS int[])) AS f (office_id, since, minutes)
    GROUP BY office_id
)"""
"""CTEs of the columns of `WorkingTime`."""


def of_office(office_id: str) -> str:
    """Return the row of an office, or of all that have no calendar of their own (key 0)."""
    return f"""(
        SELECT office.at, office.passed, full_day.full_since, full_day.full_days
        FROM office JOIN full_day ON full_day.office_id = office.office_id
        WHERE office.office_id IN ({office_id}, 0)
        ORDER BY office.office_id DESC LIMIT 1
    )"""


def worked(instants: str) -> str:
    """Add up the working minutes until each of `instants (at, sign)` in the office `w`.

    Openings and closings take turns: what passed until the last turn, and after an opening the
    minutes since.
    """
    return f"""(
    SELECT sum(sign * coalesce(w.passed[n] + (n & 1) * (m - w.at[n]), 0))
    FROM (SELECT sign, m, width_bucket(m, w.at) AS n
        FROM (SELECT sign, (extract(epoch FROM date_trunc('minute', at)) / 60)::int AS m
            FROM ({instants}) AS instants) AS minutes) AS found)"""


def full_day(day: str) -> str:
    """Return the minutes of the full day of `w` on a day; its first hours also hold before."""
    return f"w.full_days[greatest(1, width_bucket({day}, w.full_since))]"
