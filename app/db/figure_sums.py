"""Sums of any period, grouping and day of knowledge: one small query over years, months, days.

A question that tells agencies and procedures apart takes the months that lie whole before its edge
from `figure_month` and the rest day by day from the journal. Every other one takes what was rolled
up. A month that the question begins in the middle of comes from the journal; what became known
after `as_of` is taken off again.
"""

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache

from sqlalchemy import TextClause, text

from app.db.access import Transaction
from app.domain.measures import BALANCES, COHORT, FLOWS, MEASURES, Sums
from app.domain.periods import Period

PLANNED_ANEW = text("""
    SELECT set_config('plan_cache_mode', 'force_custom_plan', true),
        set_config('max_parallel_workers_per_gather', '0', true)
""")
"""Said before figures are read. Which part of the sums a period takes decides on the plan; and what
takes milliseconds is done before helpers have begun.
"""

KEYS = ("agency_id", "procedure_version_id", "channel")
Key = tuple[int | str, ...]
_LAST = date.max - timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which sums: of a period as it stood at the end of `until`, for some agencies.

    `versions` None are all procedures, `channel` None all channels. `as_of` None is what is known
    now. `by` are the columns that are told apart. `is_whole`: the agencies are all there are.
    `of_receipt`: only what is counted on the day of receipt is wanted (`COHORT`).
    """

    period: Period
    until: date
    agencies: Sequence[int]
    by: tuple[str, ...] = ()
    as_of: date | None = None
    versions: Sequence[int] | None = None
    channel: str | None = None
    is_whole: bool = False
    of_receipt: bool = False

    @property
    def columns(self) -> Sequence[str]:
        """The keys that have to be known: those told apart and those chosen by."""
        agency = [] if self.is_whole and "agency_id" not in self.by else ["agency_id"]
        is_by_version = self.versions is not None or "procedure_version_id" in self.by
        return [*agency, "procedure_version_id"] if is_by_version else agency


def sums(tx: Transaction, wanted: Wanted) -> dict[Key, Sums]:
    """Return the sums by the values of `wanted.by`; a key without any count is left out."""
    period = wanted.period
    part = _begun_month(period.first)
    until = min(wanted.until, period.last)
    edge = _month(min(until, _LAST) + timedelta(days=1))
    rows = tx.db.execute(
        _statement(
            wanted.by,
            tuple(wanted.columns),
            is_begun=part is not None,
            is_past=wanted.as_of is not None,
            has_versions=wanted.versions is not None,
            has_channel=wanted.channel is not None,
            of_receipt=wanted.of_receipt,
        ),
        {
            "first": period.first,
            "last": period.last,
            "until": until,
            "year": _years_end(period.first, until, edge),
            "edge": edge,
            "part_first": part.first if part else None,
            "part_last": part.last if part else None,
            "agencies": list(wanted.agencies),
            "as_of": wanted.as_of,
            "versions": list(wanted.versions or ()),
            "channel": wanted.channel,
        },
    )
    found: dict[Key, Sums] = {}
    for row in rows:
        values = row._asdict()
        key = tuple(values.pop(name) for name in wanted.by)
        found[key] = {name: int(count) for name, count in values.items() if count}
    return found


def _month(day: date) -> date:
    return day.replace(day=1)


def _years_end(first: date, until: date, edge: date) -> date:
    """Return the year up to which years are taken whole.

    Those before the question; those within it only if it begins with one: else what was received in
    its first year is partly from before.
    """
    begins_with_year = first <= until and (first.month, first.day) == (1, 1)
    return (edge if begins_with_year else min(first, until)).replace(month=1, day=1)


def _begun_month(first: date) -> Period | None:
    """Return the month that a period begins in the middle of."""
    if first.day == 1:
        return None
    return Period(_month(first), first.replace(day=monthrange(first.year, first.month)[1]))


_ENDS = ("resolved_early", "resolved_on_time", "resolved_late", "refused", "withdrawn", "stopped")
_IN_BOOKS = f"received + moved_in - moved_out - {' - '.join(_ENDS)}"
_COHORT = "received_on BETWEEN :first AND :last"
_FLOW = "day BETWEEN :first AND :until"
_FROM_BEFORE = f"received_on < :first AND {_FLOW}"
ANSWERS = ",\n    ".join(
    [
        *(f"sum({name}) FILTER (WHERE {_COHORT}) AS {name}" for name in COHORT),
        *(f"sum({name}) FILTER (WHERE {_FLOW}) AS {name}" for name in FLOWS),
        *(f"sum({name}) FILTER (WHERE {_FLOW}) AS {name}" for name in BALANCES[3:]),
        *(f"sum({name}) FILTER (WHERE day <= :until) AS {name}" for name in BALANCES[:3]),
        f"sum({_IN_BOOKS}) FILTER (WHERE day < :first) AS opening",
        f"sum({_IN_BOOKS}) FILTER (WHERE day <= :until) AS open",
        (
            f"coalesce(sum(received) FILTER (WHERE {_COHORT}), 0)"
            f" + coalesce(sum(handled) FILTER (WHERE {_FROM_BEFORE}), 0) AS counted"
        ),
        (
            f"coalesce(sum(late) FILTER (WHERE {_COHORT} AND day <= :until), 0)"
            f" + coalesce(sum(handled_late) FILTER (WHERE {_FROM_BEFORE}), 0) AS counted_late"
        ),
        (
            f"coalesce(sum(displeased) FILTER (WHERE {_COHORT}), 0)"
            f" + coalesce(sum(handled_displeased) FILTER (WHERE {_FROM_BEFORE}), 0)"
            f" AS counted_displeased"
        ),
    ]
)
_OF_RECEIPT = ", ".join(f"sum({name}) AS {name}" for name in COHORT)
_COUNTS = ", ".join(MEASURES)
_NEGATIVE = ", ".join(f"-{name}" for name in MEASURES)
_BEGUN = "BETWEEN :part_first AND :part_last"
_IN_BEGUN = f"(day {_BEGUN} OR received_on {_BEGUN})"


@lru_cache
def _statement(
    by: tuple[str, ...],
    columns: tuple[str, ...],
    *,
    is_begun: bool,
    is_past: bool,
    has_versions: bool,
    has_channel: bool,
    of_receipt: bool,
) -> TextClause:
    keys = [*columns, "channel"]
    is_detailed = len(columns) > 1
    days = ["day >= :edge"] if is_detailed else []
    days += [_IN_BEGUN] if is_begun else []
    by_day = " OR ".join(days) or "false"
    entries = f"SELECT received_on, day, {', '.join(keys)}, {{counts}} FROM figure_entry WHERE"
    known = "recorded_on <= :as_of AND " if is_past else ""
    not_begun = f"since NOT {_BEGUN} AND received_month NOT {_BEGUN}" if is_begun else "true"
    sources = [(_MONTHS if is_detailed else _ROLLED_UP[columns]).format(not_begun=not_begun)]
    if days:
        sources.append(f"{entries.format(counts=_COUNTS)} {known}day <= :until AND ({by_day})")
    if is_past:
        sources.append(
            f"{entries.format(counts=_NEGATIVE)} recorded_on > :as_of AND day <= :until"
            f" AND NOT ({by_day})"
        )
    conditions = ["agency_id = ANY (:agencies)"] if "agency_id" in columns else ["true"]
    if has_versions:
        conditions.append("procedure_version_id = ANY (:versions)")
    if has_channel:
        conditions.append("channel = :channel")
    if of_receipt:
        conditions.append(_COHORT)
    listed = "".join(f"{name}, " for name in by)
    grouped = f"GROUP BY {', '.join(by)}" if by else ""
    return text(f"""
SELECT {listed}{_OF_RECEIPT if of_receipt else ANSWERS}
FROM ({" UNION ALL ".join(sources)}) AS counts
WHERE {" AND ".join(conditions)}
{grouped}
""")


_MONTHS = f"""
    SELECT received_month AS received_on, since AS day, {", ".join(KEYS)}, {_COUNTS}
    FROM (SELECT month AS since, * FROM figure_month) AS of_months
    WHERE since < :edge AND {{not_begun}}"""


def _rolled_up(kind: str, column: str) -> str:
    part = f"part AS {column}, " if column else ""
    spans = {
        "year": "since < :year",
        "month": "since >= :year AND since < :edge",
        "day": "since >= :edge AND since <= :until",
    }
    return " UNION ALL ".join(
        f"""
    SELECT received_month AS received_on, since AS day, {part}channel, {_COUNTS}
    FROM figure_rollup WHERE kind = '{kind}' AND span = '{span}' AND {condition}
        AND {{not_begun}}"""
        for span, condition in spans.items()
    )


_ROLLED_UP = {
    (): _rolled_up("agency", ""),
    ("agency_id",): _rolled_up("agency", "agency_id"),
    ("procedure_version_id",): _rolled_up("procedure", "procedure_version_id"),
}


def not_yet_late(tx: Transaction, wanted: Wanted, now: datetime) -> dict[Key, Sums]:
    """Count, of today, what is due later today: late by the day, in time by the hour."""
    more = " AND procedure_version_id = ANY (:versions)" if wanted.versions is not None else ""
    more += " AND channel = :channel" if wanted.channel is not None else ""
    listed = "".join(f"{name}, " for name in wanted.by)
    grouped = f"GROUP BY {', '.join(wanted.by)}" if wanted.by else ""
    rows = tx.db.execute(
        text(_NOT_YET.format(more=more, listed=listed, grouped=grouped)),
        {
            "now": now,
            "today": wanted.until,
            "first": wanted.period.first,
            "last": wanted.period.last,
            "agencies": list(wanted.agencies),
            "versions": list(wanted.versions or ()),
            "channel": wanted.channel,
        },
    )
    return {
        tuple(row._asdict()[name] for name in wanted.by): {
            "overdue": row.overdue,
            "counted_late": row.counted_late,
        }
        for row in rows
    }


_NOT_YET = """
SELECT {listed}count(*) FILTER (WHERE what = 'overdue') AS overdue,
    count(*) FILTER (WHERE what = 'late') AS counted_late
FROM (
    SELECT 'overdue' AS what, procedure_version_id, channel,
        coalesce(officer_id, '') AS officer_id,
        owner_ids[1 + width_bucket(overdue_on, moved_on)] AS agency_id
    FROM figure_fact
    WHERE until_on = '9999-12-31' AND ended_on IS NULL AND overdue_on = :today AND due_at > :now
    UNION ALL
    SELECT 'late', procedure_version_id, channel, coalesce(officer_id, ''), agency_id
    FROM figure_fact
    WHERE until_on = '9999-12-31' AND handled_on IS NULL AND late_on = :today
        AND late_why = 'past_due' AND counted_due_at > :now
        AND received_on BETWEEN :first AND :last
) AS due_today
WHERE agency_id = ANY (:agencies){more} {grouped}
"""
