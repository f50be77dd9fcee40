"""Clients of the crash harness: they act, ask again until they know, and note what they know.

What is acknowledged to them is kept here, outside the database that will be killed.
"""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx

from app import clock
from app.domain.procedure import FeePhase
from app.settings import Settings
from bench.province import PAPER, Offer, offers

_AGAIN_S = 0.25
_OPEN_AT_ONCE = 4
_SHARE_PAID = 0.3
_UNKNOWN = {408, 429, 500, 502, 503, 504}
_IN_FLIGHT = "idempotency.in_flight"

TokenOf = Callable[[str, str | None, str, str], str]


@dataclass
class Told:
    """A dossier as its client knows it: the acts that were acknowledged, in order."""

    code: str
    offer: Offer
    applicant: str
    acts: list[str]
    version: int
    payment: str | None = None


@dataclass
class Notes:
    """What all clients know together."""

    dossiers: list[Told] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    asked_again: Counter[str] = field(default_factory=Counter)


class Client:
    """Hands in dossiers and leads them through their acts, one request after the other."""

    def __init__(
        self, number: int, settings: Settings, token_of: TokenOf, notes: Notes, seed: int
    ) -> None:
        self._draw = random.Random(f"{seed}:{number}")
        self._number = f"0250990{number:05}"
        self._token_of = token_of
        self._notes = notes
        self._http = httpx.Client(base_url=settings.web_url_local, trust_env=False, timeout=10)
        self._mocks = httpx.Client(base_url=settings.mocks_url, trust_env=False, timeout=10)
        self._offers = [
            offer
            for offer in offers(clock.today())
            if offer.kind in {"citizen", "enterprise"}  # the others have no word in generation B
        ]
        self._open: list[tuple[Told, list[tuple[str, str, dict[str, Any] | None]]]] = []

    def run(self, closing: threading.Event) -> None:
        """Work until asked to stop; what was begun is asked for until it is known."""
        while not closing.is_set():
            if len(self._open) < _OPEN_AT_ONCE:
                self._hand_in()
            else:
                self._act(self._draw.randrange(len(self._open)))
        self._http.close()
        self._mocks.close()

    def _hand_in(self) -> None:
        offer = self._draw.choice(self._offers)
        number = self._number if offer.kind == "citizen" else f"26{self._number[4:]}"
        name = f"{'Nguyễn Văn' if offer.kind == 'citizen' else 'Công ty'} Mẫu"
        token = self._token_of("applicant", None, number, name)
        papers = [
            self._upload(token, "component", f"{n}.pdf") for n, _ in enumerate(offer.components)
        ]
        made = self._post("/v1/dossiers", token, offer.application(number, name, papers))
        if made is None:
            return
        body = made.json()
        told = Told(body["code"], offer, token, ["submit"], body["version"])
        self._notes.dossiers.append(told)
        self._open.append((told, _way(offer)))
        if _is_paid_first(offer) and self._draw.random() < _SHARE_PAID:
            self._pay(told)

    def _act(self, which: int) -> None:
        told, way = self._open[which]
        role, path, body = way.pop(0)
        agency = told.offer.agency
        token = self._token_of(role, agency, f"{role}@{agency}", f"Cán bộ {role}")
        if path == "resolution":
            result = self._upload(token, "result", "ket-qua.pdf")
            body = {"granted": True, "documents": [result]}
        version = {"If-Match": f'"{told.version}"'}
        done = self._post(f"/v1/dossiers/{told.code}/{path}", token, body, version)
        if done is not None:
            told.acts.append(_ACTS[path])
            told.version = done.json()["version"]
        if done is None or not way:
            del self._open[which]

    def _pay(self, told: Told) -> None:
        """Open a payment at the platform, wait for its page, pay there."""
        opened = self._post(f"/v1/dossiers/{told.code}/payments", told.applicant, {})
        if opened is None:
            return
        told.payment = reference = opened.json()["reference"]
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            known = self._ask(f"/v1/dossiers/{told.code}/payments/{reference}", told.applicant)
            if known is None or known["pay_url"]:
                break
            time.sleep(_AGAIN_S)
        while time.monotonic() < deadline:
            try:
                answer = self._mocks.post(f"/payment/pay/{reference}", json={"outcome": "paid"})
                if answer.status_code in {200, 409}:
                    return
            except httpx.TransportError:
                pass
            time.sleep(_AGAIN_S)

    def _upload(self, token: str, kind: str, name: str) -> str:
        parameters = f"?kind={kind}&name={name}"
        kept = self._post(f"/v1/documents{parameters}", token, PAPER)
        if kept is None:
            raise AssertionError(self._notes.refusals[-1])
        return str(kept.json()["id"])

    def _post(
        self,
        path: str,
        token: str,
        body: Mapping[str, Any] | bytes | None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response | None:
        """Send a request under one key until its outcome is known; None if it was refused."""
        content = {"content": body} if isinstance(body, bytes) else {"json": body}
        sent = {"Authorization": f"Bearer {token}", "Idempotency-Key": str(uuid4())}
        while True:
            try:
                answer = self._http.post(path, headers=sent | dict(headers or {}), **content)
            except httpx.TransportError as error:
                self._notes.asked_again[type(error).__name__] += 1
                time.sleep(_AGAIN_S)
                continue
            if answer.is_success:
                return answer
            if answer.status_code not in _UNKNOWN and _IN_FLIGHT not in answer.text:
                self._notes.refusals.append(f"{path}: {answer.status_code} {answer.text[:300]}")
                return None
            self._notes.asked_again[f"HTTP {answer.status_code}"] += 1
            time.sleep(_AGAIN_S)

    def _ask(self, path: str, token: str) -> dict[str, Any] | None:
        while True:
            try:
                answer = self._http.get(path, headers={"Authorization": f"Bearer {token}"})
            except httpx.TransportError:
                time.sleep(_AGAIN_S)
                continue
            if answer.is_success:
                found: dict[str, Any] = answer.json()
                return found
            if answer.status_code not in _UNKNOWN:
                self._notes.refusals.append(f"{path}: {answer.status_code} {answer.text[:300]}")
                return None
            time.sleep(_AGAIN_S)


_ACTS = {
    "acceptance": "accept",
    "processing": "start",
    "handovers": "pass_on",
    "resolution": "resolve",
    "return": "return_result",
}


def _is_paid_first(offer: Offer) -> bool:
    return any(
        fee.phase is FeePhase.ACCEPTANCE and fee.amount_vnd > 0 for fee in offer.version.fees
    )


def _way(offer: Offer) -> list[tuple[str, str, dict[str, Any] | None]]:
    return [
        ("receptionist", "acceptance", None),
        ("officer", "processing", None),
        *([("officer", "handovers", {})] if len(offer.version.steps) > 2 else []),
        ("approver", "resolution", None),
        ("receptionist", "return", {"way": "desk"}),
    ]
