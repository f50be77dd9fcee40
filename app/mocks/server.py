"""All partners' mocks as one ASGI application."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from app.mocks import (
    central_memory,
    lgsp_memory,
    mail_memory,
    payment_memory,
    phones,
    portal_memory,
    post_memory,
)
from app.mocks import hooks as hook_memory
from app.mocks.central_portal import central_portal
from app.mocks.clock import now as system_now
from app.mocks.config import MockConfig
from app.mocks.connection import Droppable
from app.mocks.faults import Switchboard
from app.mocks.gate import Gate
from app.mocks.hooks import hooks
from app.mocks.identity import identity
from app.mocks.lgsp import lgsp
from app.mocks.mail import mail
from app.mocks.memory import Memory
from app.mocks.national_portal import national_portal
from app.mocks.payment import payment
from app.mocks.post import post
from app.mocks.sms import sms
from app.mocks.wire import Json
from app.mocks.zalo import zalo

_CONTENTS = """Hệ thống mô phỏng các đối tác của Một cửa điện tử

/identity         định danh điện tử: /.well-known/openid-configuration, /jwks, POST /token
/national-portal  Cổng Dịch vụ công quốc gia, thế hệ A:
                  POST /VXPAdapter/RestService/forward/mapi/login và .../mapi/g
                  xem lại: /_dossiers, /_dossiers/{mã hồ sơ}, /_stats
                  nộp hồ sơ trên Cổng: POST /_submissions; xem lại: /_submissions/{mã hồ sơ}
/central-portal   Cổng Dịch vụ công quốc gia, thế hệ B:
                  POST /GetToken, GET /GetNextValue, POST /UploadFile, /CreateDossier,
                  /CapNhatTienTrinh, /CapNhatTrangThai; xem lại: /_dossiers, /_stats
/lgsp             nền tảng tích hợp của tỉnh: POST /token, .../RestService/forward/...
                  xem lại: /_questions; dữ liệu: PUT /_citizens/{số}, /_enterprises/{mã số}
/post             bưu chính công ích: POST /getToken, /postal/vnpost, /postal/collectvnpost,
                  /cancelOrder, GET /getOrderTracking; xem lại: /_orders
/payment          nền tảng thanh toán 1.0.6: POST /init, /query, /get-bill;
                  trang /pay/{mã tham chiếu}, biên lai /bill/{mã tham chiếu}
                  xem lại: /_orders; gửi thông báo: POST /_notices/{mã tham chiếu}
/mail             máy chủ thư SMTP: cổng xem ở /_server; xem lại: /_messages?to=
/sms              cổng tin nhắn: POST /messages; xem lại: /_messages?to=
/zalo             Zalo OA: POST /message/template; xem lại: /_messages?to=
/hooks            hệ thống khác nhận sự kiện: PUT /_endpoints/{tên}, POST /{tên};
                  xem lại: /_events/{tên}

Lỗi theo yêu cầu của mỗi đối tác: GET, POST, DELETE /{đối tác}/_faults; GET, PATCH .../_switches
"""


def create_app(config: MockConfig, *, now: Callable[[], datetime] = system_now) -> ASGIApp:
    """Build the mocks; their memory is in `config.data_dir` and outlives them.

    The notices of the payment platform and the dossiers of the portal are sent while the
    application's lifespan lasts.
    """
    modules = (lgsp_memory, mail_memory, payment_memory, phones, portal_memory, post_memory)
    schemas = (module.SCHEMA for module in (*modules, central_memory, hook_memory))
    memory = Memory(config.data_dir, *schemas)
    platform = payment(config, payment_memory.PaymentMemory(memory), now)
    letters = mail(config, memory, now)
    mail_board = Switchboard(letters.partner(), config.seed)
    portal = national_portal(config, memory, now)
    partners = [
        identity(config, now),
        platform.partner,
        portal.partner,
        *(build(config, memory, now) for build in (lgsp, central_portal, post, sms, zalo, hooks)),
    ]

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        runs = (platform.courier.run, portal.courier.run)
        errands = [asyncio.create_task(run()) for run in runs]
        try:
            async with letters.listening(mail_board):
                yield
        finally:
            for errand in errands:
                errand.cancel()
                with suppress(asyncio.CancelledError):
                    await errand
            await platform.courier.close()
            await portal.courier.close()
            memory.close()

    boards = [*(Switchboard(partner, config.seed) for partner in partners), mail_board]
    gates = [Mount(f"/{board.partner.name}", Gate(board)) for board in boards]
    routes = [Route("/", _contents), Route("/livez", _alive), *gates]
    return Droppable(Starlette(routes=routes, lifespan=lifespan))


async def _contents(_: Request) -> Response:
    return PlainTextResponse(_CONTENTS)


async def _alive(_: Request) -> Response:
    return Json({"status": "ok"})
