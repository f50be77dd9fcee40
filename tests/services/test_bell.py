"""Workers are woken when there is something to do, and find out by themselves if not."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from time import monotonic

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.engine import make_url

from app.db.access import connect
from app.db.bell import CHANNEL, Bell, Ear
from tests.services.cashier import until

LONG_S = 60.0


@pytest.fixture
def engine(database: str) -> Iterator[Engine]:
    engine = connect(database)
    yield engine
    engine.dispose()


@pytest.fixture
def bell(engine: Engine) -> Iterator[Bell]:
    bell = Bell(engine)
    yield bell
    bell.close()


@pytest.fixture
def ear(engine: Engine) -> Iterator[Ear]:
    ear = Ear(engine)
    yield ear
    ear.close()


@pytest.fixture
def owner(database: str) -> Iterator[Engine]:
    owner = connect(database, as_owner=True)
    yield owner
    owner.dispose()


_OTHERS = "datname = current_database() AND pid <> pg_backend_pid()"


def _is_listened(owner: Engine) -> bool:
    with owner.connect() as db:
        query = text(f"SELECT count(*) FROM pg_stat_activity WHERE query = :query AND {_OTHERS}")
        return bool(db.scalar(query, {"query": f"LISTEN {CHANNEL}"}))


def _cut_all(owner: Engine) -> None:
    with owner.connect() as db:
        db.execute(text(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {_OTHERS}"))
    until(lambda: not _is_listened(owner))


def _hears(owner: Engine, bell: Bell, ear: Ear) -> bool:
    """Tell whether the ear hears a ring that comes once it listens; lost rings are repeated."""
    begun = monotonic()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(ear.wait, LONG_S, threading.Event())
        until(lambda: _is_listened(owner))
        while not waiting.done() and monotonic() - begun < LONG_S / 2:
            bell.ring()
            wait([waiting], timeout=2)
    return monotonic() - begun < LONG_S / 2


def _listens_again(owner: Engine, ear: Ear) -> bool:
    ear.wait(0.05, threading.Event())
    return _is_listened(owner)


def test_a_ring_wakes_whoever_waits(owner: Engine, bell: Bell, ear: Ear) -> None:
    assert _hears(owner, bell, ear)


def test_without_a_ring_the_wait_ends_by_itself(ear: Ear) -> None:
    begun = monotonic()

    ear.wait(0.2, threading.Event())

    assert 0.2 <= monotonic() - begun < LONG_S / 2


def test_bell_and_ear_find_each_other_again_after_their_connections_were_cut(
    owner: Engine, bell: Bell, ear: Ear
) -> None:
    assert _hears(owner, bell, ear)
    _cut_all(owner)

    until(lambda: _listens_again(owner, ear))

    assert _hears(owner, bell, ear)


def test_a_bell_without_database_disturbs_nobody(
    database: str, caplog: pytest.LogCaptureFixture
) -> None:
    engine = connect(make_url(database).set(database="khong_co").render_as_string())
    bell = Bell(engine)

    for _ in range(2):
        caplog.clear()
        bell.ring()
        until(lambda: "workers not woken" in caplog.text)

    bell.close()
    engine.dispose()
