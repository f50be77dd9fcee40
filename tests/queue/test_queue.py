"""The queue against a brute-force reading of every dossier, and its order, pages and caps."""

import random
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.domain.actor import DESK_ROLES, Actor, Role
from app.domain.lifecycle import Status
from app.domain.queue import OPEN, QueueClass, Tab
from app.services import delegations, queue
from app.services.queue import Asked, Counts, QueueRefused
from tests.queue.office import (
    DISTRICT,
    JUSTICE,
    PROVINCE,
    SATURDAY_OFFICE,
    TUESDAY,
    Office,
    an_office,
    staff,
)

TURNS = {
    Status.REGISTERED: Role.RECEPTIONIST,
    Status.ACCEPTED: Role.OFFICER,
    Status.RESOLVED: Role.RECEPTIONIST,
}


@pytest.fixture(scope="module")
def province(office: Office) -> Office:
    office.write(office.random_rows(random.Random(20261123), 600))
    delegations.delegate(
        office.desk,
        delegations.Wish("officer-1", "Cán bộ 1", TUESDAY.date(), TUESDAY.date(), "Nghỉ phép"),
        actor=staff(account="officer-3"),
        now=TUESDAY,
        once=None,
    )
    return office


PEOPLE = [
    *(staff(role, agency) for role in sorted(DESK_ROLES) for agency in (DISTRICT, PROVINCE)),
    staff(Role.RECEPTIONIST, JUSTICE),
    staff(Role.OFFICER, SATURDAY_OFFICE),
    staff(Role.OFFICER, DISTRICT, "officer-1"),
    staff(Role.OFFICER, PROVINCE, "officer-2"),
]
MOMENTS = [
    TUESDAY,
    TUESDAY.replace(hour=18),  # after hours
    TUESDAY + timedelta(days=4),  # a Saturday
]


@pytest.mark.parametrize("now", MOMENTS, ids=lambda now: f"{now:%a-%H}")
@pytest.mark.parametrize("actor", PEOPLE, ids=lambda actor: f"{actor.id}-{actor.agency}")
def test_tabs_and_counts_equal_a_reading_of_every_dossier(
    province: Office, actor: Actor, now: datetime
) -> None:
    rows = province.rows()
    told = queue.counts(province.desk, actor=actor, hours=12, now=now)
    for tab in Tab:
        wanted = {row["code"] for row in rows if _belongs(province, row, tab, actor, now, hours=12)}
        assert _codes(province, Asked(tab, hours=12), actor, now) == wanted, tab
        assert (told.tabs[tab].count, told.tabs[tab].exact) == (len(wanted), True), tab


def _belongs(
    office: Office, row: dict[str, Any], tab: Tab, actor: Actor, now: datetime, hours: int
) -> bool:
    status, here = Status(row["status"]), office.catalogue.agency_codes[row["at_agency_id"]]
    if status not in OPEN or not f"{here}.".startswith(f"{actor.agency}."):
        return False
    is_in_tab: bool = _IN_TAB[tab](office, row, status, actor, now, hours)
    return is_in_tab


def _left(office: Office, row: dict[str, Any], name: str, now: datetime) -> int:
    """Working minutes left, by the calendar of who resolves it."""
    calendar = office.calendars[office.catalogue.agency_codes[row["agency_id"]]]
    return calendar.minutes_between(now, row[name])


def _is_mine(row: dict[str, Any], actor: Actor, now: datetime) -> bool:
    people = {actor.id}
    if actor.id == "officer-1" and now.date() == TUESDAY.date():
        people.add("officer-3")
    claim = row["claimed_until"]
    return row["assigned_to"] in people or (
        row["claimed_by"] in people and claim is not None and claim > now
    )


def _is_turn(office: Office, row: dict[str, Any], status: Status, actor: Actor) -> bool:
    if status is Status.IN_PROCESS:
        steps = office.catalogue.offered[row["procedure_version_id"]].version.steps
        return steps[row["step"]].role is actor.role
    return TURNS.get(status) is actor.role


_RUNNING = {Status.ACCEPTED, Status.IN_PROCESS}
_IN_TAB: dict[Tab, Any] = {
    Tab.MINE: lambda _o, row, _s, actor, now, _h: _is_mine(row, actor, now),
    Tab.DESK: lambda office, row, status, actor, _n, _h: _is_turn(office, row, status, actor),
    Tab.AGENCY: lambda *_: True,
    Tab.DUE_SOON: lambda office, row, status, _a, now, hours: (
        status in _RUNNING
        and row["due_at"] >= now
        and _left(office, row, "due_at", now) < hours * 60
    ),
    Tab.OVERDUE: lambda _o, row, status, _a, now, _h: status in _RUNNING and row["due_at"] < now,
    Tab.WAITING_SUPPLEMENT: lambda _o, _r, status, *_: status is Status.SUPPLEMENT_REQUESTED,
    Tab.WAITING_PAYMENT: lambda _o, _r, status, *_: status is Status.PAYMENT_REQUESTED,
    Tab.UNANSWERED: lambda office, row, status, _a, now, _h: (
        status is Status.REGISTERED and _left(office, row, "answer_due_at", now) < 120
    ),
}


def _items(
    office: Office, asked: Asked, actor: Actor, now: datetime, limit: int = 90
) -> Iterator[dict[str, Any]]:
    after = None
    while True:
        page = queue.page(office.desk, asked, actor=actor, after=after, limit=limit, now=now)
        yield from page.items
        after = page.next
        if after is None:
            return


def _codes(office: Office, asked: Asked, actor: Actor, now: datetime) -> set[str]:
    found = [item["code"] for item in _items(office, asked, actor, now)]
    assert len(found) == len(set(found))
    return set(found)


@pytest.mark.parametrize("tab", [Tab.AGENCY, Tab.MINE])
def test_the_most_urgent_come_first_by_working_time_left(province: Office, tab: Tab) -> None:
    actor = staff(Role.OFFICER, DISTRICT, "officer-1")
    items = list(_items(province, Asked(tab), actor, TUESDAY, limit=7))
    assert items == list(_items(province, Asked(tab), actor, TUESDAY))
    classes = [QueueClass[item["clock"].upper()] for item in items]
    assert classes == sorted(classes)
    for queue_class in (QueueClass.RUNNING, QueueClass.STANDING):
        left = [
            item["remaining_minutes"]
            for item, found in zip(items, classes, strict=True)
            if found is queue_class and item["agency"]["code"] != SATURDAY_OFFICE
        ]
        assert len(left) > 2
        assert left == sorted(left)


def test_time_left_is_said_in_working_time(province: Office) -> None:
    for item in _items(province, Asked(Tab.AGENCY), staff(), TUESDAY):
        minutes = item["remaining_minutes"]
        if item["clock"] == "running" and minutes:
            days, hours = divmod(abs(minutes), 480)[0], abs(minutes) % 480 // 60
            said = " ".join(
                f"{number} {unit}" for number, unit in ((days, "ngày"), (hours, "giờ")) if number
            )
            assert item["in_words"].startswith("còn" if minutes > 0 else "quá hạn")
            assert said in item["in_words"]
        elif item["clock"] == "standing":
            assert item["in_words"].startswith("đang dừng, ")


@pytest.mark.parametrize("status", sorted(OPEN))
def test_filters_narrow_any_tab(province: Office, status: Status) -> None:
    offered = province.catalogue.offered
    known = [
        (row, offered[row["procedure_version_id"]])
        for row in province.rows()
        if province.catalogue.agency_codes[row["at_agency_id"]] == DISTRICT
    ]
    for procedure, step in {
        (of.procedure.code, of.version.steps[row["step"]].code) for row, of in known
    }:
        wanted = {
            row["code"]
            for row, of in known
            if row["status"] == status
            and of.procedure.code == procedure
            and of.version.steps[row["step"]].code == step
        }
        asked = Asked(Tab.AGENCY, status=status, procedure=procedure, step=step)
        assert _codes(province, asked, staff(), TUESDAY) == wanted


def test_counts_per_status_step_and_procedure_add_up_to_the_agency(province: Office) -> None:
    told = queue.counts(province.desk, actor=staff(), hours=None, now=TUESDAY)
    everything = list(_items(province, Asked(Tab.AGENCY), staff(), TUESDAY))

    def counted(name: str) -> Counter[str]:
        return Counter(
            item["procedure"]["code"] if name == "procedures" else item[_KEY[name]]
            for item in everything
        )

    for name in ("statuses", "steps", "procedures"):
        assert {key: count.count for key, count in getattr(told, name).items()} == counted(name)


_KEY = {"statuses": "status", "steps": "step"}


def test_an_open_dossier_is_where_its_clock_puts_it_and_an_ended_one_nowhere(
    province: Office,
) -> None:
    for row in province.rows():
        status = Status(row["status"])
        if status not in OPEN:
            assert (row["queue_class"], row["queue_minutes"]) == (None, None)
        elif row["remaining_minutes"] is not None:
            assert (row["queue_class"], row["queue_minutes"]) == (1, row["remaining_minutes"])
        else:
            until = row["answer_due_at"] if row["accepted_at"] is None else row["due_at"]
            assert row["queue_class"] == (2 if status is Status.RESOLVED else 0)
            assert row["queue_minutes"] == until.timestamp() // 60


@pytest.mark.parametrize("role", sorted(set(Role) - DESK_ROLES))
def test_who_handles_no_dossiers_has_no_queue(province: Office, role: Role) -> None:
    stranger = staff(role)
    with pytest.raises(QueueRefused):
        queue.page(province.desk, Asked(), actor=stranger, after=None, limit=20, now=TUESDAY)
    with pytest.raises(QueueRefused):
        queue.counts(province.desk, actor=stranger, hours=None, now=TUESDAY)


def test_staff_without_an_agency_find_an_empty_queue(province: Office) -> None:
    nobody = Actor("officer@", Role.OFFICER, "Không cơ quan")
    assert _codes(province, Asked(Tab.AGENCY), nobody, TUESDAY) == set()
    told = queue.counts(province.desk, actor=nobody, hours=None, now=TUESDAY)
    assert {count.count for count in told.tabs.values()} == {0}


def _many(office: Office, many: int) -> Counts:
    office.write([office.a_row(Status.IN_PROCESS) for _ in range(many)])
    return queue.counts(office.desk, actor=staff(), hours=None, now=TUESDAY)


def test_counts_are_exact_up_to_the_cap_and_say_so_above_it(database: str, tmp_path: Path) -> None:
    with an_office(database, tmp_path) as own:
        at_cap = _many(own, 1000).tabs[Tab.AGENCY]
        above = _many(own, 1).tabs[Tab.AGENCY]
    assert (at_cap.count, at_cap.exact) == (1000, True)
    assert (above.count, above.exact) == (1000, False)
