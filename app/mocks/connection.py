"""Breaking a client's connection for real, the way a failing network does."""

import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol, runtime_checkable

from starlette.types import ASGIApp, Receive, Scope, Send

_DROP = "mocks.drop"
_LINGER_ZERO = struct.pack("ii", 1, 0)  # closing then sends RST instead of FIN


@runtime_checkable
class _Transport(Protocol):
    """What asyncio's transports and uvloop's have in common."""

    def abort(self) -> None: ...

    def get_extra_info(self, name: str) -> socket.socket | None: ...


class Droppable:
    """Outermost layer: keeps at hand how to drop the connection that a request came on."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with the means to drop its connection."""
        if scope["type"] == "http":
            # ASGI has no such thing; uvicorn's `send` is a method of the request that owns it.
            transport = getattr(getattr(send, "__self__", None), "transport", None)
            if isinstance(transport, _Transport):
                scope[_DROP] = _dropper(transport)
        await self._app(scope, receive, send)


async def drop(scope: Scope, receive: Receive) -> None:
    """Reset the connection of a request.

    Raises ConnectionResetError where there is no connection (an application called in-process).
    """
    dropper: Callable[[], None] | None = scope.get(_DROP)
    if dropper is None:
        raise ConnectionResetError("the mock dropped the connection")
    dropper()
    await until_gone(receive)


async def until_gone(receive: Receive) -> None:
    """Wait until the client has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


def _dropper(transport: _Transport) -> Callable[[], None]:
    def drop_now() -> None:
        wire = transport.get_extra_info("socket")
        # uvloop says ValueError of a socket whose client has gone meanwhile: it was killed, say.
        if wire is not None:
            with suppress(OSError, ValueError):
                wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)
        transport.abort()

    return drop_now
