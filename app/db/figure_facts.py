"""The facts of dossiers, read from their history, and the points that they are counted by.

Everything here is SQL composed of our own names: one statement reads the facts of many dossiers
as they were known at an instant, another turns facts into counts by day.
"""

import re
from collections.abc import Iterable, Mapping

from app.db.figures import FACTS
from app.domain.measures import MEASURES

LOCAL = "AT TIME ZONE 'Asia/Ho_Chi_Minh'"


def _day(instant: str) -> str:
    return f"({instant} {LOCAL})::date"


_FACT_CTES = f"""
told AS (
    SELECT e.dossier_id, max(e.seq) AS last_seq,
        min(e.occurred_at) FILTER (WHERE e.act IN ('accept', 'take_in')) AS accepted_at,
        min(e.occurred_at) FILTER (WHERE e.source = 'registered'
            AND e.act IN ('accept', 'refuse', 'request_supplement')) AS answered_at,
        min(e.occurred_at) FILTER (
            WHERE e.target IN ('resolved', 'refused', 'withdrawn', 'stopped')) AS ended_at,
        min(e.target) FILTER (
            WHERE e.target IN ('resolved', 'refused', 'withdrawn', 'stopped')) AS outcome,
        min(e.occurred_at) FILTER (WHERE e.target = 'returned') AS returned_at,
        array_agg(e.occurred_at ORDER BY e.seq) FILTER (
            WHERE e.act = 'request_supplement') AS asked,
        array_agg(e.occurred_at ORDER BY e.seq) FILTER (
            WHERE e.act = 'request_supplement' AND e.source <> 'registered') AS asked_within,
        array_agg(e.occurred_at ORDER BY e.seq) FILTER (WHERE e.act = 'supplement') AS supplied,
        array_agg(e.occurred_at ORDER BY e.seq) FILTER (
            WHERE e.act = 'request_payment') AS billed,
        array_agg(e.occurred_at ORDER BY e.seq) FILTER (WHERE e.act = 'settle') AS settled,
        array_agg(e.occurred_at ORDER BY e.seq) FILTER (
            WHERE e.act = 'pass_on' AND e.details ? 'to_agency') AS forwarded,
        array_agg(e.occurred_at ORDER BY e.seq) FILTER (WHERE <MOVED>) AS moved,
        array_agg(e.details ->> 'to_owner' ORDER BY e.seq) FILTER (WHERE <MOVED>) AS moved_to
    FROM dossier_event AS e
    WHERE <e.dossier_id> AND e.occurred_at < CAST(:upto AS timestamptz)
    GROUP BY e.dossier_id
), paper AS (
    SELECT dossier_id, bool_and(document_id IS NOT NULL) AS are_files
    FROM (
        SELECT DISTINCT ON (c.dossier_id, c.component) c.dossier_id, c.document_id
        FROM dossier_component AS c
        WHERE <c.dossier_id> AND c.added_at < CAST(:upto AS timestamptz)
        ORDER BY c.dossier_id, c.component, c.n DESC
    ) AS latest
    GROUP BY dossier_id
), result AS (
    SELECT DISTINCT document.dossier_id
    FROM document
    WHERE <document.dossier_id> AND document.kind = 'result'
        AND document.uploaded_at < CAST(:upto AS timestamptz)
), online_payment AS (
    SELECT DISTINCT payment.dossier_id
    FROM payment
    WHERE <payment.dossier_id> AND payment.method = 'platform' AND payment.status = 'paid'
        AND payment.paid_at < CAST(:upto AS timestamptz)
), base AS (
    SELECT d.id AS dossier_id, d.code, coalesce(d.received_agency_id, d.agency_id) AS agency_id,
        told.moved_to, d.procedure_version_id, d.channel, d.received_on,
        told.answered_at, d.answer_due_at, told.accepted_at, told.ended_at, told.outcome,
        told.returned_at,
        CASE WHEN CAST(:upto AS timestamptz) = 'infinity' THEN d.due_at
            ELSE last.due_at END AS due_at,
        coalesce(told.asked, '{{}}') AS asked, coalesce(told.supplied, '{{}}') AS supplied,
        coalesce(told.billed, '{{}}') AS billed, coalesce(told.settled, '{{}}') AS settled,
        coalesce(told.forwarded, '{{}}') AS forwarded, told.asked_within[2] AS asked_again_at,
        coalesce(told.moved, '{{}}') AS moved, last.target AS status,
        CASE WHEN sync.state = 'acknowledged' AND sync.acknowledged_at < CAST(:upto AS timestamptz)
            THEN 'acknowledged'
            WHEN sync.state IN ('blocked', 'dead') THEN sync.state
            WHEN sync.state IS NULL THEN 'absent' ELSE 'waiting' END AS sync_state,
        CASE WHEN sync.state IN ('blocked', 'dead') THEN sync.answer_code END AS sync_code,
        d.procedure_version_id = ANY (ARRAY(SELECT id FROM procedure_version
            WHERE (definition #>> '{{result,paper_required}}')::boolean)) AS is_paper,
        result.dossier_id IS NOT NULL AS has_result_file,
        d.fees <> '[]' AND EXISTS (SELECT FROM jsonb_array_elements(d.fees) AS fee
            WHERE (fee ->> 'amount_vnd')::bigint > 0) AS is_fee_due,
        online_payment.dossier_id IS NOT NULL AS is_paid_online,
        coalesce(paper.are_files, false) AS are_files, d.is_verified = 1 AS is_verified,
        other_due.due_at AS other_due_at, other_due.dossier_id IS NOT NULL AS is_otherwise_due
    FROM dossier AS d
    JOIN told ON told.dossier_id = d.id
    JOIN dossier_event AS last ON last.dossier_id = d.id AND last.seq = told.last_seq
        AND <last.dossier_id>
    LEFT JOIN delivery AS sync ON sync.partner = 'national_portal' AND sync.dossier_id = d.id
        AND sync.seq = 1 AND <sync.dossier_id>
    LEFT JOIN paper ON paper.dossier_id = d.id
    LEFT JOIN result ON result.dossier_id = d.id
    LEFT JOIN online_payment ON online_payment.dossier_id = d.id
    LEFT JOIN other_due ON other_due.dossier_id = d.id
    WHERE <d.id>
), timed AS (
    SELECT base.*,
        CASE WHEN is_otherwise_due THEN other_due_at ELSE due_at END AS counted_due_at,
        CASE WHEN ended_at IS NOT NULL AND (outcome <> 'withdrawn' OR accepted_at IS NOT NULL)
                THEN ended_at
            WHEN status = 'supplement_requested' THEN asked[cardinality(asked)] END AS handled_at,
        coalesce(ended_at, CASE WHEN status = 'supplement_requested'
                THEN asked[cardinality(asked)]
            WHEN status = 'payment_requested' AND :payment_stops
                THEN billed[cardinality(billed)] END) AS stood_at
    FROM base
), judged AS (
    SELECT timed.*,
        CASE WHEN due_at < date_trunc('minute', coalesce(stood_at, 'infinity'))
            THEN {_day("due_at")} END AS overdue_on,
        CASE WHEN counted_due_at < date_trunc('minute', coalesce(handled_at, 'infinity'))
            THEN {_day("counted_due_at")} END AS past_due_on,
        {_day("asked_again_at")} AS asked_again_on
    FROM timed
), fact AS (
    SELECT dossier_id, code, agency_id,
        CASE WHEN moved_to IS NULL THEN ARRAY[agency_id] ELSE agency_id || ARRAY(
            SELECT agency.id FROM unnest(moved_to) WITH ORDINALITY AS t (code, n)
            JOIN agency ON agency.code = t.code ORDER BY n) END AS owner_ids,
        procedure_version_id, channel, received_on, status,
        {_day("answered_at")} AS answered_on,
        coalesce(answered_at > answer_due_at, false) AS answered_late,
        {_day("accepted_at")} AS accepted_on, {_day("ended_at")} AS ended_on, outcome,
        CASE WHEN outcome <> 'resolved' OR due_at IS NULL THEN NULL
            WHEN {_day("ended_at")} < {_day("due_at")} THEN 'early'
            WHEN date_trunc('minute', ended_at) <= due_at THEN 'on_time' ELSE 'late' END AS timing,
        {_day("returned_at")} AS returned_on, due_at, overdue_on,
        {_day("handled_at")} AS handled_on, counted_due_at,
        least(past_due_on, asked_again_on) AS late_on,
        CASE WHEN past_due_on IS NULL AND asked_again_on IS NULL THEN NULL
            WHEN asked_again_on <= past_due_on OR past_due_on IS NULL THEN 'asked_again'
            ELSE 'past_due' END AS late_why,
        {{days}},
        sync_state, sync_code, is_paper AS is_paper_due, has_result_file, is_fee_due,
        is_paid_online, are_files,
        are_files AND (has_result_file OR NOT is_paper) AS is_digital, is_verified
    FROM judged
)"""


# The days of moves rise, whatever clocks say: whose a day is is looked up in them.
_LISTED = ("asked", "supplied", "billed", "settled", "forwarded", "moved")
_MOVED = "e.act = 'move' AND e.details ->> 'to_owner' <> e.details ->> 'from_owner'"


def _days(name: str) -> str:
    day = _day("at")
    if name == "moved":
        day = f"max({day}) OVER (ORDER BY n)"
    instants = f"SELECT {day} FROM unnest({name}) WITH ORDINALITY AS t (at, n) ORDER BY n"
    return f"CASE WHEN {name} = '{{}}' THEN '{{}}'::date[] ELSE ARRAY({instants}) END AS {name}_on"


_FACT_CTES = _FACT_CTES.replace(
    "{days}",
    ", ".join(_days(name) for name in _LISTED),
).replace("<MOVED>", _MOVED)


def fact_ctes(which: str) -> str:
    """Return the CTEs after `other_due (dossier_id, due_at)`; the last one is `fact`.

    `which` is the condition on a dossier's id, `{id}` in it: said of each table, so that the
    planner knows how few or many rows there are. Bound: `upto`, `payment_stops`.
    """
    return re.sub(r"<([a-z_.]+)>", lambda found: which.format(id=found[1]), _FACT_CTES)


def _held(up: str, down: str) -> str:
    """Count what an agency had waiting when its successor took over on day `moved.day`."""
    before = "(SELECT count(*) FROM unnest({days}) AS d WHERE d < moved.day)"
    return f"{before.format(days=up)} - {before.format(days=down)}"


_HELD = {
    "overdue": "coalesce(overdue_on < moved.day, false)::int",
    "waiting_supplement": _held("asked_on", "supplied_on"),
    "waiting_payment": _held("billed_on", "settled_on"),
}
_STILL = "cardinality({up}) - cardinality({down})"

_COHORT = {
    "received": "1",
    "synced": "(sync_state = 'acknowledged')::int",
    "online_done": "(channel = 'online' AND (has_result_file OR NOT is_paper_due))::int",
    "fee_due": "is_fee_due::int",
    "paid_online": "(is_fee_due AND is_paid_online)::int",
    "paper_due": "is_paper_due::int",
    "result_filed": "(is_paper_due AND has_result_file)::int",
    "digitised": "is_digital::int",
    "verified": "is_verified::int",
}
_ENDED = {
    **{
        f"resolved_{timing}": f"coalesce(timing = '{timing}', false)::int"
        for timing in ("early", "late")
    },
    "resolved_on_time": "(outcome = 'resolved' AND coalesce(timing, 'on_time') = 'on_time')::int",
    **{name: f"(outcome = '{name}')::int" for name in ("refused", "withdrawn", "stopped")},
    "overdue": "-(overdue_on IS NOT NULL)::int",
    "waiting_supplement": f"-({_STILL.format(up='asked_on', down='supplied_on')})",
    "waiting_payment": f"-({_STILL.format(up='billed_on', down='settled_on')})",
}
_OWN = "owner_ids[1 + width_bucket({day}, moved_on)]"
"""Who resolved it on a day: figures of the past stay with the agency of that day."""

_POINTS: tuple[tuple[str, str, Mapping[str, str]], ...] = (
    ("received_on", "agency_id", _COHORT),
    ("answered_on", _OWN, {"answered": "1", "answered_late": "answered_late::int"}),
    ("ended_on", _OWN, _ENDED),
    ("returned_on", _OWN, {"returned": "1"}),
    (
        "handled_on",
        _OWN,
        {"handled": "1", "handled_late": "(late_on IS NOT NULL)::int"},
    ),
    ("late_on", "agency_id", {"late": "1"}),
    ("overdue_on", _OWN, {"overdue": "1"}),
    ("unnest(asked_on)", _OWN, {"waiting_supplement": "1"}),
    ("unnest(supplied_on)", _OWN, {"waiting_supplement": "-1"}),
    ("unnest(billed_on)", _OWN, {"waiting_payment": "1"}),
    ("unnest(settled_on)", _OWN, {"waiting_payment": "-1"}),
    ("unnest(forwarded_on)", _OWN, {"forwarded": "1"}),
)
_MOVES = (
    ("moved.giver", {"moved_out": "1", **{name: f"-({n})" for name, n in _HELD.items()}}),
    ("moved.taker", {"moved_in": "1", **_HELD}),
)


def _point(day: str, agency: str, counts: Mapping[str, str]) -> str:
    values = _values(counts)
    if not day.startswith("unnest("):
        owner = agency.format(day=day)
        return f"SELECT {day}, {owner}, {values} WHERE {day} IS NOT NULL"
    owner = agency.format(day="at.day")
    return f"SELECT at.day, {owner}, {values} FROM {day} AS at (day)"


def _move(agency: str, counts: Mapping[str, str]) -> str:
    """Return the points of moves, one for each of them; what has ended is in nobody's books."""
    return f"""SELECT moved.day, {agency}, {_values(counts)}
        FROM unnest(moved_on, owner_ids, owner_ids[2:]) AS moved (day, giver, taker)
        WHERE moved.day <= coalesce(ended_on, 'infinity')"""


def _values(counts: Mapping[str, str]) -> str:
    return ", ".join(counts.get(name, "0") for name in MEASURES)


COUNTS = ", ".join(MEASURES)
KEY = "received_on, day, agency_id, procedure_version_id, channel"
SUMMED = ", ".join(f"sum({name}) AS {name}" for name in MEASURES)


def points_of(source: str, *, sign: str = "1", more: str = "") -> str:
    """Return a SELECT of the points of the facts in `source`, each count times `sign`."""
    signed = ", ".join(f"{sign} * p.{name} AS {name}" for name in MEASURES)
    points = [*(_point(*point) for point in _POINTS), *(_move(*move) for move in _MOVES)]
    union = "\n        UNION ALL ".join(points)
    return f"""
    SELECT {more}f.received_on, p.day, p.agency_id, f.procedure_version_id, f.channel, {signed}
    FROM {source} AS f CROSS JOIN LATERAL (
        {union}
    ) AS p (day, agency_id, {COUNTS})"""


def added_up(points: str, key: Iterable[str]) -> str:
    """Return a SELECT that adds up points by `key`, without rows in which nothing is counted."""
    listed = ", ".join(key)
    anything = " OR ".join(f"sum({name}) <> 0" for name in MEASURES)
    return f"SELECT {listed}, {SUMMED} FROM {points} GROUP BY {listed} HAVING {anything}"


def adding(table: str) -> str:
    """Return the ON CONFLICT part that adds counts to a row that is there."""
    raised = ", ".join(f"{name} = {table}.{name} + excluded.{name}" for name in MEASURES)
    return f"DO UPDATE SET {raised}"


FACT_COLUMNS = ", ".join(FACTS)
