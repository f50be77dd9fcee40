"""Where a request comes from: the peer, or what a proxy that we were told to trust says."""

from collections.abc import Iterable, Sequence
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Annotated, TypeAlias

from fastapi import Depends, Request

from app.api.dependencies import CurrentDoors

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

_UNKNOWN = "unknown"
_SUBSCRIBER_BITS = 64


def client_address(peer: str | None, forwarded: Iterable[str], trusted: Sequence[Network]) -> str:
    """Return the address of the client, as far as it can be known.

    `forwarded` are the values of X-Forwarded-For, which anybody can send: they are read from the
    right, where each proxy adds whom it heard, and only as far as trusted proxies wrote them.
    """
    said = [part.strip() for line in forwarded for part in line.split(",")]
    known, found = _address(peer or ""), peer or _UNKNOWN
    while known is not None and said and any(known in network for network in trusted):
        known = _address(said.pop())
        if known is not None:
            found = str(known)
    return found


def subscriber(address: str) -> str:
    """Return what stands for one client in quotas: an IPv6 client has 2**64 addresses of its own.

    >>> subscriber("2001:db8:1:2:3:4:5:6")
    '2001:db8:1:2::/64'
    """
    known = _address(address)
    if isinstance(known, IPv6Address):
        return str(ip_network((known, _SUBSCRIBER_BITS), strict=False))
    return address if known is None else str(known)


def _address(text: str) -> Address | None:
    try:
        known = ip_address(text)
    except ValueError:
        return None
    return getattr(known, "ipv4_mapped", None) or known


async def _client(request: Request, doors: CurrentDoors) -> str:
    peer = request.client.host if request.client else None
    return client_address(peer, request.headers.getlist("x-forwarded-for"), doors.trusted_proxies)


ClientAddress = Annotated[str, Depends(_client)]
