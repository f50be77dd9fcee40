"""A province of the test's own, as the seeds made it; and over HTTP."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from app.db.reference import References
from tests.agencies.ministry import Ministry, a_ministry
from tests.builders import Api, running_api


@pytest.fixture(scope="module")
def shared(module_database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ministry]:
    """A province that the tests of a module share: each brings order first."""
    with a_ministry(module_database, tmp_path_factory.mktemp("ministry")) as opened:
        yield opened


@pytest.fixture
def ministry(shared: Ministry) -> Ministry:
    """A province as the seeds made it: without dossiers, changes and calendars of its own."""
    shared.empty()
    return replace(shared, desk=replace(shared.desk, references=References()))


@pytest.fixture
def own_api(database: str, tmp_path: Path) -> Iterator[Api]:
    """The application on a database of the test's own."""
    with running_api(database, tmp_path) as running:
        yield running
