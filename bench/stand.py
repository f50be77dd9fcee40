"""What is measured: a server of its own in a folder of its own, and what `motcua up` runs."""

import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import psutil

from app.cli.token import make
from app.db.server import running
from app.settings import Settings

HERE = Path(__file__).resolve().parents[1]
_READY_WITHIN_S = 60
_PORTS = range(20_000, 32_000, 2)


class StandFailed(Exception):
    """What is to be measured does not start."""


@dataclass(frozen=True)
class Stand:
    """Running processes under test; `url` is the owner's, for psycopg."""

    settings: Settings
    url: str
    children: dict[str, psutil.Process]

    def token(self, role: str, agency: str | None, subject: str, name: str) -> str:
        return make(self.settings, role, agency, subject, name, hours=24)

    def client(self, token: str) -> httpx.Client:
        return httpx.Client(
            base_url=self.settings.web_url_local,
            headers={"Authorization": f"Bearer {token}"},
            trust_env=False,
            timeout=30,
        )

    @property
    def web(self) -> list[psutil.Process]:
        """The processes that answer: those below `serve`, or itself if it has none.

        Python's multiprocessing keeps one of its own beside them, which does nothing.
        """
        keeper = self.children["serve"]
        below = [each for each in keeper.children(recursive=True) if _answers(each)]
        return below or [keeper]

    @property
    def postgres(self) -> list[psutil.Process]:
        pid = (self.settings.data_dir / "postgres" / "postmaster.pid").read_text().split("\n")[0]
        keeper = psutil.Process(int(pid))
        return [keeper, *keeper.children(recursive=True)]


def _answers(process: psutil.Process) -> bool:
    return "resource_tracker" not in " ".join(process.cmdline())


@contextmanager
def stand(*, tree: Path = HERE, worker: bool = False) -> Iterator[Stand]:
    """Start what `motcua up` starts (without a worker unless asked) and stop it at the end.

    `tree` is the checkout whose web processes are measured.
    """
    with ExitStack() as stack:
        home = Path(stack.enter_context(TemporaryDirectory(prefix="motcua-bench-")))
        counts = stack.enter_context(TemporaryDirectory(prefix="motcua-bench-metrics-"))
        settings = Settings(data_dir=home, port=free_port(), database_url=None)
        url = stack.enter_context(running(home))
        environment = environment_for(settings, tree) | {
            "APP_DATABASE_URL": url,
            "PROMETHEUS_MULTIPROC_DIR": counts,
        }
        subprocess.run(
            [sys.executable, "-m", "app.cli", "migrate"],
            env=environment,
            cwd=tree,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        children = {}
        for name in ("mocks", "serve", *(["worker"] if worker else [])):
            child = subprocess.Popen(
                [sys.executable, "-m", "app.cli", name],
                env=environment,
                cwd=tree,
                start_new_session=True,
            )
            stack.callback(_end, child)
            children[name] = psutil.Process(child.pid)
        wait_until_ready(settings)
        plain = url.replace("postgresql+psycopg://", "postgresql://")
        yield Stand(settings, plain, children)


def environment_for(settings: Settings, tree: Path) -> dict[str, str]:
    """Return the environment of a child: nothing of the caller's APP_ settings but ours."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("APP_")}
    return inherited | {
        "APP_DATA_DIR": str(settings.data_dir),
        "APP_HOST": settings.host,
        "APP_PORT": str(settings.port),
        "MOTCUA_PARENT": str(os.getpid()),
        "PYTHONPATH": str(tree),
    }


def free_port() -> int:
    """Return a port of the loopback that is free and whose next one is free too.

    From below the range that the system gives to outgoing connections: one of those would take
    the port between our look and the server's bind.
    """
    for port in random.sample(_PORTS, len(_PORTS)):
        with socket.socket() as first, socket.socket() as second:
            try:
                first.bind(("127.0.0.1", port))
                second.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port
    raise StandFailed("no free port")


def wait_until_ready(settings: Settings) -> None:
    """Wait until mocks and web answer that they are ready."""
    deadline = time.monotonic() + _READY_WITHIN_S
    waiting = [f"{settings.mocks_url}/livez", f"{settings.web_url_local}/readyz"]
    with httpx.Client(trust_env=False, timeout=2) as http:
        while waiting:
            try:
                if http.get(waiting[0]).is_success:
                    waiting.pop(0)
                    continue
            except httpx.TransportError:
                pass
            if time.monotonic() > deadline:
                raise StandFailed(f"no answer from {waiting[0]}")
            time.sleep(0.02)


def _end(child: "subprocess.Popen[bytes]") -> None:
    child.terminate()
    try:
        child.wait(15)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
