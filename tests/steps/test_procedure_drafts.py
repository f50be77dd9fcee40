"""Changing a procedure over HTTP: draft, check, publication, end; running dossiers keep theirs."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from datetime import date
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.db.access import acting, connect
from app.db.reference import References
from app.domain.actor import SYSTEM, Actor, Role
from app.domain.lifecycle import Status
from app.domain.procedure_drafts import DraftOrigin
from app.services import procedure_drafts, procedure_reading
from tests.builders import (
    DESK,
    MONDAY,
    PARTIAL,
    PROVINCE,
    Api,
    Person,
    a_dossier,
    an_online_application,
    refused,
    succeeded,
)

PATH = "/v1/procedure-drafts"


@pytest.fixture(autouse=True)
def _monday(api: Api) -> Iterator[None]:
    api.clock.at = MONDAY
    yield
    api.clock.at = MONDAY


def keeper(api: Api) -> Person:
    return api.person(Role.ADMINISTRATOR, PROVINCE)


def begun(api: Api, procedure: str = PARTIAL) -> dict[str, Any]:
    return succeeded(keeper(api).post(PATH, {"procedure": procedure}))


def put(api: Api, draft: dict[str, Any], content: dict[str, Any]) -> Any:  # noqa: ANN401
    return keeper(api).send(
        "PUT",
        f"{PATH}/{draft['id']}",
        json={"content": content},
        headers={"If-Match": f'"{draft["version"]}"'},
    )


def changed(api: Api, draft: dict[str, Any], days: int) -> dict[str, Any]:
    content = deepcopy(draft["content"])
    content["definition"]["limit"] = {"count": days, "unit": "working_days"}
    return succeeded(put(api, draft, content))


def checked(api: Api, draft: dict[str, Any]) -> dict[str, Any]:
    return succeeded(keeper(api).post(f"{PATH}/{draft['id']}/check", version=draft["version"]))


def publish(api: Api, draft: dict[str, Any], valid_from: str) -> Any:  # noqa: ANN401
    return keeper(api).post(
        f"{PATH}/{draft['id']}/publication", {"valid_from": valid_from}, version=draft["version"]
    )


def test_a_procedure_changes_from_a_day_on_and_running_dossiers_keep_theirs(own_api: Api) -> None:
    api = own_api
    running = a_dossier(api, Status.IN_PROCESS)
    draft = begun(api)
    assert (draft["state"], draft["origin"], draft["version"]) == ("draft", "hand", 1)
    draft = changed(api, draft, 5)
    seen = succeeded(keeper(api).get(f"{PATH}/{draft['id']}"))
    assert seen["errors"] == []
    assert [(one["pointer"], one["before"], one["after"]) for one in seen["differences"]] == [
        ("/definition/limit/count", 3, 5)
    ]
    draft = checked(api, draft)
    assert draft["state"] == "checked"

    done = succeeded(publish(api, draft, "2026-10-07"))

    before = done["replaces"]
    assert (done["version"], done["replaced_until"]) == (before + 1, "2026-10-06")
    found = succeeded(api.citizen().get(f"/v1/procedures/{PARTIAL}", on="2026-10-06"))
    assert (found["version"], found["limit"], found["valid_to"]) == (
        before,
        "3 ngày làm việc",
        "2026-10-06",
    )
    found = succeeded(api.citizen().get(f"/v1/procedures/{PARTIAL}", on="2026-10-07"))
    assert (found["version"], found["limit"]) == (before + 1, "5 ngày làm việc")
    assert succeeded(api.citizen().get(f"/v1/procedures/{PARTIAL}"))["version"] == before

    api.clock.move(days=2)
    new = a_dossier(api, Status.ACCEPTED)
    versions = {
        code: succeeded(api.officer().get(f"/v1/dossiers/{code}"))["procedure"]["version"]
        for code in (running, new)
    }
    assert versions == {running: before, new: before + 1}
    days = {
        code: (api.dossier(code)["due_at"] - api.dossier(code)["accepted_at"]).days
        for code in versions
    }
    assert days == {running: 3, new: 7}
    steps = succeeded(api.officer().get(f"/v1/dossiers/{running}/handovers"))["items"]
    assert steps[-1]["budget_minutes"] < 3 * 480
    assert succeeded(api.officer().get("/v1/queue", tab="agency", procedure=PARTIAL))["items"]


def test_every_process_of_the_province_reads_the_new_version(own_api: Api, database: str) -> None:
    other = own_api.app.state.doors.desk
    with acting(other.engine, SYSTEM) as tx:
        known = len(other.references.catalogue(tx).procedures[PARTIAL].versions)
    engine = connect(database)

    elsewhere = References()
    with acting(engine, SYSTEM) as tx:
        assert len(elsewhere.catalogue(tx).procedures[PARTIAL].versions) == known
    succeeded(publish(own_api, checked(own_api, begun(own_api)), "2026-10-06"))
    with acting(engine, SYSTEM) as tx:
        assert len(elsewhere.catalogue(tx).procedures[PARTIAL].versions) == known + 1
    engine.dispose()


def test_a_version_published_in_the_middle_of_a_request_is_told_as_try_again(api: Api) -> None:
    code, desk = a_dossier(api, Status.IN_PROCESS), api.app.state.doors.desk
    with acting(desk.engine, SYSTEM) as tx:
        catalogue = desk.references.catalogue(tx)
    version_id = api.dossier(code)["procedure_version_id"]
    offered = catalogue.offered.pop(version_id)  # as if it had come after the first statement
    try:
        answer = api.officer().get(f"/v1/dossiers/{code}")
    finally:
        catalogue.offered[version_id] = offered
    refused(answer, 503, "catalogue.behind")
    assert answer.headers["retry-after"] == "1"


def test_a_faulty_draft_is_told_whole_and_not_published(api: Api) -> None:
    draft = begun(api)
    content = deepcopy(draft["content"])
    content["definition"]["fees"][0]["amount_vnd"] = -5
    content["definition"]["steps"][1]["agency"] = "H44.99"
    content["definition"]["steps"][1]["share_percent"] += 1
    draft = succeeded(put(api, draft, content))

    told = checked(api, draft)

    assert told["state"] == "draft"
    assert {one["pointer"] for one in told["errors"]} == {
        "/definition/fees/0/amount_vnd",
        "/definition/steps",
    }
    refused(publish(api, told, "2027-01-01"), 409, "procedure_draft.not_checked")


def test_a_change_after_the_check_wants_another_check(api: Api) -> None:
    draft = begun(api)
    draft = changed(api, draft | {"version": checked(api, draft)["version"]}, 4)

    assert draft["state"] == "draft"
    refused(publish(api, draft, "2027-01-01"), 409, "procedure_draft.not_checked")


@pytest.mark.parametrize("valid_from", ["2026-10-04", "2016-01-01"])
def test_a_day_that_has_passed_is_refused(api: Api, valid_from: str) -> None:
    told = refused(
        publish(api, checked(api, begun(api)), valid_from), 422, "procedure_draft.faulty"
    )
    assert {one["pointer"] for one in told["errors"]} == {"/valid_from"}


def test_who_read_an_older_draft_is_told_and_changes_nothing(api: Api) -> None:
    draft = begun(api)
    newer = changed(api, draft, 9)

    told = refused(put(api, draft, draft["content"]), 412, "procedure_draft.stale")
    assert told["version"] == newer["version"]
    for path in ("check", "publication"):
        body = {"valid_from": "2027-01-01"} if path == "publication" else None
        at = f"{PATH}/{draft['id']}/{path}"
        refused(keeper(api).post(at, body, version=1), 412, "procedure_draft.stale")
        refused(keeper(api).post(at, body), 428, "dossier.version_missing")


def test_what_is_closed_stays_closed(own_api: Api) -> None:
    api, one = own_api, begun(own_api)
    path = f"{PATH}/{one['id']}"
    gone = keeper(api).send("DELETE", path, headers={"If-Match": '"1"'})
    assert gone.status_code == 204
    refused(put(api, one | {"version": 2}, one["content"]), 409, "procedure_draft.closed")
    done = checked(api, begun(api))
    succeeded(publish(api, done, "2026-12-01"))
    refused(publish(api, done | {"version": 3}, "2026-12-02"), 409, "procedure_draft.closed")
    states = [
        item["state"] for item in succeeded(keeper(api).get(PATH, procedure=PARTIAL))["items"]
    ]
    assert states == ["published", "discarded"]
    listed = succeeded(keeper(api).get(PATH, state="discarded", limit=1))
    assert [item["id"] for item in listed["items"]] == [one["id"]]


def test_a_new_procedure_comes_into_the_catalogue(own_api: Api) -> None:
    api = own_api
    content = deepcopy(begun(api)["content"]) | {"name": "Cấp bản sao trích lục"}
    body = {"procedure": "1.009999", "content": content}
    draft = checked(api, succeeded(keeper(api).post(PATH, body)))
    refused(api.citizen().get("/v1/procedures/1.009999"), 404, "procedure.not_found")

    done = succeeded(publish(api, draft, "2026-10-05"))

    assert (done["version"], done["replaces"]) == (1, None)
    found = succeeded(api.citizen().get("/v1/procedures/1.009999"))
    assert found["name"] == "Cấp bản sao trích lục"
    citizen = api.citizen()
    application = an_online_application(citizen, PARTIAL, procedure="1.009999")
    assert succeeded(citizen.post("/v1/dossiers", application))["status"] == "registered"
    links = api.row(
        "SELECT count(*) AS n FROM procedure_agency JOIN procedure_version AS v"
        " ON v.id = procedure_version_id JOIN procedure ON procedure.id = procedure_id"
        " WHERE code = '1.009999'"
    )
    assert links["n"] == len(found["agencies"]) > 0


def test_a_procedure_that_ends_takes_no_more_dossiers_and_lets_running_ones_go_on(
    own_api: Api,
) -> None:
    api, running = own_api, a_dossier(own_api, Status.IN_PROCESS)
    path = f"/v1/procedures/{PARTIAL}/retirement"
    told = succeeded(keeper(api).post(path, {"last_day": "2026-10-05"}))
    assert told["valid_to"] == "2026-10-05"
    a_dossier(api)
    refused(keeper(api).post(path, {"last_day": "2026-12-31"}), 409, "procedure.retirement_refused")

    api.clock.move(days=1)
    citizen = api.citizen()
    refused(citizen.post("/v1/dossiers", an_online_application(citizen)), 422, "application.faulty")
    api.officer().does(running, "handovers")
    refused(
        keeper(api).post("/v1/procedures/1.000001/retirement", {"last_day": "2026-12-31"}),
        404,
        "procedure.unknown",
    )


def test_only_administrators_of_the_province_keep_the_catalogue(api: Api) -> None:
    draft = begun(api)
    body = {"procedure": PARTIAL}
    for person in (
        api.officer(),
        api.citizen(),
        api.person(Role.ADMINISTRATOR, "H44.10"),
        api.person(Role.ANALYST, PROVINCE),
    ):
        refused(person.post(PATH, body), 403, "catalogue.role_refused")
        refused(person.get(PATH), 403, "catalogue.role_refused")
        refused(person.get(f"{PATH}/{draft['id']}"), 403, "catalogue.role_refused")
        refused(
            person.post(f"/v1/procedures/{PARTIAL}/retirement", {"last_day": "2027-01-01"}),
            403,
            "catalogue.role_refused",
        )
    refused(keeper(api).get(f"{PATH}/999999"), 404, "procedure_draft.not_found")
    refused(keeper(api).post(PATH, {"procedure": "1.000001"}), 404, "procedure.unknown")


def test_of_ten_drafts_published_at_once_for_one_day_one_is(own_api: Api) -> None:
    api, crowd = own_api, 10
    drafts = [checked(api, begun(api, DESK)) for _ in range(crowd)]
    start = Barrier(crowd)

    def go(n: int) -> str:
        start.wait()
        answer = publish(api, drafts[n], "2026-12-01")
        return "done" if answer.is_success else answer.json()["code"]

    with ThreadPoolExecutor(crowd) as pool:
        told = Counter(pool.map(go, range(crowd)))

    assert told == {"done": 1, "procedure_draft.faulty": crowd - 1}
    versions = api.rows(
        "SELECT version, v.valid_from, valid_to FROM procedure_version AS v JOIN procedure"
        " ON procedure.id = procedure_id WHERE code = :code ORDER BY version",
        code=DESK,
    )
    assert [row["version"] for row in versions] == list(range(1, len(versions) + 1))
    assert versions[-2]["valid_to"] == date(2026, 11, 30)
    assert versions[-1]["valid_to"] is None


def test_one_draft_is_published_once_however_often_it_is_asked(own_api: Api) -> None:
    api, crowd = own_api, 10
    draft, start = checked(api, begun(api, DESK)), Barrier(crowd)

    def go(_: int) -> str:
        start.wait()
        answer = publish(api, draft, "2026-12-01")
        return "done" if answer.is_success else answer.json()["code"]

    with ThreadPoolExecutor(crowd) as pool:
        told = Counter(pool.map(go, range(crowd)))
    assert told == {"done": 1, "procedure_draft.closed": crowd - 1}


def test_what_the_national_portal_says_becomes_a_draft_like_any_other(own_api: Api) -> None:
    api, desk = own_api, own_api.app.state.doors.desk
    content = begun(api)["content"]
    made = procedure_drafts.write(
        desk,
        PARTIAL,
        content,
        origin=DraftOrigin.NATIONAL_PORTAL,
        note="LayThuTuc",
        actor=SYSTEM,
        now=MONDAY,
    )
    [newest, *_] = procedure_reading.drafts(desk, actor=SYSTEM)
    assert newest["id"] == made["id"]
    seen = succeeded(keeper(api).get(f"{PATH}/{made['id']}"))
    assert (seen["origin"], seen["note"], seen["differences"]) == (
        "national_portal",
        "LayThuTuc",
        [],
    )


def test_a_published_version_cannot_be_rewritten_by_the_application(
    own_api: Api, database: str
) -> None:
    succeeded(publish(own_api, checked(own_api, begun(own_api)), "2026-12-01"))
    engine = connect(database)
    for statement in (
        "UPDATE procedure_version SET definition = '{}'",
        "UPDATE procedure_version SET valid_to = NULL",
        "DELETE FROM procedure_version",
        "UPDATE procedure SET name = 'x'",
        "DELETE FROM procedure_draft",
    ):
        with pytest.raises(DBAPIError), acting(engine, SYSTEM) as tx:
            tx.db.execute(text(statement))
    with acting(engine, Actor("x", Role.OFFICER, "", agency="H44.29")) as tx:
        assert tx.db.scalar(text("SELECT count(*) FROM procedure_draft")) == 0
    with acting(engine, Actor("x", Role.ADMINISTRATOR, "", agency="H44")) as tx:
        assert tx.db.scalar(text("SELECT count(*) FROM procedure_draft")) == 1
    engine.dispose()
