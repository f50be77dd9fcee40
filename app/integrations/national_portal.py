"""Client of the national portal (Cổng DVCQG), generation A: "mapi" behind an adapter.

Our words become the portal's here and nowhere else; a word without a mapping raises `Unmapped`
and blocks that message with its name, it is never sent empty.
"""

import json
import re
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from app.domain.intake import Channel, ReturnWay
from app.domain.lifecycle import Status
from app.domain.procedure import ApplicantKind, FeeKind, FeePhase

_LOCAL = ZoneInfo("Asia/Ho_Chi_Minh")

STATUS = {
    Status.REGISTERED: "1",
    Status.ACCEPTED: "2",
    Status.REFUSED: "3",
    Status.IN_PROCESS: "4",
    Status.SUPPLEMENT_REQUESTED: "5",
    Status.PAYMENT_REQUESTED: "6",
    Status.WITHDRAWN: "7",
    Status.STOPPED: "8",
    Status.RESOLVED: "9",
    Status.RETURNED: "10",
}
CHANNEL = {Channel.DESK: "1", Channel.ONLINE: "2", Channel.POST: "3"}
APPLICANT = {
    ApplicantKind.CITIZEN: "1",
    ApplicantKind.ENTERPRISE: "2",
    ApplicantKind.STATE_BODY: "3",
    ApplicantKind.ORGANISATION: "4",
}
RETURN_WAY = {ReturnWay.DESK: "0", ReturnWay.ONLINE: "0", ReturnWay.POST: "1"}
FEE_PHASE = {FeePhase.ACCEPTANCE: "1", FeePhase.RETURN: "4"}
FEE_KIND = {FeeKind.FEE: "1", FeeKind.CHARGE: "1"}

CHUNK = 10
"""Progress rows that one call may carry."""

_DONE = {"0", "00"}
_EXISTS = "đã tồn tại"
_EXISTS_CODES = {"0", "3", "-3"}
_SESSION = re.compile(r"session|phiên(?! bản)", re.IGNORECASE)


class PortalUnavailable(Exception):
    """No answer, a 5xx, a quota, no session: try later.

    Whether the message arrived is unknown: ask before sending it again.
    """


class _SessionLost(PortalUnavailable):
    """The session has ended: the message was not taken."""


class PortalContractBroken(Exception):
    """An answer that cannot be read: a person looks."""


class PortalRefused(Exception):
    """The portal read the message and does not take it: `code` and its words."""

    def __init__(self, code: str, message: str, raw: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.raw = raw


class Unmapped(Exception):
    """One of our values has no word at the portal: `name` is that value."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


@dataclass(frozen=True, slots=True)
class Account:
    """How we log in: settings of the adapter."""

    adapter: str
    username: str
    password: str
    unit: str
    dstcode: str


@dataclass(frozen=True, slots=True)
class Answer:
    code: str
    raw: str


@dataclass
class NationalPortal:
    """One account's session, shared by the threads of a worker."""

    http: httpx.Client  # the composition root builds it: base URL, time-outs, TLS
    account: Account
    _session: str | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def look_up(self, code: str) -> dict[str, Any] | None:
        """Return a dossier as the portal holds it (TraCuuHoSo), None if the answer is empty.

        Some systems see an error where a dossier is not there: `PortalRefused` may mean that.
        """
        answer, raw = self._call("TraCuuHoSo", {"mahoso": code})
        found = answer.get("result")
        if not found:
            return None
        if not isinstance(found, list) or not isinstance(found[0], dict):
            raise PortalContractBroken(raw.raw[:500])
        return found[0]

    def tell_dossier(self, dossier: Mapping[str, Any], *, is_update: bool) -> Answer:
        """Tell a dossier's state (DongBoHoSoMC).

        "Already exists" may be the answer to this very message, delivered twice on its way: what
        the portal holds as it should be is not told again, anything else is updated.
        """
        keys = {"isUpdating": str(is_update), "data": [dossier]}
        try:
            return self._call("DongBoHoSoMC", keys)[1]
        except PortalRefused as refusal:
            if not _already_exists(refusal):
                raise
            if self.look_up(str(dossier["MaHoSo"])) == dossier:
                return Answer(refusal.code, refusal.raw)
            if is_update:
                raise
        return self._call("DongBoHoSoMC", {"isUpdating": "True", "data": [dossier]})[1]

    def tell_progress(self, rows: Sequence[Mapping[str, Any]]) -> Answer:
        """Tell what was done (CapNhatTienDoHoSoMC), at most ten rows a call.

        A row that was told before counts as told.
        """
        answer = Answer("0", "")
        for start in range(0, len(rows), CHUNK):
            try:
                keys = {"data": list(rows[start : start + CHUNK])}
                answer = self._call("CapNhatTienDoHoSoMC", keys)[1]
            except PortalRefused as refusal:
                if not _already_exists(refusal):
                    raise
                answer = Answer(refusal.code, refusal.raw)
        return answer

    def _call(self, service: str, keys: Mapping[str, Any]) -> tuple[dict[str, Any], Answer]:
        """Call a service in the current session; one that has expired is renewed once."""
        session = self._session or self._log_in(None)
        try:
            return self._call_in(session, service, keys)
        except _SessionLost:
            return self._call_in(self._log_in(session), service, keys)

    def _call_in(
        self, session: str, service: str, keys: Mapping[str, Any]
    ) -> tuple[dict[str, Any], Answer]:
        body = {"session": session, "madonvi": self.account.unit, "service": service, **keys}
        answer, raw = self._post("g", body)
        code, message = str(answer.get("error_code")), str(answer.get("message", ""))
        if code not in _DONE and _SESSION.search(message):
            raise _SessionLost(f"{code}: {message}")
        if code not in _DONE or _EXISTS in message.lower():
            raise PortalRefused(code, message, raw)
        return answer, Answer(code, raw)

    def _log_in(self, stale: str | None) -> str:
        with self._lock:
            if self._session is not None and self._session != stale:
                return self._session  # another thread has renewed it
            credentials = {"username": self.account.username, "password": self.account.password}
            try:
                answer, raw = self._post("login", credentials)
            except PortalContractBroken as error:
                raise PortalUnavailable(f"login: {error}") from error
            session = answer.get("session")
            if str(answer.get("error_code")) not in _DONE or not session:
                # Nothing is wrong with the messages: they wait until the account is let in.
                raise PortalUnavailable(f"login: {raw[:500]}")
            self._session = str(session)
            return self._session

    def _post(self, path: str, body: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
        account = self.account
        try:
            response = self.http.post(
                f"/{account.adapter}/RestService/forward/mapi/{path}",
                params={"dstcode": account.dstcode},
                json=body,
                headers={
                    "Accept": "application/json",
                    "Charset": "utf-8",
                    "dstcode": account.dstcode,
                },
            )
        except httpx.TransportError as error:
            raise PortalUnavailable(type(error).__name__) from error
        if response.is_server_error or response.status_code == httpx.codes.TOO_MANY_REQUESTS:
            raise PortalUnavailable(f"HTTP {response.status_code}")
        try:
            answer = response.raise_for_status().json()
        except (httpx.HTTPStatusError, ValueError) as error:
            raise PortalContractBroken(
                f"HTTP {response.status_code}: {response.text[:500]}"
            ) from error
        if not isinstance(answer, dict) or "error_code" not in answer:
            raise PortalContractBroken(response.text[:500])
        return answer, response.text


def _already_exists(refusal: PortalRefused) -> bool:
    return refusal.code in _EXISTS_CODES and _EXISTS in refusal.message.lower()


def word(table: Mapping[Any, str], value: Any) -> str:  # noqa: ANN401  (any of our enums)
    """Return the portal's word for one of ours; raises `Unmapped`."""
    try:
        return table[value]
    except KeyError as error:
        raise Unmapped(f"{type(value).__name__}.{value}") from error


def stamp(at: datetime) -> str:
    """Return an instant as the portal writes it: local, to the second."""
    return f"{at.astimezone(_LOCAL):%Y%m%d%H%M%S}"


def body_of(message: Mapping[str, Any]) -> bytes:
    """Return the canonical bytes of a message, for its hash in the ledger."""
    return json.dumps(message, ensure_ascii=False, sort_keys=True).encode()
