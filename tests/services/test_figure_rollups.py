"""Sums of any question against adding up the journal row by row, whatever they are taken from."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from app.db.access import acting
from app.db.figure_sums import PLANNED_ANEW, Wanted, sums
from app.domain.actor import SYSTEM
from app.domain.measures import BALANCES, COHORT, FLOWS, MEASURES
from app.domain.periods import Period
from app.services import bookkeeping, recounting
from tests.services.office import Office

BEGIN, END = date(2023, 11, 20), date(2026, 3, 10)
DAYS = (END - BEGIN).days
KEYS = ("agency_id", "procedure_version_id", "channel")
ENDS = ("resolved_early", "resolved_on_time", "resolved_late", "refused", "withdrawn", "stopped")
THROUGH = "SELECT through FROM backfill WHERE name = 'figure_rollup'"
STANDING = ("overdue", "waiting_supplement", "waiting_payment")


@dataclass(frozen=True)
class Book:
    """A journal of random counts, and the keys that stand in it."""

    office: Office
    entries: list[dict[str, Any]]
    agencies: list[int]
    versions: list[int]


def _entries(draw: Random, agencies: list[int], versions: list[int]) -> list[dict[str, Any]]:
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for _ in range(400):
        received = BEGIN + timedelta(days=draw.randrange(DAYS))
        day = received + timedelta(days=draw.choice((0, 0, 1, 9, 40, 300)))
        key = {
            "recorded_on": day + timedelta(days=draw.choice((0, 0, 5, 60))),
            "received_on": received,
            "day": day,
            "agency_id": draw.choice(agencies),
            "procedure_version_id": draw.choice(versions),
            "channel": draw.choice(("online", "desk", "post")),
        }
        counted = COHORT if day == received else (*FLOWS, *BALANCES)
        counts = dict.fromkeys(MEASURES, 0)
        counts |= {name: draw.randint(-2, 9) for name in draw.sample(counted, 4)}
        found.setdefault(tuple(key.values()), {**key, **counts})
    return list(found.values())


@pytest.fixture(scope="module")
def book(shared_office: Office) -> Iterator[Book]:
    """Write a journal as a release before left it: months added up, nothing rolled up."""
    agencies = [
        row["id"] for row in shared_office.rows("SELECT id FROM agency ORDER BY id LIMIT 4")
    ]
    versions = [
        row["id"]
        for row in shared_office.rows("SELECT id FROM procedure_version ORDER BY id LIMIT 4")
    ]
    entries = _entries(Random(3), agencies, versions)
    names = ", ".join(entries[0])
    bound = ", ".join(f":{name}" for name in entries[0])
    added = ", ".join(f"sum({name})" for name in MEASURES)
    with shared_office.owner.begin() as db:
        db.execute(text("TRUNCATE dossier, intake_day, figure_closing CASCADE"))
        db.execute(text(f"INSERT INTO figure_entry ({names}) VALUES ({bound})"), entries)
        month = "date_trunc('month', {}::timestamp)::date"
        db.execute(
            text(f"""
                INSERT INTO figure_month (received_month, month, {", ".join(KEYS)},
                    {", ".join(MEASURES)})
                SELECT {month.format("received_on")}, {month.format("day")}, {", ".join(KEYS)},
                    {added} FROM figure_entry GROUP BY 1, 2, 3, 4, 5
            """)
        )
        db.execute(text("DELETE FROM backfill WHERE name = 'figure_rollup'"))
    yield Book(shared_office, entries, agencies, versions)
    shared_office.change("TRUNCATE dossier, intake_day, figure_closing CASCADE")


def _expected(book: Book, wanted: Wanted) -> dict[tuple[Any, ...], Counter[str]]:
    first, last = wanted.period.first, wanted.period.last
    until = min(wanted.until, last)
    found: dict[tuple[Any, ...], Counter[str]] = {}
    for entry in book.entries:
        is_known = wanted.as_of is None or entry["recorded_on"] <= wanted.as_of
        is_asked = (
            entry["agency_id"] in wanted.agencies
            and entry["procedure_version_id"] in (wanted.versions or book.versions)
            and wanted.channel in {None, entry["channel"]}
        )
        if not is_known or not is_asked or entry["day"] > until:
            continue
        counts = found.setdefault(tuple(entry[name] for name in wanted.by), Counter())
        is_of_cohort = first <= entry["received_on"] <= last
        is_flow = first <= entry["day"]
        if is_of_cohort:
            counts.update({name: entry[name] for name in COHORT})
        if wanted.of_receipt:
            continue
        if is_flow:
            counts.update({name: entry[name] for name in (*FLOWS, "moved_in", "moved_out")})
        counts.update({name: entry[name] for name in STANDING})
        held = entry["received"] + entry["moved_in"] - entry["moved_out"]
        held -= sum(entry[name] for name in ENDS)
        counts["open"] += held
        counts["opening"] += 0 if is_flow else held
        for name, of_receipt in (
            ("", "received"),
            ("_late", "late"),
            ("_displeased", "displeased"),
        ):
            counts[f"counted{name}"] += entry[of_receipt] * is_of_cohort
            is_from_before = entry["received_on"] < first and is_flow
            counts[f"counted{name}"] += entry[f"handled{name}"] * is_from_before
    return found


@st.composite
def questions(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a period, often of whole months or years, and what is asked of it."""
    first = BEGIN + timedelta(days=draw(st.integers(0, DAYS)))
    first = draw(st.sampled_from((first, first.replace(day=1), first.replace(month=1, day=1))))
    length = draw(st.sampled_from((0, 5, 27, 30, 58, 89, 364, 365, 730)) | st.integers(0, 900))
    last = first + timedelta(days=length)
    until = BEGIN + timedelta(days=draw(st.integers(0, DAYS + 400)))
    return {
        "period": Period(first, last),
        "until": draw(st.sampled_from((last, until))),
        "by": draw(st.sampled_from(((), ("channel",), *((key,) for key in KEYS[:2]), KEYS))),
        "as_of": draw(st.none() | st.integers(0, DAYS).map(lambda n: BEGIN + timedelta(days=n))),
        "is_of_some": draw(st.booleans()),
        "of_version": draw(st.booleans()),
        "channel": draw(st.sampled_from((None, None, "online"))),
        "of_receipt": draw(st.booleans()),
    }


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(questions())
def test_sums_are_those_of_the_journal(book: Book, asked: dict[str, Any]) -> None:
    bookkeeping.bring_up_to_date(book.office.desk, now=book.office.clock())
    agencies = book.agencies[:2] if asked.pop("is_of_some") else book.agencies
    versions = book.versions[1:3] if asked.pop("of_version") else None
    wanted = Wanted(agencies=agencies, versions=versions, **asked)
    wanted = replace(wanted, is_whole=len(agencies) == len(book.agencies))
    with acting(book.office.desk.engine, SYSTEM) as tx:
        tx.db.execute(PLANNED_ANEW)
        found = sums(tx, wanted)

    expected = _expected(book, wanted)
    for key in found.keys() | expected.keys():
        counted = {name: n for name, n in expected.get(key, Counter()).items() if n}
        assert found.get(key, {}) == counted, key


def test_books_of_an_older_release_are_rolled_up_year_by_year(book: Book) -> None:
    office = book.office
    office.change("DELETE FROM figure_rollup")
    office.change("DELETE FROM backfill WHERE name = 'figure_rollup'")
    seen = []
    while bookkeeping.fold(office.desk, now=office.clock()):
        seen.append(office.one(THROUGH)["through"])

    assert seen == [2023, 2024, 2025, 2026, 9999]
    told = {each["what"] for each in recounting.verify(office.desk, now=office.clock()).differences}
    assert not told & {"month", "rollup"}
