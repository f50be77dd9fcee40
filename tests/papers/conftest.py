"""The application over HTTP, for the papers that it issues."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.builders import Api, running_api


@pytest.fixture(scope="module")
def api(module_database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """The application on the module's database."""
    with running_api(module_database, tmp_path_factory.mktemp("papers")) as running:
        yield running


@pytest.fixture
def own_api(database: str, tmp_path: Path) -> Iterator[Api]:
    """The application on a database of the test's own."""
    with running_api(database, tmp_path) as running:
        yield running
