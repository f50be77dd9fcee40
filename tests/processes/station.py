"""The `motcua` command as somebody at a terminal meets it: its own data, its own ports."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from time import monotonic, sleep
from typing import IO
from uuid import uuid4

import httpx

ROOT = Path(__file__).resolve().parents[2]
COMMAND = (sys.executable, "-m", "app.cli")
NOBODY = 65_534
PATIENCE_S = 60.0
"""For what takes three seconds where nobody else works."""

_MARK = "MOTCUA_TEST_STATION"
_LOWEST, _PORTS = 21_000, 8_000  # below what the kernel gives to clients
_offsets = count(os.getpid() * 2)


def until(look: Callable[[], bool], what: str, *, patience_s: float = PATIENCE_S) -> None:
    """Wait for something that other processes bring about."""
    deadline = monotonic() + patience_s
    while not look():
        assert monotonic() < deadline, f"did not come about: {what}"
        sleep(0.05)


def a_port() -> int:
    """Return a port that is free, and the next two as well."""
    while True:
        port = _LOWEST + next(_offsets) * 3 % _PORTS
        if all(map(is_free, (port, port + 1, port + 2))):
            return port


def is_free(port: int) -> bool:
    with socket.socket() as probe, suppress(OSError):
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", port))
        return True
    return False


@dataclass
class Station:
    """A data folder and a pair of ports, with the commands that are run on them."""

    folder: Path
    port: int = field(default_factory=a_port)
    settings: dict[str, str] = field(default_factory=dict)
    mark: str = field(default_factory=lambda: uuid4().hex)

    @property
    def data_dir(self) -> Path:
        return self.folder / "data"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def mocks_url(self) -> str:
        return f"http://127.0.0.1:{self.port + 1}"

    @property
    def environment(self) -> dict[str, str]:
        kept = ("PATH", "HOME", "TMPDIR", "LANG")
        return {
            **{name: os.environ[name] for name in kept if name in os.environ},
            "PYTHONPATH": str(ROOT),
            "APP_DATA_DIR": str(self.data_dir),
            "APP_PORT": str(self.port),
            _MARK: self.mark,
            **self.settings,
        }

    def run(
        self, *arguments: str, prefix: Sequence[str] = (), timeout_s: float = PATIENCE_S
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(
            [*prefix, *COMMAND, *arguments],
            env=self.environment,
            cwd=self.folder,
            check=False,
            capture_output=True,
            text=True,
            timeout=timeout_s,
        )

    def start(self, *arguments: str) -> "Running":
        """Start a command that stays."""
        output = (self.folder / f"{arguments[0]}.{uuid4().hex[:6]}.log").open("w+")
        process = subprocess.Popen(
            [*COMMAND, *arguments],
            env=self.environment,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        return Running(process, output)

    def get(self, path: str, token: str | None = None) -> httpx.Response | None:
        """Ask the API; None if it is not there."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        with suppress(httpx.TransportError):
            return httpx.get(f"{self.url}{path}", headers=headers, timeout=10, trust_env=False)
        return None

    def is_ready(self) -> bool:
        answer = self.get("/readyz")
        return answer is not None and answer.is_success

    def processes(self) -> dict[int, str]:
        """Return what runs of this station: everything it started, and its database."""
        found = {}
        for entry in Path("/proc").iterdir():
            with suppress(OSError, ValueError):
                pid, line = int(entry.name), (entry / "cmdline").read_bytes()
                is_ours = f"{_MARK}={self.mark}".encode() in (entry / "environ").read_bytes()
                if line and (is_ours or str(self.data_dir).encode() in line):
                    found[pid] = line.replace(b"\0", b" ").decode()
        return found

    def check_nothing_is_left(self) -> None:
        """Check that all has ended: a server's last process a moment after it says so."""
        until(lambda: not self.processes(), "an end of everything", patience_s=5)

    def pids(self, *words: str) -> list[int]:
        """Return the processes whose command line has all these words."""
        return [pid for pid, line in self.processes().items() if all(w in line for w in words)]

    def clear(self) -> None:
        """Kill whatever a failed test left."""
        for pid in self.processes():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


@dataclass
class Running:
    """A command that stays, and what it has printed so far."""

    process: subprocess.Popen[bytes]
    output: IO[str]

    @property
    def said(self) -> str:
        self.output.flush()
        return Path(self.output.name).read_text()

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def end(self) -> int:
        """Wait for its end and return its exit code."""
        code = self.process.wait(timeout=PATIENCE_S)
        self.output.close()
        return code


@contextmanager
def up(station: Station) -> Iterator[Running]:
    """Run `motcua up` until it is ready; Ctrl-C at the end if nobody ended it before."""
    running = station.start("up")
    try:
        until(lambda: "Sẵn sàng" in running.said or running.process.poll() is not None, "ready")
        assert running.process.poll() is None, running.said
        assert station.is_ready()
        yield running
    finally:
        if running.process.poll() is None:
            running.send(signal.SIGINT)
        running.end()


def one_sentence(done: subprocess.CompletedProcess[str]) -> str:
    """Return the one clear sentence that a refused command must have said."""
    assert done.returncode != 0
    assert "Traceback" not in done.stdout + done.stderr
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("motcua")
    return lines[0]
