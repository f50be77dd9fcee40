"""Citizens who hand in at the portal's mock, and what a worker makes of it, with a test's clock."""

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

from app.domain.actor import Role
from app.domain.inbound import InboundAct, Service
from app.services import inbound, inbound_desk, inbound_work
from app.services.errands import claim
from app.services.inbound_desk import Deed
from tests.builders import Given
from tests.services.office import Office, staff, stamp

ADMINISTRATOR = staff(Role.ADMINISTRATOR, "H44")


def handed_in(
    office: Office, service: Service = Service.DOSSIER, /, *, strict: bool = True, **changes: Given
) -> dict[str, Any]:
    """Let somebody hand in the sample with changes a minute ago; return the portal's message."""
    office.clock.move(minutes=1)
    asked = {name: changes.pop(name) for name in ("fault", "files") if name in changes}
    at = stamp(office.clock() - timedelta(minutes=1))
    body = {"service": service, "strict": strict, "message": {"NgayNopHoSo": at, **changes}}
    response = office.mocks.http.post("/national-portal/_submissions", json=body | asked)
    assert response.status_code == 201, response.text
    message: dict[str, Any] = response.json()["message"]
    return message


def receive(
    office: Office, message: Mapping[str, Any], service: Service = Service.DOSSIER
) -> tuple[int, str]:
    """Hand a message on as the portal does; return error_code and message of the answer."""
    raw = json.dumps(message, ensure_ascii=False).encode()
    said = inbound.receive(office.desk, service, raw, now=office.clock())
    return said["error_code"], said["message"]


def work(office: Office) -> int:
    """Work on what is due now."""
    worked = 0
    with ThreadPoolExecutor(2) as pool:
        while done := inbound_work.work(office.desk, office.clock, threads=pool, batch=2):
            worked += done
    return worked


def come_in(office: Office, service: Service = Service.DOSSIER, /, **changes: Given) -> str:
    """Hand in and let it become a dossier; return our code."""
    message = handed_in(office, service, **changes)
    assert receive(office, message, service)[0] == 0
    work(office)
    stands = row_of(office, message["MaHoSo"])
    assert stands["state"] == "entered", stands["faults"]
    code: str = office.one("SELECT code FROM dossier WHERE id = :id", id=stands["dossier_id"])[
        "code"
    ]
    return code


def row_of(office: Office, portal_code: str) -> dict[str, Any]:
    return office.one("SELECT * FROM inbound WHERE code = :code", code=portal_code)


def faults_of(office: Office, portal_code: str) -> list[tuple[str, str]]:
    stands = row_of(office, portal_code)
    assert stands["state"] == "quarantined", stands
    return [(fault["pointer"], fault["code"]) for fault in stands["faults"]]


def dossiers_of(office: Office, portal_code: str) -> int:
    count: int = office.one(
        "SELECT count(*) AS n FROM portal_origin WHERE code = :code", code=portal_code
    )["n"]
    return count


def fetched(office: Office, portal_code: str) -> list[int]:
    """Return how often each file of a dossier was fetched."""
    found = office.mocks.http.get(f"/national-portal/_submissions/{portal_code}").json()
    return [file["fetched"] for file in found["files"]]


def deed(office: Office, act: InboundAct = InboundAct.REPLAY, **given: Given) -> Deed:
    return Deed(act, "Đã sửa nguyên nhân", ADMINISTRATOR, office.clock(), **given)


def let_go(office: Office, portal_code: str, act: Deed) -> dict[str, Any]:
    """Replay or mend a message, and let the worker see to it."""
    done = inbound_desk.act(office.desk, row_of(office, portal_code)["id"], act)
    work(office)
    return done


def claimed(office: Office) -> Any:  # noqa: ANN401  (a row)
    """Claim the one message that is due, as a worker does before it works."""
    [row] = claim(office.desk, inbound_work.FILES, office.clock(), 1)
    return row
