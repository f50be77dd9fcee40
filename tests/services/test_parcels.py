"""Orders at the public post, over real HTTP: once each, cancelled, followed to their end."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from app.domain.actor import Actor, Role
from app.domain.lifecycle import Act, RoleRefused
from app.domain.parcels import ParcelKind, ParcelNotFound, ParcelRefused
from app.services import parcel_tracking, parcel_work, parcels
from app.services.desk import Rules
from app.services.errands import claim
from app.services.transition import Request
from tests.services.errands import (
    PERSON,
    at_the_post,
    by_clerk,
    carry,
    move,
    order,
    order_of,
    settle,
    track,
)
from tests.services.office import Office, a_desk, an_applicant, staff

RESOLVED = (Act.TAKE_IN, Act.START, Act.RESOLVE)


@pytest.fixture
def office(errand_office: Office) -> Office:
    return errand_office


def test_a_result_is_ordered_carried_and_on_delivery_returned(office: Office) -> None:
    code = office.walk(*RESOLVED)
    order(office, code, cod_vnd=35_000)
    carry(office)
    known = at_the_post(office, code)
    assert known["kind"] == "return"
    assert known["content"]["CODAmount"] == 35_000
    assert known["content"]["ReceiverName"] == "Trần Thị Mẫu"
    assert order_of(office, code)["item_code"] == known["item_code"]

    move(office, code, "2")
    assert track(office) == 2
    assert order_of(office, code)["parcel"] == "in_transit"
    assert office.dossier(code)["status"] == "resolved"

    move(office, code, "3")
    track(office)

    assert order_of(office, code)["parcel"] == "delivered"
    assert office.dossier(code)["status"] == "returned"
    last = office.events(code)[-1]
    assert (last["actor_id"], last["details"]["return_way"]) == ("system", "post")


def test_papers_are_collected_from_the_applicant_to_the_office(office: Office) -> None:
    code = office.submit()
    order(office, code, ParcelKind.COLLECT)
    carry(office)
    move(office, code, "3")
    track(office)

    content = at_the_post(office, code)["content"]
    assert content["SenderName"] == "Trần Thị Mẫu"
    assert content["ReceiverName"] == office.settings.post_sender_name
    assert order_of(office, code)["parcel"] == "delivered"
    assert office.dossier(code)["status"] == "registered"


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "reset_after"},
        {"kind": "reset_before"},
        {"kind": "wrong_json"},
        {"kind": "http_500"},
        {"kind": "html_page"},
        {"kind": "quota"},
        {"kind": "duplicate"},
        {"kind": "already_exists"},
        {"kind": "expired_session"},
        {"kind": "delay", "seconds": 0.6},
        {"kind": "hang", "seconds": 0.1},
    ],
    ids=lambda fault: str(fault["kind"]),
)
def test_however_the_post_misbehaves_a_parcel_is_ordered_once(
    office: Office, fault: dict[str, Any]
) -> None:
    code = office.walk(*RESOLVED)
    office.mocks.fault(partner="post", service="vnpost", **fault)
    office.desk.partners.post.http.timeout = 0.3
    order(office, code)

    settle(office, "post_order")

    assert order_of(office, code)["state"] == "acknowledged"
    known = at_the_post(office, code)
    assert known["placed"] == 1
    assert order_of(office, code)["item_code"] == known["item_code"]
    assert len(office.mocks.http.get("/post/_orders").json()["orders"]) == 1


def test_under_chaos_every_parcel_is_there_once_in_the_end(office: Office) -> None:
    codes = [office.walk(*RESOLVED) for _ in range(10)]
    office.mocks.http.patch("/post/_switches", json={"chaos": 0.4})
    office.desk.partners.post.http.timeout = 0.3
    for code in codes:
        order(office, code)

    settle(office, "post_order")

    office.mocks.http.patch("/post/_switches", json={"chaos": 0.0})
    for code in codes:  # five broken answers in a row are for a person
        if order_of(office, code)["state"] == "blocked":
            parcels.retry(office.desk, by_clerk(office, code), 1)
    settle(office, "post_order")
    known = office.mocks.http.get("/post/_orders").json()["orders"]
    assert [entry["number"] for entry in known] == sorted(codes)
    assert {entry["status"] for entry in known} == {"1"}
    books = [order_of(office, code) for code in codes]
    assert {(row["state"], row["parcel"]) for row in books} == {("acknowledged", "registered")}
    assert sum(office.mocks.hits("post").values()) > 0


def test_killed_between_call_and_record_it_is_not_ordered_again(office: Office) -> None:
    code = office.walk(*RESOLVED)
    order(office, code)
    [row] = claim(office.desk, parcel_work.POST, office.clock(), 1)
    parcel_work._place(office.desk, row, office.clock())  # noqa: SLF001  (the death comes after it)
    assert carry(office) == 0, "it is still in somebody's hand"

    office.clock.move(minutes=2)
    carry(office)

    assert order_of(office, code)["answer_code"] == "found"
    assert at_the_post(office, code)["placed"] == 1


def test_two_workers_at_once_order_each_parcel_once(office: Office) -> None:
    codes = [office.walk(*RESOLVED) for _ in range(6)]
    for code in codes:
        order(office, code)
    start = threading.Barrier(2)

    def worker() -> None:
        with a_desk(office.settings) as desk, ThreadPoolExecutor(2) as pool:
            start.wait()
            while parcel_work.work(desk, office.clock, threads=pool, batch=2):
                pass

    with ThreadPoolExecutor(2) as pool:
        for future in [pool.submit(worker) for _ in range(2)]:
            future.result()

    assert [at_the_post(office, code)["placed"] for code in codes] == [1] * 6
    assert {order_of(office, code)["state"] for code in codes} == {"acknowledged"}


def test_what_the_post_refuses_waits_for_a_person_who_cancels_and_orders_anew(
    office: Office,
) -> None:
    code = office.walk(*RESOLVED)
    order(office, code)
    office.mocks.fault("error_code", partner="post", error_code=17, message="Sai mã tỉnh")
    carry(office)
    blocked = order_of(office, code)
    assert (blocked["state"], blocked["parcel"]) == ("blocked", "requested")
    assert "Sai mã tỉnh" in blocked["answer"]
    with pytest.raises(ParcelRefused):
        order(office, code)

    parcels.cancel(office.desk, by_clerk(office, code), 1)
    carry(office)
    assert order_of(office, code)["parcel"] == "cancelled"
    order(office, code)
    carry(office)

    assert order_of(office, code, 2)["number"] == f"{code}-2"
    assert at_the_post(office, f"{code}-2")["status"] == "1"


def test_what_is_blocked_or_dead_is_tried_again_by_a_person(office: Office) -> None:
    code = office.walk(*RESOLVED)
    order(office, code)
    with pytest.raises(ParcelRefused):
        parcels.retry(office.desk, by_clerk(office, code), 1)
    office.change("UPDATE post_order SET attempts = 43")
    office.mocks.fault("reset_after", partner="post", service="vnpost")
    office.mocks.fault("http_503", partner="post", service="tracking")
    carry(office)
    assert order_of(office, code)["state"] == "dead"

    office.mocks.http.delete("/post/_faults")
    parcels.retry(office.desk, by_clerk(office, code), 1)
    settle(office, "post_order")

    assert order_of(office, code)["state"] == "acknowledged"


def test_an_order_that_nobody_sent_yet_is_cancelled_at_once(office: Office) -> None:
    code = office.walk(*RESOLVED)
    order(office, code)

    assert parcels.cancel(office.desk, by_clerk(office, code), 1)["parcel"] == "cancelled"
    assert carry(office) == 0
    assert office.mocks.http.get("/post/_orders").json()["orders"] == []


def test_an_order_is_cancelled_at_the_post(office: Office) -> None:
    code = office.walk(*RESOLVED)
    order(office, code)
    carry(office)
    parcels.cancel(office.desk, by_clerk(office, code), 1)
    office.mocks.fault("reset_after", partner="post", service="cancel")

    settle(office, "post_order")

    assert order_of(office, code)["parcel"] == "cancelled"
    assert at_the_post(office, code)["status"] == "4"


def test_cancelled_while_it_is_being_ordered_it_is_cancelled_afterwards(
    office: Office,
) -> None:
    code = office.walk(*RESOLVED)
    order(office, code)
    [row] = claim(office.desk, parcel_work.POST, office.clock(), 1)
    parcels.cancel(office.desk, by_clerk(office, code), 1)
    now = row.leased_until - timedelta(seconds=1)
    parcel_work.see_to(office.desk, row, lambda: now)
    assert order_of(office, code)["wanted"] == "cancelled"

    settle(office, "post_order")

    assert at_the_post(office, code)["status"] == "4"
    assert order_of(office, code)["parcel"] == "cancelled"


def test_what_was_fetched_is_not_cancelled(office: Office) -> None:
    code = office.walk(*RESOLVED)
    order(office, code)
    carry(office)
    move(office, code, "2")
    parcels.cancel(office.desk, by_clerk(office, code), 1)
    carry(office)
    assert order_of(office, code)["state"] == "blocked"

    track(office)
    with pytest.raises(ParcelRefused):
        parcels.cancel(office.desk, by_clerk(office, code), 1)


def test_the_poll_goes_on_where_it_ended_page_by_page(office: Office) -> None:
    codes = [office.walk(*RESOLVED) for _ in range(3)]
    for code in codes:
        order(office, code)
    carry(office)
    for code in codes:
        move(office, code, "2")
    office.desk = replace(office.desk, rules=Rules(post_page_size=2))

    assert track(office) == 6
    assert track(office) == 0
    move(office, codes[1], "3")
    assert track(office) == 1

    assert [order_of(office, code)["parcel"] for code in codes] == [
        "in_transit",
        "delivered",
        "in_transit",
    ]


def test_a_poll_that_breaks_off_loses_nothing_and_is_tried_again_soon(
    office: Office,
) -> None:
    code = office.walk(*RESOLVED)
    order(office, code)
    carry(office)
    move(office, code, "3")
    office.mocks.fault("wrong_json", partner="post", service="tracking")
    assert track(office) == 0
    held = office.one("SELECT * FROM post_poll")
    assert held["attempts"] == 1
    assert held["next_at"] - office.clock() <= timedelta(seconds=2)

    office.clock.move(minutes=1)
    assert parcel_tracking.poll(office.desk, office.clock) == 2
    assert office.one("SELECT * FROM post_poll")["next_at"] - office.clock() == timedelta(hours=12)
    parcel_work.return_delivered(office.desk, now=office.clock())
    assert office.dossier(code)["status"] == "returned"


def test_two_workers_never_poll_at_once(office: Office) -> None:
    code = office.walk(*RESOLVED)
    order(office, code)
    carry(office)
    office.change(
        "UPDATE post_poll SET lease = 'x', leased_until = :u, next_at = '2000-01-01'",
        u=office.clock() + timedelta(seconds=5),
    )
    assert parcel_tracking.poll(office.desk, office.clock) == 0

    office.clock.move(seconds=6)
    assert parcel_tracking.poll(office.desk, office.clock) == 1


def test_a_code_without_a_word_of_ours_moves_nothing_and_is_shown(office: Office) -> None:
    code = office.walk(*RESOLVED)
    order(office, code)
    carry(office)
    move(office, code, "77")
    track(office)

    [shown] = parcels.list_of(office.desk, code, actor=staff(Role.RECEPTIONIST, "H44.10"))
    assert (shown["parcel"], shown["unmapped_code"]) == ("registered", "77")
    assert [seen["parcel"] for seen in shown["tracks"]] == ["registered", None]
    move(office, code, "3")
    track(office)
    assert office.dossier(code)["status"] == "returned"


def test_delivered_twice_or_after_the_desk_returned_it_it_is_returned_once(
    office: Office,
) -> None:
    code, by_hand = office.walk(*RESOLVED), office.walk(*RESOLVED)
    for each in (code, by_hand):
        order(office, each)
    carry(office)
    office.act(by_hand, Act.RETURN_RESULT)
    for each in (code, by_hand, code):
        move(office, each, "3")
    track(office)
    track(office)

    for each in (code, by_hand):
        acts = [event["act"] for event in office.events(each)]
        assert acts.count("return_result") == 1
        assert order_of(office, each)["closed_at"] is not None


def test_only_the_desk_that_has_the_dossier_orders_and_only_what_makes_sense(
    office: Office,
) -> None:
    code = office.walk(Act.TAKE_IN, Act.START)

    def place(actor: Actor, kind: ParcelKind) -> None:
        request = Request(code, actor, office.clock())
        parcels.place(office.desk, request, kind=kind, person=PERSON, cod_vnd=0)

    for actor in (an_applicant(), staff(Role.OFFICER, "H44.10"), staff(Role.ANALYST, "H44")):
        with pytest.raises(RoleRefused):
            place(actor, ParcelKind.COLLECT)
    with pytest.raises(ParcelRefused):
        place(staff(Role.RECEPTIONIST, "H44.10"), ParcelKind.RETURN)
    with pytest.raises(ParcelNotFound):
        parcels.cancel(office.desk, by_clerk(office, code), 7)
    assert office.rows("SELECT * FROM post_order") == []
