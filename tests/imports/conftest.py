"""A database for each module, emptied for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from app.db.access import connect
from tests.imports.samples import Desk


@pytest.fixture(scope="module")
def owner(module_database: str) -> Iterator[Engine]:
    engine = connect(module_database, as_owner=True)
    yield engine
    engine.dispose()


@pytest.fixture
def desk(owner: Engine, tmp_path: Path) -> Desk:
    with owner.begin() as db:
        db.execute(text("TRUNCATE dossier, intake_day, import_run, figure_closing CASCADE"))
    return Desk(owner, tmp_path)
