"""Channels, quiet hours and the words of notices, quantified over their tables."""

import random
from datetime import date, datetime, time, timedelta
from string import Formatter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.actor import Role
from app.domain.calendar import LOCAL_ZONE
from app.domain.intake import ReturnWay
from app.domain.lifecycle import Act, Status
from app.domain.message_texts import (
    APPLICANT_TOPICS,
    TEMPLATES,
    Facts,
    Topic,
    text_of,
    topics_of,
)
from app.domain.messages import (
    APPLICANT,
    ATTEMPTS,
    CALLED,
    Channel,
    Quiet,
    masked,
    retry_in,
    way_to,
)
from app.domain.short_texts import LARGEST_PARTS, parts, unaccented

NOON = datetime(2026, 10, 5, 12, tzinfo=LOCAL_ZONE)
LONGEST = Facts(
    code="H44.29.01.02-261005-123456789",
    procedure="Cấp Phiếu lý lịch tư pháp",
    agency="Trung tâm Phục vụ hành chính công",
    occurred_at=NOON,
    due_at=NOON,
    reply_due_on=date(2026, 12, 31),
    components=tuple(f"Giấy tờ số {n}" for n in range(99)),
    amount_vnd=999_999_999_999,
    return_way=ReturnWay.DESK,
)
TOLD = sorted(set(APPLICANT_TOPICS.values()) | {Topic.DENIED})
MAY_BE_NAMED = {"code", "agency", "occurred", "due", "reply", "count", "amount", "way"}


def test_every_topic_has_a_template() -> None:
    assert set(TEMPLATES) == set(Topic)


@pytest.mark.parametrize("topic", Topic)
def test_a_template_names_nothing_of_a_person(topic: Topic) -> None:
    template = TEMPLATES[topic]
    named = {
        name
        for words in (template.subject, template.body, template.short)
        for _, name, _, _ in Formatter().parse(words)
        if name
    }

    assert named <= MAY_BE_NAMED


@pytest.mark.parametrize("topic", TOLD)
def test_what_the_applicant_is_told_fits_on_a_telephone(topic: Topic) -> None:
    short = text_of(topic, LONGEST).short

    assert LONGEST.code in short
    assert parts(short) <= LARGEST_PARTS
    assert parts(unaccented(short)) == 1
    assert len(short) <= 200  # Zalo's parameter


@pytest.mark.parametrize("topic", Topic)
def test_a_notice_is_vietnamese_with_diacritics_and_leaves_no_gap(topic: Topic) -> None:
    told = text_of(topic, LONGEST)

    assert not told.subject.isascii()
    assert not told.body.isascii()
    assert "{" not in told.subject + told.body + told.short


def test_the_papers_that_are_wanted_are_listed() -> None:
    body = text_of(Topic.SUPPLEMENT_WANTED, LONGEST).body

    assert all(f"\n- {name}\n" in body for name in LONGEST.components)


@pytest.mark.parametrize("act", Act)
def test_the_applicant_is_told_of_each_act_but_those_within_the_desk(act: Act) -> None:
    told = dict(topics_of(act, Status.IN_PROCESS))

    assert (APPLICANT in told) == (act not in {Act.START, Act.PASS_ON})


def test_the_one_whose_turn_it_is_is_told() -> None:
    assert dict(topics_of(Act.SUBMIT, Status.REGISTERED))[Role.RECEPTIONIST] == "to_accept"
    assert dict(topics_of(Act.SUPPLEMENT, Status.REGISTERED))[Role.RECEPTIONIST] == "answered"
    assert dict(topics_of(Act.SUPPLEMENT, Status.IN_PROCESS))[Role.OFFICER] == "answered"
    elsewhere = dict(topics_of(Act.PASS_ON, Status.IN_PROCESS, is_elsewhere=True))
    assert elsewhere == {Role.OFFICER: "handed_over"}
    online = dict(topics_of(Act.RESOLVE, Status.RESOLVED, return_way=ReturnWay.ONLINE))
    assert list(online) == [APPLICANT]
    denied = dict(topics_of(Act.RESOLVE, Status.RESOLVED, is_granted=False))
    assert denied[APPLICANT] == "denied"


@pytest.mark.parametrize(
    ("at", "holds"),
    [("20:59", False), ("21:00", True), ("00:00", True), ("06:59", True), ("07:00", False)],
)
def test_quiet_hours_go_over_midnight(at: str, *, holds: bool) -> None:
    instant = datetime.combine(NOON, time.fromisoformat(at), LOCAL_ZONE)

    assert Quiet().holds(Channel.SMS, instant) is holds
    assert Quiet().holds(Channel.ZALO, instant) is holds
    assert not Quiet().holds(Channel.EMAIL, instant)


@given(st.times())
def test_quiet_hours_of_equal_ends_are_none(at: time) -> None:
    instant = datetime.combine(NOON, at, LOCAL_ZONE)

    assert not Quiet(time(7), time(7)).holds(Channel.SMS, instant)


@given(
    contact=st.fixed_dictionaries(
        {}, optional={"email": st.just("a@b.vn"), "phone": st.just("0900000001")}
    ),
    preferred=st.none() | st.sampled_from(Channel),
    available=st.lists(st.sampled_from(CALLED), unique=True),
    tried=st.lists(st.sampled_from(CALLED), unique=True),
)
def test_the_way_to_a_person_is_one_that_exists_and_was_not_tried(
    contact: dict[str, str],
    preferred: Channel | None,
    available: list[Channel],
    tried: list[Channel],
) -> None:
    possible = [
        channel
        for channel in CALLED
        if channel in available
        and channel not in tried
        and contact.get("email" if channel is Channel.EMAIL else "phone")
    ]

    channel, address = way_to(contact, preferred, available, tried)

    if preferred is Channel.INBOX or not possible:
        assert (channel, address) == (Channel.INBOX, None)
    else:
        assert channel is (preferred if preferred in possible else possible[0])
        assert address in contact.values()


@given(st.integers(1, ATTEMPTS + 3), st.integers())
def test_waits_grow_to_about_an_hour_and_end(attempts: int, seed: int) -> None:
    wait = retry_in(attempts, random.Random(seed))

    assert (wait is None) == (attempts >= ATTEMPTS)
    assert wait is None or timedelta(seconds=2) <= wait <= timedelta(hours=1)


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("nguyen.thi.mau@example.vn", "n***@example.vn"),
        ("0900000001", "09******01"),
        ("12", "1212"),
        (None, None),
    ],
)
def test_an_address_is_shown_in_part(address: str | None, shown: str | None) -> None:
    assert masked(address) == shown


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("{" * 80, 1),
        ("{" * 81, 2),
        ("ế" * 70, 1),
        ("ế" * 71, 2),
        ("ế" * 134, 2),
        ("ế" * 135, 3),
        ("😀" * 35, 1),
        ("😀" * 36, 2),
    ],
)
def test_parts_are_counted_as_networks_count_them(text: str, count: int) -> None:
    assert parts(text) == count


def test_accents_come_off_whole() -> None:
    assert unaccented("Đã tiếp nhận hồ sơ, hẹn trả") == "Da tiep nhan ho so, hen tra"
