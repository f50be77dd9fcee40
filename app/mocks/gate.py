"""The gate in front of a partner: requests pass, or meet the fault that was drawn for them."""

import asyncio

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, Router
from starlette.types import Receive, Scope, Send

from app.mocks.exchange import Exchange, Queue, read_body
from app.mocks.faults import Switchboard
from app.mocks.misbehaviour import WAYS
from app.mocks.wire import Json, Malformed, read_object, refusal

_CONTROLS = ("/_faults", "/_switches")


class Gate:
    """A partner behind its switchboard; the endpoints with an underscore are never hit."""

    def __init__(self, switchboard: Switchboard) -> None:
        self._partner = switchboard.partner
        self._board = switchboard
        self._queue = Queue()
        self._controls = Router(_Controls(switchboard).routes())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        path: str = scope["path"].removeprefix(scope.get("root_path", ""))
        if path.startswith("/_"):
            app = self._controls if path.startswith(_CONTROLS) else self._partner.app
            await app(scope, receive, send)
            return
        delay_ms = self._partner.switches.number("delay_ms")
        if delay_ms:
            await asyncio.sleep(delay_ms / 1000)
        app = self._partner.app
        if self._board.is_quiet:
            await app(scope, receive, send)
        else:
            body = await read_body(receive)
            await self._draw(path, Exchange(app, self._queue, scope, body, receive, send))
        self._queue.let_go()

    async def _draw(self, path: str, exchange: Exchange) -> None:
        fault = self._board.draw(self._partner.service_of(path, exchange.body))
        if fault is None:
            await exchange.pass_on()
            return
        special = self._partner.special.get(fault.kind)
        if special is None or special.answer is None:
            await WAYS[fault.kind](fault, exchange)
            return

        async def deliver() -> bytes:
            return bytes((await exchange.deliver(by_fault=True)).body)

        await exchange.answer(Json(await special.answer(fault, deliver), special.status))


class _Controls:
    """The endpoints by which the faults and switches are read and changed."""

    def __init__(self, board: Switchboard) -> None:
        self._board = board
        self._switches = board.partner.switches

    def routes(self) -> list[Route]:
        """List them."""
        return [
            Route("/_faults", self.add, methods=["POST"]),
            Route("/_faults", self.listed, methods=["GET"]),
            Route("/_faults", self.remove, methods=["DELETE"]),
            Route("/_faults/{fault_id:int}", self.remove, methods=["DELETE"]),
            Route("/_switches", self.read, methods=["GET"]),
            Route("/_switches", self.change, methods=["PATCH"]),
        ]

    async def add(self, request: Request) -> Response:
        """Ask for a fault."""
        try:
            fault = self._board.add(await read_object(request))
        except Malformed as error:
            return refusal(error)
        return Json({"id": fault.id}, 201)

    async def listed(self, _: Request) -> Response:
        """List the faults that wait for their request."""
        return Json(self._board.listed())

    async def remove(self, request: Request) -> Response:
        """Remove one fault, or all."""
        return Json({"removed": self._board.remove(request.path_params.get("fault_id"))})

    async def read(self, _: Request) -> Response:
        """List the switches."""
        return Json(self._switches.all())

    async def change(self, request: Request) -> Response:
        """Change the named switches."""
        try:
            self._switches.change(await read_object(request))
        except Malformed as error:
            return refusal(error)
        return Json(self._switches.all())
