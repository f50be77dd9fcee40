"""The annex over HTTP: counted from the dossiers themselves, for whoever may read figures."""

from collections import Counter
from datetime import date, timedelta

import pytest

from app.db.access import acting
from app.domain.actor import FIGURE_ROLES, SYSTEM, Role
from app.domain.calendar import LOCAL_ZONE
from app.domain.figures import Intake
from app.domain.periods import Period
from app.seeds import read_agencies
from app.services.figures import recount
from tests.builders import (
    DESK,
    DISTRICT,
    FULL,
    JUSTICE,
    MONDAY,
    OTHER_DISTRICT,
    PROVINCE,
    Api,
    Json,
    an_application,
    an_online_application,
    refused,
    succeeded,
)

PATH = "/v1/figures/annex"
DAY = date(2026, 10, 5)


@pytest.fixture(scope="module", autouse=True)
def _some_days_of_work(api: Api) -> None:
    """Dossiers of several agencies, days and channels, some around local midnight."""
    citizen = api.citizen()
    for hours in (-34, -9.0001, -8.9999, 0, 14.9999, 15.0001, 24 * 27):
        api.clock.at = MONDAY + timedelta(hours=hours)
        for _ in range(2):
            succeeded(citizen.post("/v1/dossiers", an_online_application(citizen, FULL)))
        for agency, channel in ((DISTRICT, "desk"), (OTHER_DISTRICT, "post")):
            body = an_application(DESK, agency=agency, channel=channel)
            succeeded(api.receptionist(agency).post("/v1/dossiers/intake", body))
    succeeded(api.receptionist(JUSTICE).post("/v1/dossiers/intake", an_application(FULL)))
    api.clock.at = MONDAY


def _annex(api: Api, first: date, last: date) -> dict[str, Json]:
    query = {"from": str(first), "to": str(last)}
    return succeeded(api.person("analyst", PROVINCE).get(PATH, **query))


def _counted(api: Api, first: date, last: date) -> dict[str, Counter[str]]:
    """Count the dossiers one by one, by the local day on which they came."""
    counts: dict[str, Counter[str]] = {agency.code: Counter() for agency in read_agencies()}
    for row in api.rows(
        "SELECT agency.code, channel, received_at FROM dossier JOIN agency ON agency.id = agency_id"
    ):
        if first <= row["received_at"].astimezone(LOCAL_ZONE).date() <= last:
            counts[row["code"]]["online" if row["channel"] == "online" else "at_desk"] += 1
    return counts


@pytest.mark.parametrize(
    ("first", "last"),
    [
        (DAY, DAY),
        (DAY - timedelta(days=1), DAY),
        (DAY - timedelta(days=1), DAY - timedelta(days=1)),
        (DAY + timedelta(days=1), DAY + timedelta(days=1)),
        (date(2026, 10, 1), date(2026, 10, 31)),
        (date(2026, 11, 1), date(2026, 11, 30)),
        (date(1, 1, 1), date(9999, 12, 31)),
        (date(2020, 1, 1), date(2020, 12, 31)),
    ],
    ids=str,
)
def test_each_row_is_what_was_received_and_each_total_its_group(
    api: Api, first: date, last: date
) -> None:
    counts = _counted(api, first, last)

    answer = _annex(api, first, last)

    assert answer["period"] == str(Period(first, last))
    rows = answer["rows"]
    for row in rows:
        if row["row"] != "total":
            known = counts[row["agency_code"]]
            assert (row["online"], row["at_desk"]) == (known["online"], known["at_desk"])
        else:
            members = [r for r in rows if r["group"] == row["group"] and r["row"] != "total"]
            for name in ("total", "online", "at_desk"):
                assert row[name] == sum(member[name] for member in members)
        intake = Intake(row["at_desk"], row["online"])
        assert row["total"] == intake.received
        rate = intake.online_rate
        assert row["online_rate_percent"] == (None if rate is None else str(rate))


def test_agencies_without_dossiers_keep_their_row(api: Api) -> None:
    rows = _annex(api, date(2020, 1, 1), date(2020, 1, 1))["rows"]

    assert len(rows) == 2 + sum(agency.report_row is not None for agency in read_agencies())
    assert {row["total"] for row in rows} == {0}
    assert {row["online_rate_percent"] for row in rows} == {None}


@pytest.mark.parametrize("role", Role)
def test_figures_are_for_those_who_handle_dossiers_or_report(api: Api, role: Role) -> None:
    if role is Role.SYSTEM:
        return
    is_staff = role not in {Role.APPLICANT, Role.PARTNER}
    person = api.person(role, DISTRICT if is_staff else None)

    answer = person.get(PATH, **{"from": "2026-10-05", "to": "2026-10-05"})

    if role in FIGURE_ROLES:
        assert succeeded(answer) == _annex(api, DAY, DAY)
    else:
        refused(answer, 403, "figures.role_refused")


def test_a_period_that_ends_before_it_begins_is_refused(api: Api) -> None:
    answer = api.person("analyst", PROVINCE).get(PATH, **{"from": "2026-10-06", "to": "2026-10-05"})

    refused(answer, 422, "period.refused")


@pytest.mark.parametrize(
    ("query", "pointers"),
    [
        ({}, ["/query/from", "/query/to"]),
        ({"from": "2026-10-05"}, ["/query/to"]),
        ({"from": "2026-13-01", "to": "heute"}, ["/query/from", "/query/to"]),
        ({"from": "20261005", "to": "2026-10-05"}, ["/query/from"]),
        ({"from": "2026-10-05T01:00", "to": "2026-10-05"}, ["/query/from"]),
    ],
    ids=str,
)
def test_a_period_is_two_days(api: Api, query: Json, pointers: list[str]) -> None:
    told = refused(api.person("analyst", PROVINCE).get(PATH, **query), 422, "request.invalid")

    assert [fault["pointer"] for fault in told["errors"]] == pointers


def test_the_maintained_sums_equal_the_count_of_the_dossiers(api: Api) -> None:
    desk = api.app.state.doors.desk
    with acting(desk.engine, SYSTEM) as tx:
        counted = recount(tx, Period(date(2026, 1, 1), date(2026, 12, 31)))

    annex = {
        row["agency_code"]: row for row in _annex(api, date(2026, 1, 1), date(2026, 12, 31))["rows"]
    }
    assert {code: (intake.online, intake.at_desk) for code, intake in counted.items()} == {
        code: (row["online"], row["at_desk"])
        for code, row in annex.items()
        if code and row["total"]
    }


def test_a_dossier_handed_to_another_agency_stays_in_the_figures_of_who_received_it(
    api: Api,
) -> None:
    before = _annex(api, DAY, DAY)
    code = api.row(
        "SELECT dossier.code FROM dossier JOIN agency ON agency.id = agency_id"
        " WHERE agency.code = :agency ORDER BY received_at LIMIT 1",
        agency=DISTRICT,
    )["code"]
    api.officer().does(code, "processing")
    api.officer().does(code, "handovers", {"agency": OTHER_DISTRICT, "reason": "Phối hợp"})

    assert _annex(api, DAY, DAY) == before
