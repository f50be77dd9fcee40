"""Who plays in the model's province, what they hand in, and what they ask for with each act."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any, NamedTuple
from uuid import uuid4

from tests.builders import CITIZEN, DISTRICT, JUSTICE, OTHER_CITIZEN, PROVINCE, Api, Person
from tests.builders import procedure as newest
from tests.journeys.model_desk import Dossier, Who

SATURDAY, HEALTH, SCHOOLS, NOWHERE = "H44.31", "H44.02", "H44.07", "H44.98"
"""The first keeps hours of its own, Saturday mornings too; the last does not exist."""

AGENCIES = [DISTRICT, SATURDAY, JUSTICE, HEALTH, SCHOOLS, PROVINCE]
ROLES = ["receptionist", "officer", "approver"]
STAFF = [Who(role, agency, f"{role}@{agency}") for agency in AGENCIES for role in ROLES]
STAFF += [Who(role, DISTRICT, f"{role}-2@{DISTRICT}") for role in ROLES]
CITIZENS = [Who("applicant", None, number) for number in (CITIZEN, OTHER_CITIZEN, "025099000009")]
STRANGERS = [
    Who("analyst", PROVINCE, f"analyst@{PROVINCE}"),
    Who("administrator", PROVINCE, f"administrator@{PROVINCE}"),
]
EVERYBODY = STAFF + CITIZENS + STRANGERS


class Place(NamedTuple):
    """A procedure at an agency that resolves it."""

    procedure: str
    agency: str


PLACES = [
    *(Place("1.004873", agency) for agency in (DISTRICT, DISTRICT, SATURDAY)),  # 3 working days
    Place("2.000488", JUSTICE),  # 10 working days, an officer's step more
    Place("1.003709", HEALTH),  # 30 days of the year
    Place("1.005092", SCHOOLS),  # 8 working hours
    Place("2.002038", JUSTICE),  # 4 months, not online
]


def person(api: Api, who: Who) -> Person:
    if who.role == "applicant":
        return api.citizen(who.account)
    is_first = who.account == f"{who.role}@{who.agency}"
    return api.person(who.role, who.agency, None if is_first else who.account)


def application(place: Place, applicant: str) -> dict[str, Any]:
    """Return a complete application on paper."""
    version = newest(place.procedure)
    parts = [part["code"] for part in version["components"] if part["required"]]
    return {
        "procedure": place.procedure,
        "agency": place.agency,
        "applicant": {"kind": "citizen", "number": applicant, "name": "Trần Thị Mẫu"},
        "form": deepcopy(version["form"]["examples"][0]),
        "components": [{"component": part} for part in parts],
        "return_way": "desk",
    }


def online_application(
    api: Api, place: Place, who: Who, applicant: str, *, wants_file: bool
) -> dict[str, Any]:
    """Return a complete application with its papers uploaded, for oneself or somebody else."""
    made = application(place, applicant)
    for part in made["components"]:
        part["document"] = person(api, who).upload()
    if applicant != who.account:
        made["authorisation"] = person(api, who).upload()
    if wants_file and newest(place.procedure)["result"]["electronic"]:
        made["return_way"] = "online"
    return made


PATHS = {
    "accept": "acceptance",
    "refuse": "refusal",
    "request_supplement": "supplement-requests",
    "supplement": "supplements",
    "start": "processing",
    "pass_on": "handovers",
    "request_payment": "payment-requests",
    "settle": "settlement",
    "extend": "extension",
    "resolve": "resolution",
    "stop": "stop",
    "withdraw": "withdrawal",
    "return_result": "return",
}
_PLAIN: Mapping[str, Mapping[str, Any]] = {
    "refuse": {"reason": "Không thuộc thẩm quyền", "legal_ground": "Điều 17"},
    "request_payment": {"amount_vnd": 20_000, "reason": "Cấp thêm bản sao"},
    "stop": {"reason": "Không đủ căn cứ giải quyết", "legal_ground": "Điều 17"},
    "withdraw": {"reason": "Không còn nhu cầu"},
    "return_result": {"way": "desk"},
}
_ASKED = (
    {"components": ["GT01"], "reason": "Bản chụp bị mờ"},
    {"components": ["GT01", "GT02"], "reason": "Thiếu chữ ký", "legal_ground": "Điều 17"},
    {"components": ["GT02"], "reason": "Bản chụp bị mờ"},
    {"components": ["GT01", "XX99"], "reason": "Không có thành phần này", "legal_ground": "Luật"},
)
_EXTENDED = (
    {"count": 2, "unit": "working_days", "reason": "Cần xác minh"},
    {"count": 5, "unit": "calendar_days", "reason": "Cần xác minh"},
    {"count": 3, "unit": "working_hours", "reason": "Cần xác minh"},
    {"count": 1, "unit": "months", "reason": "Cần xác minh"},
)


def body_of(api: Api, dossier: Dossier, who: Who, act: str, twist: int) -> Mapping[str, Any]:
    """Return what an act is asked with; some twists are not what the law allows."""
    if act == "request_supplement":
        return _ASKED[twist % 4]
    if act == "extend":
        return _EXTENDED[twist % 4]
    if act == "supplement":
        return {"components": _papers(api, dossier, who, twist)}
    if act == "pass_on":
        return _handover(dossier, twist)
    if act == "resolve":
        return _resolution(api, who, twist)
    return _PLAIN.get(act, {})


def _papers(api: Api, dossier: Dossier, who: Who, twist: int) -> list[dict[str, str]]:
    asked = dossier.asked or ("GT01",)
    if twist % 4 == 3:  # not what was asked for
        asked = ("GT02",) if asked == ("GT01",) else ("GT01",)
    is_applicant = who.role == "applicant"
    return [
        {
            "component": code,
            "document": person(api, who).upload() if is_applicant else str(uuid4()),
        }
        for code in asked
    ]


def _handover(dossier: Dossier, twist: int) -> dict[str, str]:
    others = [agency for agency in AGENCIES if agency != dossier.at]
    to_other = {"agency": others[twist // 5 % len(others)], "reason": "Thuộc thẩm quyền nơi ấy"}
    return (
        {},
        to_other,
        to_other,
        {"agency": to_other["agency"]},
        {"agency": NOWHERE if twist // 5 % 2 else dossier.at, "reason": "Nhầm nơi"},
    )[twist % 5]


def _resolution(api: Api, who: Who, twist: int) -> dict[str, Any]:
    if twist % 4 > 1:
        return {"granted": twist % 4 == 2, "documents": []}
    if twist % 4 == 1:
        return {"granted": False, "reason": "Không đủ điều kiện"}
    is_approver = who.role == "approver"
    document = person(api, who).upload(kind="result") if is_approver else str(uuid4())
    return {"granted": True, "documents": [document]}
