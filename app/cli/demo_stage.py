"""The stage of the demo: people with tokens, the portal that is asked, the lines that are told."""

import json
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import uuid4

import httpx
from rich.console import Console

_PATIENCE_S = 30.0
_LOOK_EVERY_S = 0.1

T = TypeVar("T")


class Unexpected(Exception):
    """Something was not as the story has it: what, in one sentence."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a token at the API."""

    label: str
    http: httpx.Client
    token: str

    def get(self, path: str, **query: Any) -> dict[str, Any]:  # noqa: ANN401  (query values)
        return self._send("GET", path, params=query).json()  # type: ignore[no-any-return]

    def post(
        self,
        path: str,
        body: dict[str, Any] | None = None,
        *,
        version: int | None = None,
        key: str | None = None,
        expect: int | None = None,
    ) -> dict[str, Any]:
        headers = {"Idempotency-Key": key or str(uuid4())}
        if version is not None:
            headers["If-Match"] = f'"{version}"'
        response = self._send(
            "POST", path, json=body if body is not None else {}, headers=headers, expect=expect
        )
        answer: dict[str, Any] = response.json()
        return answer

    def act(self, code: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Read the dossier, then act on the version that was read."""
        version = self.get(f"/v1/dossiers/{code}")["version"]
        return self.post(f"/v1/dossiers/{code}/{path}", body, version=version)

    def upload(self, content: bytes, name: str, kind: str = "component") -> str:
        response = self._send(
            "POST", "/v1/documents", params={"name": name, "kind": kind}, content=content
        )
        return str(response.json()["id"])

    def paper(self, path: str) -> bytes:
        content = self._send("GET", path).content
        if not content.startswith(b"%PDF-"):
            raise Unexpected(f"{path} không phải là PDF")
        return content

    def download(self, document: str) -> bytes:
        return self._send("GET", f"/v1/documents/{document}/content").content

    def _send(
        self,
        method: str,
        path: str,
        *,
        expect: int | None = None,
        headers: dict[str, str] | None = None,
        **parts: Any,  # noqa: ANN401  (httpx's own)
    ) -> httpx.Response:
        response = self.http.request(
            method,
            path,
            headers={"Authorization": f"Bearer {self.token}", **(headers or {})},
            **parts,
        )
        as_expected = response.is_success if expect is None else response.status_code == expect
        if not as_expected:
            raise Unexpected(
                f"{self.label}: {method} {path} trả về {response.status_code}: "
                f"{response.text[:300]}"
            )
        return response


@dataclass
class Stage:
    """Tells each step and checks it against what the national portal knows by then."""

    api: httpx.Client
    mocks: httpx.Client
    as_json: bool
    console: Console = field(default_factory=Console)
    steps: int = 0
    acts: Counter[str] = field(default_factory=Counter)

    def heading(self, text: str) -> None:
        if not self.as_json:
            self.console.print(f"\n[bold]{text}[/bold]")

    def tell(self, who: str, what: str, code: str | None = None, status: str | None = None) -> None:
        """Tell a step; with a dossier, wait until the portal knows it in that status."""
        known = None
        if code is not None:
            known = self._portal_status(code, status)
        self.steps += 1
        if self.as_json:
            facts = {"step": self.steps, "who": who, "what": what, "dossier": code}
            print(json.dumps(facts | {"portal_status": known}, ensure_ascii=False))  # noqa: T201
            return
        portal = f"   [dim]← Cổng DVCQG: {known}[/dim]" if known else ""
        line = f"{self.steps:>3}. {who:<18} {what}{portal}"
        self.console.print(line, highlight=False, soft_wrap=True)

    def _portal_status(self, code: str, status: str | None) -> str:
        """Wait until the portal was told of this act, the next of its dossier, in `status`."""
        place = self.acts[code]
        self.acts[code] += 1

        def look() -> str | None:
            response = self.mocks.get(f"/national-portal/_dossiers/{code}")
            told = response.json()["told"] if response.is_success else []
            return str(told[place]["status"]) if len(told) > place else None

        seen = self.wait(look, f"Cổng DVCQG chưa được báo bước {place + 1} của hồ sơ {code}")
        if status not in {None, seen}:
            raise Unexpected(f"Cổng DVCQG được báo trạng thái {seen}, không phải {status}")
        return seen

    def wait(self, look: Callable[[], T | None], otherwise: str) -> T:
        """Look again and again until there is something, or fail with a sentence."""
        deadline = time.monotonic() + _PATIENCE_S
        while time.monotonic() < deadline:
            found = look()
            if found is not None:
                return found
            time.sleep(_LOOK_EVERY_S)
        raise Unexpected(otherwise)
