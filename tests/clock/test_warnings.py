"""Warnings: before the due instant to the desk, then to the approver, after it to both; once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest

from app.domain.actor import Actor, Role
from app.domain.calendar_book import CalendarChange
from app.domain.warnings import WarningNotFound, WarningsRefused
from app.services import recomputation, warnings
from tests.clock.bureau import CITIZEN, Bureau, at, citizen, half, staff
from tests.clock.warned import DISTRICT, DUE, TAKEN, kinds, raise_at, seen

DESK = (Role.RECEPTIONIST, Role.OFFICER, Role.APPROVER)


def test_a_dossier_s_warnings_come_one_after_another_each_once(bureau: Bureau) -> None:
    bureau.take_in(TAKEN)
    # 16 working hours before Thursday 10:00 is Tuesday 10:00, 8 hours is Wednesday 10:00.
    assert raise_at(bureau, at("2026-10-06T09:59")) == []
    assert raise_at(bureau, at("2026-10-06T10:00")) == ["due_soon"]
    assert raise_at(bureau, at("2026-10-07T09:59")) == []
    assert raise_at(bureau, at("2026-10-07T10:00")) == ["escalated"]
    assert raise_at(bureau, DUE) == []
    assert raise_at(bureau, DUE + timedelta(seconds=59)) == []
    assert raise_at(bureau, DUE + timedelta(minutes=1)) == ["apology_due", "overdue"]
    assert raise_at(bureau, DUE + timedelta(days=3)) == []


def test_each_warning_is_seen_by_whom_it_concerns(bureau: Bureau) -> None:
    bureau.take_in(TAKEN)
    soon, late = at("2026-10-07T11:00"), at("2026-10-08T13:30")
    raise_at(bureau, soon)
    assert {role: kinds(seen(bureau, role, soon)) for role in DESK} == {
        Role.RECEPTIONIST: ["due_soon"],
        Role.OFFICER: ["due_soon"],
        Role.APPROVER: ["escalated"],
    }
    raise_at(bureau, late)
    assert {role: sorted(kinds(seen(bureau, role, late))) for role in DESK} == {
        Role.RECEPTIONIST: [],
        Role.OFFICER: ["overdue"],
        Role.APPROVER: ["apology_due", "overdue"],
    }
    [first, *_] = seen(bureau, Role.OFFICER, late)
    assert (first["in_words"], first["due_at"]) == ("quá hạn 2 giờ", DUE)
    # Another office sees nothing of it; the province above sees it.
    assert seen(bureau, Role.APPROVER, late, "H44.30") == []
    assert len(seen(bureau, Role.APPROVER, late, "H44")) == 2


@pytest.mark.parametrize(
    "actor",
    [citizen(CITIZEN), staff(Role.ANALYST, "H44"), staff(Role.ADMINISTRATOR, "H44")],
)
def test_who_has_no_dossiers_in_hand_has_no_warnings(bureau: Bureau, actor: Actor) -> None:
    with pytest.raises(WarningsRefused):
        warnings.listed(
            bureau.desk,
            actor=actor,
            now=DUE,
            kind=None,
            only_unread=False,
            every=True,
            after=None,
            limit=10,
        )


def test_a_dossier_handed_on_takes_its_warnings_along(bureau: Bureau) -> None:
    code = bureau.take_in(TAKEN)
    bureau.start(code, at("2026-10-05T10:30"))
    raise_at(bureau, at("2026-10-06T11:00"))
    bureau.hand_to(code, "H44.30", at("2026-10-06T14:00"))

    now = at("2026-10-06T15:00")
    assert kinds(seen(bureau, Role.OFFICER, now, "H44.30")) == ["due_soon"]
    assert kinds(seen(bureau, Role.OFFICER, now, DISTRICT)) == ["due_soon"]  # it answers for it


def test_what_time_or_an_act_has_overtaken_is_no_longer_listed_but_kept(bureau: Bureau) -> None:
    done, stopped, extended = (bureau.take_in(TAKEN) for _ in range(3))
    for code in (done, stopped, extended):
        bureau.start(code, at("2026-10-05T11:00"))
    now = at("2026-10-07T08:00")
    raise_at(bureau, now)
    assert len(seen(bureau, Role.OFFICER, now)) == 3

    bureau.resolve(done, now)
    bureau.ask_supplement(stopped, now)
    bureau.extend(extended, now, days=5)

    assert seen(bureau, Role.OFFICER, now) == []
    every = seen(bureau, Role.OFFICER, now, every=True)
    assert [item["is_current"] for item in every] == [False] * 3
    # The extended one is warned about again before its new due instant.
    assert raise_at(bureau, at("2026-10-13T10:00")) == ["due_soon"]


@pytest.mark.parametrize("stands", [True, False])
def test_no_warning_while_the_clock_stands_unless_payments_do_not_stop_it(
    bureau: Bureau, *, stands: bool
) -> None:
    bureau = bureau.under(payment_wait_stops_clock=stands)
    code = bureau.take_in(TAKEN)
    bureau.start(code, at("2026-10-05T11:00"))
    bureau.ask_payment(code, at("2026-10-05T14:00"))
    found = raise_at(bureau, at("2026-10-07T11:00"))
    assert found == ([] if stands else ["due_soon", "escalated"])


def test_thresholds_are_working_hours_of_the_office(bureau: Bureau) -> None:
    bureau = bureau.under(warn_before_minutes=240, escalate_before_minutes=0)
    code = bureau.take_in(TAKEN)
    closed = CalendarChange("x", None, (half("2026-10-07", DISTRICT, until="10:00"),))
    bureau.enter(closed, at("2026-10-05T11:00"))
    bureau.derive(at("2026-10-05T11:00"))
    assert bureau.due(code) == at("2026-10-08T17:00")

    assert raise_at(bureau, at("2026-10-08T11:29")) == []
    # At half past eleven 240 minutes are left, although five hours and a half pass until then.
    assert raise_at(bureau, at("2026-10-08T11:30")) == ["due_soon"]
    assert raise_at(bureau, at("2026-10-08T16:59")) == []
    assert raise_at(bureau, at("2026-10-08T17:00")) == ["escalated"]


def test_a_moved_due_instant_is_warned_about_anew(bureau: Bureau) -> None:
    bureau.take_in(TAKEN)
    raise_at(bureau, at("2026-10-06T11:00"))
    change = CalendarChange("x", None, (half("2026-10-07", DISTRICT),))
    bureau.enter(change, at("2026-10-06T13:30"))
    assert recomputation.recompute_open(bureau.desk, now=at("2026-10-06T13:30")) == 1

    assert seen(bureau, Role.OFFICER, at("2026-10-06T14:00")) == []
    assert raise_at(bureau, at("2026-10-06T14:00")) == ["due_soon"]


def test_four_workers_raise_each_warning_once(bureau: Bureau) -> None:
    for _ in range(15):
        bureau.take_in(TAKEN)
    start = Barrier(4)

    def work(_n: int) -> int:
        start.wait()
        return warnings.raise_due(bureau.desk, now=at("2026-10-07T11:00"))

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(work, range(4))) == 30
    assert len(bureau.rows("SELECT FROM warning")) == 30


def test_reading_is_each_person_s_own_and_keeps_its_first_instant(bureau: Bureau) -> None:
    bureau.take_in(TAKEN)
    now = at("2026-10-06T11:00")
    raise_at(bureau, now)
    [item] = seen(bureau, Role.OFFICER, now)
    officer = staff(Role.OFFICER, DISTRICT)

    for minutes in (1, 2):
        later = now + timedelta(minutes=minutes)
        warnings.mark_read(bureau.desk, [item["id"]], actor=officer, now=later, once=None)

    [read] = seen(bureau, Role.OFFICER, now)
    assert read["read_at"] == now + timedelta(minutes=1)
    assert seen(bureau, Role.OFFICER, now, only_unread=True) == []
    assert len(seen(bureau, Role.RECEPTIONIST, now, only_unread=True)) == 1


def test_a_warning_that_is_not_for_a_person_cannot_be_marked(bureau: Bureau) -> None:
    bureau.take_in(TAKEN)
    now = at("2026-10-06T11:00")
    raise_at(bureau, now)
    [item] = seen(bureau, Role.OFFICER, now)

    for actor in (staff(Role.APPROVER, DISTRICT), staff(Role.OFFICER, "H44.30")):
        with pytest.raises(WarningNotFound):
            warnings.mark_read(bureau.desk, [item["id"]], actor=actor, now=now, once=None)
    assert bureau.rows("SELECT FROM warning_reading") == []


def test_the_list_is_paged_by_instant_and_number(bureau: Bureau) -> None:
    for _ in range(5):
        bureau.take_in(TAKEN)
    now = at("2026-10-06T11:00")
    raise_at(bureau, now)
    whole = seen(bureau, Role.OFFICER, now)

    found: list[dict[str, Any]] = []
    while page := seen(
        bureau,
        Role.OFFICER,
        now,
        limit=2,
        after=(found[-1]["raised_at"], found[-1]["id"]) if found else None,
    ):
        found += page
    assert found == whole
    assert len(whole) == 5
