"""The points that a dossier's facts are counted by: a measure, a day, an agency.

SQL composed of our own names, as in `figure_facts`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from app.domain.measures import MEASURES, SPENT


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


COUNTS = ", ".join(MEASURES)
KEY = "received_on, day, agency_id, procedure_version_id, channel"


def points_of(source: str, *, sign: str = "1", more: Sequence[str] = ()) -> str:
    """Return a SELECT of the points of the facts in `source`, added up, each count times `sign`.

    Its columns are `more` of a fact's, then `KEY` and `COUNTS`. Each kind of point is added up
    before they are put together: most of them count one thing of many. A day can come twice.
    """
    kinds = [_point(*point) for point in _POINTS] + [_move(*move) for move in _MOVES]
    return "\nUNION ALL ".join(_added_up_kind(source, kind, sign, more) for kind in kinds)


@dataclass(frozen=True, slots=True)
class _Kind:
    """What a kind of point is read from besides the fact, and what it says."""

    day: str
    agency: str
    counts: Mapping[str, str]
    where: str
    joined: str = ""


def _point(day: str, agency: str, counts: Mapping[str, str]) -> _Kind:
    if not day.startswith("unnest("):
        return _Kind(day, agency.format(day=day), counts, f"{day} IS NOT NULL")
    listed = day.removeprefix("unnest(").removesuffix(")")
    any_day = f"cardinality({listed}) > 0"  # most have none
    owner = agency.format(day="at.day")
    return _Kind("at.day", owner, counts, any_day, f"CROSS JOIN LATERAL {day} AS at (day)")


def _move(agency: str, counts: Mapping[str, str]) -> _Kind:
    """Return the points of moves, one for each of them; what has ended is in nobody's books."""
    where = "cardinality(moved_on) > 0 AND moved.day <= coalesce(ended_on, 'infinity')"
    joined = """CROSS JOIN LATERAL unnest(moved_on, owner_ids, owner_ids[2:])
        AS moved (day, giver, taker)"""
    return _Kind("moved.day", agency, counts, where, joined)


def _added_up_kind(source: str, kind: _Kind, sign: str, more: Sequence[str]) -> str:
    own = [f"f.{name}" for name in more]
    key = [*own, "f.received_on", kind.day, kind.agency, "f.procedure_version_id", "f.channel"]
    # Each column is of one type in all kinds: else they are converted once for each kind.
    sums = ", ".join(
        f"{sign} * (sum({kind.counts[name]}))::{_type(name)} AS {name}"
        if name in kind.counts
        else f"0::{_type(name)} AS {name}"
        for name in MEASURES
    )
    names = [*more, *KEY.split(", ")]
    listed = ", ".join(f"{said} AS {name}" for said, name in zip(key, names, strict=True))
    return f"""
    SELECT {listed}, {sums}
    FROM {source} AS f {kind.joined} WHERE {kind.where}
    GROUP BY {", ".join(key)}"""


def _type(name: str) -> str:
    return "bigint" if name == SPENT else "int"


def added_up(points: str, key: Iterable[str]) -> str:
    """Return a SELECT that adds up points by `key`, without rows in which nothing is counted."""
    listed = ", ".join(key)
    summed = ", ".join(f"sum({name})::{_type(name)} AS {name}" for name in MEASURES)
    anything = " OR ".join(f"sum({name}) <> 0" for name in MEASURES)
    return f"SELECT {listed}, {summed} FROM {points} GROUP BY {listed} HAVING {anything}"


def adding(table: str) -> str:
    """Return the ON CONFLICT part that adds counts to a row that is there."""
    raised = ", ".join(f"{name} = {table}.{name} + excluded.{name}" for name in MEASURES)
    return f"DO UPDATE SET {raised}"
