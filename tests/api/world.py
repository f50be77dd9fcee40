"""A small world of dossiers, and who may see what of it: said in plain Python over all rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.domain.actor import DESK_ROLES, Actor, Role
from app.domain.lifecycle import Act, Status
from tests.builders import (
    CITIZEN,
    DESK,
    DISTRICT,
    FULL,
    JUSTICE,
    OTHER_CITIZEN,
    OTHER_DISTRICT,
    PROVINCE,
    Api,
    Person,
    a_body,
    a_dossier,
    an_application,
    an_online_application,
    succeeded,
)

Row = Mapping[str, Any]

NOBODY = "025099000009"
READERS: list[tuple[Role, str | None]] = [
    *((Role.APPLICANT, number) for number in (CITIZEN, OTHER_CITIZEN, NOBODY, "2600000001")),
    *((Role.RECEPTIONIST, a) for a in (PROVINCE, DISTRICT, OTHER_DISTRICT, JUSTICE, "H44.29.01")),
    *((Role.OFFICER, agency) for agency in (PROVINCE, OTHER_DISTRICT, "H45")),
    *((Role.APPROVER, agency) for agency in (DISTRICT, JUSTICE)),
    *((Role.ANALYST, agency) for agency in (PROVINCE, DISTRICT)),
    (Role.ADMINISTRATOR, PROVINCE),
    (Role.PARTNER, None),
]
"""Every role, with its agency or, for applicants, with their number."""


@dataclass(frozen=True)
class World:
    """All rows as the owner of the database sees them."""

    agencies: dict[int, str]
    dossiers: Sequence[Row]
    events: Sequence[Row]
    components: Sequence[Row]
    payments: Sequence[Row]
    documents: Sequence[Row]


def a_world(api: Api) -> World:
    """Bring about dossiers of several applicants, submitters and agencies, some handed on."""
    citizen, other = api.citizen(), api.citizen(OTHER_CITIZEN)
    for status in (Status.REGISTERED, Status.IN_PROCESS, Status.WITHDRAWN):
        a_dossier(api, status)
        a_dossier(api, status, applicant=OTHER_CITIZEN)
    paid = a_dossier(api, procedure=FULL)
    succeeded(citizen.post(f"/v1/dossiers/{paid}/payments", {}))
    a_dossier(api, Status.PAYMENT_REQUESTED, procedure=FULL, applicant=OTHER_CITIZEN)
    for_other = {"kind": "citizen", "number": OTHER_CITIZEN, "name": "Lê Văn Mẫu"}
    papers = an_online_application(citizen, applicant=for_other, authorisation=citizen.upload())
    succeeded(citizen.post("/v1/dossiers", papers))
    for agency in (DISTRICT, OTHER_DISTRICT):
        desk = api.receptionist(agency)
        scan = [{"component": "GT01", "document": desk.upload()}, {"component": "GT02"}]
        body = an_application(DESK, agency=agency, components=scan, applicant=for_other)
        code = succeeded(desk.post("/v1/dossiers/intake", body))["code"]
        succeeded(desk.post(f"/v1/dossiers/{code}/payments", {}))
    _handed_on(api)
    for person in (citizen, other, api.officer(), api.approver(JUSTICE)):
        person.upload()
    return look(api)


def _handed_on(api: Api) -> None:
    for agencies in ([OTHER_DISTRICT], [JUSTICE, OTHER_DISTRICT]):
        code, at = a_dossier(api, Status.IN_PROCESS), DISTRICT
        for agency in agencies:
            api.officer(at).does(code, "handovers", {"agency": agency, "reason": "Phối hợp"})
            at = agency
    code = a_dossier(api, Status.IN_PROCESS, applicant=OTHER_CITIZEN)
    result = api.approver().upload(kind="result")
    api.approver().does(code, "resolution", {"granted": True, "documents": [result]})
    api.receptionist().does(code, "return", a_body(api, Act.RETURN_RESULT))


def look(api: Api) -> World:
    return World(
        {row["id"]: row["code"] for row in api.rows("SELECT id, code FROM agency")},
        api.rows("SELECT * FROM dossier ORDER BY received_at DESC, id DESC"),
        api.rows("SELECT * FROM dossier_event ORDER BY dossier_id, seq"),
        api.rows("SELECT * FROM dossier_component ORDER BY dossier_id, n"),
        api.rows("SELECT * FROM payment ORDER BY reference"),
        api.rows("SELECT * FROM document ORDER BY id"),
    )


def reader(api: Api, role: Role, who: str | None) -> Person:
    return api.citizen(who or "") if role is Role.APPLICANT else api.person(role, who)


def actor(role: Role, who: str | None) -> Actor:
    """Return the same reader as the application knows them after they logged in."""
    if role is Role.APPLICANT:
        return Actor(id=who or "", role=role, name="", identity_number=who)
    return Actor(id=f"{role}@{who or 'partner'}", role=role, name="", agency=who)


def sees(world: World, role: Role, who: str | None, dossier: Row) -> bool:
    """Say whether somebody may see a dossier: theirs, their hand-in, or ever at their agency."""
    if role is Role.APPLICANT:
        return who in {dossier["submitter_id"], dossier["applicant_number"]}
    if role not in DESK_ROLES:
        return False
    places = [world.agencies[agency] for agency in dossier["agency_ids"]]
    return any(_is_within(place, who) for place in places)


def lists(world: World, role: Role, who: str | None, dossier: Row) -> bool:
    """Say whether a dossier is in somebody's list: staff have there what they resolve or hold."""
    if role is Role.APPLICANT:
        return sees(world, role, who, dossier)
    places = (world.agencies[dossier["agency_id"]], world.agencies[dossier["at_agency_id"]])
    return role in DESK_ROLES and any(_is_within(place, who) for place in places)


def sees_document(world: World, role: Role, who: str | None, document: Row) -> bool:
    """Say whether somebody may see a document: theirs, or of a dossier that they may see."""
    if document["owner_id"] == actor(role, who).id:
        return True
    return any(
        dossier["id"] == document["dossier_id"] and sees(world, role, who, dossier)
        for dossier in world.dossiers
    )


def _is_within(agency: str, above: str | None) -> bool:
    return above is not None and (agency == above or agency.startswith(above + "."))
