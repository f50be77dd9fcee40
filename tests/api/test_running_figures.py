"""Running figures over HTTP, and everything that a question about figures may be refused for."""

from datetime import date, timedelta

import pytest

from tests.builders import (
    DESK,
    DISTRICT,
    FULL,
    MONDAY,
    OTHER_DISTRICT,
    PROVINCE,
    Api,
    Given,
    Json,
    an_application,
    an_online_application,
    refused,
    succeeded,
)

OCTOBER = {"from": "2026-10-01", "to": "2026-10-31"}


def _ask(api: Api, figure: str = "running", by: str = PROVINCE, **asked: Given) -> Json:
    return succeeded(api.person("analyst", by).get(f"/v1/figures/{figure}", **OCTOBER | asked))


@pytest.fixture(scope="module", autouse=True)
def _a_week(api: Api) -> None:
    """Some dossiers: one at a district that ends, one that stays, two online."""
    for agency in (DISTRICT, DISTRICT, OTHER_DISTRICT):
        body = an_application(DESK, agency=agency, channel="desk")
        succeeded(api.receptionist(agency).post("/v1/dossiers/intake", body))
    code = api.row(
        "SELECT dossier.code FROM dossier JOIN agency ON agency.id = agency_id"
        " WHERE agency.code = :agency ORDER BY dossier.id LIMIT 1",
        agency=DISTRICT,
    )["code"]
    api.officer().does(code, "processing")
    citizen = api.citizen()
    for _ in range(2):
        succeeded(citizen.post("/v1/dossiers", an_online_application(citizen, FULL)))
    api.clock.at = MONDAY + timedelta(days=1)
    api.citizen().does(code, "withdrawal", {"reason": "Không còn nhu cầu"})
    api.clock.at = MONDAY + timedelta(days=2)


def test_what_came_is_what_ended_and_what_is_left(api: Api) -> None:
    counts = _ask(api)["total"]["counts"]

    assert counts["opening"] == 0
    assert counts["received"] == 5
    assert (counts["closed"], counts["withdrawn"], counts["open"]) == (1, 1, 4)
    next_day = _ask(api, **{"from": "2026-10-06", "to": "2026-10-06"})["total"]["counts"]
    assert (next_day["opening"], next_day["received"], next_day["closed"]) == (5, 0, 1)
    assert next_day["open"] == 4


@pytest.mark.parametrize("group", ["none", "agency", "level", "field", "procedure", "channel"])
def test_parts_add_up_to_the_whole(api: Api, group: str) -> None:
    answer = _ask(api, group=group)

    whole = _ask(api)["total"]["counts"]
    assert answer["total"]["counts"] == whole
    for name in answer["labels"]:
        assert sum(row["counts"][name] for row in answer["rows"]) == whole[name]


def test_a_subtree_a_level_a_field_a_procedure_and_a_channel_are_parts_of_it(api: Api) -> None:
    def received(**asked: Given) -> int:
        return int(_ask(api, **asked)["total"]["counts"]["received"])

    assert received(agency=DISTRICT) == 2
    assert received(agency=PROVINCE, subtree=False) == 0
    assert received(level="district") == 3
    assert received(channel="online") == 2
    assert received(procedure=FULL) == 2
    assert received(procedure=FULL, channel="desk") == 0


def test_an_earlier_day_is_answered_as_it_was_known(api: Api) -> None:
    monday = _ask(api, as_of="2026-10-05")["total"]["counts"]
    tuesday = _ask(api, as_of="2026-10-06")["total"]["counts"]

    assert (monday["received"], monday["withdrawn"], monday["open"]) == (5, 0, 5)
    assert (tuesday["received"], tuesday["withdrawn"], tuesday["open"]) == (5, 1, 4)
    assert _ask(api, as_of="2026-10-04")["total"]["counts"]["received"] == 0


def test_desk_staff_read_the_figures_of_their_own_agency_and_below(api: Api) -> None:
    own = succeeded(api.receptionist(DISTRICT).get("/v1/figures/running", **OCTOBER))
    assert own["total"]["counts"]["received"] == 2
    answer = api.receptionist(DISTRICT).get("/v1/figures/running", agency=OTHER_DISTRICT, **OCTOBER)
    refused(answer, 403, "figures.role_refused")
    refused(api.citizen().get("/v1/figures/running", **OCTOBER), 403, "figures.role_refused")


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"from": "2026-10-06", "to": "2026-10-05"}, "period.refused"),
        ({"as_of": "2026-10-08"}, "figures.as_of_refused"),
        ({"agency": "H44.99"}, "figures.scope_refused"),
        ({"agency": DISTRICT, "level": "commune"}, "figures.scope_refused"),
        ({"procedure": "9.999999"}, "figures.scope_refused"),
        ({"field": "khong-co"}, "figures.scope_refused"),
        ({"group": "month"}, "request.invalid"),
        ({"from": "heute"}, "request.invalid"),
    ],
    ids=str,
)
def test_a_question_that_has_no_answer_is_refused(api: Api, asked: Json, code: str) -> None:
    answer = api.person("analyst", PROVINCE).get("/v1/figures/running", **OCTOBER | asked)

    refused(answer, 422, code)


def test_a_period_before_everything_has_nothing(api: Api) -> None:
    answer = _ask(api, **{"from": "2016-01-01", "to": str(date(2016, 12, 31))})

    assert set(answer["total"]["counts"].values()) == {0}
