"""Several workers at one ledger: order per dossier kept, each message told once."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from time import sleep

import pytest

from app.domain.lifecycle import Act
from app.services import deliveries
from app.services.desk import Desk
from tests.services.office import Mocks, Office, a_desk

JOURNEY = (Act.TAKE_IN, Act.START, Act.REQUEST_SUPPLEMENT, Act.SUPPLEMENT, Act.RESOLVE)
WORKERS, LEASE_S = 4, 86_400


@pytest.fixture
def desks(office: Office) -> Iterator[list[Desk]]:
    """What as many worker processes would have: engines and sessions of their own.

    Their claims last a day, while acts put the clock on by minutes.
    """
    settings = office.settings.model_copy(update={"delivery_lease_s": LEASE_S})
    with ExitStack() as stack:
        yield [stack.enter_context(a_desk(settings)) for _ in range(WORKERS)]


def _drain_together(office: Office, desks: list[Desk]) -> None:
    """Let every worker work at the same time until none finds anything due."""
    start = threading.Barrier(len(desks))

    def work(desk: Desk) -> None:
        start.wait()
        with ThreadPoolExecutor(3) as pool:
            while deliveries.drain(desk, office.clock, threads=pool, hands=3):
                pass

    with ThreadPoolExecutor(len(desks)) as workers:
        list(workers.map(work, desks))


def test_many_dossiers_are_told_in_order_and_once(office: Office, desks: list[Desk]) -> None:
    codes = [office.walk(*JOURNEY) for _ in range(20)]

    while office.one("SELECT count(*) AS n FROM delivery WHERE state <> 'acknowledged'")["n"]:
        _drain_together(office, desks)

    for code in codes:
        office.check_books(code)
    attempts = office.one("SELECT min(attempts) AS least, max(attempts) AS most FROM delivery")
    assert attempts == {"least": 1, "most": 1}
    assert office.mocks.stats()["told"] == len(codes) * len(JOURNEY)


def test_events_that_come_while_workers_work_are_told_in_order_too(
    office: Office, desks: list[Desk]
) -> None:
    codes = [office.take_in() for _ in range(6)]
    done = threading.Event()

    def work(desk: Desk) -> None:
        with ThreadPoolExecutor(2) as pool:
            while not done.is_set():
                deliveries.drain(desk, office.clock, threads=pool, hands=2)

    with ThreadPoolExecutor(len(desks)) as workers:
        working = [workers.submit(work, desk) for desk in desks]
        for act in JOURNEY[1:]:
            for code in codes:
                office.act(code, act)
        done.set()
        for worker in working:
            worker.result()
    office.settle()

    for code in codes:
        office.check_books(code)


def test_chaos_at_the_portal_loses_and_doubles_nothing(
    office: Office, desks: list[Desk], mocks: Mocks
) -> None:
    codes = [office.walk(*JOURNEY) for _ in range(5)]
    mocks.switch(chaos=0.2)

    for _ in range(100):
        _drain_together(office, desks)
        if not office.rows("SELECT id FROM delivery WHERE state <> 'acknowledged'"):
            break
        office.clock.move(hours=1)

    for code in codes:
        office.check_books(code)


def test_what_comes_while_another_hand_waits_for_an_answer_does_not_wait_for_it(
    office: Office, desks: list[Desk], mocks: Mocks
) -> None:
    slow = office.take_in()
    mocks.fault("delay", service="TraCuuHoSo", seconds=5)

    with ThreadPoolExecutor(1) as elsewhere, ThreadPoolExecutor(4) as pool:
        working = elsewhere.submit(deliveries.drain, desks[0], office.clock, threads=pool, hands=4)
        _until_hit(mocks, "delay")
        later = office.take_in()
        while office.states(later) != ["acknowledged"]:
            sleep(0.01)
        assert office.states(slow) == ["in_flight"]
        working.result()


def test_a_claim_that_its_worker_took_to_the_grave_is_taken_up_after_its_lease(
    office: Office,
) -> None:
    code = office.take_in()
    office.change(
        "UPDATE delivery SET state = 'in_flight', attempts = 1, lease = 'dead', leased_until = :at",
        at=office.clock(),
    )

    office.drain()
    assert office.states(code) == ["in_flight"]
    office.clock.move(seconds=1)
    office.drain()

    office.check_books(code)


def test_a_worker_that_was_too_slow_does_not_undo_what_another_has_recorded(
    office: Office, desks: list[Desk], mocks: Mocks
) -> None:
    code = office.take_in()
    slow, other = desks[:2]
    mocks.fault("delay", service="DongBoHoSoMC", seconds=1)

    with ThreadPoolExecutor(1) as pool, ThreadPoolExecutor(1) as elsewhere:
        first = pool.submit(_drain_once, office, slow)
        _until_hit(mocks, "delay")
        office.clock.move(seconds=LEASE_S + 1)
        elsewhere.submit(_drain_once, office, other).result()
        [mine] = office.ledger(code)
        first.result()

    assert mine["state"] == "acknowledged"
    assert office.ledger(code) == [mine]
    office.check_books(code)


def test_a_worker_that_is_too_slow_in_the_midst_of_its_claim_sends_nothing_more(
    office: Office, desks: list[Desk], mocks: Mocks
) -> None:
    # The portal would let a dossier return from the last status of these to the first.
    codes = [office.walk(Act.TAKE_IN, Act.START, Act.REQUEST_SUPPLEMENT) for _ in range(2)]
    slow, other = desks[:2]
    mocks.fault("delay", service="TraCuuHoSo", seconds=1)

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(_drain_once, office, slow)
        _until_hit(mocks, "delay")
        office.clock.move(seconds=LEASE_S + 1)
        # By the time the slow one has its answer, the others have told what came next.
        _drain_once(office, other)
        first.result()
    office.settle()

    for code in codes:
        office.check_books(code)


def test_a_claim_that_waited_too_long_for_a_thread_is_left_to_who_has_it_now(
    office: Office, desks: list[Desk], mocks: Mocks
) -> None:
    codes = [office.take_in(), office.take_in()]
    slow, other = desks[:2]
    mocks.fault("delay", service="DongBoHoSoMC", seconds=1)

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(_drain_once, office, slow)
        _until_hit(mocks, "delay")
        office.clock.move(seconds=LEASE_S + 1)
        # The other worker has looked, and is about to tell, when the slow one gets to it.
        mocks.fault("delay", service="TraCuuHoSo", seconds=1.5)
        _drain_once(office, other)
        first.result()
    office.settle()

    for code in codes:
        office.check_books(code)


def _drain_once(office: Office, desk: Desk) -> None:
    with ThreadPoolExecutor(1) as pool:
        deliveries.drain(desk, office.clock, threads=pool, hands=1)


def _until_hit(mocks: Mocks, kind: str) -> None:
    while not mocks.hits()[kind]:
        sleep(0.005)
