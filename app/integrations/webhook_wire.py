"""Posting an event to an address that somebody else named, without being used against our own.

Every address that the host resolves to must be public; the connection goes to one that was
checked, never to a second answer of the resolver; redirects are answers like any other; nothing
is read from the environment. Hosts that the province named itself may be internal.
"""

import socket
import ssl
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpcore

from app.domain.network import Target, UrlRefused, is_public, read_target

Resolve = Callable[[str, int], list[str]]

_READ_AT_MOST = 1000
_OK, _REDIRECT = 200, 300


class EndpointUnavailable(Exception):
    """No answer, a 5xx, a quota, a forbidden address: the endpoint itself is out of order."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(detail or code)
        self.code = code


class EndpointRefused(Exception):
    """It answered, and does not take this event; `is_gone`: it wants no events any more (410)."""

    def __init__(self, code: str, detail: str, *, is_gone: bool = False) -> None:
        super().__init__(detail)
        self.code = code
        self.is_gone = is_gone


@dataclass(frozen=True, slots=True)
class Taken:
    code: str
    answer: str


def resolve(host: str, port: int) -> list[str]:
    """Return every address of a host; raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[4][0]) for address in found))


@dataclass(frozen=True, slots=True)
class WebhookWire:
    """`timeout_s` holds for each step, three times as much for a whole exchange."""

    internal_hosts: Collection[str] = frozenset()
    timeout_s: float = 10.0
    resolve: Resolve = field(default=resolve)

    def check(self, url: str) -> None:
        """Refuse an address that nothing would be sent to (`UrlRefused`).

        A host that cannot be resolved now is let pass: it is looked at again at each sending.
        """
        target = read_target(url, self.internal_hosts)
        try:
            addresses = self.resolve(target.host, target.port)
        except OSError:
            return
        if _forbidden(target, addresses):
            raise UrlRefused("Máy chủ này ở trong mạng nội bộ hoặc không phải máy chủ đơn lẻ.")

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Taken:
        """Post an event; raises `EndpointUnavailable` or `EndpointRefused`."""
        try:
            target = read_target(url, self.internal_hosts)
        except UrlRefused as error:
            raise EndpointUnavailable("url_refused", error.detail) from error
        try:
            status, answer = self._exchange(url, target, headers, body)
        except _Forbidden as error:
            raise EndpointUnavailable("address_refused", str(error)) from error
        except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError) as error:
            raise EndpointUnavailable("no_answer", type(error).__name__) from error
        return _judged(status, answer)

    def _exchange(
        self, url: str, target: Target, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, str]:
        limit = _Limit(time.monotonic() + self.timeout_s * 3)
        steps = dict.fromkeys(("connect", "read", "write", "pool"), self.timeout_s)
        # A pool of its own: no connection outlives the check of its address.
        with (
            httpcore.ConnectionPool(
                ssl_context=ssl.create_default_context() if target.scheme == "https" else None,
                network_backend=_Checked(self, target, limit),
            ) as pool,
            pool.stream(
                "POST",
                url,
                headers=list(headers.items()),
                content=body,
                extensions={"timeout": steps},
            ) as response,
        ):
            return response.status, _beginning(response.iter_stream())


class _Forbidden(Exception):
    """The host leads to an address that may not be called."""


class _Checked(httpcore.SyncBackend):
    """Connects to addresses that were checked, in the place of a host's name."""

    def __init__(self, wire: WebhookWire, target: Target, limit: "_Limit") -> None:
        super().__init__()
        self._wire = wire
        self._target = target
        self._limit = limit

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Resolve once, refuse if any address may not be called, connect to the first that is."""
        try:
            addresses = self._wire.resolve(host, port)
        except OSError as error:
            raise httpcore.ConnectError(str(error)) from error
        forbidden = _forbidden(self._target, addresses)
        if forbidden or not addresses:
            raise _Forbidden(", ".join(forbidden) or host)
        stream = super().connect_tcp(addresses[0], port, timeout, local_address, socket_options)
        return _Limited(stream, self._limit)


@dataclass(frozen=True, slots=True)
class _Limit:
    """When an exchange must be over, however many steps an endpoint makes of it."""

    ends_at: float

    def left(self, timeout: float | None, late: type[Exception]) -> float:
        left = self.ends_at - time.monotonic()
        if left <= 0:
            raise late
        return left if timeout is None else min(timeout, left)


class _Limited(httpcore.NetworkStream):
    """A stream whose steps together end in time."""

    def __init__(self, stream: httpcore.NetworkStream, limit: _Limit) -> None:
        self._stream = stream
        self._limit = limit

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._limit.left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._limit.left(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        left = self._limit.left(timeout, httpcore.ConnectTimeout)
        return _Limited(self._stream.start_tls(ssl_context, server_hostname, left), self._limit)

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401  (httpcore's own)
        return self._stream.get_extra_info(info)


def _forbidden(target: Target, addresses: list[str]) -> list[str]:
    if target.is_internal:
        return []
    return [address for address in addresses if not is_public(address)]


def _beginning(pieces: Iterable[bytes]) -> str:
    """Return the beginning of an answer; the rest is not read."""
    kept = b""
    for piece in pieces:
        kept += piece
        if len(kept) >= _READ_AT_MOST:
            break
    return kept[:_READ_AT_MOST].decode("utf-8", "replace")


def _judged(status: int, answer: str) -> Taken:
    code = f"http_{status}"
    if _OK <= status < _REDIRECT:
        return Taken(code, answer)
    if status >= 500 or status in {408, 429}:  # noqa: PLR2004  (HTTP's own numbers)
        raise EndpointUnavailable(code, answer)
    raise EndpointRefused(code, answer, is_gone=status == 410)  # noqa: PLR2004  (same)
