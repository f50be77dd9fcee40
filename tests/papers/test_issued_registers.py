"""Registers are kept as they were issued: the same bytes for good, for whom they are meant."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.db.access import acting, connect
from app.domain.actor import SYSTEM, Role
from app.domain.lifecycle import Status
from tests.api.world import actor
from tests.builders import (
    CITIZEN,
    DISTRICT,
    JUSTICE,
    MONDAY,
    OTHER_DISTRICT,
    PROVINCE,
    Api,
    a_dossier,
    refused,
    succeeded,
)
from tests.papers.pdf_reading import squeezed, text_of
from tests.papers.xlsx_reading import rows_of

BODY = {"agency": DISTRICT, "first_on": "2026-10-01", "last_on": "2026-10-31", "format": "xlsx"}


@pytest.fixture(autouse=True)
def on_monday(api: Api) -> None:
    api.clock.at = MONDAY


def issue(api: Api, **changes: str) -> dict[str, Any]:
    issued: dict[str, Any] = succeeded(api.receptionist().post("/v1/registers", BODY | changes))
    return issued


@pytest.mark.parametrize("kind", ["xlsx", "pdf"])
def test_printed_again_it_is_the_same_whatever_became_of_its_dossiers(
    own_api: Api, kind: str
) -> None:
    code = a_dossier(own_api, Status.REGISTERED)
    issued = issue(own_api, format=kind)
    first = own_api.receptionist().get(issued["href"])

    own_api.clock.move(hours=2)
    own_api.receptionist().does(code, "refusal", {"reason": "Sai", "legal_ground": "Đ1"})
    again = own_api.approver(PROVINCE).get(issued["href"])
    later = issue(own_api, format=kind)

    assert first.content == again.content
    assert hashlib.sha256(first.content).hexdigest() == issued["sha256"]
    assert first.headers["etag"] == f'"{issued["sha256"]}"'
    assert first.headers["content-disposition"].endswith(f'20261001-20261031.{kind}"')
    assert issued["entries"] == 1
    assert (later["id"], later["sha256"]) != (issued["id"], issued["sha256"])
    listed = succeeded(own_api.officer().get("/v1/registers", agency=DISTRICT))["items"]
    assert listed == [later, issued]


def test_it_says_when_and_by_whom_it_was_issued(own_api: Api) -> None:
    code = a_dossier(own_api, Status.REGISTERED)

    rows = rows_of(own_api.receptionist().get(issue(own_api)["href"]).content)
    pdf = own_api.receptionist().get(issue(own_api, format="pdf")["href"]).content

    said = rows[2]["A"].text
    assert said.startswith("Phát hành lúc 09:00 05/10/2026, người lập: ")
    assert rows[4]["B"].text == code
    assert squeezed(said) in text_of(pdf)


def test_while_nothing_has_changed_it_is_the_one_before(own_api: Api) -> None:
    a_dossier(own_api, Status.REGISTERED)
    first = issue(own_api)

    own_api.clock.move(days=3)

    assert issue(own_api) == first
    assert own_api.rows("SELECT count(*) AS n FROM issued_register") == [{"n": 1}]
    kept = own_api.rows("SELECT count(*) AS n FROM stored_file WHERE media_type LIKE '%sheet'")
    assert kept == [{"n": 1}]


def test_who_issue_at_once_get_one_register(own_api: Api) -> None:
    a_dossier(own_api, Status.REGISTERED)
    clerk = own_api.receptionist()

    def post(n: int) -> httpx2.Response:
        return clerk.post("/v1/registers", BODY, key=f"so-{n % 2}")

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(post, range(8)))

    taken = [answer.json() for answer in answers if answer.status_code == 201]
    assert taken
    assert {answer.status_code for answer in answers} <= {201, 409, 503}
    assert len({one["id"] for one in taken}) == 1
    assert own_api.rows("SELECT count(*) AS n FROM issued_register") == [{"n": 1}]


def test_the_same_request_again_is_answered_as_before(own_api: Api) -> None:
    code = a_dossier(own_api, Status.REGISTERED)
    clerk = own_api.receptionist()
    first = succeeded(clerk.post("/v1/registers", BODY, key="so-1"))
    clerk.does(code, "refusal", {"reason": "Sai", "legal_ground": "Điều 1"})

    assert succeeded(clerk.post("/v1/registers", BODY, key="so-1")) == first
    other = {**BODY, "format": "pdf"}
    refused(clerk.post("/v1/registers", other, key="so-1"), 422, "idempotency.key_reused")


def test_it_is_for_the_desks_of_its_agency_and_those_above(own_api: Api) -> None:
    a_dossier(own_api, Status.REGISTERED)
    issued = issue(own_api)
    api = own_api

    for reader in (api.officer(), api.approver(PROVINCE)):
        assert reader.get(issued["href"]).status_code == 200
    strangers = [api.receptionist(OTHER_DISTRICT), api.officer(JUSTICE), api.citizen()]
    strangers += [api.person(Role.ANALYST, PROVINCE), api.person(Role.ADMINISTRATOR, PROVINCE)]
    for stranger in strangers:
        refused(stranger.get(issued["href"]), 404, "register.not_found")
        refused(stranger.get("/v1/registers", agency=DISTRICT), 403, "register.refused")
        refused(stranger.post("/v1/registers", BODY), 403, "register.refused")
    refused(api.officer().get("/v1/registers/9999"), 404, "register.not_found")


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"first_on": "2026-11-01"}, 422, "period.refused"),
        ({"first_on": "2020-01-01"}, 422, "register.period_too_long"),
        ({"first_on": "2019-01-01", "last_on": "2019-02-01"}, 404, "register.empty"),
        ({"format": "csv"}, 422, "request.invalid"),
        ({"agency": ""}, 422, "request.invalid"),
        ({"agency": "H44.29.99"}, 403, "register.refused"),
        ({"more": "x"}, 422, "request.invalid"),
    ],
)
def test_what_cannot_be_a_register_is_not_issued(
    api: Api, changes: dict[str, str], status: int, code: str
) -> None:
    refused(api.receptionist().post("/v1/registers", BODY | changes), status, code)

    assert api.rows("SELECT FROM issued_register") == []


def test_the_database_shows_and_changes_no_more(own_api: Api) -> None:
    a_dossier(own_api, Status.REGISTERED)
    issue(own_api)
    assert own_api.settings.database_url is not None
    engine = connect(own_api.settings.database_url.get_secret_value())
    seen = {
        (Role.RECEPTIONIST, DISTRICT): 1,
        (Role.APPROVER, PROVINCE): 1,
        (Role.OFFICER, OTHER_DISTRICT): 0,
        (Role.ANALYST, PROVINCE): 0,
        (Role.ADMINISTRATOR, PROVINCE): 0,
        (Role.APPLICANT, CITIZEN): 0,
    }
    try:
        for who, count in seen.items():
            with acting(engine, actor(*who)) as tx:
                assert tx.db.scalar(text("SELECT count(*) FROM issued_register")) == count
        for change in ("UPDATE issued_register SET entries = 2", "DELETE FROM issued_register"):
            with pytest.raises(DBAPIError, match="denied"), acting(engine, SYSTEM) as tx:
                tx.db.execute(text(change))
    finally:
        engine.dispose()
