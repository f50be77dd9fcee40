"""How dossiers are found, as SQL: the newest side by side, or by words, never without bound.

The agencies of who acts are told at the start of the transaction; everything here looks through
those alone, and row security says the same once more. `{conditions}` are further conditions on
`dossier`. A walk tells its edge: older dossiers may not have been looked at.
"""

_NEWEST = """
    SELECT id, received_at, ({conditions}) AS is_wanted,
        row_number() OVER (ORDER BY received_at DESC, id DESC) AS place
    FROM dossier
    WHERE {branch} AND received_at >= :since AND (received_at, id) < (:before_at, :before_id)
    ORDER BY received_at DESC, id DESC LIMIT (SELECT each FROM asked)"""

OF_DESK = " UNION ALL ".join(
    f"""
    SELECT own.* FROM unnest(acting_agencies()) AS agency CROSS JOIN LATERAL (
        {_NEWEST.replace("{branch}", f"{column} = agency")}) AS own"""
    for column in ("agency_id", "at_agency_id")
)
OF_APPLICANT = " UNION ALL ".join(
    f"({_NEWEST.replace('{branch}', branch)})"
    for branch in (
        "submitter_id = acting_account()",
        "applicant_number = nullif(acting_number(), '')",
    )
)

LISTED = """
WITH asked AS MATERIALIZED (
    SELECT greatest(:wanted, :budget / greatest(1, 2 * cardinality(acting_agencies()))) AS each
), walked AS MATERIALIZED ({walked}
), edge AS (
    SELECT received_at, id FROM walked WHERE place = (SELECT each FROM asked)
    ORDER BY received_at DESC, id DESC LIMIT 1
)
SELECT edge.received_at AS edge_at, edge.id AS edge_id, found.*
FROM (SELECT) AS always
LEFT JOIN edge ON true
LEFT JOIN LATERAL (
    SELECT dossier.* FROM (
        SELECT DISTINCT id, received_at FROM walked
        WHERE is_wanted AND (received_at, id) >= (
            coalesce(edge.received_at, '-infinity'), coalesce(edge.id, 0))
        ORDER BY received_at DESC, id DESC LIMIT :wanted
    ) AS known JOIN dossier ON dossier.id = known.id
) AS found ON true
ORDER BY found.received_at DESC, found.id DESC
"""

HAS_WORDS = """EXISTS (
    SELECT FROM dossier_search AS known
    WHERE known.agency_id = dossier.agency_id AND known.received_at = dossier.received_at
        AND known.dossier_id = dossier.id
        AND known.words @@ CAST(replace(:whole, '@', dossier.agency_id || ':') AS tsquery))"""

WORDS = """
WITH asked AS MATERIALIZED (
    SELECT agency, CAST(replace(:whole, '@', agency || ':') AS tsquery) AS whole,
        CAST(replace(:narrow, '@', agency || ':') AS tsquery) AS narrow,
        CAST(replace(:begun, '@', agency || ':') AS tsquery) AS begun,
        greatest(:wanted, :budget / greatest(1, cardinality(acting_agencies()))) AS each
    FROM unnest(acting_agencies()) AS agency
), walked AS MATERIALIZED (
    SELECT newest.dossier_id AS id, newest.received_at, newest.place = asked.each AS is_last,
        newest.words @@ asked.whole AS has_whole, newest.words @@ asked.narrow AS has_narrow,
        newest.words @@ asked.begun AS has_begun
    FROM asked CROSS JOIN LATERAL (
        SELECT dossier_id, received_at, words,
            row_number() OVER (ORDER BY received_at DESC, dossier_id DESC) AS place
        FROM dossier_search
        WHERE agency_id = asked.agency AND received_at >= :since
            AND (received_at, dossier_id) < (:before_at, :before_id)
        ORDER BY received_at DESC, dossier_id DESC LIMIT asked.each
    ) AS newest
), edge AS (
    SELECT received_at, id FROM walked WHERE is_last ORDER BY received_at DESC, id DESC LIMIT 1
), told AS (
    SELECT count(*) FILTER (WHERE has_whole) AS whole, count(*) FILTER (WHERE has_narrow) AS narrow,
        count(*) FILTER (WHERE has_begun) AS begun
    FROM walked
)
SELECT edge.received_at AS edge_at, edge.id AS edge_id, told.whole, told.narrow, told.begun, found.*
FROM told
LEFT JOIN edge ON true
LEFT JOIN LATERAL (
    SELECT dossier.*
    FROM (SELECT DISTINCT id, received_at FROM walked WHERE has_whole) AS known
    JOIN dossier ON dossier.id = known.id
    WHERE (known.received_at, known.id) >= (coalesce(edge.received_at, '-infinity'),
        coalesce(edge.id, 0)) AND {conditions}
    ORDER BY known.received_at DESC, known.id DESC LIMIT :wanted
) AS found ON true
ORDER BY found.received_at DESC, found.id DESC
"""

HITS = """
SELECT hit.received_at AS hit_at, hit.dossier_id AS hit_id, dossier.*
FROM search_hits(:whole, :among, CAST(:newest AS timestamptz), :since, :before_at,
    :before_id, :most) AS hit
LEFT JOIN dossier ON dossier.id = hit.dossier_id AND {conditions}
ORDER BY hit.received_at DESC, hit.dossier_id DESC
"""
