"""Public post (bưu chính công ích, BCCI): collecting papers, sending results, tracking."""

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, Router

from app.mocks.bearer import Bearers
from app.mocks.config import MockConfig
from app.mocks.exchange import is_by_fault
from app.mocks.faults import Deliver, Fault, Partner, Special
from app.mocks.fields import Table, faults_of, is_digits
from app.mocks.memory import Memory
from app.mocks.post_fields import CANCEL, ORDER, TOKEN, TRACK
from app.mocks.post_memory import CANCELLED, PLACED, PostMemory
from app.mocks.switches import Switches
from app.mocks.wire import (
    Json,
    Malformed,
    page_of,
    parse_object,
    read_checked,
    read_object,
    refusal,
)

_ORDERS = {"/postal/vnpost": "return", "/postal/collectvnpost": "collect"}
_PATHS = {
    "/getToken": "token",
    "/postal/vnpost": "vnpost",
    "/postal/collectvnpost": "collectvnpost",
    "/cancelOrder": "cancel",
    "/getOrderTracking": "tracking",
}
_CALLS = frozenset(_PATHS.values()) - {"token"}
_UNAUTHORISED = 401
_OK, _EXISTS, _FAILED = "100", "101", "99"
_TAKEN = {"Status": _EXISTS, "Message": "Số đơn đã tồn tại"}
_LARGEST_PAGE = 1000

Answer = dict[str, Any]


class _Refused(Exception):
    """The post does not take the message."""


@dataclass(frozen=True, slots=True)
class _Post:
    """The HTTP face: token and fields; then orders and tracks."""

    config: MockConfig
    memory: PostMemory
    bearers: Bearers
    switches: Switches
    now: Callable[[], datetime]

    def routes(self) -> list[Route]:
        """List the post's endpoints and the mock's own."""
        return [
            Route("/getToken", self.token, methods=["POST"]),
            *(Route(path, self._guarded(self.place), methods=["POST"]) for path in _ORDERS),
            Route("/cancelOrder", self._guarded(self.cancel), methods=["POST"]),
            Route("/getOrderTracking", self._guarded(self.tracking), methods=["GET"]),
            Route("/_orders", self.orders),
            Route("/_orders/{number}", self.order),
            Route("/_orders/{number}/tracks", self.move, methods=["POST"]),
            Route("/_tokens", self.revoke, methods=["DELETE"]),
            Route("/_memory", self.forget, methods=["DELETE"]),
        ]

    async def token(self, request: Request) -> Response:
        """Give a token for the customer's two keys."""
        try:
            body = await _checked(request, TOKEN)
        except (Malformed, _Refused) as error:
            return Json(_failure(str(error)))
        known = f"{self.config.post_customer_key}\n{self.config.post_secret_key}"
        given = f"{body['customerKey']}\n{body['secretKey']}"
        if not secrets.compare_digest(known.encode(), given.encode()):
            return Json(_failure("Sai khóa khách hàng"))
        life_s = self.switches.number("token_life_s")
        issued = {"Token": self.bearers.issue(self.now(), life_s), "ExpiresIn": int(life_s)}
        return Json({"Status": _OK, "Message": "Thành công", **issued})

    def _guarded(
        self, handle: Callable[[Request], Awaitable[Answer]]
    ) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            header = request.headers.get("authorization", "")
            if not self.bearers.is_valid(header, self.now()):
                return Json({"Message": "Token không hợp lệ hoặc đã hết hạn"}, _UNAUTHORISED)
            try:
                return Json(await handle(request))
            except (Malformed, _Refused) as error:
                return Json(_failure(str(error)))

        return endpoint

    async def place(self, request: Request) -> Answer:
        """Take an order to send a result (vnpost) or to collect papers (collectvnpost)."""
        body = await _checked(request, ORDER)
        self._check_customer(body)
        kind = _ORDERS[request.url.path.removeprefix(request.scope.get("root_path", ""))]
        made = self.memory.place(kind, body, self.now(), by_fault=is_by_fault(request.scope))
        if made is None:
            return dict(_TAKEN)
        return {"Status": _OK, "Message": "Thành công", "ItemCode": made.item_code}

    async def cancel(self, request: Request) -> Answer:
        """Cancel an order that nobody has fetched yet; a cancelled one stays so."""
        body = await _checked(request, CANCEL)
        self._check_customer(body)
        known = self.memory.order(body["OrderNumber"])
        if known is None:
            raise _Refused("Không tìm thấy đơn")
        if known.status not in {PLACED, CANCELLED}:
            raise _Refused("Bưu gửi đã được thu gom, không hủy được")
        if known.status == PLACED:
            self.memory.track(known.number, CANCELLED, "Khách hàng hủy", self.now())
        return {"Status": _OK, "Message": "Hủy đơn thành công"}

    async def tracking(self, request: Request) -> Answer:
        """Tell where parcels were after `lastId`, of one order or of all."""
        query = request.query_params
        size, last = query.get("pageSize", ""), query.get("lastId", "")
        if not (is_digits(size) and 1 <= int(size) <= _LARGEST_PAGE):
            raise _Refused(f"pageSize: phải từ 1 đến {_LARGEST_PAGE}")
        if not is_digits(last):
            raise _Refused("lastId: phải là số")
        if query.get("govAgencyCode") != self.config.post_agency:
            raise _Refused("govAgencyCode: mã cơ quan không đúng")
        rows = self.memory.tracks(int(last), int(size), query.get("orderNumber"))
        return {"Status": _OK, "Message": "Thành công", "Data": rows}

    def _check_customer(self, body: Answer) -> None:
        if body["CustomerCode"] != self.config.post_customer_code:
            raise _Refused("CustomerCode: mã khách hàng không đúng")

    async def orders(self, request: Request) -> Response:
        """List the orders, by pages."""
        try:
            after, limit = page_of(request)
        except Malformed as error:
            return refusal(error)
        found = self.memory.orders(after, limit)
        is_full = len(found) == limit
        return Json({"orders": found, "next": found[-1]["number"] if is_full else None})

    async def order(self, request: Request) -> Response:
        """Tell an order with all its tracks; `placed` counts how often the client ordered it."""
        number = request.path_params["number"]
        found = self.memory.order(number)
        if found is None:
            return _missing()
        return Json(asdict(found) | {"tracks": self.memory.tracks(0, _LARGEST_PAGE, number)})

    async def move(self, request: Request) -> Response:
        """Move a parcel on: 2 fetched, 3 delivered, 4 cancelled, or any other code."""
        number = request.path_params["number"]
        try:
            body = await read_checked(request, TRACK)
        except Malformed as error:
            return refusal(error)
        if self.memory.order(number) is None:
            return _missing()
        self.memory.track(number, body["StatusCode"], body.get("Note") or "", self.now())
        return Response(status_code=204)

    async def revoke(self, _: Request) -> Response:
        """End every token before its time."""
        return Json({"revoked": self.bearers.revoke_all()})

    async def forget(self, _: Request) -> Response:
        """Forget everything."""
        self.memory.forget()
        self.bearers.revoke_all()
        return Response(status_code=204)


def post(config: MockConfig, memory: Memory, now: Callable[[], datetime]) -> Partner:
    """Build the post's mock with its switches and its own kinds of faults."""
    switches = Switches(
        {
            "delay_ms": float(config.delay_ms),
            "chaos": float(config.chaos),
            "token_life_s": 3600.0,
        }
    )
    bearers = Bearers()
    office = _Post(config, PostMemory(memory), bearers, switches, now)

    async def expire(_: Fault, deliver: Deliver) -> Answer:
        bearers.revoke_all()
        return parse_object(await deliver())

    return Partner(
        name="post",
        app=Router(office.routes()),
        services=frozenset(_PATHS.values()),
        service_of=lambda path, _: _PATHS.get(path, ""),
        switches=switches,
        special={
            "expired_session": Special(_CALLS, expire, _UNAUTHORISED),
            "already_exists": Special(frozenset({"vnpost", "collectvnpost"}), _answer_exists),
            "error_code": Special(_CALLS, _answer_error_code),
        },
    )


async def _answer_exists(_: Fault, deliver: Deliver) -> Answer:
    """Fault `already_exists`: the order is remembered, the answer is that of a repetition."""
    answer = parse_object(await deliver())
    return dict(_TAKEN) if answer.get("Status") == _OK else answer


async def _answer_error_code(fault: Fault, _: Deliver) -> Answer:
    """Fault `error_code`: nothing is remembered, the answer is the one that was asked for."""
    return {"Status": str(fault.error_code), "Message": fault.message}


def _failure(message: str) -> Answer:
    return {"Status": _FAILED, "Message": message}


async def _checked(request: Request, table: Table) -> Answer:
    body = await read_object(request)
    if faults := faults_of(table, body, ""):
        raise _Refused("Dữ liệu không hợp lệ: " + "; ".join(faults))
    return body


def _missing() -> Response:
    return Json({"detail": "Không tìm thấy đơn"}, 404)
