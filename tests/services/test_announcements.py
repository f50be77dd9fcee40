"""From an event to those who are told: once each, in words that give nobody away."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from app.domain.actor import Role
from app.domain.lifecycle import Act
from app.domain.messages import Channel
from app.services import announcements
from tests.builders import CITIZEN, JUSTICE
from tests.services.office import an_applicant
from tests.services.telling import EMAIL, PHONE, Telling

JOURNEY = (Act.SUBMIT, Act.ACCEPT, Act.START, Act.REQUEST_SUPPLEMENT, Act.SUPPLEMENT)
TOPICS = ["received", "accepted", "supplement_wanted", "supplemented"]


def test_the_applicant_is_told_each_step_by_e_mail_once(people: Telling) -> None:
    code = people.office.walk(*JOURNEY)

    people.tell()
    people.tell()

    assert [row["topic"] for row in people.notices(code)] == TOPICS
    letters = people.letters()
    assert [row["state"] for row in people.notices(code)] == ["acknowledged"] * 4
    assert len({letter["message_id"] for letter in letters}) == len(letters) == 4
    assert sum("GT01" in letter["body"] or "Tờ khai" in letter["body"] for letter in letters) == 1


def test_what_goes_out_names_no_person(people: Telling) -> None:
    code = people.office.walk(*JOURNEY, Act.RESOLVE, Act.RETURN_RESULT)
    people.tell()

    for letter in people.letters():
        said = letter["subject"] + letter["body"]
        assert code in said
        for private in (CITIZEN, PHONE, EMAIL, "Trần Thị Mẫu", "bản chụp bị mờ", "Cán bộ"):
            assert private not in said


def test_the_appointment_that_is_told_is_the_one_of_that_event(people: Telling) -> None:
    office = people.office
    code = office.take_in()
    due = office.dossier(code)["due_at"]
    for act in (Act.START, Act.EXTEND):
        office.act(code, act)
    people.tell()

    accepted, extended = people.notices(code)
    assert f"{due.astimezone(office.clock().tzinfo):%H:%M %d/%m/%Y}" in accepted["body"]
    assert extended["topic"] == "extended"
    assert "xin lỗi" in extended["body"]
    assert office.dossier(code)["due_at"] > due


def test_an_event_that_was_planned_is_not_planned_again(people: Telling) -> None:
    people.office.walk(*JOURNEY)

    assert people.plan() == len(JOURNEY)
    assert people.plan() == 0
    assert people.office.rows("SELECT * FROM announcement") == []


def test_an_act_that_fails_announces_nothing(people: Telling) -> None:
    office = people.office
    code = office.take_in()
    with pytest.raises(Exception, match="Không thể"):
        office.act(code, Act.RETURN_RESULT)

    assert people.plan() == 1


def test_planners_at_once_plan_each_event_once_and_in_order(people: Telling) -> None:
    codes = [people.office.walk(*JOURNEY) for _ in range(6)]
    start = threading.Barrier(4)

    def work(_: int) -> int:
        start.wait()
        done = 0
        while people.office.rows("SELECT * FROM announcement LIMIT 1"):
            done += announcements.plan(people.office.desk, now=people.office.clock(), limit=3)
        return done

    with ThreadPoolExecutor(4) as pool:
        planned = sum(pool.map(work, range(4)))

    assert planned == len(codes) * len(JOURNEY)
    for code in codes:
        assert [row["topic"] for row in people.notices(code)] == TOPICS
    published = people.office.rows("SELECT dossier_id, seq FROM publication ORDER BY id")
    by_dossier = {row["dossier_id"] for row in published}
    for dossier in by_dossier:
        seqs = [row["seq"] for row in published if row["dossier_id"] == dossier]
        assert seqs == list(range(1, len(JOURNEY) + 1))


def test_one_event_that_cannot_be_told_holds_up_no_other(people: Telling) -> None:
    office = people.office
    broken, whole = office.submit(), office.submit()
    office.change(
        'UPDATE dossier_event SET details = \'{"granted": true, "components": 3}\''
        " FROM dossier WHERE dossier.id = dossier_id AND code = :code",
        code=broken,
    )

    people.tell()

    [stuck] = people.notices(broken)
    assert (stuck["state"], stuck["answer_code"]) == ("blocked", "fault")
    assert [row["state"] for row in people.notices(whole)] == ["acknowledged"]


def test_staff_of_the_agency_and_role_whose_turn_it_is_are_told(people: Telling) -> None:
    people.mailbox(JUSTICE, Role.OFFICER, "thu-ly@example.vn")
    code = people.office.walk(*JOURNEY, Act.RESOLVE)
    people.tell()

    desk = people.notices(code, Role.RECEPTIONIST)
    assert [(row["topic"], row["channel"]) for row in desk] == [
        ("to_accept", "inbox"),
        ("to_return", "inbox"),
    ]
    officer = people.notices(code, Role.OFFICER)
    assert [(row["topic"], row["channel"]) for row in officer] == [
        ("to_process", "inbox"),
        ("to_process", "email"),
        ("answered", "inbox"),
        ("answered", "email"),
    ]
    assert len(people.letters("thu-ly@example.vn")) == 2


def test_officers_are_warned_of_what_is_overdue_once_per_due_instant(people: Telling) -> None:
    office = people.office
    code = office.take_in()
    office.act(code, Act.START)
    office.clock.at = office.dossier(code)["due_at"] + timedelta(minutes=1)

    for _ in range(2):
        announcements.warn_of_overdue(office.desk, now=office.clock())

    for role in (Role.OFFICER, Role.APPROVER):
        overdue = [row for row in people.notices(code, role) if row["topic"] == "overdue"]
        assert [row["state"] for row in overdue] == ["acknowledged"]


@pytest.mark.parametrize(
    ("contact", "wish", "channel"),
    [
        ('{"email": "a@example.vn", "phone": "0900000001"}', None, "email"),
        ('{"email": "a@example.vn", "phone": "0900000001"}', Channel.SMS, "sms"),
        ('{"phone": "0900000001"}', None, "zalo"),
        ('{"phone": "0900000001"}', Channel.EMAIL, "zalo"),
        ("{}", None, "inbox"),
        ('{"email": "a@example.vn"}', Channel.INBOX, "inbox"),
    ],
)
def test_the_preferred_channel_is_taken_where_there_is_a_contact_for_it(
    people: Telling, contact: str, wish: Channel | None, channel: str
) -> None:
    code = people.office.submit()
    people.contact(code, contact)
    if wish:
        people.prefer(an_applicant(), wish)

    people.tell()

    [notice] = people.notices(code)
    assert (notice["channel"], notice["state"]) == (channel, "acknowledged")
