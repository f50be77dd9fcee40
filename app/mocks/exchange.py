"""A request that was read but not yet handled, so that it can be handled late, twice or never."""

import asyncio
from dataclasses import dataclass

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_BY_FAULT = "mocks.by_fault"


def is_by_fault(scope: Scope) -> bool:
    """Tell whether this delivery is the work of a fault, not of the client."""
    return bool(scope.get(_BY_FAULT))


class Queue:
    """The requests of one partner that wait to be overtaken."""

    def __init__(self) -> None:
        self._waiting: set[asyncio.Event] = set()

    def let_go(self) -> None:
        """Release them: a later request has been handled."""
        for overtaken in self._waiting:
            overtaken.set()

    async def wait(self) -> None:
        """Wait to be released."""
        overtaken = asyncio.Event()
        self._waiting.add(overtaken)
        try:
            await overtaken.wait()
        finally:
            self._waiting.discard(overtaken)


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request with its body, and the ways to go on with it."""

    app: ASGIApp
    queue: Queue
    scope: Scope
    body: bytes
    receive: Receive
    send: Send

    async def pass_on(self) -> None:
        """Let the partner handle the message and answer the client."""
        await self.app(self.scope, self._again(), self.send)

    async def deliver(self, *, by_fault: bool = False) -> Response:
        """Let the partner handle and remember the message; return its answer."""
        kept: list[Message] = []

        async def keep(message: Message) -> None:
            kept.append(message)

        await self.app(dict(self.scope) | {_BY_FAULT: by_fault}, self._again(), keep)
        body = b"".join(message.get("body", b"") for message in kept[1:])
        response = Response(body, kept[0]["status"])
        response.raw_headers = list(kept[0]["headers"])
        return response

    async def answer(self, response: Response) -> None:
        """Answer the client."""
        await response(self.scope, self.receive, self.send)

    def _again(self) -> Receive:
        """Return a `receive` that gives the body that was read, then what comes after it."""
        is_given = False

        async def receive() -> Message:
            nonlocal is_given
            if is_given:
                return await self.receive()
            is_given = True
            return {"type": "http.request", "body": self.body, "more_body": False}

        return receive


async def read_body(receive: Receive) -> bytes:
    """Read the whole body of a request."""
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            return bytes(body)
