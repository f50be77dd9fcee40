"""What hangs on an agency follows its successor: claims, drafts, petitions, delegations, papers."""

from typing import Any

import pytest

from app.domain.actor import Role
from app.domain.lifecycle import Status
from app.services import moving
from tests.agencies.ministry import commune, merge
from tests.builders import (
    DISTRICT,
    PARTIAL,
    PROVINCE,
    Api,
    a_dossier,
    an_online_application,
    refused,
    succeeded,
)

NEW = "H44.60"


def reorganise(api: Api, *changes: dict[str, Any], **more: Any) -> dict[str, Any]:  # noqa: ANN401
    """Enter a change for tomorrow over HTTP, and let a worker's day pass."""
    api.clock.move(days=1)
    on = api.clock.at.date().isoformat()
    api.clock.move(days=-1)
    document = {"source": "Nghị quyết số 01/MAU", "on": on, "changes": list(changes)} | more
    keeper = api.person(Role.ADMINISTRATOR, PROVINCE)
    entered = succeeded(keeper.post("/v1/agencies/changes", document))
    api.clock.move(days=1)
    while moving.begin_due(api.app.state.doors.desk, now=api.clock()):
        pass
    while moving.move_next(api.app.state.doors.desk, now=api.clock()):
        pass
    return succeeded(keeper.get(f"/v1/agencies/changes/{entered['id']}"))


def merged(api: Api) -> dict[str, Any]:
    return reorganise(api, merge(DISTRICT, into=NEW), created=[commune(NEW, "UBND phường Mới")])


def test_a_claim_and_an_assignment_stay_with_the_person(own_api: Api) -> None:
    code = a_dossier(own_api, Status.IN_PROCESS)
    before = own_api.person(Role.OFFICER, DISTRICT, "can-bo-1")
    boss = own_api.approver()
    succeeded(boss.post(f"/v1/dossiers/{code}/assignment", {"account": "can-bo-1", "name": "Mẫu"}))
    succeeded(before.post(f"/v1/dossiers/{code}/claim"))

    merged(own_api)

    assert refused(before.get(f"/v1/dossiers/{code}"), 403, "agency.ended")["heir"] == NEW
    after = own_api.person(Role.OFFICER, NEW, "can-bo-1")
    mine = succeeded(after.get("/v1/queue", tab="mine"))["items"]
    assert [(item["code"], item["assigned_to"]) for item in mine] == [(code, "can-bo-1")]
    assert after.does(code, "payment-requests", {"amount_vnd": 1000, "reason": "x"})


def test_a_delegation_goes_on_at_the_successor(own_api: Api) -> None:
    code = a_dossier(own_api, Status.IN_PROCESS)
    away, there = (own_api.person(Role.OFFICER, DISTRICT, f"can-bo-{n}") for n in (1, 2))
    first, last = own_api.clock.at.date(), own_api.clock.at.date().replace(day=28)
    wish = {
        "to_account": "can-bo-2",
        "to_name": "Người thay",
        "first_on": str(first),
        "last_on": str(last),
        "reason": "Nghỉ phép",
    }
    given = succeeded(away.post("/v1/delegations", wish))
    boss = own_api.approver()
    succeeded(boss.post(f"/v1/dossiers/{code}/assignment", {"account": "can-bo-1", "name": "Mẫu"}))

    merged(own_api)

    there = own_api.person(Role.OFFICER, NEW, "can-bo-2")
    mine = succeeded(there.get("/v1/queue", tab="mine"))["items"]
    assert [item["code"] for item in mine] == [code]
    listed = succeeded(own_api.approver(NEW).get("/v1/delegations"))["items"]
    assert [item["id"] for item in listed] == [given["id"]]


def test_a_draft_is_handed_in_to_the_successor_and_nobody_else_is_sent_astray(
    own_api: Api,
) -> None:
    citizen = own_api.citizen()
    application = an_online_application(citizen, PARTIAL)
    draft = succeeded(citizen.post("/v1/drafts", application))
    merged(own_api)

    answer = citizen.post("/v1/dossiers", an_online_application(citizen, PARTIAL))
    [fault] = refused(answer, 422, "application.faulty")["errors"]
    assert (fault["pointer"], fault["code"]) == ("/agency", "agency.ended")
    assert f"UBND phường Mới ({NEW})" in fault["detail"]

    made = succeeded(citizen.post(f"/v1/drafts/{draft['id']}/submission", version=1))
    assert made["code"].startswith(f"{NEW}-")


def test_a_petition_is_answered_by_the_heir(own_api: Api) -> None:
    citizen = own_api.citizen()
    sent = {"kind": "complaint", "agency": DISTRICT, "subject": "Chờ lâu", "content": "Chờ ba giờ"}
    code = succeeded(citizen.post("/v1/petitions", sent))["code"]

    merged(own_api)

    desk = own_api.receptionist(NEW)
    seen = succeeded(desk.get(f"/v1/petitions/{code}"))
    assert seen["agency"]["code"] == DISTRICT
    accepted = desk.post(f"/v1/petitions/{code}/acceptance", version=seen["version"])
    assert accepted.is_success, accepted.text
    answer = own_api.approver(NEW).post(
        f"/v1/petitions/{code}/answer", {"content": "Đã khắc phục"}, version=seen["version"] + 1
    )
    assert answer.is_success, answer.text


def test_a_receipt_printed_again_is_the_one_that_was_given(own_api: Api) -> None:
    code = a_dossier(own_api, Status.ACCEPTED)
    clerk = own_api.receptionist()
    before = clerk.get(f"/v1/dossiers/{code}/receipt").content
    merged(own_api)

    again = own_api.receptionist(NEW).get(f"/v1/dossiers/{code}/receipt")

    assert again.is_success
    assert again.content == before


def test_who_is_outside_still_sees_nothing(own_api: Api) -> None:
    code = a_dossier(own_api, Status.IN_PROCESS)
    merged(own_api)

    refused(own_api.officer("H44.30").get(f"/v1/dossiers/{code}"), 404, "dossier.not_found")
    assert own_api.officer("H44").get(f"/v1/dossiers/{code}").is_success


@pytest.mark.parametrize("role", [Role.OFFICER, Role.ANALYST, Role.ADMINISTRATOR])
def test_every_role_of_an_ended_agency_is_told_who_goes_on(own_api: Api, role: Role) -> None:
    merged(own_api)

    answer = own_api.person(role, DISTRICT).get("/v1/agencies/changes")

    told = refused(answer, 403, "agency.ended")
    assert (told["agency"], told["heir"], told["heir_name"]) == (DISTRICT, NEW, "UBND phường Mới")
