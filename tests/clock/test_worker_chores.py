"""The worker looks after what time alone causes, each thing at its own pace."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from app.domain.calendar_book import CalendarChange
from app.services import calendars
from app.worker import Worker
from tests.builders import Api
from tests.clock.bureau import FULL, PROVINCE, Bureau, at, hang_up, off


@pytest.fixture
def bureau(own_api: Api, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bureau]:
    """The province of a running application, with its partners."""
    desk = own_api.app.state.doors.desk
    yield Bureau(desk, own_api.owner, tmp_path_factory.mktemp("bureau"))
    hang_up(desk)


def test_one_worker_does_all_that_time_causes(own_api: Api, bureau: Bureau) -> None:
    desk = bureau.desk
    late = bureau.take_in(at("2026-10-05T10:00"))
    unanswered = bureau.take_in(at("2026-10-05T10:00"), FULL)
    bureau.start(unanswered, at("2026-10-05T10:30"))
    bureau.ask_payment(unanswered, at("2026-10-05T11:00"))
    own_api.clock.at = at("2026-10-06T08:00")
    worker = Worker(desk, threads=2, now=own_api.clock)

    with ThreadPoolExecutor(2) as pool:

        def work_until_idle() -> None:
            while worker.work_once(pool):
                own_api.clock.move(seconds=1)

        work_until_idle()
        assert bureau.one("SELECT count(*) AS n FROM pace WHERE refreshed_at > '2026-01-01'") == (
            bureau.one("SELECT count(*) AS n FROM procedure")
        )

        change = CalendarChange("x", None, (off("2026-10-08"),))
        calendars.enter(desk, change, actor=PROVINCE, now=own_api.clock())
        own_api.clock.move(seconds=1)
        work_until_idle()
        assert bureau.due(late) == at("2026-10-09T10:00")

        own_api.clock.at = at("2026-10-17T08:00")
        work_until_idle()
    assert bureau.dossier(unanswered)["status"] == "stopped"
    warned = bureau.rows("SELECT kind FROM warning ORDER BY kind")
    assert [row["kind"] for row in warned] == ["apology_due", "overdue"]


def test_a_chore_waits_for_its_time(own_api: Api, bureau: Bureau) -> None:
    own_api.clock.at = at("2026-10-08T09:59")
    worker = Worker(bureau.desk, threads=1, now=own_api.clock)
    with ThreadPoolExecutor(1) as pool:
        while worker.work_once(pool):
            pass
        bureau.take_in(at("2026-10-05T10:00"))  # late in two minutes
        seen = []
        for _ in range(5):
            own_api.clock.at += timedelta(seconds=30)
            worker.work_once(pool)
            seen.append(len(bureau.rows("SELECT FROM warning")))
    # A minute after the last look two warnings; the next look finds no more, so a minute passes.
    assert seen == [0, 2, 2, 2, 4]
