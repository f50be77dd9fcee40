"""The table of P3: printed, and kept in docs/measurements.md with what it was taken on."""

import os
import platform
import subprocess
from collections.abc import Sequence
from pathlib import Path

from app import clock

HERE = Path(__file__).resolve().parents[1]
_RECORD = HERE / "docs" / "measurements.md"
_HEAD = """# Measurements

Taken by the commands of `bench/` and appended by them. Machines differ and drift: only the ratios
of runs that alternated in one window may be compared, absolute times are recorded, not promised. A
`+` after a commit: files of the application differed from it.
"""


def drawn(rows: Sequence[Sequence[object]]) -> str:
    """Return rows, the first of them the head, as a table of text."""
    lines = [[_text(cell) for cell in row] for row in rows]
    widths = [max(len(line[n]) for line in lines) for n in range(len(lines[0]))]
    told = [
        "| "
        + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        + " |"
        for line in lines
    ]
    return "\n".join([told[0], "|" + "|".join("-" * (w + 2) for w in widths) + "|", *told[1:]])


def _text(cell: object) -> str:
    return f"{cell:.2f}" if isinstance(cell, float) else str(cell)


def keep(title: str, about: str, parts: Sequence[str], *, is_kept: bool) -> None:
    """Print a section and, unless it is not wanted, append it to the record."""
    taken = f"{clock.now():%Y-%m-%d %H:%M}, commit {_commit()}. {_machine()}. {about}"
    body = "\n\n".join([f"## {title}", taken, *parts]) + "\n"
    print(body, flush=True)
    if is_kept:
        before = _RECORD.read_text(encoding="utf-8") if _RECORD.exists() else _HEAD
        _RECORD.write_text(f"{before.rstrip()}\n\n{body}", encoding="utf-8")


def _commit() -> str:
    def git(*arguments: str) -> str:
        command = ["git", "-C", str(HERE), *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    changed = git("status", "--porcelain", "--", "app", "migrations")
    return f"{git('rev-parse', '--short', 'HEAD')}{'+' if changed else ''}"


def _machine() -> str:
    names = [
        line.split(":", 1)[1].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    load = os.getloadavg()[0]
    model = names[0] if names else platform.machine()
    return f"{model}, {os.cpu_count()} cores, Python {platform.python_version()}, load {load:.1f}"
