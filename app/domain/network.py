"""Which addresses of the Internet may be called on behalf of somebody who named them."""

from collections.abc import Collection
from dataclasses import dataclass
from ipaddress import IPv6Address, IPv6Network, ip_address
from urllib.parse import SplitResult, urlsplit

from app.domain.errors import DomainError

_LONGEST_URL = 500
_HTTPS_PORT, _HTTP_PORT = 443, 80
# Each of these carries an IPv4 address inside, which a relay would call for us.
_EMBEDDING = tuple(map(IPv6Network, ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32")))


class UrlRefused(DomainError):
    """A URL that nothing may be sent to, whatever its host resolves to."""

    code = "webhook.url_refused"
    title = "Đường dẫn không được phép"


@dataclass(frozen=True, slots=True)
class Target:
    """A checked URL in its parts; `is_internal`: its host is one that the province named."""

    scheme: str
    host: str
    port: int
    path: str
    is_internal: bool


def is_public(address: str) -> bool:
    """Tell whether an IP address belongs to the open Internet and to a single machine."""
    try:
        found = ip_address(address)
    except ValueError:
        return False
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped is not None:
            return is_public(str(found.ipv4_mapped))
        if found.scope_id is not None or any(found in network for network in _EMBEDDING):
            return False
    return found.is_global and not found.is_multicast


def read_target(url: str, internal_hosts: Collection[str]) -> Target:
    """Take a URL apart, or refuse it: https only, but for the hosts that the province named.

    Raises `UrlRefused` for user names, fragments, other schemes, and texts that are no URL.
    """
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError as error:
        raise UrlRefused("Đường dẫn không đọc được.") from error
    is_internal = host in internal_hosts
    if parts.scheme not in ({"https", "http"} if is_internal else {"https"}):
        raise UrlRefused("Đường dẫn phải bắt đầu bằng https://.")
    if _is_odd(url, parts) or not host:
        raise UrlRefused("Đường dẫn chỉ gồm máy chủ, cổng, đường dẫn và tham số.")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    usual = _HTTPS_PORT if parts.scheme == "https" else _HTTP_PORT
    return Target(parts.scheme, host, port or usual, path, is_internal)


def _is_odd(url: str, parts: SplitResult) -> bool:
    has_user = parts.username is not None or parts.password is not None
    is_plain = url.isascii() and url.isprintable() and " " not in url and "\\" not in url
    return has_user or bool(parts.fragment) or not is_plain or len(url) > _LONGEST_URL
