"""Events to subscribers: signed, in order per dossier, each once, whatever the endpoint does."""

import threading
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.domain.lifecycle import Act
from app.domain.once import Once
from app.domain.webhooks import ATTEMPTS, PREFIX
from app.integrations.webhook_wire import WebhookWire
from app.services import webhook_sending, webhooks
from app.services.desk import Desk
from tests.builders import DESK, DISTRICT, JUSTICE, served
from tests.services.office import a_desk
from tests.services.telling import ADMINISTRATOR, Telling

JOURNEY = (Act.SUBMIT, Act.ACCEPT, Act.START, Act.REQUEST_SUPPLEMENT, Act.SUPPLEMENT)
STATUSES = ["registered", "accepted", "in_process", "supplement_requested", "in_process"]


def _told(people: Telling, endpoint: str = "kho") -> dict[str, list[str]]:
    """Return the statuses that an endpoint heard of, by dossier, without repetitions."""
    heard: dict[str, list[str]] = defaultdict(list)
    seen = set()
    for event in people.events(endpoint):
        if event["id"] not in seen:
            seen.add(event["id"])
            heard[event["subject"]].append(event["status"])
    return dict(heard)


def _settle(people: Telling) -> None:
    """Send everything, the clock put on past each pause."""
    for _ in range(300):
        people.post()
        if not people.office.rows(
            "SELECT id FROM webhook_delivery WHERE state IN ('waiting', 'in_flight')"
        ):
            return
        people.office.clock.move(minutes=6)
    raise AssertionError("the events do not come to rest")


def test_a_subscriber_hears_every_event_once_in_order(people: Telling) -> None:
    people.subscribe()
    codes = [people.office.walk(*JOURNEY) for _ in range(3)]

    people.post()
    people.post()

    assert _told(people) == dict.fromkeys(codes, STATUSES)
    assert len(people.events()) == len(codes) * len(JOURNEY)


def test_types_and_agencies_are_filtered(people: Telling) -> None:
    people.subscribe(PREFIX + "accepted", PREFIX + "refused", endpoint="loai")
    people.subscribe(agency=JUSTICE, endpoint="tu-phap")
    code = people.office.walk(Act.SUBMIT, Act.ACCEPT, Act.START)
    other = people.office.take_in(DESK, DISTRICT)

    people.post()

    assert _told(people, "loai") == {code: ["accepted"]}
    assert list(_told(people, "tu-phap")) == [code]
    assert other not in _told(people, "tu-phap")


def test_one_agency_is_not_another_whose_code_begins_alike(people: Telling) -> None:
    people.subscribe(agency="H44.29", endpoint="a")
    people.subscribe(agency="H44.30", endpoint="b")
    code = people.office.take_in(DESK, DISTRICT)

    people.post()

    assert list(_told(people, "a")) == [code]
    assert _told(people, "b") == {}


@pytest.mark.parametrize(
    "kind", ["http_500", "http_503", "reset_before", "reset_after", "quota", "duplicate", "delay"]
)
def test_whatever_an_endpoint_does_no_event_is_lost_or_out_of_order(
    people: Telling, kind: str
) -> None:
    people.subscribe()
    people.fault("hooks", kind, times=3, seconds=0.05)
    codes = [people.office.walk(*JOURNEY) for _ in range(2)]

    _settle(people)

    assert _told(people) == dict.fromkeys(codes, STATUSES)
    assert {row["state"] for row in people.deliveries()} == {"acknowledged"}


def test_an_endpoint_that_is_away_is_asked_with_one_event_after_a_pause(people: Telling) -> None:
    hook = people.subscribe()
    people.fault("hooks", "http_503", times=None)
    for _ in range(4):
        people.office.walk(*JOURNEY)
    past = people.hits("hooks")["http_503"]

    people.post()
    tried = people.hits("hooks")["http_503"] - past
    people.office.clock.move(minutes=6)
    people.post()

    assert tried == 2  # as many as were claimed at once before it was known to be away
    assert people.hits("hooks")["http_503"] - past == tried + 1
    assert people.hook(hook["id"])["failures"] == tried + 1
    assert {row["attempts"] for row in people.deliveries()} == {0}


def test_one_dossier_that_is_refused_holds_up_itself_alone(people: Telling) -> None:
    people.subscribe()
    people.learn("kho", "whsec_" + "A" * 44)  # knows another secret: refuses with 401
    held = people.office.walk(Act.SUBMIT, Act.ACCEPT)
    people.post()
    refused = people.deliveries()
    people.subscribe(endpoint="khac", key="2")
    other = people.office.submit()
    people.post()

    assert [row["state"] for row in refused] == ["waiting", "waiting"]
    assert [row["attempts"] for row in refused] == [1, 0]
    assert refused[0]["answer_code"] == "http_401"
    assert _told(people, "khac") == {other: ["registered"]}
    assert held not in _told(people)


def test_what_is_refused_for_a_day_is_dead_and_sent_on_when_the_subscriber_is_resumed(
    people: Telling,
) -> None:
    hook = people.subscribe()
    people.learn("kho", "whsec_" + "A" * 44)
    code = people.office.walk(Act.SUBMIT, Act.ACCEPT)
    for _ in range(ATTEMPTS):
        people.post()
        people.office.clock.move(hours=1)
    states = [row["state"] for row in people.deliveries()]
    people.learn("kho", hook["secret"])

    webhooks.change(
        people.office.desk,
        hook["id"],
        {"state": "active"},
        actor=ADMINISTRATOR,
        now=people.office.clock(),
    )
    _settle(people)

    assert states == ["dead", "waiting"]
    assert _told(people) == {code: ["registered", "accepted"]}


def test_an_endpoint_that_fails_for_days_is_disabled_and_people_are_told(people: Telling) -> None:
    office = people.office
    hook = people.subscribe()
    people.fault("hooks", "http_500", times=None)
    code = office.submit()
    for _ in range(75):
        people.post()
        office.clock.move(hours=1)
    people.mocks.http.delete("/hooks/_faults")
    people.post()

    stopped = people.hook(hook["id"])
    assert (stopped["state"], stopped["disabled_reason"]) == ("disabled", "http_500")
    [told] = office.rows("SELECT * FROM message WHERE topic = 'webhook_disabled'")
    assert (told["recipient"], told["channel"]) == ("administrator", "inbox")
    assert _told(people) == {}
    webhooks.change(
        office.desk, hook["id"], {"state": "active"}, actor=ADMINISTRATOR, now=office.clock()
    )
    people.post()
    assert _told(people) == {code: ["registered"]}


def test_an_endpoint_that_is_gone_is_disabled_at_once(people: Telling) -> None:
    with served(Starlette(routes=[Route("/{any}", _gone, methods=["POST"])])) as url:
        hook = people.subscribe(url=f"{url}/kho")
        people.office.submit()
        people.post()

    stopped = people.hook(hook["id"])
    assert (stopped["state"], stopped["disabled_reason"]) == ("disabled", "http_410")
    assert [row["state"] for row in people.deliveries()] == ["waiting"], "kept, should it return"


async def _gone(_: Request) -> Response:
    return Response(status_code=410)


def test_both_secrets_sign_while_they_are_changed_and_then_the_new_one_alone(
    people: Telling,
) -> None:
    office = people.office
    hook = people.subscribe()
    old = hook["secret"]
    new = webhooks.rotate(
        office.desk,
        hook["id"],
        actor=ADMINISTRATOR,
        now=office.clock(),
        once=Once("doi-1", "POST /v1/webhooks/1/secrets", "0"),
    )["secret"]
    assert new != old

    for known in (old, new):
        people.learn("kho", known)
        office.submit()
        people.post()
    assert len(people.events()) == 2

    office.clock.move(hours=25)
    for known, heard in ((old, 2), (new, 4)):
        people.learn("kho", known)
        office.submit()
        people.post()
        office.clock.move(minutes=10)
        people.post()
        assert len(people.events()) == heard


def test_a_third_secret_ends_the_first_at_once(people: Telling) -> None:
    office = people.office
    hook = people.subscribe()
    for number in (1, 2):
        office.clock.move(minutes=1)
        webhooks.rotate(
            office.desk,
            hook["id"],
            actor=ADMINISTRATOR,
            now=office.clock(),
            once=Once(f"doi-{number}", "POST /v1/webhooks/1/secrets", "0"),
        )

    valid = office.rows(
        "SELECT n FROM webhook_secret WHERE ends_at IS NULL OR ends_at > :now ORDER BY n",
        now=office.clock(),
    )
    assert [row["n"] for row in valid] == [2, 3]


def test_secrets_are_not_kept_in_clear(people: Telling) -> None:
    hook = people.subscribe()

    kept = people.office.one("SELECT secret FROM webhook_secret")["secret"]
    answers = people.office.rows("SELECT CAST(outcome AS text) AS outcome FROM idempotency")

    assert hook["secret"] not in kept
    assert not any(hook["secret"] in row["outcome"] for row in answers)


def test_the_same_request_again_makes_no_second_subscription(people: Telling) -> None:
    first, again = (people.subscribe(key="cung-khoa") for _ in range(2))

    assert (first["id"], first["secret"]) == (again["id"], again["secret"])
    assert len(people.office.rows("SELECT id FROM webhook")) == 1


def test_a_replay_sends_again_from_its_cursor_under_the_same_ids(people: Telling) -> None:
    office = people.office
    hook = people.subscribe()
    code = office.walk(*JOURNEY)
    people.post()
    log = webhooks.log_page(
        office.desk, hook["id"], actor=ADMINISTRATOR, state=None, after=0, limit=10
    )

    done = webhooks.replay(
        office.desk,
        hook["id"],
        log[2]["cursor"],
        actor=ADMINISTRATOR,
        now=office.clock(),
        once=Once("lai-1", "POST /v1/webhooks/1/replays", "0"),
    )
    people.post()

    events = people.events()
    assert done == {"replay": 1, "events": 2, "next": None}
    assert [event["version"] for event in events] == [1, 2, 3, 4, 5, 4, 5]
    assert [event["id"] for event in events[5:]] == [event["id"] for event in events[3:5]]
    assert {event["subject"] for event in events} == {code}


def test_a_late_subscriber_gets_the_past_by_a_replay(people: Telling) -> None:
    code = people.office.walk(*JOURNEY)
    people.plan()
    hook = people.subscribe()
    people.post()
    assert people.events() == []

    webhooks.replay(
        people.office.desk,
        hook["id"],
        0,
        actor=ADMINISTRATOR,
        now=people.office.clock(),
        once=Once("lai-2", "POST /v1/webhooks/1/replays", "0"),
    )
    people.post()

    assert _told(people) == {code: STATUSES}


def test_a_subscription_that_ended_gets_nothing(people: Telling) -> None:
    hook = people.subscribe()
    webhooks.end(people.office.desk, hook["id"], actor=ADMINISTRATOR)
    people.office.submit()

    people.post()

    assert people.deliveries() == []


def test_several_workers_keep_the_order_and_send_each_event_once(people: Telling) -> None:
    office = people.office
    people.subscribe()
    codes = [office.walk(*JOURNEY) for _ in range(6)]
    people.plan()
    start = threading.Barrier(3)

    def work(desk: Desk) -> None:
        start.wait()
        with ThreadPoolExecutor(2) as pool:
            for _ in range(40):
                webhook_sending.send(desk, office.clock, threads=pool, batch=3)

    with ExitStack() as stack:
        desks = [stack.enter_context(a_desk(office.settings)) for _ in range(3)]
        with ThreadPoolExecutor(3) as workers:
            list(workers.map(work, desks))
    people.post()

    assert _told(people) == dict.fromkeys(codes, STATUSES)
    assert len(people.events()) == len(codes) * len(JOURNEY)


def test_a_name_that_now_leads_inside_is_not_called(people: Telling) -> None:
    """DNS rebinding: public when it was subscribed, 127.0.0.1 when it is called."""
    office = people.office
    answers = [["8.8.8.8"], ["127.0.0.1"]]
    wire = WebhookWire(resolve=lambda _host, _port: answers.pop(0))
    desk = replace(office.desk, partners=replace(office.desk.partners, webhooks=wire))
    port = people.mocks.url.rpartition(":")[2]
    wish = webhooks.Wish("kho", f"https://kho.example.vn:{port}/hooks/kho", (), "H44")
    webhooks.create(
        desk,
        wish,
        actor=ADMINISTRATOR,
        now=office.clock(),
        once=Once("dns", "POST /v1/webhooks", "0"),
    )
    office.submit()
    people.plan()

    with ThreadPoolExecutor(1) as pool:
        webhook_sending.send(desk, office.clock, threads=pool, batch=1)

    [row] = people.deliveries()
    assert (row["state"], row["answer_code"], row["answer"]) == (
        "waiting",
        "address_refused",
        "127.0.0.1",
    )
    assert answers == []


def test_a_claim_that_its_worker_took_to_the_grave_is_sent_after_its_lease(
    people: Telling,
) -> None:
    office = people.office
    people.subscribe()
    office.submit()
    people.plan()
    office.change(
        "UPDATE webhook_delivery SET state = 'in_flight', attempts = 1, lease = 'dead',"
        " leased_until = :at",
        at=office.clock() + timedelta(seconds=1),
    )

    people.post()
    assert people.events() == []
    office.clock.move(seconds=2)
    people.post()

    assert len(people.events()) == 1
