"""The payment mock's own endpoints: its orders, and notices on demand, right or wrong."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.mocks.fields import Table, may, one_of
from app.mocks.payment_memory import OrderStatus, PaymentMemory
from app.mocks.payment_notices import NOTICE_FAULTS, SETTLING, Courier, NoticeWriter
from app.mocks.wire import Json, Malformed, page_of, read_checked, refusal

_REQUEST: Table = {"fault": may(one_of(*NOTICE_FAULTS))}


@dataclass(frozen=True, slots=True)
class PaymentInspection:
    """The endpoints that begin with an underscore; no fault ever hits them."""

    memory: PaymentMemory
    courier: Courier
    writer: NoticeWriter
    now: Callable[[], datetime]

    def routes(self) -> list[Route]:
        """List them."""
        return [
            Route("/_orders", self.orders),
            Route("/_orders/{reference:path}", self.order),
            Route("/_notices/{reference:path}", self.send, methods=["POST"]),
            Route("/_memory", self.forget, methods=["DELETE"]),
        ]

    async def order(self, request: Request) -> Response:
        """Tell what became of an order, and which notices were sent."""
        found = self.memory.order(request.path_params["reference"])
        if found is None:
            return _missing()
        return Json(self.memory.history(found))

    async def orders(self, request: Request) -> Response:
        """List the orders, by pages."""
        try:
            after, limit = page_of(request)
        except Malformed as error:
            return refusal(error)
        found = self.memory.references(after, limit)
        is_full = len(found) == limit
        return Json({"orders": found, "next": found[-1]["reference"] if is_full else None})

    async def send(self, request: Request) -> Response:
        """Send the right notice, or the wrong one that was asked for, and tell the answer."""
        reference = request.path_params["reference"]
        try:
            fault = (await read_checked(request, _REQUEST)).get("fault") or None
        except Malformed as error:
            return refusal(error)
        if fault in SETTLING:
            self.memory.settle(reference, OrderStatus.PAID, self.now())
        found = self.memory.order(reference)
        if found is None:
            return _missing()
        notices = self.writer.wrong(fault, found, self.now())
        answers = await self.courier.send_by_hand(found, fault, notices)
        sent = [
            {"notice": notice, "status": answer["status"], "body": answer["body"]}
            for notice, answer in zip(notices, answers, strict=True)
        ]
        return Json({"sent": sent})

    async def forget(self, _: Request) -> Response:
        """Forget everything."""
        self.memory.forget()
        return Response(status_code=204)


def _missing() -> Response:
    return Json({"detail": "Không tìm thấy giao dịch"}, 404)
