"""The work queue as SQL: the open dossiers of one's agencies in the order of their clocks.

Each agency's open dossiers lie in that order in one partial index (`ix_dossier_queue`), so a page
reads a page's worth of each, whatever the province holds. Row security says once more whose they
are.
"""

from typing import Final

from app.domain.queue import Tab

PAGE: Final = """
SELECT dossier.* FROM unnest(acting_agencies()) AS agency CROSS JOIN LATERAL (
    SELECT id FROM dossier
    WHERE at_agency_id = agency AND queue_class IS NOT NULL AND {conditions}
    ORDER BY queue_class, queue_minutes, id LIMIT :wanted
) AS known JOIN dossier ON dossier.id = known.id
ORDER BY dossier.queue_class, dossier.queue_minutes, dossier.id LIMIT :wanted
"""

_PEOPLE = """
WITH people AS MATERIALIZED (
    SELECT CAST(:account AS text) AS account
    UNION SELECT from_account FROM delegation
    WHERE to_account = :account AND ended_at IS NULL AND :today BETWEEN first_on AND last_on
)"""
_MINE = """
    at_agency_id = ANY (acting_agencies()) AND queue_class IS NOT NULL AND (
        assigned_to = ANY (ARRAY(SELECT account FROM people))
        OR (claimed_by = ANY (ARRAY(SELECT account FROM people)) AND claimed_until > :now))"""

MINE_PAGE: Final = f"""{_PEOPLE}
SELECT * FROM dossier WHERE {_MINE} AND {{conditions}}
ORDER BY queue_class, queue_minutes, id LIMIT :wanted
"""

AFTER: Final = "(queue_class, queue_minutes, id) > (:after_class, :after_minutes, :after_id)"

_RESULT_RUNS = "queue_class = 0 AND status <> 'registered'"
_SOON = """queue_minutes < coalesce((CAST(:own_{name} AS integer[]))[array_position(
    CAST(:own AS bigint[]), coalesce(clock_agency_id, agency_id))], :{name})"""
_TURN = """(status = ANY (CAST(:turn_statuses AS text[])) OR (status = 'in_process'
    AND procedure_version_id * 1000 + step = ANY (CAST(:turn_steps AS bigint[]))))"""

CONDITIONS: Final = {
    Tab.MINE: "true",
    Tab.DESK: _TURN,
    Tab.AGENCY: "true",
    Tab.DUE_SOON: f"{_RESULT_RUNS} AND queue_minutes >= :minute AND "
    + _SOON.format(name="due_soon"),
    Tab.OVERDUE: f"{_RESULT_RUNS} AND queue_minutes < :minute",
    Tab.WAITING_SUPPLEMENT: "status = 'supplement_requested'",
    Tab.WAITING_PAYMENT: "status = 'payment_requested'",
    Tab.UNANSWERED: "queue_class = 0 AND status = 'registered' AND "
    + _SOON.format(name="answer_soon"),
}

COUNTS: Final = f"""{_PEOPLE}, open AS (
    SELECT own.* FROM unnest(acting_agencies()) AS agency CROSS JOIN LATERAL (
        SELECT status, procedure_version_id, step, queue_class, queue_minutes, agency_id,
            clock_agency_id
        FROM dossier WHERE at_agency_id = agency AND queue_class IS NOT NULL
    ) AS own LIMIT :most
)
SELECT status, procedure_version_id, step, count(*) AS open,
    count(*) FILTER (WHERE {CONDITIONS[Tab.DUE_SOON]}) AS due_soon,
    count(*) FILTER (WHERE {CONDITIONS[Tab.OVERDUE]}) AS overdue,
    count(*) FILTER (WHERE {CONDITIONS[Tab.UNANSWERED]}) AS unanswered, NULL AS opinions
FROM open GROUP BY status, procedure_version_id, step
UNION ALL
SELECT NULL, NULL, NULL, count(*), NULL, NULL, NULL, (
    SELECT count(*) FROM (
        SELECT FROM opinion WHERE agency_id = ANY (acting_agencies()) AND state = 'waiting'
            AND due_at >= :now LIMIT :most) AS asked)
FROM (SELECT FROM dossier WHERE {_MINE} LIMIT :most) AS mine
"""
