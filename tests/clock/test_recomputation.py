"""Deriving due instants anew: killed in the middle, by several workers, beside people who act."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from threading import Barrier

import pytest

from app.domain.calendar_book import CalendarChange
from app.services import recomputation
from tests.clock.bureau import Bureau, at, off

NOW = at("2026-10-06T08:00")
CLOSED = CalendarChange("Công điện", None, (off("2026-10-08"),))
ROOT = Path(__file__).resolve().parents[2]


def many(bureau: Bureau, count: int) -> list[str]:
    """Return dossiers that all come due on the day that will be off, or after it."""
    first = at("2026-10-05T10:00")
    return [bureau.take_in(first + timedelta(minutes=n % 60)) for n in range(count)]


def dues(bureau: Bureau) -> dict[str, datetime]:
    return {row["code"]: row["due_at"] for row in bureau.rows("SELECT code, due_at FROM dossier")}


def assert_each_moved_once(bureau: Bureau, before: dict[str, datetime]) -> None:
    assert dues(bureau) == {code: due + timedelta(days=1) for code, due in before.items()}
    assert bureau.moves() == {code: (due, due + timedelta(days=1)) for code, due in before.items()}
    assert len(bureau.rows("SELECT FROM due_move")) == len(before)


def test_a_batch_is_one_short_transaction_and_the_next_goes_on_after_it(bureau: Bureau) -> None:
    many(bureau, 5)
    before = dues(bureau)
    bureau.enter(CLOSED, NOW)

    done = []
    while found := recomputation.recompute_open(bureau.desk, now=NOW, limit=2):
        done.append((found, len(bureau.rows("SELECT FROM due_move"))))

    assert done == [(2, 2), (2, 4), (1, 5)]
    assert_each_moved_once(bureau, before)


def test_several_workers_derive_each_dossier_once(bureau: Bureau) -> None:
    many(bureau, 30)
    before = dues(bureau)
    bureau.enter(CLOSED, NOW)
    start = Barrier(4)

    def work(_n: int) -> int:
        start.wait()
        done = 0
        while found := recomputation.recompute_open(bureau.desk, now=NOW, limit=3):
            done += found
        return done

    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(work, range(4)))
    bureau.derive(NOW)  # what one had in hand while another looked

    assert sum(done) <= 30
    assert_each_moved_once(bureau, before)


def test_a_dossier_that_somebody_acts_on_is_left_for_the_next_batch(bureau: Bureau) -> None:
    [held, free] = many(bureau, 2)
    bureau.enter(CLOSED, NOW)
    with bureau.owner.begin() as db:
        db.exec_driver_sql(f"SELECT FROM dossier WHERE code = '{held}' FOR UPDATE")
        assert recomputation.recompute_open(bureau.desk, now=NOW) == 1
        assert recomputation.recompute_open(bureau.desk, now=NOW) == 0
    assert set(bureau.moves()) == {free}

    assert recomputation.recompute_open(bureau.desk, now=NOW) == 1
    assert set(bureau.moves()) == {free, held}


def test_a_change_entered_while_another_is_worked_off_wins(bureau: Bureau) -> None:
    many(bureau, 4)
    before = dues(bureau)
    bureau.enter(CLOSED, NOW)
    recomputation.recompute_open(bureau.desk, now=NOW, limit=2)
    bureau.enter(CalendarChange("Công điện 2", None, (off("2026-10-07"),)), NOW)

    bureau.derive(NOW, limit=3)

    # Thursday the 8th becomes Monday the 12th: two working days and a weekend later.
    assert dues(bureau) == {code: due + timedelta(days=4) for code, due in before.items()}
    revisions = bureau.rows("SELECT DISTINCT calendar_revision FROM dossier")
    assert revisions == [{"calendar_revision": 3}]


def test_what_an_older_release_wrote_without_a_revision_is_derived_too(bureau: Bureau) -> None:
    [code] = many(bureau, 1)
    bureau.do("UPDATE dossier SET calendar_revision = 0, due_at = due_at - interval '1 day'")

    bureau.derive(NOW)

    assert bureau.due(code) == at("2026-10-08T10:00")
    assert bureau.moves() == {code: (at("2026-10-07T10:00"), at("2026-10-08T10:00"))}


def test_a_dossier_whose_clock_cannot_be_derived_keeps_nobody_waiting(
    bureau: Bureau, caplog: pytest.LogCaptureFixture
) -> None:
    [broken, sound] = many(bureau, 2)
    beyond = '{"count": 10000, "unit": "months"}'
    bureau.do(f"UPDATE dossier SET extension = '{beyond}' WHERE code = :code", code=broken)
    bureau.enter(CLOSED, NOW)

    bureau.derive(NOW)

    assert set(bureau.moves()) == {sound}
    assert "calendar.horizon" in caplog.text


_APPLYING = """
import sys
from datetime import datetime
from pathlib import Path
from app.domain.calendar import LOCAL_ZONE
from app.services.recomputation import recompute_open
from tests.clock.bureau import a_bureau

with a_bureau(sys.argv[1], Path(sys.argv[2])) as bureau:
    now = datetime(2026, 10, 6, 8, tzinfo=LOCAL_ZONE)
    while recompute_open(bureau.desk, now=now, limit=1):
        print("batch", flush=True)
"""


@pytest.mark.parametrize("after_batches", [1, 6])
def test_a_worker_killed_in_the_middle_leaves_nothing_half_done(
    bureau: Bureau, module_database: str, tmp_path: Path, after_batches: int
) -> None:
    many(bureau, 40)
    before = dues(bureau)
    bureau.enter(CLOSED, NOW)
    command = [sys.executable, "-c", _APPLYING, module_database, str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as worker:
        assert worker.stdout is not None
        for _ in range(after_batches):
            assert worker.stdout.readline() == b"batch\n"
        os.kill(worker.pid, signal.SIGKILL)
    assert worker.returncode == -signal.SIGKILL
    while bureau.rows(
        "SELECT FROM pg_stat_activity WHERE application_name = 'motcua'"
        " AND datname = current_database() AND state = 'idle in transaction'"
    ):
        time.sleep(0.01)

    half_done = bureau.moves()
    assert after_batches <= len(half_done) < 40
    now = dues(bureau)
    assert {code for code, due in now.items() if due != before[code]} == set(half_done)

    bureau.derive(NOW)
    assert_each_moved_once(bureau, before)
