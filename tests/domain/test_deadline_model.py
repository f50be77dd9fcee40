"""The clock against a second one that walks minute by minute, and the laws it must keep."""

from datetime import UTC, date, datetime, time, timedelta, timezone

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from app.domain.calendar import Calendar
from app.domain.deadlines import (
    LimitUnit,
    Stop,
    TimeLimit,
    due,
    explain,
    first_answer_due,
    lateness,
)
from tests.domain.clock_model import DAY, HANOI, MINUTE, Office, Spans, model_due, to_the_minute

START = date(2028, 1, 24)  # a Monday; the walks cross the end of January and a 29 February
MORNING, AFTERNOON = (450, 690), (780, 1020)
ZONES = [HANOI, UTC, timezone(timedelta(hours=9)), timezone(timedelta(hours=-5))]
EDGES = [0, 449, 450, 451, 689, 690, 691, 779, 780, 900, 901, 1019, 1020, 1021, 1439]

day_spans: st.SearchStrategy[Spans] = st.sampled_from(
    [(MORNING, AFTERNOON), (MORNING, AFTERNOON), (MORNING,), (AFTERNOON,), ((420, 1005),)]
)
weeks: st.SearchStrategy[tuple[Spans, ...]] = st.tuples(
    *[day_spans] * 5, st.one_of(st.just(()), day_spans), st.just(())
)
rules: st.SearchStrategy[Spans | str] = st.one_of(st.sampled_from(["off", "worked"]), day_spans)
days = st.integers(0, 60).map(lambda offset: START + DAY * offset)
offices = st.builds(Office, weeks, st.dictionaries(days, rules, max_size=14))
limits = st.one_of(
    st.builds(TimeLimit, st.integers(1, 5), st.just(LimitUnit.WORKING_DAYS)),
    st.builds(TimeLimit, st.integers(1, 24), st.just(LimitUnit.WORKING_HOURS)),
    st.builds(TimeLimit, st.integers(1, 20), st.just(LimitUnit.CALENDAR_DAYS)),
    st.builds(TimeLimit, st.integers(1, 2), st.just(LimitUnit.MONTHS)),
)
counted = limits.filter(lambda limit: limit.unit is not LimitUnit.MONTHS)
extensions = st.one_of(st.none(), limits)


@st.composite
def instants(draw: st.DrawFn, first: int = 0, last: int = 21) -> datetime:
    midnight = datetime.combine(START, time(), HANOI) + DAY * draw(st.integers(first, last))
    minute = draw(st.one_of(st.sampled_from(EDGES), st.integers(0, 1439)))
    second = draw(st.sampled_from([0, 0, 1, 30, 59]))
    instant = midnight + MINUTE * minute + timedelta(seconds=second)
    return instant.astimezone(draw(st.sampled_from(ZONES)))


@st.composite
def closed_stops(draw: st.DrawFn) -> Stop:
    start, other = draw(instants(-3, 25)), draw(instants(-3, 25))
    near = abs(other - start) < timedelta(days=9)
    end = other if near else start + MINUTE * draw(st.integers(0, 9 * 1440))
    reason = draw(st.sampled_from(["", "chờ bổ sung", "chờ nộp tiền"]))
    return Stop(min(start, end), max(start, end), reason)


closed = st.lists(closed_stops(), max_size=4)
open_stops = st.builds(Stop, instants(-2, 40), st.none())
stops = st.one_of(
    closed, closed, st.tuples(closed, open_stops).map(lambda pair: [pair[1], *pair[0]])
)


@settings(max_examples=400, deadline=None)
@given(offices, limits, instants(), stops, extensions)
def test_the_due_instant_is_the_one_a_walk_minute_by_minute_comes_to(
    office: Office,
    limit: TimeLimit,
    accepted_at: datetime,
    stops: list[Stop],
    extension: TimeLimit | None,
) -> None:
    answer = due(limit, accepted_at, stops, office.calendar(), extension)

    assert answer.due_at == model_due(office, limit, accepted_at, stops, extension)


@settings(max_examples=100, deadline=None)
@given(offices, limits, instants(), stops, extensions)
def test_the_explanation_adds_up(
    office: Office,
    limit: TimeLimit,
    accepted_at: datetime,
    stops: list[Stop],
    extension: TimeLimit | None,
) -> None:
    answer = due(limit, accepted_at, stops, office.calendar(), extension)
    rows = explain(limit, accepted_at, stops, office.calendar(), extension)

    stands = answer.due_at is None
    assert sum(row.minutes for row in rows) == rows[-1].total
    assert rows[-1].total == (answer.spent_minutes if stands else answer.budget_minutes)
    assert [row.day for row in rows] == [rows[0].day + DAY * n for n in range(len(rows))]
    assert rows[0].day == to_the_minute(accepted_at).date()
    assert answer.due_at is None or rows[-1].day == answer.due_at.date()
    granted = [part for part in (limit, extension) if part is not None]
    worth = {LimitUnit.WORKING_DAYS: office.full_day, LimitUnit.WORKING_HOURS: 60}
    if all(part.unit in worth for part in granted):
        assert answer.budget_minutes == sum(part.count * worth[part.unit] for part in granted)
    if not stands and all(part.unit is LimitUnit.CALENDAR_DAYS for part in granted):
        numbers = [row.day_number for row in rows if row.day_number is not None]
        assert numbers == list(range(1, sum(part.count for part in granted) + 1))


@settings(max_examples=40, deadline=None)
@given(offices, limits, instants(), stops, extensions)
def test_each_day_is_explained_by_its_open_minutes_outside_the_stops(
    office: Office,
    limit: TimeLimit,
    accepted_at: datetime,
    stops: list[Stop],
    extension: TimeLimit | None,
) -> None:
    answer = due(limit, accepted_at, stops, office.calendar(), extension)
    end = answer.due_at
    assume(end is not None)
    assert end is not None
    rows = explain(limit, accepted_at, stops, office.calendar(), extension)

    for row in rows:
        midnight = datetime.combine(row.day, time(), HANOI)
        minutes = [midnight + MINUTE * n for n in range(1440)]
        ran = [m for m in minutes if office.is_open(m) and _runs(m, accepted_at, end, stops)]
        assert row.minutes == len(ran)


def _runs(minute: datetime, accepted_at: datetime, due_at: datetime, stops: list[Stop]) -> bool:
    stands = any(
        to_the_minute(stop.start) <= minute
        and (stop.end is None or minute < to_the_minute(stop.end))
        for stop in stops
    )
    return to_the_minute(accepted_at) <= minute < due_at and not stands


@settings(max_examples=80, deadline=None)
@given(offices, limits, instants(), instants())
def test_who_comes_later_is_not_served_earlier(
    office: Office, limit: TimeLimit, one: datetime, other: datetime
) -> None:
    earlier, later = sorted([one, other])
    calendar = office.calendar()

    assert _due(limit, earlier, [], calendar) <= _due(limit, later, [], calendar)


@settings(max_examples=80, deadline=None)
@given(offices, counted, instants(), instants(), closed)
def test_nor_where_the_clock_stood_for_a_while(
    office: Office, limit: TimeLimit, one: datetime, other: datetime, stops: list[Stop]
) -> None:
    # Not for months: 30 and 31 January both lead to the last of February, a stop's days do not.
    earlier, later = sorted([one, other])
    calendar = office.calendar()

    assert _due(limit, earlier, stops, calendar) <= _due(limit, later, stops, calendar)


@settings(max_examples=80, deadline=None)
@given(offices, limits, instants(), closed, extensions)
def test_more_time_or_one_more_stop_never_makes_it_due_earlier(
    office: Office,
    limit: TimeLimit,
    accepted_at: datetime,
    stops: list[Stop],
    extension: TimeLimit | None,
) -> None:
    calendar = office.calendar()
    longer = TimeLimit(limit.count + 1, limit.unit)
    end = _due(limit, accepted_at, stops, calendar)

    assert end <= _due(longer, accepted_at, stops, calendar)
    assert _due(limit, accepted_at, stops[1:], calendar) <= end
    extended = due(limit, accepted_at, stops, calendar, extension).due_at
    assert extended is not None
    assert end <= extended


@settings(max_examples=80, deadline=None)
@given(offices, limits, instants(), st.data())
def test_stops_count_once_in_whatever_order_they_come(
    office: Office, limit: TimeLimit, accepted_at: datetime, data: st.DataObject
) -> None:
    given_stops = data.draw(stops)
    shuffled = data.draw(st.permutations([*given_stops, *given_stops]))

    answer = due(limit, accepted_at, given_stops, office.calendar())

    assert due(limit, accepted_at, shuffled, office.calendar()) == answer


@settings(max_examples=80, deadline=None)
@given(offices, limits, instants(), closed)
def test_a_stop_from_the_due_instant_on_changes_nothing(
    office: Office, limit: TimeLimit, accepted_at: datetime, stops: list[Stop]
) -> None:
    answer = due(limit, accepted_at, stops, office.calendar())
    assert answer.due_at is not None

    for late in (Stop(answer.due_at, None), Stop(answer.due_at + DAY, answer.due_at + 2 * DAY)):
        assert due(limit, accepted_at, [late, *stops], office.calendar()) == answer


@settings(max_examples=80, deadline=None)
@given(offices, limits, instants(), closed)
def test_the_due_instant_ends_a_minute_of_work_and_no_stop_covers_it(
    office: Office, limit: TimeLimit, accepted_at: datetime, stops: list[Stop]
) -> None:
    end = _due(limit, accepted_at, stops, office.calendar())

    assert office.is_open(end - MINUTE)
    assert end > accepted_at
    assert not any(stop.end and stop.start < end <= stop.end - MINUTE for stop in stops)


@settings(max_examples=80, deadline=None)
@given(offices, instants(), instants())
def test_working_minutes_between_two_instants_are_counted_exactly(
    office: Office, one: datetime, other: datetime
) -> None:
    earlier, later = sorted([to_the_minute(one), to_the_minute(other)])
    minutes = int((later - earlier) / MINUTE)
    calendar = office.calendar()

    walked = sum(office.is_open(earlier + MINUTE * n) for n in range(minutes))
    assert lateness(later, earlier, calendar) == walked
    assert lateness(earlier, later, calendar) == -walked


@settings(max_examples=100, deadline=None)
@given(offices, instants())
def test_the_first_answer_has_eight_hours_of_working_time(
    office: Office, received_at: datetime
) -> None:
    eight = TimeLimit(8, LimitUnit.WORKING_HOURS)

    assert first_answer_due(received_at, office.calendar()) == model_due(
        office, eight, received_at, []
    )


@settings(max_examples=80, deadline=None)
@given(offices, instants())
def test_the_next_opening_is_the_first_open_minute(office: Office, instant: datetime) -> None:
    minute = to_the_minute(instant)
    while not office.is_open(minute):
        minute += MINUTE

    assert office.calendar().next_opening(instant) == minute


def _due(
    limit: TimeLimit, accepted_at: datetime, stops: list[Stop], calendar: Calendar
) -> datetime:
    end = due(limit, accepted_at, stops, calendar).due_at
    assert end is not None
    return end
