"""What each kind of fault does to a request."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from starlette.responses import Response

from app.mocks.connection import drop, until_gone
from app.mocks.exchange import Exchange
from app.mocks.faults import Fault
from app.mocks.wire import Json

_PAGE = """<!DOCTYPE html><html lang="vi"><head><meta charset="utf-8"><title>Bảo trì</title></head>
<body><h1>Hệ thống đang bảo trì</h1><p>Xin quý khách vui lòng quay lại sau.</p></body></html>"""


async def _delay(fault: Fault, exchange: Exchange) -> None:
    response = await exchange.deliver()
    await asyncio.sleep(fault.seconds or 0)
    await exchange.answer(response)


async def _hang(fault: Fault, exchange: Exchange) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(until_gone(exchange.receive), fault.seconds)
        return
    await drop(exchange.scope, exchange.receive)


async def _http_500(_: Fault, exchange: Exchange) -> None:
    await exchange.answer(Json({"message": "Lỗi máy chủ nội bộ"}, 500))


async def _http_503(_: Fault, exchange: Exchange) -> None:
    await exchange.answer(Json({"message": "Dịch vụ tạm thời không sẵn sàng"}, 503))


async def _reset_before(_: Fault, exchange: Exchange) -> None:
    await drop(exchange.scope, exchange.receive)


async def _reset_after(_: Fault, exchange: Exchange) -> None:
    await exchange.deliver()
    await drop(exchange.scope, exchange.receive)


async def _wrong_json(_: Fault, exchange: Exchange) -> None:
    body = bytes((await exchange.deliver()).body)
    half = body[: len(body) // 2] or b"{"
    await exchange.answer(Response(half, media_type="application/json"))


async def _html_page(_: Fault, exchange: Exchange) -> None:
    await exchange.answer(Response(_PAGE, media_type="text/html"))


async def _duplicate(_: Fault, exchange: Exchange) -> None:
    await exchange.deliver()
    await exchange.answer(await exchange.deliver(by_fault=True))


async def _out_of_order(fault: Fault, exchange: Exchange) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(exchange.queue.wait(), fault.seconds)
    await exchange.answer(await exchange.deliver())


async def _quota(fault: Fault, exchange: Exchange) -> None:
    seconds = str(max(1, round(fault.seconds or 0)))
    content = {"message": "Vượt quá hạn mức gọi dịch vụ, vui lòng thử lại sau"}
    await exchange.answer(Json(content, 429, headers={"Retry-After": seconds}))


WAYS: dict[str, Callable[[Fault, Exchange], Awaitable[None]]] = {
    "delay": _delay,
    "hang": _hang,
    "http_500": _http_500,
    "http_503": _http_503,
    "reset_before": _reset_before,
    "reset_after": _reset_after,
    "wrong_json": _wrong_json,
    "html_page": _html_page,
    "duplicate": _duplicate,
    "out_of_order": _out_of_order,
    "quota": _quota,
}
