"""Handling time, late ones by days, officers, petitions, satisfaction and reuse, over HTTP."""

from datetime import timedelta

import pytest

from app.domain.lifecycle import Act, Status
from tests.api.citizen_samples import a_petition_body
from tests.builders import (
    DESK,
    DISTRICT,
    FULL,
    JUSTICE,
    MONDAY,
    OTHER_DISTRICT,
    PARTIAL,
    PATH_OF,
    PROVINCE,
    Api,
    Given,
    Json,
    Person,
    a_body,
    a_dossier,
    an_application,
    an_online_application,
    refused,
    succeeded,
)

OCTOBER = {"from": "2026-10-01", "to": "2026-10-31"}
OFFICER = f"officer@{DISTRICT}"


def _read(reader: Person, what: str, **asked: Given) -> Json:
    return succeeded(reader.get(f"/v1/figures/{what}", **OCTOBER | asked))


def _ask(api: Api, what: str, **asked: Given) -> Json:
    return _read(api.person("analyst", PROVINCE), what, **asked)


def _figure(api: Api, figure: str, **asked: Given) -> Json:
    figures = _ask(api, "index", **asked)["total"]["figures"]
    return next(row for row in figures if row["id"] == figure)


def _does(person: Person, code: str, act: Act) -> None:
    person.does(code, PATH_OF[act], a_body(person.api, act))


@pytest.fixture(scope="module", autouse=True)
def _two_weeks(api: Api) -> None:
    """One dossier that took 5.5 working hours of its 24, less what its applicant took; one late."""
    codes = []
    for _ in range(2):
        api.clock.at = MONDAY  # 9:00; the office is open until 11:30 and from 13:00 to 17:00
        body = an_application(PARTIAL, agency=DISTRICT)
        codes.append(succeeded(api.receptionist().post("/v1/dossiers/intake", body))["code"])
        _does(api.officer(), codes[-1], Act.START)
    quick, slow = codes
    api.clock.at = MONDAY.replace(hour=10, minute=30)
    _does(api.officer(), quick, Act.REQUEST_SUPPLEMENT)
    api.clock.at = MONDAY + timedelta(days=2)
    _does(api.citizen(), quick, Act.SUPPLEMENT)
    api.clock.at = MONDAY.replace(hour=15) + timedelta(days=2)
    _does(api.approver(), quick, Act.RESOLVE)
    api.clock.at = MONDAY + timedelta(days=11)  # due on Thursday at 9:00: six working days late
    _does(api.approver(), slow, Act.RESOLVE)


def test_mean_handling_time_is_told_in_the_unit_of_the_limit(api: Api) -> None:
    answer = _ask(api, "handling-times", group="procedure", procedure=PARTIAL)

    [row] = answer["rows"]
    assert (row["code"], row["limit"], row["unit"]) == (PARTIAL, "3 ngày làm việc", "ngày làm việc")
    # 90 and 270 minutes; and nine days of 480 minutes.
    assert (row["finished"], row["spent"], row["mean"]) == (2, 4680, "4.88")
    assert [total["spent"] for total in answer["total"]] == [4680]


def test_the_index_shows_the_mean_without_points_and_lists_its_dossiers(api: Api) -> None:
    row = _figure(api, "2.2", procedure=PARTIAL)
    assert (row["numerator"], row["denominator"]) == (4680, 2)
    assert (row["mean"], row["unit"], row["rate_percent"]) == ("4.88", "ngày làm việc", None)
    assert row["points_full"] == "0.00"

    listed = _ask(api, "2.2/dossiers", which="denominator", procedure=PARTIAL)
    assert sorted(one["spent"] for one in listed["dossiers"]) == [360, 4320]
    assert _ask(api, "2.2/dossiers")["dossiers"] == []


def test_a_holiday_entered_late_corrects_the_handling_time_and_no_due_instant(api: Api) -> None:
    keeper = api.person("administrator", PROVINCE)
    due = api.rows("SELECT due_at FROM dossier WHERE ended_at IS NOT NULL ORDER BY id")
    day = {"day": "2026-10-07", "kind": "off", "name": "Nghỉ mẫu"}
    body = {"source": "Công văn mẫu", "reason": "Nhập muộn", "days": [day]}
    succeeded(keeper.post("/v1/calendar/changes", body))
    try:
        listed = _ask(api, "2.2/dossiers", which="denominator", procedure=PARTIAL)
        assert sorted(one["spent"] for one in listed["dossiers"]) == [90, 3840]
        kept = api.rows("SELECT due_at FROM dossier WHERE ended_at IS NOT NULL ORDER BY id")
        assert kept == due
    finally:
        body["days"] = [{"day": "2026-10-07", "kind": "usual"}]
        succeeded(keeper.post("/v1/calendar/changes", body))
    assert _figure(api, "2.2", procedure=PARTIAL)["numerator"] == 4680


def test_late_dossiers_are_told_by_working_days(api: Api) -> None:
    answer = _ask(api, "late", group="agency", procedure=PARTIAL)

    assert answer["total"]["resolved"] == {"1": 0, "2-5": 0, "6-10": 1, "11+": 0}
    [row] = [row for row in answer["rows"] if row["code"] == DISTRICT]
    assert row["resolved"] == answer["total"]["resolved"]
    earlier = _ask(api, "late", to="2026-10-09", as_of="2026-10-09", procedure=PARTIAL)["total"]
    assert earlier["open"] == {"1": 0, "2-5": 1, "6-10": 0, "11+": 0}
    counts = _ask(api, "running")["total"]["counts"]
    assert sum(answer["total"]["resolved"].values()) == counts["resolved_late"]


def test_who_answers_for_the_work_reads_every_officer_others_their_own_line(api: Api) -> None:
    for reader in (api.approver(), api.person("analyst", DISTRICT)):
        rows = _read(reader, "running", group="officer")["rows"]
        [line] = [row for row in rows if row["code"] == OFFICER]
        assert (line["counts"]["resolved_late"], line["counts"]["received"] >= 2) == (1, True)
    own = _read(api.officer(), "running", group="officer")["rows"]
    assert OFFICER in {row["code"] for row in own}

    told = _read(api.receptionist(), "running", group="officer")
    assert {row["code"] for row in told["rows"]} <= {"*", "-"}
    assert sum(row["counts"]["resolved_late"] for row in told["rows"]) == 1
    assert told["total"]["counts"] == _read(api.receptionist(), "running")["total"]["counts"]


def test_forwarding_to_another_level_is_counted_apart(api: Api) -> None:
    before = _ask(api, "running")["total"]["counts"]
    code = a_dossier(api, Status.IN_PROCESS)
    for agency in (OTHER_DISTRICT, JUSTICE):
        api.officer(DISTRICT if agency == OTHER_DISTRICT else OTHER_DISTRICT).does(
            code, "handovers", {"agency": agency, "reason": "Phối hợp"}
        )

    counts = _ask(api, "running")["total"]["counts"]
    assert counts["forwarded"] - before["forwarded"] == 2
    assert counts["crossed"] - before["crossed"] == 1


def test_a_petition_answered_in_time_counts_and_one_that_waits_says_so(api: Api) -> None:
    codes = [
        succeeded(api.citizen().post("/v1/petitions", a_petition_body()))["code"] for _ in range(2)
    ]
    version = 1
    for person, path, body in (
        (api.receptionist(), "acceptance", {}),
        (api.approver(), "answer", {"content": "Đã xem xét"}),
    ):
        answer = person.post(f"/v1/petitions/{codes[0]}/{path}", body, version=version)
        version = succeeded(answer)["version"]
    period = {"from": "2026-11-01", "to": "2026-11-30"}

    row = _figure(api, "5.2", **period)
    assert (row["numerator"], row["denominator"], row["points"]) == (1, 2, "2.00")
    apart = api.person("analyst", PROVINCE).get("/v1/petitions/figures", **period)
    assert succeeded(apart)["total"]["in_time_percent"] == row["rate_percent"]
    listed = _ask(api, "5.2/dossiers", **period)
    assert [(one["code"], one["reason"]) for one in listed["dossiers"]] == [
        (codes[1], "petition_open")
    ]
    by_channel = _ask(api, "index", group="channel", **period)["rows"]
    assert [row["code"] for row in by_channel][-1] == "-"


def test_a_bad_rating_and_a_late_result_are_both_taken_off_satisfaction(api: Api) -> None:
    before = _figure(api, "5.4")
    slow = api.row("SELECT code FROM dossier WHERE resolved_at > due_at")["code"]
    said = api.citizen().post(f"/v1/dossiers/{slow}/rating", {"score": 2, "comment": "Chậm"})
    succeeded(said)

    after = _figure(api, "5.4")
    assert after["numerator"] == before["numerator"] - 1
    assert after["denominator"] == before["denominator"]
    reasons = {row["reason"]: row["dossiers"] for row in _ask(api, "5.4/dossiers")["reasons"]}
    assert reasons["late_and_displeased"] == 1
    then = _ask(api, "what-if", mend=["late_and_displeased"])
    [mended] = [row for row in then["then"]["figures"] if row["id"] == "5.4"]
    assert mended["numerator"] == after["numerator"] + 2


def test_the_same_paper_again_and_a_scan_are_reuse(api: Api) -> None:
    before = _figure(api, "4.3", procedure=FULL)["numerator"]
    citizen = api.citizen()
    for _ in range(2):
        body = an_online_application(citizen, FULL)
        for part in body["components"]:
            part["document"] = citizen.upload(b"%PDF-1.4\n% the same again\n%%EOF\n")
        succeeded(citizen.post("/v1/dossiers", body))
        api.clock.move(minutes=1)
    clerk = api.receptionist(JUSTICE)
    body = an_application(FULL)
    body["components"][0]["document"] = clerk.upload()
    succeeded(clerk.post("/v1/dossiers/intake", body))

    row = _figure(api, "4.3", procedure=FULL)
    assert row["numerator"] - before == 2
    reasons = {row["reason"] for row in _ask(api, "4.3/dossiers", procedure=FULL)["reasons"]}
    assert "nothing_reused" in reasons


def test_the_shared_store_has_no_source_until_it_gave_a_file(api: Api) -> None:
    row = _figure(api, "4.4")

    assert (row["state"], row["points"]) == ("no_source", None)
    assert "kho" in row["why_not"]
    answer = api.person("analyst", PROVINCE).get("/v1/figures/4.4/dossiers", **OCTOBER)
    refused(answer, 422, "figures.not_defined")


def test_what_a_later_release_counts_is_not_made_up_for_earlier_days(api: Api) -> None:
    with api.owner.begin() as db:
        db.exec_driver_sql("INSERT INTO figure_since VALUES ('4.3', '2026-10-10')")
    try:
        assert _figure(api, "4.3", as_of="2026-10-09")["state"] == "no_source"
        assert _figure(api, "4.3", as_of="2026-10-10")["state"] == "counted"
    finally:
        with api.owner.begin() as db:
            db.exec_driver_sql("DELETE FROM figure_since")


NEW = ("handling-times", "late")


@pytest.mark.parametrize("what", [*NEW, "running", "index", "supply", "losses", "2.2/dossiers"])
@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"from": "2026-10-06", "to": "2026-10-05"}, "period.refused"),
        ({"as_of": "2027-01-01"}, "figures.as_of_refused"),
        ({"agency": JUSTICE, "level": "district"}, "figures.scope_refused"),
    ],
    ids=str,
)
def test_a_question_without_an_answer_is_refused_everywhere(
    api: Api, what: str, asked: Json, code: str
) -> None:
    answer = api.person("analyst", PROVINCE).get(f"/v1/figures/{what}", **OCTOBER | asked)

    refused(answer, 422, code)


@pytest.mark.parametrize("what", ["index", "handling-times"])
def test_what_is_about_agencies_and_procedures_is_not_told_by_officer(api: Api, what: str) -> None:
    answer = api.person("analyst", PROVINCE).get(f"/v1/figures/{what}", group="officer", **OCTOBER)

    refused(answer, 422, "figures.scope_refused")


@pytest.mark.parametrize("what", NEW)
def test_a_period_in_which_nothing_happened_has_no_rows_with_counts(api: Api, what: str) -> None:
    answer = _ask(api, what, **{"from": "2019-01-01", "to": "2019-01-01"}, group="agency")

    if what == "late":
        assert {n for row in answer["rows"] for n in row["open"].values()} == {0}
    else:
        assert (answer["rows"], answer["total"]) == ([], [])


@pytest.mark.parametrize(("at", "day"), [("23:59:59", "2026-10-05"), ("00:00:00", "2026-10-06")])
def test_a_day_ends_at_midnight_in_vietnam(api: Api, at: str, day: str) -> None:
    """17:00 UTC is the next day here."""
    hours = {"23:59:59": 14.9999, "00:00:00": 15}[at]
    before = _ask(api, "running", **{"from": day, "to": day})["total"]["counts"]["received"]
    api.clock.at = MONDAY + timedelta(hours=hours)
    body = an_application(DESK, agency=DISTRICT, channel="desk")
    succeeded(api.receptionist().post("/v1/dossiers/intake", body))
    api.clock.at = MONDAY + timedelta(days=11)

    after = _ask(api, "running", **{"from": day, "to": day})["total"]["counts"]["received"]
    assert after - before == 1
