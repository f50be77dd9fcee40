"""A published table played into a real database: complete, exact, restartable, by the rules."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from app.domain.actor import Role
from app.domain.figures import Intake
from app.domain.intake_table import TableRefused
from app.domain.lifecycle import Act, Status, take
from app.domain.periods import Period
from tests.database import fresh_database
from tests.domain.past_samples import NOW, count, placed, plan
from tests.services.replays import (
    MARCH,
    PUBLISHED,
    a_table,
    books,
    contents,
    marks,
    one,
    opened,
    owner_of,
    play,
    rows,
)

HALF_YEAR = Period(date(2021, 1, 1), date(2021, 6, 30))
JUNE = Period(date(2021, 6, 1), date(2021, 6, 30))


@pytest.fixture(scope="module")
def played() -> Iterator[Engine]:
    """A database that holds one in a hundred of the published dossiers."""
    with fresh_database() as url, owner_of(url) as owner:
        assert play(owner, share="0.01") == 2599
        yield owner


@pytest.fixture
def owner(database: str) -> Iterator[Engine]:
    with owner_of(database) as owner:
        yield owner


def test_each_row_of_each_period_comes_out_of_the_dossiers(played: Engine) -> None:
    cells = placed(plan(PUBLISHED.read_text(encoding="utf-8"), share="0.01"))

    for period in (HALF_YEAR, JUNE):
        assert books(played, period) == count(cells, period)
    assert sum(row.received for row in books(played, HALF_YEAR).values()) == 2599


def test_every_history_obeys_the_lifecycle_table(played: Engine) -> None:
    seen = 0
    for dossier in contents(played):
        before: Status | None = None
        status: Status | None = None
        for n, event in enumerate(dossier["events"], 1):
            source = Status(event["source"]) if event["source"] else None
            assert event["seq"] == n
            assert source == (Status.DRAFT if event["act"] == "submit" else status)
            target = take(source, Act(event["act"]), Role(event["actor_role"]), before=before)
            assert target == event["target"]
            if target is Status.SUPPLEMENT_REQUESTED:
                before = source
            status = target
            seen += 1
        row = dossier["dossier"]
        assert (row["status"], row["version"]) == (status, len(dossier["events"]))
        for earlier, later in pairwise(dossier["events"]):
            assert datetime.fromisoformat(earlier["occurred_at"]) < datetime.fromisoformat(
                later["occurred_at"]
            )
    assert seen > 5 * 2599


def test_numbers_count_the_receipts_of_an_agencys_day_in_their_order(played: Engine) -> None:
    days = rows(
        played,
        """
        SELECT intake_day.*, agency.code AS agency,
            array_agg(dossier.code ORDER BY received_at, dossier.id) AS codes,
            count(*) FILTER (WHERE channel = 'online') AS by_online,
            count(*) FILTER (WHERE channel = 'post') AS by_post
        FROM intake_day JOIN agency ON agency.id = intake_day.agency_id
        JOIN dossier ON dossier.agency_id = agency.id AND received_on = day
        GROUP BY intake_day.agency_id, day, agency.code
        """,
    )

    assert sum(row["last_number"] for row in days) == 2599
    assert any(row["post"] for row in days)
    for row in days:
        wanted = [
            f"{row['agency']}-{row['day']:%y%m%d}-{n:04d}" for n in range(1, row["last_number"] + 1)
        ]
        assert row["codes"] == wanted
        assert (row["online"], row["post"]) == (row["by_online"], row["by_post"])


def test_all_of_it_is_marked_as_replayed_and_was_told_long_ago(played: Engine) -> None:
    assert one(played, "SELECT count(*) FROM dossier WHERE origin <> 'replay'") == 0
    assert one(played, "SELECT count(*) FROM dossier_component WHERE document_id IS NOT NULL") == 0
    untold = """
        SELECT count(*) FROM dossier_event AS e
        LEFT JOIN delivery AS l USING (dossier_id, seq)
        WHERE l.id IS NULL OR l.partner <> 'national_portal' OR l.kind <> 'dossier_event'
            OR l.state <> 'acknowledged' OR l.attempts <> 1 OR l.answer_code <> '0'
            OR l.acknowledged_at < e.occurred_at OR l.acknowledged_at > :now
    """
    assert one(played, untold, now=NOW) == 0
    assert one(played, "SELECT count(*) FROM delivery") == one(
        played, "SELECT count(*) FROM dossier_event"
    )


def test_the_same_again_changes_nothing(played: Engine) -> None:
    before = contents(played)

    with opened(played, share="0.01") as replay:
        assert replay.is_played
        assert list(replay.play()) == []

    assert contents(played) == before


def test_a_table_written_otherwise_is_the_same_run(played: Engine) -> None:
    text_ = "\ufeff" + PUBLISHED.read_text(encoding="utf-8").replace("\n", "\r\n")

    with opened(played, text_.encode(), share="0.01") as replay:
        assert replay.is_played


days_of_march = st.integers(0, 30).map(lambda n: MARCH.first + timedelta(days=n))


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.dictionaries(
        st.tuples(st.sampled_from(["H44.02", "H44.18", "H44.29"]), days_of_march),
        st.builds(Intake, st.integers(0, 4), st.integers(0, 4)),
        min_size=1,
        max_size=10,
    ),
    st.lists(
        st.tuples(days_of_march, days_of_march).map(sorted), min_size=1, max_size=4, unique_by=tuple
    ),
)
def test_whatever_was_published_over_any_periods_comes_out(
    owner: Engine, cells: dict[tuple[str, date], Intake], edges: list[list[date]]
) -> None:
    periods = [Period(first, last) for first, last in edges]
    with owner.begin() as db:
        db.execute(text("TRUNCATE dossier, intake_day, replay_batch CASCADE"))

    play(owner, a_table(cells, periods))

    for period in periods:
        wanted = count(cells, period).items()
        assert books(owner, period) == {code: row for code, row in wanted if row.received}


def test_a_table_that_contradicts_itself_writes_nothing(owner: Engine) -> None:
    june = (
        PUBLISHED.read_bytes()
        .replace(b"2021-06,province,total", b"2021-06,province,total")
        .replace("Sở Ngoại vụ,2,2,0,0.00".encode(), "Sở Ngoại vụ,3,3,0,0.00".encode())
    )

    with pytest.raises(TableRefused) as refused, opened(owner, june):
        pass

    assert [fault.line for fault in refused.value.faults] == [35]
    assert (marks(owner), one(owner, "SELECT count(*) FROM dossier")) == (0, 0)


def test_a_day_larger_than_a_batch_is_numbered_without_a_gap(owner: Engine) -> None:
    day = date(2021, 3, 3)
    play(owner, a_table({("H44.18", day): Intake(190, 260)}, [Period(day, day)]))

    assert books(owner, MARCH) == {"H44.18": Intake(190, 260)}
    assert marks(owner) == 5
    assert one(owner, "SELECT max(code) FROM dossier") == "H44.18-210303-0450"


def test_queries_know_at_once_how_much_there_is(played: Engine) -> None:
    for table in ("dossier", "dossier_component", "dossier_event", "delivery", "intake_day"):
        counted = one(played, f"SELECT count(*) FROM {table}")
        assert one(played, f"SELECT reltuples FROM pg_class WHERE relname = '{table}'") == counted
