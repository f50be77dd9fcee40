"""The facts of petitions (figure 5.2), read from their history and kept in versions.

There are few petitions, so they are counted where they lie and have no sums.
"""

from app.db.figure_facts import LOCAL
from app.db.figures import PETITION_FACTS

_COLUMNS = ", ".join(PETITION_FACTS)
_NEW = ", ".join(f"fact.{name}" for name in PETITION_FACTS)
_OLD = ", ".join(f"old.{name}" for name in PETITION_FACTS)
_SET = ", ".join(f"{name} = excluded.{name}" for name in PETITION_FACTS)

# Refused or withdrawn, it is owed no answer; while its clock stands, it is not due.
_FACT = f"""
told AS (
    SELECT e.petition_id, max(e.seq) AS last_seq,
        min(e.occurred_at) FILTER (WHERE e.target = 'answered') AS answered_at
    FROM petition_event AS e
    WHERE {{which}} AND e.occurred_at < CAST(:upto AS timestamptz)
    GROUP BY e.petition_id
), read AS (
    SELECT p.id AS petition_id, p.code, p.agency_id, d.procedure_version_id, d.channel,
        (p.received_at {LOCAL})::date AS received_on, last.target AS status,
        CASE WHEN CAST(:upto AS timestamptz) = 'infinity' THEN p.due_at ELSE last.due_at END
            AS due_at, told.answered_at
    FROM told
    JOIN petition AS p ON p.id = told.petition_id
    JOIN petition_event AS last ON last.petition_id = p.id AND last.seq = told.last_seq
    LEFT JOIN dossier AS d ON d.id = p.dossier_id
), fact AS (
    SELECT petition_id, code, agency_id, procedure_version_id, channel, received_on, status, due_at,
        CASE WHEN status NOT IN ('refused', 'withdrawn') THEN (due_at {LOCAL})::date END AS due_on,
        (answered_at {LOCAL})::date AS answered_on,
        coalesce(date_trunc('minute', answered_at) <= due_at, false) AS is_in_time
    FROM read
)"""

FOLD_PETITIONS = f"""
WITH known AS MATERIALIZED (
    SELECT f.* FROM figure_petition AS f
    WHERE f.petition_id = ANY (:ids) AND f.until_on = '9999-12-31'
), {_FACT.format(which="e.petition_id = ANY (:ids)")}, changed AS MATERIALIZED (
    SELECT fact.*, greatest(CAST(:day AS date), old.recorded_on) AS recorded_on
    FROM fact LEFT JOIN known AS old ON old.petition_id = fact.petition_id
    WHERE ({_NEW}) IS DISTINCT FROM ({_OLD})
), ended AS (
    UPDATE figure_petition SET until_on = changed.recorded_on FROM changed
    WHERE figure_petition.petition_id = changed.petition_id
        AND figure_petition.until_on = '9999-12-31'
        AND figure_petition.recorded_on < changed.recorded_on
)
INSERT INTO figure_petition (petition_id, recorded_on, until_on, {_COLUMNS})
SELECT petition_id, recorded_on, '9999-12-31', {_COLUMNS} FROM changed
ON CONFLICT (petition_id, recorded_on) DO UPDATE SET {_SET}
"""

WRONG_PETITIONS = f"""
WITH {_FACT.format(which="true").replace(":upto", "'infinity'")}, old AS (
    SELECT * FROM figure_petition WHERE until_on = '9999-12-31'
)
SELECT coalesce(fact.code, old.code) AS petition,
    to_jsonb(fact) - 'petition_id' AS recounted,
    to_jsonb(old) - '{{petition_id,recorded_on,until_on}}'::text[] AS kept
FROM fact FULL JOIN old ON old.petition_id = fact.petition_id
WHERE ({_NEW}) IS DISTINCT FROM ({_OLD})
    AND NOT EXISTS (SELECT FROM figure_petition_mark AS mark
        WHERE mark.petition_id = coalesce(fact.petition_id, old.petition_id))
LIMIT :most
"""
"""Facts of petitions counted anew that are not the ones kept."""
