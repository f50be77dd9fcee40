"""Helpers in processes of their own: told what to do, started together, asked what came of it.

A load generator or a raw driver must not share an interpreter with what measures it, nor begin
before the others of its slot have connected.
"""

import pickle
import resource
import subprocess
import sys
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass
class Slot:
    """What one stretch of work gave: only what was answered within it counts.

    `used` tells how much of each list of jobs was begun, so that the next slot goes on after it.
    """

    seconds: float = 0.0
    latencies: "array[float]" = field(default_factory=lambda: array("d"))
    used: list[int] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    cpu_s: float = 0.0

    @property
    def rate(self) -> float:
        return len(self.latencies) / self.seconds if self.seconds else 0.0

    def percentile_ms(self, share: float) -> float:
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000 if ordered else 0.0


class HelperFailed(Exception):
    """A helper ended without an answer, or met refusals: the measurement is worth nothing."""


class Watch(Protocol):
    """Somebody who looks on from the common start to the end."""

    def start(self) -> None: ...
    def stop(self) -> None: ...


def together(module: str, plans: Sequence[object], watch: Watch) -> Slot:
    """Let one process of `module` work on each plan, all from the same moment; join the slots."""
    helpers = [
        subprocess.Popen(
            [sys.executable, "-m", module], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        for _ in plans
    ]
    try:
        for helper, plan in zip(helpers, plans, strict=True):
            _send(helper, plan)
        for helper in helpers:
            _receive(helper)
        watch.start()
        for helper in helpers:
            _send(helper, "go")
        slots = [_receive(helper) for helper in helpers]
        watch.stop()
    finally:
        for helper in helpers:
            helper.kill()
            helper.communicate()
    return _join(slots)


def _join(slots: list[Slot]) -> Slot:
    whole = Slot(max(slot.seconds for slot in slots))
    for slot in slots:
        whole.latencies.extend(slot.latencies)
        whole.used.extend(slot.used)
        whole.faults.extend(slot.faults)
        whole.cpu_s += slot.cpu_s
    if whole.faults:
        raise HelperFailed(f"{len(whole.faults)} refusals, the first: {whole.faults[0][:600]}")
    return whole


def _send(helper: "subprocess.Popen[bytes]", message: object) -> None:
    if helper.stdin is None:
        raise HelperFailed("no way to the helper")
    pickle.dump(message, helper.stdin)
    helper.stdin.flush()


def _receive(helper: "subprocess.Popen[bytes]") -> Any:  # noqa: ANN401  (what was sent)
    if helper.stdout is None:
        raise HelperFailed("no way from the helper")
    try:
        return pickle.load(helper.stdout)
    except EOFError:
        raise HelperFailed("a helper ended without an answer; its message is above") from None


def serve(work: Callable[[Any, Callable[[], None]], Slot]) -> None:
    """Be a helper: `work` gets the plan and a function that says "ready" and waits for "go"."""
    spent_before = 0.0

    def ready() -> None:
        nonlocal spent_before
        _answer("ready")
        pickle.load(sys.stdin.buffer)
        spent_before = _cpu_s()

    slot = work(pickle.load(sys.stdin.buffer), ready)
    slot.cpu_s = _cpu_s() - spent_before
    _answer(slot)


def _answer(message: object) -> None:
    pickle.dump(message, sys.stdout.buffer)
    sys.stdout.buffer.flush()


def _cpu_s() -> float:
    spent = resource.getrusage(resource.RUSAGE_SELF)
    return spent.ru_utime + spent.ru_stime
