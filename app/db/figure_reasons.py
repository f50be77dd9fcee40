"""Figures dossier by dossier: who is in the denominator, who in the numerator, and why not."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import Row, text

from app.db.access import Transaction
from app.db.figure_sums import Wanted
from app.domain.reasons import Cause, Reason

_RECEIVED = "f.received_on BETWEEN :first AND :last AND f.agency_id = ANY (:agencies)"
_HANDLED = """(f.handled_on BETWEEN :first AND :until AND f.received_on < :first
    AND f.owner_ids[1 + width_bucket(f.handled_on, f.moved_on)] = ANY (:agencies))"""
_IS_LATE = """(f.late_on <= :until AND NOT (:is_now AND f.late_on = :until
    AND f.late_why = 'past_due' AND f.handled_on IS NULL AND f.counted_due_at > :now))"""
_HAS_RESULT = "(f.has_result_file OR NOT f.is_paper_due)"
_RESULT_REASONS = {
    Reason.NOT_RESOLVED: "f.ended_on IS NULL",
    Reason.ENDED_WITHOUT_RESULT: "f.outcome <> 'resolved'",
    Reason.NO_ELECTRONIC_RESULT: "true",
}
_CHANNEL_REASONS = {
    Reason.AT_DESK: "f.channel = 'desk'",
    Reason.BY_POST: "f.channel = 'post'",
    Reason.ONLINE: "f.channel = 'online'",
}


@dataclass(frozen=True, slots=True)
class Membership:
    """Conditions on a fact: denominator, numerator, and reasons in the order they are asked."""

    denominator: str
    numerator: str
    reasons: Mapping[Reason, str]

    @property
    def reason(self) -> str:
        cases = " ".join(f"WHEN {when} THEN '{reason}'" for reason, when in self.reasons.items())
        return f"CASE WHEN {self.numerator} THEN NULL {cases} END"


MEMBERSHIPS: Final[Mapping[str, Membership]] = {
    "1.4": Membership(
        _RECEIVED,
        "f.sync_state = 'acknowledged'",
        {
            Reason.SYNC_BLOCKED: "f.sync_state = 'blocked'",
            Reason.SYNC_DEAD: "f.sync_state = 'dead'",
            Reason.SYNC_WAITING: "true",
        },
    ),
    "2.1": Membership(
        f"({_RECEIVED} OR {_HANDLED})",
        f"coalesce(NOT {_IS_LATE}, true)",
        {
            Reason.ASKED_AGAIN: "f.late_why = 'asked_again'",
            Reason.LATE_ENDED: "f.handled_on <= :until",
            Reason.LATE_OPEN: "true",
        },
    ),
    "3.3": Membership(
        _RECEIVED,
        f"(f.channel = 'online' AND {_HAS_RESULT})",
        {
            Reason.AT_DESK: "f.channel = 'desk'",
            Reason.BY_POST: "f.channel = 'post'",
            **_RESULT_REASONS,
        },
    ),
    "3.3b": Membership(_RECEIVED, "f.channel = 'desk'", _CHANNEL_REASONS),
    "3.3c": Membership(_RECEIVED, "f.channel = 'post'", _CHANNEL_REASONS),
    "3.6": Membership(
        f"{_RECEIVED} AND f.is_fee_due", "f.is_paid_online", {Reason.NOT_PAID_ONLINE: "true"}
    ),
    "4.1": Membership(f"{_RECEIVED} AND f.is_paper_due", "f.has_result_file", _RESULT_REASONS),
    "4.2": Membership(
        _RECEIVED,
        "f.is_digital",
        {Reason.PAPER_COMPONENTS: "NOT f.are_files", **_RESULT_REASONS},
    ),
    "4.5": Membership(
        _RECEIVED,
        "f.is_verified",
        {Reason.NOT_VERIFIED: "f.channel = 'online'", Reason.NO_ACCOUNT: "true"},
    ),
}
"""The figures of the index that count dossiers."""


def _source(wanted: Wanted) -> str:
    conditions = ["f.until_on = '9999-12-31'"]
    if wanted.as_of is not None:
        conditions = ["f.recorded_on <= :as_of AND f.until_on > :as_of"]
    if wanted.versions is not None:
        conditions.append("f.procedure_version_id = ANY (:versions)")
    if wanted.channel is not None:
        conditions.append("f.channel = :channel")
    return f"FROM figure_fact AS f WHERE {' AND '.join(conditions)}"


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
    }


def reasons(
    tx: Transaction, wanted: Wanted, figure: str, now: datetime
) -> dict[Reason | None, int]:
    """Count the denominator of a figure by reason; None is the numerator."""
    known = MEMBERSHIPS[figure]
    rows = tx.db.execute(
        text(f"""
            SELECT {known.reason} AS reason, count(*) AS n {_source(wanted)} AND {known.denominator}
            GROUP BY 1 ORDER BY 1
        """),
        _values(wanted, now),
    )
    return {Reason(row.reason) if row.reason else None: row.n for row in rows}


@dataclass(frozen=True, slots=True)
class Member:
    """A dossier of a denominator; without a reason it is in the numerator too."""

    id: int
    code: str
    agency_id: int
    version_id: int
    channel: str
    received_on: Any
    handled_on: Any
    status: str
    reason: Reason | None
    portal_code: str | None


def members(
    tx: Transaction,
    wanted: Wanted,
    figure: str,
    now: datetime,
    *,
    which: str,
    reason: Reason | None,
    after: int,
    limit: int,
) -> list[Member]:
    """List dossiers of a figure by their key: all, only those counted, or only those missing."""
    known = MEMBERSHIPS[figure]
    chosen = {
        "denominator": "true",
        "numerator": "found.reason IS NULL",
        "missing": "found.reason IS NOT NULL",
    }[which]
    rows = tx.db.execute(
        text(f"""
            SELECT * FROM (
                SELECT f.dossier_id AS id, f.code, f.agency_id, f.channel, f.received_on,
                    f.procedure_version_id AS version_id, f.handled_on, f.status,
                    {known.reason} AS reason, f.sync_code AS portal_code
                {_source(wanted)} AND {known.denominator} AND f.dossier_id > :after
            ) AS found
            WHERE {chosen} AND (CAST(:reason AS text) IS NULL OR found.reason = :reason)
            ORDER BY found.id LIMIT :limit
        """),
        {**_values(wanted, now), "reason": reason, "after": after, "limit": limit},
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
    of_then = re.sub(r":(until|is_now)\b", r":then_\1", of_now)
    causes = " ".join(f"WHEN {when} THEN '{cause}'" for cause, when in _CAUSES.items())
    after, limit = page
    rows = tx.db.execute(
        text(f"""
            SELECT * FROM (
                SELECT n.dossier_id AS id, n.code, coalesce(t.is_in, false) AS was_in, n.is_in,
                    CASE WHEN t.is_in THEN t.reason END AS reason_then,
                    CASE WHEN n.is_in THEN n.reason END AS reason_now,
                    CASE {causes} END AS cause, n.recorded_on
                FROM (SELECT f.*, {of_now} {_source(wanted)} AND f.dossier_id > :after) AS n
                LEFT JOIN (SELECT f.*, {of_then} {_source(then)} AND f.dossier_id > :after) AS t
                    ON t.dossier_id = n.dossier_id
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


_CAUSES = {
    Cause.RECORDED_SINCE: "t.dossier_id IS NULL",
    Cause.HANDLED: "n.handled_on IS DISTINCT FROM t.handled_on",
    Cause.SYNC: "n.sync_state <> t.sync_state",
    Cause.PAYMENT: "n.is_paid_online <> t.is_paid_online",
    Cause.RESULT: "n.has_result_file <> t.has_result_file",
    Cause.COMPONENTS: "n.are_files <> t.are_files",
    Cause.DUE_MOVED: "n.counted_due_at IS DISTINCT FROM t.counted_due_at",
    Cause.ASKED_AGAIN: "n.late_why IS DISTINCT FROM t.late_why",
    Cause.TIME: "true",
}
