"""An office's calendar: weeks, days that differ, hours that change, and the seeds."""

import pickle
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from importlib.resources import files

import holidays
import pytest

from app.domain.calendar import (
    FIRST_DAY,
    LAST_DAY,
    LOCAL_ZONE,
    Calendar,
    CalendarContradiction,
    DayKind,
    DayRule,
    HorizonExceeded,
    NaiveInstant,
    OfficeHours,
    OfficeHoursRefused,
    local_minute,
)
from app.domain.calendar_csv import CalendarTableRefused, calendar_from_csv

MORNING, AFTERNOON = (time(7, 30), time(11, 30)), (time(13), time(17))
SATURDAYS = OfficeHours.by_weekday(
    {**dict.fromkeys(range(1, 6), (MORNING, AFTERNOON)), 6: (MORNING,)}
)
OFF, WORKED = DayRule(DayKind.OFF, "nghỉ"), DayRule(DayKind.WORKED, "làm bù")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=LOCAL_ZONE)


def seeded() -> Calendar:
    seeds = files("app.seeds")
    days = (seeds / "calendar.csv").read_text("utf-8")
    return calendar_from_csv(days, (seeds / "office_hours.csv").read_text("utf-8"))


def test_an_ordinary_week_is_worked_from_monday_to_friday_in_two_halves() -> None:
    calendar = Calendar()
    monday = date(2026, 11, 2)

    assert calendar.intervals(monday) == (
        (at("2026-11-02T07:30"), at("2026-11-02T11:30")),
        (at("2026-11-02T13:00"), at("2026-11-02T17:00")),
    )
    assert [calendar.is_working(date(2026, 11, day)) for day in range(2, 9)] == [True] * 5 + [
        False,
        False,
    ]
    assert calendar.hours_on(monday).full_day_minutes == 480
    assert calendar.close(monday) == at("2026-11-02T17:00")


def test_an_office_open_on_saturday_mornings_keeps_its_full_day() -> None:
    calendar = Calendar(SATURDAYS)

    assert calendar.hours_on(date(2026, 11, 7)).full_day_minutes == 480
    assert calendar.after(at("2026-11-07T10:00"), 480) == at("2026-11-09T15:30")


@pytest.mark.parametrize("hours", [OfficeHours(), SATURDAYS])
def test_a_make_up_saturday_is_a_full_day(hours: OfficeHours) -> None:
    saturday = date(2026, 8, 22)
    calendar = Calendar(hours, {saturday: WORKED})

    assert [opens.time() for opens, _ in calendar.intervals(saturday)] == [time(7, 30), time(13)]
    assert calendar.minutes_between(at("2026-08-22T00:00"), at("2026-08-23T00:00")) == 480


def test_a_make_up_day_has_the_first_of_the_longest_weekdays() -> None:
    long_day = ((time(7), time(12)), (time(13), time(17)))
    hours = OfficeHours.by_weekday({1: (MORNING,), 3: long_day, 5: ((time(8), time(17)),)})
    calendar = Calendar(hours, {date(2026, 11, 7): WORKED})

    assert hours.full_day_minutes == 540
    assert calendar.close(date(2026, 11, 7)) == at("2026-11-07T17:00")
    assert len(calendar.intervals(date(2026, 11, 7))) == 2


def test_a_half_day_has_its_own_hours() -> None:
    day = date(2026, 11, 3)
    calendar = Calendar(days={day: DayRule(DayKind.HOURS, "nghỉ chiều", hours=(MORNING,))})

    assert calendar.close(day) == at("2026-11-03T11:30")
    assert calendar.after(at("2026-11-03T07:30"), 300) == at("2026-11-04T08:30")


def test_a_make_up_day_on_a_holiday_is_a_contradiction() -> None:
    day = date(2026, 8, 31)

    with pytest.raises(CalendarContradiction, match="31/08/2026") as refused:
        Calendar(days=[(day, OFF), (day, WORKED)])
    assert refused.value.facts == {"day": "2026-08-31"}
    assert refused.value.code == "calendar.contradiction"


def test_two_holidays_on_one_day_are_one_day_off_with_both_names() -> None:
    day = date(2023, 4, 30)
    names = ("Ngày Chiến thắng", "Ngày Giỗ Tổ Hùng Vương", "Ngày Chiến thắng")

    calendar = Calendar(days=[(day, DayRule(DayKind.OFF, name)) for name in names])

    assert calendar.days[day].name == "Ngày Chiến thắng; Ngày Giỗ Tổ Hùng Vương"


def test_office_hours_hold_from_their_date_and_the_earliest_before_it_too() -> None:
    summer = OfficeHours.by_weekday(dict.fromkeys(range(1, 6), ((time(7), time(14)),)))
    calendar = Calendar([(date(2026, 6, 1), summer), (date(2026, 1, 1), OfficeHours())])

    assert calendar.hours_on(date(2026, 5, 29)).full_day_minutes == 480
    assert calendar.hours_on(date(2026, 6, 1)).full_day_minutes == 420
    assert calendar.close(date(2025, 12, 31)) == at("2025-12-31T17:00")
    assert calendar.after(at("2026-05-29T16:00"), 120) == at("2026-06-01T08:00")
    assert calendar.minutes_between(at("2026-05-29T00:00"), at("2026-06-02T00:00")) == 900


def test_hours_dated_outside_the_horizon_leave_the_sums_right() -> None:
    usual, short = OfficeHours(), OfficeHours.by_weekday({1: (MORNING,)})
    early = Calendar([(date(1980, 1, 1), short), (date(1985, 1, 1), usual)])
    late = Calendar([(date(2000, 1, 1), usual), (date(2150, 1, 1), short)])

    for calendar in (early, late):
        assert calendar.after(at("1990-01-01T07:30"), 480) == at("1990-01-01T17:00")
        assert calendar.after(at("2100-12-30T17:00"), 480) == at("2100-12-31T17:00")


@pytest.mark.parametrize(
    "week",
    [
        {},
        {1: ()},
        {0: (MORNING,)},
        {8: (MORNING,)},
        {1: ((time(11, 30), time(7, 30)),)},
        {1: ((time(7, 30), time(7, 30)),)},
        {1: (MORNING, (time(11), time(12)))},
        {1: ((time(7, 30, 30), time(11)),)},
        {1: ((time(7, 30, tzinfo=UTC), time(11, tzinfo=UTC)),)},
    ],
)
def test_hours_that_cannot_be_kept_are_refused(week: Mapping[int, tuple[()]]) -> None:
    with pytest.raises(OfficeHoursRefused):
        OfficeHours.by_weekday(week)


def test_hours_for_less_than_a_week_are_refused() -> None:
    with pytest.raises(OfficeHoursRefused):
        OfficeHours(((MORNING,),))


@pytest.mark.parametrize(
    "hours", [[], [(date(2026, 1, 1), OfficeHours()), (date(2026, 1, 1), SATURDAYS)]]
)
def test_a_calendar_needs_hours_and_one_set_of_them_per_date(
    hours: list[tuple[date, OfficeHours]],
) -> None:
    with pytest.raises(OfficeHoursRefused):
        Calendar(hours)


@pytest.mark.parametrize(
    ("kind", "hours"),
    [(DayKind.HOURS, ()), (DayKind.OFF, (MORNING,)), (DayKind.WORKED, (MORNING,))],
)
def test_a_day_has_hours_of_its_own_exactly_if_its_rule_says_so(
    kind: DayKind, hours: tuple[tuple[time, time], ...]
) -> None:
    with pytest.raises(OfficeHoursRefused):
        DayRule(kind, hours=hours)


@pytest.mark.parametrize(
    ("instant", "opening"),
    [
        ("2026-11-02T06:00", "2026-11-02T07:30"),
        ("2026-11-02T07:30", "2026-11-02T07:30"),
        ("2026-11-02T10:00:59", "2026-11-02T10:00"),
        ("2026-11-02T11:30", "2026-11-02T13:00"),
        ("2026-11-02T12:00", "2026-11-02T13:00"),
        ("2026-11-02T16:59", "2026-11-02T16:59"),
        ("2026-11-02T17:00", "2026-11-03T07:30"),
        ("2026-11-06T17:00", "2026-11-09T07:30"),
        ("2026-11-07T10:00", "2026-11-09T07:30"),
    ],
)
def test_the_next_opening_is_now_while_the_office_is_open(instant: str, opening: str) -> None:
    assert Calendar().next_opening(at(instant)) == at(opening)


@pytest.mark.parametrize(
    ("start", "minutes", "end"),
    [
        ("2026-11-02T07:30", 240, "2026-11-02T11:30"),
        ("2026-11-02T07:30", 241, "2026-11-02T13:01"),
        ("2026-11-02T07:30", 480, "2026-11-02T17:00"),
        ("2026-11-02T11:30", 1, "2026-11-02T13:01"),
        ("2026-11-06T17:00", 1, "2026-11-09T07:31"),
        ("2026-11-07T12:00", 480, "2026-11-09T17:00"),
        ("2026-11-07T12:00", 0, "2026-11-07T12:00"),
    ],
)
def test_working_minutes_end_with_their_last_minute(start: str, minutes: int, end: str) -> None:
    assert Calendar().after(at(start), minutes) == at(end)


def test_naive_instants_are_refused() -> None:
    naive = datetime(2026, 11, 2, 10, 0)  # noqa: DTZ001  (what is tested)

    for ask in (Calendar().next_opening, local_minute):
        with pytest.raises(NaiveInstant):
            ask(naive)


def test_instants_of_other_zones_are_converted() -> None:
    in_london = datetime(2026, 11, 2, 3, 0, 59, tzinfo=UTC)

    assert local_minute(in_london) == at("2026-11-02T10:00")
    assert local_minute(in_london).tzinfo is LOCAL_ZONE


@pytest.mark.parametrize("day", [date(1989, 12, 31), date(2101, 1, 1), date.min, date.max])
def test_beyond_the_horizon_there_is_one_clear_error(day: date) -> None:
    calendar, noon = Calendar(), datetime.combine(day, time(12), LOCAL_ZONE)

    for ask in (calendar.intervals, calendar.is_working, calendar.next_working_day):
        with pytest.raises(HorizonExceeded, match=r"01/01/1990 đến 31/12/2100"):
            ask(day)
    with pytest.raises(HorizonExceeded):
        calendar.minutes_between(noon, at("2026-01-01T00:00"))


def test_the_horizon_ends_where_it_says() -> None:
    calendar = Calendar()
    last = datetime.combine(LAST_DAY, time(7, 30), LOCAL_ZONE)

    assert calendar.next_working_day(FIRST_DAY) == FIRST_DAY
    assert calendar.after(last, 480) == calendar.close(LAST_DAY)
    with pytest.raises(HorizonExceeded):
        calendar.after(last, 481)
    with pytest.raises(HorizonExceeded):
        calendar.next_opening(calendar.close(LAST_DAY))
    with pytest.raises(HorizonExceeded):
        Calendar(days={LAST_DAY: OFF}).next_working_day(LAST_DAY)
    with pytest.raises(HorizonExceeded):
        local_minute(datetime.max.replace(tzinfo=UTC))


def test_a_calendar_does_not_change_from_outside() -> None:
    rules = {date(2026, 11, 24): OFF}
    calendar = Calendar(days=rules)

    rules.clear()

    assert not calendar.is_working(date(2026, 11, 24))
    with pytest.raises(TypeError):
        calendar.days[date(2026, 11, 25)] = OFF  # type: ignore[index]


def test_a_calendar_travels_to_another_process() -> None:
    calendar = seeded()
    start = at("2026-02-13T10:00")

    assert pickle.loads(pickle.dumps(calendar)).after(start, 1440) == calendar.after(start, 1440)


def test_a_year_without_data_is_a_plain_run_of_weeks() -> None:
    assert seeded().after(at("2035-12-31T16:00"), 480) == at("2036-01-01T16:00")


def test_the_seeds_are_the_library_and_the_official_corrections() -> None:
    library = set(holidays.country_holidays("VN", years=range(2020, 2028)))
    off = {day for day, rule in seeded().days.items() if rule.kind is DayKind.OFF}
    worked = {day for day, rule in seeded().days.items() if rule.kind is DayKind.WORKED}

    assert off - library == {date(2026, 1, 2)}
    assert library - off == set()
    assert worked == {
        date(2024, 5, 4),
        date(2025, 4, 26),
        date(2026, 1, 10),
        date(2026, 8, 22),
    }
    assert all(rule.name and rule.source for rule in seeded().days.values())


@pytest.mark.parametrize(
    ("day", "working"),
    [
        ("2024-04-29", False),
        ("2024-05-04", True),
        ("2026-01-02", False),
        ("2026-01-10", True),
        ("2026-02-13", True),
        *[(f"2026-02-{day}", False) for day in range(16, 21)],
        ("2026-02-23", True),
        ("2026-08-22", True),
        ("2026-08-31", False),
        ("2026-11-24", False),
    ],
)
def test_the_known_days_are_off_or_worked(day: str, working: bool) -> None:  # noqa: FBT001
    assert seeded().is_working(date.fromisoformat(day)) is working


HOURS = """agency,valid_from,weekday,start,end
*,2020-01-01,1,07:30,11:30
*,2026-01-01,1,08:00,12:00
*,2027-01-01,1,08:00,11:00
H44.12,2026-07-01,6,07:30,11:30
H44.12,2026-07-01,6,13:00,16:00
"""
NO_DAYS = "day,kind,name,source\n"


def test_an_agency_has_the_common_hours_until_its_own_begin() -> None:
    own = calendar_from_csv(NO_DAYS, HOURS, "H44.12")
    other = calendar_from_csv(NO_DAYS, HOURS, "H44.13")

    assert [since.year for since, _ in own.hours] == [2020, 2026, 2026]
    assert own.close(date(2026, 6, 29)) == at("2026-06-29T12:00")
    assert own.close(date(2026, 7, 4)) == at("2026-07-04T16:00")
    assert not own.is_working(date(2027, 1, 4))
    assert other.close(date(2027, 1, 4)) == at("2027-01-04T11:00")


def test_a_table_may_name_a_half_day() -> None:
    table = NO_DAYS + "2026-11-02,hours 07:30-11:30 13:00-15:00,Hội nghị,Thông báo\n"

    assert calendar_from_csv(table, HOURS).close(date(2026, 11, 2)) == at("2026-11-02T15:00")


@pytest.mark.parametrize(
    "row",
    [
        "2026-02-30,off,x,y",
        "2026-02-03,holiday,x,y",
        "2026-02-03,,x,y",
        "2026-02-03,off",
        "2026-02-03,off,x,y,z",
        "2026-02-03,hours,x,y",
        "2026-02-03,hours 07:30,x,y",
        "2026-02-03,hours 11:30-07:30,x,y",
        "2026-02-03,off 07:30-11:30,x,y",
    ],
)
def test_a_row_of_days_that_cannot_be_read_is_named(row: str) -> None:
    with pytest.raises(CalendarTableRefused, match="Dòng 3") as refused:
        calendar_from_csv(f"{NO_DAYS}2026-02-02,off,x,y\n{row}\n", HOURS)
    assert refused.value.facts == {"line": 3}


def test_a_quote_that_is_never_closed_is_told() -> None:
    with pytest.raises(CalendarTableRefused, match="Từ sau dòng 2 bảng không còn là CSV"):
        calendar_from_csv(f'{NO_DAYS}2026-02-02,off,x,y\n2026-02-03,off,"x,y\n', HOURS)


@pytest.mark.parametrize("row", ["*,2026,1,07:30,11:30", "*,2026-01-01,x,07:30,11:30", "*,,,,"])
def test_a_row_of_hours_that_cannot_be_read_is_named(row: str) -> None:
    with pytest.raises(CalendarTableRefused, match="Dòng 7"):
        calendar_from_csv(NO_DAYS, HOURS + row)


@pytest.mark.parametrize("table", ["", "day,kind\n", "agency,valid_from,weekday,start,end\n"])
def test_a_table_with_other_columns_is_refused(table: str) -> None:
    with pytest.raises(CalendarTableRefused, match="day, kind, name, source"):
        calendar_from_csv(table, HOURS)


def test_a_table_without_hours_is_refused() -> None:
    with pytest.raises(OfficeHoursRefused):
        calendar_from_csv(NO_DAYS, "agency,valid_from,weekday,start,end\n")


def test_a_make_up_day_on_a_holiday_is_refused_in_a_table_as_well() -> None:
    with pytest.raises(CalendarContradiction):
        calendar_from_csv(NO_DAYS + "2026-09-02,off,x,y\n2026-09-02,worked,x,y\n", HOURS)
