"""One desk of each kind for the whole session: keys are slow to make."""

from pathlib import Path

import pytest

from tests.signatures.forge_pdf import plain_pdf
from tests.signatures.office import Desk, sample_desk, troubled_desk


@pytest.fixture(scope="session")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    return sample_desk(_folder(tmp_path_factory) / "trust")


@pytest.fixture(scope="session")
def troubled(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    return troubled_desk(_folder(tmp_path_factory) / "troubled")


@pytest.fixture(scope="session")
def signed(desk: Desk) -> bytes:
    """A one-page PDF signed by an agency, with a time stamp."""
    return desk.sign(plain_pdf())


def _folder(factory: pytest.TempPathFactory) -> Path:
    return factory.mktemp("signatures")
