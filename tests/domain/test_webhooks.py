"""Events as CloudEvents, signatures as Standard Webhooks, against vectors and by hand."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.lifecycle import Act, Status
from app.domain.webhooks import (
    ATTEMPTS,
    EVENT_TYPES,
    Event,
    cloud_event,
    event_id,
    pause_after,
    retry_in,
    signature,
    type_of,
)

AT = datetime(2026, 10, 5, 2, 0, tzinfo=UTC)
EVENT = Event("H44.10-261005-0001", 3, type_of(Act.START), Status.IN_PROCESS, "H44.10", AT)


def test_every_act_has_a_type_of_its_own() -> None:
    assert len(set(EVENT_TYPES)) == len(EVENT_TYPES) == len(Act)
    assert {type_of(act) for act in Act} == set(EVENT_TYPES)


def test_an_event_has_what_cloudevents_wants_and_nothing_of_a_person() -> None:
    event = json.loads(cloud_event(EVENT))

    assert event["specversion"] == "1.0"
    assert event["id"] == event_id(EVENT.code, EVENT.seq)
    assert event["source"] == "/H44/dossiers"
    assert event["subject"] == EVENT.code
    assert datetime.fromisoformat(event["time"]) == AT
    assert set(event["data"]) == {"code", "status", "status_label", "version", "agency"}
    assert all(key.isalnum() and key.islower() for key in event)  # attribute names


@given(st.integers(1, 10**6), st.integers(1, 10**6))
def test_the_id_is_of_the_event_alone_and_has_no_full_stop(one: int, other: int) -> None:
    first, second = event_id("H44.10-261005-0001", one), event_id("H44.10-261005-0001", other)

    assert (first == second) == (one == other)
    assert "." not in first


def test_the_signature_is_that_of_the_standards_own_example() -> None:
    """Vector of the Standard Webhooks reference libraries."""
    header = signature(
        ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        datetime.fromtimestamp(1614265330, UTC),
        b'{"test": 2432232314}',
    )

    assert header == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@given(st.lists(st.binary(min_size=24, max_size=64), min_size=1, max_size=2), st.binary())
def test_each_secret_that_is_valid_signs(keys: list[bytes], body: bytes) -> None:
    secrets = ["whsec_" + base64.b64encode(key).decode() for key in keys]

    marks = signature(secrets, "evt_1", AT, body).split(" ")

    signed = f"evt_1.{int(AT.timestamp())}.".encode() + body
    assert marks == [
        "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        for key in keys
    ]


@given(st.integers(1, 10**6), st.integers())
def test_pauses_and_waits_stay_within_their_bounds(times: int, seed: int) -> None:
    assert timedelta() < pause_after(times, Random(seed)) <= timedelta(minutes=5)
    wait = retry_in(times, Random(seed))
    assert (wait is None) == (times >= ATTEMPTS)
    assert wait is None or wait <= timedelta(hours=1)


@pytest.mark.parametrize("code", ["H44-261005-0001", "H44.10-261005-0001", "H44.29.01-261005-1"])
def test_the_source_is_the_province(code: str) -> None:
    event = Event(code, 1, type_of(Act.SUBMIT), Status.REGISTERED, "H44", AT)

    assert json.loads(cloud_event(event))["source"] == "/H44/dossiers"
