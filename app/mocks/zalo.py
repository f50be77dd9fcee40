"""Zalo Official Account: template messages (ZNS). Phones that end in 0000 have no Zalo account.

That a repeated `tracking_id` is not sent twice, and the shape of templates, are (derived).
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, Router

from app.mocks.config import MockConfig
from app.mocks.faults import Deliver, Fault, Partner, Special
from app.mocks.fields import Table, faults_of, inner, must, shaped, text
from app.mocks.memory import Memory
from app.mocks.phones import Differs, Phones
from app.mocks.switches import Switches
from app.mocks.wire import Json, Malformed, read_object

_MESSAGE: Table = {
    "phone": must(shaped(r"84\d{9}", "84900000001")),
    "template_id": must(shaped(r"motcua_[a-z_]+", "motcua_accepted")),
    "template_data": must(inner({"content": must(text(200))})),
    "tracking_id": must(text(48)),
}
_SERVICES = frozenset({"message/template"})


def zalo(config: MockConfig, memory: Memory, now: Callable[[], datetime]) -> Partner:
    """Build the gateway."""
    phones = Phones("zalo", memory)

    async def send(request: Request) -> Response:
        try:
            token = request.headers.get("access_token", "")
            return Json(_answer(config, phones, token, await read_object(request), now()))
        except Malformed as error:
            return Json(_refused(-132, str(error)))

    return Partner(
        name="zalo",
        app=Router([Route("/message/template", send, methods=["POST"]), *phones.routes()]),
        services=_SERVICES,
        service_of=lambda path, _: path.removeprefix("/"),
        switches=Switches({"delay_ms": float(config.delay_ms), "chaos": float(config.chaos)}),
        special={"error_code": Special(_SERVICES, _answer_error_code)},
    )


def _answer(
    config: MockConfig, phones: Phones, token: str, body: dict[str, Any], now: datetime
) -> dict[str, Any]:
    if token != config.zalo_token:
        return _refused(-124, "Access token invalid")
    faults = faults_of(_MESSAGE, body, "")
    if any(fault.startswith("phone") for fault in faults):
        return _refused(-108, "Phone number is invalid")
    if faults:
        return _refused(-132, "; ".join(faults))
    if body["phone"].endswith("0000"):
        return _refused(-118, "Zalo account not existed")
    number, content = body["tracking_id"], body["template_data"]["content"]
    try:
        phones.send(number, body["phone"], body["template_id"], content, now)
    except Differs:
        return _refused(-132, "tracking_id đã dùng cho tin khác")
    data = {"msg_id": phones.reference(number), "sent_time": str(int(now.timestamp() * 1000))}
    return {"error": 0, "message": "Success", "data": data}


def _refused(code: int, message: str) -> dict[str, Any]:
    return {"error": code, "message": message}


async def _answer_error_code(fault: Fault, _: Deliver) -> dict[str, Any]:
    return {"error": fault.error_code, "message": fault.message}
