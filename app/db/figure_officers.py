"""Figures that are counted from the facts themselves: by officer, and late ones by days late.

Neither has sums of its own: an officer of a dossier is whoever had it last, and a dossier that is
open grows later every day. Only facts that a period can be about are looked at.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text

from app.db.access import Transaction
from app.db.figure_points import points_of
from app.db.figure_sums import ANSWERS, Wanted
from app.db.figure_time import OFFICES, full_day, is_of, passed
from app.domain.calendar import end_of
from app.domain.measures import Sums
from app.domain.working_time import WorkingTime

Officer = tuple[str | None, str | None]
"""Account and name; None: no officer had it in hand yet."""

_OWNER = "f.owner_ids[1 + width_bucket({day}, f.moved_on)]"
_NOT_YET = "f.overdue_on = :until AND f.due_at > :now AND :is_now"


def officer_sums(tx: Transaction, wanted: Wanted, now: datetime) -> dict[Officer, Sums]:
    """Return the running figures by officer: each dossier is that of whoever had it last."""
    who = ["officer_id", "officer_name"]
    rows = tx.db.execute(
        text(f"""
            WITH relevant AS MATERIALIZED (
                SELECT f.* FROM figure_fact AS f WHERE {_scope(wanted)}
                    AND (f.ended_on IS NULL OR f.ended_on >= :first OR f.returned_on >= :first)
                    AND (f.agency_id = ANY (:agencies) OR f.moved_on <> '{{}}')
                    AND f.owner_ids && CAST(:agencies AS bigint[])
            )
            SELECT officer_id, max(officer_name) AS officer_name, {ANSWERS}
            FROM ({points_of("relevant", more=who)}) AS points
            WHERE agency_id = ANY (:agencies) GROUP BY officer_id
        """),
        _values(wanted, now),
    )
    found: dict[Officer, Sums] = {}
    for row in rows:
        values = row._asdict()
        officer = values.pop("officer_id"), values.pop("officer_name")
        found[officer] = {name: int(count) for name, count in values.items() if count}
    return found


@dataclass(frozen=True, slots=True)
class LateCount:
    """So many dossiers of a kind that were, or are, so many working days late."""

    agency_id: int
    procedure_version_id: int
    channel: str
    officer: Officer
    is_open: bool
    days: int
    dossiers: int


_SINCE = "SELECT min(f.due_at) AS since FROM figure_fact AS f WHERE {late}"
_FULL_DAY = full_day("(f.due_at AT TIME ZONE 'Asia/Ho_Chi_Minh')::date")
_DAYS = f"""greatest(1,
    ceil(({passed("f.stopped_at")} - {passed("f.due_at")}) / {_FULL_DAY}::numeric))::int"""
_RESOLVED = """f.timing = 'late' AND f.overdue_on IS NOT NULL
    AND f.ended_on BETWEEN :first AND :until"""
_OPEN = f"""f.overdue_on <= :until AND (f.ended_on IS NULL OR f.ended_on > :until)
    AND NOT ({_NOT_YET})"""
_LATE = f"({_RESOLVED} OR ({_OPEN}))"


def late_since(tx: Transaction, wanted: Wanted, now: datetime) -> datetime | None:
    """Return the earliest due instant of the late dossiers: from when working time is needed."""
    late = f"{_scope(wanted)} AND {_LATE}"
    since: datetime | None = tx.db.scalar(text(_SINCE.format(late=late)), _values(wanted, now))
    return since


def late_counts(
    tx: Transaction, wanted: Wanted, now: datetime, working: WorkingTime
) -> Sequence[LateCount]:
    """Count late dossiers by working days, begun ones whole: resolved in the period, and open.

    An open one is as late as it is at the end of the period, or since when its clock stands.
    """
    rows = tx.db.execute(
        text(f"""
            WITH {OFFICES}, late AS (
                SELECT {_OWNER.format(day="f.ended_on")} AS owner_id, false AS is_open,
                    f.stood_at AS stopped_at, f.* FROM figure_fact AS f
                WHERE {_scope(wanted)} AND {_RESOLVED}
                UNION ALL
                SELECT {_OWNER.format(day=":until")}, true,
                    least(f.stood_at, :looked_at), f.* FROM figure_fact AS f
                WHERE {_scope(wanted)} AND {_OPEN}
            )
            SELECT owner_id, procedure_version_id, channel, officer_id,
                max(officer_name) AS officer_name, is_open, days, count(*) AS dossiers
            FROM (
                SELECT f.*, {_DAYS} AS days
                FROM late AS f LEFT JOIN office AS w ON {is_of("f.agency_id")}
                WHERE f.owner_id = ANY (:agencies)
            ) AS counted
            GROUP BY owner_id, procedure_version_id, channel, officer_id, is_open, days
        """),
        {**_values(wanted, now), **working.columns},
    )
    return [
        LateCount(
            row.owner_id,
            row.procedure_version_id,
            row.channel,
            (row.officer_id, row.officer_name),
            row.is_open,
            row.days,
            row.dossiers,
        )
        for row in rows
    ]


def _scope(wanted: Wanted) -> str:
    conditions = ["f.until_on = '9999-12-31'"]
    if wanted.as_of is not None:
        conditions = ["f.recorded_on <= :as_of AND f.until_on > :as_of"]
    if wanted.versions is not None:
        conditions.append("f.procedure_version_id = ANY (:versions)")
    if wanted.channel is not None:
        conditions.append("f.channel = :channel")
    return " AND ".join(conditions)


def _values(wanted: Wanted, now: datetime) -> Mapping[str, Any]:
    return {
        "first": wanted.period.first,
        "last": wanted.period.last,
        "until": min(wanted.until, wanted.period.last),
        "looked_at": min(now, end_of(wanted.until)),
        "agencies": list(wanted.agencies),
        "as_of": wanted.as_of,
        "is_now": wanted.as_of is None,
        "versions": list(wanted.versions or ()),
        "channel": wanted.channel,
        "now": now,
    }
