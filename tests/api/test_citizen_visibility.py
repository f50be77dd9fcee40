"""Who sees which draft, rating and petition: every reader against a filter written once more.

By the database's own role without any filter in the query, and over HTTP.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from app.db.access import acting
from app.domain.actor import DESK_ROLES, SYSTEM, Actor, Role
from app.domain.lifecycle import Status
from tests.api.citizen_samples import a_draft, a_petition_body
from tests.builders import (
    CITIZEN,
    DISTRICT,
    FULL,
    JUSTICE,
    OTHER_CITIZEN,
    OTHER_DISTRICT,
    PARTIAL,
    PROVINCE,
    Api,
    a_dossier,
    an_online_application,
    succeeded,
)

CITIZENS = (CITIZEN, OTHER_CITIZEN, "025099000051", "2600000001")
AGENCIES = (PROVINCE, DISTRICT, OTHER_DISTRICT, JUSTICE, "H45", "H4")
Row = dict[str, Any]


@dataclass(frozen=True)
class World:
    """Everything there is, as its owner sees it."""

    api: Api
    drafts: list[Row]
    ratings: list[Row]
    petitions: list[Row]


@pytest.fixture(scope="module")
def world(api: Api) -> World:
    for number in CITIZENS:
        person = api.citizen(number)
        a_draft(person, {"of": number})
        for agency in (DISTRICT, JUSTICE):
            succeeded(person.post("/v1/petitions", a_petition_body(agency=agency)))
    for number in (CITIZEN, OTHER_CITIZEN):
        for procedure in (PARTIAL, FULL):
            code = a_dossier(api, Status.REFUSED, procedure=procedure, applicant=number)
            rated = api.citizen(number).post(f"/v1/dossiers/{code}/rating", {"score": 2})
            succeeded(rated)
    _for_another(api)
    return World(
        api,
        api.rows("SELECT * FROM draft"),
        api.rows("""
            SELECT rating.*, dossier.code, dossier.submitter_id, dossier.applicant_number,
                ARRAY(SELECT agency.code FROM agency WHERE agency.id = ANY (agency_ids)) AS agencies
            FROM rating JOIN dossier ON dossier.id = dossier_id
        """),
        api.rows("""
            SELECT petition.*, agency.code AS agency FROM petition
            JOIN agency ON agency.id = agency_id
        """),
    )


def _for_another(api: Api) -> None:
    """Let somebody hand in for another; it goes to a second agency and is rated by its owner."""
    submitter = api.citizen("025099000051")
    body = an_online_application(submitter) | {"authorisation": submitter.upload()}
    body["applicant"]["number"] = CITIZEN
    code = succeeded(submitter.post("/v1/dossiers", body))["code"]
    api.receptionist().does(code, "acceptance")
    api.officer().does(code, "processing")
    handed = {"agency": OTHER_DISTRICT, "reason": "Phối hợp"}
    api.officer().does(code, "handovers", handed)
    stopped = {"reason": "Trùng", "legal_ground": "Điều 17"}
    api.approver(OTHER_DISTRICT).does(code, "stop", stopped)
    succeeded(api.citizen().post(f"/v1/dossiers/{code}/rating", {"score": 1}))


def _actors() -> list[Actor]:
    citizens = [Actor(number, Role.APPLICANT, "Mẫu", identity_number=number) for number in CITIZENS]
    # The same person with another account, one without a number, and one who claims an agency.
    citizens.append(Actor("other-account", Role.APPLICANT, "Mẫu", identity_number=CITIZEN))
    citizens.append(Actor(CITIZEN, Role.APPLICANT, "Mẫu"))
    citizens.append(Actor("nobody", Role.APPLICANT, "Mẫu", agency=PROVINCE))
    staff = [
        Actor(f"{role}@{agency}", role, "Mẫu", agency=agency)
        for role in (*sorted(DESK_ROLES), Role.ANALYST, Role.ADMINISTRATOR)
        for agency in AGENCIES
    ]
    # Staff whose account is also a citizen's sees nothing as a citizen.
    staff.append(Actor(CITIZEN, Role.ANALYST, "Mẫu", agency=PROVINCE, identity_number=CITIZEN))
    staff.append(Actor("partner", Role.PARTNER, "Mẫu"))
    return [*citizens, *staff]


def _below(code: str, agency: str | None) -> bool:
    return agency is not None and (code == agency or code.startswith(agency + "."))


def _sees_draft(actor: Actor, row: Row) -> bool:
    return actor.role is Role.APPLICANT and row["owner_id"] == actor.id


def _sees_rating(actor: Actor, row: Row) -> bool:
    if actor.role is Role.APPLICANT:
        is_theirs = row["applicant_number"] == actor.identity_number
        return bool(is_theirs or row["submitter_id"] == actor.id)
    return actor.role in DESK_ROLES and any(_below(a, actor.agency) for a in row["agencies"])


def _sees_petition(actor: Actor, row: Row) -> bool:
    if actor.role is Role.APPLICANT:
        is_theirs = row["petitioner_number"] == actor.identity_number is not None
        return bool(is_theirs or row["petitioner_id"] == actor.id)
    return actor.role in DESK_ROLES and _below(row["agency"], actor.agency)


TABLES: dict[str, tuple[str, str, Callable[[Actor, Row], bool]]] = {
    "draft": ("drafts", "n", _sees_draft),
    "rating": ("ratings", "dossier_id", _sees_rating),
    "petition": ("petitions", "id", _sees_petition),
}


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("actor", _actors(), ids=lambda a: f"{a.role}-{a.id}-{a.agency}")
def test_the_database_shows_each_row_to_those_who_may_see_it_and_nobody_else(
    world: World, actor: Actor, table: str
) -> None:
    name, key, sees = TABLES[table]
    rows: list[Row] = getattr(world, name)

    with acting(world.api.app.state.doors.desk.engine, actor) as tx:
        shown = set(tx.db.scalars(text(f"SELECT {key} FROM {table}")))
        if table == "petition":
            events = set(tx.db.scalars(text("SELECT petition_id FROM petition_event")))
            assert events == shown

    assert shown == {row[key] for row in rows if sees(actor, row)}


def test_some_see_some_and_none_see_all_but_the_system(world: World) -> None:
    """The brute force is worth something: it says yes and no."""
    for name, _, sees in TABLES.values():
        rows: list[Row] = getattr(world, name)
        seen = [sum(sees(actor, row) for row in rows) for actor in _actors()]
        assert 0 in seen
        assert any(0 < count < len(rows) for count in seen)
    with acting(world.api.app.state.doors.desk.engine, SYSTEM) as tx:
        for name, key, _ in TABLES.values():
            table = name.removesuffix("s")
            assert tx.db.scalar(text(f"SELECT count({key}) FROM {table}")) == len(
                getattr(world, name)
            )


def test_without_being_told_who_acts_nothing_is_visible(world: World) -> None:
    with world.api.app.state.doors.desk.engine.connect() as db:
        for table in (*TABLES, "petition_event"):
            assert db.scalar(text(f"SELECT count(*) FROM {table}")) == 0


FORBIDDEN = {
    "a rating is changed": "UPDATE rating SET score = 5",
    "a rating is removed": "DELETE FROM rating",
    "history is changed": "UPDATE petition_event SET words = ''",
    "history is removed": "DELETE FROM petition_event",
    "a petition is removed": "DELETE FROM petition",
    "counters are emptied": "TRUNCATE petition_day",
    "a draft is planted": """
        INSERT INTO draft (id, owner_id, content, version, created_at, changed_at)
        VALUES (gen_random_uuid(), 'somebody', '{}', 1, now(), now())""",
    "a rating is given for others": """
        INSERT INTO rating (dossier_id, version, agency_id, score, author_id, rated_on, rated_at)
        SELECT id, 9, agency_id, 5, 'somebody', current_date, now() FROM dossier LIMIT 1""",
    "a petition is sent for others": """
        INSERT INTO petition (code, kind, agency_id, subject, content, status, version,
            petitioner_id, petitioner_name, received_at, due_at, calendar_revision, supplements)
        SELECT 'PA-X', 'complaint', id, 'x', 'x', 'received', 1, 'somebody', 'x', now(), now(), 1, 0
        FROM agency WHERE code = 'H62' OR code = 'H44.30' LIMIT 1""",
}


@pytest.mark.parametrize("deed", FORBIDDEN)
@pytest.mark.parametrize("role", [Role.APPLICANT, Role.RECEPTIONIST])
def test_the_applications_own_role_cannot_do_what_nobody_may(
    world: World, deed: str, role: Role
) -> None:
    agency = DISTRICT if role is Role.RECEPTIONIST else None
    actor = Actor(CITIZEN, role, "Mẫu", agency=agency, identity_number=CITIZEN)

    with (
        pytest.raises(ProgrammingError, match=r"permission denied|row-level security"),
        acting(world.api.app.state.doors.desk.engine, actor) as tx,
    ):
        tx.db.execute(text(FORBIDDEN[deed]))


@pytest.mark.parametrize("number", CITIZENS)
def test_citizens_get_over_http_what_is_theirs(world: World, number: str) -> None:
    api, person = world.api, world.api.citizen(number)
    actor = Actor(number, Role.APPLICANT, "Mẫu", identity_number=number)

    drafts = succeeded(person.get("/v1/drafts", limit=100))["items"]
    petitions = succeeded(person.get("/v1/petitions", limit=100))["items"]

    assert {item["id"] for item in drafts} == {
        str(row["id"]) for row in world.drafts if _sees_draft(actor, row)
    }
    assert {item["code"] for item in petitions} == {
        row["code"] for row in world.petitions if _sees_petition(actor, row)
    }
    for row in world.ratings:
        found = person.get(f"/v1/dossiers/{row['code']}/rating").status_code
        assert found == (200 if _sees_rating(actor, row) else 404)
    for row in world.petitions:
        found = person.get(f"/v1/petitions/{row['code']}").status_code
        assert found == (200 if _sees_petition(actor, row) else 404)
    for row in world.drafts:
        found = api.citizen(number).get(f"/v1/drafts/{row['id']}/faults").status_code
        assert found == (200 if _sees_draft(actor, row) else 404)


@pytest.mark.parametrize("agency", [PROVINCE, DISTRICT, OTHER_DISTRICT, JUSTICE])
@pytest.mark.parametrize("role", sorted(DESK_ROLES))
def test_staff_get_over_http_what_concerns_their_agency(
    world: World, role: Role, agency: str
) -> None:
    person = world.api.person(role, agency)
    actor = Actor("x", role, "Mẫu", agency=agency)

    petitions = succeeded(person.get("/v1/petitions", limit=100))["items"]
    still_open = succeeded(person.get("/v1/petitions", limit=100, open="true"))["items"]
    received = succeeded(person.get("/v1/ratings/received", limit=100))["items"]

    concerned = {row["code"] for row in world.petitions if _sees_petition(actor, row)}
    assert {item["code"] for item in petitions} == concerned
    assert {item["code"] for item in still_open} == concerned
    assert {item["dossier"] for item in received} == {
        row["code"] for row in world.ratings if _below(row["code"].split("-")[0], agency)
    }
