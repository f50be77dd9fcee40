"""When the clock stood: told from histories that the lifecycle allows, against a plain model."""

import itertools
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.domain.calendar import LOCAL_ZONE
from app.domain.lifecycle import STEPS, WAITING, Act, Status
from app.domain.timeline import Moment, stops

BEGIN = datetime(2026, 10, 5, 9, 0, tzinfo=LOCAL_ZONE)
SUPPLEMENT, PAYMENT = Status.SUPPLEMENT_REQUESTED, Status.PAYMENT_REQUESTED


@st.composite
def histories(draw: st.DrawFn) -> list[Moment]:
    """Walk the lifecycle table at random from a submission, with some time between the acts."""
    status, before, at = Status.REGISTERED, Status.REGISTERED, BEGIN
    history = [Moment(Act.SUBMIT, status, at)]
    for _ in range(draw(st.integers(0, 12))):
        acts = sorted(act for source, act in STEPS if source is status)
        if not acts:
            break
        act = draw(st.sampled_from(acts))
        at += timedelta(minutes=draw(st.integers(0, 5000)))
        target = STEPS[status, act].target or before
        before = status if target in WAITING else before
        status = target
        history.append(Moment(act, status, at))
    return history


@given(history=histories(), payment_stops=st.booleans())
def test_the_clock_stands_exactly_while_the_dossier_waits(
    history: list[Moment], *, payment_stops: bool
) -> None:
    standing = {SUPPLEMENT, PAYMENT} if payment_stops else {SUPPLEMENT}
    ends = [moment.at for moment in history[1:]] + [None]
    expected = [
        (moment.at, end)
        for moment, end in zip(history, ends, strict=True)
        if moment.target in standing
    ]

    assert [(stop.start, stop.end) for stop in stops(history, payment_stops=payment_stops)] == (
        expected
    )


@given(history=histories(), payment_stops=st.booleans())
def test_stops_follow_one_another_and_only_the_last_may_be_open(
    history: list[Moment], *, payment_stops: bool
) -> None:
    found = stops(history, payment_stops=payment_stops)

    for earlier, later in itertools.pairwise(found):
        assert earlier.end is not None
        assert earlier.start <= earlier.end <= later.start


@given(histories())
def test_payment_waits_only_add_to_the_stops(history: list[Moment]) -> None:
    without = stops(history, payment_stops=False)

    assert [stop for stop in stops(history, payment_stops=True) if stop in without] == without


def test_each_stop_says_what_was_waited_for() -> None:
    day = timedelta(days=1)
    history = [
        Moment(Act.TAKE_IN, Status.ACCEPTED, BEGIN),
        Moment(Act.REQUEST_SUPPLEMENT, SUPPLEMENT, BEGIN + day),
        Moment(Act.SUPPLEMENT, Status.ACCEPTED, BEGIN + 2 * day),
        Moment(Act.REQUEST_PAYMENT, PAYMENT, BEGIN + 3 * day),
    ]

    supplement, payment = stops(history, payment_stops=True)

    assert (supplement.start, supplement.end) == (BEGIN + day, BEGIN + 2 * day)
    assert (payment.start, payment.end) == (BEGIN + 3 * day, None)
    assert supplement.reason == "chờ bổ sung giấy tờ"
    assert payment.reason == "chờ thực hiện nghĩa vụ tài chính"


def test_without_a_history_nothing_stood() -> None:
    assert stops([], payment_stops=True) == []


def test_an_answer_from_a_machine_whose_clock_is_behind_ends_the_stop_at_once() -> None:
    history = [
        Moment(Act.REQUEST_SUPPLEMENT, SUPPLEMENT, BEGIN),
        Moment(Act.SUPPLEMENT, Status.ACCEPTED, BEGIN - timedelta(minutes=5)),
    ]

    [stop] = stops(history, payment_stops=True)

    assert (stop.start, stop.end) == (BEGIN, BEGIN)
