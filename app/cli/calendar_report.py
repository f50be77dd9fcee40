"""The calendar as tables, and changes of it read from files."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from app import clock
from app.api.calendar_changes import ChangeForm
from app.cli.database import fail, ready
from app.cli.reading import settings_of
from app.composition import desk_of, engine_of
from app.domain.actor import Actor, Role
from app.domain.calendar import LOCAL_ZONE
from app.domain.calendar_book import CalendarChange
from app.domain.calendar_csv import change_from_csv
from app.domain.calendar_documents import written
from app.domain.errors import DomainError
from app.domain.office_hours import DayKind
from app.services import calendar_reading, calendars, recomputation
from app.services.desk import Desk

_KINDS = {DayKind.OFF: "nghỉ", DayKind.WORKED: "làm bù", DayKind.HOURS: "giờ riêng"}
_WEEKDAYS = ("T2", "T3", "T4", "T5", "T6", "T7", "CN")
_WHAT = {"due": "hẹn trả", "answer": "trả lời lần đầu"}
_WIDE = 1000  # columns: in a file or pipe every dossier keeps to one line
_PAGE = 500


def show(year: int | None, agency: str, known_at: datetime | None) -> None:
    at = None if known_at is None else known_at.replace(tzinfo=LOCAL_ZONE)
    with _desk() as desk:
        asked = year or clock.today().year
        found = calendar_reading.year_of(desk, asked, agency=agency, known_at=at)
    hours = Table(title=f"Giờ làm việc: {_office(agency)}", title_justify="left")
    hours.add_column("Từ ngày")
    for name in _WEEKDAYS:
        hours.add_column(name)
    for since, week in found.hours:
        hours.add_row(
            f"{since:%d/%m/%Y}", *(written(day).replace(" ", "\n") or "-" for day in week.week)
        )
    days = Table(title=f"Năm {asked}: {found.working_days} ngày làm việc", title_justify="left")
    for name in ("Ngày", "Loại", "Tên", "Văn bản", "Nhập lúc"):
        days.add_column(name)
    for known in found.days:
        kind = _KINDS[known.rule.kind] + (" (riêng)" if known.is_own else "")
        days.add_row(
            f"{_WEEKDAYS[known.day.weekday()]} {known.day:%d/%m/%Y}",
            f"{kind} {written(known.rule.hours)}".strip(),
            known.rule.name,
            known.rule.source,
            _entered(known),
        )
    _print(hours, days)


def _entered(known: calendar_reading.SpecialDay) -> str:
    if known.entered_at is None:
        return ""
    return f"{known.entered_at.astimezone(LOCAL_ZONE):%d/%m/%Y %H:%M} {known.entered_by}"


def preview(file: Path, agency: str, source: str | None, reason: str | None) -> None:
    change = _read(file, agency, source, reason)
    with _desk() as desk:
        moves, count = _all_moves(desk, change)
    _print(_moves(moves))
    typer.echo(f"{count} hồ sơ thay đổi hạn. Chưa có gì được ghi.")


def _all_moves(desk: Desk, change: CalendarChange) -> tuple[list[dict[str, Any]], int]:
    actor, now, after = _actor("motcua calendar"), clock.now(), 0
    moves: list[dict[str, Any]] = []
    while True:
        seen = calendars.preview(desk, change, actor=actor, now=now, after=after, limit=_PAGE)
        moves += seen.page
        if seen.next is None:
            return moves, seen.count
        after = seen.next


def apply(file: Path, agency: str, source: str | None, reason: str | None, by: str) -> None:
    change = _read(file, agency, source, reason)
    with _desk() as desk:
        actor = _actor(by)
        entered = calendars.enter(desk, change, actor=actor, now=clock.now())
        typer.echo(f"Đã nhập thay đổi số {entered['id']}. Đang tính lại hạn ...")
        while recomputation.recompute_open(desk, now=clock.now()):
            pass
        moves: list[dict[str, Any]] = []
        while page := calendar_reading.moved_by(
            desk,
            entered["id"],
            actor=actor,
            after=moves[-1]["id"] if moves else 0,
            limit=_PAGE,
        ):
            moves += page
        left = calendar_reading.change(desk, entered["id"], actor=actor)["left"]
    _print(_moves(moves))
    typer.echo(f"{len(moves)} hồ sơ thay đổi hạn. Ngày hẹn đã in trên giấy được giữ nguyên.")
    if left:
        typer.echo(f"{left} hồ sơ đang có người xử lý, hệ thống nền sẽ tính tiếp.")


def _read(file: Path, agency: str, source: str | None, reason: str | None) -> CalendarChange:
    try:
        content = file.read_text(encoding="utf-8-sig")
        if file.suffix.lower() == ".json":
            form = ChangeForm.model_validate_json(content)
            given = {"source": source or form.source, "reason": reason or form.reason}
            return form.model_copy(update=given).change()
        if source is None:
            fail("Tệp CSV phải kèm --source: văn bản làm căn cứ.")
        return change_from_csv(content, None, source=source, reason=reason, agency=agency)
    except ValidationError as error:
        faults = (f"/{'/'.join(map(str, f['loc']))}: {f['msg']}" for f in error.errors())
        fail(f"Tệp không đọc được: {'; '.join(faults)}")
    except (OSError, UnicodeDecodeError) as error:
        fail(f"Tệp không đọc được: {error}")
    except DomainError as refusal:
        fail(refusal.detail)


@contextmanager
def _desk() -> Iterator[Desk]:
    with ready(settings_of()) as settings:
        engine = engine_of(settings, pool_size=2)
        try:
            yield desk_of(settings, engine)
        except DomainError as refusal:
            for fault in refusal.facts.get("errors", [])[1:]:
                typer.echo(f"motcua: {fault['pointer']}: {fault['detail']}", err=True)
            raise
        finally:
            engine.dispose()


def _actor(name: str) -> Actor:
    return Actor(id="motcua-cli", role=Role.ADMINISTRATOR, name=name, is_internal=True)


def _moves(moves: Iterable[dict[str, Any]]) -> Table:
    table = Table()
    for name in ("Hồ sơ", "Cơ quan", "Mốc", "Hạn cũ", "Hạn mới", "Đã hẹn trên giấy"):
        table.add_column(name, no_wrap=True)
    for move in moves:
        table.add_row(
            move["code"],
            move["agency"],
            _WHAT[move["what"]],
            _local(move["before"]),
            _local(move["after"]),
            _local(move["promised_at"]),
        )
    return table


def _local(at: datetime | None) -> str:
    return "" if at is None else f"{at.astimezone(LOCAL_ZONE):%H:%M %d/%m/%Y}"


def _office(agency: str) -> str:
    return "mọi cơ quan" if agency == "*" else agency


def _print(*tables: Table) -> None:
    console = Console(highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console.width = _WIDE
    for table in tables:
        console.print(table)
