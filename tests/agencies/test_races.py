"""Moves beside acts, beside other workers, and after a worker that was killed in the middle."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from app.composition import engine_of
from app.db.reference import References
from app.domain.actor import Role
from app.domain.agency import AgencyEnded
from app.domain.lifecycle import Act
from app.services import moving, processing
from app.services.desk import Desk
from app.services.transition import DossierElsewhere, DossierNotFound, Request, VersionStale
from tests.agencies.ministry import Ministry, at, change, commune, merge, staff
from tests.builders import settings_for

ROOT = Path(__file__).resolve().parents[2]
OLD, NEW = "H44.29", "H44.60"
BEFORE, DAY = at("2026-10-05T08:30"), at("2026-10-12T08:00")
MERGED = change("2026-10-12", merge(OLD, into=NEW), created=[commune(NEW)])
COPIES = 400


def many(ministry: Ministry, count: int = COPIES) -> None:
    """Copy one open dossier many times over, each with its first event and message."""
    ministry.take_in(BEFORE)
    skipped = {"id", "code"}
    columns = ", ".join(
        row["name"]
        for row in ministry.rows(
            "SELECT attname AS name FROM pg_attribute"
            " WHERE attrelid = 'dossier'::regclass AND attnum > 0 AND NOT attisdropped"
        )
        if row["name"] not in skipped
    )
    ministry.do(
        f"""
        WITH made AS (
            INSERT INTO dossier (code, {columns})
            SELECT 'H44.29-261004-' || lpad(n::text, 4, '0'), {columns}
            FROM dossier CROSS JOIN generate_series(1, :count) AS n
            RETURNING id
        ), told AS (
            INSERT INTO delivery (partner, dossier_id, seq, kind, payload_version, state, attempts,
                next_at)
            SELECT 'national_portal', id, 1, 'dossier_event', 1, 'waiting', 0, :now FROM made
        )
        INSERT INTO dossier_event (dossier_id, seq, act, source, target, actor_id, actor_role,
            actor_name, agency_id, occurred_at, due_at, details)
        SELECT made.id, 1, act, source, target, actor_id, actor_role, actor_name, agency_id,
            occurred_at, due_at, details
        FROM made CROSS JOIN dossier_event
        """,
        count=count,
        now=BEFORE,
    )


def check_books(ministry: Ministry, moves: int = 1) -> None:
    """Check that every dossier moved so often, each time with an event and a message."""
    wrong = ministry.rows(
        """
        SELECT code, version FROM dossier WHERE NOT (
            :moves = (SELECT count(*) FROM dossier_event
                WHERE dossier_id = dossier.id AND act = 'move')
            AND version = (SELECT count(*) FROM dossier_event WHERE dossier_id = dossier.id)
            AND version = (SELECT max(seq) FROM dossier_event WHERE dossier_id = dossier.id)
            AND version = (SELECT count(*) FROM delivery WHERE dossier_id = dossier.id)
            AND agency_ids @> ARRAY[agency_id, at_agency_id])
        """,
        moves=moves,
    )
    assert wrong == []
    assert {owner for owner, _ in ministry.places().values()} == {NEW}


@contextmanager
def workers(ministry: Ministry, count: int) -> Iterator[list[Desk]]:
    """Give what as many worker processes would have."""
    url = ministry.owner.url.render_as_string(hide_password=False)
    engines = [engine_of(settings_for(url, ministry.folder), pool_size=2) for _ in range(count)]
    try:
        yield [replace(ministry.desk, engine=e, references=References()) for e in engines]
    finally:
        for engine in engines:
            engine.dispose()


def test_several_workers_begin_once_and_move_each_dossier_once(ministry: Ministry) -> None:
    many(ministry)
    number = ministry.enter_change(MERGED, BEFORE)
    begun: list[int] = []
    with workers(ministry, 4) as desks:
        start = threading.Barrier(len(desks))

        def work(desk: Desk) -> None:
            start.wait()
            begun.append(moving.begin_due(desk, now=DAY))
            while ministry.state(number) != "done":
                moving.move_next(desk, now=DAY, limit=20)

        with ThreadPoolExecutor(len(desks)) as pool:
            list(pool.map(work, desks))

    assert sum(begun) == 1
    check_books(ministry)
    found = ministry.one("SELECT total, moved FROM agency_change")
    assert found == {"total": COPIES + 1, "moved": COPIES + 1}


def test_an_act_beside_the_move_is_done_whole_or_refused_and_the_dossier_moves_once(
    ministry: Ministry,
) -> None:
    many(ministry, 60)
    ministry.enter_change(MERGED, BEFORE)
    codes = sorted(ministry.places())
    answers: list[str] = []

    def act(code: str) -> str:
        try:
            processing.start(ministry.desk, Request(code, staff(Role.OFFICER, OLD), DAY, version=1))
        except (AgencyEnded, DossierElsewhere, DossierNotFound, VersionStale) as refusal:
            return refusal.code
        return "done"

    with workers(ministry, 1) as [desk], ThreadPoolExecutor(4) as pool:
        acts = pool.map(act, codes)
        moving.begin_due(desk, now=DAY)
        while moving.move_next(desk, now=DAY, limit=3):
            pass
        answers = list(acts)
    ministry.work(DAY)

    check_books(ministry)
    started = {code for code in codes if Act.START in ministry.acts(code)}
    assert started == {code for code, said in zip(codes, answers, strict=True) if said == "done"}


def test_a_dossier_that_somebody_acts_on_is_left_and_moved_afterwards(ministry: Ministry) -> None:
    many(ministry, 10)
    number = ministry.enter_change(MERGED, BEFORE)
    busy = min(ministry.places())
    with ministry.owner.begin() as db:
        db.execute(text("SELECT FROM dossier WHERE code = :code FOR UPDATE"), {"code": busy})
        ministry.work(DAY)
        assert ministry.state(number) == "moving"
        assert ministry.moved() == 10
        assert ministry.places()[busy] == (OLD, OLD)

    ministry.work(DAY)

    assert ministry.state(number) == "done"
    check_books(ministry)


_MOVER = """
import sys
from datetime import datetime
from app.composition import desk_of, engine_of
from app.services import moving
from app.settings import Settings

settings, now = Settings(), datetime.fromisoformat(sys.argv[1])
desk = desk_of(settings, engine_of(settings, pool_size=2))
moving.begin_due(desk, now=now)
print("begun", flush=True)
while moving.move_next(desk, now=now, limit=5):
    print("moved", flush=True)
"""


def _kill_in_the_middle(ministry: Ministry, batches: int) -> None:
    arguments = [sys.executable, "-c", _MOVER, DAY.isoformat()]
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "APP_DATABASE_URL": ministry.owner.url.render_as_string(hide_password=False),
        "APP_DATA_DIR": str(ministry.folder),
    }
    with subprocess.Popen(
        arguments, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as mover:
        assert mover.stdout is not None
        for _ in range(batches + 1):
            assert mover.stdout.readline()
        mover.send_signal(signal.SIGKILL)


def test_killed_in_the_middle_the_next_goes_on_and_nothing_is_doubled(ministry: Ministry) -> None:
    many(ministry)
    number = ministry.enter_change(MERGED, BEFORE)
    kept = ministry.kept()

    for batches in (0, 5):
        _kill_in_the_middle(ministry, batches)
    assert ministry.state(number) == "moving"
    assert 0 < ministry.moved() < COPIES
    _wait_for_the_server(ministry)
    ministry.work(DAY)

    assert ministry.state(number) == "done"
    assert ministry.one("SELECT moved FROM agency_change") == {"moved": COPIES + 1}
    assert ministry.kept() == kept
    check_books(ministry)


def _wait_for_the_server(ministry: Ministry) -> None:
    """Wait until the server has noticed that whoever was killed is gone."""
    for _ in range(200):
        [found] = ministry.rows(
            "SELECT count(*) AS n FROM pg_stat_activity WHERE datname = current_database()"
            " AND application_name = 'motcua' AND state LIKE 'idle in transaction%'"
        )
        if not found["n"]:
            return
        time.sleep(0.02)
    pytest.fail("somebody still holds a transaction")


def test_two_administrators_at_once_cannot_end_one_agency_twice(ministry: Ministry) -> None:
    start = threading.Barrier(2)

    def enter(into: str) -> Any:  # noqa: ANN401
        start.wait()
        try:
            return ministry.enter_change(change("2026-10-12", merge(OLD, into=into)), BEFORE)
        except Exception as refusal:  # noqa: BLE001  (looked at below)
            return getattr(refusal, "code", refusal)

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(enter, ("H44.30", "H44.31")))

    assert "agency.change_faulty" in answers
    assert ministry.one("SELECT count(*) AS n FROM agency_change") == {"n": 1}
