"""What `motcua due` asks of the clock, and how it tells the answer."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import typer
from rich.console import Console
from rich.table import Table

from app.cli import calendar_source
from app.domain.calendar import LOCAL_ZONE, local_minute
from app.domain.deadlines import (
    DayMinutes,
    Deadline,
    Stop,
    TimeLimit,
    due,
    explain,
    in_words,
    parse_limit,
)
from app.domain.errors import DomainError

_WEEKDAYS = ("T2", "T3", "T4", "T5", "T6", "T7", "CN")
_UNWRAPPED = 1000  # columns: in a file or pipe every day keeps to one line
_DATE_ALONE = len("2026-02-13")


class InstantRefused(DomainError):
    """Not an instant, or only a date: the clock needs the hour printed on the receipt."""

    code = "due.instant_refused"
    title = "Thời điểm không hợp lệ"


@dataclass(frozen=True, slots=True)
class Question:
    limit: TimeLimit
    accepted_at: datetime
    stops: tuple[Stop, ...]
    extension: TimeLimit | None
    agency: str


@dataclass(frozen=True, slots=True)
class Report:
    question: Question
    deadline: Deadline
    days: list[DayMinutes] | None
    full_day_minutes: int
    source: str  # of the calendar


def read_question(
    accepted: str, limit: str, stops: Iterable[str], extension: str | None, agency: str
) -> Question:
    """Read the options as typed; raises a `DomainError` with a sentence for whoever typed."""
    return Question(
        parse_limit(limit),
        _instant(accepted),
        tuple(_stop(text) for text in stops),
        None if extension is None else parse_limit(extension),
        agency,
    )


def work_out(question: Question, *, with_days: bool) -> Report:
    """Answer a question on the calendar of its agency."""
    calendar, source = calendar_source.load(question.agency)
    asked = (question.limit, question.accepted_at, question.stops, calendar, question.extension)
    return Report(
        question,
        due(*asked),
        explain(*asked) if with_days else None,
        calendar.hours_on(question.accepted_at).full_day_minutes,
        source,
    )


def print_text(report: Report) -> None:
    """Print the due instant alone, then, if asked for, the days as a table."""
    deadline = report.deadline
    if deadline.due_at is not None:
        typer.echo(_iso(deadline.due_at))
    else:
        words = in_words(-deadline.remaining_minutes, report.full_day_minutes)
        typer.echo(
            f"Đồng hồ đang dừng: {words}, tức {deadline.remaining_minutes} phút làm việc, "
            "tính từ khi chạy tiếp."
        )
    if report.days is None:
        return
    console = Console(highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console.width = _UNWRAPPED
    console.print(_table(report.days, narrow=console.is_terminal))
    typer.echo(f"Tổng cộng: {report.days[-1].total} phút làm việc. Nguồn: {report.source}.")


def print_json(report: Report) -> None:
    question, deadline = report.question, report.deadline
    answer: dict[str, Any] = {
        "due_at": None if deadline.due_at is None else _iso(deadline.due_at),
        "accepted_at": _iso(question.accepted_at),
        "limit": question.limit.label,
        "extension": None if question.extension is None else question.extension.label,
        "spent_minutes": deadline.spent_minutes,
        "remaining_minutes": deadline.remaining_minutes,
        "budget_minutes": deadline.budget_minutes,
        "calendar": report.source,
    }
    if report.days is not None:
        answer["days"] = [_day(day) for day in report.days]
    typer.echo(json.dumps(answer, ensure_ascii=False, indent=2))


def _table(days: list[DayMinutes], *, narrow: bool) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("Ngày", no_wrap=True)
    table.add_column("Loại ngày")
    table.add_column("Giờ làm việc", no_wrap=True)
    table.add_column("Phút", justify="right", no_wrap=True)
    table.add_column("Lũy kế", justify="right", no_wrap=True)
    counts_days = any(day.day_number is not None for day in days)
    if counts_days:
        table.add_column("Đếm", justify="right", no_wrap=True)
    table.add_column("Ghi chú")
    for day in days:
        number = [] if not counts_days else [str(day.day_number or "")]
        table.add_row(
            f"{_WEEKDAYS[day.day.weekday()]} {day.day:%d/%m/%Y}",
            day.why,
            ("\n" if narrow else ", ").join(
                f"{opens:%H:%M}-{closes:%H:%M}" for opens, closes in day.intervals
            ),
            str(day.minutes),
            str(day.total),
            *number,
            "; ".join(day.notes),
        )
    return table


def _day(day: DayMinutes) -> dict[str, Any]:
    return {
        "day": day.day.isoformat(),
        "nature": day.nature,
        "why": day.why,
        "intervals": [[_iso(opens), _iso(closes)] for opens, closes in day.intervals],
        "minutes": day.minutes,
        "total": day.total,
        "day_number": day.day_number,
        "notes": day.notes,
    }


def _instant(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text.strip())
    except ValueError:
        instant = None
    if instant is None or len(text.strip()) <= _DATE_ALONE:
        raise InstantRefused(
            f"Không đọc được thời điểm “{text[:80]}”. Cần ngày và giờ, ví dụ 2026-02-13T10:00."
        )
    return local_minute(instant.replace(tzinfo=LOCAL_ZONE) if instant.tzinfo is None else instant)


def _stop(text: str) -> Stop:
    start, dots, end = text.partition("..")
    if not dots:
        raise InstantRefused(
            f"Không đọc được khoảng dừng “{text[:80]}”. Cần TỪ..ĐẾN, hoặc TỪ.. nếu còn dừng."
        )
    return Stop(_instant(start), _instant(end) if end.strip() else None)


def _iso(instant: datetime) -> str:
    return instant.isoformat(timespec="minutes")
