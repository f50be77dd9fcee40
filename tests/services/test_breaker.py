"""A partner that does not answer is left alone by all workers, and found again by one of them."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest

from app.domain.deliveries import BREAKS_AFTER
from app.domain.lifecycle import Act
from app.services import deliveries
from app.services.desk import Desk
from tests.services.office import Mocks, Office, a_desk


@pytest.fixture
def other(office: Office) -> Iterator[Desk]:
    """What another worker process would have."""
    with a_desk(office.settings) as desk:
        yield desk


def _drain(office: Office, desk: Desk) -> None:
    with ThreadPoolExecutor(1) as pool:
        deliveries.drain(desk, office.clock, threads=pool, hands=1)


def _breaker(office: Office) -> dict[str, Any]:
    return office.one("SELECT * FROM partner_breaker")


def _fail(office: Office, times: int) -> None:
    """Let so many messages, each of another dossier, meet a portal that does not answer."""
    for _ in range(times):
        office.take_in()
        _drain(office, office.desk)


def _tried(office: Office) -> int:
    return int(office.one("SELECT sum(attempts) AS n FROM delivery")["n"])


def test_after_some_silent_calls_no_worker_calls_any_more(
    office: Office, other: Desk, mocks: Mocks
) -> None:
    mocks.fault("http_503", times=None)
    _fail(office, BREAKS_AFTER)
    asked = mocks.hits()["http_503"]
    untried = office.take_in()

    office.change("UPDATE partner_breaker SET open_until = :at", at=_in(office, minutes=1))
    _drain(office, office.desk)
    _drain(office, other)

    assert mocks.hits()["http_503"] == asked
    assert office.ledger(untried)[0]["attempts"] == 0
    assert _breaker(office)["reason"] == "HTTP 503"


def test_an_answer_in_between_begins_the_count_anew(office: Office, mocks: Mocks) -> None:
    mocks.fault("http_503", times=None)
    _fail(office, BREAKS_AFTER - 1)
    mocks.http.delete("/national-portal/_faults")
    _fail(office, 1)

    assert _breaker(office)["failures"] == 0
    mocks.fault("http_503", times=None)
    _fail(office, BREAKS_AFTER - 1)
    assert _breaker(office)["opened_at"] is None


def test_when_the_pause_is_over_one_message_is_sent_and_its_silence_opens_for_longer(
    office: Office, other: Desk, mocks: Mocks
) -> None:
    mocks.fault("http_503", times=None)
    _fail(office, BREAKS_AFTER + 3)
    tried, before = _tried(office), _breaker(office)
    office.clock.at = max(office.clock.at, before["open_until"]) + timedelta(seconds=5)

    for desk in (office.desk, other):
        _drain(office, desk)

    assert _tried(office) == tried + 1
    after = _breaker(office)
    assert after["failures"] == before["failures"] + 1
    assert after["opened_at"] == before["opened_at"]
    assert after["open_until"] > office.clock.at


def test_an_answer_closes_it_and_everything_goes_out(
    office: Office, other: Desk, mocks: Mocks
) -> None:
    mocks.fault("http_503", times=None)
    _fail(office, BREAKS_AFTER + 3)
    codes = [row["code"] for row in office.rows("SELECT code FROM dossier ORDER BY id")]
    mocks.http.delete("/national-portal/_faults")
    office.clock.at = _in(office, minutes=5)

    _drain(office, other)

    assert _breaker(office)["opened_at"] is None
    for code in codes:
        office.check_books(code)


def test_one_partner_that_is_silent_keeps_no_other_from_being_called(
    office: Office, mocks: Mocks
) -> None:
    code = office.walk(Act.SUBMIT, Act.ACCEPT)
    office.change(
        "INSERT INTO partner_breaker (partner, failures, opened_at, open_until, reason)"
        " VALUES ('payment_platform', 9, :at, :until, 'HTTP 503')",
        at=office.clock(),
        until=_in(office, minutes=5),
    )

    office.drain()

    assert mocks.stats()["dossiers"] == 1
    office.check_books(code)


def test_a_claim_that_nobody_finished_is_kept_as_an_attempt_of_unknown_outcome(
    office: Office,
) -> None:
    code = office.take_in()
    office.change(
        "UPDATE delivery SET state = 'in_flight', attempts = 1, lease = 'dead', leased_until = :at",
        at=office.clock(),
    )
    office.clock.move(seconds=1)

    office.drain()

    office.check_books(code)
    [attempt] = office.rows("SELECT n, outcome, answer FROM delivery_attempt")
    assert attempt == {"n": 1, "outcome": "unknown", "answer": None}


def _in(office: Office, *, minutes: int) -> datetime:
    return office.clock.at + timedelta(minutes=minutes)
