"""One table per measurement: printed, and kept in docs/measurements.md."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from app import clock
from bench import machine
from bench.options import Options
from bench.stand import HERE

_HEAD = """# Measurements

Taken by the commands of `bench/` (`make bench` runs the short set) and appended by them. Machines
differ and drift: only the ratios of runs that alternated in one window may be compared, absolute
times are recorded, not promised. A `+` after a commit: files of the application differed from it.
"""


@dataclass
class Table:
    """Columns and rows of text; `notes` say how to read them."""

    title: str
    columns: Sequence[str]
    rows: list[list[str]] = field(default_factory=list)
    notes: str = ""

    def add(self, *cells: object) -> None:
        self.rows.append([_text(cell) for cell in cells])

    def text(self) -> str:
        lines = [list(self.columns), *self.rows]
        widths = [max(len(line[n]) for line in lines) for n in range(len(self.columns))]
        drawn = ["| " + " | ".join(_pad(line, widths)) + " |" for line in lines]
        rule = "|-" + "-|-".join("-" * width for width in widths) + "-|"
        return "\n".join([drawn[0], rule, *drawn[1:]])


def _pad(line: Sequence[str], widths: Sequence[int]) -> list[str]:
    return [cell.ljust(width) for cell, width in zip(line, widths, strict=True)]


def _text(cell: object) -> str:
    if isinstance(cell, float):
        return f"{cell:,.0f}" if cell >= 100 else f"{cell:.2f}" if cell < 10 else f"{cell:.1f}"
    return str(cell)


def keep(table: Table, options: Options, data: str) -> None:
    """Print a table and append it to the record, with what is needed to read and repeat it."""
    head = [
        f"## {table.title}",
        "",
        f"- {clock.now():%Y-%m-%d %H:%M}, commit {machine.commit(HERE)}.",
        f"- Machine: {machine.describe()}, load {options.load_before:.1f} before.",
        f"- Data: {data}.",
        f"- Again: `{options.command}`",
    ]
    body = "\n".join([*head, "", table.text(), "", table.notes.strip(), ""])
    print(body, flush=True)
    into = options.into
    if into is not None:
        into.parent.mkdir(parents=True, exist_ok=True)
        before = into.read_text(encoding="utf-8") if into.exists() else _HEAD
        into.write_text(f"{before.rstrip()}\n\n{body}", encoding="utf-8")
