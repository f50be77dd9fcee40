"""Entering a change of the calendar: what it moves, what it leaves, what is put on record."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from threading import Barrier

import pytest

from app.db.books import read_book
from app.domain.actor import Actor, Role
from app.domain.calendar_book import CalendarChange, DayEntry, EntryKind, HoursEntry, fold
from app.domain.calendar_documents import change_of, intervals
from app.domain.calendar_faults import CalendarChangeFaulty
from app.services import calendar_reading, calendars, processing, recomputation
from tests.clock.bureau import FULL, JUSTICE, PROVINCE, Bureau, at, half, off, swap, worked

NOW = at("2026-10-06T08:00")
LETTER = swap("2026-10-08", "2026-10-17")  # a Thursday off, a Saturday worked for it
DISTRICT = "H44.29"


def test_a_swap_letter_moves_exactly_the_dossiers_whose_way_it_touches(bureau: Bureau) -> None:
    # 3 working days: due Thursday 8 October 10:00, Friday 9 October 09:00, Wednesday 7 October.
    over = bureau.take_in(at("2026-10-05T10:00"))
    across = bureau.take_in(at("2026-10-06T09:00"))
    before = bureau.take_in(at("2026-10-02T16:00"))
    # Begun on the day off itself; and one whose way ends on the Saturday that is now worked.
    on_it = bureau.take_in(at("2026-10-08T14:00"))
    later = bureau.take_in(at("2026-10-14T09:00"))
    ended = bureau.take_in(at("2026-10-05T11:00"))
    bureau.withdraw(ended, at("2026-10-06T07:45"))

    bureau.enter(LETTER, NOW)
    bureau.derive(NOW)

    assert {code: bureau.due(code) for code in (over, across, before, on_it, later)} == {
        over: at("2026-10-09T10:00"),
        across: at("2026-10-12T09:00"),
        before: at("2026-10-07T16:00"),
        on_it: at("2026-10-13T17:00"),
        later: at("2026-10-17T09:00"),
    }
    assert bureau.moves() == {
        over: (at("2026-10-08T10:00"), at("2026-10-09T10:00")),
        across: (at("2026-10-09T09:00"), at("2026-10-12T09:00")),
        on_it: (at("2026-10-13T14:00"), at("2026-10-13T17:00")),
        later: (at("2026-10-19T09:00"), at("2026-10-17T09:00")),
    }
    assert bureau.dossier(ended)["due_at"] == at("2026-10-08T11:00")


def test_the_promise_the_version_and_the_history_stay(bureau: Bureau) -> None:
    code = bureau.take_in(at("2026-10-05T10:00"))
    before, events = bureau.dossier(code), bureau.events(code)

    bureau.enter(LETTER, NOW)
    bureau.derive(NOW)

    after = bureau.dossier(code)
    changed = {column for column in after if after[column] != before[column]}
    assert changed == {"due_at", "queue_minutes", "calendar_revision"}
    assert after["promised_at"] == at("2026-10-08T10:00")
    assert bureau.events(code) == events


def test_a_first_answer_moves_too_while_nobody_has_answered(bureau: Bureau) -> None:
    waiting = bureau.submit(at("2026-10-07T13:00"))
    accepted = bureau.submit(at("2026-10-07T13:00"))
    bureau.accept(accepted, at("2026-10-07T14:00"))

    change = CalendarChange("Công điện", None, (off("2026-10-08"),))
    bureau.enter(change, at("2026-10-07T15:00"))
    bureau.derive(at("2026-10-07T15:00"))

    assert bureau.dossier(waiting)["answer_due_at"] == at("2026-10-09T11:30")
    assert bureau.dossier(accepted)["answer_due_at"] == at("2026-10-08T11:30")
    rows = bureau.rows("SELECT what, code FROM due_move JOIN dossier ON dossier.id = dossier_id")
    assert {(row["what"], row["code"]) for row in rows} == {("answer", waiting), ("due", accepted)}


def test_who_was_asked_for_a_supplement_has_had_the_first_answer(bureau: Bureau) -> None:
    code = bureau.submit(at("2026-10-07T13:00"))
    request = bureau.request(code, Role.RECEPTIONIST, at("2026-10-07T14:00"))
    processing.request_supplement(
        bureau.desk, request, components=("GT01",), reason="Mờ", ground=None
    )

    bureau.enter(CalendarChange("Công điện", None, (off("2026-10-08"),)), at("2026-10-07T15:00"))
    bureau.derive(at("2026-10-07T15:00"))

    assert bureau.dossier(code)["answer_due_at"] == at("2026-10-08T11:30")
    assert bureau.rows("SELECT FROM due_move") == []


def test_two_administrators_at_once_enter_one_after_the_other(bureau: Bureau) -> None:
    start = Barrier(4)

    def enter(n: int) -> str:
        start.wait()
        try:
            bureau.enter(LETTER if n < 2 else swap("2026-10-22", "2026-10-31"), NOW)
        except CalendarChangeFaulty as refused:
            return str(refused.facts["errors"][0]["code"])
        return "entered"

    with ThreadPoolExecutor(4) as pool:
        said = sorted(pool.map(enter, range(4)))
    assert said == ["calendar.unchanged", "calendar.unchanged", "entered", "entered"]
    assert bureau.one("SELECT value FROM revision WHERE name = 'calendar'") == {"value": 3}


def test_what_waits_for_a_supplement_is_derived_as_it_was_before_the_stop(bureau: Bureau) -> None:
    code = bureau.take_in(at("2026-10-05T10:00"))
    bureau.start(code, at("2026-10-05T10:30"))
    bureau.ask_supplement(code, at("2026-10-05T15:00"))

    bureau.enter(LETTER, NOW)
    bureau.derive(NOW)
    assert bureau.due(code) == at("2026-10-09T10:00")

    # 210 minutes were spent; 1230 are left from Tuesday 13 October 08:00.
    bureau.supplement(code, at("2026-10-13T08:00"))
    assert bureau.due(code) == at("2026-10-15T14:00")


def test_an_act_after_a_change_reckons_with_the_new_calendar_at_once(bureau: Bureau) -> None:
    bureau.enter(LETTER, NOW)

    code = bureau.take_in(at("2026-10-07T09:00"))

    assert bureau.due(code) == at("2026-10-13T09:00")
    assert bureau.dossier(code)["calendar_revision"] == 2
    assert recomputation.recompute_open(bureau.desk, now=NOW) == 0


def test_two_changes_in_a_row_are_caught_up_with_in_one_go(bureau: Bureau) -> None:
    code = bureau.take_in(at("2026-10-05T10:00"))
    first = bureau.enter(LETTER, NOW)
    second = bureau.enter(CalendarChange("Công điện", None, (off("2026-10-09"),)), NOW)

    bureau.derive(NOW)

    assert bureau.moves() == {code: (at("2026-10-08T10:00"), at("2026-10-12T10:00"))}
    for entered in (first, second):
        found = calendar_reading.moved_by(
            bureau.desk, entered["id"], actor=PROVINCE, after=0, limit=10
        )
        assert [move["code"] for move in found] == [code]


def test_taking_a_change_back_takes_the_instants_back(bureau: Bureau) -> None:
    code = bureau.take_in(at("2026-10-05T10:00"))
    bureau.enter(LETTER, NOW)
    bureau.derive(NOW)

    usual = [DayEntry("*", day.day, EntryKind.USUAL) for day in LETTER.days]
    bureau.enter(CalendarChange("Đính chính công văn", None, tuple(usual)), NOW)
    bureau.derive(NOW)

    assert bureau.due(code) == at("2026-10-08T10:00")
    assert len(bureau.rows("SELECT FROM due_move")) == 2


def test_a_local_half_day_moves_that_office_alone(bureau: Bureau) -> None:
    here, there = (
        bureau.take_in(at("2026-10-05T10:00")),
        bureau.take_in(at("2026-10-05T10:00"), agency="H44.30"),
    )

    bureau.enter(CalendarChange("Thông báo cắt điện", None, (half("2026-10-07", DISTRICT),)), NOW)
    bureau.derive(NOW)

    assert bureau.due(here) == at("2026-10-08T15:30")
    assert bureau.due(there) == at("2026-10-08T10:00")


def test_office_hours_of_one_agency_change_from_a_date_on(bureau: Bureau) -> None:
    code = bureau.take_in(at("2026-10-05T10:00"), FULL)  # 10 working days: Monday 19 October
    week = {day: intervals("07:30-11:30 13:00-17:00") for day in range(1, 6)}
    saturdays = {**week, 6: intervals("07:30-11:30")}
    change = CalendarChange(
        "Quyết định mở cửa thứ bảy",
        hours=(HoursEntry(JUSTICE, date(2026, 10, 12), saturdays),),
    )

    bureau.enter(change, NOW)
    bureau.derive(NOW)

    # Saturday the 17th is open, the 10th is before the new hours.
    assert bureau.moves() == {code: (at("2026-10-19T10:00"), at("2026-10-17T10:00"))}


def test_what_holds_is_what_all_changes_entered_make_of_an_empty_book(bureau: Bureau) -> None:
    week = {1: intervals("08:00-12:00"), 2: intervals("08:00-12:00 13:00-17:00")}
    for change in (
        LETTER,
        CalendarChange("A", None, (half("2026-10-07", DISTRICT), off("2026-12-24"))),
        CalendarChange("B", None, (DayEntry(DISTRICT, date(2026, 10, 7), EntryKind.USUAL),)),
        CalendarChange("C", None, (), (HoursEntry(JUSTICE, date(2026, 11, 1), week),)),
        CalendarChange("D", None, (), (HoursEntry(JUSTICE, date(2026, 11, 1), None),)),
        CalendarChange("E", None, (), (HoursEntry(JUSTICE, date(2026, 12, 1), week),)),
    ):
        bureau.enter(change, NOW)

    documents = bureau.rows("SELECT document FROM calendar_change ORDER BY id")
    with bureau.owner.connect() as db:
        holds = read_book(db)
    assert holds == fold(change_of(row["document"]) for row in documents)
    assert holds.hours[JUSTICE].keys() == {date(2026, 12, 1)}


def test_the_year_tells_what_holds_since_when_by_whom_and_what_was_known_before(
    bureau: Bureau,
) -> None:
    bureau.enter(LETTER, NOW)

    now = calendar_reading.year_of(bureau.desk, 2026, agency="*")
    then = calendar_reading.year_of(
        bureau.desk, 2026, agency="*", known_at=NOW - timedelta(minutes=1)
    )

    thursday = next(known for known in now.days if known.day == date(2026, 10, 8))
    assert (thursday.rule.source, thursday.entered_at, thursday.entered_by, thursday.is_own) == (
        "Công văn hoán đổi",
        NOW,
        "Đỗ Văn Quản",
        False,
    )
    days = {known.day for known in now.days}
    assert days - {known.day for known in then.days} == {date(2026, 10, 8), date(2026, 10, 17)}
    assert now.working_minutes == then.working_minutes == now.working_days * 480


@pytest.mark.parametrize(
    ("change", "faults"),
    [
        (CalendarChange("x"), [("/days", "calendar.change_empty")]),
        # 2 September is Quốc khánh, 30 April a holiday; both lie on a weekday in 2027.
        (
            CalendarChange("x", None, (worked("2027-04-30"),)),
            [("/days/0", "calendar.contradiction")],
        ),
        (
            CalendarChange("x", None, (half("2027-04-30", DISTRICT),)),
            [("/days/0", "calendar.contradiction")],
        ),
        (
            CalendarChange("x", None, (worked("2026-10-07"),)),
            [("/days/0", "calendar.contradiction")],
        ),
        (
            CalendarChange("x", None, (off("2026-10-08"), worked("2026-10-08"))),
            [("/days/1", "calendar.day_twice")],
        ),
        (
            CalendarChange("x", None, (off("2026-10-05"), off("2026-10-06"))),
            [("/days/0/day", "calendar.past_without_reason")],
        ),
        (
            CalendarChange("x", None, (off("2026-10-08", agency="H44.99"),)),
            [("/days/0/agency", "agency.unknown")],
        ),
        (
            CalendarChange("x", None, (off("2026-10-08", name=""), off("1980-01-01"))),
            [("/days/1/day", "calendar.horizon"), ("/days/0/name", "calendar.name_missing")],
        ),
        (
            CalendarChange(
                "x",
                None,
                (
                    DayEntry(
                        "*",
                        date(2026, 10, 8),
                        EntryKind.HOURS,
                        "x",
                        intervals("07:30-11:30 11:00-15:00"),
                    ),
                    DayEntry("*", date(2026, 10, 9), EntryKind.HOURS, "x"),
                ),
                (HoursEntry("*", date(2026, 12, 1), {1: intervals("11:30-07:30")}),),
            ),
            [
                ("/days/0/hours", "calendar.office_hours"),
                ("/days/1/hours", "calendar.office_hours"),
                ("/hours/0/week", "calendar.office_hours"),
            ],
        ),
        (
            CalendarChange(
                "x",
                "Nhập nhầm",
                (),
                (
                    HoursEntry(DISTRICT, date(2026, 12, 1), None),
                    HoursEntry("*", date(2020, 1, 1), None),
                ),
            ),
            [
                ("/hours/0/valid_from", "calendar.no_such_hours"),
                ("/hours/1", "calendar.no_hours_left"),
            ],
        ),
        (
            CalendarChange("x", None, (DayEntry("*", date(2026, 10, 8), EntryKind.USUAL),)),
            [("", "calendar.unchanged")],
        ),
    ],
)
def test_a_change_that_cannot_be_is_refused_with_all_that_is_wrong_and_nothing_is_written(
    bureau: Bureau, change: CalendarChange, faults: list[tuple[str, str]]
) -> None:
    with pytest.raises(CalendarChangeFaulty) as refused:
        bureau.enter(change, NOW)

    errors = refused.value.facts["errors"]
    assert [(error["pointer"], error["code"]) for error in errors] == faults
    assert bureau.one("SELECT value FROM revision WHERE name = 'calendar'") == {"value": 1}
    assert len(bureau.rows("SELECT FROM calendar_change")) == 1


def test_a_holiday_for_all_is_refused_while_an_office_is_said_to_work_on_it(
    bureau: Bureau,
) -> None:
    bureau.enter(CalendarChange("x", None, (half("2026-10-08", DISTRICT),)), NOW)

    with pytest.raises(CalendarChangeFaulty, match=DISTRICT):
        bureau.enter(CalendarChange("x", None, (off("2026-10-08"),)), NOW)

    withdrawn = DayEntry(DISTRICT, date(2026, 10, 8), EntryKind.USUAL)
    bureau.enter(CalendarChange("x", None, (off("2026-10-08"), withdrawn)), NOW)


def test_a_past_day_is_changed_with_a_reason_and_moves_what_is_still_open(bureau: Bureau) -> None:
    code = bureau.take_in(at("2026-10-01T10:00"))  # due Tuesday 6 October 10:00
    change = CalendarChange("Công điện bão số 9", "Nhập chậm", (off("2026-10-02"),))

    bureau.enter(change, NOW)
    bureau.derive(NOW)

    assert bureau.moves() == {code: (at("2026-10-06T10:00"), at("2026-10-07T10:00"))}


@pytest.mark.parametrize(
    "actor",
    [
        Actor("a", Role.ADMINISTRATOR, "Quản trị sở", agency=JUSTICE),
        Actor("b", Role.APPROVER, "Lãnh đạo tỉnh", agency="H44"),
        Actor("c", Role.APPLICANT, "Công dân", identity_number="025099000001"),
        Actor("d", Role.ADMINISTRATOR, "Quản trị tỉnh khác", agency="H99"),
    ],
)
def test_only_administrators_of_the_province_change_or_preview(
    bureau: Bureau, actor: Actor
) -> None:
    with pytest.raises(calendars.CalendarRefused):
        bureau.enter(LETTER, NOW, actor)
    with pytest.raises(calendars.CalendarRefused):
        calendars.preview(bureau.desk, LETTER, actor=actor, now=NOW, after=0, limit=10)


def test_a_change_made_for_a_calendar_that_is_no_longer_is_refused(bureau: Bureau) -> None:
    seen = bureau.preview(LETTER, NOW)
    bureau.enter(CalendarChange("x", None, (off("2026-12-24"),)), NOW)

    with pytest.raises(calendars.CalendarStale):
        calendars.enter(bureau.desk, LETTER, actor=PROVINCE, now=NOW, seen_revision=seen.revision)


def test_the_pages_of_a_preview_are_the_whole_of_it(bureau: Bureau) -> None:
    codes = [bureau.take_in(at("2026-10-05T10:00") + timedelta(minutes=n)) for n in range(7)]

    found: list[str] = []
    after = 0
    while True:
        seen = calendars.preview(bureau.desk, LETTER, actor=PROVINCE, now=NOW, after=after, limit=3)
        assert (seen.count, seen.by_agency) == (7, {DISTRICT: 7})
        found += [move["code"] for move in seen.page]
        if seen.next is None:
            break
        after = seen.next
    assert found == codes
    assert bureau.rows("SELECT FROM due_move") == []
