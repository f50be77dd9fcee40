"""The points that a dossier's facts are counted by: a measure, a day, an agency.

SQL composed of our own names, as in `figure_facts`.
"""

from collections.abc import Iterable, Mapping

from app.domain.measures import MEASURES


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
    "verified": "(is_verified OR is_population_asked)::int",
    "finished": "(spent IS NOT NULL)::int",
    "spent": "coalesce(spent, 0)",
    "reused": "is_reused::int",
    "from_store": "is_from_store::int",
    "displeased": "is_displeased::int",
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
        {
            "handled": "1",
            "handled_late": "(late_on IS NOT NULL)::int",
            "handled_displeased": "is_displeased::int",
        },
    ),
    ("late_on", "agency_id", {"late": "1"}),
    ("overdue_on", _OWN, {"overdue": "1"}),
    ("unnest(asked_on)", _OWN, {"waiting_supplement": "1"}),
    ("unnest(supplied_on)", _OWN, {"waiting_supplement": "-1"}),
    ("unnest(billed_on)", _OWN, {"waiting_payment": "1"}),
    ("unnest(settled_on)", _OWN, {"waiting_payment": "-1"}),
    ("unnest(forwarded_on)", _OWN, {"forwarded": "1"}),
    ("unnest(crossed_on)", _OWN, {"crossed": "1"}),
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
