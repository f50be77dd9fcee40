"""What is wrong with a change of the calendar, told at once."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator
from datetime import date
from functools import partial
from typing import Any

from app.domain.application import Fault
from app.domain.calendar import FIRST_DAY, LAST_DAY
from app.domain.calendar_book import Book, CalendarChange, DayEntry, EntryKind
from app.domain.errors import DomainError
from app.domain.office_hours import EVERY_AGENCY, DayKind, OfficeHoursRefused

_WORKING = frozenset({EntryKind.WORKED, EntryKind.HOURS})


class CalendarChangeFaulty(DomainError):
    """A change that cannot be entered: `errors` says everything that is wrong with it."""

    code = "calendar.change_faulty"
    title = "Thay đổi lịch làm việc chưa hợp lệ"

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__(
            f"Thay đổi có {len(faults)} điểm phải sửa: {faults[0].detail}",
            errors=[
                {"pointer": fault.pointer, "code": fault.code, "detail": fault.detail}
                for fault in faults
            ],
        )


def check(book: Book, change: CalendarChange, agencies: Collection[str], today: date) -> Book:
    """Return the book once `change` was entered; raises `CalendarChangeFaulty` with all faults.

    `agencies` are the codes that exist; a day before `today` is changed only with a reason.
    """
    faults = [*_entries(change, agencies), *_times(change, today), *_shapes(change)]
    if faults:
        raise CalendarChangeFaulty(faults)
    after = book.after(change)
    faults = [*_contradictions(book, after, change), *_withdrawals(book, after, change)]
    if not faults and after == book:
        faults = [Fault("", "calendar.unchanged", "Lịch đã đúng như vậy, không có gì thay đổi.")]
    if faults:
        raise CalendarChangeFaulty(faults)
    return after


def _entries(change: CalendarChange, agencies: Collection[str]) -> Iterator[Fault]:
    """Find unknown agencies, and what is said twice."""
    named = [(f"/days/{n}", entry.agency, entry.day) for n, entry in enumerate(change.days)]
    weeks = [(f"/hours/{n}", e.agency, e.valid_from) for n, e in enumerate(change.hours)]
    if not named and not weeks:
        yield Fault("/days", "calendar.change_empty", "Thay đổi không nêu ngày hay giờ làm việc.")
    for pointer, agency, _ in named + weeks:
        if agency != EVERY_AGENCY and agency not in agencies:
            yield Fault(f"{pointer}/agency", "agency.unknown", f"Không có cơ quan {agency}.")
    for said in (named, weeks):
        counts = Counter((agency, day) for _, agency, day in said)
        seen: set[tuple[str, date]] = set()
        for pointer, agency, day in said:
            if counts[agency, day] > 1 and (agency, day) in seen:
                detail = f"Ngày {day:%d/%m/%Y} của {_office(agency)} được khai hai lần."
                yield Fault(pointer, "calendar.day_twice", detail)
            seen.add((agency, day))


def _times(change: CalendarChange, today: date) -> Iterator[Fault]:
    days = [(f"/days/{n}/day", entry.day) for n, entry in enumerate(change.days)]
    days += [(f"/hours/{n}/valid_from", entry.valid_from) for n, entry in enumerate(change.hours)]
    for pointer, day in days:
        if not FIRST_DAY <= day <= LAST_DAY:
            detail = f"Lịch chỉ có từ {FIRST_DAY:%d/%m/%Y} đến {LAST_DAY:%d/%m/%Y}."
            yield Fault(pointer, "calendar.horizon", detail)
        elif day < today and not change.reason:
            detail = f"Ngày {day:%d/%m/%Y} đã qua: phải nêu lý do sửa lịch."
            yield Fault(pointer, "calendar.past_without_reason", detail)


def _shapes(change: CalendarChange) -> Iterator[Fault]:
    """Find hours that overlap or are missing, and days without a name."""
    for n, entry in enumerate(change.days):
        yield from _refused(f"/days/{n}/hours", partial(entry.rule, change.source))
        if entry.kind is not EntryKind.USUAL and not entry.name:
            detail = "Phải nêu tên ngày, như “Nghỉ hoán đổi Tết Dương lịch”."
            yield Fault(f"/days/{n}/name", "calendar.name_missing", detail)
    for n, week in enumerate(change.hours):
        yield from _refused(f"/hours/{n}/week", week.office_hours)


def _refused(pointer: str, made: Callable[[], Any]) -> Iterator[Fault]:
    try:
        made()
    except OfficeHoursRefused as error:
        yield Fault(pointer, error.code, error.detail)


def _contradictions(book: Book, after: Book, change: CalendarChange) -> Iterator[Fault]:
    for n, entry in enumerate(change.days):
        detail = next(
            (
                found
                for rule in (_overturns, _works_on_a_holiday, _closes_what_is_open, _already_open)
                if (found := rule(entry, book, after))
            ),
            None,
        )
        if detail is not None:
            yield Fault(f"/days/{n}", "calendar.contradiction", detail)


def _overturns(entry: DayEntry, book: Book, _after: Book) -> str | None:
    """Refuse a make-up day on a holiday, or the other way round: which of both is meant."""
    known = book.days.get(entry.agency, {}).get(entry.day)
    if known is None or entry.kind is EntryKind.USUAL:
        return None
    if (known.kind is DayKind.OFF) == (entry.kind is EntryKind.OFF):
        return None
    return (
        f"Ngày {entry.day:%d/%m/%Y} đang là ngày “{known.name}”. "
        "Nếu đúng là phải đổi, hãy gỡ ngày ấy trước (kind: usual)."
    )


def _works_on_a_holiday(entry: DayEntry, _book: Book, after: Book) -> str | None:
    province = after.days.get(EVERY_AGENCY, {}).get(entry.day)
    if entry.agency == EVERY_AGENCY or entry.kind not in _WORKING or province is None:
        return None
    if province.kind is not DayKind.OFF:
        return None
    return f"Ngày {entry.day:%d/%m/%Y} cả tỉnh nghỉ “{province.name}”."


def _closes_what_is_open(entry: DayEntry, _book: Book, after: Book) -> str | None:
    if entry.agency != EVERY_AGENCY or entry.kind is not EntryKind.OFF:
        return None
    at_work = sorted(
        agency
        for agency, days in after.days.items()
        if agency != EVERY_AGENCY
        and (rule := days.get(entry.day)) is not None
        and rule.kind is not DayKind.OFF
    )
    if not at_work:
        return None
    return (
        f"Ngày {entry.day:%d/%m/%Y} đã khai riêng là ngày làm việc của {', '.join(at_work)}. "
        "Hãy gỡ ngày riêng ấy trong cùng thay đổi."
    )


def _already_open(entry: DayEntry, _book: Book, after: Book) -> str | None:
    if entry.kind is not EntryKind.WORKED:
        return None
    hours = after.calendar(entry.agency).hours_on(entry.day)
    if hours.spans[entry.day.weekday()] != hours.full_day:
        return None
    return f"Ngày {entry.day:%d/%m/%Y} vốn là ngày làm việc, không thể là ngày làm bù."


def _withdrawals(book: Book, after: Book, change: CalendarChange) -> Iterator[Fault]:
    for n, entry in enumerate(change.hours):
        if entry.week is not None:
            continue
        if entry.valid_from not in book.hours.get(entry.agency, {}):
            detail = f"Không có giờ làm việc nào có hiệu lực từ {entry.valid_from:%d/%m/%Y}."
            yield Fault(f"/hours/{n}/valid_from", "calendar.no_such_hours", detail)
        elif entry.agency == EVERY_AGENCY and not after.hours.get(EVERY_AGENCY):
            detail = "Tỉnh phải luôn có giờ làm việc chung."
            yield Fault(f"/hours/{n}", "calendar.no_hours_left", detail)


def _office(agency: str) -> str:
    return "mọi cơ quan" if agency == EVERY_AGENCY else agency
