"""Reconciliations on a terminal: a bar while one runs, then what it found."""

import csv
import signal
import sys
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from threading import Event
from typing import Any

import typer
from rich.console import Console
from rich.table import Table

from app import clock
from app.cli.database import fail
from app.cli.delivery_tables import a_desk, operator
from app.cli.replay_progress import grouped, progress
from app.domain.calendar import LOCAL_ZONE
from app.domain.reconciliation import OUTCOME_LABELS, Outcome, RunState, Span, listed_codes
from app.services import mending, reconciliation_reading, reconciling
from app.services.desk import Desk
from app.services.mending import Deed, Wish
from app.services.reconciliation_reading import Wanted

_SHORT = 60
_DEEDS = {
    Deed.RETRIED: "gửi lại bản tin bị chặn hoặc đã ngừng",
    Deed.TOLD_AGAIN: "gửi lại theo thứ tự từ chỗ cổng thiếu",
    Deed.TOLD_FIRST: "gửi lần đầu",
    Deed.UNDER_WAY: "đang được gửi, để nguyên",
    Deed.PARKED: "đang tạm gác, để nguyên",
    Deed.TOLD_SINCE: "đã gửi thêm sau lần đối chiếu này, hãy đối chiếu lại",
}


def run(first: date, last: date, agency: str | None, portal_list: Path | None) -> None:
    """Begin a run and work on it; a list that cannot be read ends the command before."""
    with a_desk(threads=True) as desk:
        listed = _listed(portal_list) if portal_list else []
        number = reconciling.begin(
            desk, Span(first, last, agency), actor=operator(), now=clock.now(), listed=listed
        )
        if number is not None:
            _work(desk, number)


def resume() -> None:
    with a_desk(threads=True) as desk:
        number = reconciling.unfinished(desk)
        if number is None:
            typer.echo("Không có lần đối chiếu nào dở dang.")
            return
        _work(desk, number)


def _listed(path: Path) -> list[str]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            return listed_codes(csv.reader(lines))
    except (UnicodeDecodeError, csv.Error) as error:
        fail(f"Không đọc được danh sách {path}: {error}")


def _work(desk: Desk, number: int) -> None:
    """Work until the run is finished or Ctrl-C; what was asked by then is kept."""
    closing = Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: closing.set())
    begun = reconciliation_reading.read(desk, number, actor=operator())
    typer.echo(
        f"Đối chiếu số {number}: {grouped(begun['planned'])} hồ sơ nhận từ "
        f"{begun['first_on']:%d/%m/%Y} đến {begun['last_on']:%d/%m/%Y}."
    )
    with progress(begun["planned"], begun["done"], sys.stderr, label="Đối chiếu") as advance:
        is_finished = reconciling.work(desk, number, clock.now, closing=closing, advance=advance)
    if not is_finished:
        fail("Đã dừng giữa chừng; chạy tiếp: motcua reconcile --resume")
    _write_one(desk, number)


def write_runs(limit: int) -> None:
    with a_desk() as desk:
        found = reconciliation_reading.runs(desk, actor=operator(), before=0, limit=limit)
    table = Table("Số", "Ngày nhận", "Cơ quan", "Bắt đầu", "Hồ sơ", "Kết quả")
    for item in found:
        table.add_row(
            str(item["id"]),
            f"{item['first_on']:%d/%m/%Y} đến {item['last_on']:%d/%m/%Y}",
            item["agency"] or "tất cả",
            _at(item["begun_at"]),
            f"{grouped(item['done'])}/{grouped(item['planned'])}",
            _told(item),
        )
    Console().print(table)


def _told(item: Mapping[str, Any]) -> str:
    """Name what a run found, so far if it is not finished."""
    found = [
        f"{grouped(count)} {OUTCOME_LABELS[Outcome(outcome)].lower()}"
        for outcome, count in item["outcomes"].items()
        if count
    ]
    begun = [] if item["state"] == RunState.FINISHED else ["dở dang"]
    return ", ".join(begun + found)


def write_one(number: int) -> None:
    with a_desk() as desk:
        _write_one(desk, number)


def _write_one(desk: Desk, number: int) -> None:
    found = reconciliation_reading.read(desk, number, actor=operator())
    shown = [outcome for outcome in Outcome if found["outcomes"][outcome]]
    table = Table(title=f"Đối chiếu số {number}")
    table.add_column("Cơ quan", no_wrap=True)
    table.add_column("Tháng nhận")
    for name in ("Cổng giữ", *(OUTCOME_LABELS[outcome] for outcome in shown)):
        table.add_column(name, justify="right")
    for row in found["agencies"]:
        if set(shown) - {Outcome.EQUAL} and not _differs(row["outcomes"]):
            continue
        table.add_row(
            row["agency"],
            f"{row['month']:%m/%Y}",
            grouped(row["held"]),
            *(grouped(row["outcomes"][outcome]) for outcome in shown),
        )
    held = sum(row["held"] for row in found["agencies"])
    table.add_row(
        "Toàn bộ", "", grouped(held), *(grouped(found["outcomes"][outcome]) for outcome in shown)
    )
    console = Console()
    console.print(table)
    waiting = sum((found["unmended"] or {}).values())
    if waiting:
        console.print(
            f"{grouped(waiting)} hồ sơ cần gửi lại: motcua reconcile mend {number} --dry-run"
        )
    if _differs(found["outcomes"]):
        console.print(f"Từng hồ sơ: motcua reconcile show {number}")


def _differs(outcomes: Mapping[str, int]) -> bool:
    return any(count for outcome, count in outcomes.items() if outcome != Outcome.EQUAL)


def write_differences(
    number: int, which: tuple[str | None, str | None], *, after: int, limit: int
) -> None:
    outcome, agency = which
    wanted = Wanted(Outcome(outcome) if outcome else None, agency)
    with a_desk() as desk:
        found = reconciliation_reading.differences(
            desk, number, wanted, actor=operator(), after=after, limit=limit + 1
        )
    console = Console()
    for item in found[:limit]:
        mended = f" Đã cho gửi lại {_at(item['mended_at'])}." if item["mended_at"] else ""
        console.print(f"{item['code']}  {item['explanation']}{mended}", highlight=False)
        for one in item["fields"]:
            ours, theirs = _short(one["ours"]), _short(one["theirs"])
            console.print(f"    {one['field']}: ta {ours} | cổng {theirs}", highlight=False)
    if len(found) > limit:
        console.print(f"Còn nữa: --after {found[limit - 1]['id']}")


def mend(number: int, kinds: Sequence[str], *, is_dry: bool) -> None:
    wish = Wish(number, tuple(Outcome(kind) for kind in kinds), is_dry)
    with a_desk() as desk:
        done = mending.mend(desk, wish, actor=operator(), now=clock.now())
    begun = "Sẽ làm" if is_dry else "Đã làm"
    typer.echo(
        f"{begun}: {grouped(done['dossiers'])} hồ sơ, "
        f"{grouped(done['messages'])} bản tin vào sổ gửi."
    )
    for deed, said in _DEEDS.items():
        if done[deed]:
            typer.echo(f"  {grouped(done[deed])} hồ sơ {said}")
    if not is_dry and done["messages"]:
        typer.echo("Tiến trình worker gửi; lần đối chiếu sau sẽ cho thấy đã khớp.")


def _short(value: Any) -> str:  # noqa: ANN401  (JSON)
    said = "(không có)" if value in (None, "", []) else str(value)
    return said if len(said) <= _SHORT else f"{said[: _SHORT - 1]}…"


def _at(at: datetime | None) -> str:
    return "" if at is None else f"{at.astimezone(LOCAL_ZONE):%d/%m/%Y %H:%M:%S}"
