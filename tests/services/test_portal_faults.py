"""What the portal does to us: each fault of its mock, at each call, on the first and later events.

In the end every message is acknowledged, in order and once, or in front of a person with the
reason.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from app.domain.lifecycle import Act
from tests.builders import partners, settings_for
from tests.services.office import Mocks, Office, opened, release

JOURNEY = (Act.SUBMIT, Act.ACCEPT, Act.START, Act.RESOLVE, Act.RETURN_RESULT)
LOOK_UP, TELL, PROGRESS = "TraCuuHoSo", "DongBoHoSoMC", "CapNhatTienDoHoSoMC"
STATUS = "DongBoTrangThaiHoSo"
FIRST_CALLS = ("login", LOOK_UP, TELL, PROGRESS)
CALLS = (*FIRST_CALLS, STATUS)


@dataclass(frozen=True)
class Trouble:
    """A fault, and the calls that it can hit."""

    kind: str
    calls: tuple[str, ...] = CALLS
    given: dict[str, Any] = field(default_factory=dict)


TROUBLES = [
    Trouble("delay", given={"seconds": 0.05}),
    Trouble("hang"),
    Trouble("http_500"),
    Trouble("http_503"),
    Trouble("reset_before"),
    Trouble("reset_after"),
    Trouble("wrong_json"),
    Trouble("html_page"),
    Trouble("quota"),
    Trouble("duplicate"),
    Trouble("out_of_order", given={"seconds": 0.05}),
    Trouble("expired_session", calls=(LOOK_UP, TELL, PROGRESS, STATUS)),
    Trouble("already_exists", calls=(TELL, PROGRESS)),
]
CASES = [(trouble, call) for trouble in TROUBLES for call in trouble.calls]


@pytest.fixture(scope="module")
def hasty(
    module_database: str, session_mocks: Mocks, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Office]:
    """An office that waits 0.3 s for an answer."""
    folder = tmp_path_factory.mktemp("hasty")
    settings = settings_for(
        module_database, folder, partner_timeout_s=0.3, **partners(session_mocks.url)
    )
    with opened(settings, session_mocks, folder) as office:
        yield office


@pytest.fixture(params=CASES, ids=[f"{trouble.kind}-{call}" for trouble, call in CASES])
def case(request: pytest.FixtureRequest) -> tuple[Trouble, str]:
    found: tuple[Trouble, str] = request.param
    return found


@pytest.fixture
def office(hasty: Office, shared_office: Office, case: tuple[Trouble, str]) -> Office:
    """The office with the patience that the trouble asks for."""
    return hasty if case[0].kind == "hang" else shared_office


def test_a_fault_at_any_call_neither_loses_nor_doubles(
    office: Office, mocks: Mocks, case: tuple[Trouble, str]
) -> None:
    trouble, call = case
    code = ""
    for act in JOURNEY:
        mocks.http.delete("/national-portal/_sessions")
        mocks.fault(trouble.kind, service=call, **trouble.given)
        if act is Act.SUBMIT:
            code = office.submit()
        else:
            office.act(code, act)
        office.settle()
        mocks.http.delete("/national-portal/_faults")

    office.check_books(code)
    assert mocks.hits()[trouble.kind] >= 1


def test_a_fault_that_strikes_three_times_in_a_row_does_not_either(
    office: Office, mocks: Mocks, case: tuple[Trouble, str]
) -> None:
    trouble, call = case
    code = office.walk(*JOURNEY)
    mocks.http.delete("/national-portal/_sessions")
    mocks.fault(trouble.kind, service=call, times=3, **trouble.given)

    office.settle()

    office.check_books(code)
    assert mocks.hits()[trouble.kind] >= 1


@pytest.mark.parametrize("loss", ["reset_after", "wrong_json"])
def test_a_lost_answer_and_a_look_up_that_fails_do_not_double_the_first_event(
    shared_office: Office, mocks: Mocks, loss: str
) -> None:
    office = shared_office
    code = office.submit()
    mocks.fault(loss, service=TELL)
    office.drain()
    mocks.fault("error_code", service=LOOK_UP)

    office.settle()

    office.check_books(code)


def test_a_lost_answer_and_a_look_up_that_fails_bring_a_later_event_before_a_person(
    shared_office: Office, mocks: Mocks
) -> None:
    office = shared_office
    code = office.walk(Act.SUBMIT, Act.ACCEPT)
    office.drain()
    office.act(code, Act.START)
    mocks.fault("reset_after", service=STATUS)
    office.drain()
    mocks.fault("error_code", service=LOOK_UP, error_code=-7, message="Cổng đang khóa sổ")

    office.settle()

    last = office.ledger(code)[-1]
    assert (last["state"], last["answer_code"]) == ("blocked", "-7")
    assert "Cổng đang khóa sổ" in last["answer"]
    release(office, code)
    office.settle()
    office.check_books(code)


@pytest.mark.parametrize("success_code", ["number", "text", "alternating"])
def test_both_ways_of_saying_success_are_understood(
    shared_office: Office, mocks: Mocks, success_code: str
) -> None:
    mocks.switch(success_code=success_code)
    code = shared_office.walk(*JOURNEY)

    shared_office.settle()

    mocks.switch(success_code="number")
    shared_office.check_books(code)


def test_a_long_outage_is_waited_out(shared_office: Office, mocks: Mocks) -> None:
    office = shared_office
    mocks.fault("http_503", times=30)
    code = office.walk(*JOURNEY)
    begun = office.clock()

    office.settle()

    office.check_books(code)
    assert office.clock() - begun > timedelta(hours=8)


@pytest.mark.parametrize("call", FIRST_CALLS)
def test_a_portal_that_answers_for_a_day_with_a_quota_is_given_up_with_the_reason(
    shared_office: Office, mocks: Mocks, call: str
) -> None:
    office = shared_office
    mocks.http.delete("/national-portal/_sessions")
    mocks.fault("quota", service=call, times=None)
    code = office.walk(Act.SUBMIT, Act.ACCEPT)

    office.settle()

    [first, second] = office.ledger(code)
    assert (first["state"], first["answer_code"], first["answer"]) == (
        "dead",
        "unavailable",
        "HTTP 429",
    )
    assert second["state"] == "waiting"
    mocks.http.delete("/national-portal/_faults")
    release(office, code)
    office.settle()
    office.check_books(code)


def test_an_account_that_is_not_let_in_blocks_nothing(shared_office: Office, mocks: Mocks) -> None:
    office = shared_office
    mocks.http.delete("/national-portal/_sessions")
    mocks.fault("error_code", service="login", times=20, message="Tài khoản tạm khóa")
    code = office.walk(*JOURNEY)
    office.drain()

    first = office.ledger(code)[0]
    assert (first["state"], first["answer_code"]) == ("waiting", "unavailable")
    assert "Tài khoản tạm khóa" in first["answer"]
    office.settle()
    office.check_books(code)
