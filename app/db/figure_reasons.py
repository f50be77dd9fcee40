"""Figures dossier by dossier: who is in the denominator, who in the numerator, and why not."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, text

from app.db.access import Transaction
from app.db.figure_memberships import (
    CAUSES,
    LISTED,
    MEMBERSHIPS,
    PETITION_CAUSES,
    PETITIONS,
    Membership,
)
from app.db.figure_sums import Wanted
from app.domain.calendar import end_of
from app.domain.reasons import Cause, Page, Reason


def petitions_due(
    tx: Transaction, wanted: Wanted, now: datetime
) -> list[tuple[int, int | None, str | None, int, int]]:
    """Count petitions due and answered in time, by agency, procedure version and channel."""
    known = MEMBERSHIPS["5.2"]
    rows = tx.db.execute(
        text(f"""
            SELECT f.agency_id, f.procedure_version_id, f.channel, count(*) AS due,
                count(*) FILTER (WHERE {known.numerator}) AS in_time
            {_source(wanted, known)} AND {known.denominator} GROUP BY 1, 2, 3
        """),
        _values(wanted, now),
    )
    return [tuple(row) for row in rows]


def is_store_used(tx: Transaction, as_of: date | None) -> bool:
    """Tell whether a file ever came from the shared store, as far as was known."""
    query = "SELECT EXISTS (SELECT FROM figure_fact WHERE is_from_store AND recorded_on <= :day)"
    return bool(tx.db.scalar(text(query), {"day": as_of or date.max}))


def uncounted(tx: Transaction, as_of: date | None) -> frozenset[str]:
    """Return the figures that nobody counted yet on an earlier day."""
    query = text("SELECT figure FROM figure_since WHERE since_on > :day")
    return frozenset(tx.db.scalars(query, {"day": as_of})) if as_of else frozenset()


def _source(wanted: Wanted, known: Membership) -> str:
    conditions = ["f.until_on = '9999-12-31'"]
    if wanted.as_of is not None:
        conditions = ["f.recorded_on <= :as_of AND f.until_on > :as_of"]
    if wanted.versions is not None:
        conditions.append("f.procedure_version_id = ANY (:versions)")
    if wanted.channel is not None:
        conditions.append("f.channel = :channel")
    return f"FROM {known.source.table} AS f WHERE {' AND '.join(conditions)}"


def _values(wanted: Wanted, now: datetime) -> dict[str, Any]:
    return {
        "first": wanted.period.first,
        "last": wanted.period.last,
        "until": wanted.until,
        "agencies": list(wanted.agencies),
        "as_of": wanted.as_of,
        "is_now": wanted.as_of is None,
        "versions": list(wanted.versions or ()),
        "channel": wanted.channel,
        "now": now,
        "looked_at": min(now, end_of(wanted.until)),
    }


Counted = Counter[Reason | None]
"""Dossiers by reason; None are those in the numerator."""


def reasons(
    tx: Transaction, wanted: Wanted, figures: Sequence[str], now: datetime
) -> dict[str, Counted]:
    """Count the denominators of figures by reason.

    Each table is gone through once for all of them: its rows are counted by what they are to every
    figure, and there are few such combinations.
    """
    tx.db.execute(_WITH_HELPERS)
    found = {figure: Counted() for figure in figures}
    sources = {LISTED[figure].source for figure in figures}
    for source in sorted(sources, key=lambda each: each.table):
        known = {each: LISTED[each] for each in figures if LISTED[each].source == source}
        roles = ", ".join(
            f"CASE WHEN {one.denominator} THEN coalesce({one.reason}, '') END"
            for one in known.values()
        )
        within = " OR ".join(dict.fromkeys(one.denominator for one in known.values()))
        rows = tx.db.execute(
            text(f"""
                SELECT count(*), {roles} {_source(wanted, next(iter(known.values())))}
                AND ({within}) GROUP BY {", ".join(str(n) for n in range(2, len(known) + 2))}
            """),
            _values(wanted, now),
        )
        for count, *said in rows:
            for figure, role in zip(known, said, strict=True):
                if role is not None:
                    found[figure][Reason(role) if role else None] += count
    return {figure: _in_order(by_reason) for figure, by_reason in found.items()}


_WITH_HELPERS = text("SET LOCAL max_parallel_workers_per_gather TO DEFAULT")


def _in_order(by_reason: Counted) -> Counted:
    return Counter(
        dict(sorted(by_reason.items(), key=lambda item: (item[0] is None, item[0] or "")))
    )


@dataclass(frozen=True, slots=True)
class Member:
    """A dossier of a denominator; without a reason it is in the numerator too."""

    id: int
    code: str
    agency_id: int
    version_id: int | None
    channel: str | None
    received_on: Any
    handled_on: Any
    status: str
    reason: Reason | None
    portal_code: str | None
    spent: int | None


def members(
    tx: Transaction, wanted: Wanted, figure: str, now: datetime, page: Page, *, few: bool
) -> list[Member]:
    """List dossiers of a figure by their key: all, only those counted, or only those missing.

    `few` tells that its denominator is small beside the table.
    """
    known = LISTED[figure]
    named = known.source
    chosen = {
        "denominator": "true",
        "numerator": "found.reason IS NULL",
        "missing": "found.reason IS NOT NULL",
    }[page.which]
    # A page in the order of keys invites to go through all keys until it is full; where the figure
    # has few rows they are gathered first.
    gathered = "MATERIALIZED" if few else "NOT MATERIALIZED"
    rows = tx.db.execute(
        text(f"""
            WITH found AS {gathered} (
                SELECT f.{named.key} AS id, f.code, f.agency_id, f.channel, f.received_on,
                    f.procedure_version_id AS version_id, f.{named.ended_on} AS handled_on,
                    f.status, {known.reason} AS reason, {named.portal_code} AS portal_code,
                    {named.spent} AS spent
                {_source(wanted, known)} AND {known.denominator} AND f.{named.key} > :after
            )
            SELECT * FROM found
            WHERE {chosen} AND (CAST(:reason AS text) IS NULL OR found.reason = :reason)
            ORDER BY found.id LIMIT :limit
        """),
        {
            **_values(wanted, now),
            "reason": page.reason,
            "after": page.after,
            "limit": page.limit,
        },
    )
    return [
        Member(**{**row._asdict(), "reason": Reason(row.reason) if row.reason else None})
        for row in rows
    ]


@dataclass(frozen=True, slots=True)
class Change:
    """A dossier that a figure counts otherwise than it did on an earlier day."""

    id: int
    code: str
    was_in: bool
    is_in: bool
    reason_then: Reason | None
    reason_now: Reason | None
    cause: Cause
    recorded_on: date


def changes(
    tx: Transaction, then: Wanted, wanted: Wanted, figure: str, now: datetime, page: tuple[int, int]
) -> list[Change]:
    """List the dossiers that a figure counts otherwise now than as of `then`, by their key."""
    known = MEMBERSHIPS[figure]
    of_now = f"{known.denominator} AS is_in, {known.reason} AS reason"
    of_then = re.sub(r":(until|is_now|looked_at)\b", r":then_\1", of_now)
    key = known.source.key
    told = PETITION_CAUSES if known.source is PETITIONS else CAUSES
    causes = " ".join(f"WHEN {when} THEN '{cause}'" for cause, when in told.items())
    after, limit = page
    rows = tx.db.execute(
        text(f"""
            SELECT * FROM (
                SELECT n.{key} AS id, n.code, coalesce(t.is_in, false) AS was_in, n.is_in,
                    CASE WHEN t.is_in THEN t.reason END AS reason_then,
                    CASE WHEN n.is_in THEN n.reason END AS reason_now,
                    CASE {causes} END AS cause, n.recorded_on
                FROM (SELECT f.*, {of_now} {_source(wanted, known)} AND f.{key} > :after) AS n
                LEFT JOIN (SELECT f.*, {of_then} {_source(then, known)} AND f.{key} > :after) AS t
                    ON t.{key} = n.{key}
            ) AS found
            WHERE (was_in, CASE WHEN was_in THEN coalesce(reason_then, '') END)
                IS DISTINCT FROM (is_in, CASE WHEN is_in THEN coalesce(reason_now, '') END)
            ORDER BY id LIMIT :limit
        """),
        {
            **_values(wanted, now),
            "as_of": then.as_of,
            "then_until": then.until,
            "then_is_now": False,
            "then_looked_at": min(now, end_of(then.until)),
            "after": after,
            "limit": limit,
        },
    )
    return [_change(row) for row in rows]


def _change(row: Row[Any]) -> Change:
    values = row._asdict()
    for name in ("reason_then", "reason_now"):
        values[name] = Reason(values[name]) if values[name] else None
    return Change(**{**values, "cause": Cause(row.cause)})
