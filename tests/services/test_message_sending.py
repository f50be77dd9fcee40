"""Notices to people when channels misbehave: each told once, or a person is told why not."""

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from app.domain.lifecycle import Act
from app.domain.messages import ATTEMPTS, Channel
from app.services import message_sending, messages
from app.services.desk import Desk
from tests.services.office import Mocks, a_desk, an_applicant
from tests.services.telling import ADMINISTRATOR, EMAIL, PHONE, Telling, telling

SMS_ONLY = '{"phone": "0900000001"}'


@pytest.fixture
def by_sms(module_database: str, channel_mocks: Mocks, tmp_path: Path) -> Iterator[Telling]:
    """An office that uses SMS alone."""
    with telling(
        module_database, channel_mocks, tmp_path, notice_channels=frozenset({"sms"})
    ) as told:
        yield told


def _only(people: Telling, code: str) -> dict[str, object]:
    [notice] = people.notices(code)
    return notice


@pytest.mark.parametrize("stage", ["connect", "rcpt", "data"])
@pytest.mark.parametrize("kind", ["busy", "quota", "reset_before", "hang"])
def test_a_letter_that_the_server_does_not_take_now_is_taken_later_once(
    module_database: str, channel_mocks: Mocks, tmp_path: Path, stage: str, kind: str
) -> None:
    with telling(module_database, channel_mocks, tmp_path, partner_timeout_s=0.3) as people:
        people.fault("mail", kind, service=stage, seconds=5)
        code = people.office.submit()

        people.tell()
        first = _only(people, code)
        people.settle()

        assert (first["state"], first["attempts"]) == ("waiting", 1)
        assert _only(people, code)["state"] == "acknowledged"
        assert len(people.letters()) == 1


def test_a_server_that_dies_after_the_letter_gets_it_again_under_the_same_name(
    people: Telling,
) -> None:
    people.fault("mail", "reset_after", service="data")
    code = people.office.submit()

    people.settle()

    letters = people.letters()
    assert len(letters) == 2
    assert len({letter["message_id"] for letter in letters}) == 1
    assert _only(people, code)["state"] == "acknowledged"


def test_a_person_is_told_in_the_order_of_events_and_nobody_waits_for_what_failed(
    people: Telling,
) -> None:
    people.fault("mail", "busy", service="rcpt")
    code = people.office.walk(Act.SUBMIT, Act.ACCEPT, Act.START, Act.RESOLVE, Act.RETURN_RESULT)
    people.plan()

    with ThreadPoolExecutor(4) as pool:
        for _ in range(6):
            message_sending.send(
                people.office.desk, Channel.EMAIL, people.office.clock, threads=pool, batch=4
            )

    subjects = [letter["subject"] for letter in people.letters()]
    topics = {row["subject"]: row["topic"] for row in people.notices(code)}
    assert [topics[subject] for subject in subjects] == ["accepted", "granted", "returned"]


def test_where_a_mailbox_does_not_exist_the_next_channel_is_tried(people: Telling) -> None:
    code = people.office.submit()
    people.contact(code, f'{{"email": "khong-co@example.vn", "phone": "{PHONE}"}}')

    people.settle()

    notice = _only(people, code)
    assert (notice["channel"], notice["state"]) == ("zalo", "acknowledged")
    assert notice["tried"] == [{"channel": "email", "code": "smtp_550"}]
    assert [text["topic"] for text in people.texts("zalo")] == ["motcua_received"]
    assert people.letters("khong-co@example.vn") == []


def test_who_has_no_zalo_gets_a_short_message(people: Telling) -> None:
    code = people.office.submit()
    people.contact(code, '{"phone": "0900000001"}')
    people.fault("zalo", "error_code", error_code=-118)

    people.settle()

    assert _only(people, code)["channel"] == "sms"
    [text] = people.texts("sms", PHONE)
    assert text["content"] == f"Đã nhận hồ sơ {code}. Sẽ trả lời trong 8 giờ làm việc."


def test_who_cannot_be_reached_at_all_is_left_to_a_person(people: Telling) -> None:
    code = people.office.submit()
    people.contact(code, '{"email": "khong-co@example.vn", "phone": "0900010000"}')
    people.settle()

    notice = _only(people, code)
    assert (notice["state"], notice["answer_code"]) == ("blocked", "105")
    [stuck] = messages.stuck(people.office.desk, actor=ADMINISTRATOR, after=0, limit=10, state=None)
    assert (stuck["code"], stuck["address"], stuck["body"]) == (code, "09******00", "")
    assert stuck["answer"]


def test_a_stuck_notice_is_sent_on_over_the_mended_contact(people: Telling) -> None:
    code = people.office.submit()
    people.contact(code, '{"email": "khong-co@example.vn"}')
    people.settle()
    stuck = _only(people, code)
    people.contact(code, f'{{"email": "{EMAIL}"}}')

    messages.resend(
        people.office.desk,
        int(str(stuck["id"])),
        actor=ADMINISTRATOR,
        now=people.office.clock(),
        once=None,
    )
    people.settle()

    assert _only(people, code)["state"] == "acknowledged"
    assert len(people.letters()) == 1


def test_what_nobody_takes_for_a_day_is_dead_and_visible(people: Telling) -> None:
    people.fault("mail", "busy", service="connect", times=None)
    code = people.office.submit()
    begun = people.office.clock()

    people.settle()

    notice = _only(people, code)
    assert (notice["state"], notice["attempts"]) == ("dead", ATTEMPTS)
    assert notice["answer_code"] == "smtp_421"
    assert timedelta(hours=12) < people.office.clock() - begun < timedelta(hours=40)


@pytest.mark.parametrize("gateway", ["sms", "zalo"])
@pytest.mark.parametrize(
    "kind",
    ["http_500", "http_503", "reset_before", "reset_after", "html_page", "wrong_json", "quota"],
)
def test_whatever_a_gateway_does_each_notice_reaches_the_phone_once(
    people: Telling, gateway: str, kind: str
) -> None:
    office = people.office
    people.prefer(an_applicant(), Channel(gateway))
    people.fault(gateway, kind, times=2)
    codes = [office.submit() for _ in range(2)]

    people.settle()

    sent = people.texts(gateway)
    assert len(sent) == len({text["number"] for text in sent}) == len(codes)
    for code in codes:
        assert _only(people, code)["state"] == "acknowledged"


def test_a_gateway_that_delivers_twice_is_told_of_one_message(people: Telling) -> None:
    people.prefer(an_applicant(), Channel.SMS)
    people.fault("sms", "duplicate")
    code = people.office.submit()

    people.settle()

    assert _only(people, code)["answer_code"] == "124"
    assert [text["times"] for text in people.texts("sms")] == [2]


def test_an_answer_that_nobody_can_read_is_left_to_a_person_after_some_tries(
    people: Telling,
) -> None:
    people.prefer(an_applicant(), Channel.SMS)
    people.fault("sms", "html_page", times=None)
    code = people.office.submit()

    people.settle()

    notice = _only(people, code)
    assert (notice["state"], notice["answer_code"]) == ("blocked", "contract_broken")
    assert notice["attempts"] == 5


def test_our_own_account_out_of_order_loses_no_notice(people: Telling) -> None:
    people.prefer(an_applicant(), Channel.SMS)
    people.fault("sms", "error_code", error_code="103", times=3)
    code = people.office.submit()

    people.settle()

    assert _only(people, code)["state"] == "acknowledged"
    assert len(people.texts("sms")) == 1


def test_no_phone_rings_in_the_night(people: Telling) -> None:
    office = people.office
    people.prefer(an_applicant(), Channel.SMS)
    office.clock.at = office.clock.at.replace(hour=22)
    code = office.submit()

    people.tell()
    assert _only(people, code)["state"] == "waiting"
    office.clock.at = (office.clock.at + timedelta(days=1)).replace(hour=6, minute=59)
    people.tell()
    assert people.texts("sms") == []
    office.clock.move(minutes=1)
    people.tell()

    assert _only(people, code)["state"] == "acknowledged"


def test_what_must_be_done_today_is_told_in_the_night(people: Telling) -> None:
    office = people.office
    people.prefer(an_applicant(), Channel.SMS)
    office.clock.at = office.clock.at.replace(hour=22)
    code = office.submit()
    people.plan()
    office.change("UPDATE message SET deadline_on = :day", day=office.clock().date())

    people.tell()

    assert _only(people, code)["state"] == "acknowledged"


def test_letters_go_out_at_any_hour(people: Telling) -> None:
    people.office.clock.at = people.office.clock.at.replace(hour=23)
    code = people.office.submit()

    people.tell()

    assert _only(people, code)["state"] == "acknowledged"


def test_a_channel_that_the_province_does_not_use_is_passed_over(by_sms: Telling) -> None:
    code = by_sms.office.submit()

    by_sms.settle()

    assert _only(by_sms, code)["channel"] == "sms"


def test_several_workers_tell_each_notice_once(people: Telling) -> None:
    office = people.office
    people.prefer(an_applicant(), Channel.SMS)
    codes = [office.walk(Act.SUBMIT, Act.ACCEPT) for _ in range(12)]
    people.plan()
    start = threading.Barrier(3)

    with ExitStack() as stack:
        desks = [stack.enter_context(a_desk(office.settings)) for _ in range(3)]

        def work(desk: Desk) -> None:
            start.wait()
            with ThreadPoolExecutor(2) as pool:
                while message_sending.send(
                    desk,
                    Channel.SMS,
                    office.clock,
                    threads=pool,
                    batch=3,
                ):
                    pass

        with ThreadPoolExecutor(3) as workers:
            list(workers.map(work, desks))

    sent = people.texts("sms")
    assert len(sent) == 2 * len(codes)
    assert {text["times"] for text in sent} == {1}
    assert {row["attempts"] for code in codes for row in people.notices(code)} == {1}


def test_a_claim_that_its_worker_took_to_the_grave_is_sent_after_its_lease(
    people: Telling,
) -> None:
    office = people.office
    people.prefer(an_applicant(), Channel.SMS)
    code = office.submit()
    people.plan()
    office.change(
        "UPDATE message SET state = 'in_flight', attempts = 1, lease = 'dead', leased_until = :at"
        " WHERE recipient = 'applicant'",
        at=office.clock(),
    )

    people.tell()
    assert _only(people, code)["state"] == "in_flight"
    office.clock.move(seconds=1)
    people.tell()

    assert _only(people, code)["state"] == "acknowledged"


def test_a_server_that_is_not_there_at_all_is_waited_for(
    module_database: str, channel_mocks: Mocks, tmp_path: Path
) -> None:
    with (
        _nobody() as port,
        telling(
            module_database, channel_mocks, tmp_path, smtp_port=port, partner_timeout_s=0.5
        ) as people,
    ):
        code = people.office.submit()
        people.tell()

        notice = _only(people, code)
        assert (notice["state"], notice["answer_code"]) == ("waiting", "no_answer")


@contextmanager
def _nobody() -> Iterator[int]:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]
