"""Client of the national portal (Cổng DVCQG), generation A: "mapi" behind an adapter.

Our words become the portal's here; what is done with them is in `mapi_portal`.
"""

import json
import re
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from app.domain.intake import Channel, ReturnWay
from app.domain.lifecycle import Status
from app.domain.lookups import Source
from app.domain.procedure import ApplicantKind, FeeKind, FeePhase
from app.integrations.portal import (
    Answer,
    PortalBusy,
    PortalContractBroken,
    PortalRefused,
    PortalUnavailable,
)

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

DATABASE = {Source.POPULATION: "1", Source.BUSINESS_REGISTER: None, Source.RESULT_STORE: None}
"""MaCSDL of the databases that are asked; None: the portal has no known code, it is not told."""

CHUNK = 10
"""Rows that one call may carry: the portal's limit for progress, kept for dossiers too."""

_DONE = {"0", "00"}
_EXISTS = "đã tồn tại"
_EXISTS_CODES = {"0", "3", "-3"}
_STATUS_TYPE = "2"
_QUOTA_WAIT_S, _LONGEST_WAIT_S = 1, 3600
_IDENTITY_SERVER = "wso2is"
_SESSION = re.compile(r"session|phiên(?! bản)", re.IGNORECASE)


class _SessionLost(PortalUnavailable):
    """The session has ended: the message was not taken."""


@dataclass(frozen=True, slots=True)
class Account:
    """How we log in: settings of the adapter."""

    adapter: str
    username: str
    password: str
    unit: str
    dstcode: str


@dataclass
class NationalPortal:
    """One account's session, shared by the threads of a worker."""

    http: httpx.Client  # the composition root builds it: base URL, time-outs, TLS
    account: Account
    _session: str | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _addressed: dict[str, httpx.Request] = field(default_factory=dict)

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

    def tell_dossiers(self, dossiers: Sequence[Mapping[str, Any]], *, is_update: bool) -> Answer:
        """Tell the state of several dossiers in one call (DongBoHoSoMC): all or none."""
        return self._call("DongBoHoSoMC", {"isUpdating": str(is_update), "data": [*dossiers]})[1]

    def tell_statuses(self, rows: Sequence[Mapping[str, Any]]) -> Answer:
        """Tell the status alone of dossiers that are there (DongBoTrangThaiHoSo): all or none."""
        return self._call("DongBoTrangThaiHoSo", {"type": _STATUS_TYPE, "data": [*rows]})[1]

    def tell_promotions(self, rows: Sequence[Mapping[str, Any]]) -> Answer:
        """Tell how promotion notices of the portal stand (DongBoTrangThaiHoSoKM): all or none.

        A row that was told before counts as told.
        """
        try:
            return self._call("DongBoTrangThaiHoSoKM", {"data": [*rows]})[1]
        except PortalRefused as refusal:
            if len(rows) != 1 or not _already_exists(refusal):
                raise
            return Answer(refusal.code, refusal.raw)

    def find_account(self, number: str) -> str | None:
        """Return the portal's account of a person or enterprise (TraCuuTechID), None if none."""
        try:
            keys = {"provider": _IDENTITY_SERVER, "mstorcmnd": number}
            answer, raw = self._call("TraCuuTechID", keys)
        except PortalRefused:
            return None
        rows = _rows_of(answer, raw.raw)
        return str(rows[0]["TECHNICALID"]) if rows and rows[0].get("TECHNICALID") else None

    def list_procedures(self) -> list[dict[str, Any]]:
        """Return the procedures of the portal's catalogue (LayDanhSachTTHC)."""
        answer, raw = self._call("LayDanhSachTTHC", {})
        return _rows_of(answer, raw.raw)

    def read_procedure(self, code: str) -> dict[str, Any]:
        """Return one procedure whole (LayThuTuc); `PortalRefused` if there is none."""
        answer, raw = self._call("LayThuTuc", {"maTTHC": code})
        rows = _rows_of(answer, raw.raw)
        if len(rows) != 1:
            raise PortalContractBroken(raw.raw[:500])
        return rows[0]

    def tell_dossier(self, dossier: Mapping[str, Any], *, is_update: bool) -> Answer:
        """Tell a dossier's state (DongBoHoSoMC).

        "Already exists" may be the answer to this very message, delivered twice on its way: what
        the portal holds as it should be is not told again, anything else is updated.
        """
        try:
            return self.tell_dossiers([dossier], is_update=is_update)
        except PortalRefused as refusal:
            if not _already_exists(refusal):
                raise
            if self.look_up(str(dossier["MaHoSo"])) == dossier:
                return Answer(refusal.code, refusal.raw)
            if is_update:
                raise
        return self.tell_dossiers([dossier], is_update=True)

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
        try:
            response = self.http.send(self._request(path, body))
        except httpx.TransportError as error:
            raise PortalUnavailable(type(error).__name__) from error
        if response.status_code == httpx.codes.TOO_MANY_REQUESTS:
            said = response.headers.get("Retry-After", "")
            wait_s = int(said) if said.isascii() and said.isdigit() else _QUOTA_WAIT_S
            raise PortalBusy("HTTP 429", min(wait_s, _LONGEST_WAIT_S))
        if response.is_server_error:
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

    def _request(self, path: str, body: Mapping[str, Any]) -> httpx.Request:
        """Write a request; address and headers are the same each time and put together once.

        Half of what a call costs here would go into that, and a province asks by the 100,000.
        """
        known = self._addressed.get(path)
        if known is None:
            account = self.account
            known = self._addressed[path] = self.http.build_request(
                "POST",
                f"/{account.adapter}/RestService/forward/mapi/{path}",
                params={"dstcode": account.dstcode},
                headers={
                    "Accept": "application/json",
                    "Charset": "utf-8",
                    "Content-Type": "application/json",
                    "dstcode": account.dstcode,
                },
            )
            known.headers.pop("Content-Length", None)
        content = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        timeout = {"timeout": self.http.timeout.as_dict()}
        return httpx.Request(
            "POST", known.url, headers=known.headers, content=content, extensions=timeout
        )


def _rows_of(answer: Mapping[str, Any], raw: str) -> list[dict[str, Any]]:
    rows = answer.get("result")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise PortalContractBroken(raw[:500])
    return rows


def _already_exists(refusal: PortalRefused) -> bool:
    return refusal.code in _EXISTS_CODES and _EXISTS in refusal.message.lower()


@lru_cache(maxsize=4096)
def stamp(at: datetime) -> str:
    """Return an instant as the portal writes it: local, to the second."""
    return f"{at.astimezone(_LOCAL):%Y%m%d%H%M%S}"


def body_of(message: Mapping[str, Any]) -> bytes:
    """Return the canonical bytes of a message, for its hash in the ledger."""
    return json.dumps(message, ensure_ascii=False, sort_keys=True).encode()
