"""A worker killed while it tells somebody: the real process, over real wires, told once."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.domain.lifecycle import Act
from app.domain.messages import Channel
from tests.services.cashier import until
from tests.services.office import an_applicant
from tests.services.telling import Telling

ROOT = Path(__file__).resolve().parents[2]
LATE_S = 60  # longer than anything here lives


@contextmanager
def a_worker(people: Telling) -> Iterator[subprocess.Popen[bytes]]:
    """Run a worker process; it is killed at the end if nobody did before."""
    settings = people.office.settings
    assert settings.database_url is not None
    host, port = settings.mail_server
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "APP_DATABASE_URL": settings.database_url.get_secret_value(),
        "APP_DATA_DIR": str(settings.data_dir),
        "APP_PORTAL_URL": settings.portal,
        "APP_PAYMENT_URL": settings.payment,
        "APP_LINK_SECRET": settings.link_key.decode(),
        "APP_SMTP_HOST": host,
        "APP_SMTP_PORT": str(port),
        "APP_SMS_URL": settings.sms,
        "APP_ZALO_URL": settings.zalo,
        "APP_QUIET_HOURS": "00:00-00:00",
        "APP_WEBHOOK_INTERNAL_HOSTS": '["127.0.0.1"]',
        "APP_DELIVERY_LEASE_S": "1",
        "APP_DELIVERY_THREADS": "2",
        "APP_PARTNER_TIMEOUT_S": str(LATE_S),
    }
    worker = subprocess.Popen(
        [sys.executable, "-m", "app.worker"], env=environment, stderr=subprocess.DEVNULL
    )
    try:
        yield worker
    finally:
        worker.kill()
        worker.wait()


def _make_due(people: Telling) -> None:
    """Let the real clock of the worker find everything due, whatever day it is."""
    for table in ("message", "webhook_delivery"):
        people.office.change(f"UPDATE {table} SET next_at = '2000-01-01' WHERE state = 'waiting'")
    people.office.change("UPDATE webhook SET paused_until = '2000-01-01'")


def _open(people: Telling, table: str) -> int:
    found = people.office.one(
        f"SELECT count(*) AS n FROM {table} WHERE state IN ('waiting', 'in_flight')"
    )
    return int(found["n"])


def _killed_in(people: Telling, partner: str, kind: str, service: str) -> None:
    """Run a worker until it is in the middle of a call, and kill it there."""
    before = people.hits(partner)[kind]
    people.fault(partner, kind, service=service, seconds=LATE_S)
    with a_worker(people) as worker:
        until(lambda: people.hits(partner)[kind] > before)
        worker.send_signal(signal.SIGKILL)
        worker.wait()
    people.mocks.http.delete(f"/{partner}/_faults")


@pytest.mark.parametrize("kind", ["delay", "hang"])
def test_killed_while_it_sends_a_short_message_the_phone_gets_it_once(
    people: Telling, kind: str
) -> None:
    people.prefer(an_applicant(), Channel.SMS)
    codes = [people.office.walk(Act.SUBMIT, Act.ACCEPT) for _ in range(2)]
    people.plan()
    _make_due(people)

    _killed_in(people, "sms", kind, "messages")
    with a_worker(people):
        until(lambda: _open(people, "message") == 0)

    sent = people.texts("sms")
    assert len(sent) == 2 * len(codes)
    assert {row["state"] for code in codes for row in people.notices(code)} == {"acknowledged"}


def test_killed_while_it_hands_in_a_letter_it_is_handed_in_under_the_same_name(
    people: Telling,
) -> None:
    code = people.office.submit()
    people.plan()
    _make_due(people)

    _killed_in(people, "mail", "delay", "data")
    with a_worker(people):
        until(lambda: _open(people, "message") == 0)

    assert len({letter["message_id"] for letter in people.letters()}) == 1
    assert [row["state"] for row in people.notices(code)] == ["acknowledged"]


def test_killed_while_it_posts_an_event_none_is_lost_and_the_order_is_kept(
    people: Telling,
) -> None:
    people.subscribe()
    codes = [people.office.walk(Act.SUBMIT, Act.ACCEPT, Act.START) for _ in range(2)]
    people.plan()
    _make_due(people)

    _killed_in(people, "hooks", "delay", "event")
    with a_worker(people):
        until(lambda: _open(people, "webhook_delivery") == 0)

    events = people.events()
    for code in codes:
        heard = list(dict.fromkeys(e["version"] for e in events if e["subject"] == code))
        assert heard == [1, 2, 3]
    assert len({event["id"] for event in events}) == 3 * len(codes)


def test_a_worker_announces_by_itself_what_acts_have_left(people: Telling) -> None:
    code = people.office.submit()

    with a_worker(people):
        until(lambda: people.notices(code) != [])
        until(lambda: _open(people, "message") == 0)

    assert [row["state"] for row in people.notices(code)] == ["acknowledged"]
    assert people.office.rows("SELECT * FROM announcement") == []
