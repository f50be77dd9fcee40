"""Runs of a replay: broken off, killed, side by side, over one another, and among live dossiers."""

import threading
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal

import psycopg
import pytest
from sqlalchemy import Engine, text

from app.domain.calendar import LOCAL_ZONE
from app.domain.figures import Intake
from app.domain.periods import Period
from app.services.desk import Rules
from app.services.replay import Replay, ReplayChanged, ReplayRunning, Wishes, replaying
from tests.database import fresh_database
from tests.domain.past_samples import NOW
from tests.services.office import Office
from tests.services.replays import (
    MARCH,
    a_march,
    a_table,
    books,
    contents,
    marks,
    one,
    opened,
    owner_of,
    play,
)

CODES = ("H44.02", "H44.10", "H44.29")
MANY = a_march(5, 5, CODES)
"""690 dossiers in some eight batches."""


@pytest.fixture
def owner(database: str) -> Iterator[Engine]:
    with owner_of(database) as owner:
        yield owner


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
            # The ledger is the last part of a batch: nobody can write it now.
            db.execute(text("LOCK TABLE delivery IN SHARE MODE"))
            playing = threading.Thread(target=_play_to_the_end, args=(replay, ends))
            playing.start()
            _terminate_who_waits(owner, 2)
            playing.join()
        assert [type(end) for end in ends] == [psycopg.errors.AdminShutdown]
        for table in (
            "dossier",
            "dossier_event",
            "dossier_component",
            "intake_day",
            "replay_batch",
        ):
            assert one(owner, f"SELECT count(*) FROM {table}") == 0

    assert play(owner, MANY) == replay.total
    assert books(owner, MARCH) == dict.fromkeys(CODES, Intake(115, 115))


def _play_to_the_end(replay: Replay, ends: list[Exception]) -> None:
    try:
        list(replay.play())
    except psycopg.Error as error:
        ends.append(error)


def _terminate_who_waits(owner: Engine, wanted: int) -> None:
    """Break the connections of so many sessions, once they wait for a lock."""
    for pid in _wait_for(owner, wanted):
        one(owner, "SELECT pg_terminate_backend(:pid)", pid=pid)


def _wait_for(owner: Engine, wanted: int) -> list[int]:
    """Wait until so many sessions wait for a lock, and say which they are."""
    waiting = """
        SELECT array_agg(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'
    """
    while len(pids := list(one(owner, waiting) or [])) < wanted:
        time.sleep(0.01)
    return pids


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


def test_who_comes_while_a_batch_is_still_being_committed_does_not_write_it_again(
    owner: Engine,
) -> None:
    """Its writer was killed, the server goes on: the mark is there, but cannot be seen yet."""
    mark = text("INSERT INTO replay_batch VALUES (:run, 0, :dossiers, :now)")
    with opened(owner, MANY) as replay:
        of_the_first = sum(part.dossiers for part in replay.plan[0])
        playing = threading.Thread(target=_play_to_the_end, args=(replay, []))
        with owner.begin() as db:
            db.execute(mark, {"run": replay.run, "dossiers": of_the_first, "now": NOW})
            playing.start()
            _wait_for(owner, 1)
        playing.join()

    assert marks(owner) == len(replay.plan)
    assert one(owner, "SELECT count(*) FROM dossier") == replay.total - of_the_first


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
