"""The clock over HTTP: calendar, changes, warnings, apologies, forecast, as users call them."""

from datetime import datetime, timedelta

import httpx2
import pytest

from app.domain.actor import Role
from app.domain.lifecycle import Status
from app.services import forecasts, recomputation, warnings
from tests.builders import (
    DISTRICT,
    JUSTICE,
    MONDAY,
    PARTIAL,
    PROVINCE,
    Api,
    Json,
    Person,
    a_dossier,
    an_application,
    refused,
    succeeded,
)

LETTER = {
    "source": "Công văn số 01/MAU",
    "days": [
        {"day": "2026-10-07", "kind": "off", "name": "Nghỉ hoán đổi"},
        {"day": "2026-10-17", "kind": "worked", "name": "Làm bù"},
    ],
}
CHANGES = "/v1/calendar/changes"


@pytest.fixture
def keeper(own_api: Api) -> Person:
    return own_api.person(Role.ADMINISTRATOR, PROVINCE)


def followed(person: Person, response: httpx2.Response, body: Json = None) -> list[Json]:
    """Return the items of a list, page by page along its Links."""
    found: list[Json] = []
    while True:
        page = succeeded(response)
        found += page["items"]
        if page["next"] is None:
            assert "Link" not in response.headers
            return found
        path = response.headers["Link"].removeprefix("<").removesuffix('>; rel="next"')
        response = person.send("GET", path) if body is None else person.post(path, body)


def derive(api: Api) -> None:
    while recomputation.recompute_open(api.app.state.doors.desk, now=api.clock()):
        pass


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_everybody_may_read_an_office_s_year(own_api: Api) -> None:
    response = own_api.http.get("/v1/calendar", params={"year": 2026, "agency": JUSTICE})

    year = succeeded(response)
    assert response.headers["ETag"] == '"1"'
    assert year["hours_now"]["1"] == "07:30-11:30 13:00-17:00"
    assert "6" not in year["hours_now"]
    days = {day["day"]: day for day in year["days"]}
    assert days["2026-01-02"]["kind"] == "off"
    assert days["2026-08-22"]["kind"] == "worked"
    assert days["2026-02-17"]["entered_by"] == "Hệ thống"
    assert year["working_minutes"] == year["working_days"] * 480
    unknown = own_api.http.get("/v1/calendar", params={"agency": "H44.99"})
    refused(unknown, 404, "calendar.unknown_office")


def test_a_change_is_previewed_entered_worked_off_and_on_record(
    own_api: Api, keeper: Person
) -> None:
    codes = [a_dossier(own_api, Status.ACCEPTED) for _ in range(3)]
    before = instant(own_api.dossier(codes[0])["due_at"].isoformat())

    preview = keeper.post(f"{CHANGES}?preview=true&limit=2", LETTER)
    seen = succeeded(preview)
    assert (preview.status_code, seen["count"], seen["summary"]) == (
        200,
        3,
        "3 hồ sơ thay đổi hạn",
    )
    told = followed(keeper, preview, LETTER)
    assert [move["code"] for move in told] == codes
    assert {instant(move["after"]) for move in told} == {before + timedelta(days=1)}

    entered = keeper.post(CHANGES, LETTER, version=seen["revision"])
    change = succeeded(entered)
    assert (entered.status_code, change["entered_by"]) == (201, "Cán bộ administrator")
    where = entered.headers["Location"]
    assert succeeded(keeper.get(where)) | {"moved": 0, "left": 3} == change | {
        "moved": 0,
        "left": 3,
    }
    derive(own_api)

    found = succeeded(keeper.get(where))
    assert (found["moved"], found["left"]) == (3, 0)
    moves = followed(keeper, keeper.get(f"{where}/moves", limit=2))
    recorded, announced = (
        [(move["code"], instant(move["before"]), instant(move["after"])) for move in found]
        for found in (moves, told)
    )
    assert recorded == announced
    [newest, first] = followed(keeper, keeper.get(CHANGES, limit=1))
    assert (newest["source"], first["entered_by"]) == (LETTER["source"], "Hệ thống")
    clock = succeeded(own_api.citizen().get(f"/v1/dossiers/{codes[0]}/deadline"))
    [move] = clock["moves"]
    assert (move["source"], instant(move["after"])) == (LETTER["source"], instant(clock["due_at"]))
    assert instant(clock["promised_at"]) == before


def test_a_change_for_an_office_is_read_back_as_its_own(own_api: Api, keeper: Person) -> None:
    change = {
        "source": "Thông báo cắt điện",
        "days": [
            {
                "agency": DISTRICT,
                "day": "2026-10-07",
                "kind": "hours",
                "name": "Mất điện",
                "hours": "07:30-11:30",
            }
        ],
        "hours": [{"agency": DISTRICT, "valid_from": "2026-11-01", "week": {"2": "08:00-12:00"}}],
    }
    succeeded(keeper.post(CHANGES, change))

    asked: dict[str, str | int] = {"year": 2026, "agency": DISTRICT, "on": "2026-11-02"}
    year = succeeded(own_api.http.get("/v1/calendar", params=asked))
    assert year["hours_now"] == {"2": "08:00-12:00"}
    [own] = [day for day in year["days"] if day["own"]]
    assert (own["hours"], own["source"], instant(own["entered_at"])) == (
        "07:30-11:30",
        "Thông báo cắt điện",
        MONDAY,
    )
    before = {**asked, "known_at": (MONDAY - timedelta(seconds=1)).isoformat()}
    assert not any(
        day["own"] for day in succeeded(own_api.http.get("/v1/calendar", params=before))["days"]
    )


def test_the_same_request_again_enters_nothing_twice(own_api: Api, keeper: Person) -> None:
    first = keeper.post(CHANGES, LETTER, key="mot-khoa")
    again = keeper.post(CHANGES, LETTER, key="mot-khoa")

    assert (again.status_code, again.json()) == (first.status_code, first.json())
    refused(
        keeper.post(CHANGES, {**LETTER, "source": "Khác"}, key="mot-khoa"),
        422,
        "idempotency.key_reused",
    )
    assert len(own_api.rows("SELECT FROM calendar_change")) == 2


@pytest.mark.parametrize(
    ("role", "agency"),
    [
        (Role.APPLICANT, None),
        (Role.ADMINISTRATOR, DISTRICT),
        (Role.APPROVER, PROVINCE),
        (Role.ANALYST, PROVINCE),
    ],
)
def test_who_may_not_keep_the_calendar_is_told_so(
    own_api: Api, role: Role, agency: str | None
) -> None:
    person = own_api.person(role, agency)
    for query in ("", "?preview=true"):
        refused(person.post(CHANGES + query, LETTER), 403, "calendar.role_refused")
    if role is Role.APPLICANT:
        refused(person.get(CHANGES), 403, "calendar.record_refused")


def test_faults_of_a_change_come_all_at_once_with_their_places(keeper: Person) -> None:
    bad = {
        "source": "x",
        "days": [
            {"day": "2026-10-01", "kind": "off", "name": "Nghỉ"},
            {"day": "2027-04-30", "kind": "worked", "name": "Làm bù"},
            {"day": "2026-12-01", "kind": "off", "name": "Nghỉ", "agency": "H44.99"},
            {"day": "2026-12-01", "kind": "hours", "name": "x", "hours": "07:30-11:30 11:00-12:00"},
        ],
    }
    problem = refused(keeper.post(CHANGES, bad), 422, "calendar.change_faulty")
    assert [(error["pointer"], error["code"]) for error in problem["errors"]] == [
        ("/days/2/agency", "agency.unknown"),
        ("/days/0/day", "calendar.past_without_reason"),
        ("/days/3/hours", "calendar.office_hours"),
    ]
    only = {"source": "x", "days": [bad["days"][1]]}
    problem = refused(keeper.post(CHANGES, only), 422, "calendar.change_faulty")
    assert "make-up" not in problem["detail"]
    assert problem["errors"][0]["code"] == "calendar.contradiction"
    unreadable = {"source": "x", "days": [{"day": "2026-12-01", "kind": "hours", "hours": "25:00"}]}
    refused(keeper.post(CHANGES, unreadable), 422, "request.invalid")
    refused(keeper.get(f"{CHANGES}/99"), 404, "calendar.change_not_found")


def test_what_was_previewed_is_entered_or_nothing(keeper: Person) -> None:
    other = {"source": "x", "days": [{"day": "2026-12-24", "kind": "off", "name": "Nghỉ"}]}
    succeeded(keeper.post(CHANGES, other))

    problem = refused(keeper.post(CHANGES, LETTER, version=1), 412, "calendar.stale")
    assert problem["revision"] == 2
    refused(keeper.post(CHANGES, LETTER, version="W/1"), 400, "dossier.version_malformed")


def test_warnings_are_listed_read_and_answered_with_an_apology(own_api: Api) -> None:
    codes = [a_dossier(own_api, Status.IN_PROCESS) for _ in range(3)]
    desk = own_api.app.state.doors.desk
    own_api.clock.move(days=1)
    warnings.raise_due(desk, now=own_api.clock())
    officer, approver = own_api.officer(), own_api.approver()

    found = followed(officer, officer.get("/v1/warnings", limit=2))
    assert {item["code"] for item in found} == set(codes)
    assert {(item["kind"], item["in_words"]) for item in found} == {("due_soon", "còn 2 ngày")}
    read = {"warnings": [found[0]["id"], found[1]["id"]]}
    assert succeeded(officer.post("/v1/warnings/readings", read)) == {
        "read": sorted(read["warnings"])
    }
    [unread] = followed(officer, officer.get("/v1/warnings", unread=True))
    assert unread["id"] == found[2]["id"]
    refused(approver.post("/v1/warnings/readings", read), 404, "warning.not_found")
    refused(own_api.citizen().get("/v1/warnings"), 403, "warning.role_refused")

    own_api.clock.move(days=3)
    warnings.raise_due(desk, now=own_api.clock())
    tasks = followed(approver, approver.get("/v1/warnings", kind="apology_due"))
    assert {item["code"] for item in tasks} == set(codes)
    body = {"count": 2, "unit": "working_days", "reason": "Chờ ý kiến phối hợp"}
    path = f"/v1/dossiers/{codes[0]}"
    made = approver.post(f"{path}/apology", body, key="xin-loi")
    assert made.status_code == 201
    assert approver.post(f"{path}/apology", body, key="xin-loi").json() == made.json()
    refused(approver.post(f"{path}/apology", body), 409, "apology.refused")
    refused(officer.post(f"{path}/apology", body), 403, "dossier.role_refused")
    refused(approver.act(codes[0], "extension", body), 409, "extension.refused")
    assert followed(own_api.citizen(), own_api.citizen().get(f"{path}/apologies")) == [made.json()]
    left = followed(approver, approver.get("/v1/warnings", kind="apology_due"))
    assert {item["code"] for item in left} == set(codes[1:])
    assert len(followed(approver, approver.get("/v1/warnings", kind="apology_due", all=True))) == 3


def test_the_forecast_is_paged_and_keeps_its_moment(own_api: Api) -> None:
    receptionist, approver = own_api.receptionist(), own_api.approver()
    for _ in range(20):
        code = a_dossier(own_api, Status.ACCEPTED)
        own_api.officer().does(code, "processing")
        own_api.clock.move(hours=1)
        approver.does(code, "resolution", {"granted": False, "reason": "Không đủ điều kiện"})
        own_api.clock.at = MONDAY
    body = {**an_application(PARTIAL), "channel": "desk"}
    taken = [succeeded(receptionist.post("/v1/dossiers/intake", body)) for _ in range(3)]
    desk = own_api.app.state.doors.desk
    while forecasts.refresh_pace(desk, now=own_api.clock()):
        pass
    own_api.clock.move(minutes=5)

    response = approver.get("/v1/forecast", limit=2)
    page = succeeded(response)
    assert (instant(page["as_of"]), page["looked_at"], page["is_capped"]) == (
        own_api.clock(),
        3,
        False,
    )
    own_api.clock.move(days=1)
    found = followed(approver, response)
    assert [item["code"] for item in found] == [made["code"] for made in taken]
    assert {(item["chance"], item["cases"]) for item in found} == {(0.0, 20)}
    assert {item["median_minutes"] for item in found} == {55}
    analyst = own_api.person(Role.ANALYST, PROVINCE)
    assert len(succeeded(analyst.get("/v1/forecast"))["items"]) == 3
    refused(own_api.officer().get("/v1/forecast"), 403, "forecast.role_refused")
    refused(approver.get("/v1/forecast", after="xyz"), 400, "cursor.refused")
    refused(approver.get("/v1/forecast", within=0), 422, "request.invalid")
