"""A published table played into a real database: complete, exact, restartable, by the rules."""

import threading
import time
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from app.domain.actor import Role
from app.domain.calendar import LOCAL_ZONE
from app.domain.figures import Intake
from app.domain.intake_table import TableRefused
from app.domain.lifecycle import Act, Status, take
from app.domain.periods import Period
from app.services.desk import Rules
from app.services.replay import Replay, ReplayChanged, ReplayRunning, Wishes, replaying
from tests.database import fresh_database
from tests.domain.past_samples import NOW, count, placed, plan
from tests.services.office import Office
from tests.services.replays import (
    MARCH,
    PUBLISHED,
    a_march,
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

CODES = ("H44.02", "H44.10", "H44.29")
MANY = a_march(5, 5, CODES)
"""690 dossiers in some eight batches."""

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


def test_a_run_that_was_broken_off_goes_on_where_it_was(owner: Engine) -> None:
    with fresh_database() as url, owner_of(url) as other:
        play(other, MANY)
        at_once = contents(other)

    with opened(owner, MANY) as replay:
        whole = replay.plan
        playing = replay.play()
        first = next(playing)
        playing.close()
    begun = marks(owner)
    assert 1 <= begun < len(whole)
    with opened(owner, MANY) as replay:
        assert (replay.already >= first, replay.is_played) == (True, False)
        rest = sum(replay.play())

    assert rest + replay.already == replay.total
    assert marks(owner) == len(whole)
    assert contents(owner) == at_once


def test_a_batch_whose_connection_breaks_is_not_there_at_all(owner: Engine) -> None:
    ends: list[Exception] = []
    with opened(owner, MANY) as replay:
        with owner.begin() as db:
            # The mark is the last row of a batch: nobody can write one now.
            db.execute(text("LOCK TABLE replay_batch IN SHARE MODE"))
            playing = threading.Thread(target=_play_to_the_end, args=(replay, ends))
            playing.start()
            _terminate_who_waits(owner, 2)
            playing.join()
        assert [type(end) for end in ends] == [psycopg.errors.AdminShutdown]
        for table in ("dossier", "dossier_event", "dossier_component", "delivery", "intake_day"):
            assert one(owner, f"SELECT count(*) FROM {table}") == 0

    assert play(owner, MANY) == replay.total
    assert books(owner, MARCH) == dict.fromkeys(CODES, Intake(115, 115))


def _play_to_the_end(replay: Replay, ends: list[Exception]) -> None:
    try:
        list(replay.play())
    except psycopg.Error as error:
        ends.append(error)


def _terminate_who_waits(owner: Engine, wanted: int) -> None:
    """Wait until so many sessions wait for a lock, and break their connections."""
    waiting = """
        SELECT array_agg(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'
    """
    while len(pids := one(owner, waiting) or []) < wanted:
        time.sleep(0.01)
    for pid in pids:
        one(owner, "SELECT pg_terminate_backend(:pid)", pid=pid)


def test_two_replays_of_one_run_are_one_after_the_other(owner: Engine) -> None:
    march = a_march()
    with opened(owner, march) as replay:
        with pytest.raises(ReplayRunning), opened(owner, march, patience_s=0.05):
            pass
        waiting = threading.Thread(target=play, args=(owner, march))
        waiting.start()
        assert sum(replay.play()) == replay.total
    waiting.join()

    assert one(owner, "SELECT count(*) FROM dossier") == replay.total


def test_two_runs_at_a_time_do_not_hinder_each_other(owner: Engine) -> None:
    with opened(owner, MANY) as one_run, opened(owner, MANY, seed=2) as other:
        plays = [
            threading.Thread(target=_play_to_the_end, args=(replay, []))
            for replay in (one_run, other)
        ]
        for playing in plays:
            playing.start()
        for playing in plays:
            playing.join()

    assert books(owner, MARCH) == dict.fromkeys(CODES, Intake(230, 230))
    assert one(owner, "SELECT count(DISTINCT code) FROM dossier") == 2 * one_run.total


def test_another_table_over_the_same_days_adds_to_what_is_there(owner: Engine) -> None:
    play(owner, a_march(3, 3))
    with opened(owner, a_march(1, 0)) as replay:
        [held] = replay.received().values()
        assert (held, replay.done) == (Intake(69, 69), {})
        list(replay.play())
        [held] = replay.received().values()

    assert held == Intake(92, 69)
    assert books(owner, MARCH) == {"H44.10": Intake(92, 69)}
    assert one(owner, "SELECT sum(last_number) FROM intake_day") == 161


def test_live_dossiers_and_replayed_ones_share_counters_and_keys(office: Office) -> None:
    office.clock.at = datetime(2021, 3, 3, 9, 0, tzinfo=LOCAL_ZONE)
    day = office.clock.at.date()
    before = office.take_in()
    play(office.owner, a_table({("H44.10", day): Intake(3, 3)}, [Period(day, day)]))
    after = office.submit()

    assert (before, after) == ("H44.10-210303-0001", "H44.10-210303-0008")
    assert books(office.owner, MARCH) == {"H44.10": Intake(4, 4)}
    assert office.dossier(after)["id"] == office.dossier("H44.10-210303-0007")["id"] + 1


def test_seed_and_share_make_other_runs_of_the_same_table(owner: Engine) -> None:
    march = a_march()
    runs = set()
    for share, seed, tell in (
        ("1", 1, False),
        ("1.0", 1, False),
        ("0.5", 1, False),
        ("1", 2, True),
    ):
        with opened(owner, march, share=share, seed=seed, tell=tell) as replay:
            runs.add(replay.run)

    assert len(runs) == 3


def test_a_share_too_small_for_any_dossier_plays_none(owner: Engine) -> None:
    with opened(owner, a_march(), share="0.001") as replay:
        assert (replay.total, list(replay.play())) == (0, [])


def test_a_run_begun_under_another_calendar_is_not_mixed_with_this_one(owner: Engine) -> None:
    with opened(owner, MANY) as replay:
        playing = replay.play()
        next(playing)
        playing.close()
    with owner.begin() as db:
        db.execute(
            text("INSERT INTO calendar_day VALUES ('2021-03-10', 'off', 'Nghỉ bão', 'Thông báo')")
        )

    with pytest.raises(ReplayChanged), opened(owner, MANY):
        pass


def test_a_run_goes_on_with_the_present_in_which_it_began(owner: Engine) -> None:
    """What was still open then does not live on because it is later now."""
    data = a_march(7, 7).replace(b"2021-03", b"2026-11")
    with fresh_database() as url, owner_of(url) as other:
        play(other, data, share="2", batch=60)
        at_once = contents(other)

    with opened(owner, data, share="2", batch=60) as replay:
        playing = replay.play()
        next(playing)
        playing.close()
    with replaying(
        owner, data, Wishes(Decimal(2)), rules=Rules(), now=NOW + timedelta(days=3), batch=60
    ) as replay:
        list(replay.play())

    assert contents(owner) == at_once
    assert one(owner, "SELECT count(*) FROM dossier WHERE ended_at IS NULL") > 50
    assert one(owner, "SELECT count(*) FROM dossier_event WHERE occurred_at > :now", now=NOW) == 0


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
