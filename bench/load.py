"""The load generator: keep-alive connections that send requests which were built beforehand.

Run as a process of its own (`python -m bench.load`). It does as little as can be done for an
answer, so that its share of the processor stays small; its share is told in every table.
"""

import asyncio
import gc
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import uvloop

from bench.crew import Slot, serve

_HEAD_END = b"\r\n\r\n"
_GOOD = {200, 201}


@dataclass(frozen=True)
class HttpPlan:
    """Each client sends its requests one after the other; `rate` is of all together, per second."""

    host: str
    port: int
    clients: list[list[bytes]]
    seconds: float
    rate: float | None = None


class _Client(asyncio.Protocol):
    def __init__(self, requests: list[bytes], slot: Slot, interval_s: float | None) -> None:
        self.requests = requests
        self.sent = 0
        self.slot = slot
        self.interval_s = interval_s
        self.deadline = 0.0
        self.begun = 0.0
        self.buffer = b""
        self.loop = asyncio.get_running_loop()
        self.done: asyncio.Future[None] = self.loop.create_future()
        self.transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.WriteTransport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.slot.faults.append(f"connection lost: {exc}")
            self.done.set_result(None)

    def next(self) -> None:
        now = time.perf_counter()
        if now >= self.deadline or self.sent == len(self.requests) or self.transport is None:
            if not self.done.done():
                self.done.set_result(None)
            return
        self.begun = now
        self.transport.write(self.requests[self.sent])
        self.sent += 1

    def data_received(self, data: bytes) -> None:
        self.buffer = data = self.buffer + data if self.buffer else data
        end = data.find(_HEAD_END)
        if end < 0:
            return
        head = data[:end].lower()
        at = head.find(b"content-length:")
        if len(data) < end + len(_HEAD_END) + int(head[at + 15 : at + 25].split(b"\r", 1)[0]):
            return
        self.buffer = b""
        now = time.perf_counter()
        if int(head[9:12]) not in _GOOD:
            self.slot.faults.append(data.decode(errors="replace"))
        if now <= self.deadline:
            self.slot.latencies.append(now - self.begun)
        if self.interval_s is None:
            self.next()
        else:
            self.loop.call_later(max(0.0, self.begun + self.interval_s - now), self.next)


async def _drive(plan: HttpPlan, slot: Slot, clients: list[_Client]) -> None:
    slot.seconds = plan.seconds
    begun = time.perf_counter()
    for client in clients:
        client.deadline = begun + plan.seconds
        client.next()
    await asyncio.gather(*(client.done for client in clients))
    if any(client.sent == len(client.requests) for client in clients):
        slot.seconds = min(plan.seconds, time.perf_counter() - begun)
    slot.used = [client.sent for client in clients]


def work(plan: HttpPlan, ready: Callable[[], None]) -> Slot:
    """Send what the plan says and note what came back."""
    gc.disable()
    slot = Slot()
    interval_s = len(plan.clients) / plan.rate if plan.rate else None

    async def main() -> None:
        loop = asyncio.get_running_loop()
        clients = []
        for requests in plan.clients:
            client = _Client(requests, slot, interval_s)
            await loop.create_connection(lambda made=client: made, plan.host, plan.port)  # type: ignore[misc]
            clients.append(client)
        ready()
        await _drive(plan, slot, clients)

    uvloop.run(main())
    return slot


if __name__ == "__main__":
    serve(work)
