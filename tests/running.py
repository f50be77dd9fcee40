"""How tests run things: settings, tokens, servers on loopback ports, a clock that stands."""

import os
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

import uvicorn
from fastapi import FastAPI
from pydantic import SecretStr
from starlette.types import ASGIApp

from app.domain.actor import Role
from app.domain.calendar import LOCAL_ZONE
from app.mocks.config import MockConfig
from app.mocks.identity_keys import FOLDER, generations
from app.mocks.identity_tokens import issue_token
from app.mocks.server import create_app
from app.settings import Settings
from tests.database import HOME

Json: TypeAlias = Any
"""What requests and answers carry."""

Given: TypeAlias = Any
"""Named arguments that are handed on to somebody who knows their types."""

DISTRICT = "H44.29"
CITIZEN = "025099000001"
MONDAY = datetime(2026, 10, 5, 9, 0, tzinfo=LOCAL_ZONE)
"""A working Monday morning without a holiday near."""

_YEARS_S = 20 * 365 * 86400


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
    nowhere = "http://127.0.0.1:9/"
    told: dict[str, Any] = {"payment_confirm_url": nowhere, "portal_submission_url": nowhere}
    told |= {"notice_backoff_s": 0.02} | config
    home = data_dir / "mocks"
    if not (home / FOLDER).exists():
        shutil.copytree(_signing_keys() / FOLDER, home / FOLDER)
    app = create_app(MockConfig(home, public_url=address_of(listening), **told))
    with served(app, listening) as url:
        yield url


@cache
def _signing_keys() -> Path:
    """Make the identity mock's keys once for all tests of a run: an RSA key takes a while."""
    folder = Path(os.environ[HOME]) / "mocks"
    generations(folder)
    return folder


def partners(mocks_url: str) -> dict[str, str]:
    """Return the settings that lead to the mocks."""
    return {
        "identity_issuer": f"{mocks_url}/identity",
        "identity_keys_url": f"{mocks_url}/identity/jwks",
        "portal_url": f"{mocks_url}/national-portal",
        "central_url": f"{mocks_url}/central-portal",
        "payment_url": f"{mocks_url}/payment",
        "lgsp_url": f"{mocks_url}/lgsp",
        "post_url": f"{mocks_url}/post",
    }


def with_clock(app: FastAPI, clock: Clock) -> FastAPI:
    """Let an application read the time from a test's clock."""
    app.state.doors = replace(app.state.doors, now=clock)
    return app
