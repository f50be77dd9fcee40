"""Playing a table from the command line: what is said before, meanwhile and afterwards."""

import sys
import time as stopwatch
from datetime import time
from decimal import Decimal
from pathlib import Path

import typer

from app import clock
from app.cli.database import owner_engine
from app.cli.replay_progress import grouped, progress
from app.services.backfill import backfill
from app.services.desk import Rules
from app.services.replay import Replay, Wishes, replaying
from app.settings import Settings


def run(file: Path, *, share: float, seed: int, tell: bool) -> None:
    """Play a file; a table that cannot be played ends the command with its faulty rows."""
    data = file.read_bytes()
    wishes = Wishes(Decimal(str(share)), seed, tell)
    with (
        owner_engine() as (settings, owner),
        replaying(owner, data, wishes, rules=rules_of(settings), now=clock.now()) as replay,
    ):
        for note in replay.table.notes:
            typer.echo(f"Lưu ý: {note}")
        if not replay.total:
            typer.echo("Với phần được chọn, bảng này không có hồ sơ nào để phát lại.")
        elif replay.is_played:
            typer.echo(
                f"Bảng này đã phát lại đủ {grouped(replay.total)} hồ sơ; không có gì thay đổi."
            )
        else:
            _play(replay)
            typer.echo("Đang lập chỉ mục tra cứu ...", err=True)
            backfill(owner, payment_stops=settings.payment_wait_stops_clock)
        _tell_periods(replay)


def rules_of(settings: Settings) -> Rules:
    """Return the rules that the past depends on."""
    return Rules(
        payment_wait_stops_clock=settings.payment_wait_stops_clock,
        handover_cutoff=time.fromisoformat(settings.handover_cutoff),
    )


def _play(replay: Replay) -> None:
    if replay.done:
        already, total = grouped(replay.already), grouped(replay.total)
        typer.echo(f"Phát tiếp: đã có {already} trong {total} hồ sơ.")
    else:
        for period, intake in replay.received().items():
            if intake.received:
                held = grouped(intake.received)
                typer.echo(f"Kỳ {period} đã có {held} hồ sơ; bảng này được cộng thêm vào đó.")
    begun, played = stopwatch.monotonic(), 0
    with progress(replay.total, replay.already, sys.stderr) as advance:
        for dossiers in replay.play():
            played += dossiers
            advance(dossiers)
    seconds = stopwatch.monotonic() - begun
    typer.echo(
        f"Đã phát lại {grouped(played)} hồ sơ trong {seconds:.1f} giây "
        f"({grouped(int(played / seconds))} hồ sơ/giây)."
    )


def _tell_periods(replay: Replay) -> None:
    for period, intake in replay.received().items():
        rate = "chưa có số liệu" if intake.online_rate is None else f"{intake.online_rate} %"
        typer.echo(
            f"{period}: {grouped(intake.received)} hồ sơ, trong đó {grouped(intake.online)} "
            f"trực tuyến, tỷ lệ {rate.replace('.', ',')}"
        )
