"""Look-ups over HTTP: asked for by staff, answered by the worker, open to the person."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.composition import desk_of, engine_of
from app.services import category_work, lookup_work
from tests.builders import (
    CITIZEN,
    DISTRICT,
    FULL,
    OTHER_CITIZEN,
    PARTIAL,
    Api,
    a_dossier,
    an_online_application,
    refused,
    succeeded,
)


@pytest.fixture(scope="module")
def worker(api: Api) -> Iterator["Worker"]:
    made = Worker(api)
    yield made
    made.desk.engine.dispose()
    made.desk.partners.close()


class Worker:
    """Does what a worker process does with look-ups."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.desk = desk_of(api.settings, engine_of(api.settings, pool_size=4))

    def work(self) -> None:
        with ThreadPoolExecutor(2) as pool:
            while category_work.refresh(self.desk, self.api.clock):
                pass
            while lookup_work.work(self.desk, self.api.clock, threads=pool, batch=4):
                pass


def test_a_new_dossier_shows_that_its_applicant_is_unchecked_and_then_the_outcome(
    api: Api, worker: Worker
) -> None:
    code = a_dossier(api)
    before = succeeded(api.receptionist().get(f"/v1/dossiers/{code}"))["applicant_check"]
    assert (before["outcome"], before["label"]) == ("unchecked", "Chưa kiểm tra")

    worker.work()

    after = succeeded(api.receptionist().get(f"/v1/dossiers/{code}"))["applicant_check"]
    assert (after["outcome"], after["label"], after["differs"]) == ("match", "Khớp", [])
    assert after["checked_at"]


def test_a_clerk_asks_waits_and_reads_and_the_person_sees_all_of_it(
    api: Api, worker: Worker
) -> None:
    code, clerk = a_dossier(api), api.receptionist()
    asked = succeeded(clerk.post(f"/v1/dossiers/{code}/lookups", {"purpose": "prefill"}))
    assert (asked["state"], asked["outcome_label"]) == ("waiting", "Chưa kiểm tra")
    worker.work()

    found = succeeded(clerk.get(f"/v1/dossiers/{code}/lookups/{asked['id']}"))

    assert found["outcome"] == "found"
    assert found["found"]["address"] == "Số 1, phố Mẫu, Phường Việt Trì, Tỉnh Phú Thọ"
    log = succeeded(api.citizen().get("/v1/me/lookups"))["items"]
    seen = [entry for entry in log if entry["dossier"] == code]
    assert seen[0]["event"] == "shown"
    assert (seen[0]["by"], seen[0]["purpose_label"]) == (
        "Cán bộ receptionist",
        "Điền sẵn biểu mẫu",
    )
    assert all(entry["agency"] for entry in seen)


def test_the_record_comes_in_pages_and_is_the_persons_alone(api: Api, worker: Worker) -> None:
    for _ in range(3):
        a_dossier(api, applicant="025099000006")
        api.clock.move(minutes=1)
    worker.work()
    other = api.citizen("025099000006")
    found, after = [], None
    while True:
        query = {"limit": 1} | ({"after": after} if after else {})
        page = succeeded(other.get("/v1/me/lookups", **query))
        found += page["items"]
        after = page["next"]
        if after is None:
            break

    assert len(found) == 3
    times = [entry["occurred_at"] for entry in found]
    assert times == sorted(times, reverse=True)
    assert succeeded(api.citizen("025099000009").get("/v1/me/lookups"))["items"] == []
    refused(api.receptionist().get("/v1/me/lookups"), 403, "dossier.role_refused")


def test_who_handed_in_for_somebody_else_does_not_see_who_looked_that_person_up(
    api: Api, worker: Worker
) -> None:
    citizen = api.citizen("025099000005")
    for_other = {"kind": "citizen", "number": OTHER_CITIZEN, "name": "Lê Văn Mẫu"}
    body = an_online_application(citizen, applicant=for_other, authorisation=citizen.upload())
    code = succeeded(citizen.post("/v1/dossiers", body))["code"]
    worker.work()

    listed = succeeded(citizen.get(f"/v1/dossiers/{code}/lookups"))["items"]
    assert [item["purpose"] for item in listed] == ["verify_applicant"]
    assert succeeded(citizen.get("/v1/me/lookups"))["items"] == []


def test_the_same_key_asks_once_and_strangers_ask_nothing(api: Api) -> None:
    code, path = a_dossier(api), "/v1/dossiers/{}/lookups"
    body = {"purpose": "reuse_result"}
    answers = [api.receptionist().post(path.format(code), body, key="k-1").json() for _ in "ab"]
    assert answers[0] == answers[1]

    refused(api.citizen().post(path.format(code), body), 403, "dossier.role_refused")
    refused(api.receptionist("H44.30").post(path.format(code), body), 404, "dossier.not_found")
    refused(api.receptionist().post(path.format(code), {"purpose": "x"}), 422, "request.invalid")
    refused(api.receptionist().get(f"/v1/dossiers/{code}/lookups/999999"), 404, "lookup.not_found")
    refused(
        api.person("administrator", "H44").post(path.format(code), body),
        403,
        "dossier.role_refused",
    )


def test_a_form_is_filled_with_what_is_known_already(api: Api, worker: Worker) -> None:
    citizen, contact = api.citizen(), {"phone": "0911111111", "address": "Số 2"}
    applicant = {"kind": "citizen", "number": CITIZEN, "name": "Trần Thị Mẫu", **contact}
    succeeded(citizen.post("/v1/dossiers", an_online_application(citizen, applicant=applicant)))
    worker.work()
    clerk_asks = {"purpose": "prefill"}
    code = a_dossier(api)
    succeeded(api.receptionist().post(f"/v1/dossiers/{code}/lookups", clerk_asks))
    worker.work()

    known = succeeded(citizen.get("/v1/me/prefill", procedure=PARTIAL))

    assert known["applicant"]["name"] == "Trần Thị Mẫu"
    assert known["applicant"]["address"].startswith("Số 1, phố Mẫu")
    assert known["sources"]["/applicant/address"] == "register"
    assert known["sources"]["/applicant/number"] == "account"

    form = succeeded(citizen.get("/v1/me/prefill", procedure=FULL))["form"]
    assert form == {"father_name": "Đinh Văn Lực", "mother_name": "Hà Thị Xuân"}

    nobody = api.citizen("025099000008")
    fresh = succeeded(nobody.get("/v1/me/prefill", procedure=PARTIAL))
    assert "address" not in fresh["applicant"]
    refused(nobody.get("/v1/me/prefill", procedure="9.999999"), 404, "lookup.procedure_unknown")
    refused(
        api.receptionist(DISTRICT).get("/v1/me/prefill", procedure=PARTIAL),
        403,
        "dossier.role_refused",
    )
