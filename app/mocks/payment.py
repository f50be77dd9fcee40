"""Online payment platform (nền tảng thanh toán trực tuyến), message version 1.0.6."""

import asyncio
import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, quote

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route, Router

from app.mocks.clock import stamp
from app.mocks.config import MockConfig
from app.mocks.faults import Deliver, Fault, Partner, Special
from app.mocks.fields import faults_of
from app.mocks.payment_fields import MESSAGES, faults_of_receipt
from app.mocks.payment_inspection import PaymentInspection
from app.mocks.payment_memory import Order, OrderStatus, PaymentMemory
from app.mocks.payment_notices import CODES, Courier, NoticeWriter
from app.mocks.payment_pages import STATUS_NAMES, missing_page, pay_page, receipt_pdf
from app.mocks.payment_signature import is_signed
from app.mocks.switches import Switches
from app.mocks.wire import Json, Malformed, as_text, parse_object, read_object, refusal

_BANK = "VIETCOMBANK"
_TAKEN = "Mã tham chiếu đã tồn tại với nội dung khác"
_MESSAGE_SERVICES = {"init": "INIT", "query": "QUERY", "get-bill": "GET_BILL"}
_PAGES = ("pay", "bill")
_MAY_DIFFER = {"ThoiGianGD", "Ip", "MaXacThuc"}
"""What may differ when the same INIT is sent again."""


@dataclass(frozen=True, slots=True)
class Payment:
    """The platform's mock, and the courier that must run beside it."""

    partner: Partner
    courier: Courier


def payment(config: MockConfig, memory: PaymentMemory, now: Callable[[], datetime]) -> Payment:
    """Build the platform's mock."""
    courier = Courier(config, memory, now)
    platform = _Platform(config, memory, courier, now)
    messages = frozenset(_MESSAGE_SERVICES)
    partner = Partner(
        name="payment",
        app=Router(platform.routes()),
        services=messages | set(_PAGES),
        service_of=lambda path, _: path.strip("/").partition("/")[0],
        switches=Switches({"delay_ms": float(config.delay_ms), "chaos": float(config.chaos)}),
        special={
            "already_exists": Special(frozenset({"init"}), _answer_already_exists),
            "error_code": Special(messages, _answer_error_code),
        },
    )
    return Payment(partner, courier)


class _Refused(Exception):
    """The platform does not take the message."""


class _Platform:
    """The HTTP face of the platform: three messages, the payer's pages, the receipts."""

    def __init__(
        self,
        config: MockConfig,
        memory: PaymentMemory,
        courier: Courier,
        now: Callable[[], datetime],
    ) -> None:
        self._config = config
        self._memory = memory
        self._courier = courier
        self._now = now
        self._writer = NoticeWriter(config)

    def routes(self) -> list[Route]:
        """List the platform's endpoints and the mock's own."""
        return [
            Route("/init", self._endpoint("INIT", self.init), methods=["POST"]),
            Route("/query", self._endpoint("QUERY", self.query), methods=["POST"]),
            Route("/get-bill", self._endpoint("GET_BILL", self.get_bill), methods=["POST"]),
            Route("/pay/{reference:path}", self.show, methods=["GET"]),
            Route("/pay/{reference:path}", self.pay, methods=["POST"]),
            Route("/bill/{reference:path}", self.bill, methods=["GET"]),
            *PaymentInspection(self._memory, self._courier, self._writer, self._now).routes(),
        ]

    def _endpoint(
        self, kind: str, handle: Callable[[dict[str, Any]], Any]
    ) -> Callable[[Request], Any]:
        """Wrap a message's handler in its checks and in the platform's envelope."""

        async def endpoint(request: Request) -> Response:
            try:
                message = await read_object(request)
                self._check(kind, message)
                answer = await handle(message)
            except (Malformed, _Refused) as error:
                return Json(_failure(str(error)))
            return Json({"error_code": "0", "message": as_text(answer)})

        return endpoint

    def _check(self, kind: str, message: dict[str, Any]) -> None:
        """Check a message's fields, then partner and signature."""
        faults = faults_of(MESSAGES[kind], message, "")
        if not faults and kind == "INIT":
            faults = faults_of_receipt(message)
        if faults:
            raise _Refused("Dữ liệu không hợp lệ: " + "; ".join(faults))
        if message["MaDoiTac"] != self._config.payment_partner:
            raise _Refused("Mã đối tác không đúng")
        if not is_signed(message, self._config.payment_secret, self._config.payment_signature):
            raise _Refused("Sai mã xác thực (chữ ký)")

    async def init(self, message: dict[str, Any]) -> dict[str, Any]:
        """INIT: open an order; the same order again gets the same answer."""
        reference = message["MaThamChieu"]
        order = self._memory.open(message, _BANK) or self._order(reference)
        if _content(order.init) != _content(message):
            raise _Refused(_TAKEN)
        return self._head(order) | {
            "MaLoi": "00",
            "MoTaLoi": "Khởi tạo giao dịch thành công",
            "UrlThanhToan": self._address("pay", reference),
        }

    async def query(self, message: dict[str, Any]) -> dict[str, Any]:
        """QUERY: the outcome so far, with fields and signature of a CONFIRM (derived)."""
        order = self._order(message["MaThamChieu"])
        answer = self._writer.confirm(order, order.status, order.settled_at or self._now())
        return answer | {"MoTaLoi": STATUS_NAMES[order.status]}

    async def get_bill(self, message: dict[str, Any]) -> dict[str, Any]:
        """GET_BILL: the receipt of a paid order, as a file and as an address (derived)."""
        order = self._paid(message["MaThamChieu"])
        pdf = await asyncio.to_thread(receipt_pdf, order)
        return self._head(order) | {
            "MaLoi": "00",
            "MoTaLoi": "Lấy biên lai thành công",
            "UrlBienLai": self._address("bill", order.reference),
            "BienLai": base64.b64encode(pdf).decode(),
        }

    async def show(self, request: Request) -> Response:
        """Show the pay page."""
        order = self._memory.order(request.path_params["reference"])
        if order is None:
            return HTMLResponse(missing_page(), 404)
        return HTMLResponse(pay_page(order))

    async def pay(self, request: Request) -> Response:
        """Take the payer's choice, from the page's form or as JSON, and send the notice."""
        reference = request.path_params["reference"]
        is_json = "json" in request.headers.get("content-type", "")
        try:
            status = await _outcome(request, is_json=is_json)
        except Malformed as error:
            return refusal(error)
        if self._memory.order(reference) is None:
            return HTMLResponse(missing_page(), 404)
        is_settled = self._settle(reference, status)
        order = self._order(reference)
        code = 200 if is_settled else 409
        if is_json:
            return Json({"reference": reference, "status": order.status}, code)
        return HTMLResponse(pay_page(order), code)

    async def bill(self, request: Request) -> Response:
        """Give the receipt as a file."""
        try:
            order = self._paid(request.path_params["reference"])
        except _Refused as error:
            return Json({"detail": str(error)}, 404)
        pdf = await asyncio.to_thread(receipt_pdf, order)
        return Response(pdf, media_type="application/pdf")

    def _settle(self, reference: str, status: OrderStatus) -> bool:
        """Record the outcome and its notice together; False if it was settled before."""
        now = self._now()
        with self._memory.memory.writing():
            if not self._memory.settle(reference, status, now):
                return False
            notice = self._writer.confirm(self._order(reference), status, now)
            self._memory.add_notice(reference, notice, next_at=now)
        self._courier.wake()
        return True

    def _order(self, reference: str) -> Order:
        order = self._memory.order(reference)
        if order is None:
            raise _Refused("Không tìm thấy giao dịch")
        return order

    def _paid(self, reference: str) -> Order:
        order = self._order(reference)
        if order.status is not OrderStatus.PAID:
            raise _Refused("Giao dịch chưa được thanh toán")
        return order

    def _head(self, order: Order) -> dict[str, Any]:
        return {
            "MaDoiTac": self._config.payment_partner,
            "MaThamChieu": order.reference,
            "MaGiaoDich": order.transaction,
            "ThoiGianGD": stamp(self._now()),
        }

    def _address(self, page: str, reference: str) -> str:
        return f"{self._config.public_url}/payment/{page}/{quote(reference, safe='')}"


def _content(message: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in message.items() if name not in _MAY_DIFFER}


async def _outcome(request: Request, *, is_json: bool) -> OrderStatus:
    if is_json:
        value = (await read_object(request)).get("outcome")
    else:
        form = parse_qs((await request.body()).decode(errors="replace"))
        value = form.get("outcome", [""])[0]
    possible = {status.value: status for status in OrderStatus if status is not OrderStatus.WAITING}
    if not isinstance(value, str) or value not in possible:
        raise Malformed(f"outcome phải là một trong {', '.join(possible)}")
    return possible[value]


def _failure(reason: str) -> dict[str, Any]:
    message = {"MaLoi": CODES[OrderStatus.FAILED], "MoTaLoi": reason}
    return {"error_code": "-1", "message": as_text(message)}


async def _answer_already_exists(_: Fault, deliver: Deliver) -> dict[str, Any]:
    """Fault `already_exists`: the order is opened, the answer says that its reference is taken."""
    answer = parse_object(await deliver())
    return answer if answer["error_code"] != "0" else _failure("Mã tham chiếu đã tồn tại")


async def _answer_error_code(fault: Fault, _: Deliver) -> dict[str, Any]:
    """Fault `error_code`: nothing is remembered, the answer is the one that was asked for."""
    message = {"MaLoi": str(fault.error_code), "MoTaLoi": fault.message}
    return {"error_code": str(fault.error_code), "message": as_text(message)}
