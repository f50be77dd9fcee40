"""Stations for tests; each is cleared away with all that still runs of it."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.processes.station import Station


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if Path("/proc/self/environ").exists():
        return
    reason = "what is left of a process is found in /proc, which this system does not have"
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture
def station() -> Iterator[Station]:
    """A station with nothing in it, in a folder with a short path."""
    with TemporaryDirectory(prefix="motcua-") as folder:
        station = Station(Path(folder))
        yield station
        station.clear()


@pytest.fixture(scope="session")
def _prepared() -> Iterator[Path]:
    """A data folder with a database that is migrated and seeded, to be copied."""
    with TemporaryDirectory(prefix="motcua-") as folder:
        station = Station(Path(folder))
        done = station.run("migrate")
        assert done.returncode == 0, done.stderr
        yield station.data_dir


@pytest.fixture
def prepared(station: Station, _prepared: Path) -> Station:
    """A station whose database was made before."""
    # As `cp` does it: the files belong to the server's own user.
    subprocess.run(["cp", "-a", str(_prepared), str(station.data_dir)], check=True)
    return station
