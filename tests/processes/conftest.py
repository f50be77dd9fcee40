"""Stations for tests; each is cleared away with all that still runs of it."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from shutil import which
from tempfile import TemporaryDirectory

import pytest

from tests.processes.station import NOBODY, Station


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


@pytest.fixture
def ordinary_user(station: Station) -> list[str]:
    """What a command begins with that an ordinary user runs: nothing, if that is who runs this."""
    if os.geteuid() != 0:
        return []
    setpriv = which("setpriv")
    if setpriv is None:
        pytest.skip("only root could become somebody else, and there is no setpriv to do it")
    prefix = [setpriv, f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--"]
    station.folder.chmod(0o755)
    if station.run("--help", prefix=prefix).returncode != 0:
        pytest.skip("an ordinary user cannot read this checkout")
    return prefix


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
