"""The mocks in-process, and for real on a loopback port."""

import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
import uvicorn
from starlette.testclient import TestClient
from starlette.types import ASGIApp

from app.mocks.config import MockConfig
from app.mocks.identity_keys import FOLDER, signing_keys
from app.mocks.server import create_app
from tests.mocks.samples import Portal

Serve = Callable[[ASGIApp], AbstractContextManager[str]]


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Signing keys, made once: an RSA key takes a while."""
    folder = tmp_path_factory.mktemp("keys")
    signing_keys(folder)
    return folder / FOLDER


@pytest.fixture
def config(tmp_path: Path, keys: Path) -> MockConfig:
    shutil.copytree(keys, tmp_path / FOLDER)
    nowhere = "http://127.0.0.1:9/"
    return MockConfig(
        tmp_path,
        payment_confirm_url=nowhere,
        portal_submission_url=nowhere,
        notice_backoff_s=0.02,
    )


@pytest.fixture
def http(config: MockConfig) -> Iterator[TestClient]:
    with TestClient(create_app(config)) as client:
        yield client


@pytest.fixture
def portal(http: TestClient, config: MockConfig) -> Portal:
    return Portal(http, config)


@pytest.fixture
def serve() -> Serve:
    """Return a context manager that serves an application on a free loopback port."""
    return _served


@contextmanager
def _served(app: ASGIApp) -> Iterator[str]:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        settings = uvicorn.Config(app, log_level="critical", timeout_graceful_shutdown=1)
        server = uvicorn.Server(settings)
        thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
        thread.start()
        try:
            while not server.started:
                assert thread.is_alive()
                time.sleep(0.005)
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(timeout=5)
            assert not thread.is_alive()
