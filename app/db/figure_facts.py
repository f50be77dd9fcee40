"""The facts of dossiers, read from their history as they were known at an instant.

Everything here is SQL composed of our own names; `figure_points` turns facts into counts by day.
"""

import re

from app.db.figure_time import OFFICES, full_day, is_of, passed
from app.db.figures import FACTS, READING
from app.domain.ratings import BAD
from app.domain.working_time import FULL_DAY

LOCAL = "AT TIME ZONE 'Asia/Ho_Chi_Minh'"


def _day(instant: str) -> str:
    return f"({instant} {LOCAL})::date"


# Handling time is what passed from acceptance to the end, less what passed while the applicant was
# asked for papers: `asked` and `supplied` come in pairs, the last may have been left unanswered.
_STOOD = """FROM unnest(b.asked, b.supplied) AS a (since, at)"""
_ASKED = "greatest(a.since, b.accepted_at)"
_GIVEN = "greatest(coalesce(a.at, b.ended_at), a.since, b.accepted_at)"
_WORKED = f"""({passed("b.ended_at")} - {passed("b.accepted_at")}
    - CASE WHEN b.asked = '{{}}' THEN 0 ELSE (
        SELECT sum({passed(_GIVEN)} - {passed(_ASKED)}) {_STOOD}) END)"""
_DAYS_TAKEN = f"""({_day("b.ended_at")} - {_day("b.accepted_at")}
    - CASE WHEN b.asked = '{{}}' THEN 0 ELSE (
        SELECT sum({_day(_GIVEN)} - {_day(_ASKED)}) {_STOOD}) END)"""
_SPENT = f"""CASE WHEN b.ended_at IS NULL OR b.accepted_at IS NULL THEN NULL
    ELSE greatest(0, CASE b.unit
        WHEN 'working_hours' THEN {_WORKED}
        WHEN 'working_days' THEN round({_WORKED} * {FULL_DAY}.0
            / {full_day(_day("b.accepted_at"))})
        ELSE {_DAYS_TAKEN} END)::bigint END"""

_FACT_CTES = f"""
told AS (
    SELECT e.dossier_id, array_agg(e.target ORDER BY e.seq) AS targets,
        array_agg(e.due_at ORDER BY e.seq) AS dues,
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
        array_agg(e.agency_id ORDER BY e.seq) FILTER (
            WHERE e.act = 'pass_on' AND e.details ? 'to_agency') AS forwarded_by,
        array_agg(e.details ->> 'to_agency' ORDER BY e.seq) FILTER (
            WHERE e.act = 'pass_on' AND e.details ? 'to_agency') AS forwarded_to,
        array_agg(e.actor_id ORDER BY e.seq) FILTER (
            WHERE e.actor_role = 'officer') AS officer_ids,
        array_agg(e.actor_name ORDER BY e.seq) FILTER (
            WHERE e.actor_role = 'officer') AS officer_names,
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
), filed AS (
    SELECT c.dossier_id,
        bool_or(file.agency_id IS NOT NULL OR <FROM_STORE> OR <BEFORE>) AS is_reused,
        bool_or(<FROM_STORE>) AS is_from_store
    FROM dossier_component AS c
    JOIN document AS file ON file.id = c.document_id AND <file.dossier_id>
    JOIN dossier AS own ON own.id = c.dossier_id AND <own.id>
    WHERE <c.dossier_id> AND c.added_at < CAST(:upto AS timestamptz)
    GROUP BY c.dossier_id
), displeased AS (
    SELECT complaint.dossier_id
    FROM petition AS complaint
    WHERE <complaint.dossier_id> AND complaint.kind = 'complaint'
        AND complaint.received_at < CAST(:upto AS timestamptz)
        AND NOT EXISTS (SELECT FROM petition_event AS e WHERE e.petition_id = complaint.id
            AND e.target IN ('refused', 'withdrawn')
            AND e.occurred_at < CAST(:upto AS timestamptz))
    UNION
    SELECT dossier_id
    FROM (
        SELECT DISTINCT ON (rating.dossier_id) rating.dossier_id, rating.score
        FROM rating
        WHERE <rating.dossier_id> AND rating.rated_at < CAST(:upto AS timestamptz)
        ORDER BY rating.dossier_id, rating.version DESC
    ) AS last_rating
    WHERE score <= {BAD}
), offered AS MATERIALIZED (
    SELECT id, (definition #>> '{{result,paper_required}}')::boolean AS is_paper,
        definition #>> '{{limit,unit}}' AS unit
    FROM procedure_version
    WHERE id IN (SELECT d.procedure_version_id FROM dossier AS d WHERE <d.id>)
), {OFFICES}, result AS (
    SELECT DISTINCT document.dossier_id
    FROM document
    WHERE <document.dossier_id> AND document.kind = 'result'
        AND document.uploaded_at < CAST(:upto AS timestamptz)
), online_payment AS (
    SELECT DISTINCT payment.dossier_id
    FROM payment
    WHERE <payment.dossier_id> AND payment.method = 'platform' AND payment.status = 'paid'
        AND payment.paid_at < CAST(:upto AS timestamptz)
), population AS (
    SELECT DISTINCT lookup.dossier_id
    FROM lookup
    WHERE <lookup.dossier_id> AND lookup.source = 'population'
        AND lookup.answered_at < CAST(:upto AS timestamptz)
), base AS (
    SELECT d.id AS dossier_id, d.code, coalesce(d.received_agency_id, d.agency_id) AS agency_id,
        told.moved_to, d.procedure_version_id, d.channel, d.received_on,
        told.answered_at, d.answer_due_at, told.accepted_at, told.ended_at, told.outcome,
        told.returned_at,
        CASE WHEN CAST(:upto AS timestamptz) = 'infinity' THEN d.due_at
            ELSE told.dues[cardinality(told.dues)] END AS due_at,
        coalesce(told.asked, '{{}}') AS asked, coalesce(told.supplied, '{{}}') AS supplied,
        coalesce(told.billed, '{{}}') AS billed, coalesce(told.settled, '{{}}') AS settled,
        coalesce(told.forwarded, '{{}}') AS forwarded, told.asked_within[2] AS asked_again_at,
        CASE WHEN told.forwarded IS NULL THEN '{{}}' ELSE ARRAY(
            SELECT passed.at FROM unnest(told.forwarded, told.forwarded_by, told.forwarded_to)
                WITH ORDINALITY AS passed (at, giver, taker, n)
            JOIN agency AS giver ON giver.id = passed.giver
            JOIN agency AS taker ON taker.code = passed.taker AND taker.level <> giver.level
            ORDER BY n) END AS crossed,
        told.officer_ids[cardinality(told.officer_ids)] AS officer_id,
        told.officer_names[cardinality(told.officer_names)] AS officer_name,
        coalesce(d.clock_agency_id, d.agency_id) AS clock_agency_id,
        coalesce(told.moved, '{{}}') AS moved,
        told.targets[cardinality(told.targets)] AS status,
        CASE WHEN sync.state = 'acknowledged' AND sync.acknowledged_at < CAST(:upto AS timestamptz)
            THEN 'acknowledged'
            WHEN sync.state IN ('blocked', 'dead') THEN sync.state
            WHEN sync.state IS NULL THEN 'absent' ELSE 'waiting' END AS sync_state,
        CASE WHEN sync.state IN ('blocked', 'dead') THEN sync.answer_code END AS sync_code,
        offered.is_paper, offered.unit,
        result.dossier_id IS NOT NULL AS has_result_file,
        d.fees <> '[]' AND EXISTS (SELECT FROM jsonb_array_elements(d.fees) AS fee
            WHERE (fee ->> 'amount_vnd')::bigint > 0) AS is_fee_due,
        online_payment.dossier_id IS NOT NULL AS is_paid_online,
        coalesce(paper.are_files, false) AS are_files, d.is_verified = 1 AS is_verified,
        population.dossier_id IS NOT NULL AS is_population_asked,
        coalesce(filed.is_reused, false) AS is_reused,
        coalesce(filed.is_from_store, false) AS is_from_store,
        displeased.dossier_id IS NOT NULL AS is_displeased,
        other_due.due_at AS other_due_at, other_due.dossier_id IS NOT NULL AS is_otherwise_due
    FROM dossier AS d
    JOIN offered ON offered.id = d.procedure_version_id
    JOIN told ON told.dossier_id = d.id
    LEFT JOIN delivery AS sync ON sync.partner = 'national_portal' AND sync.dossier_id = d.id
        AND sync.seq = 1 AND <sync.dossier_id>
    LEFT JOIN paper ON paper.dossier_id = d.id
    LEFT JOIN result ON result.dossier_id = d.id
    LEFT JOIN online_payment ON online_payment.dossier_id = d.id
    LEFT JOIN population ON population.dossier_id = d.id
    LEFT JOIN filed ON filed.dossier_id = d.id
    LEFT JOIN displeased ON displeased.dossier_id = d.id
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
        coalesce(date_trunc('minute', answered_at) > answer_due_at, false) AS answered_late,
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
        are_files AND (has_result_file OR NOT is_paper) AS is_digital, is_verified,
        is_population_asked,
        officer_id, officer_name, stood_at, {_SPENT} AS spent, is_reused, is_from_store,
        is_displeased, {READING}::smallint AS reading
    FROM judged AS b
    LEFT JOIN office AS w ON {is_of("b.clock_agency_id")}
)"""


# The days of moves rise, whatever clocks say: whose a day is is looked up in them.
_LISTED = ("asked", "supplied", "billed", "settled", "forwarded", "crossed", "moved")
_FROM_STORE = "coalesce(file.source = 'result_store', false)"
# The same content, which is kept once, in an earlier dossier of the same applicant: handed in there
# or given as its result.
_HAD_BEFORE = """EXISTS (
            SELECT FROM document AS before
            WHERE before.sha256 = file.sha256 AND before.dossier_id <> c.dossier_id AND (
                SELECT other.applicant_number = own.applicant_number AND coalesce(
                    (SELECT part.added_at FROM dossier_component AS part
                        WHERE part.dossier_id = other.id AND part.document_id = before.id),
                    other.resolved_at) < c.added_at
                FROM dossier AS other WHERE other.id = before.dossier_id))"""
_MOVED = "e.act = 'move' AND e.details ->> 'to_owner' <> e.details ->> 'from_owner'"


def _days(name: str) -> str:
    day = _day("at")
    if name == "moved":
        day = f"max({day}) OVER (ORDER BY n)"
    instants = f"SELECT {day} FROM unnest({name}) WITH ORDINALITY AS t (at, n) ORDER BY n"
    return f"CASE WHEN {name} = '{{}}' THEN '{{}}'::date[] ELSE ARRAY({instants}) END AS {name}_on"


_FACT_CTES = (
    _FACT_CTES.replace(
        "{days}",
        ", ".join(_days(name) for name in _LISTED),
    )
    .replace("<MOVED>", _MOVED)
    .replace("<BEFORE>", _HAD_BEFORE)
    .replace("<FROM_STORE>", _FROM_STORE)
)


def fact_ctes(which: str) -> str:
    """Return the CTEs after `other_due (dossier_id, due_at)`; the last one is `fact`.

    `which` is the condition on a dossier's id, `{id}` in it: said of each table, so that each is
    read by its index and joined by hash (`HASHED`). Bound: `upto`, `payment_stops` and what
    `WorkingTime` holds.
    """
    return re.sub(r"<([a-z_.]+)>", lambda found: which.format(id=found[1]), _FACT_CTES)


HASHED = "SET LOCAL enable_nestloop = {}"
"""Off while facts are read, on again afterwards: row security lets the planner expect a handful of
dossiers where there are thousands, and a loop over them would be gone through for each."""

FACT_COLUMNS = ", ".join(FACTS)
