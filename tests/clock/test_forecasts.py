"""What will be late: kept statistics against open dossiers, for those who may ask."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier
from typing import Any

import pytest

from app.domain.actor import Actor, Role
from app.domain.calendar import Calendar
from app.domain.forecast import NOT_ENOUGH
from app.services import forecasts
from tests.clock.bureau import FULL, JUSTICE, PARTIAL, Bureau, at, citizen, staff

DISTRICT, OTHER = "H44.29", "H44.30"
MONDAY = at("2026-10-12T08:00")
WEEK = timedelta(days=7)
USUAL = Calendar()  # no holiday lies in these weeks


def finish(bureau: Bureau, minutes: int, agency: str = DISTRICT, code: str = PARTIAL) -> None:
    """Let a dossier be decided after so many working minutes; an hour of them before its start."""
    begun = at("2026-09-07T08:00")
    taken = bureau.take_in(begun, code, agency)
    bureau.start(taken, USUAL.after(begun, 60))
    bureau.resolve(taken, USUAL.after(begun, minutes))


def asked(
    bureau: Bureau,
    now: datetime = MONDAY,
    actor: Actor | None = None,
    **wanted: Any,  # noqa: ANN401
) -> forecasts.Outlook:
    given: dict[str, Any] = {"within_days": 7, "after": None, "limit": 100}
    actor = actor or staff(Role.APPROVER, DISTRICT)
    return forecasts.outlook(bureau.desk, actor=actor, now=now, **given | wanted)


def refresh(bureau: Bureau, now: datetime = MONDAY) -> int:
    done = 0
    while forecasts.refresh_pace(bureau.desk, now=now):
        done += 1
    return done


def test_nothing_is_said_below_twenty_finished_dossiers(bureau: Bureau) -> None:
    for n in range(19):
        finish(bureau, 600 + n)
    bureau.take_in(MONDAY)
    refresh(bureau)
    [before] = asked(bureau).items

    finish(bureau, 700)
    refresh(bureau, MONDAY + timedelta(hours=1))
    [after] = asked(bureau).items

    assert (before["chance"], before["basis"], before["cases"]) == (None, NOT_ENOUGH, 0)
    assert (after["chance"], after["cases"]) == (0.0, 20)


def test_the_chance_is_the_share_that_took_longer_than_what_is_left(bureau: Bureau) -> None:
    taken = [480 + 60 * n for n in range(40)]  # 8 to 47 working hours
    for minutes in taken:
        finish(bureau, minutes)
    code = bureau.take_in(MONDAY)  # 24 working hours: due Thursday 08:00
    bureau.start(code, MONDAY + timedelta(hours=2))
    refresh(bureau)

    now = at("2026-10-13T08:00")  # 480 minutes after acceptance, 360 after the start
    [said] = asked(bureau, now).items

    # In process the finished ones took an hour less; those of 420 minutes or less are not as slow.
    as_slow = [minutes - 60 for minutes in taken if minutes - 60 > 360]
    late = [minutes for minutes in as_slow if minutes - 360 > 960]
    assert said["remaining_minutes"] == 960
    assert said["chance"] == round(len(late) / len(as_slow), 4)
    assert said["cases"] == len(as_slow) == 40
    remaining = sorted(minutes - 360 for minutes in as_slow)
    assert (said["median_minutes"], said["p90_minutes"]) == (remaining[19], remaining[35])
    assert said["in_words"] == "còn 2 ngày"


def test_stops_count_neither_for_the_finished_nor_for_the_open(bureau: Bureau) -> None:
    for n in range(20):
        taken = bureau.take_in(at("2026-09-07T08:00"))
        bureau.start(taken, at("2026-09-07T09:00"))
        bureau.ask_supplement(taken, at("2026-09-07T10:00"))
        bureau.supplement(taken, at("2026-09-14T10:00"))
        bureau.resolve(taken, USUAL.after(at("2026-09-14T10:00"), 300 + n))
    bureau.take_in(MONDAY)
    refresh(bureau)

    row = bureau.one("SELECT samples, cases FROM pace WHERE cases > 0")
    assert row["samples"]["procedure"] == [420 + n for n in range(20)]
    assert row["samples"]["in_process/appraisal"] == [360 + n for n in range(20)]
    assert row["cases"] == 20


def test_the_likeliest_come_first_and_those_without_a_word_last(bureau: Bureau) -> None:
    for n in range(40):
        finish(bureau, 60 * (n + 2))
    # Both have 24 working hours. Of the finished ones 33 were as slow as the older, 17 later.
    old = bureau.take_in(at("2026-10-09T08:00"))
    fresh = bureau.take_in(MONDAY)
    unknown = bureau.take_in(MONDAY, "2.000815", DISTRICT)  # 8 working hours, none finished yet
    late_already = bureau.take_in(at("2026-10-08T08:00"), "2.000815", DISTRICT)
    refresh(bureau)

    found = asked(bureau, MONDAY + timedelta(minutes=1)).items

    assert [(item["code"], item["chance"]) for item in found] == [
        (old, 0.5152),
        (fresh, 0.425),
        (unknown, None),
    ]
    assert late_already not in {item["code"] for item in found}


def test_only_what_comes_due_within_the_days_and_whose_clock_runs(bureau: Bureau) -> None:
    near, far = bureau.take_in(MONDAY), bureau.take_in(MONDAY, FULL)
    waiting, done = bureau.take_in(MONDAY), bureau.take_in(MONDAY)
    for code in (waiting, done):
        bureau.start(code, MONDAY)
    bureau.ask_supplement(waiting, MONDAY)
    bureau.resolve(done, MONDAY)
    province = staff(Role.APPROVER, "H44")

    assert [item["code"] for item in asked(bureau, actor=province).items] == [near]
    within = asked(bureau, actor=province, within_days=20).items
    assert {item["code"] for item in within} == {near, far}


def test_each_sees_the_agency_and_the_units_below_and_no_person(bureau: Bureau) -> None:
    here, there, justice = (
        bureau.take_in(MONDAY),
        bureau.take_in(MONDAY, agency=OTHER),
        bureau.take_in(MONDAY, FULL),
    )
    handed_on = bureau.take_in(MONDAY)
    bureau.start(handed_on, MONDAY)
    bureau.hand_to(handed_on, OTHER, MONDAY)

    def seen(role: Role, agency: str) -> set[str]:
        found = asked(bureau, actor=staff(role, agency), within_days=20).items
        assert not any("Trần" in str(item) or "025099" in str(item) for item in found)
        return {item["code"] for item in found}

    for role in (Role.APPROVER, Role.ANALYST):
        assert seen(role, DISTRICT) == {here, handed_on}
        assert seen(role, OTHER) == {there, handed_on}
        assert seen(role, JUSTICE) == {justice}
        assert seen(role, "H44") == {here, there, justice, handed_on}


@pytest.mark.parametrize(
    "actor",
    [
        citizen(),
        staff(Role.OFFICER, DISTRICT),
        staff(Role.RECEPTIONIST, DISTRICT),
        staff(Role.ADMINISTRATOR, "H44"),
    ],
)
def test_the_forecast_is_for_approvers_and_analysts(bureau: Bureau, actor: Actor) -> None:
    with pytest.raises(forecasts.ForecastRefused):
        asked(bureau, actor=actor)


def test_pages_are_of_one_moment_and_make_up_the_whole(bureau: Bureau) -> None:
    for n in range(30):
        finish(bureau, 60 * (n + 10))
    for n in range(9):
        bureau.take_in(MONDAY + timedelta(hours=n % 3))
    refresh(bureau)
    now = MONDAY + timedelta(hours=4)
    whole = asked(bureau, now).items

    found: list[dict[str, Any]] = []
    after = None
    for later in range(9):
        page = asked(bureau, now + timedelta(hours=later), after=after, limit=2)
        found += page.items
        after = page.next
        if after is None:
            break
    assert found == whole
    assert len(whole) == 9


def test_statistics_are_counted_at_most_hourly_each_procedure_by_one_worker(
    bureau: Bureau,
) -> None:
    procedures = bureau.one("SELECT count(*) AS n FROM procedure")["n"]
    start = Barrier(3)

    def work(_n: int) -> int:
        start.wait()
        return refresh(bureau)

    with ThreadPoolExecutor(3) as pool:
        assert sum(pool.map(work, range(3))) == procedures
    assert refresh(bureau, MONDAY + timedelta(minutes=59)) == 0
    assert refresh(bureau, MONDAY + timedelta(minutes=60)) == procedures


def test_an_answer_says_when_it_looked_at_less_than_there_is(bureau: Bureau) -> None:
    for _ in range(3):
        bureau.take_in(MONDAY)

    found = asked(bureau, most=2)

    assert (found.looked_at, found.is_capped, len(found.items)) == (2, True, 2)
