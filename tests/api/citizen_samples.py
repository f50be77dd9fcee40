"""What citizens send, beside dossiers: changes, drafts, petitions brought into any status."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier
from typing import Any
from uuid import uuid4

import httpx2
from sqlalchemy import event

from app.domain.petitions import PetitionStatus
from tests.builders import DISTRICT, Api, Json, Person, succeeded

HOSTILE = [
    "<script>alert(1)</script>",
    "'; DROP TABLE petition; --",
    "\u202eđảo ngược\u202c \u200b\u2066",
    "Ệ" + "\u0301\u0323" * 150,
    "🏛️" * 50,
    "%s %(x)s {0} {{x}} \\x00 \\u0000",
    "=HYPERLINK(1)",
]
"""Texts that are only texts: kept and given back as they are."""

UNSTORABLE = ["a\0b", "\ud800"]
"""Texts that no table can hold."""


def changed(
    person: Person, method: str, path: str, body: Json = None, *, version: int | None = None
) -> httpx2.Response:
    """Send PUT or DELETE for the version that was read."""
    headers = {} if version is None else {"If-Match": f'"{version}"'}
    parts = {} if body is None else {"json": body}
    return person.send(method, path, headers=headers, **parts)


def a_draft(person: Person, content: Json = None) -> str:
    return str(succeeded(person.post("/v1/drafts", content or {}))["id"])


def a_petition_body(**changes: Json) -> dict[str, Any]:
    return {
        "kind": "complaint",
        "agency": DISTRICT,
        "subject": "Chưa có kết quả",
        "content": "Hồ sơ của tôi đã quá hạn.",
        **changes,
    }


_WAY = {
    PetitionStatus.RECEIVED: (),
    PetitionStatus.ACCEPTED: ("acceptance",),
    PetitionStatus.SUPPLEMENT_REQUESTED: ("supplement-requests",),
    PetitionStatus.REFUSED: ("refusal",),
    PetitionStatus.ANSWERED: ("acceptance", "answer"),
    PetitionStatus.WITHDRAWN: ("withdrawal",),
}
ROLE_OF = {
    "acceptance": "receptionist",
    "refusal": "approver",
    "supplement-requests": "officer",
    "supplements": "applicant",
    "answer": "approver",
    "withdrawal": "applicant",
}
BODY_OF = {
    "acceptance": {},
    "refusal": {"reason": "Không thuộc thẩm quyền"},
    "supplement-requests": {"reason": "Cho biết mã hồ sơ"},
    "supplements": {"content": "Mã hồ sơ ở phía sau"},
    "answer": {"content": "Đã trả kết quả ngày hôm nay."},
    "withdrawal": {"reason": "Đã được giải quyết"},
}


def act_on(api: Api, code: str, act: str, *, version: int | None = None) -> httpx2.Response:
    """Let the person who does `act` do it, on the version that the petition is at."""
    at = api.row("SELECT version FROM petition WHERE code = :code", code=code)["version"]
    role, agency = ROLE_OF[act], code.split("-")[1]
    person = api.citizen() if role == "applicant" else api.person(role, agency)
    return person.post(f"/v1/petitions/{code}/{act}", BODY_OF[act], version=version or at)


def a_petition(api: Api, status: PetitionStatus = PetitionStatus.RECEIVED, **changes: Json) -> str:
    """Bring a new petition into a status by the acts that lead there, and return its code."""
    sent = api.citizen().post("/v1/petitions", a_petition_body(**changes))
    code = str(succeeded(sent)["code"])
    for act in _WAY[status]:
        succeeded(act_on(api, code, act))
    return code


def at_once(send: Callable[[int], httpx2.Response], crowd: int) -> list[httpx2.Response]:
    """Let everybody send at the same moment."""
    start = Barrier(crowd)

    def wait_and_send(n: int) -> httpx2.Response:
        start.wait()
        return send(n)

    with ThreadPoolExecutor(crowd) as pool:
        return list(pool.map(wait_and_send, range(crowd)))


@contextmanager
def statements(api: Api) -> Iterator[list[str]]:
    """List the statements that the application sends to its database meanwhile."""
    engine, sent = api.app.state.doors.desk.engine, list[str]()

    def listen(*told: Any) -> None:  # noqa: ANN401  (SQLAlchemy's own signature)
        if not told[2].startswith("NOTIFY"):  # the bell rings when it likes
            sent.append(told[2])

    event.listen(engine, "before_cursor_execute", listen)
    try:
        yield sent
    finally:
        event.remove(engine, "before_cursor_execute", listen)


def a_key() -> str:
    return str(uuid4())
