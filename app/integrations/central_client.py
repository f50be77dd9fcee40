"""Client of the central national portal (Cổng DVCQG), generation B: tokens, numbers, files, calls.

The contract names the calls and their fields; the paths are the names, and what counts as success
("0", "00", "200") is (derived).
"""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import httpx

from app.integrations.portal import (
    Answer,
    PortalContractBroken,
    PortalRefused,
    PortalUnavailable,
)

CHUNK = 10
"""Rows that one call carries."""

_DONE = {"0", "00", "200"}
_EXISTS = {"3", "-3"}
_UNAUTHORISED = "401"
_EARLY = timedelta(seconds=30)


class _TokenLost(PortalUnavailable):
    """The token has ended: the message was not taken."""


@dataclass(frozen=True, slots=True)
class Client:
    """How we log in."""

    id: str
    secret: str


@dataclass(frozen=True, slots=True)
class Uploaded:
    file_id: str
    sha256: str


@dataclass
class CentralClient:
    """One client's token, shared by the threads of a worker."""

    http: httpx.Client  # the composition root builds it: base URL, time-outs, TLS
    client: Client
    _token: tuple[str, datetime] | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def next_number(self, unit: str, now: datetime) -> str:
        """Take a new dossier number for a unit (GetNextValue); each call takes another."""
        answer, raw = self._call("GET", "GetNextValue", now, params={"code": unit})
        number = answer.get("value")
        if not isinstance(number, str) or not number:
            raise PortalContractBroken(raw[:500])
        return number

    def upload(self, name: str, content: bytes, now: datetime) -> Uploaded:
        """Upload a file (UploadFile) and return what it is called there."""
        files = {"files": (name, content, "application/octet-stream")}
        answer, raw = self._call("POST", "UploadFile", now, files=files)
        try:
            [row] = answer["data"]
            return Uploaded(str(row["IdTepTin"]), str(row["HashTepTin"]))
        except (KeyError, TypeError, ValueError) as error:
            raise PortalContractBroken(raw[:500]) from error

    def create(self, dossier: Mapping[str, Any], now: datetime) -> str:
        """Create a dossier under its number (CreateDossier) and return the portal's id of it.

        One that is there already is answered with its id: it is the same, numbers are ours once.
        """
        answer, raw = self._call("POST", "CreateDossier", now, json=dossier)
        data = answer.get("data")
        made = data.get("idHoSo") if isinstance(data, dict) else None
        if not made or not isinstance(data, dict) or data.get("maHoSo") != dossier["MaHoSo"]:
            raise PortalContractBroken(raw[:500])
        return str(made)

    def tell_progress(self, rows: Sequence[Mapping[str, Any]], now: datetime) -> Answer:
        """Tell what was done (CapNhatTienTrinh); a row that was told before is kept once."""
        answer, raw = self._call("POST", "CapNhatTienTrinh", now, json=[*rows])
        return Answer(str(answer["code"]), raw)

    def tell_statuses(self, rows: Sequence[Mapping[str, Any]], now: datetime) -> Answer:
        """Tell where dossiers stand (CapNhatTrangThai); the same again changes nothing."""
        answer, raw = self._call("POST", "CapNhatTrangThai", now, json=[*rows])
        return Answer(str(answer["code"]), raw)

    def _call(
        self,
        method: str,
        name: str,
        now: datetime,
        **content: Any,  # noqa: ANN401  (httpx's)
    ) -> tuple[dict[str, Any], str]:
        """Call with the current token; one that has ended is renewed once."""
        token = self._current_token(None, now)
        try:
            return self._call_with(token, method, name, content)
        except _TokenLost:
            return self._call_with(self._current_token(token, now), method, name, content)

    def _call_with(
        self, token: str, method: str, name: str, content: Mapping[str, Any]
    ) -> tuple[dict[str, Any], str]:
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
        answer, raw = self._send(method, name, {"headers": headers, **content})
        code = str(answer.get("code", _DONE_BY_VALUE if "value" in answer else ""))
        if code == _UNAUTHORISED:
            raise _TokenLost(f"{code}: {answer.get('message')}")
        if code not in _DONE and not (name == "CreateDossier" and code in _EXISTS):
            raise PortalRefused(code, str(answer.get("message", "")), raw)
        return answer, raw

    def _current_token(self, stale: str | None, now: datetime) -> str:
        with self._lock:
            known = self._token
            if known is not None and known[0] != stale and now < known[1]:
                return known[0]
            credentials = {"client_id": self.client.id, "client_secret": self.client.secret}
            try:
                answer, raw = self._send("POST", "GetToken", {"json": credentials})
            except PortalContractBroken as error:
                raise PortalUnavailable(f"GetToken: {error}") from error
            token, lifetime = answer.get("access_token"), answer.get("expires_in")
            if not isinstance(token, str) or not isinstance(lifetime, int):
                # Nothing is wrong with the messages: they wait until the client is let in.
                raise PortalUnavailable(f"GetToken: {raw[:500]}")
            self._token = token, now + timedelta(seconds=lifetime) - _EARLY
            return token

    def _send(
        self, method: str, name: str, content: Mapping[str, Any]
    ) -> tuple[dict[str, Any], str]:
        try:
            response = self.http.request(method, f"/{name}", **content)
        except httpx.TransportError as error:
            raise PortalUnavailable(type(error).__name__) from error
        if response.is_server_error or response.status_code == httpx.codes.TOO_MANY_REQUESTS:
            raise PortalUnavailable(f"HTTP {response.status_code}")
        try:
            answer = response.json()
        except ValueError as error:
            raise PortalContractBroken(
                f"HTTP {response.status_code}: {response.text[:500]}"
            ) from error
        if not isinstance(answer, dict):
            raise PortalContractBroken(response.text[:500])
        if response.is_error and "code" not in answer:
            raise PortalContractBroken(f"HTTP {response.status_code}: {response.text[:500]}")
        return answer, response.text


_DONE_BY_VALUE = "00"
"""GetNextValue answers with a value and no code."""
