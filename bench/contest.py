"""Service and raw driver in turn, in one window: what P1 and P2 have in common."""

import statistics
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import ClassVar, TypeVar

from bench import machine
from bench.crew import Slot, together
from bench.options import Options
from bench.report import Table, keep
from bench.stand import Stand, stand

CLIENTS = 16
CONNECTIONS = 8
RAW_PROCESSES = 4  # the fastest of 1, 2, 4 and 8 where it was tried

T = TypeVar("T")


@dataclass
class Measured:
    """One slot and what the processor did meanwhile."""

    slot: Slot
    cpu: machine.Stopwatch

    def milliseconds(self) -> str:
        median, late = self.slot.percentile_ms(0.5), self.slot.percentile_ms(0.99)
        return f"{median:.1f} / {late:.1f}"

    def cost_ms(self) -> float:
        """Return the processor time of all who took part, for one piece of work."""
        seconds = sum(self.cpu.percent.values()) / 100 * self.slot.seconds + self.slot.cpu_s
        return seconds * 1000 / len(self.slot.latencies)

    def processors(self) -> str:
        client = self.slot.cpu_s / self.slot.seconds * 100
        others = self.cpu.busy_percent - sum(self.cpu.percent.values()) - client
        shares = self.cpu.percent | {"client": client, "others": max(0.0, others)}
        return ", ".join(f"{name} {percent:.0f}" for name, percent in shares.items())


class Contest(ABC):
    """What can be driven over HTTP and by the raw driver."""

    title: ClassVar[str]
    stand: Stand

    @abstractmethod
    def warm_up(self) -> None: ...
    @abstractmethod
    def over_http(self, seconds: float) -> Measured: ...
    @abstractmethod
    def raw(self, kind: str, seconds: float) -> Measured: ...
    @abstractmethod
    def check(self) -> None: ...
    @abstractmethod
    def data(self) -> str: ...


def dealt(items: Sequence[T], hands: int) -> list[list[T]]:
    """Deal items out like cards."""
    return [list(items[n::hands]) for n in range(hands)]


def joined(hands: Sequence[T], groups: int) -> list[list[T]]:
    """Put neighbouring hands together into so many groups, in their order."""
    size = len(hands) // groups
    return [list(hands[n * size : (n + 1) * size]) for n in range(groups)]


def timed(under_test: Stand, module: str, plans: Sequence[object]) -> Measured:
    """Let helpers work while the processor time of everybody is taken."""
    groups = {"web": lambda: under_test.web, "postgres": lambda: under_test.postgres}
    watch = machine.Stopwatch(groups)
    return Measured(together(module, plans, watch), watch)


def run(
    make: Callable[[Stand], Contest],
    raws: Mapping[str, str],
    notes: str,
    options: Options,
) -> None:
    """Alternate the service with each raw driver, and with another checkout if asked."""
    with ExitStack() as stack:
        ours = make(stack.enter_context(stand(worker=options.worker)))
        trees = {"service": ours}
        if options.against:
            other = stand(tree=options.against, worker=options.worker)
            trees["other tree"] = make(stack.enter_context(other))
        for contest in trees.values():
            contest.warm_up()
        table, ratios = Table(ours.title, _columns(raws, trees)), []
        for pair in range(1, options.pairs + 1):
            done = {name: contest.over_http(options.seconds) for name, contest in trees.items()}
            done |= {name: ours.raw(kind, options.seconds) for name, kind in raws.items()}
            ratios.append([_ratio(done, "service", name) for name in done if name != "service"])
            table.add(pair, *ratios[-1], *_details(done))
        medians = [statistics.median(column) for column in zip(*ratios, strict=True)]
        table.add("median", *medians, *[""] * (len(table.columns) - len(medians) - 1))
        for contest in trees.values():
            contest.check()
        table.notes = notes
        data = f"{ours.data()}, 2 web processes; {machine.describe_server(ours.stand.url)}"
        keep(table, options, data)


def _ratio(done: Mapping[str, Measured], ours: str, theirs: str) -> float:
    return done[ours].slot.rate / done[theirs].slot.rate


def _columns(raws: Mapping[str, str], trees: Mapping[str, object]) -> list[str]:
    names = [*trees, *raws]
    return [
        "pair",
        *(f"of {name}" for name in names[1:]),
        *(f"{name}/s" for name in names),
        "p99 of raw",
        *(f"{name} p50 / p99 ms" for name in names[: len(trees) + 1]),
        *(f"{name} CPU ms each" for name in names[: len(trees) + 1]),
        "CPU % of one core: service",
        "raw",
    ]


def _details(done: Mapping[str, Measured]) -> list[object]:
    late = done["service"].slot.percentile_ms(0.99) / done["raw"].slot.percentile_ms(0.99)
    shown = [name for name in done if name != "raw with documents"]
    return [
        *(each.slot.rate for each in done.values()),
        late,
        *(done[name].milliseconds() for name in shown),
        *(done[name].cost_ms() for name in shown),
        done["service"].processors(),
        done["raw"].processors(),
    ]
