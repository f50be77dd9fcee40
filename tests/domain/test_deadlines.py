"""When results are due: the examples of the law's text, official days, and the edges."""

from datetime import UTC, date, datetime, time, timedelta
from importlib.resources import files

import pytest

from app.domain.calendar import LOCAL_ZONE, Calendar, DayKind, DayRule, OfficeHours
from app.domain.calendar_csv import calendar_from_csv
from app.domain.deadlines import (
    DayNature,
    Deadline,
    HorizonExceeded,
    LimitRefused,
    LimitUnit,
    NaiveInstant,
    Stop,
    StopRefused,
    TimeLimit,
    due,
    explain,
    first_answer_due,
    in_words,
    lateness,
    next_working_start,
    parse_limit,
)

SEEDS = files("app.seeds")
OFFICIAL = calendar_from_csv(
    (SEEDS / "calendar.csv").read_text("utf-8"), (SEEDS / "office_hours.csv").read_text("utf-8")
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=LOCAL_ZONE)


def stop(start: str, end: str | None = None, reason: str = "") -> Stop:
    return Stop(at(start), None if end is None else at(end), reason)


def due_at(
    limit: str, accepted: str, *stops: Stop, extension: str | None = None
) -> datetime | None:
    extended = None if extension is None else parse_limit(extension)
    return due(parse_limit(limit), at(accepted), stops, OFFICIAL, extended).due_at


@pytest.mark.parametrize(
    ("accepted", "limit", "expected"),
    [
        # Tết of 2026
        ("2026-02-13T10:00", "3 working days", "2026-02-25T10:00"),
        ("2026-02-15T10:00", "1 working day", "2026-02-23T17:00"),
        # 1 January, with the 2nd off and Saturday the 10th worked
        ("2026-01-01T09:00", "1 working day", "2026-01-05T17:00"),
        ("2025-12-31T10:00", "3 working days", "2026-01-07T10:00"),
        ("2026-01-09T15:00", "1 working day", "2026-01-10T15:00"),
        ("2026-01-10T16:59", "1 working hour", "2026-01-12T08:29"),
        # 31 August off, Saturday 22 August worked
        ("2026-08-21T16:00", "1 working day", "2026-08-22T16:00"),
        ("2026-08-22T08:00", "1 working day", "2026-08-24T08:00"),
        ("2026-08-28T10:00", "1 working day", "2026-09-03T10:00"),
        # 29 April 2024 off, Saturday 4 May worked
        ("2024-04-26T16:00", "1 working day", "2024-05-02T16:00"),
        ("2024-05-03T16:00", "1 working day", "2024-05-04T16:00"),
        # Vietnam Culture Day
        ("2026-11-23T16:00", "1 working day", "2026-11-25T16:00"),
        ("2026-11-24T16:00", "8 working hours", "2026-11-25T17:00"),
        # the last minute of a day, a lunch break, a Sunday
        ("2026-11-02T16:59", "1 working day", "2026-11-03T16:59"),
        ("2026-11-02T17:00", "1 working day", "2026-11-03T17:00"),
        ("2026-11-02T11:30", "1 working hour", "2026-11-02T14:00"),
        ("2026-11-02T12:15", "4 working hours", "2026-11-02T17:00"),
        ("2026-11-02T07:30", "4 working hours", "2026-11-02T11:30"),
        ("2026-11-01T10:00", "1 working day", "2026-11-02T17:00"),
        # 24 working hours are three days of work, not one of the clock
        ("2026-11-02T09:00", "24 working hours", "2026-11-05T09:00"),
    ],
)
def test_working_time_is_spent_on_official_working_days_only(
    accepted: str, limit: str, expected: str
) -> None:
    assert due_at(limit, accepted) == at(expected)


def test_a_supplement_keeps_what_is_left() -> None:
    asked_and_answered = stop("2026-11-02T11:00", "2026-11-05T14:00")

    answer = due(
        parse_limit("2 working days"), at("2026-11-02T09:00"), [asked_and_answered], OFFICIAL
    )

    assert answer == Deadline(at("2026-11-09T10:30"), spent_minutes=120, remaining_minutes=840)


def test_while_a_supplement_is_awaited_there_is_no_due_instant() -> None:
    answer = due(
        parse_limit("2 working days"), at("2026-11-02T09:00"), [stop("2026-11-02T11:00")], OFFICIAL
    )

    assert answer == Deadline(None, spent_minutes=120, remaining_minutes=840)
    assert answer.budget_minutes == 960


def test_many_supplement_rounds_cost_only_their_own_time() -> None:
    rounds = [stop(f"2026-11-{day:02}T08:30", f"2026-11-{day:02}T16:00") for day in (2, 3, 4, 5)]

    assert due_at("1 working day", "2026-11-02T07:30", *rounds) == at("2026-11-05T17:00")


@pytest.mark.parametrize(
    ("stops", "expected"),
    [
        ([stop("2026-10-01T08:00", "2026-11-01T08:00")], "2026-11-03T09:00"),  # before acceptance
        ([stop("2026-10-30T08:00", "2026-11-02T10:00")], "2026-11-03T10:00"),  # begun before it
        ([stop("2026-11-02T11:30", "2026-11-02T13:00")], "2026-11-03T09:00"),  # over lunch
        ([stop("2026-11-02T20:00", "2026-11-03T06:00")], "2026-11-03T09:00"),  # overnight
        ([stop("2026-11-02T16:00", "2026-11-03T06:00")], "2026-11-03T10:00"),
        ([stop("2026-11-03T09:00", "2026-11-09T09:00")], "2026-11-03T09:00"),  # from the due one
        ([stop("2026-11-03T09:00")], "2026-11-03T09:00"),
        ([stop("2026-11-03T08:59", "2026-11-09T09:00")], "2026-11-09T09:01"),
        (  # overlapping, touching, unsorted
            [
                stop("2026-11-02T15:00", "2026-11-02T16:00"),
                stop("2026-11-02T14:00", "2026-11-02T15:00"),
                stop("2026-11-02T14:30", "2026-11-02T15:30"),
            ],
            "2026-11-03T11:00",
        ),
        ([stop("2026-11-02T10:00", "2026-11-02T10:00")], "2026-11-03T09:00"),
        ([stop("2026-11-02T10:00:10", "2026-11-02T10:00:50")], "2026-11-03T09:00"),
    ],
)
def test_stops_count_where_the_clock_would_have_run(stops: list[Stop], expected: str) -> None:
    assert due_at("1 working day", "2026-11-02T09:00", *stops) == at(expected)


def test_a_clock_accepted_while_it_stands_has_spent_nothing() -> None:
    answer = due(
        parse_limit("1 working day"), at("2026-11-02T09:00"), [stop("2026-10-30T09:00")], OFFICIAL
    )

    assert answer == Deadline(None, spent_minutes=0, remaining_minutes=480)


@pytest.mark.parametrize(
    ("accepted", "limit", "expected"),
    [
        ("2026-11-02T09:00", "4 calendar days", "2026-11-06T17:00"),
        ("2026-11-02T00:00", "5 calendar days", "2026-11-09T17:00"),  # Saturday
        ("2026-11-02T23:59", "5 calendar days", "2026-11-09T17:00"),
        ("2026-11-14T09:00", "10 calendar days", "2026-11-25T17:00"),  # 24 November
        ("2026-02-10T09:00", "5 calendar days", "2026-02-23T17:00"),  # into Tết
        ("2026-08-12T09:00", "10 calendar days", "2026-08-22T17:00"),  # a Saturday that is worked
        ("2026-03-15T09:00", "2 months", "2026-05-15T17:00"),
        ("2026-01-31T09:00", "1 month", "2026-03-02T17:00"),  # 28 February is a Saturday
        ("2024-01-31T09:00", "1 month", "2024-02-29T17:00"),
        ("2025-12-30T09:00", "2 months", "2026-03-02T17:00"),
        ("2025-11-20T09:00", "12 months", "2026-11-20T17:00"),
        ("2026-10-31T09:00", "2 months", "2026-12-31T17:00"),
    ],
)
def test_days_of_the_year_leave_out_the_first_and_end_on_a_working_day(
    accepted: str, limit: str, expected: str
) -> None:
    assert due_at(limit, accepted) == at(expected)


@pytest.mark.parametrize(
    ("stops", "expected"),
    [
        ([stop("2026-11-04T10:00", "2026-11-04T16:00")], "2026-11-12T17:00"),
        ([stop("2026-11-04T10:00", "2026-11-05T08:00")], "2026-11-13T17:00"),
        ([stop("2026-11-04T10:00", "2026-11-06T08:00")], "2026-11-16T17:00"),  # a Saturday
        (  # the days of two stops that overlap count once
            [
                stop("2026-11-05T10:00", "2026-11-09T08:00"),
                stop("2026-11-04T10:00", "2026-11-06T08:00"),
            ],
            "2026-11-17T17:00",
        ),
        (  # one ends and another begins on the same day
            [
                stop("2026-11-03T10:00", "2026-11-04T08:00"),
                stop("2026-11-04T10:00", "2026-11-05T08:00"),
            ],
            "2026-11-16T17:00",
        ),
        ([stop("2026-10-30T10:00", "2026-11-03T10:00")], "2026-11-13T17:00"),
        ([stop("2026-11-12T17:00", "2026-11-20T10:00")], "2026-11-12T17:00"),
        ([stop("2026-11-12T17:00")], "2026-11-12T17:00"),
        ([stop("2026-11-12T16:00", "2026-11-12T16:30")], "2026-11-12T17:00"),
        # the clock goes on only after the close of the last day
        ([stop("2026-11-12T16:00", "2026-11-12T17:00")], "2026-11-13T17:00"),
        ([stop("2026-11-12T16:00", "2026-11-13T19:00")], "2026-11-16T17:00"),
    ],
)
def test_a_stop_adds_its_days_to_a_limit_in_calendar_days(stops: list[Stop], expected: str) -> None:
    assert due_at("10 calendar days", "2026-11-02T09:00", *stops) == at(expected)


@pytest.mark.parametrize(
    ("stopped", "expected"),
    [
        (stop("2026-11-09T10:00", "2026-11-10T09:00"), "2026-11-10T17:00"),
        (stop("2026-11-09T10:00", "2026-11-12T10:00"), "2026-11-12T17:00"),
        (stop("2026-11-08T10:00", "2026-11-08T11:00"), "2026-11-09T17:00"),
    ],
)
def test_a_stop_after_the_last_day_has_moved_only_holds_up_the_close(
    stopped: Stop, expected: str
) -> None:
    asked = (parse_limit("5 calendar days"), at("2026-11-02T09:00"))  # ends on Saturday the 7th

    assert due(*asked, [stopped], OFFICIAL).due_at == at(expected)
    numbers = [row.day_number for row in explain(*asked, [stopped], OFFICIAL)]
    assert numbers[:6] == [None, 1, 2, 3, 4, 5]
    assert set(numbers[6:]) == {None}


def test_a_month_accepted_while_the_clock_stands_begins_when_it_goes_on() -> None:
    waited = stop("2026-01-29T09:00", "2026-02-05T09:00")

    assert due_at("1 month", "2026-01-30T09:00", waited) == at("2026-03-05T17:00")


def test_while_a_limit_in_calendar_days_stands_the_working_time_to_its_end_is_left() -> None:
    answer = due(
        parse_limit("10 calendar days"),
        at("2026-11-02T09:00"),
        [stop("2026-11-11T13:00")],
        OFFICIAL,
    )

    assert answer == Deadline(None, spent_minutes=390 + 6 * 480 + 240, remaining_minutes=240 + 480)


@pytest.mark.parametrize(
    ("limit", "extension", "expected"),
    [
        ("1 working day", "2 working days", "2026-11-05T09:00"),
        ("1 working day", "4 working hours", "2026-11-03T14:30"),
        ("4 calendar days", "3 calendar days", "2026-11-09T17:00"),
        ("1 month", "15 calendar days", "2026-12-17T17:00"),
        ("4 calendar days", "1 working day", "2026-11-09T17:00"),  # after Friday's close
        ("1 working day", "3 calendar days", "2026-11-06T17:00"),  # Tuesday is not counted
    ],
)
def test_an_extension_lengthens_the_limit_or_follows_it(
    limit: str, extension: str, expected: str
) -> None:
    assert due_at(limit, "2026-11-02T09:00", extension=extension) == at(expected)


def test_a_stop_after_the_first_date_counts_for_the_extension() -> None:
    late = stop("2026-11-04T07:30", "2026-11-05T07:30")

    for extension, expected in (("2 working days", "06T09:00"), ("2 calendar days", "06T17:00")):
        found = due_at("1 working day", "2026-11-02T09:00", late, extension=extension)
        assert found == at(f"2026-11-{expected}")
        waiting = due_at(
            "1 working day", "2026-11-02T09:00", stop("2026-11-04T07:30"), extension=extension
        )
        assert waiting is None


def test_a_working_day_is_worth_the_full_day_of_the_office() -> None:
    short = OfficeHours.by_weekday(dict.fromkeys(range(1, 6), ((time(8), time(14)),)))
    change = Calendar([(date(2020, 1, 1), OfficeHours()), (date(2026, 11, 3), short)])

    one_day = parse_limit("1 working day")
    assert due(one_day, at("2026-11-02T16:00"), [], change).due_at == at("2026-11-04T09:00")
    assert due(one_day, at("2026-11-03T09:00"), [], change).due_at == at("2026-11-04T09:00")


@pytest.mark.parametrize("limit", ["1 working day", "8 working hours", "1 calendar day", "1 month"])
def test_seconds_are_read_off_every_instant(limit: str) -> None:
    stops = [stop("2026-11-02T10:00:59", "2026-11-02T11:00:01")]
    whole = [stop("2026-11-02T10:00", "2026-11-02T11:00")]

    assert due_at(limit, "2026-11-02T09:00:30", *stops) == due_at(limit, "2026-11-02T09:00", *whole)


def test_instants_of_other_zones_are_the_same_instants() -> None:
    in_london = datetime(2026, 2, 13, 3, 0, tzinfo=UTC)

    answer = due(parse_limit("3 working days"), in_london, [], OFFICIAL).due_at

    assert answer is not None
    assert answer.isoformat() == "2026-02-25T10:00:00+07:00"


def test_naive_instants_are_refused() -> None:
    naive, limit = datetime(2026, 11, 2, 9, 0), parse_limit("1 month")  # noqa: DTZ001  (tested)

    with pytest.raises(NaiveInstant):
        due(limit, naive, [], OFFICIAL)
    with pytest.raises(NaiveInstant):
        Stop(naive, None)
    with pytest.raises(NaiveInstant):
        Stop(at("2026-11-02T08:00"), naive)
    with pytest.raises(NaiveInstant):
        lateness(naive, at("2026-11-02T08:00"), OFFICIAL)


def test_a_stop_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(StopRefused):
        stop("2026-11-02T10:01", "2026-11-02T10:00")


@pytest.mark.parametrize(
    "limit", ["10000 working days", "10000 months", "10000 calendar days", "9999 working hours"]
)
def test_a_way_beyond_the_calendar_is_refused(limit: str) -> None:
    with pytest.raises(HorizonExceeded):
        due_at(limit, "2099-11-02T09:00")


@pytest.mark.parametrize(
    ("text", "count", "unit"),
    [
        ("3 working days", 3, LimitUnit.WORKING_DAYS),
        ("1 working day", 1, LimitUnit.WORKING_DAYS),
        ("8 working hours", 8, LimitUnit.WORKING_HOURS),
        ("1 Working Hour", 1, LimitUnit.WORKING_HOURS),
        ("15 calendar days", 15, LimitUnit.CALENDAR_DAYS),
        ("2 months", 2, LimitUnit.MONTHS),
        ("1 month", 1, LimitUnit.MONTHS),
        ("3 working_days", 3, LimitUnit.WORKING_DAYS),
        ("3 ngày làm việc", 3, LimitUnit.WORKING_DAYS),
        ("  03   NGÀY  làm việc ", 3, LimitUnit.WORKING_DAYS),
        ("3 nga\u0300y la\u0300m vie\u0323\u0302c", 3, LimitUnit.WORKING_DAYS),
        ("24 giờ làm việc", 24, LimitUnit.WORKING_HOURS),
        ("15 ngày", 15, LimitUnit.CALENDAR_DAYS),
        ("2 tháng", 2, LimitUnit.MONTHS),
    ],
)
def test_limits_are_read_in_both_languages(text: str, count: int, unit: LimitUnit) -> None:
    assert parse_limit(text) == TimeLimit(count, unit)


@pytest.mark.parametrize("unit", LimitUnit)
def test_the_words_of_a_limit_are_read_back(unit: LimitUnit) -> None:
    limit = TimeLimit(7, unit)

    assert parse_limit(limit.label) == limit
    assert parse_limit(f"7 {unit}") == limit


@pytest.mark.parametrize(
    "text",
    [
        "", "3", "days", "3 days", "24 giờ", "three working days", "-1 working days",
        "0 working days", "1.5 working days", "10001 months", "9" * 5000 + " months",
        "3 working days 2", "3 ngay lam viec", "٣ ngày",
    ],
)  # fmt: skip
def test_what_is_not_a_limit_is_refused(text: str) -> None:
    with pytest.raises(LimitRefused) as refused:
        parse_limit(text)
    assert len(refused.value.detail) < 400


@pytest.mark.parametrize(
    ("minutes", "words"),
    [
        (-1200, "còn 2 ngày 4 giờ"),
        (660, "quá hạn 1 ngày 3 giờ"),
        (0, "đến hạn"),
        (-1, "còn 1 phút"),
        (59, "quá hạn 59 phút"),
        (60, "quá hạn 1 giờ"),
        (-119, "còn 1 giờ"),
        (-480, "còn 1 ngày"),
        (509, "quá hạn 1 ngày"),
        (-540, "còn 1 ngày 1 giờ"),
        (48_000, "quá hạn 100 ngày"),
    ],
)
def test_lateness_is_said_in_working_days_and_hours(minutes: int, words: str) -> None:
    assert in_words(minutes, 480) == words


def test_a_shorter_office_day_makes_more_days_of_the_same_time() -> None:
    assert in_words(840, 420) == "quá hạn 2 ngày"


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        ("2026-02-13T10:00", "còn 3 ngày"),
        ("2026-02-18T10:00", "còn 2 ngày 2 giờ"),  # in the middle of Tết
        ("2026-02-25T09:59:59", "còn 1 phút"),
        ("2026-02-25T10:00:59", "đến hạn"),
        ("2026-02-26T14:30", "quá hạn 1 ngày 3 giờ"),
        ("2026-02-28T10:00", "quá hạn 2 ngày 5 giờ"),
    ],
)
def test_time_left_and_overdue_is_working_time(moment: str, words: str) -> None:
    late = lateness(at(moment), at("2026-02-25T10:00"), OFFICIAL)

    assert in_words(late, 480) == words


def test_a_dossier_sent_at_night_is_answered_within_the_next_day() -> None:
    assert first_answer_due(at("2026-11-02T22:00"), OFFICIAL) == at("2026-11-03T17:00")
    assert first_answer_due(at("2026-11-02T10:00"), OFFICIAL) == at("2026-11-03T10:00")


@pytest.mark.parametrize(
    ("received", "expected"),
    [
        ("2026-11-02T14:59", "2026-11-02T14:59"),
        ("2026-11-02T15:00", "2026-11-02T15:00"),
        ("2026-11-02T15:01", "2026-11-03T07:30"),
        ("2026-11-02T12:00", "2026-11-02T13:00"),
        ("2026-11-02T06:00", "2026-11-02T07:30"),
        ("2026-11-06T15:30", "2026-11-09T07:30"),
        ("2026-11-07T09:00", "2026-11-09T07:30"),
        ("2026-11-07T16:00", "2026-11-09T07:30"),
        ("2026-11-23T16:00", "2026-11-25T07:30"),
        ("2026-08-21T15:01", "2026-08-22T07:30"),
    ],
)
def test_what_comes_after_three_is_handed_on_the_next_working_morning(
    received: str, expected: str
) -> None:
    assert next_working_start(at(received), OFFICIAL) == at(expected)


def test_the_hour_of_handing_on_is_a_setting() -> None:
    assert next_working_start(at("2026-11-02T15:30"), OFFICIAL, time(16)) == at("2026-11-02T15:30")
    assert next_working_start(at("2026-11-02T10:30"), OFFICIAL, time(10)) == at("2026-11-03T07:30")
    assert next_working_start(at("2026-11-02T17:30"), OFFICIAL, time(18)) == at("2026-11-03T07:30")


def test_the_explanation_says_what_each_day_took_and_why() -> None:
    half = DayRule(DayKind.HOURS, "Hội nghị", hours=((time(7, 30), time(11, 30)),))
    days = {**OFFICIAL.days, date(2026, 8, 24): half}
    asked = (parse_limit("3 working days"), at("2026-08-21T16:00"))
    waited = stop("2026-08-22T09:00", "2026-08-22T16:00", "chờ bổ sung giấy tờ")

    rows = explain(*asked, [waited], Calendar(days=days))

    assert [(row.day.day, row.nature, row.minutes, row.total) for row in rows] == [
        (21, DayNature.WORKING, 60, 60),
        (22, DayNature.WORKED, 150, 210),
        (23, DayNature.WEEKLY_REST, 0, 210),
        (24, DayNature.HOURS, 240, 450),
        (25, DayNature.WORKING, 480, 930),
        (26, DayNature.WORKING, 480, 1410),
        (27, DayNature.WORKING, 30, 1440),
    ]
    assert [row.why for row in rows[:4]] == [
        "ngày làm việc",
        "làm bù: Làm bù cho ngày 31/08/2026",
        "nghỉ hằng tuần",
        "giờ làm việc riêng: Hội nghị",
    ]
    assert rows[0].notes == ("tiếp nhận lúc 16:00",)
    assert rows[1].notes == ("dừng từ 09:00 (chờ bổ sung giấy tờ)", "chạy tiếp từ 16:00")
    assert rows[-1].notes == ("đến hạn lúc 08:00",)
    assert rows[2].intervals == ()
    assert rows[3].intervals == ((at("2026-08-24T07:30"), at("2026-08-24T11:30")),)


def test_the_explanation_numbers_the_days_of_the_year() -> None:
    rows = explain(
        parse_limit("5 calendar days"),
        at("2026-11-18T09:00"),
        [stop("2026-11-19T09:00", "2026-11-21T09:00")],
        OFFICIAL,
    )

    assert [row.day_number for row in rows] == [None, 1, None, None, 2, 3, 4, 5]
    assert rows[0].notes == ("tiếp nhận lúc 09:00", "ngày đầu không tính (Điều 147 Bộ luật Dân sự)")
    assert rows[2].notes == ("đang dừng",)
    assert (rows[6].nature, rows[6].why) == (DayNature.OFF, "nghỉ: Ngày Văn hóa Việt Nam")
    assert rows[-1].notes == ("đến hạn lúc 17:00",)


def test_the_explanation_says_why_the_last_day_moved() -> None:
    weekend = explain(parse_limit("5 ngày"), at("2026-11-02T09:00"), [], OFFICIAL)
    outlasted = explain(
        parse_limit("4 ngày"),
        at("2026-11-02T09:00"),
        [stop("2026-11-06T16:00", "2026-11-06T18:00")],
        OFFICIAL,
    )

    assert [row.notes for row in weekend if "Điều 148" in str(row.notes)] == [
        ("hết hạn vào ngày nghỉ, chuyển sang ngày làm việc tiếp theo (Điều 148 Bộ luật Dân sự)",)
    ]
    assert (
        "hết hạn khi đồng hồ đang dừng, chuyển sang ngày làm việc tiếp theo" in outlasted[4].notes
    )
    assert outlasted[-1].day == weekend[-1].day == date(2026, 11, 9)


def test_the_explanation_shows_where_an_extension_of_another_kind_begins() -> None:
    rows = explain(
        parse_limit("1 working day"),
        at("2026-11-02T09:00"),
        [],
        OFFICIAL,
        parse_limit("3 calendar days"),
    )

    assert rows[1].notes == (
        "hết hạn ban đầu, tính gia hạn lúc 09:00",
        "ngày đầu không tính (Điều 147 Bộ luật Dân sự)",
    )
    assert [row.day_number for row in rows] == [None, None, 1, 2, 3]


def test_the_explanation_ends_where_the_clock_stands() -> None:
    rows = explain(
        parse_limit("2 working days"),
        at("2026-11-02T09:00"),
        [stop("2026-11-03T08:00", reason="chờ thực hiện nghĩa vụ tài chính")],
        OFFICIAL,
    )

    assert [(row.day.day, row.minutes) for row in rows] == [(2, 390), (3, 30)]
    assert rows[-1].notes == ("dừng từ 08:00 (chờ thực hiện nghĩa vụ tài chính)",)


def test_the_reasons_of_stops_that_overlap_are_both_told() -> None:
    stops = [
        stop("2026-11-02T10:00", "2026-11-03T10:00", "chờ bổ sung"),
        stop("2026-11-02T14:00", "2026-11-04T10:00", "chờ nộp tiền"),
    ]

    rows = explain(parse_limit("1 working day"), at("2026-11-02T09:00"), stops, OFFICIAL)

    assert rows[1].notes == ("đang dừng (chờ bổ sung; chờ nộp tiền)",)


def test_a_due_instant_is_aware_and_local() -> None:
    found = due_at("1 working day", "2026-11-02T09:00")

    assert found is not None
    assert found.tzinfo is LOCAL_ZONE
    assert found.utcoffset() == timedelta(hours=7)
