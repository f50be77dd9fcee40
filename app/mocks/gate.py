"""The gate in front of a partner: requests pass, or meet the fault that was drawn for them."""

import asyncio
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, Router
from starlette.types import Message, Receive, Scope, Send

from app.mocks.faults import Switchboard
from app.mocks.misbehaviour import WAYS
from app.mocks.wire import Json, Malformed, read_object, refusal

_BY_FAULT = "mocks.by_fault"


def is_by_fault(scope: Scope) -> bool:
    """Tell whether this delivery is the work of a fault, not of the client."""
    return bool(scope.get(_BY_FAULT))


class Gate:
    """A partner behind its switchboard; the endpoints with an underscore are never hit."""

    def __init__(self, switchboard: Switchboard) -> None:
        self.partner = switchboard.partner
        self.held: list[asyncio.Event] = []
        self._board = switchboard
        self._controls = _controls(switchboard)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        path: str = scope["path"].removeprefix(scope.get("root_path", ""))
        if path.startswith("/_"):
            is_control = path.startswith(("/_faults", "/_switches"))
            await (self._controls if is_control else self.partner.app)(scope, receive, send)
            return
        delay_ms = self.partner.switches.number("delay_ms")
        if delay_ms:
            await asyncio.sleep(delay_ms / 1000)
        if self._board.is_quiet:
            await self.partner.app(scope, receive, send)
        else:
            await self._perhaps_strike(path, _Read(self, scope, await _read(receive), receive, send))
        self.let_go()

    def let_go(self) -> None:
        """Release the requests that waited to be overtaken."""
        for held in self.held:
            held.set()

    async def _perhaps_strike(self, path: str, exchange: "_Read") -> None:
        fault = self._board.draw(self.partner.service_of(path, exchange.body))
        if fault is None:
            await self.partner.app(exchange.scope, exchange.again(), exchange.send)
            return
        special = self.partner.special.get(fault.kind)
        if special is None:
            await WAYS[fault.kind](fault, exchange)
        else:
            answer = await special.answer(fault, exchange.delivered_body)
            await exchange.answer(Json(answer))


@dataclass(frozen=True, slots=True)
class _Read:
    """A request whose body was read, so that it can be delivered later or more than once."""

    gate: Gate
    scope: Scope
    body: bytes
    receive: Receive
    send: Send

    async def deliver(self, *, by_fault: bool = False) -> Response:
        kept: list[Message] = []

        async def keep(message: Message) -> None:
            kept.append(message)

        scope = dict(self.scope) | {_BY_FAULT: by_fault}
        await self.gate.partner.app(scope, self.again(), keep)
        body = b"".join(message.get("body", b"") for message in kept[1:])
        response = Response(body, kept[0]["status"])
        response.raw_headers = list(kept[0]["headers"])
        return response

    async def delivered_body(self) -> bytes:
        return bytes((await self.deliver(by_fault=True)).body)

    async def answer(self, response: Response) -> None:
        await response(self.scope, self.receive, self.send)

    async def wait_to_be_overtaken(self) -> None:
        overtaken = asyncio.Event()
        self.gate.held.append(overtaken)
        try:
            await overtaken.wait()
        finally:
            self.gate.held.remove(overtaken)

    def again(self) -> Receive:
        """Return a `receive` that gives the body that was read, then what comes after it."""
        is_given = False

        async def receive() -> Message:
            nonlocal is_given
            if is_given:
                return await self.receive()
            is_given = True
            return {"type": "http.request", "body": self.body, "more_body": False}

        return receive


def _controls(board: Switchboard) -> Router:
    """Build the endpoints by which the faults and switches are read and changed."""
    switches = board.partner.switches

    async def add(request: Request) -> Response:
        try:
            fault = board.add(await read_object(request))
        except Malformed as error:
            return refusal(error)
        return Json({"id": fault.id}, 201)

    async def listed(_: Request) -> Response:
        return Json(board.listed())

    async def remove(request: Request) -> Response:
        return Json({"removed": board.remove(request.path_params.get("fault_id"))})

    async def read(_: Request) -> Response:
        return Json(switches.all())

    async def change(request: Request) -> Response:
        try:
            switches.change(await read_object(request))
        except Malformed as error:
            return refusal(error)
        return Json(switches.all())

    return Router(
        [
            Route("/_faults", add, methods=["POST"]),
            Route("/_faults", listed, methods=["GET"]),
            Route("/_faults", remove, methods=["DELETE"]),
            Route("/_faults/{fault_id:int}", remove, methods=["DELETE"]),
            Route("/_switches", read, methods=["GET"]),
            Route("/_switches", change, methods=["PATCH"]),
        ]
    )


async def _read(receive: Receive) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            return bytes(body)
