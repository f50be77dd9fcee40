"""The clock explained day by day, so that a clerk or citizen can check it by hand."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum, auto

from app.domain.calendar import LOCAL_ZONE, Calendar, DayKind
from app.domain.course import Course, Stop, Term, follow
from app.domain.time_limits import TimeLimit

_Span = tuple[datetime, datetime]


class DayNature(StrEnum):
    """Why the office works on a day, or does not."""

    WORKING = auto()  # ngày làm việc
    WEEKLY_REST = auto()  # nghỉ hằng tuần
    OFF = auto()  # nghỉ lễ, tết, nghỉ bù, nghỉ hoán đổi
    WORKED = auto()  # làm bù
    HOURS = auto()  # giờ làm việc riêng


_NATURE_OF = {
    DayKind.OFF: (DayNature.OFF, "nghỉ"),
    DayKind.WORKED: (DayNature.WORKED, "làm bù"),
    DayKind.HOURS: (DayNature.HOURS, "giờ làm việc riêng"),
}


@dataclass(frozen=True, slots=True)
class DayMinutes:
    """What one day took of the working time granted.

    `minutes` is the working time of the day that passed while the clock ran, `total` the sum so
    far. `day_number` counts the days of a limit in calendar days or months; None for a day that is
    not counted.
    """

    day: date
    nature: DayNature
    why: str
    intervals: tuple[_Span, ...]
    minutes: int
    total: int
    day_number: int | None
    notes: tuple[str, ...]


def explain(
    limit: TimeLimit,
    accepted_at: datetime,
    stops: Iterable[Stop],
    calendar: Calendar,
    extension: TimeLimit | None = None,
) -> list[DayMinutes]:
    """List every day from acceptance to the due instant, or to the stop that is still open.

    The minutes add up to `Deadline.budget_minutes`, for a limit in working time therefore to the
    limit and its extension; while the clock stands, to `Deadline.spent_minutes`.
    """
    course = follow(limit, accepted_at, stops, calendar, extension)
    running = _running(course)
    last = course.stops[-1].start if course.stands else course.terms[-1].due_at
    rows: list[DayMinutes] = []
    total = number = 0
    for day in _days(course.accepted_at.date(), last.date()):
        minutes = _minutes_on(day, running, calendar)
        total += minutes
        counts = _counts(day, course)
        number += counts
        nature, why = _nature(day, calendar)
        rows.append(
            DayMinutes(
                day,
                nature,
                why,
                calendar.intervals(day),
                minutes,
                total,
                number if counts else None,
                tuple(_notes(day, course, calendar)),
            )
        )
    return rows


def _running(course: Course) -> list[_Span]:
    """List the stretches in which the clock ran."""
    found: list[_Span] = []
    cursor = course.accepted_at
    for stop in course.stops:
        found.append((cursor, stop.start))
        if stop.end is None:
            return found
        cursor = stop.end
    return [*found, (cursor, course.terms[-1].due_at)]


def _days(first: date, last: date) -> Iterator[date]:
    for offset in range((last - first).days + 1):
        yield first + timedelta(days=offset)


def _minutes_on(day: date, running: Iterable[_Span], calendar: Calendar) -> int:
    morning = datetime.combine(day, time(), LOCAL_ZONE)
    night = morning + timedelta(days=1)
    return sum(
        calendar.minutes_between(max(begin, morning), min(end, night))
        for begin, end in running
        if begin < night and morning < end
    )


def _counts(day: date, course: Course) -> bool:
    """Say whether a term of calendar days or months counts this day."""
    return any(
        term.last_day is not None and term.start.date() < day <= term.last_day
        for term in course.terms
    ) and not any(
        stop.start.date() < day and (stop.end is None or day <= stop.end.date())
        for stop in course.stops
    )


def _nature(day: date, calendar: Calendar) -> tuple[DayNature, str]:
    rule = calendar.days.get(day)
    if rule is not None:
        nature, word = _NATURE_OF[rule.kind]
        return nature, f"{word}: {rule.name}" if rule.name else word
    if calendar.is_working(day):
        return DayNature.WORKING, "ngày làm việc"
    return DayNature.WEEKLY_REST, "nghỉ hằng tuần"


def _notes(day: date, course: Course, calendar: Calendar) -> Iterator[str]:
    if day == course.accepted_at.date():
        yield f"tiếp nhận lúc {course.accepted_at:%H:%M}"
    for stop in course.stops:
        yield from _stop_notes(day, stop)
    if course.stands:
        return
    for term in course.terms:
        yield from _counting_notes(day, term, calendar)
        if day == term.due_at.date():
            label = "đến hạn" if term is course.terms[-1] else "hết hạn ban đầu, tính gia hạn"
            yield f"{label} lúc {term.due_at:%H:%M}"


def _stop_notes(day: date, stop: Stop) -> Iterator[str]:
    because = f" ({stop.reason})" if stop.reason else ""
    if day == stop.start.date():
        yield f"dừng từ {stop.start:%H:%M}{because}"
    if stop.end is None:
        return
    if day == stop.end.date():
        yield f"chạy tiếp từ {stop.end:%H:%M}"
    elif stop.start.date() < day < stop.end.date():
        yield f"đang dừng{because}"


def _counting_notes(day: date, term: Term, calendar: Calendar) -> Iterator[str]:
    if term.last_day is None:
        return
    if day == term.start.date():
        yield "ngày đầu không tính (Điều 147 Bộ luật Dân sự)"
    if day == term.last_day < term.due_at.date():
        moved = "chuyển sang ngày làm việc tiếp theo"
        if calendar.is_working(day):
            yield f"hết hạn khi đồng hồ đang dừng, {moved}"
        else:
            yield f"hết hạn vào ngày nghỉ, {moved} (Điều 148 Bộ luật Dân sự)"
