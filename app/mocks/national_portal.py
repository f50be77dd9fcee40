"""National portal (Cổng Dịch vụ công quốc gia), generation A: the "mapi" behind its adapter."""

import json
import secrets
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, Router

from app.mocks.config import MockConfig
from app.mocks.exchange import is_by_fault
from app.mocks.faults import Deliver, Fault, Partner, Special
from app.mocks.fields import Table, faults_of, filled, must, text
from app.mocks.memory import Memory
from app.mocks.portal_fields import ENVELOPE, SERVICES
from app.mocks.portal_inspection import PortalInspection
from app.mocks.portal_memory import PortalMemory
from app.mocks.portal_services import ALREADY_EXISTS, FAILED, Call, PortalServices, Refused
from app.mocks.portal_session import Sessions
from app.mocks.portal_submission_memory import SubmissionMemory
from app.mocks.portal_submissions import Courier, Submissions
from app.mocks.switches import Switches
from app.mocks.wire import Json, Malformed, parse_object, read_checked, read_object

_ADAPTERS = ("VXPAdapter", "XrdAdapter")
_LOGIN: Table = {"username": must(text()), "password": must(text())}
_LOGIN_HEADERS = {"accept": "application/json", "charset": "utf-8"}
_EXISTING_KINDS = frozenset({"DongBoHoSoMC", "CapNhatTienDoHoSoMC", "DongBoTrangThaiHoSoKM"})


@dataclass(frozen=True, slots=True)
class NationalPortal:
    """The portal's mock, and the courier that must run beside it."""

    partner: Partner
    courier: Courier


def national_portal(
    config: MockConfig, memory: Memory, now: Callable[[], datetime]
) -> NationalPortal:
    """Build the portal's mock with its switches and its own kinds of faults."""
    switches = Switches(
        {
            "delay_ms": float(config.delay_ms),
            "chaos": float(config.chaos),
            "strict_procedures": config.strict_procedures,
            "any_first_status": False,
            "session_idle_s": float(config.session_idle_s),
            "success_code": "number",
        },
        {"success_code": ("number", "text", "alternating")},
    )
    known, handed_in = PortalMemory(memory), SubmissionMemory(memory)
    portal = _Portal(config, known, switches, now)
    courier = Courier(config, handed_in, now)
    submissions = Submissions(config, handed_in, known, courier, now)
    partner = Partner(
        name="national-portal",
        app=Router([*submissions.routes(), *portal.routes()]),
        services=frozenset({"login", "file", *SERVICES}),
        service_of=_service_of,
        switches=switches,
        special={
            "expired_session": Special(frozenset(SERVICES), portal.answer_after_expiry),
            "already_exists": Special(_EXISTING_KINDS, _answer_already_exists),
            "error_code": Special(frozenset({"login", *SERVICES}), _answer_error_code),
        },
    )
    return NationalPortal(partner, courier)


class _Portal:
    """The HTTP face: envelope, session and fields; what is inside goes to the services."""

    def __init__(
        self,
        config: MockConfig,
        memory: PortalMemory,
        switches: Switches,
        now: Callable[[], datetime],
    ) -> None:
        self._config = config
        self._memory = memory
        self._switches = switches
        self._now = now
        self._sessions = Sessions()
        self._services = PortalServices(memory, switches)
        self._counts: dict[str, Counter[str]] = {"accepted": Counter(), "refused": Counter()}
        self._successes = 0

    def routes(self) -> list[Route]:
        """List the partner's two endpoints and the mock's own."""
        routes = [
            Route(f"/{adapter}/RestService/forward/mapi/{path}", endpoint, methods=["POST"])
            for adapter in _ADAPTERS
            for path, endpoint in (("g", self.call), ("login", self.login))
        ]
        inspection = PortalInspection(self._memory, self._sessions, self._counts)
        return routes + inspection.routes()

    async def login(self, request: Request) -> Response:
        """Open a session for the right account."""
        try:
            self._check_destination(request)
            self._check_login_headers(request)
            body = await read_checked(request, _LOGIN)
        except Malformed as error:
            return self._refused("login", str(error))
        if not self._is_account(body):
            return self._refused("login", "Sai tên đăng nhập hoặc mật khẩu")
        self._counts["accepted"]["login"] += 1
        session = self._sessions.open(self._now())
        code = self._success_code()
        return Json({"error_code": code, "message": "Đăng nhập thành công", "session": session})

    async def call(self, request: Request) -> Response:
        """Handle one service call."""
        service = ""
        body: dict[str, Any] = {}
        try:
            self._check_destination(request)
            body = await read_object(request)
            service = self._checked_service(body)
            answer = self._services.handle(
                Call(service, body, self._now(), is_by_fault(request.scope))
            )
        except Malformed as error:
            return self._refused(service, str(error), body=body)
        except Refused as error:
            return self._refused(service, error.message, error.error_code, body=body)
        self._counts["accepted"][service] += 1
        code = self._success_code()
        return Json({"error_code": code, "message": answer.message, "result": answer.result})

    async def answer_after_expiry(self, _: Fault, deliver: Deliver) -> dict[str, Any]:
        """Fault `expired_session`: every session is lost just before the call arrives."""
        self._sessions.expire_all()
        return parse_object(await deliver())

    def _checked_service(self, body: dict[str, Any]) -> str:
        """Check session, unit, service name and fields; return the name of the service."""
        idle_s = self._switches.number("session_idle_s")
        if not self._sessions.use(body.get("session"), self._now(), idle_s):
            raise Refused("Phiên làm việc không hợp lệ hoặc đã hết hạn")
        if body.get("madonvi") != self._config.portal_unit:
            raise Refused("madonvi: mã đơn vị không đúng")
        service = body.get("service")
        if not isinstance(service, str) or service not in SERVICES:
            raise Refused(f"Dịch vụ {service} không tồn tại")
        content = {key: value for key, value in body.items() if key not in ENVELOPE}
        faults = faults_of(SERVICES[service], content, "")
        if faults:
            raise Refused("Dữ liệu không hợp lệ: " + "; ".join(faults))
        return service

    def _check_destination(self, request: Request) -> None:
        if request.query_params.get("dstcode") != self._config.portal_dstcode:
            raise Malformed("Tham số dstcode thiếu hoặc không đúng")

    def _check_login_headers(self, request: Request) -> None:
        wanted = _LOGIN_HEADERS | {"dstcode": self._config.portal_dstcode}
        for name, value in wanted.items():
            if value.lower() not in request.headers.get(name, "").lower():
                raise Malformed(f"Thiếu header {name}: {value}")

    def _is_account(self, body: dict[str, Any]) -> bool:
        known = f"{self._config.portal_username}\n{self._config.portal_password}"
        given = f"{body['username']}\n{body['password']}"
        return secrets.compare_digest(known.encode(), given.encode())

    def _success_code(self) -> int | str:
        """Return 0 or "00": the portal uses both, clients must take either."""
        self._successes += 1
        word = self._switches.word("success_code")
        is_text = word == "text" or (word == "alternating" and self._successes % 2 == 0)
        return "00" if is_text else 0

    def _refused(
        self,
        service: str,
        message: str,
        error_code: int = FAILED,
        *,
        body: dict[str, Any] | None = None,
    ) -> Json:
        name = service or filled(body or {}, "service")
        self._counts["refused"][name if name in SERVICES else service or "?"] += 1
        for code in _dossier_codes(body or {}):
            self._memory.refuse(code, name, error_code, message, self._now())
        answer: dict[str, Any] = {"error_code": error_code, "message": message}
        return Json(answer if service == "login" else answer | {"result": []})


async def _answer_already_exists(_: Fault, deliver: Deliver) -> dict[str, Any]:
    """Fault `already_exists`: the message is remembered, the answer is that of a repetition."""
    answer = parse_object(await deliver())
    if answer["error_code"] not in {0, "00"}:
        return answer
    return {"error_code": ALREADY_EXISTS, "message": "Hồ sơ đã tồn tại", "result": []}


async def _answer_error_code(fault: Fault, _: Deliver) -> dict[str, Any]:
    """Fault `error_code`: nothing is remembered, the answer is the one that was asked for."""
    return {"error_code": fault.error_code, "message": fault.message, "result": []}


def _service_of(path: str, body: bytes) -> str:
    if path.endswith("/login"):
        return "login"
    if path.startswith("/files/"):
        return "file"
    with suppress(ValueError):
        content = json.loads(body)
        if isinstance(content, dict):
            return filled(content, "service")
    return ""


def _dossier_codes(body: dict[str, Any]) -> list[str]:
    """Return the dossiers that a refused message was about, as far as it can be read."""
    data = body.get("data")
    if not isinstance(data, list):
        return []
    codes = [filled(item, "MaHoSo") for item in data if isinstance(item, dict)]
    return [code for code in dict.fromkeys(codes) if code]
