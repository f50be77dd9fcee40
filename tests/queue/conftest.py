"""Offices on databases of their own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.queue.office import Office, an_office


@pytest.fixture(scope="module")
def office(module_database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """An office that the tests of a module share: each writes dossiers of its own."""
    with an_office(module_database, tmp_path_factory.mktemp("office")) as opened:
        yield opened


@pytest.fixture
def own_office(database: str, tmp_path: Path) -> Iterator[Office]:
    """An office of the test's own."""
    with an_office(database, tmp_path) as opened:
        yield opened
