"""Whatever channels and subscribers do, with several workers: told once, in order, or stuck."""

from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from app.domain.lifecycle import Act
from app.domain.messages import CALLED, Channel
from app.services import announcements, message_sending, webhook_sending
from app.services.desk import Desk
from tests.services.office import Mocks, a_desk, an_applicant
from tests.services.telling import PARTNERS, Telling, telling

JOURNEY = (Act.SUBMIT, Act.ACCEPT, Act.START, Act.REQUEST_SUPPLEMENT, Act.SUPPLEMENT)
TOPICS = ["received", "accepted", "supplement_wanted", "supplemented"]
WORKERS = 2


@pytest.mark.parametrize("channel", [Channel.EMAIL, Channel.SMS, Channel.ZALO])
def test_in_the_end_everybody_was_told_everything_once(
    module_database: str, channel_mocks: Mocks, tmp_path: Path, channel: Channel
) -> None:
    with telling(module_database, channel_mocks, tmp_path, partner_timeout_s=0.4) as people:
        people.subscribe()
        people.prefer(an_applicant(), channel)
        codes = [people.office.walk(*JOURNEY) for _ in range(3)]
        for partner in PARTNERS:
            channel_mocks.http.patch(f"/{partner}/_switches", json={"chaos": 0.3})

        _work(people)

        for code in codes:
            notices = people.notices(code)
            assert [row["topic"] for row in notices] == TOPICS
            _check_told(people, channel, notices)
        _check_subscriber(people, codes)


def _work(people: Telling) -> None:
    """Let several workers do everything there is, the clock put on between their rounds."""
    office = people.office
    with ExitStack() as stack:
        desks = [stack.enter_context(a_desk(office.settings)) for _ in range(WORKERS)]
        workers = stack.enter_context(ThreadPoolExecutor(WORKERS))
        for _ in range(300):
            list(workers.map(lambda desk: _round(people, desk), desks))
            if not _left(people):
                return
            office.clock.move(minutes=20)
    raise AssertionError("it does not come to rest")


def _round(people: Telling, desk: Desk) -> None:
    clock = people.office.clock
    announcements.plan(desk, now=clock(), limit=4)
    with ThreadPoolExecutor(2) as pool:
        for channel in CALLED:
            message_sending.send(desk, channel, clock, threads=pool, batch=2)
        webhook_sending.send(desk, clock, threads=pool, batch=2)


def _left(people: Telling) -> bool:
    return bool(
        people.office.rows("""
            SELECT 1 FROM message WHERE state IN ('waiting', 'in_flight')
            UNION ALL SELECT 1 FROM webhook_delivery WHERE state IN ('waiting', 'in_flight')
            UNION ALL SELECT 1 FROM announcement
        """)
    )


def _check_told(people: Telling, channel: Channel, notices: list[dict[str, Any]]) -> None:
    """Check that each notice arrived once, or says why a person has to look."""
    if channel is Channel.EMAIL:
        arrived = {letter["message_id"].split("@")[0][1:] for letter in people.letters()}
    else:
        arrived = {text["number"] for text in people.texts(channel)}
    for row in notices:
        if row["state"] == "acknowledged":
            assert f"notice-{row['id']}-{channel}" in arrived
        else:
            # Page after page instead of an answer: rare, and for a person to see.
            assert (row["state"], row["answer_code"]) == ("blocked", "contract_broken")


def _check_subscriber(people: Telling, codes: list[str]) -> None:
    heard: dict[str, list[int]] = defaultdict(list)
    for event in people.events():
        if event["version"] not in heard[event["subject"]]:
            heard[event["subject"]].append(event["version"])
    assert heard == {code: [1, 2, 3, 4, 5] for code in codes}
