"""Bulk acts: each dossier on its own, some refused while others are done, finished when resent."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from app.domain.actor import Role
from app.domain.lifecycle import Status
from app.domain.once import KeyReused, Once
from app.services import bulk, claims, processing, reception
from app.services.bulk import Item, Result, TooMany
from app.services.transition import Outcome, Request
from tests.queue.office import OTHER_DISTRICT, TUESDAY, Office, staff

DESK = staff(Role.RECEPTIONIST)
ROUTE = "POST /v1/queue/acceptances"


class PlugPulled(Exception):
    """Somebody trips over the cable."""


def accepting(office: Office) -> Callable[[Request], Outcome]:
    return lambda request: reception.accept(office.desk, request)


def accept(office: Office, items: list[Item], once: Once) -> list[Result]:
    return bulk.each(office.desk, items, accepting(office), actor=DESK, now=TUESDAY, once=once)


def test_each_has_its_own_result_and_a_refusal_stops_no_other(office: Office) -> None:
    fresh, stale, ended, elsewhere, claimed, last = office.write(
        [
            office.a_row(Status.REGISTERED),
            office.a_row(Status.REGISTERED, version=3),
            office.a_row(Status.RETURNED),
            office.a_row(Status.REGISTERED, agency=OTHER_DISTRICT),
            office.a_row(Status.REGISTERED),
            office.a_row(Status.REGISTERED),
        ]
    )
    colleague = staff(Role.RECEPTIONIST, account="receptionist-2")
    claims.claim(office.desk, Request(claimed, colleague, TUESDAY))
    codes = [fresh, stale, ended, elsewhere, claimed, last]
    results = accept(office, [Item(code, 1) for code in codes], Once("k1", ROUTE, "f"))

    assert [result.code for result in results] == codes
    assert [result.refusal and result.refusal.code for result in results] == [
        None,
        "dossier.version_stale",
        "dossier.step_refused",
        "dossier.not_found",
        "dossier.claimed",
        None,
    ]
    for code, result in zip(codes, results, strict=True):
        assert (office.row(code)["status"] == Status.ACCEPTED) is (result.outcome is not None)
        events = office.rows(
            "SELECT FROM dossier_event WHERE dossier_id = :id", id=office.row(code)["id"]
        )
        assert len(events) == (result.outcome is not None)


def test_a_bulk_act_that_broke_off_is_finished_under_its_key(office: Office) -> None:
    codes = office.write([office.a_row(Status.REGISTERED) for _ in range(6)])
    items, once, done = [Item(code, 1) for code in codes], Once("k2", ROUTE, "f"), 0

    def failing(request: Request) -> Outcome:
        nonlocal done
        if done == 3:
            raise PlugPulled
        done += 1
        return reception.accept(office.desk, request)

    with pytest.raises(PlugPulled):
        bulk.each(office.desk, items, failing, actor=DESK, now=TUESDAY, once=once)
    accepted = [office.row(code)["status"] == Status.ACCEPTED for code in codes]
    assert accepted == [True] * 3 + [False] * 3

    later = TUESDAY + timedelta(minutes=5)
    again = bulk.each(office.desk, items, accepting(office), actor=DESK, now=later, once=once)
    assert [result.outcome and result.outcome.version for result in again] == [2] * 6
    assert [office.row(code)["accepted_at"] for code in codes] == [TUESDAY] * 3 + [later] * 3
    assert accept(office, items, once) == again


def test_a_key_that_came_with_another_body_is_refused_as_a_whole(office: Office) -> None:
    one, two = office.write([office.a_row(Status.REGISTERED) for _ in range(2)])
    accept(office, [Item(one, 1)], Once("k3", ROUTE, "f"))
    with pytest.raises(KeyReused):
        accept(office, [Item(two, 1)], Once("k3", ROUTE, "other"))
    assert office.row(two)["status"] == Status.REGISTERED


def test_a_code_named_twice_is_done_once(office: Office) -> None:
    code = office.a_dossier()
    first, second = accept(office, [Item(code, 1)] * 2, Once("k4", ROUTE, "f"))
    assert first == second
    assert office.row(code)["version"] == 2


def test_more_than_a_thousand_are_refused_before_anything_is_done(office: Office) -> None:
    code = office.a_dossier()
    with pytest.raises(TooMany) as refusal:
        accept(office, [Item(code, 1)] * 10_000, Once("k5", ROUTE, "f"))
    assert refusal.value.facts == {"most": 1000}
    assert office.row(code)["version"] == 1


def test_many_are_handed_on_to_another_agency_with_one_reason(office: Office) -> None:
    codes = office.write([office.a_row(Status.IN_PROCESS) for _ in range(3)])

    def pass_on(request: Request) -> Outcome:
        return processing.pass_on(office.desk, request, agency=OTHER_DISTRICT, reason="Đúng nơi")

    results = bulk.each(
        office.desk,
        [Item(code, 1) for code in codes],
        pass_on,
        actor=staff(),
        now=TUESDAY,
        once=Once("k6", "POST /v1/queue/handovers", "f"),
    )
    there = office.catalogue.agency_ids[OTHER_DISTRICT]
    assert all(result.outcome for result in results)
    assert {office.row(code)["at_agency_id"] for code in codes} == {there}
