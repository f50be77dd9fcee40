"""What only a real connection shows: resets, hanging, overtaking, latency, several clients."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import groupby

import httpx2
import pytest

from app.mocks.config import MockConfig
from app.mocks.server import create_app
from tests.mocks.conftest import Serve
from tests.mocks.samples import Portal, an_item


@pytest.fixture
def live(serve: Serve, config: MockConfig) -> Iterator[Portal]:
    with (
        serve(create_app(config)) as url,
        httpx2.Client(base_url=url, timeout=5, trust_env=False) as http,
    ):
        portal = Portal(http, config)
        portal.log_in()
        yield portal


def test_a_reset_before_the_work_leaves_nothing(live: Portal) -> None:
    live.fault(kind="reset_before")

    with pytest.raises(httpx2.ReadError):
        live.add(an_item("1"))

    assert live.look_up() == []


def test_a_reset_after_the_work_leaves_it_done(live: Portal) -> None:
    live.fault(kind="reset_after")

    with pytest.raises(httpx2.ReadError):
        live.add(an_item("1"))

    assert live.look_up() == [an_item("1")]
    assert live.add(an_item("1"))["error_code"] == 3


def test_a_hanging_request_gets_no_answer_and_is_not_remembered(live: Portal) -> None:
    live.fault(kind="hang")
    live.http.timeout = 0.2

    with pytest.raises(httpx2.ReadTimeout):
        live.add(an_item("1"))

    assert live.look_up() == []


def test_a_hanging_request_ends_in_a_reset(live: Portal) -> None:
    live.fault(kind="hang", seconds=0.1)

    with pytest.raises(httpx2.ReadError):
        live.add(an_item("1"))

    assert live.look_up() == []


def test_an_overtaken_request_is_handled_after_the_next_one(live: Portal) -> None:
    live.tell("1", "2")
    live.fault(kind="out_of_order", service="DongBoHoSoMC", seconds=5)

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(live.update, an_item("4"))
        while live.http.get("/national-portal/_faults").json()["faults"]:
            time.sleep(0.005)
        assert live.update(an_item("7"))["error_code"] == 0
        assert first.result()["error_code"] == -1

    assert [entry["status"] for entry in live.known()["told"]] == ["1", "2", "7"]


def test_an_overtaken_request_waits_only_so_long(live: Portal) -> None:
    live.fault(kind="out_of_order", seconds=0.05)

    assert live.add(an_item("1"))["error_code"] == 0


def test_latency_is_added_to_requests_but_not_to_inspection(live: Portal) -> None:
    live.http.patch("/national-portal/_switches", json={"delay_ms": 150})

    started = time.perf_counter()
    live.look_up()
    answered = time.perf_counter()
    live.known()

    assert answered - started >= 0.15
    assert time.perf_counter() - answered < 0.15


def test_many_clients_at_once_lose_and_double_nothing(live: Portal) -> None:
    codes = [f"H44.06-260801-{number:04}" for number in range(1, 61)]

    def add_twice(code: str) -> list[int]:
        return [live.add(an_item("1", MaHoSo=code))["error_code"] for _ in range(2)]

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(add_twice, codes))

    assert answers == [[0, 3]] * len(codes)
    assert live.http.get("/national-portal/_dossiers").json()["codes"] == codes
    assert live.http.get("/national-portal/_stats").json()["told"] == len(codes)


def test_a_careful_client_gets_through_chaos(serve: Serve, config: MockConfig) -> None:
    """A client that asks before it sends again tells every status once, in order."""
    wild = replace(config, chaos=0.15, seed=3)
    way = ["1", "2", "4", "5", "4", "9", "10"]
    with (
        serve(create_app(wild)) as url,
        httpx2.Client(base_url=url, timeout=1, trust_env=False) as http,
    ):
        portal = Portal(http, wild)
        for status in way:
            _tell_for_sure(portal, status)
        told = portal.known()["told"]

    # What a fault delivered twice shows by its fingerprint.
    seen = [status for (status, _), _ in groupby(told, lambda e: (e["status"], e["sha256"]))]
    assert seen == way


def _tell_for_sure(portal: Portal, status: str) -> None:
    for _ in range(100):
        try:
            found = portal.look_up()
            if found and found[0]["TrangThaiHoSo"] == status:
                return
            (portal.update if found else portal.add)(an_item(status))
        except (httpx2.HTTPError, ValueError, KeyError):
            portal.session = ""
    pytest.fail("chaos won")
