"""Any interleaving of acts, crashes, faults and workers, towards both generations at once.

In the end the portals' memory equals our books, in order and each once, or the message stands
before a person with a reason, and goes on once that person lets it.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from itertools import count

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from app.domain.lifecycle import Act
from app.mocks.faults import KINDS
from app.services import deliveries
from app.services.desk import Desk
from tests.builders import DESK, DISTRICT, FULL, JUSTICE, partners, settings_for
from tests.services.office import Mocks, Office, a_desk, opened, release

MAPI, CENTRAL = "national-portal", "central-portal"
JOURNEY = (Act.START, Act.REQUEST_SUPPLEMENT, Act.SUPPLEMENT, Act.RESOLVE, Act.RETURN_RESULT)
MOST_DOSSIERS = 4
LEASE_S = 60


class Killed(BaseException):
    """The worker is dead, wherever it was: whatever it had in hand stays as it is."""


class World:
    """Dossiers of two agencies, one told to each generation, and two workers."""

    def __init__(self, office: Office, other: Desk, mocks: Mocks) -> None:
        self.office = office
        self.mocks = mocks
        self.desks = (office.desk, other)
        self.dossiers: list[tuple[str, bool, Iterator[Act]]] = []

    def enter(self, *, central: bool) -> None:
        if len(self.dossiers) < MOST_DOSSIERS:
            place = (DESK, DISTRICT) if central else (FULL, JUSTICE)
            code = self.office.take_in(*place)
            self.dossiers.append((code, central, iter(JOURNEY)))

    def act(self, which: int) -> None:
        if self.dossiers:
            code, _, journey = self.dossiers[which % len(self.dossiers)]
            act = next(journey, None)
            if act is not None:
                self.office.act(code, act)

    def fault(self, partner: str, kind: str) -> None:
        """Let a call of a portal go wrong, in a way that this portal has."""
        wanted = {"kind": kind, "seconds": 0.02}
        assert self.mocks.http.post(f"/{partner}/_faults", json=wanted).status_code in {201, 422}

    def work(self, which: int) -> None:
        self._drain(self.desks[which], self.office.clock.at)

    def work_together(self) -> None:
        at = self.office.clock.at
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda desk: self._drain(desk, at), self.desks))

    def die(self, after: int) -> None:
        """Let a worker look at the clock so many times, and be dead then."""
        looks = iter(range(after))

        def now() -> datetime:
            if next(looks, None) is None:
                raise Killed
            return self.office.clock.at

        with ThreadPoolExecutor(1) as pool, suppress(Killed):
            while True:
                deliveries.drain(self.desks[0], now, threads=pool, hands=1)

    def overtake(self, after: int) -> None:
        """Let a worker be so slow, at one of its looks, that the other tells what it has in hand.

        It goes on then where it was, unaware of that.
        """
        looks = count(1)

        def now() -> datetime:
            if next(looks) == after:
                self.office.clock.move(seconds=LEASE_S + 1)
                self._drain(self.desks[1], self.office.clock.at)
            return self.office.clock.at

        with ThreadPoolExecutor(1) as pool:
            deliveries.drain(self.desks[0], now, threads=pool, hands=1)

    def wait(self, minutes: int) -> None:
        self.office.clock.move(minutes=minutes)

    @staticmethod
    def _drain(desk: Desk, at: datetime) -> None:
        with ThreadPoolExecutor(2) as pool:
            deliveries.drain(desk, lambda: at, threads=pool, hands=2)

    def check(self) -> None:
        self.office.settle()
        for code, _, _ in self.dossiers:
            stuck = [row for row in self.office.ledger(code) if row["state"] in {"blocked", "dead"}]
            assert all(row["answer_code"] and row["answer"] for row in stuck)
            release(self.office, code)
        self.office.settle()
        for code, is_central, _ in self.dossiers:
            if is_central:
                self.office.check_central_books(code)
            else:
                self.office.check_books(code)


OPERATIONS = st.one_of(
    st.tuples(st.just("enter"), st.booleans()),
    st.tuples(st.just("act"), st.integers(0, MOST_DOSSIERS - 1)),
    st.tuples(st.just("act"), st.integers(0, MOST_DOSSIERS - 1)),
    st.tuples(st.just("fault"), st.sampled_from([MAPI, CENTRAL]), st.sampled_from(sorted(KINDS))),
    st.tuples(st.just("work"), st.integers(0, 1)),
    st.tuples(st.just("work_together")),
    st.tuples(st.just("die"), st.integers(1, 20)),
    st.tuples(st.just("overtake"), st.integers(2, 20)),
    st.tuples(st.just("wait"), st.sampled_from([0, 1, 10])),
)


@pytest.fixture(scope="module")
def office(
    module_database: str, session_mocks: Mocks, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Office]:
    session_mocks.calm()
    folder = tmp_path_factory.mktemp("interleaved")
    settings = settings_for(
        module_database, folder, delivery_lease_s=LEASE_S, **partners(session_mocks.url)
    )
    with opened(settings, session_mocks, folder) as office:
        office.change(
            "INSERT INTO portal_route VALUES (:agency, '2020-01-01', 'central', NULL)",
            agency=DISTRICT,
        )
        yield office


@pytest.fixture(scope="module")
def other(office: Office) -> Iterator[Desk]:
    """What another worker process would have."""
    with a_desk(office.settings) as desk:
        yield desk


@settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],  # shrinking would take minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(operations=st.lists(OPERATIONS, min_size=8, max_size=25))
def test_whatever_happens_the_portals_books_are_ours(
    office: Office, other: Desk, session_mocks: Mocks, operations: list[tuple[str, ...]]
) -> None:
    session_mocks.calm()
    world = World(office, other, session_mocks)
    world.enter(central=False)
    world.enter(central=True)
    for name, *values in operations:
        if name == "enter":
            world.enter(central=bool(values[0]))
        else:
            getattr(world, name)(*values)
    for partner in (MAPI, CENTRAL):
        session_mocks.http.delete(f"/{partner}/_faults")

    world.check()
