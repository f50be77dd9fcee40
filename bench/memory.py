"""P9: memory of each process at the start and under load, whether it is small and stays flat."""

import statistics
import time
from dataclasses import dataclass, field

import psutil

from bench import machine
from bench.contest import CLIENTS, dealt, timed
from bench.load import HttpPlan
from bench.options import Options
from bench.province import Province, read_request
from bench.report import Table, keep
from bench.stand import Stand, stand

_STRETCH_S = 10.0
_MIB = 2**20
_NOTES = """
Load: 16 clients at an even rate; of three requests one hands in a dossier (three documents), one
reads the citizen's own list, one a procedure; the worker tells the portal mock. RSS counts shared
pages in every process, PSS divides them. Growth: slope of RSS over the second half of the load.
Goal: a web process and a worker ≤ 160 MB each after an hour, flat.
"""


@dataclass
class _Life:
    """What a process held, from stretch to stretch: (seconds since the start, RSS in MiB)."""

    process: psutil.Process
    samples: list[tuple[float, float]] = field(default_factory=list)

    def look(self, at: float) -> None:
        self.samples.append((at, self.process.memory_info().rss / _MIB))

    def growth_per_hour(self) -> float:
        later = self.samples[len(self.samples) // 2 :]
        if len(later) < 2:
            return 0.0
        return statistics.linear_regression(*zip(*later, strict=True)).slope * 3600

    def row(self) -> list[float]:
        first, last = self.samples[0][1], self.samples[-1][1]
        highest = max(held for _, held in self.samples)
        shared = self.process.memory_full_info().pss / _MIB
        return [first, last, highest, shared, self.growth_per_hour()]


def measure(options: Options) -> None:
    """Load web and worker for as long as asked; keep the table."""
    with stand(worker=True) as under_test:
        lives = _processes(under_test)
        begun = time.perf_counter()
        _look(lives, 0.0)
        province = Province(under_test)
        answered = 0
        while (spent := time.perf_counter() - begun) < options.load_s:
            seconds = max(1.0, min(_STRETCH_S, options.load_s - spent))
            done = timed(under_test, "bench.load", [_plan(province, seconds, options.rate)])
            answered += len(done.slot.latencies)
            _look(lives, time.perf_counter() - begun)
        table = Table(
            "P9 memory",
            ["process", "RSS at start MB", "at end", "highest", "PSS at end", "growth MB/h"],
        )
        for name, life in lives.items():
            table.add(name, *life.row())
        table.notes = _NOTES
        data = (
            f"{answered:,} requests in {options.load_s:.0f} s at {options.rate:.0f}/s; "
            f"{machine.describe_server(under_test.url)}"
        )
        keep(table, options, data)


def _processes(under_test: Stand) -> dict[str, _Life]:
    found = {f"web {n}": each for n, each in enumerate(under_test.web, 1)}
    found |= {"worker": under_test.children["worker"], "mocks": under_test.children["mocks"]}
    return {name: _Life(process) for name, process in found.items()}


def _look(lives: dict[str, _Life], at: float) -> None:
    for life in lives.values():
        life.look(at)


def _plan(province: Province, seconds: float, rate: float) -> HttpPlan:
    """Return so much load that it lasts for the stretch."""
    applications = province.applications(int(rate * seconds / 3) + CLIENTS * 4)
    requests = [
        request
        for one, hand_in in zip(applications, province.requests(applications), strict=True)
        for request in (
            hand_in,
            read_request("/v1/dossiers?limit=20", one.applicant.token),
            read_request(f"/v1/procedures/{one.offer.procedure}", one.applicant.token),
        )
    ]
    settings = province.stand.settings
    return HttpPlan(settings.host, settings.port, dealt(requests, CLIENTS), seconds, rate)
