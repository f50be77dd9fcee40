"""What the figures were taken on, and who used the processor meanwhile."""

import os
import platform
import subprocess
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import psycopg

_GIB = 2**30


def commit(tree: Path) -> str:
    """Return the commit of a checkout, with `+` where files of the application differ from it."""
    try:
        found = _git(tree, "rev-parse", "--short", "HEAD").strip()
        changed = _git(tree, "status", "--porcelain", "--", "app", "migrations").strip()
    except (OSError, subprocess.CalledProcessError):
        return "no commit"
    return f"{found}{'+' if changed else ''}"


def _git(tree: Path, *arguments: str) -> str:
    command = ["git", "-C", str(tree), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def describe() -> str:
    """Name processor, cores, memory, Python and how busy the machine was."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line for line in cpuinfo.read_text().splitlines() if line.startswith("model name")]
        model = names[0].split(":", 1)[1].strip() if names else model
    memory = psutil.virtual_memory().total / _GIB
    return f"{model}, {os.cpu_count()} cores, {memory:.0f} GiB, Python {platform.python_version()}"


def describe_server(url: str) -> str:
    """Name the database and whether a commit really waits for the disk."""
    with psycopg.connect(url) as db:
        told = [db.execute(f"SHOW {name}").fetchone() for name in ("fsync", "synchronous_commit")]
        version = db.info.server_version // 10000
    return f"PostgreSQL {version}, fsync {told[0][0]}, synchronous_commit {told[1][0]}"  # type: ignore[index]


@dataclass
class Stopwatch:
    """Processor time of groups of processes between `start` and `stop`, in percent of one core."""

    groups: dict[str, Callable[[], list[psutil.Process]]]
    percent: dict[str, float] = field(default_factory=dict)
    busy_percent: float = 0.0
    seconds: float = 0.0
    _watched: dict[str, list[psutil.Process]] = field(default_factory=dict)
    _before: dict[str, float] = field(default_factory=dict)
    _busy: float = 0.0
    _at: float = 0.0

    def start(self) -> None:
        self._watched = {name: find() for name, find in self.groups.items()}
        self._before = {name: _spent(group) for name, group in self._watched.items()}
        self._busy, self._at = _busy_s(), time.perf_counter()

    def stop(self) -> None:
        self.seconds = time.perf_counter() - self._at
        self.busy_percent = (_busy_s() - self._busy) / self.seconds * 100
        self.percent = {
            name: (_spent(group) - self._before[name]) / self.seconds * 100
            for name, group in self._watched.items()
        }


def _spent(processes: Iterable[psutil.Process]) -> float:
    """Sum up their time and that of children which ended: a backend ends with its client."""
    spent = 0.0
    for process in processes:
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        spent += times.user + times.system
        spent += getattr(times, "children_user", 0.0) + getattr(times, "children_system", 0.0)
    return spent


def _busy_s() -> float:
    times = psutil.cpu_times()
    return float(sum(times) - times.idle - getattr(times, "iowait", 0.0))
