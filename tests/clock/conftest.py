"""A province at its clock: one of the test's own, or one that a module shares; and over HTTP."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from app.db.reference import References
from tests.builders import Api, running_api
from tests.clock.bureau import Bureau, a_bureau


@pytest.fixture(scope="module")
def shared(module_database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bureau]:
    """A province that the tests of a module share: they only ask, or bring order first."""
    with a_bureau(module_database, tmp_path_factory.mktemp("bureau")) as opened:
        yield opened


@pytest.fixture
def bureau(shared: Bureau) -> Bureau:
    """A province as the seeds made it: without dossiers, with its first calendar."""
    shared.empty()
    return replace(shared, desk=replace(shared.desk, references=References()))


@pytest.fixture
def own_api(database: str, tmp_path: Path) -> Iterator[Api]:
    """The application on a database of the test's own."""
    with running_api(database, tmp_path) as running:
        yield running
