"""The application as tests run it: on a real database, with the partners' mocks on a loopback port.

Only the clock is a test's own.
"""

import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import unquote
from uuid import uuid4

import httpx2
import uvicorn
from fastapi import FastAPI
from pydantic import SecretStr
from sqlalchemy import Engine, text
from starlette.testclient import TestClient
from starlette.types import ASGIApp

from app.db.access import connect
from app.domain.actor import Role
from app.domain.calendar import LOCAL_ZONE
from app.main import build
from app.mocks.config import MockConfig
from app.mocks.identity_tokens import issue_token
from app.mocks.server import create_app
from app.settings import Settings

Json: TypeAlias = Any
"""What requests and answers carry."""

Given: TypeAlias = Any
"""Named arguments that are handed on to somebody who knows their types."""

DISTRICT = "H44.29"
CITIZEN = "025099000001"
MONDAY = datetime(2026, 10, 5, 9, 0, tzinfo=LOCAL_ZONE)
"""A working Monday morning without a holiday near."""

_YEARS_S = 20 * 365 * 86400
_numbers = count(1)


@dataclass
class Clock:
    """A clock that stands until a test moves it."""

    at: datetime = MONDAY

    def __call__(self) -> datetime:
        return self.at

    def move(self, **by: float) -> None:
        self.at += timedelta(**by)


def settings_for(database_url: str, data_dir: Path, **overrides: Given) -> Settings:
    """Return settings of a test; `overrides` are fields of Settings."""
    given: dict[str, Any] = {
        "database_url": SecretStr(database_url),
        "data_dir": data_dir,
        "link_secret": SecretStr("khoa-thu-nghiem"),
        "partner_timeout_s": 5.0,
    }
    return Settings(**given | overrides)


def token(
    settings: Settings,
    role: str,
    agency: str | None = None,
    *,
    subject: str | None = None,
    name: str | None = None,
    **wanted: Given,
) -> str:
    """Return a token of the identity mock: valid for years, so that no test depends on today."""
    is_applicant = role == Role.APPLICANT
    return issue_token(
        settings.data_dir / "mocks",
        issuer=settings.issuer,
        audience=settings.identity_audience,
        role=role,
        subject=subject or (CITIZEN if is_applicant else f"{role}@{agency or 'partner'}"),
        name=name or ("Trần Thị Mẫu" if is_applicant else f"Cán bộ {role}"),
        agency=agency,
        **{"lifetime_s": _YEARS_S, **wanted},
    )


@contextmanager
def served(
    app: ASGIApp, listening: socket.socket | None = None, *, owns_lifespan: bool = True
) -> Iterator[str]:
    """Serve an application on a loopback port of its own and give its address.

    An application that is called in-process as well must not be closed with the server.
    """
    with listening or free_port() as bound:
        config = uvicorn.Config(
            app,
            log_level="critical",
            timeout_graceful_shutdown=1,
            lifespan="on" if owns_lifespan else "off",
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([bound],), daemon=True)
        thread.start()
        try:
            while not server.started:
                assert thread.is_alive()
                time.sleep(0.005)
            yield address_of(bound)
        finally:
            server.should_exit = True
            thread.join(timeout=5)
            assert not thread.is_alive()


def free_port() -> socket.socket:
    """Return a socket bound to a free loopback port."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    return listening


def address_of(bound: socket.socket) -> str:
    return f"http://127.0.0.1:{bound.getsockname()[1]}"


@contextmanager
def mocks(data_dir: Path, **config: Given) -> Iterator[str]:
    """Serve the partners' mocks and give their address; `config` are fields of MockConfig."""
    listening = free_port()
    told: dict[str, Any] = {"payment_confirm_url": "http://127.0.0.1:9/", "notice_backoff_s": 0.02}
    told |= config
    app = create_app(MockConfig(data_dir / "mocks", public_url=address_of(listening), **told))
    with served(app, listening) as url:
        yield url


def partners(mocks_url: str) -> dict[str, str]:
    """Return the settings that lead to the mocks."""
    return {
        "identity_issuer": f"{mocks_url}/identity",
        "identity_keys_url": f"{mocks_url}/identity/jwks",
        "portal_url": f"{mocks_url}/national-portal",
        "payment_url": f"{mocks_url}/payment",
        "lgsp_url": f"{mocks_url}/lgsp",
        "post_url": f"{mocks_url}/post",
    }


def with_clock(app: FastAPI, clock: Clock) -> FastAPI:
    """Let an application read the time from a test's clock."""
    app.state.doors = replace(app.state.doors, now=clock)
    return app


@dataclass(frozen=True)
class Api:
    """The application, called in-process, and the owner's view of its database."""

    http: TestClient
    app: FastAPI
    settings: Settings
    clock: Clock
    owner: Engine
    _people: dict[tuple[str, str | None, str | None], "Person"] = field(default_factory=dict)

    def person(self, role: str, agency: str | None = None, subject: str | None = None) -> "Person":
        """Return somebody with a token, the same one each time."""
        key = (role, agency, subject)
        if key not in self._people:
            made = token(self.settings, role, agency, subject=subject)
            self._people[key] = Person(self, made, subject or CITIZEN)
        return self._people[key]

    def citizen(self, number: str = CITIZEN) -> "Person":
        return self.person(Role.APPLICANT, None, number)

    def receptionist(self, agency: str = DISTRICT) -> "Person":
        return self.person(Role.RECEPTIONIST, agency)

    def officer(self, agency: str = DISTRICT) -> "Person":
        return self.person(Role.OFFICER, agency)

    def approver(self, agency: str = DISTRICT) -> "Person":
        return self.person(Role.APPROVER, agency)

    def rows(self, query: str, **values: Given) -> list[dict[str, Any]]:
        """Ask the database as its owner: no row security, no filter."""
        with self.owner.connect() as db:
            return [dict(row) for row in db.execute(text(query), values).mappings()]

    def row(self, query: str, **values: Given) -> dict[str, Any]:
        [found] = self.rows(query, **values)
        return found

    def dossier(self, code: str) -> dict[str, Any]:
        return self.row("SELECT * FROM dossier WHERE code = :code", code=code)

    def traces(self, code: str) -> dict[str, Any]:
        """Return all that an act could change: the dossier whole, and how much hangs on it."""
        return self.row(
            """
            SELECT to_jsonb(dossier) AS dossier,
                (SELECT count(*) FROM dossier_event WHERE dossier_id = dossier.id) AS events,
                (SELECT count(*) FROM delivery WHERE dossier_id = dossier.id) AS deliveries,
                (SELECT count(*) FROM payment WHERE dossier_id = dossier.id) AS payments,
                (SELECT count(*) FROM document WHERE dossier_id = dossier.id) AS documents,
                (SELECT count(*) FROM dossier_component WHERE dossier_id = dossier.id) AS papers,
                (SELECT count(*) FROM idempotency) AS keys
            FROM dossier WHERE code = :code
            """,
            code=code,
        )


@dataclass(frozen=True)
class Person:
    """Somebody with a token."""

    api: Api
    token: str
    subject: str

    def get(self, path: str, **query: Given) -> httpx2.Response:
        return self.send("GET", path, params=query or None)

    def post(
        self,
        path: str,
        body: Json = None,
        *,
        key: str | None = "new",
        version: int | str | None = None,
    ) -> httpx2.Response:
        """Post JSON; a `key` of None sends none, a `version` that is a string is sent as it is."""
        headers = {}
        if key is not None:
            headers["Idempotency-Key"] = str(uuid4()) if key == "new" else key
        if version is not None:
            headers["If-Match"] = version if isinstance(version, str) else f'"{version}"'
        return self.send("POST", path, json={} if body is None else body, headers=headers)

    def send(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        **parts: Given,
    ) -> httpx2.Response:
        credentials = {"Authorization": f"Bearer {self.token}"}
        headers = credentials | dict(headers or {})
        return self.api.http.request(method, path, headers=headers, **parts)

    def act(
        self,
        code: str,
        path: str,
        body: Json = None,
        *,
        version: int | str | None = None,
        key: str | None = "new",
    ) -> httpx2.Response:
        """Act on the dossier as it is now, whether this person may see it or not."""
        at = self.api.dossier(code)["version"] if version is None else version
        return self.post(f"/v1/dossiers/{code}/{path}", body, version=at, key=key)

    def does(self, code: str, path: str, body: Json = None) -> dict[str, Any]:
        """Act, and have it succeed."""
        return succeeded(self.act(code, path, body))

    def upload(
        self, content: bytes | None = None, name: str = "giay-to.pdf", kind: str = "component"
    ) -> str:
        """Upload a file, a new one if no content is given, and return the document's id."""
        response = self.send(
            "POST",
            "/v1/documents",
            params={"name": name, "kind": kind},
            content=a_pdf() if content is None else content,
        )
        return str(succeeded(response)["id"])


@contextmanager
def running_api(database_url: str, data_dir: Path, **overrides: Given) -> Iterator[Api]:
    """Run the application and the mocks that it needs; `overrides` are fields of Settings."""
    with mocks(data_dir) as mocks_url:
        settings = settings_for(database_url, data_dir, **partners(mocks_url) | overrides)
        with running_app(settings) as api:
            yield api


@contextmanager
def running_app(settings: Settings) -> Iterator[Api]:
    """Run the application alone, with a clock that stands."""
    clock = Clock()
    app = with_clock(build(settings), clock)
    assert settings.database_url is not None
    owner = connect(settings.database_url.get_secret_value(), as_owner=True, pool_size=2)
    with TestClient(app, "http://motcua.test", client=("127.0.0.1", 50_000)) as http:
        yield Api(http, app, settings, clock, owner)
    owner.dispose()


def succeeded(response: httpx2.Response) -> dict[str, Any]:
    """Return what a request was answered that must have succeeded."""
    assert response.is_success, response.text
    answer: dict[str, Any] = response.json()
    return answer


def refused(response: httpx2.Response, status: int, code: str) -> dict[str, Any]:
    """Return the problem document that a request must have been answered."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    found: dict[str, Any] = response.json()
    assert found["code"] == code, found
    assert found["type"] == f"/problems/{code}"
    assert found["status"] == status
    assert unquote(found["instance"]) == response.request.url.path
    assert found["instance"].isascii()
    assert found["title"]
    assert found["detail"]
    return found


def a_pdf(mark: str | None = None) -> bytes:
    """Return a small file that is a PDF as far as anybody looks; new each time without `mark`."""
    return f"%PDF-1.7\n% {mark or next(_numbers)}\n%%EOF\n".encode()
