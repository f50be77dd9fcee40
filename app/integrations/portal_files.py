"""Files of the national portal, fetched from its own hosts and from nowhere else.

Whatever a message names as a link, only the origins (scheme, host, port) that the province set are
called: no redirect is followed, nothing is read from the environment, size and time are limited.
"""

import time
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx

_OK, _REQUEST_TIMEOUT, _TOO_MANY = 200, 408, 429
_PORTS = {"http": 80, "https": 443}
_PAGE = (b"<!doctype html", b"<html")
_HEAD = 512


class FileUnavailable(Exception):
    """No answer, cut short, a 5xx, a quota: fetch it again later."""


class FileBroken(Exception):
    """Another answer than a file: a page, a redirect, a 4xx. It may be a proxy's."""


class FileRefused(Exception):
    """It must not be fetched or kept: `code` says why, the text is for a person."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


@dataclass(frozen=True, slots=True)
class PortalFiles:
    """Fetches files; `origins` are the only places.

    `timeout_s` holds for each step, ten times as much for a whole file.
    """

    http: httpx.Client  # without base URL and cookies
    origins: Collection[str]
    timeout_s: float

    def check(self, url: str) -> None:
        """Refuse a link that leads elsewhere (`FileRefused`)."""
        if origin_of(url) not in {origin_of(known) for known in self.origins}:
            detail = "Đường dẫn tệp không thuộc máy chủ của Cổng đã khai báo."
            raise FileRefused("file.address_refused", detail)

    def fetch(self, url: str, into: Path, limit: int) -> None:
        """Write the file behind a link to `into`, at most `limit` bytes.

        Raises `FileUnavailable`, `FileBroken` or `FileRefused`.
        """
        self.check(url)
        ends_at = time.monotonic() + self.timeout_s * 10
        # Not unpacked on the way: a small answer must not grow.
        headers = {"Accept-Encoding": "identity", "Accept": "*/*"}
        try:
            with self.http.stream(
                "GET", url, headers=headers, timeout=self.timeout_s, follow_redirects=False
            ) as response:
                _judge(response)
                _write(response, into, limit, ends_at)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise FileUnavailable(type(error).__name__) from error
        with into.open("rb") as file:
            if file.read(_HEAD).lstrip().lower().startswith(_PAGE):
                raise FileBroken("HTML")


def _judge(response: httpx.Response) -> None:
    status = response.status_code
    if status >= 500 or status in {_REQUEST_TIMEOUT, _TOO_MANY}:  # noqa: PLR2004  (HTTP's own)
        raise FileUnavailable(f"HTTP {status}")
    if status != _OK:
        raise FileBroken(f"HTTP {status}")
    if response.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise FileBroken("Content-Encoding")


def _write(response: httpx.Response, into: Path, limit: int, ends_at: float) -> None:
    size = 0
    with into.open("wb") as file:
        for piece in response.iter_raw():
            size += len(piece)
            if size > limit:
                raise FileRefused("file.too_large", f"Tệp lớn hơn {limit // 1024 // 1024} MB.")
            if time.monotonic() > ends_at:
                raise FileUnavailable("too slow")
            file.write(piece)


def origin_of(url: str) -> tuple[str, str, int] | None:
    """Return scheme, host and port of a plain URL; None if it is none, or names a user."""
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        return None
    is_plain = url.isascii() and url.isprintable() and " " not in url and "\\" not in url
    if not is_plain or not host or parts.scheme not in _PORTS or "@" in parts.netloc:
        return None
    return parts.scheme, host, port or _PORTS[parts.scheme]
