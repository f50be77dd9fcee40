"""The clock of dossiers over HTTP: what is promised, what moves it, and why."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.domain.calendar import LOCAL_ZONE, Calendar
from app.domain.calendar_csv import calendar_from_csv
from app.domain.deadlines import Stop, due, first_answer_due
from app.domain.lifecycle import Act, Status
from app.domain.time_limits import LimitUnit, TimeLimit
from app.seeds import read_text
from tests.builders import (
    DESK,
    FULL,
    MONDAY,
    PARTIAL,
    Api,
    a_body,
    a_dossier,
    an_application,
    an_online_application,
    procedure,
    refused,
    running_app,
    succeeded,
)

ASK = {"components": ["GT01"], "reason": "Bản chụp bị mờ", "legal_ground": "Điều 17"}
PAY = {"amount_vnd": 20_000, "reason": "Cấp thêm bản sao"}


@pytest.fixture(autouse=True)
def _back_to_monday(api: Api) -> Iterator[None]:
    yield
    api.clock.at = MONDAY


@pytest.fixture(scope="module")
def paying_runs(api: Api) -> Iterator[Api]:
    """The same province, had it set that waiting for a payment does not stop the clock."""
    with running_app(api.settings.model_copy(update={"payment_wait_stops_clock": False})) as other:
        yield other


@cache
def _calendar() -> Calendar:
    return calendar_from_csv(read_text("calendar.csv"), read_text("office_hours.csv"))


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=LOCAL_ZONE)


def _limit(code: str) -> TimeLimit:
    limit = procedure(code)["limit"]
    return TimeLimit(limit["count"], LimitUnit(limit["unit"]))


def _due(answer: dict[str, object]) -> datetime | None:
    return datetime.fromisoformat(str(answer["due_at"])) if answer["due_at"] else None


@pytest.mark.parametrize(
    ("code", "accepted", "expected"),
    [
        (PARTIAL, "2026-02-13T10:00", "2026-02-25T10:00"),
        (DESK, "2026-01-01T09:00", "2026-01-05T17:00"),
        (DESK, "2026-08-21T16:00", "2026-08-22T16:00"),
        (PARTIAL, "2026-10-05T09:00:59", "2026-10-08T09:00"),
    ],
)
def test_the_appointment_is_what_the_calendar_gives(
    api: Api, code: str, accepted: str, expected: str
) -> None:
    api.clock.at = _at(accepted)

    made = succeeded(api.receptionist().post("/v1/dossiers/intake", an_application(code)))

    assert _due(made) == _at(expected)
    assert due(_limit(code), _at(accepted), (), _calendar()).due_at == _at(expected)


def test_the_examples_of_the_field_hold_with_a_supplement(api: Api) -> None:
    """3 working days from Monday 09:00: 120 minutes are spent, 1320 are left on Thursday 14:00."""
    code = a_dossier(api, Status.IN_PROCESS)
    api.clock.at = _at("2026-10-05T11:00")
    api.officer().does(code, "supplement-requests", ASK)
    api.clock.at = _at("2026-10-08T14:00")

    after = api.citizen().does(code, "supplements", a_body(api, Act.SUPPLEMENT))

    assert _due(after) == _at("2026-10-13T10:30")
    clock = api.citizen().get(f"/v1/dossiers/{code}/deadline").json()
    assert (clock["spent_minutes"], clock["remaining_minutes"]) == (120, 1320)


@pytest.mark.parametrize(
    "received", ["2026-10-05T09:00", "2026-10-05T16:00", "2026-10-10T22:00", "2026-02-13T16:30"]
)
def test_the_first_answer_is_due_in_eight_working_hours(api: Api, received: str) -> None:
    api.clock.at = _at(received)
    body = an_online_application(api.citizen())

    code = succeeded(api.citizen().post("/v1/dossiers", body))["code"]

    seen = api.citizen().get(f"/v1/dossiers/{code}").json()
    answer_due = datetime.fromisoformat(seen["answer_due_at"])
    assert answer_due == first_answer_due(_at(received), _calendar())
    assert (seen["due_at"], seen["accepted_at"], seen["promised_at"]) == (None, None, None)


def test_before_acceptance_there_is_no_clock_to_explain(api: Api) -> None:
    for status in (Status.REGISTERED, Status.REFUSED):
        clock = succeeded(api.citizen().get(f"/v1/dossiers/{a_dossier(api, status)}/deadline"))
        assert clock["has_begun"] is False
        assert (clock["due_at"], clock["limit"], clock["days"], clock["stops"]) == (
            None,
            None,
            [],
            [],
        )


def test_a_supplement_before_acceptance_does_not_shift_the_limit(api: Api) -> None:
    code = a_dossier(api, Status.SUPPLEMENT_REQUESTED, before=Status.REGISTERED)
    api.clock.move(days=1)
    api.citizen().does(code, "supplements", a_body(api, Act.SUPPLEMENT))

    accepted = api.receptionist().does(code, "acceptance")

    assert _due(accepted) == due(_limit(PARTIAL), api.clock.at, (), _calendar()).due_at


def test_while_the_clock_stands_nothing_is_due_and_what_is_left_is_told(api: Api) -> None:
    code = a_dossier(api, Status.IN_PROCESS)
    api.clock.move(hours=2)
    api.officer().does(code, "supplement-requests", ASK)
    api.clock.move(days=9)

    clock = succeeded(api.citizen().get(f"/v1/dossiers/{code}/deadline"))

    assert (clock["due_at"], clock["in_words"]) == (None, "đang dừng tính thời hạn")
    assert (clock["spent_minutes"], clock["remaining_minutes"]) == (120, 3 * 480 - 120)
    [stop] = clock["stops"]
    assert (stop["end"], stop["reason"]) == (None, "chờ bổ sung giấy tờ")


@pytest.mark.parametrize("stops_clock", [True, False])
def test_waiting_for_a_payment_stops_the_clock_where_the_province_says_so(
    api: Api, paying_runs: Api, *, stops_clock: bool
) -> None:
    running = api if stops_clock else paying_runs
    running.clock.at = MONDAY
    code = a_dossier(running, Status.PAYMENT_REQUESTED)
    running.clock.move(days=1)

    after = running.receptionist().does(code, "settlement")

    stops = [Stop(MONDAY, MONDAY + timedelta(days=1))] if stops_clock else []
    expected = due(_limit(PARTIAL), MONDAY, stops, _calendar()).due_at
    assert _due(after) == expected == _at("2026-10-09T09:00" if stops_clock else "2026-10-08T09:00")
    clock = running.citizen().get(f"/v1/dossiers/{code}/deadline").json()
    assert len(clock["stops"]) == len(stops)
    assert datetime.fromisoformat(clock["due_at"]) == expected


def test_an_extension_moves_what_is_due_and_not_what_was_promised(api: Api) -> None:
    code = a_dossier(api, Status.IN_PROCESS)
    promised = api.dossier(code)["promised_at"]
    body = {"count": 1, "unit": "months", "reason": "Cần xác minh"}

    after = api.approver().does(code, "extension", body)

    extended = TimeLimit(1, LimitUnit.MONTHS)
    assert _due(after) == due(_limit(PARTIAL), MONDAY, (), _calendar(), extended).due_at
    assert after["details"]["extension"] == {"count": 1, "unit": "months"}
    assert datetime.fromisoformat(after["details"]["due_before"]) == promised
    seen = api.citizen().get(f"/v1/dossiers/{code}").json()
    assert datetime.fromisoformat(seen["promised_at"]) == promised
    assert datetime.fromisoformat(seen["due_at"]) == _due(after)


@pytest.mark.parametrize(
    ("now", "words"),
    [
        ("2026-10-05T09:00", "còn 3 ngày"),
        ("2026-10-07T13:00", "còn 5 giờ"),
        ("2026-10-08T08:59", "còn 1 phút"),
        ("2026-10-08T09:00", "đến hạn"),
        ("2026-10-09T12:00", "quá hạn 1 ngày 2 giờ"),
    ],
)
def test_how_late_it_is_is_told_in_working_time(api: Api, now: str, words: str) -> None:
    code = a_dossier(api, Status.ACCEPTED)
    api.clock.at = _at(now)

    assert api.citizen().get(f"/v1/dossiers/{code}/deadline").json()["in_words"] == words


def test_when_a_dossier_has_ended_its_lateness_no_longer_grows(api: Api) -> None:
    code = a_dossier(api, Status.RESOLVED)
    api.clock.move(days=300)

    assert api.citizen().get(f"/v1/dossiers/{code}/deadline").json()["in_words"] == "còn 3 ngày"


def test_an_answer_taken_by_a_machine_whose_clock_is_behind_is_an_answer(api: Api) -> None:
    code = a_dossier(api, Status.SUPPLEMENT_REQUESTED)
    api.clock.move(minutes=-5)

    after = api.citizen().does(code, "supplements", a_body(api, Act.SUPPLEMENT))

    assert _due(after) == due(_limit(PARTIAL), MONDAY, (), _calendar()).due_at
    assert api.citizen().get(f"/v1/dossiers/{code}/deadline").status_code == 200


class _Story:
    """A dossier's life with the clock's stops kept by the test itself."""

    def __init__(self, api: Api, code: str) -> None:
        self.api, self.code = api, code
        self.accepted_at = api.clock.at
        self.stops: list[Stop] = []
        self.extension: TimeLimit | None = None

    def expected(self) -> datetime | None:
        limit = _limit(FULL)
        return due(limit, self.accepted_at, self.stops, _calendar(), self.extension).due_at

    def supplement(self, minutes: int) -> dict[str, object]:
        self._wait("supplement-requests", ASK, minutes)
        return self.api.citizen().does(self.code, "supplements", a_body(self.api, Act.SUPPLEMENT))

    def payment(self, minutes: int) -> dict[str, object]:
        self._wait("payment-requests", PAY, minutes)
        return self.api.receptionist("H44.10").does(self.code, "settlement")

    def _wait(self, path: str, body: object, minutes: int) -> None:
        self.api.officer("H44.10").does(self.code, path, body)
        begun = self.api.clock.at
        self.api.clock.move(minutes=minutes)
        self.stops.append(Stop(begun, self.api.clock.at))

    def extend(self, days: int) -> None:
        body = {"count": days, "unit": "working_days", "reason": "Cần xác minh"}
        answer = self.api.approver("H44.10").act(self.code, "extension", body)
        known = self.expected()
        assert known is not None
        if self.extension is not None or self.api.clock.at > known:
            refused(answer, 409, "extension.refused")
            return
        self.extension = TimeLimit(days, LimitUnit.WORKING_DAYS)
        assert _due(succeeded(answer)) == self.expected()


minutes = st.integers(0, 6 * 24 * 60)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    begun=st.datetimes(_at("2026-01-01").replace(tzinfo=None), datetime(2026, 12, 31)),  # noqa: DTZ001
    acts=st.lists(
        st.tuples(st.sampled_from(["supplement", "extend"]), minutes, minutes), max_size=4
    ),
    pays=st.none() | minutes,
)
def test_whatever_happens_the_due_instant_is_the_one_that_the_law_gives(
    api: Api, begun: datetime, acts: list[tuple[str, int, int]], pays: int | None
) -> None:
    api.clock.at = begun.replace(tzinfo=LOCAL_ZONE)
    code = a_dossier(api, Status.IN_PROCESS, procedure=FULL)
    story = _Story(api, code)
    promised = story.expected()
    for act, pause, length in acts:
        api.clock.move(minutes=pause)
        if act == "extend":
            story.extend(1 + length % 30)
        else:
            assert _due(story.supplement(length)) == story.expected()
    if pays is not None:
        assert _due(story.payment(pays)) == story.expected()

    clock = succeeded(api.citizen().get(f"/v1/dossiers/{code}/deadline"))

    assert datetime.fromisoformat(clock["due_at"]) == story.expected()
    assert datetime.fromisoformat(clock["promised_at"]) == promised
    budget = clock["spent_minutes"] + clock["remaining_minutes"]
    assert sum(day["minutes"] for day in clock["days"]) == budget == clock["days"][-1]["total"]
    assert [day["day"] for day in clock["days"]] == sorted({day["day"] for day in clock["days"]})
    assert len(clock["stops"]) == len(story.stops)
    assert clock["limit"] == "10 ngày làm việc"
