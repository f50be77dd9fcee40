"""P8: from the command to ready, and to the first accepted dossier."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import httpx
import psutil

from app import clock
from app.cli.token import make
from app.settings import Settings
from bench.options import Options
from bench.province import PAPER, offers
from bench.report import Table, keep
from bench.stand import HERE, StandFailed, environment_for, free_port, wait_until_ready

_STOP_WITHIN_S = 30
_NOTES = """
Ready: the command's start until mocks and web answer that they are. First accepted: until a
citizen has uploaded three papers and handed in a dossier of level 4, and a receptionist has
accepted it. Stopped: SIGINT until the command has ended. First start: an empty data folder, so
with initdb, migrations, catalogue and the sample PKI. Goals: warm ≤ 4 s; fresh clone to first
accepted ≤ installation + 10 s.
"""


def measure(options: Options) -> None:
    """Start on an empty folder, then again and again; keep the table."""
    table = Table("P8 start", ["start", "install s", "ready s", "first accepted s", "stopped s"])
    with TemporaryDirectory(prefix="motcua-bench-") as home:
        command = [sys.executable, "-m", "app.cli", "up"]
        for n in range(options.runs + 1):
            name = f"warm {n}" if n else "first, empty data folder"
            table.add(name, "", *_start(command, HERE, Path(home)))
    if options.fresh:
        table.add("fresh clone", *_fresh())
    table.notes = _NOTES
    data = "the sample province, one dossier more with each start"
    keep(table, options, data)


def _fresh() -> list[float]:
    """Clone the repository, install into it, start it: each in seconds."""
    with TemporaryDirectory(prefix="motcua-clone-") as place, TemporaryDirectory() as home:
        tree = Path(place) / "main"
        subprocess.run(["git", "clone", "--quiet", str(HERE), str(tree)], check=True)
        begun = time.perf_counter()
        install = ["make", "--silent", "-C", str(tree), "install", f"PYTHON={_base_python()}"]
        subprocess.run(install, check=True, stdout=subprocess.DEVNULL)
        installed = time.perf_counter() - begun
        command = [str(tree / ".venv" / "bin" / "motcua"), "up"]
        return [installed, *_start(command, tree, Path(home))]


def _base_python() -> str:
    """Return the interpreter that our own environment was made from."""
    return str(Path(sys.base_prefix) / "bin" / f"python3.{sys.version_info.minor}")


def _start(command: list[str], tree: Path, home: Path) -> tuple[float, float, float]:
    settings = Settings(data_dir=home, port=free_port(), database_url=None)
    begun = time.perf_counter()
    with _running(command, tree, settings) as process:
        wait_until_ready(settings)
        ready = time.perf_counter() - begun
        _hand_in_and_accept(settings)
        accepted = time.perf_counter() - begun
        stopping = time.perf_counter()
        process.send_signal(signal.SIGINT)
        if process.wait(_STOP_WITHIN_S) != 0:
            raise StandFailed(f"the command ended with {process.returncode}")
        stopped = time.perf_counter() - stopping
    return ready, accepted, stopped


@contextmanager
def _running(
    command: list[str], tree: Path, settings: Settings
) -> Iterator["subprocess.Popen[bytes]"]:
    """Run the command; whatever it left running at the end is a fault, and is killed."""
    environment = environment_for(settings, tree)
    del environment["MOTCUA_PARENT"]
    process = subprocess.Popen(command, cwd=tree, env=environment, stdout=subprocess.DEVNULL)
    try:
        yield process
    finally:
        if process.poll() is None:
            os.kill(process.pid, signal.SIGTERM)
            process.wait(_STOP_WITHIN_S)
    left = [each for each in psutil.process_iter() if _belongs(each, settings)]
    for each in left:
        each.kill()
    if left:
        raise StandFailed(f"{len(left)} processes were left running")


def _belongs(process: psutil.Process, settings: Settings) -> bool:
    try:
        return process.environ().get("APP_DATA_DIR") == str(settings.data_dir)
    except psutil.Error:
        return False


def _hand_in_and_accept(settings: Settings) -> None:
    offer = offers(clock.today())[0]
    number = "025099000001"
    citizen = make(settings, "applicant", None, number, "Trần Thị Mẫu")
    clerk = make(settings, "receptionist", offer.agency)
    with httpx.Client(base_url=settings.web_url_local, trust_env=False, timeout=30) as http:
        http.headers["Authorization"] = f"Bearer {citizen}"
        papers = [
            http.post("/v1/documents", params={"name": f"{n}.pdf"}, content=PAPER)
            for n in range(len(offer.components))
        ]
        ids = tuple(str(paper.raise_for_status().json()["id"]) for paper in papers)
        made = http.post(
            "/v1/dossiers",
            json=offer.application(number, "Trần Thị Mẫu", ids),
            headers={"Idempotency-Key": str(uuid4())},
        ).raise_for_status()
        http.post(
            f"{made.headers['Location']}/acceptance",
            headers={"Authorization": f"Bearer {clerk}", "If-Match": made.headers["ETag"]},
        ).raise_for_status()
