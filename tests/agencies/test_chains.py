"""Whatever follows whatever: every open dossier is at one agency that exists, no total changes."""

from collections import Counter
from datetime import date, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.db.access import acting
from app.domain.actor import SYSTEM
from app.domain.calendar import LOCAL_ZONE
from app.domain.periods import Period
from app.domain.reorganisation import EVERYTHING, Succession, Successions
from app.domain.reorganisation_faults import AgencyChangeFaulty
from app.services import figures, recounting
from tests.agencies.ministry import Ministry, at, change, commune, merge

FIRST = date(2026, 10, 12)
AGENCIES = [f"H44.{n}" for n in (28, 29, 30, 31)]
PROCEDURES = ["1.004873", "1.001193"]
ALL_OF_IT = Period(date(2026, 1, 1), date(2026, 12, 31))

KINDS = st.sampled_from(["merge", "rename", "code", "split", "abolish"])
STEPS = st.lists(
    st.tuples(KINDS, st.integers(0, 9), st.integers(0, 9), st.booleans()), min_size=1, max_size=6
)


def _made(ministry: Ministry, step: tuple[str, int, int, bool], n: int, living: list[str]) -> Any:  # noqa: ANN401
    """Return a change of day `n`; it may be one that is refused."""
    kind, which, other, is_new = step
    agency, into = living[which % len(living)], living[other % len(living)]
    created = []
    if is_new or kind == "code":
        into = f"H44.{60 + n}"
        created = [commune(into, f"UBND xã {n}")]
    documents: dict[str, dict[str, Any]] = {
        "merge": merge(
            agency, *(a for a in living[: which % 3] if a not in {into, agency}), into=into
        ),
        "rename": {"kind": "rename", "agency": agency, "name": f"Tên ngày {n}"},
        "code": {"kind": "rename", "agency": agency, "into": into},
        "split": {
            "kind": "split",
            "agency": agency,
            "into": into,
            "procedures": {PROCEDURES[which % 2]: living[(other + 1) % len(living)]},
            "dossiers": {
                code: living[(other + 2) % len(living)]
                for code in _open_at(ministry, agency)[: which % 3]
            },
        },
        "abolish": {"kind": "abolish", "agency": agency, "into": into},
    }
    return change(str(FIRST + timedelta(days=n)), documents[kind], created=created)


def _open_at(ministry: Ministry, agency: str) -> list[str]:
    return sorted(c for c, (owner, _) in ministry.places().items() if owner == agency)


def _check(ministry: Ministry, kept: dict[str, Any], totals: Counter[str], day: date) -> None:
    lost = ministry.rows(
        """
        SELECT dossier.code FROM dossier
        JOIN agency AS owner ON owner.id = agency_id
        JOIN agency AS holder ON holder.id = at_agency_id
        WHERE NOT (:day BETWEEN owner.valid_from AND coalesce(owner.valid_to, :day)
            AND :day BETWEEN holder.valid_from AND coalesce(holder.valid_to, :day))
        """,
        day=day,
    )
    assert lost == []
    assert ministry.kept() == kept
    with acting(ministry.desk.engine, SYSTEM) as tx:
        received = figures.received(tx, ALL_OF_IT)
        assert figures.recount(tx, ALL_OF_IT) == received
    assert Counter({code: intake.received for code, intake in received.items()}) == totals


@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=STEPS)
def test_after_any_chain_each_open_dossier_is_at_one_agency_that_exists(
    ministry: Ministry, steps: list[tuple[str, int, int, bool]]
) -> None:
    ministry.empty()
    totals: Counter[str] = Counter()
    for agency in AGENCIES:
        for procedure in PROCEDURES:
            ministry.take_in(at("2026-10-05T08:30"), procedure, agency=agency)
            totals[agency] += 1
    for code, (owner, _) in list(ministry.places().items())[::2]:  # in hand elsewhere
        ministry.start(code, at("2026-10-05T09:00"))
        others = [agency for agency in AGENCIES if agency != owner]
        ministry.hand_to(code, others[int(owner[-1]) % 3], at("2026-10-05T09:00"))
    kept, moves, living = ministry.kept(), 0, list(AGENCIES)
    for n, step in enumerate(steps):
        now = datetime.combine(FIRST + timedelta(days=n), datetime.min.time(), LOCAL_ZONE)
        made = _made(ministry, step, n, living)
        try:
            ministry.enter_change(made, now - timedelta(hours=1))
        except AgencyChangeFaulty:
            continue
        moves += ministry.work(now, limit=3)
        living = [agency for agency in living if agency not in made.ended]
        living += [created.code for created in made.created]
        _check(ministry, kept, totals, now.date())
    events = ministry.one("SELECT count(*) AS n FROM dossier_event WHERE act = 'move'")
    assert events == {"n": moves}
    assert recounting.verify(ministry.desk, now=at("2026-10-31T08:00")).differences == []


ROWS = st.lists(
    st.tuples(st.integers(0, 7), st.integers(1, 4), st.booleans(), st.integers(1, 9)), max_size=12
)


@given(rows=ROWS, start=st.integers(0, 11), day=st.integers(0, 10))
def test_who_goes_on_is_who_following_each_step_leads_to(
    rows: list[tuple[int, int, bool, int]], start: int, day: int
) -> None:
    """Successors have higher numbers, as an agency that ended never comes back."""
    known: dict[tuple[str, str], Succession] = {}
    for agency, further, is_special, since in rows:
        for procedure in (EVERYTHING, "P") if is_special else (EVERYTHING,):
            successor = str(agency + further + (procedure == "P"))
            made = Succession(str(agency), procedure, successor, date(2026, 1, since))
            known.setdefault((str(agency), procedure), made)
    on = date(2026, 1, 1) + timedelta(days=day - 1)

    def follow(agency: str, procedure: str) -> str:
        usual = known.get((agency, EVERYTHING))
        found = known.get((agency, procedure), usual) if usual else None
        return agency if found is None or found.from_on > on else follow(found.successor, procedure)

    successions = Successions(known.values())
    for procedure in ("P", "Q"):
        assert successions.now_with(str(start), procedure, on) == follow(str(start), procedure)
