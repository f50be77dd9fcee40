"""Two at one dossier: one wins, the other is told what the first did; and names made to hurt."""

import unicodedata
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from threading import Barrier

import httpx2
import pytest

from app.domain.actor import Role
from app.domain.lifecycle import Act, Status
from tests.builders import (
    DISTRICT,
    OTHER_DISTRICT,
    PATH_OF,
    PROVINCE,
    Api,
    Json,
    Person,
    a_dossier,
    an_application,
    an_online_application,
    refused,
    succeeded,
)

AWAY = {"agency": OTHER_DISTRICT, "reason": "Thuộc thẩm quyền nơi ấy"}
HEAP = "".join(chr(0x300 + n % 0x50) for n in range(300))
"""Three hundred combining characters, none of which stands for itself."""


def _both(
    api: Api, role: Role, path: str, body: Json, version: int | None
) -> list[httpx2.Response]:
    start = Barrier(2)
    clerks = [api.person(role, DISTRICT, f"{role}-{n}@{DISTRICT}") for n in (1, 2)]

    def act(clerk: Person) -> httpx2.Response:
        start.wait()
        return clerk.post(path, body, version=version)

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(act, clerks))


@pytest.mark.parametrize(
    ("role", "act", "status", "body"),
    [
        (Role.RECEPTIONIST, Act.ACCEPT, Status.REGISTERED, {}),
        (Role.OFFICER, Act.START, Status.ACCEPTED, {}),
        (Role.OFFICER, Act.PASS_ON, Status.IN_PROCESS, {}),
        (Role.APPROVER, Act.RESOLVE, Status.IN_PROCESS, {"granted": False, "reason": "Thiếu"}),
    ],
)
def test_of_two_who_do_the_same_one_wins_and_the_other_reads_what_was_done(
    api: Api, role: Role, act: Act, status: Status, body: Json
) -> None:
    code = a_dossier(api, status)
    version = api.dossier(code)["version"]

    answers = _both(api, role, f"/v1/dossiers/{code}/{PATH_OF[act]}", body, version)

    [winner] = [answer for answer in answers if answer.is_success]
    [loser] = [answer for answer in answers if not answer.is_success]
    problem = refused(loser, 412, "dossier.version_stale")
    assert problem["version"] == version + 1 == winner.json()["version"]
    assert problem["dossier_status"] == winner.json()["status"]
    [change] = problem["changes"]
    assert (change["seq"], change["act"], change["target"]) == (
        version + 1,
        act,
        winner.json()["status"],
    )
    assert (change["actor_role"], change["actor_name"]) == (role, f"Cán bộ {role}")
    assert problem["possible_acts"] == winner.json()["possible_acts"]
    assert api.traces(code)["events"] == version + 1


def test_who_comes_too_late_to_an_agency_that_handed_on_still_reads_what_was_done(
    api: Api,
) -> None:
    code = a_dossier(api, Status.IN_PROCESS)
    version = api.dossier(code)["version"]

    answers = _both(api, Role.OFFICER, f"/v1/dossiers/{code}/handovers", AWAY, version)

    assert sorted(answer.status_code for answer in answers) == [200, 412]
    [loser] = [answer for answer in answers if not answer.is_success]
    [change] = refused(loser, 412, "dossier.version_stale")["changes"]
    assert (change["act"], change["reason"]) == (Act.PASS_ON, AWAY["reason"])


def test_of_two_who_claim_one_holds_it_and_the_other_reads_who(api: Api) -> None:
    code = a_dossier(api, Status.ACCEPTED)

    answers = _both(api, Role.OFFICER, f"/v1/dossiers/{code}/claim", {}, None)

    [winner] = [answer for answer in answers if answer.is_success]
    [loser] = [answer for answer in answers if not answer.is_success]
    problem = refused(loser, 409, "dossier.claimed")
    assert problem["claimed_by"] == winner.json()["claimed_by"]
    assert api.dossier(code)["claimed_by"] == winner.json()["claimed_by"]


def test_a_bulk_act_writes_each_dossier_in_a_transaction_of_its_own(api: Api) -> None:
    codes = [a_dossier(api) for _ in range(5)]
    items = [{"code": code, "version": 1} for code in codes]

    succeeded(api.receptionist().post("/v1/queue/acceptances", {"items": items}))

    rows = api.rows(
        "SELECT status, xmin::text AS written_by FROM dossier WHERE code = ANY (:codes)",
        codes=codes,
    )
    assert {row["status"] for row in rows} == {Status.ACCEPTED}
    assert len({row["written_by"] for row in rows}) == len(codes)


def test_a_clerk_who_acts_during_a_bulk_act_is_neither_kept_waiting_nor_overruled(
    api: Api,
) -> None:
    codes = [a_dossier(api) for _ in range(12)]
    items = [{"code": code, "version": 1} for code in codes]
    start = Barrier(2)
    colleague = api.person(Role.RECEPTIONIST, DISTRICT, f"receptionist-2@{DISTRICT}")

    def accept_all() -> Json:
        start.wait()
        return succeeded(api.receptionist().post("/v1/queue/acceptances", {"items": items}))

    def refuse_last() -> httpx2.Response:
        start.wait()
        form = {"reason": "Không thuộc thẩm quyền", "legal_ground": "Điều 17"}
        return colleague.post(f"/v1/dossiers/{codes[-1]}/refusal", form, version=1)

    with ThreadPoolExecutor(2) as pool:
        bulk, one = pool.submit(accept_all), pool.submit(refuse_last)
        results, alone = bulk.result()["results"], one.result()

    assert all(result["outcome"] for result in results[:-1])
    assert (results[-1]["outcome"] is None) == alone.is_success
    lost = results[-1]["problem"] or alone.json()
    assert lost["code"] == "dossier.version_stale"
    assert len(lost["changes"]) == 1
    assert api.traces(codes[-1])["events"] == 2


def test_a_name_of_three_hundred_combining_characters_is_refused_wherever_it_is_written(
    api: Api,
) -> None:
    citizen, name = api.citizen(), f"A{HEAP}"
    form = an_online_application(citizen)
    form["applicant"]["name"] = name
    paper = an_application()
    paper["applicant"]["name"] = name
    before = api.row("SELECT count(*) AS n FROM dossier")["n"]

    for answer in (
        citizen.post("/v1/dossiers", form),
        api.receptionist().post("/v1/dossiers/intake", paper),
    ):
        [fault] = refused(answer, 422, "request.invalid")["errors"]
        assert fault["pointer"] == "/applicant/name"
    draft = succeeded(citizen.post("/v1/drafts", form))
    answer = citizen.post(f"/v1/drafts/{draft['id']}/submission", version=1)
    told = refused(answer, 422, "application.faulty")["errors"]
    assert "/applicant/name" in {fault["pointer"] for fault in told}
    assert api.row("SELECT count(*) AS n FROM dossier")["n"] == before
    refused(api.officer().get("/v1/dossiers", q=name), 422, "request.invalid")


@pytest.mark.parametrize(
    "name", [f"Đặng Thị {HEAP[:185]}", f"{HEAP[:100]} Ế{HEAP[:95]}", "Ế" * 200]
)
def test_a_name_heaped_up_to_the_limit_goes_all_the_way(own_api: Api, name: str) -> None:
    api, desk = own_api, own_api.receptionist()
    form = an_application()
    form["applicant"]["name"] = name

    code = succeeded(desk.post("/v1/dossiers/intake", form))["code"]

    assert succeeded(desk.get(f"/v1/dossiers/{code}"))["applicant"]["name"] == name
    paper = desk.get(f"/v1/dossiers/{code}/receipt")
    assert paper.content.startswith(b"%PDF")
    check = form["applicant"]["number"][-4:]
    tracked = succeeded(api.http.get(f"/v1/tracking/{code}", params={"check": check}))
    assert name not in str(tracked)
    assert succeeded(desk.get("/v1/queue", tab="agency"))["items"][0]["applicant_name"] == name
    for form_of in ("NFC", "NFD"):
        words = unicodedata.normalize(form_of, name)[:200]
        answer = desk.get("/v1/dossiers", q=words)
        assert answer.status_code in {200, 422}, answer.text
    if name.startswith("Đặng"):
        found = succeeded(desk.get("/v1/dossiers", q="thi dang"))["items"]
        assert [item["code"] for item in found] == [code]


def test_a_make_up_day_on_a_holiday_is_refused_and_moves_nothing(own_api: Api) -> None:
    api = own_api
    code = a_dossier(api, Status.ACCEPTED)
    before = api.traces(code)
    keeper = api.person(Role.ADMINISTRATOR, PROVINCE)
    holiday = date(2026, 11, 24)
    for agency in ("*", DISTRICT):
        day = {"day": holiday.isoformat(), "kind": "worked", "name": "Làm bù", "agency": agency}
        form = {"source": "Công văn", "days": [day]}
        for path in ("/v1/calendar/changes?preview=true", "/v1/calendar/changes"):
            problem = refused(keeper.post(path, form), 422, "calendar.change_faulty")
            assert problem["errors"][0]["code"] == "calendar.contradiction"
    assert api.traces(code)["dossier"] == before["dossier"]
    assert api.row("SELECT count(*) AS n FROM calendar_change")["n"] == 1
