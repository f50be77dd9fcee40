"""Who sees what: every reading operation, for everybody, equals the filter said in plain Python."""

import httpx2
import pytest

from app.domain.actor import Role
from tests.api.world import READERS, World, a_world, lists, reader, sees, sees_document
from tests.builders import Api, Person, refused, succeeded

pytestmark = pytest.mark.parametrize(("role", "who"), READERS, ids=str)


@pytest.fixture(scope="module")
def world(api: Api) -> World:
    return a_world(api)


def _is_shown(answer: httpx2.Response, code: str) -> bool:
    """Tell whether something was shown; if not, the answer is that there is no such thing."""
    if answer.is_success:
        return True
    refused(answer, 404, code)
    return False


def test_a_list_has_no_row_too_many_and_none_too_few(
    api: Api, world: World, role: Role, who: str | None
) -> None:
    person = reader(api, role, who)
    listed, answer = [], person.get("/v1/dossiers", limit=3)
    while True:
        listed += [item["code"] for item in succeeded(answer)["items"]]
        if "Link" not in answer.headers:
            break
        answer = person.get(answer.links["next"]["url"])

    assert listed == [row["code"] for row in world.dossiers if lists(world, role, who, row)]


def test_a_list_of_one_status_is_that_part_of_it(
    api: Api, world: World, role: Role, who: str | None
) -> None:
    for status in ("registered", "in_process", "returned"):
        answer = reader(api, role, who).get("/v1/dossiers", limit=100, status=status)
        assert [item["code"] for item in succeeded(answer)["items"]] == [
            row["code"]
            for row in world.dossiers
            if row["status"] == status and lists(world, role, who, row)
        ]


@pytest.mark.parametrize("part", ["", "/events", "/deadline"])
def test_a_dossier_is_shown_to_exactly_those_who_may_see_it(
    api: Api, world: World, role: Role, who: str | None, part: str
) -> None:
    person = reader(api, role, who)

    for row in world.dossiers:
        shown = _is_shown(person.get(f"/v1/dossiers/{row['code']}{part}"), "dossier.not_found")
        assert shown == sees(world, role, who, row), row["code"]


def test_what_is_shown_of_a_dossier_is_what_belongs_to_it(
    api: Api, world: World, role: Role, who: str | None
) -> None:
    person = reader(api, role, who)

    for row in world.dossiers:
        if not sees(world, role, who, row):
            continue
        seen = succeeded(person.get(f"/v1/dossiers/{row['code']}"))
        parts = [part for part in world.components if part["dossier_id"] == row["id"]]
        assert [_document(part) for part in seen["components"]] == [
            part["document_id"] and str(part["document_id"]) for part in parts
        ]
        assert {payment["reference"] for payment in seen["payments"]} == {
            payment["reference"] for payment in world.payments if payment["dossier_id"] == row["id"]
        }
        events = succeeded(person.get(f"/v1/dossiers/{row['code']}/events"))["items"]
        assert [event["seq"] for event in events] == [
            event["seq"] for event in world.events if event["dossier_id"] == row["id"]
        ]


def _document(part: dict[str, dict[str, str] | None]) -> str | None:
    document = part["document"]
    return document["id"] if document else None


def test_a_payment_is_shown_to_exactly_those_who_may_see_its_dossier(
    api: Api, world: World, role: Role, who: str | None
) -> None:
    person = reader(api, role, who)
    dossiers = {row["id"]: row for row in world.dossiers}

    assert world.payments
    for payment in world.payments:
        row = dossiers[payment["dossier_id"]]
        path = f"/v1/dossiers/{row['code']}/payments/{payment['reference']}"
        shown = _is_shown(person.get(path), "payment.not_found")
        assert shown == sees(world, role, who, row)


@pytest.mark.parametrize("part", ["", "/content"])
def test_a_document_is_shown_to_exactly_those_who_may_see_it(
    api: Api, world: World, role: Role, who: str | None, part: str
) -> None:
    person = reader(api, role, who)

    for document in world.documents:
        path = f"/v1/documents/{document['id']}{part}"
        shown = _is_shown(person.get(path), "document.not_found")
        assert shown == sees_document(world, role, who, document), document


def test_nobody_learns_of_a_dossier_by_what_refuses_them(
    api: Api, world: World, role: Role, who: str | None
) -> None:
    """An act on a dossier that one may not see is answered as one on a dossier that is none."""
    person = reader(api, role, who)
    hidden = [row["code"] for row in world.dossiers if not sees(world, role, who, row)]

    for code in [*hidden[:3], "H44.29-261005-9999"]:
        answer = person.post(f"/v1/dossiers/{code}/acceptance", version=1)
        told = refused(answer, 404, "dossier.not_found")
        assert told["detail"] == f"Không tìm thấy hồ sơ {code}."


def test_a_payment_of_a_hidden_dossier_is_not_opened(
    api: Api, world: World, role: Role, who: str | None
) -> None:
    person: Person = reader(api, role, who)
    hidden = [row["code"] for row in world.dossiers if not sees(world, role, who, row)]

    for code in hidden[:3]:
        answer = person.post(f"/v1/dossiers/{code}/payments", {})
        assert answer.status_code == (404 if role in {Role.APPLICANT, Role.RECEPTIONIST} else 403)
