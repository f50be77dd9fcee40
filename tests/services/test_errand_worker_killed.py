"""The real worker, killed while it waits for the LGSP or the post: asked again, ordered once."""

import signal
from datetime import timedelta

import pytest

from app.domain.lifecycle import Act
from tests.services.cashier import until
from tests.services.errands import at_the_post, check_of, log_of, order, order_of
from tests.services.office import Mocks, Office
from tests.services.test_worker_killed import LATE_S, a_worker


def _orders(mocks: Mocks) -> int:
    return len(mocks.http.get("/post/_orders").json()["orders"])


def test_killed_while_it_looks_an_applicant_up_another_checks_them(
    office: Office, mocks: Mocks
) -> None:
    code = office.submit()
    mocks.fault("delay", partner="lgsp", service="population", seconds=LATE_S)
    with a_worker(office) as worker:
        until(lambda: mocks.hits("lgsp")["delay"] == 1)
        worker.send_signal(signal.SIGKILL)
        worker.wait()
    assert check_of(office, code)["state"] == "in_flight"

    with a_worker(office):
        until(lambda: bool(check_of(office, code)["state"] == "acknowledged"))

    assert check_of(office, code)["outcome"] == "match"
    assert [entry["event"] for entry in log_of(office, code)] == ["asked", "asked"]


@pytest.mark.parametrize("kind", ["delay", "hang"])
def test_killed_while_it_orders_a_parcel_it_is_ordered_once_and_followed(
    office: Office, mocks: Mocks, kind: str
) -> None:
    code = office.walk(Act.TAKE_IN, Act.START, Act.RESOLVE)
    order(office, code)
    mocks.fault(kind, partner="post", service="vnpost", seconds=LATE_S)
    with a_worker(office) as worker:
        until(lambda: mocks.hits("post")[kind] == 1)
        until(lambda: _orders(mocks) == (kind == "delay"))
        worker.send_signal(signal.SIGKILL)
        worker.wait()

    mocks.http.delete("/post/_faults")
    office.change("UPDATE post_poll SET next_at = now() + interval '1 day'")
    with a_worker(office):
        until(lambda: bool(order_of(office, code)["state"] == "acknowledged"))
        mocks.http.post(f"/post/_orders/{code}/tracks", json={"StatusCode": "3"})
        office.change("UPDATE post_poll SET next_at = '2000-01-01'")
        until(lambda: bool(office.dossier(code)["status"] == "returned"))

    assert at_the_post(office, code)["placed"] == 1
    moved = order_of(office, code)
    assert moved["closed_at"] - moved["moved_at"] < timedelta(minutes=5)
