"""SMS gateway in the manner of a common aggregator: one POST per message, codes as texts.

Phones that end in 0000 do not exist. All of the contract is (derived).
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, Router

from app.mocks.config import MockConfig
from app.mocks.faults import Deliver, Fault, Partner, Special
from app.mocks.fields import Table, faults_of, must, one_of, shaped, text
from app.mocks.memory import Memory
from app.mocks.phones import Differs, Phones
from app.mocks.switches import Switches
from app.mocks.wire import Json, Malformed, read_object

_MESSAGE: Table = {
    "ApiKey": must(text()),
    "SecretKey": must(text()),
    "Phone": must(shaped(r"0\d{9}", "0900000001")),
    "Content": must(text(402)),
    "Brandname": must(text(11)),
    "IsUnicode": must(one_of("0", "1")),
    "RequestId": must(text(120)),
}
_SERVICES = frozenset({"messages"})


def sms(config: MockConfig, memory: Memory, now: Callable[[], datetime]) -> Partner:
    """Build the gateway."""
    phones = Phones("sms", memory)

    async def send(request: Request) -> Response:
        try:
            return Json(_answer(config, phones, await read_object(request), now()))
        except Malformed as error:
            return Json(_refused("99", str(error)))

    return Partner(
        name="sms",
        app=Router([Route("/messages", send, methods=["POST"]), *phones.routes()]),
        services=_SERVICES,
        service_of=lambda path, _: path.removeprefix("/"),
        switches=Switches({"delay_ms": float(config.delay_ms), "chaos": float(config.chaos)}),
        special={"error_code": Special(_SERVICES, _answer_error_code)},
    )


def _answer(
    config: MockConfig, phones: Phones, body: dict[str, Any], now: datetime
) -> dict[str, Any]:
    refused = _fault(config, body)
    if refused is not None:
        return refused
    number = body["RequestId"]
    try:
        is_new = phones.send(number, body["Phone"], "", body["Content"], now)
    except Differs:
        return _refused("122", "RequestId đã dùng cho tin khác")
    return {"CodeResult": "100" if is_new else "124", "SMSID": phones.reference(number)}


def _fault(config: MockConfig, body: dict[str, Any]) -> dict[str, Any] | None:
    if (body.get("ApiKey"), body.get("SecretKey")) != (config.sms_key, config.sms_secret):
        return _refused("101", "Sai khóa")
    faults = faults_of(_MESSAGE, body, "")
    if any(fault.startswith("Phone") for fault in faults) or body["Phone"].endswith("0000"):
        return _refused("105", "Số điện thoại không có")
    if body.get("IsUnicode") == "0" and not str(body.get("Content")).isascii():
        faults.append("Content: có dấu mà IsUnicode là 0")
    if faults:
        return _refused("118", "; ".join(faults))
    if body["Brandname"] != config.sms_brandname:
        return _refused("104", "Tên thương hiệu không có")
    return None


def _refused(code: str, message: str) -> dict[str, Any]:
    return {"CodeResult": code, "ErrorMessage": message}


async def _answer_error_code(fault: Fault, _: Deliver) -> dict[str, Any]:
    return _refused(str(fault.error_code), fault.message)
