"""Builders of tests: applications, and dossiers in any status by the acts that lead there."""

from collections.abc import Mapping
from copy import deepcopy
from functools import cache
from typing import Any

from app.domain.actor import Role
from app.domain.lifecycle import Act, Status
from app.seeds import read_procedure_documents
from tests.people import Api, Person, a_pdf, refused, running_api, running_app, succeeded
from tests.running import (
    CITIZEN,
    DISTRICT,
    MONDAY,
    Clock,
    Given,
    Json,
    mocks,
    partners,
    served,
    settings_for,
    token,
    with_clock,
)

__all__ = [
    "AGENCY_OF",
    "CITIZEN",
    "DESK",
    "DISTRICT",
    "FORMS_ONLY",
    "FULL",
    "ID_CARD",
    "JUSTICE",
    "MONDAY",
    "OTHER_CITIZEN",
    "OTHER_DISTRICT",
    "PARTIAL",
    "PATH_OF",
    "PROVINCE",
    "Api",
    "Clock",
    "Given",
    "Json",
    "Person",
    "a_body",
    "a_dossier",
    "a_pdf",
    "an_application",
    "an_online_application",
    "mocks",
    "partners",
    "procedure",
    "refused",
    "running_api",
    "running_app",
    "served",
    "settings_for",
    "succeeded",
    "token",
    "with_clock",
]

FULL, PARTIAL, DESK, FORMS_ONLY = "2.000488", "1.004873", "1.001193", "2.000806"
"""Procedures of the sample province: toàn trình, một phần, often at the desk, not online."""

ID_CARD = "2.001177"
"""Một phần, with a result on paper only."""

JUSTICE, OTHER_DISTRICT, PROVINCE = "H44.10", "H44.30", "H44"
AGENCY_OF = {
    FULL: JUSTICE,
    PARTIAL: DISTRICT,
    DESK: DISTRICT,
    FORMS_ONLY: DISTRICT,
    ID_CARD: "H44.16",
}
OTHER_CITIZEN = "025099000002"

PATH_OF = {
    Act.ACCEPT: "acceptance",
    Act.REFUSE: "refusal",
    Act.REQUEST_SUPPLEMENT: "supplement-requests",
    Act.SUPPLEMENT: "supplements",
    Act.START: "processing",
    Act.PASS_ON: "handovers",
    Act.REQUEST_PAYMENT: "payment-requests",
    Act.SETTLE: "settlement",
    Act.EXTEND: "extension",
    Act.RESOLVE: "resolution",
    Act.STOP: "stop",
    Act.WITHDRAW: "withdrawal",
    Act.RETURN_RESULT: "return",
}
"""Every act on a dossier that exists, and where it is done."""


@cache
def procedure(code: str) -> Mapping[str, Any]:
    """Return the newest version of a procedure of the seeds."""
    known = {document["code"]: document for document in read_procedure_documents()}
    found: Mapping[str, Any] = known[code]["versions"][-1]
    return found


def an_application(code: str = PARTIAL, **changes: Json) -> dict[str, Any]:
    """Return a complete application on paper, as the desk takes it in."""
    required = [part for part in procedure(code)["components"] if part["required"]]
    return {
        "procedure": code,
        "agency": AGENCY_OF[code],
        "applicant": {"kind": "citizen", "number": CITIZEN, "name": "Trần Thị Mẫu"},
        "form": deepcopy(procedure(code)["form"]["examples"][0]),
        "components": [{"component": part["code"]} for part in required],
        "return_way": "desk",
        **changes,
    }


def an_online_application(person: Person, code: str = PARTIAL, **changes: Json) -> dict[str, Any]:
    """Return a complete application of a citizen for themselves, its papers uploaded."""
    made = an_application(code)
    made["applicant"]["number"] = person.subject
    for part in made["components"]:
        part["document"] = person.upload()
    return made | changes


def a_body(api: Api, act: Act, applicant: str = CITIZEN) -> dict[str, Any]:
    """Return what an act is asked with when nothing is wrong with it."""
    if act is Act.SUPPLEMENT:
        document = api.citizen(applicant).upload()
        return {"components": [{"component": "GT01", "document": document}]}
    return _BODIES.get(act, {})


_BODIES: dict[Act, dict[str, Any]] = {
    Act.REFUSE: {"reason": "Không thuộc thẩm quyền", "legal_ground": "Điều 17"},
    Act.REQUEST_SUPPLEMENT: {
        "components": ["GT01"],
        "reason": "Bản chụp bị mờ",
        "legal_ground": "Điều 17",
    },
    Act.REQUEST_PAYMENT: {"amount_vnd": 20_000, "reason": "Cấp thêm bản sao"},
    Act.EXTEND: {"count": 2, "unit": "working_days", "reason": "Cần xác minh"},
    Act.RESOLVE: {"granted": False, "reason": "Không đủ điều kiện"},
    Act.STOP: {"reason": "Người nộp không bổ sung", "legal_ground": "Điều 17"},
    Act.WITHDRAW: {"reason": "Không còn nhu cầu"},
    Act.RETURN_RESULT: {"way": "desk"},
}
_ACTED_BY = {
    Act.ACCEPT: Role.RECEPTIONIST,
    Act.REFUSE: Role.RECEPTIONIST,
    Act.REQUEST_SUPPLEMENT: Role.RECEPTIONIST,
    Act.START: Role.OFFICER,
    Act.REQUEST_PAYMENT: Role.OFFICER,
    Act.RESOLVE: Role.APPROVER,
    Act.STOP: Role.APPROVER,
    Act.WITHDRAW: Role.APPLICANT,
    Act.RETURN_RESULT: Role.RECEPTIONIST,
}
_WAY: dict[Status, tuple[Act, ...]] = {
    Status.REGISTERED: (),
    Status.ACCEPTED: (Act.ACCEPT,),
    Status.REFUSED: (Act.REFUSE,),
    Status.IN_PROCESS: (Act.ACCEPT, Act.START),
    Status.WITHDRAWN: (Act.WITHDRAW,),
    Status.STOPPED: (Act.ACCEPT, Act.START, Act.STOP),
    Status.RESOLVED: (Act.ACCEPT, Act.START, Act.RESOLVE),
    Status.RETURNED: (Act.ACCEPT, Act.START, Act.RESOLVE, Act.RETURN_RESULT),
}
_ASKED = {
    Status.SUPPLEMENT_REQUESTED: Act.REQUEST_SUPPLEMENT,
    Status.PAYMENT_REQUESTED: Act.REQUEST_PAYMENT,
}


def a_dossier(
    api: Api,
    status: Status = Status.REGISTERED,
    *,
    before: Status = Status.IN_PROCESS,
    procedure: str = PARTIAL,
    applicant: str = CITIZEN,
) -> str:
    """Bring a new dossier into a status by the acts that lead there, and return its code.

    `before` is where a waiting status (supplement, payment) was asked for.
    """
    citizen, agency = api.citizen(applicant), AGENCY_OF[procedure]
    made = succeeded(citizen.post("/v1/dossiers", an_online_application(citizen, procedure)))
    code = str(made["code"])
    for act in (*_WAY[before], _ASKED[status]) if status in _ASKED else _WAY[status]:
        role = _ACTED_BY[act]
        person = citizen if role is Role.APPLICANT else api.person(role, agency)
        person.does(code, PATH_OF[act], a_body(api, act))
    return code
