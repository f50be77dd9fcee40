"""The catalogue, read by anybody: what there is on a day, by whom it is resolved, what it takes."""

from datetime import date

import pytest

from app.domain.procedure import OnlineLevel
from app.seeds import read_agencies, read_procedures
from tests.builders import DISTRICT, FULL, PARTIAL, Api, an_application, refused, succeeded

TODAY = date(2026, 10, 5)


def test_the_agencies_are_those_of_the_seeds(api: Api) -> None:
    items = succeeded(api.http.get("/v1/agencies"))["items"]

    assert items == [
        {
            "code": agency.code,
            "name": agency.name,
            "level": agency.level,
            "parent": agency.parent,
            "valid_from": str(agency.valid_from),
            "valid_to": agency.valid_to and str(agency.valid_to),
            "heir": None,
        }
        for agency in sorted(read_agencies(), key=lambda agency: agency.code)
    ]
    for item in items:
        assert succeeded(api.http.get(f"/v1/agencies/{item['code']}")) == item


@pytest.mark.parametrize(
    "day", ["2015-12-31", "2016-01-01", "2019-12-31", "2021-06-30", "2026-10-05"]
)
def test_on_a_day_the_catalogue_is_what_was_in_force_then(api: Api, day: str) -> None:
    agencies = succeeded(api.http.get("/v1/agencies", params={"on": day}))["items"]
    procedures = succeeded(api.http.get("/v1/procedures", params={"on": day}))["items"]

    on = date.fromisoformat(day)
    assert [item["code"] for item in agencies] == sorted(
        agency.code for agency in read_agencies() if agency.is_valid_on(on)
    )
    assert [(item["code"], item["version"], item["online_level"]) for item in procedures] == [
        (known.code, version.version, version.online_level)
        for known in sorted(read_procedures(), key=lambda known: known.code)
        if (version := known.version_on(on))
    ]


@pytest.mark.parametrize("level", [None, *OnlineLevel])
@pytest.mark.parametrize("agency", [None, "H44.10", DISTRICT, "H44", "H44.99"])
def test_procedures_are_found_by_agency_and_level(
    api: Api, agency: str | None, level: int | None
) -> None:
    query = {"agency": agency, "level": level}
    asked = {name: value for name, value in query.items() if value is not None}

    items = succeeded(api.http.get("/v1/procedures", params=asked))["items"]

    resolvers = {known.code: known for known in read_agencies()}
    assert [item["code"] for item in items] == [
        known.code
        for known in sorted(read_procedures(), key=lambda known: known.code)
        if (version := known.version_on(TODAY))
        and level in {None, version.online_level}
        and (agency is None or (agency in resolvers and version.is_resolved_by(resolvers[agency])))
    ]


def test_a_procedure_says_all_that_is_needed_to_hand_in(api: Api) -> None:
    for known in read_procedures():
        version = known.version_on(TODAY)
        if version is None:
            refused(api.http.get(f"/v1/procedures/{known.code}"), 404, "procedure.not_found")
            continue
        seen = succeeded(api.http.get(f"/v1/procedures/{known.code}"))
        assert (seen["name"], seen["version"]) == (known.name, version.version)
        assert seen["form"] == version.form
        assert [part["code"] for part in seen["components"]] == [c.code for c in version.components]
        assert [step["code"] for step in seen["steps"]] == [step.code for step in version.steps]
        assert seen["fee_vnd"] == sum(fee["amount_vnd"] for fee in seen["fees"])
        assert seen["limit"] == version.limit.label
        assert seen["agencies"] == sorted(
            agency.code for agency in read_agencies() if version.is_resolved_by(agency)
        )
        assert seen["sample"] is True


def test_a_procedure_is_shown_as_of_a_day(api: Api) -> None:
    levels = {
        day: succeeded(api.http.get(f"/v1/procedures/{FULL}", params={"on": day}))["online_level"]
        for day in ("2019-12-31", "2020-01-01")
    }

    assert levels == {"2019-12-31": 3, "2020-01-01": 4}
    before = api.http.get(f"/v1/procedures/{FULL}", params={"on": "2015-01-01"})
    assert "01/01/2015" in refused(before, 404, "procedure.not_found")["detail"]


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/v1/procedures/9.999999", 404, "procedure.not_found"),
        ("/v1/agencies/H99", 404, "agency.not_found"),
        ("/v1/procedures/abc", 422, "request.invalid"),
        ("/v1/agencies/h44", 422, "request.invalid"),
        ("/v1/procedures?on=2026-02-30", 422, "request.invalid"),
        ("/v1/procedures?level=5", 422, "request.invalid"),
        ("/v1/procedures?agency=x", 422, "request.invalid"),
    ],
)
def test_what_there_is_not_is_told(api: Api, path: str, status: int, code: str) -> None:
    refused(api.http.get(path), status, code)


def test_a_change_of_the_catalogue_is_seen_by_the_next_request(own_api: Api) -> None:
    api = own_api
    succeeded(api.http.get("/v1/agencies"))

    with api.owner.begin() as db:
        db.exec_driver_sql(
            "INSERT INTO agency (code, name, level, valid_from)"
            " VALUES ('H44.98', 'Sở mới', 'province', '2026-01-01')"
        )
        db.exec_driver_sql("UPDATE revision SET value = value + 1 WHERE name = 'catalogue'")

    assert succeeded(api.http.get("/v1/agencies/H44.98"))["name"] == "Sở mới"


def test_a_change_of_the_calendar_is_seen_by_the_next_dossier(own_api: Api) -> None:
    api = own_api
    desk = api.receptionist()
    before = succeeded(desk.post("/v1/dossiers/intake", an_application(PARTIAL)))

    with api.owner.begin() as db:
        db.exec_driver_sql(
            "INSERT INTO calendar_day (day, kind, name, source)"
            " VALUES ('2026-10-06', 'off', 'Nghỉ đột xuất', 'thử')"
        )
        db.exec_driver_sql("UPDATE revision SET value = value + 1 WHERE name = 'calendar'")
    after = succeeded(desk.post("/v1/dossiers/intake", an_application(PARTIAL)))

    assert before["due_at"] == "2026-10-08T09:00:00+07:00"
    assert after["due_at"] == "2026-10-09T09:00:00+07:00"
    assert api.dossier(before["code"])["promised_at"].day == 8
