"""How far a long command is: a bar on a terminal, a line now and then elsewhere."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

_LINE_EVERY_S = 5.0

Advance = Callable[[int], None]


def grouped(number: int) -> str:
    """Return a number as Vietnamese text groups it: 259.898."""
    return f"{number:,}".replace(",", ".")


@contextmanager
def progress(
    total: int,
    done: int,
    out: TextIO,
    *,
    label: str = "Phát lại",
    every_s: float = _LINE_EVERY_S,
) -> Iterator[Advance]:
    """Show dossiers done of `total`, their rate and the time left, while the block runs."""
    if out.isatty():
        with _bar(Console(file=out)) as bar:
            task = bar.add_task(label, total=total, completed=done)
            yield lambda dossiers: bar.advance(task, dossiers)
    else:
        yield _Lines(total, done, out, every_s).advance


def _bar(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        _Counts(),
        TextColumn("còn"),
        TimeRemainingColumn(),
        console=console,
    )


class _Counts(TextColumn):
    """Dossiers done, of how many, and how many a second."""

    def __init__(self) -> None:
        super().__init__("")

    def render(self, task: Task) -> Text:
        counts = f"{grouped(int(task.completed))}/{grouped(int(task.total or 0))} hồ sơ"
        speed = task.finished_speed or task.speed
        return Text(f"{counts}, {grouped(int(speed))}/giây" if speed else counts)


class _Lines:
    """The same as plain lines, one every few seconds."""

    def __init__(self, total: int, done: int, out: TextIO, every_s: float) -> None:
        self._total, self._done, self._out, self._every_s = total, done, out, every_s
        self._before = done
        self._begun = self._told = time.monotonic()

    def advance(self, dossiers: int) -> None:
        self._done += dossiers
        now = time.monotonic()
        if now - self._told < self._every_s:
            return
        self._told = now
        rate = (self._done - self._before) / max(now - self._begun, 1e-6)
        left = round((self._total - self._done) / rate) if rate else 0
        self._out.write(
            f"{grouped(self._done)}/{grouped(self._total)} hồ sơ, {grouped(int(rate))}/giây, "
            f"còn {left // 60} phút {left % 60} giây\n"
        )
        self._out.flush()
