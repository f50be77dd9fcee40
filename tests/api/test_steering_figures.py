"""The index, the supply of services and why, over HTTP."""

from decimal import Decimal

import pytest

from app.services.supply import targets
from tests.builders import (
    DESK,
    DISTRICT,
    FULL,
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


def _ask(api: Api, what: str, **asked: Given) -> Json:
    return succeeded(api.person("analyst", PROVINCE).get(f"/v1/figures/{what}", **OCTOBER | asked))


def _figure(answer: Json, figure: str) -> Json:
    return next(row for row in answer["figures"] if row["id"] == figure)


@pytest.fixture(scope="module", autouse=True)
def _three_dossiers(api: Api) -> None:
    """One at the desk, two online; the portal refused the first of these."""
    body = an_application(DESK, agency=DISTRICT, channel="desk")
    succeeded(api.receptionist(DISTRICT).post("/v1/dossiers/intake", body))
    citizen = api.citizen()
    codes = [
        succeeded(citizen.post("/v1/dossiers", an_online_application(citizen, FULL)))["code"]
        for _ in range(2)
    ]
    with api.owner.begin() as db:
        db.exec_driver_sql(
            "UPDATE delivery SET state = 'blocked', answer_code = '-7' FROM dossier"
            " WHERE dossier.id = dossier_id AND code = %s",
            (codes[0],),
        )


def test_each_figure_has_counts_a_rate_and_points_or_says_why_not(api: Api) -> None:
    whole = _ask(api, "index")["total"]

    desk = _figure(whole, "3.3b")
    assert (desk["numerator"], desk["denominator"], desk["rate_percent"]) == (1, 3, "33.33")
    assert _figure(whole, "2.1")["points"] == "20.00"
    unknown = _figure(whole, "1.1")
    assert (unknown["state"], unknown["points"]) == ("no_source", None)
    assert unknown["why_not"]
    assert sum(Decimal(group["points_full"]) for group in whole["groups"]) == 100
    for group in whole["groups"]:
        of_group = [row for row in whole["figures"] if row["group"] == group["code"]]
        full = sum(Decimal(row["points_full"]) for row in of_group)
        assert full == Decimal(group["points_full"])


def test_nothing_to_divide_by_is_no_data_and_never_nought(api: Api) -> None:
    whole = _ask(api, "index", **{"from": "2020-01-01", "to": "2020-01-31"})["total"]

    row = _figure(whole, "2.1")
    assert (row["state"], row["rate_percent"], row["points"]) == ("no_data", None, None)


def test_the_parts_of_the_index_add_up(api: Api) -> None:
    answer = _ask(api, "index", group="agency")

    for figure in ("1.4", "2.1", "3.3", "4.2", "4.5"):
        for what in ("numerator", "denominator"):
            parts = sum(_figure(row, figure)[what] for row in answer["rows"])
            assert parts == _figure(answer["total"], figure)[what]


def test_a_missing_dossier_says_why_in_a_code_and_a_sentence(api: Api) -> None:
    answer = _ask(api, "1.4/dossiers", reason="sync_blocked")

    assert {row["reason"]: row["dossiers"] for row in answer["reasons"]} == {
        "sync_blocked": 1,
        "sync_waiting": 2,
    }
    [row] = answer["dossiers"]
    assert row["sentence"] == "Chưa đồng bộ: Cổng Dịch vụ công quốc gia từ chối (mã -7)"
    assert row["procedure"] == FULL


def test_the_list_is_paged_by_links(api: Api) -> None:
    analyst = api.person("analyst", PROVINCE)
    path: str | None = "/v1/figures/1.4/dossiers"
    query: Json = {**OCTOBER, "limit": 2, "which": "denominator"}
    codes: list[str] = []
    while path:
        response = analyst.get(path, **query)
        codes += [row["code"] for row in succeeded(response)["dossiers"]]
        link = response.headers.get("link")
        path, query = (link.split(">")[0].lstrip("<") if link else None), {}
    assert len(codes) == len(set(codes)) == 3


def test_points_lost_name_the_reasons_and_mending_them_gives_them_back(api: Api) -> None:
    answer = _ask(api, "losses")
    reasons = {(loss["figure"], loss["reason"]) for loss in answer["losses"]}
    assert ("1.4", "sync_blocked") in reasons
    assert ("4.5", "no_account") in reasons

    then = _ask(api, "what-if", mend=["sync_blocked", "sync_waiting"])
    assert _figure(then["now"], "1.4")["points"] == "0.00"
    assert _figure(then["then"], "1.4")["points"] == "6.00"
    assert Decimal(then["gain"]) >= 6


def test_what_changed_since_an_earlier_day_is_told_with_its_cause(api: Api) -> None:
    api.clock.move(days=2)
    answer = _ask(api, "2.1/changes", as_of="2026-10-04")

    assert answer["then"]["denominator"] == 0
    assert answer["now"]["denominator"] == 3
    assert {row["cause"] for row in answer["changes"]} == {"recorded_since"}
    api.clock.move(days=-2)


def test_supply_stands_against_every_target_with_gap_and_pace(api: Api) -> None:
    answer = _ask(api, "supply")

    whole = answer["rows"][0]
    assert sum(whole["by_online_level"].values()) == whole["procedures"] > 0
    assert len(answer["targets"]) == len(targets())
    for row in answer["targets"]:
        for aim in row["aims"]:
            gap = max(Decimal(0), Decimal(aim["target"]) - Decimal(row["value"]))
            assert abs(Decimal(aim["gap"]) - gap) <= Decimal("0.01")
            assert (aim["pace_per_month"] is None) == (gap == 0 or aim["months_left"] == 0)
    years = {aim["year"]: aim["months_left"] for aim in answer["targets"][0]["aims"]}
    assert years == {2025: 0, 2030: 50}


@pytest.mark.parametrize(
    ("path", "asked", "code"),
    [
        ("9.9/dossiers", {}, "figures.not_defined"),
        ("3.1/dossiers", {}, "figures.not_defined"),
        ("2.1/changes", {}, "figures.as_of_refused"),
        ("2.1/changes", {"as_of": "2026-10-05"}, "figures.as_of_refused"),
        ("what-if", {}, "request.invalid"),
        ("what-if", {"mend": "luck"}, "request.invalid"),
        ("index", {"agency": "H44.99"}, "figures.scope_refused"),
    ],
)
def test_what_has_no_answer_is_refused(api: Api, path: str, asked: Json, code: str) -> None:
    answer = api.person("analyst", PROVINCE).get(f"/v1/figures/{path}", **OCTOBER | asked)

    refused(answer, 422, code)
