"""Fixtures of every room: one server for the run, a database of its own for whoever asks."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.database import fresh_database, start_server

_STACK = pytest.StashKey[ExitStack]()


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):  # the process that the others are started by
        stack = config.stash[_STACK] = ExitStack()
        start_server(stack)


def pytest_unconfigure(config: pytest.Config) -> None:
    if _STACK in config.stash:
        config.stash[_STACK].close()


@pytest.fixture
def database() -> Iterator[str]:
    """The owner's URL of a database of the test's own."""
    with fresh_database() as url:
        yield url


@pytest.fixture(scope="module")
def module_database() -> Iterator[str]:
    """The owner's URL of a database that the tests of a module share."""
    with fresh_database() as url:
        yield url
