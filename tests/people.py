"""People at the application, called in-process, and what they are answered."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from uuid import uuid4

import httpx2
from fastapi import FastAPI
from sqlalchemy import Engine, text
from starlette.testclient import TestClient

from app.db.access import connect
from app.domain.actor import Role
from app.main import build
from app.settings import Settings
from tests.running import (
    CITIZEN,
    DISTRICT,
    Clock,
    Given,
    Json,
    mocks,
    partners,
    settings_for,
    token,
    with_clock,
)

_numbers = count(1)


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
