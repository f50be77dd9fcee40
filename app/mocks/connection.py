"""Breaking a client's connection for real, the way a failing network does."""

import asyncio
import socket
import struct
from collections.abc import Callable

from starlette.types import ASGIApp, Receive, Scope, Send

_DROP = "mocks.drop"
_LINGER_ZERO = struct.pack("ii", 1, 0)  # closing then sends RST instead of FIN


class Droppable:
    """Outermost layer: keeps at hand how to drop the connection that a request came on."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with the means to drop its connection."""
        if scope["type"] == "http":
            # ASGI has no such thing; uvicorn's `send` is a method of the request that owns it.
            transport = getattr(getattr(send, "__self__", None), "transport", None)
            if isinstance(transport, asyncio.BaseTransport):
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


def _dropper(transport: asyncio.BaseTransport) -> Callable[[], None]:
    def drop_now() -> None:
        wire: socket.socket | None = transport.get_extra_info("socket")
        if wire is not None:
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)
        if isinstance(transport, asyncio.Transport):
            transport.abort()

    return drop_now
