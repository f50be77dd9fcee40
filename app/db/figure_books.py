"""Keeping the books of figures: facts read anew become versions, their points become sums.

One statement takes the facts of some dossiers, writes those that differ from the version before
and adds the difference of their points to the journal and to the months. Whoever writes holds the
lock of the books until the end of the transaction.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from app.db import figure_rollups as rollups
from app.db.figure_facts import FACT_COLUMNS, fact_ctes
from app.db.figure_points import COUNTS, KEY, added_up, adding, points_of
from app.db.figures import FACTS
from app.domain.measures import MEASURES
from app.domain.working_time import WorkingTime

LOCK = """
SELECT pg_advisory_xact_lock(760000003), set_config('plan_cache_mode', 'force_custom_plan', true)
"""
"""Any number that nothing else locks: who writes the books does so alone. How many dossiers are
read decides on the plan, so none is kept."""

MARKS_OF_A_BATCH = 1000

_NEW = ", ".join(f"fact.{name}" for name in FACTS)
_OLD = ", ".join(f"old.{name}" for name in FACTS)
_SET = ", ".join(f"{name} = excluded.{name}" for name in FACTS)
_ENTRY_KEY = "recorded_on, received_on, day, agency_id, procedure_version_id, channel"
_WITH_DAY = (
    f"({points_of('changed', more=['recorded_on'])}"
    f" UNION ALL {points_of('replaced', sign='-1', more=['recorded_on'])}) AS points"
)
_MONTH = (
    "date_trunc('month', received_on)::date",
    "date_trunc('month', day)::date",
    "agency_id",
    "procedure_version_id",
    "channel",
)

FOLD = f"""
WITH known AS MATERIALIZED (
    SELECT f.* FROM figure_fact AS f
    WHERE f.dossier_id = ANY (:ids) AND f.until_on = '9999-12-31'
), other_due AS (
    SELECT * FROM unnest(CAST(:other_ids AS bigint[]), CAST(:other_dues AS timestamptz[]))
        AS o (dossier_id, due_at)
), {fact_ctes("{id} = ANY (:ids)")}, changed AS MATERIALIZED (
    SELECT fact.*, greatest(CAST(:day AS date), old.recorded_on) AS recorded_on
    FROM fact LEFT JOIN known AS old ON old.dossier_id = fact.dossier_id
    WHERE ({_NEW}) IS DISTINCT FROM ({_OLD})
), replaced AS MATERIALIZED (
    SELECT {", ".join(f"known.{name}" for name in ("dossier_id", *FACTS))}, changed.recorded_on
    FROM known JOIN changed ON changed.dossier_id = known.dossier_id
), ended AS (
    UPDATE figure_fact SET until_on = changed.recorded_on FROM changed
    WHERE figure_fact.dossier_id = changed.dossier_id AND figure_fact.until_on = '9999-12-31'
        AND figure_fact.recorded_on < changed.recorded_on
        AND figure_fact.dossier_id = ANY (:ids)
), written AS (
    INSERT INTO figure_fact (dossier_id, recorded_on, until_on, {FACT_COLUMNS})
    SELECT dossier_id, recorded_on, '9999-12-31', {FACT_COLUMNS} FROM changed
    ON CONFLICT (dossier_id, recorded_on) DO UPDATE SET {_SET}
), delta AS MATERIALIZED (
    {added_up(_WITH_DAY, _ENTRY_KEY.split(", "))}
), entered AS (
    INSERT INTO figure_entry ({_ENTRY_KEY}, {COUNTS})
    SELECT {_ENTRY_KEY}, {COUNTS} FROM delta ORDER BY {_ENTRY_KEY}
    ON CONFLICT ({_ENTRY_KEY}) {adding("figure_entry")}
), of_months AS (
    INSERT INTO figure_month (received_month, month, agency_id, procedure_version_id, channel,
        {COUNTS})
    {added_up("delta", _MONTH)}
    ON CONFLICT (received_month, month, agency_id, procedure_version_id, channel)
    {adding("figure_month")}
), rolled AS ({rollups.ADD_UP.format(rolled_up=rollups.rolled_up("delta"))})
SELECT count(*) FROM changed
"""

BULK_FOLD = re.sub(r"(?<!:):(\w+)", r"%(\1)s", FOLD.replace("%", "%%"))
"""The same statement as the driver itself takes it."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Which dossiers are read: as known before `upto`, recorded on `day`.

    `working` covers the time in which those that ended were handled (`HANDLED`). `upto` is
    `infinity` for what is known now. `other_dues` are due instants that figure 2.1 counts otherwise
    than the clock does, by dossier.
    """

    ids: Sequence[int]
    day: date
    working: WorkingTime
    upto: datetime | str = "infinity"
    payment_stops: bool = True
    other_dues: Mapping[int, datetime | None] = field(default_factory=dict)

    @property
    def values(self) -> dict[str, object]:
        return {
            "ids": list(self.ids),
            "day": self.day,
            "upto": str(self.upto),
            "payment_stops": self.payment_stops,
            "other_ids": list(self.other_dues),
            "other_dues": list(self.other_dues.values()),
            **self.working.columns,
        }


HANDLED = """
SELECT min(accepted_at) AS since, max(ended_at) AS until FROM dossier
WHERE {which} AND ended_at IS NOT NULL
"""
"""In which time those that ended were handled: what `WorkingTime` has to cover."""


def _recounted(which: str) -> str:
    return f"""
WITH other_due AS (
    SELECT * FROM unnest(CAST(:other_ids AS bigint[]), CAST(:other_dues AS timestamptz[]))
        AS o (dossier_id, due_at)
), {fact_ctes(which)}, known AS (
    SELECT f.* FROM figure_fact AS f
    WHERE {which.format(id="f.dossier_id")} AND f.until_on = '9999-12-31'
)"""


WRONG_FACTS = f"""
{_recounted("{id} > :after AND {id} <= :last")}
SELECT coalesce(fact.dossier_id, old.dossier_id) AS dossier_id
FROM fact FULL JOIN known AS old ON old.dossier_id = fact.dossier_id
WHERE ({_NEW}) IS DISTINCT FROM ({_OLD})
    AND NOT EXISTS (SELECT FROM figure_mark
        WHERE figure_mark.dossier_id = coalesce(fact.dossier_id, old.dossier_id))
LIMIT :most
"""
"""Dossiers of a stretch, but for those with a mark, whose facts counted anew are not those kept."""

BOTH_FACTS = f"""
{_recounted("{id} = ANY (:ids)")}
SELECT coalesce(fact.code, old.code) AS code,
    to_jsonb(fact) - 'dossier_id' AS recounted,
    to_jsonb(old) - '{{dossier_id,recorded_on,until_on}}'::text[] AS kept
FROM fact FULL JOIN known AS old ON old.dossier_id = fact.dossier_id
ORDER BY coalesce(fact.dossier_id, old.dossier_id)
"""
"""Facts of some dossiers as counted anew and as kept. To put all of them into words while looking
for those that differ would take half as long again."""

_CURRENT = "(SELECT * FROM figure_fact WHERE until_on = '9999-12-31')"
_MONTH_KEY = "received_month, month, agency_id, procedure_version_id, channel"
_MONTHLY = ", ".join(
    f"{expression} AS {name}"
    for expression, name in zip(_MONTH, _MONTH_KEY.split(", "), strict=True)
)
_LESS = ", ".join(f"-{name} AS {name}" for name in MEASURES)
_MISSING = ", ".join(f"'{name}', nullif({name}, 0)" for name in MEASURES)


def _unequal(key: str, counted: str, kept: str) -> str:
    """Return the query of keys under which less or more is kept than is counted."""
    both = f"({counted} UNION ALL SELECT {key}, {_LESS} FROM {kept}) AS both_sides"
    return f"""
SELECT {key}, jsonb_strip_nulls(jsonb_build_object({_MISSING})) AS missing
FROM ({added_up(both, key.split(", "))}) AS unequal LIMIT :most
"""


WRONG_SUMS = _unequal(KEY, points_of(_CURRENT), "figure_entry")
"""Days whose sums are not those of the facts."""

WRONG_MONTHS = _unequal(
    _MONTH_KEY, f"SELECT {_MONTHLY}, {COUNTS} FROM figure_entry", "figure_month"
)
"""Months whose sums are not those of their days."""

WRONG_ROLLUPS = _unequal(rollups.KEY, rollups.COUNTED, "figure_rollup")
"""Rolled up sums that are not those of the next finer ones."""

WRONG_DAYS = """
WITH b AS (
    SELECT agency_id, received_on AS day, sum(received) AS received,
        coalesce(sum(received) FILTER (WHERE channel = 'online'), 0) AS online
    FROM figure_entry GROUP BY agency_id, received_on
)
SELECT day, agency_id, coalesce(a.last_number, 0) AS numbered, coalesce(b.received, 0) AS summed
FROM intake_day AS a FULL JOIN b USING (agency_id, day)
WHERE (coalesce(a.last_number, 0) <> coalesce(b.received, 0)
    OR coalesce(a.online, 0) <> coalesce(b.online, 0))
    AND NOT EXISTS (SELECT FROM figure_mark JOIN dossier ON dossier.id = figure_mark.dossier_id
        WHERE dossier.received_on = day)
LIMIT :most
"""
"""Days on which other dossiers were numbered than are counted as received."""

WRONG_OWNERS = """
SELECT f.code AS dossier, owner.code AS kept, known.code AS recounted
FROM figure_fact AS f JOIN dossier AS d ON d.id = f.dossier_id
JOIN agency AS owner ON owner.id = f.owner_ids[cardinality(f.owner_ids)]
JOIN agency AS known ON known.id = d.agency_id
WHERE f.until_on = '9999-12-31' AND owner.id <> known.id
    AND NOT EXISTS (SELECT FROM figure_mark WHERE figure_mark.dossier_id = d.id)
LIMIT :most
"""
"""Dossiers that lie elsewhere than the moves in their history say."""
