"""Every act of the lifecycle becomes a message that the strict portal takes."""

from collections import deque
from collections.abc import Iterator

import pytest

from app.domain.lifecycle import STEPS, WAITING, Act, Status
from tests.services.office import PORTAL_STATUS, Office, stamp

State = tuple[Status | None, Status | None]
Way = tuple[Act, ...]


def _ways() -> Iterator[Way]:
    """Yield, for each row of the table, acts that begin with an entry and end with that row.

    A waiting status is reached from each status that it can lead back to.
    """
    starts: list[State] = [(Status.DRAFT, None), (None, None)]
    reached: dict[State, Way] = dict.fromkeys(starts, ())
    queue = deque(starts)
    while queue:
        state = status, before = queue.popleft()
        for (source, act), step in STEPS.items():
            if source is not status:
                continue
            way = (*reached[state], act)
            yield way
            target = step.target or before
            after: State = (target, status if target in WAITING else None)
            if after not in reached:
                reached[after] = way
                queue.append(after)


WAYS = list(_ways())


def test_the_ways_cover_the_whole_table() -> None:
    assert {way[-1] for way in WAYS} == {act for _, act in STEPS} == set(Act) - {Act.MOVE}
    assert len(WAYS) >= len(STEPS)


@pytest.fixture(params=WAYS, ids=["-".join(way) for way in WAYS])
def way(request: pytest.FixtureRequest) -> Way:
    found: Way = request.param
    return found


def test_each_act_is_told_once_with_its_status_and_instant(shared_office: Office, way: Way) -> None:
    office = shared_office
    code = office.walk(*way)
    office.drain()

    events, known = office.events(code), office.mocks.portal(code)
    words = [PORTAL_STATUS[event["target"]] for event in events]
    assert [event["act"] for event in events] == list(way)
    assert known["refused"] == []
    assert [entry["status"] for entry in known["told"]] == words
    assert [entry["is_addition"] for entry in known["told"]] == [True] + [False] * (len(way) - 1)
    progress = [(row["TrangThai"], row["ThoiDiemXuLy"]) for row in known["progress"]]
    assert progress == [
        (word, stamp(event["occurred_at"])) for word, event in zip(words, events, strict=True)
    ]
    assert office.states(code) == ["acknowledged"] * len(way)
