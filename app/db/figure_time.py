"""Working time looked up in SQL: `WorkingTime` as a table, and what passed until an instant."""

OFFICES = """
office AS MATERIALIZED (
    SELECT turns.office_id, turns.at, turns.passed, full_days.full_since, full_days.full_days
    FROM (
        SELECT office_id, array_agg(at ORDER BY at) AS at, array_agg(passed ORDER BY at) AS passed
        FROM unnest(CAST(:offices AS bigint[]), CAST(:turns AS int[]), CAST(:passed AS int[]))
            AS turn (office_id, at, passed)
        GROUP BY office_id
    ) AS turns JOIN (
        SELECT office_id, array_agg(since ORDER BY since) AS full_since,
            array_agg(minutes ORDER BY since) AS full_days
        FROM unnest(CAST(:full_offices AS bigint[]), CAST(:full_since AS date[]),
            CAST(:full_minutes AS int[])) AS f (office_id, since, minutes)
        GROUP BY office_id
    ) AS full_days ON full_days.office_id = turns.office_id
)"""
"""The CTE of the columns of `WorkingTime`: one row for each office."""


def is_of(agency_id: str) -> str:
    """Return the condition that `w` of `office` is that of an agency: its own, or key 0."""
    own = f"{agency_id} = ANY (ARRAY(SELECT office_id FROM office))"
    return f"w.office_id = CASE WHEN {own} THEN {agency_id} ELSE 0 END"


def passed(instant: str) -> str:
    """Return the working minutes that passed until an instant in the office `w`.

    Openings and closings take turns: what passed until the last turn, and after an opening the
    minutes since.
    """
    minute = f"(extract(epoch FROM date_trunc('minute', {instant})) / 60)::int"
    turn = f"width_bucket({minute}, w.at)"
    return f"coalesce(w.passed[{turn}] + ({turn} & 1) * ({minute} - w.at[{turn}]), 0)"


def full_day(day: str) -> str:
    """Return the minutes of the full day of `w` on a day; its first hours also hold before."""
    return f"w.full_days[greatest(1, width_bucket({day}, w.full_since))]"
