"""Provincial integration platform (LGSP): tokens, and the registers behind its adapter."""

import base64
import binascii
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, Router

from app.mocks.bearer import Bearers
from app.mocks.config import MockConfig
from app.mocks.exchange import is_by_fault
from app.mocks.faults import Deliver, Fault, Partner, Special
from app.mocks.fields import Table, faults_of
from app.mocks.lgsp_fields import POPULATION, STORE_FILE, STORE_LIST
from app.mocks.lgsp_inspection import LgspInspection
from app.mocks.lgsp_memory import BUSINESS, CATEGORY, LgspMemory, Question
from app.mocks.lgsp_memory import POPULATION as PEOPLE
from app.mocks.lgsp_xml import WAYS, answer_xml
from app.mocks.memory import Memory
from app.mocks.small_pdf import small_pdf
from app.mocks.switches import Switches
from app.mocks.wire import Json, Malformed, parse_object, read_object

_ADAPTERS = ("VXPAdapter", "XrdAdapter")
_FORWARD = {
    "csdldc/traCuuCongDan": "population",
    "dkdn/chiTietDoanhNghiep": "business",
    "danhmuc/layDanhMuc": "categories",
    "khokq/GetDanhSachKetQua": "store_list",
    "khokq/GetGiayToByUrl": "store_file",
}
"""What stands after `forward/` (derived), and how the switchboard calls it."""

_DESTINATION = re.compile(r"VN:GOV:[0-9A-Z.]+:[0-9a-z]+")
_SERVICES = frozenset(_FORWARD.values())
_UNAUTHORISED = 401
_INVALID = {"fault": {"code": 900901, "message": "Invalid Credentials"}}
_PDF = small_pdf("Giay to so hoa")


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()


_FILES: dict[str, Callable[[], Any]] = {
    "pdf": lambda: _base64(_PDF),
    "empty": lambda: "",
    "not_base64": lambda: "đây không phải Base64",
    "no_text": lambda: {"TepTin": [1, 2]},
    "executable": lambda: _base64(b"MZ" + bytes(64)),
    "huge": lambda: _base64(b"%PDF-1.7\n" + bytes(40 * 1024 * 1024)),
}


class _Refused(Exception):
    """The register does not take the question."""


@dataclass(frozen=True, slots=True)
class _Lgsp:
    """The HTTP face: token, destination and fields, then the register that is asked."""

    config: MockConfig
    memory: LgspMemory
    bearers: Bearers
    switches: Switches
    now: Callable[[], datetime]

    def routes(self) -> list[Route]:
        """List the platform's endpoints and the mock's own."""
        handlers: dict[str, tuple[str, Callable[[Request], Any]]] = {
            "csdldc/traCuuCongDan": ("POST", self.citizen),
            "dkdn/chiTietDoanhNghiep": ("GET", self.enterprise),
            "danhmuc/layDanhMuc": ("GET", self.category),
            "khokq/GetDanhSachKetQua": ("POST", self.results),
            "khokq/GetGiayToByUrl": ("POST", self.file),
        }
        return [
            Route("/token", self.token, methods=["POST"]),
            *(
                Route(
                    f"/{adapter}/RestService/forward/{path}",
                    self._guarded(handle),
                    methods=[method],
                )
                for adapter in _ADAPTERS
                for path, (method, handle) in handlers.items()
            ),
            *LgspInspection(self.memory, self.bearers, self.now).routes(),
        ]

    async def token(self, request: Request) -> Response:
        """Give a token for the right key and secret, in the head or in the body."""
        raw = (await request.body()).decode(errors="replace")
        body = {name: values[0] for name, values in parse_qs(raw).items()}
        if body.get("grant_type") != "client_credentials":
            return Json({"error": "unsupported_grant_type"}, 400)
        known = f"{self.config.lgsp_key}:{self.config.lgsp_secret}"
        if not secrets.compare_digest(_credentials(request, body).encode(), known.encode()):
            return Json({"error": "invalid_client"}, _UNAUTHORISED)
        life_s = self.switches.number("token_life_s")
        return Json(
            {
                "access_token": self.bearers.issue(self.now(), life_s),
                "scope": "default",
                "token_type": "Bearer",
                "expires_in": int(life_s),
            }
        )

    def _guarded(self, handle: Callable[[Request], Any]) -> Callable[[Request], Any]:
        async def endpoint(request: Request) -> Response:
            header = request.headers.get("authorization", "")
            if not self.bearers.is_valid(header, self.now()):
                return Json(_INVALID, _UNAUTHORISED)
            try:
                _check_destination(request)
                return Json(await handle(request))
            except (Malformed, _Refused) as error:
                return Json({"error_code": -1, "errorCode": -1, "message": str(error)})

        return endpoint

    async def citizen(self, request: Request) -> dict[str, Any]:
        """Answer for the population database: SOAP as a text in JSON; nobody is an empty one."""
        asked = await _checked(request, POPULATION)
        by_fault = is_by_fault(request.scope)
        if asked["MaDVC"] != self.config.lgsp_unit:
            raise _Refused("MaDVC: mã đơn vị không đúng")
        if self.memory.is_used(asked["MaYeuCau"]) and not by_fault:
            raise _Refused("MaYeuCau đã được sử dụng")
        found = self.memory.record(PEOPLE, asked["SoDinhDanh"])
        self.memory.remember(
            Question(
                "population",
                asked["SoDinhDanh"],
                found is not None,
                by_fault,
                asked["MaYeuCau"],
                asked["MaCanBo"],
            ),
            self.now(),
        )
        xml = answer_xml(found, self.switches.word("population_xml"))
        return {"error_code": 0, "message": xml}

    async def enterprise(self, request: Request) -> dict[str, Any]:
        """Answer for the business register: an unknown code is an empty list."""
        code = request.query_params.get("msdn", "")
        if not code:
            raise _Refused("msdn: bắt buộc")
        found = self.memory.record(BUSINESS, code)
        self._remember(request, "business", code, is_found=found is not None)
        return {"GetEntCert": [] if found is None else [found]}

    async def category(self, request: Request) -> dict[str, Any]:
        """Return a shared category, code by code (derived)."""
        name = request.query_params.get("ma", "")
        found = self.memory.record(CATEGORY, name)
        if found is None:
            raise _Refused(f"Không có danh mục {name}")
        self._remember(request, "categories", name, is_found=True)
        return {"error_code": 0, "message": "Thành công", "result": found["DanhSach"]}

    async def results(self, request: Request) -> dict[str, Any]:
        """GetDanhSachKetQua."""
        asked = await _checked(request, STORE_LIST)
        found = self.memory.results(asked["SoDinhDanhChuSoHuu"])
        wanted = {row["MaKetQua"] for row in asked.get("DanhSachDanhMucKetQua") or []}
        shown = [
            {key: value for key, value in row.items() if key != "SoDinhDanhChuSoHuu"}
            for row in found
            if not wanted or row["MaKetQua"] in wanted
        ]
        self._remember(request, "store_list", asked["SoDinhDanhChuSoHuu"], is_found=bool(shown))
        result = {"DanhSachGiayToKetQua": shown}
        return {"errorCode": 0, "message": "Thành công", "signature": "", "result": result}

    async def file(self, request: Request) -> dict[str, Any]:
        """GetGiayToByUrl: a small PDF in Base64, or something worse, by the switch."""
        asked = await _checked(request, STORE_FILE)
        is_known = self.memory.has_file(asked["CoQuanChuQuan"], asked["DuongDan"])
        self._remember(request, "store_file", asked["DuongDan"], is_found=is_known)
        if not is_known:
            raise _Refused("Không tìm thấy giấy tờ")
        content = _FILES[self.switches.word("store_file")]
        return {"errorCode": 0, "message": "Thành công", "result": content()}

    def _remember(self, request: Request, service: str, subject: str, *, is_found: bool) -> None:
        by_fault = is_by_fault(request.scope)
        self.memory.remember(Question(service, subject, is_found, by_fault), self.now())


def lgsp(config: MockConfig, memory: Memory, now: Callable[[], datetime]) -> Partner:
    """Build the LGSP's mock with its switches and its own kinds of faults."""
    switches = Switches(
        {
            "delay_ms": float(config.delay_ms),
            "chaos": float(config.chaos),
            "token_life_s": 3600.0,
            "population_xml": "plain",
            "store_file": "pdf",
        },
        {"population_xml": WAYS, "store_file": tuple(_FILES)},
    )
    bearers = Bearers()
    platform = _Lgsp(config, LgspMemory(memory), bearers, switches, now)

    async def expire(_: Fault, deliver: Deliver) -> dict[str, Any]:
        bearers.revoke_all()
        return parse_object(await deliver())

    return Partner(
        name="lgsp",
        app=Router(platform.routes()),
        services=_SERVICES | {"token"},
        service_of=_service_of,
        switches=switches,
        special={
            "expired_session": Special(_SERVICES, expire, _UNAUTHORISED),
            "error_code": Special(_SERVICES, _answer_error_code),
        },
    )


async def _answer_error_code(fault: Fault, _: Deliver) -> dict[str, Any]:
    """Fault `error_code`: nothing is remembered, the answer is the one that was asked for."""
    code = {"error_code": fault.error_code, "errorCode": fault.error_code}
    return code | {"message": fault.message}


def _service_of(path: str, _: bytes) -> str:
    if path == "/token":
        return "token"
    return _FORWARD.get(path.partition("/forward/")[2], "")


def _credentials(request: Request, body: dict[str, str]) -> str:
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return f"{body.get('client_id', '')}:{body.get('client_secret', '')}"
    try:
        return base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _check_destination(request: Request) -> None:
    if not _DESTINATION.fullmatch(request.query_params.get("dstcode", "")):
        raise Malformed("Tham số dstcode thiếu hoặc không đúng")


async def _checked(request: Request, table: Table) -> dict[str, Any]:
    body = await read_object(request)
    if faults := faults_of(table, body, ""):
        raise _Refused("Dữ liệu không hợp lệ: " + "; ".join(faults))
    return body
