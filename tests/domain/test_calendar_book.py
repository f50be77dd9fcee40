"""The book of calendars: changes make it, documents keep it, offices read it."""

import json
from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.calendar import FIRST_DAY, LAST_DAY, LOCAL_ZONE, Calendar, HorizonExceeded
from app.domain.calendar_book import Book, CalendarChange, DayEntry, EntryKind, HoursEntry, fold
from app.domain.calendar_csv import CalendarTableRefused, change_from_csv
from app.domain.calendar_documents import as_document, change_of, intervals, written
from app.domain.office_hours import DayKind, DayRule, OfficeHours

SEA = "H44.29"
DAY = date(2026, 10, 8)
WEEK = {day: intervals("07:30-11:30 13:00-17:00") for day in range(1, 6)}
BASE = CalendarChange("Lịch đầu", None, (), (HoursEntry("*", date(2020, 1, 1), WEEK),))

agencies = st.sampled_from(["*", SEA, "H44.10"])
days = st.dates(date(2026, 1, 1), date(2027, 1, 1))
spans = st.sampled_from([intervals("07:30-11:30"), intervals("08:00-12:00 13:00-16:45"), ()])
entries = st.builds(
    lambda agency, day, kind, name: DayEntry(
        agency, day, kind, name, intervals("08:00-10:15") if kind is EntryKind.HOURS else ()
    ),
    agencies,
    days,
    st.sampled_from(EntryKind),
    st.sampled_from(["Nghỉ bù", "Làm bù", ""]),
)
weeks = st.builds(
    HoursEntry,
    agencies,
    days,
    st.none()
    | st.dictionaries(st.integers(1, 7), spans, min_size=1).filter(lambda week: any(week.values())),
)
changes = st.builds(
    CalendarChange,
    st.just("Công văn 1"),
    st.none() | st.just("Nhập chậm"),
    st.lists(entries, max_size=4).map(tuple),
    st.lists(weeks, max_size=2).map(tuple),
)


@given(changes)
def test_a_change_is_read_back_from_its_document_as_it_was(change: CalendarChange) -> None:
    document = json.loads(json.dumps(as_document(change)))

    assert as_document(change_of(document)) == document
    assert fold([BASE, change_of(document)]) == fold([BASE, change])


@given(st.lists(changes, max_size=4))
def test_the_last_word_on_a_day_holds(told: list[CalendarChange]) -> None:
    book = fold([BASE, *told])

    said: dict[tuple[str, date], DayRule | None] = {}
    for change in told:
        for entry in change.days:
            said[entry.agency, entry.day] = entry.rule(change.source)
    assert {
        (agency, day): rule for agency, found in book.days.items() for day, rule in found.items()
    } == {place: rule for place, rule in said.items() if rule is not None}


@given(changes)
def test_outside_its_reach_a_change_alters_no_day(change: CalendarChange) -> None:
    if not (change.days or change.hours):
        return
    book = fold([BASE])
    after = book.after(change)
    first, last = book.reach(change)

    probes = {date(2019, 12, 31), date(2025, 12, 31), date(2027, 1, 2), first, last}
    for day in {d + timedelta(days=n) for d in probes for n in (-1, 0, 1)} | {DAY}:
        if FIRST_DAY <= day <= LAST_DAY and not first <= day <= last:
            for agency in ("*", SEA, "H44.10"):
                assert after.calendar(agency).intervals(day) == book.calendar(agency).intervals(day)


def test_an_office_s_own_day_goes_before_the_day_of_all() -> None:
    half = DayEntry(SEA, DAY, EntryKind.HOURS, "Mất điện", intervals("07:30-11:30"))
    closed = DayEntry("*", date(2026, 10, 9), EntryKind.OFF, "Nghỉ")
    book = fold([BASE, CalendarChange("x", None, (half, closed))])

    assert len(book.calendar(SEA).intervals(DAY)) == 1
    assert len(book.calendar("H44.10").intervals(DAY)) == 2
    assert not book.calendar(SEA).is_working(date(2026, 10, 9))
    assert set(book.calendars) == {"*", SEA}


def test_an_office_keeps_the_hours_of_all_until_its_own_begin() -> None:
    own = HoursEntry(SEA, DAY, {6: intervals("08:00-10:00")})
    book = fold([BASE, CalendarChange("x", None, (), (own,))])

    assert book.calendar(SEA).is_working(date(2026, 10, 7))
    assert not book.calendar(SEA).is_working(DAY)
    assert book.calendar(SEA).is_working(date(2026, 10, 10))
    assert not book.calendar("H44.10").is_working(date(2026, 10, 10))


def test_an_empty_book_has_the_usual_hours() -> None:
    assert Book().calendar(SEA).hours_on(DAY) == OfficeHours()


@given(st.dates(date(2026, 1, 1), date(2026, 12, 31)))
def test_the_last_working_day_before_a_day_is_found_by_walking_back(day: date) -> None:
    holidays = {DAY + timedelta(days=n): DayRule(DayKind.OFF, "nghỉ") for n in range(9)}
    calendar = Calendar(days=holidays)

    walked = day - timedelta(days=1)
    while not calendar.is_working(walked):
        walked -= timedelta(days=1)
    assert calendar.last_working_day_before(day) == walked


def test_before_the_first_working_day_of_all_there_is_none() -> None:
    with pytest.raises(HorizonExceeded):
        Calendar().last_working_day_before(FIRST_DAY)


def test_a_year_is_written_as_a_table_and_read_as_one_change() -> None:
    table = (
        "day,kind,name,source\n"
        "2028-01-03,off,Nghỉ bù,Thông báo 1\n"
        "2028-01-08,worked,Làm bù,\n"
        "2028-01-10,hours 07:30-11:30 13:00-15:00,Nghỉ sớm,\n"
        "2028-01-11,usual,,\n"
    )
    change = change_from_csv(table, None, source="Thông báo 2", agency=SEA)

    assert [(entry.agency, entry.kind, written(entry.hours)) for entry in change.days] == [
        (SEA, EntryKind.OFF, ""),
        (SEA, EntryKind.WORKED, ""),
        (SEA, EntryKind.HOURS, "07:30-11:30 13:00-15:00"),
        (SEA, EntryKind.USUAL, ""),
    ]
    book = fold([BASE, change])
    assert [rule.source for rule in book.days[SEA].values()] == [
        "Thông báo 1",
        "Thông báo 2",
        "Thông báo 2",
    ]


@pytest.mark.parametrize(
    "row", ["2028-01-03,shut,x,y", "2028-13-03,off,x,y", "2028-01-03,hours 11:30-07:30,x,y"]
)
def test_a_row_that_cannot_be_read_is_named(row: str) -> None:
    with pytest.raises(CalendarTableRefused, match="Dòng 2"):
        change_from_csv(f"day,kind,name,source\n{row}\n", None, source="x")


def test_hours_are_written_as_they_are_read() -> None:
    assert intervals("07:30-11:30 13:00-17:00") == (
        (time(7, 30), time(11, 30)),
        (time(13), time(17)),
    )
    assert written(()) == ""
    opens, _ = Book().calendar("*").intervals(DAY)[0]
    assert opens == datetime(2026, 10, 8, 7, 30, tzinfo=LOCAL_ZONE)
