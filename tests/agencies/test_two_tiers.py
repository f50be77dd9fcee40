"""On 2025-07-01 the sample's three tiers become two, and no dossier, clock or figure is lost.

Districts end: what they resolved goes by procedure to departments of the province or to new
communes; the communes that there were are merged into those.
"""

from collections import Counter
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

import pytest

from app.db.access import acting
from app.domain.actor import SYSTEM
from app.domain.calendar import LOCAL_ZONE
from app.domain.figures import Intake
from app.domain.lifecycle import Act
from app.domain.periods import Period
from app.domain.reorganisation import Reorganisation
from app.seeds import read_agencies
from app.services import catalogue, figures, recounting
from app.services.desk import Rules
from app.services.replay import Wishes, replaying
from tests.agencies.ministry import Ministry, at, change, commune, merge
from tests.domain.past_samples import published

DAY = at("2025-07-01T00:00")
DISTRICTS = [known.code for known in read_agencies() if known.level == "district"]
TO_DEPARTMENTS = {"2.000806": "H44.10", "1.004873": "H44.10"}
"""What communes do not resolve afterwards goes to the justice department."""

BY_DISTRICTS = ("1.004873", "1.001193")
BY_PROVINCE = ("2.000488", "H44.10")
COMMUNES_OF_OLD = {f"{district}.{n:02d}": n for district in DISTRICTS[:3] for n in (1, 2)}
PERIODS = (
    ("2025-05-01", "2025-05-31"),
    ("2025-06-01", "2025-06-30"),
    ("2025-01-01", "2025-06-30"),
    ("2025-06-15", "2025-07-15"),
    ("2025-07-01", "2025-07-31"),
)


def new_commune(district: str) -> str:
    return f"H44.{int(district[4:]) + 41}"


def three_tiers() -> Reorganisation:
    """Establish communes below three districts, which the sample does not have."""
    return change(
        "2025-01-02",
        created=[commune(code, f"UBND xã {code}", "old") for code in COMMUNES_OF_OLD],
        groups=[{"code": "old", "name": "UBND các xã cũ"}],
    )


def two_tiers() -> Reorganisation:
    created = [
        commune(new_commune(district), f"UBND xã mới {n}", "commune")
        for n, district in enumerate(DISTRICTS, 1)
    ]
    splits = [
        {
            "kind": "split",
            "agency": district,
            "into": new_commune(district),
            "procedures": TO_DEPARTMENTS,
        }
        for district in DISTRICTS
    ]
    merges = [
        merge(*(c for c in COMMUNES_OF_OLD if c.startswith(district)), into=new_commune(district))
        for district in DISTRICTS[:3]
    ]
    groups = [{"code": "commune", "name": "UBND các xã, phường"}]
    return change("2025-07-01", *splits, *merges, created=created, groups=groups)


def hand_in(ministry: Ministry, count: int, first: datetime, draw: Random) -> list[str]:
    """Bring dossiers in over some weeks, and each some way through its life."""
    codes = []
    for n in range(count):
        now = first + timedelta(hours=n)
        procedure = draw.choice(BY_DISTRICTS)
        if draw.random() < 0.2:
            code = ministry.take_in(now, *BY_PROVINCE)
        else:
            code = ministry.take_in(now, procedure, agency=draw.choice(DISTRICTS))
        codes.append(code)
        fate = draw.randrange(8)
        if fate:
            ministry.start(code, now)
        if fate == 1:
            ministry.ask_supplement(code, now)
        elif fate == 2:
            ministry.hand_to(code, "H44.12", now)
        elif fate > 4:
            ministry.resolve(code, now)
    return codes


def replay(ministry: Ministry) -> None:
    """Play a few hundred dossiers of May and June, as far as they came by the end of June."""
    months = [
        Period(date(2025, month, 1), date(2025, month, last)) for month, last in ((5, 31), (6, 30))
    ]
    days = [month.first + timedelta(days=n) for month in months for n in range(30)]
    cells = {
        (agency, day): Intake(1, 1)
        for agency in (*DISTRICTS, "H44.10")
        for day in days
        if day.weekday() in {0, 3}
    }
    table, now = published(cells, months).encode(), at("2025-06-30T18:00")
    with replaying(ministry.owner, table, Wishes(), rules=Rules(), now=now) as played:
        assert sum(played.play()) == 2 * len(cells)


@pytest.fixture
def province(ministry: Ministry) -> Ministry:
    """Return the province with three tiers, and with a few hundred dossiers of 2025."""
    ministry.enter_change(three_tiers(), at("2025-01-01T08:00"))
    ministry.work(at("2025-01-02T00:00"))
    replay(ministry)
    draw = Random(20250701)
    hand_in(ministry, 20, at("2025-05-05T08:00"), draw)
    hand_in(ministry, 40, at("2025-06-28T08:00"), draw)
    # What communes had in hand: passed on to them by their districts.
    running = [
        (code, owner)
        for code, (owner, holder) in sorted(ministry.places().items())
        if owner == holder and owner in DISTRICTS[:3]
        if ministry.dossier(code)["status"] == "in_process"
    ]
    for code, owner in running[:6]:
        ministry.hand_to(code, f"{owner}.01", at("2025-06-30T18:30"))
    return ministry


def totals(ministry: Ministry) -> dict[str, Any]:
    """Return every total of the figures, whoever holds what."""
    found: dict[str, Any] = {}
    for first, last in PERIODS:
        period = Period(*(datetime.fromisoformat(day).date() for day in (first, last)))
        with acting(ministry.desk.engine, SYSTEM) as tx:
            received = figures.received(tx, period)
            assert figures.recount(tx, period) == received
        found[f"{first} {last}"] = received
    return found


def test_every_dossier_code_clock_and_total_is_kept(province: Ministry) -> None:
    kept, before, figures_before = province.kept(), province.places(), totals(province)
    annexes = {period: province.annex(*period) for period in PERIODS[:3]}
    versions = {code: province.dossier(code)["version"] for code in kept}
    province.enter_change(two_tiers(), at("2025-06-20T08:00"))

    moved = province.work(DAY, limit=50)

    assert province.kept() == kept
    assert len(kept) > 500
    assert totals(province) == figures_before
    assert {period: province.annex(*period) for period in PERIODS[:3]} == annexes
    _follow_the_rules(province, before, versions, moved)
    assert recounting.verify(province.desk, now=DAY + timedelta(hours=8)).differences == []
    draw = Random(7)
    for _ in range(10):
        agency = new_commune(draw.choice(DISTRICTS))
        province.take_in(DAY + timedelta(hours=8), "1.001193", agency=agency)
    assert totals(province).items() >= dict(list(figures_before.items())[:3]).items()
    assert {period: province.annex(*period) for period in PERIODS[:3]} == annexes
    for name, found in totals(province).items():
        total = sum(intake.received for intake in found.values())
        grown = 10 if "07-" in name.split()[1] else 0
        was = sum(intake.received for intake in figures_before[name].values())
        assert total == was + grown


def _follow_the_rules(
    province: Ministry,
    before: dict[str, tuple[str, str]],
    versions: dict[str, int],
    moved: int,
) -> None:
    ended = {*DISTRICTS, *COMMUNES_OF_OLD}
    counted: Counter[str] = Counter()
    for code, (owner, holder) in province.places().items():
        row = province.dossier(code)
        was = before[code]
        if row["queue_class"] is None or not ended & set(was):
            assert (owner, holder) == was
            assert row["version"] == versions[code]
            continue
        assert not ended & {owner, holder}
        counted["moved"] += 1
        assert row["version"] == versions[code] + 1
        event = province.events(code)[-1]
        assert (event["act"], event["due_at"]) == (Act.MOVE, row["due_at"])
        procedure = _procedure(province, code)
        expected = TO_DEPARTMENTS.get(procedure, new_commune(was[0][:6]))
        assert owner == (expected if was[0] in ended else was[0])
        counted["department" if owner == "H44.10" else "commune"] += was[0] in ended
        counted["from commune"] += was[1] in COMMUNES_OF_OLD
    assert moved == counted["moved"]
    assert min(counted["department"], counted["commune"], counted["from commune"]) >= 1


def _procedure(province: Ministry, code: str) -> str:
    found = province.one(
        """
        SELECT procedure.code FROM dossier
        JOIN procedure_version ON procedure_version.id = procedure_version_id
        JOIN procedure ON procedure.id = procedure_id WHERE dossier.code = :code
        """,
        code=code,
    )
    return str(found["code"])


def test_on_the_day_itself_procedures_are_offered_by_who_goes_on_with_them(
    ministry: Ministry,
) -> None:
    ministry.enter_change(three_tiers(), at("2025-01-01T08:00"))
    ministry.enter_change(two_tiers(), at("2025-06-20T08:00"))
    district, successor = DISTRICTS[0], new_commune(DISTRICTS[0])

    def offered(agency: str, on: datetime) -> set[str]:
        found = catalogue.procedures_on(
            ministry.desk, on.astimezone(LOCAL_ZONE).date(), agency=agency, level=None
        )
        return {item.procedure.code for item, _ in found}

    before, after = DAY - timedelta(minutes=1), DAY
    had, at_justice = offered(district, before), offered("H44.10", before)
    assert offered(successor, before) == set()
    assert offered(district, after) == set()
    assert offered(successor, after) == had - set(TO_DEPARTMENTS)
    assert offered("H44.10", after) == at_justice | (had & set(TO_DEPARTMENTS))
    assert had & set(TO_DEPARTMENTS)
