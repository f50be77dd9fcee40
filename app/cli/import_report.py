"""Importing from the command line: what is said meanwhile and afterwards, and how it ends."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.table import Table

from app import clock
from app.cli.database import fail, owner_engine
from app.cli.replay_progress import grouped, progress
from app.cli.replay_report import rules_of
from app.domain.calendar import LOCAL_ZONE
from app.domain.former_columns import BY_NAME, FormerFileRefused
from app.domain.lifecycle import LABELS, Status
from app.services.import_telling import tell
from app.services.importing import Import, ImportWishes, importing, mapping_of, runs

SOME_FAULTY = 3  # exit status
_FAULTS_SHOWN = 40


def run(path: Path, mapping: Path | None, source: str | None, wishes: Mapping[str, Any]) -> None:
    """Import a file; end with 3 if some rows are faulty."""
    try:
        translated = mapping_of(mapping, source)
    except FormerFileRefused as refusal:
        fail(refusal.detail)
    faults = wishes["faults"] or path.with_name(f"{path.stem}.faults{path.suffix}")
    wished = ImportWishes(**{**wishes, "faults": faults})
    with (
        owner_engine() as (settings, owner),
        importing(
            *(owner, path, wished),
            mapping=translated,
            rules=rules_of(settings),
            now=clock.now(),
        ) as found,
    ):
        with progress(found.lines, 0, sys.stderr, label="Nhập hồ sơ cũ") as advance:
            for rows in found.go():
                advance(rows)
        _tell(found)
    if found.tally.faulty:
        raise typer.Exit(SOME_FAULTY)


def _tell(found: Import) -> None:
    tally, out = found.tally, Console()
    if found.ignored:
        typer.echo(f"Bỏ qua các cột: {', '.join(found.ignored)}")
    head = Table(title=f"{found.path.name} ({found.mapping.source})")
    head.add_column("")
    head.add_column("Số dòng", justify="right")
    head.add_row("Dòng dữ liệu", grouped(tally.rows))
    head.add_row(*_good(found))
    head.add_row("Đã có từ trước", grouped(tally.already))
    head.add_row("Có lỗi, không nhập", grouped(tally.faulty))
    for status, count in sorted(tally.by_status.items()):
        head.add_row(f"  {LABELS[Status(status)]}", grouped(count))
    for channel, count in sorted(tally.by_channel.items()):
        words = BY_NAME["channel"].words or {}
        head.add_row(f"  Kênh {words[channel]}", grouped(count))
    head.add_row("Giữ hẹn trả của hệ thống cũ", grouped(tally.promises_kept))
    head.add_row("  khác hạn tính theo lịch", grouped(tally.promises_other))
    out.print(head)
    if tally.open_untold and found.wishes.write:
        typer.echo(
            f"{grouped(tally.open_untold)} hồ sơ chưa kết thúc mà Cổng DVCQG chưa biết: báo bằng "
            "motcua import tell --open trước khi làm tiếp ở đây."
        )
    if tally.faulty:
        _tell_faults(found, out)


def _good(found: Import) -> tuple[str, str]:
    if found.is_refused:
        return "Hợp lệ nhưng không nhập: quá nhiều dòng lỗi", grouped(found.tally.good)
    if not found.wishes.write:
        return "Hợp lệ, sẽ nhập", grouped(found.tally.good)
    return "Đã nhập", grouped(found.written)


def _tell_faults(found: Import, out: Console) -> None:
    tally = found.tally
    table = Table(title="Lỗi")
    for name in ("Cột", "Mã lỗi"):
        table.add_column(name, no_wrap=True)
    table.add_column("Số dòng", justify="right")
    table.add_column("Ví dụ")
    for (column, code), count in tally.by_fault.most_common(_FAULTS_SHOWN):
        line, detail = tally.examples[column, code]
        label = found.mapping.label(column)
        table.add_row(label, code, grouped(count), f"dòng {line}: {detail}")
    out.print(table)
    typer.echo(f"Các dòng lỗi ở {found.wishes.faults}: sửa rồi nhập lại chính tệp ấy.")


def write_told(run: int | None, *, only_open: bool) -> None:
    """Put what the portal was never told into the ledger, and say of how many dossiers."""
    with owner_engine() as (_settings, owner):
        count = tell(owner, run=run, only_open=only_open, now=clock.now())
    typer.echo(f"Sẽ báo Cổng Dịch vụ công quốc gia {grouped(count)} hồ sơ.")


def write_runs() -> None:
    """Print what was imported as a table."""
    with owner_engine() as (_settings, owner):
        found = runs(owner)
    table = Table(title="Các lần nhập hồ sơ cũ")
    for name in ("Số", "Hệ thống cũ", "Tệp", "Bắt đầu", "Tình trạng"):
        table.add_column(name)
    for name in ("Dòng", "Đã nhập", "Lỗi"):
        table.add_column(name, justify="right")
    for row in found:
        table.add_row(
            *(str(row.id), row.source, row.file),
            f"{row.begun_at.astimezone(LOCAL_ZONE):%d/%m/%Y %H:%M}",
            "xong" if row.ended_at else "dở dang",
            grouped(row.lines) if row.ended_at else "",
            *(grouped(row.written), grouped(row.faulty)),
        )
    Console().print(table)
