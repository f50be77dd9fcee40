"""Central national portal (Cổng DVCQG), generation B: tokens, numbers, files, dossiers.

The contract has names and fields; the paths are the names. What a repetition is answered is
(derived): a dossier that is there is answered 3 with its ids, a status or a row of progress told
again is taken and kept once.
"""

import json
import secrets
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, Router

from app.mocks.central_fields import DOSSIER, PROGRESS, STATUS, TOKEN, faults_of_results
from app.mocks.central_inspection import CentralInspection
from app.mocks.central_memory import CentralMemory
from app.mocks.config import MockConfig
from app.mocks.exchange import is_by_fault
from app.mocks.faults import Deliver, Fault, Partner, Special
from app.mocks.fields import Table, faults_of, rows
from app.mocks.memory import Memory
from app.mocks.multipart import Part, parts_of
from app.mocks.portal_rules import faults_of_step
from app.mocks.switches import Switches
from app.mocks.wire import Json, Malformed, read_checked

DONE, EXISTS, FAILED = "00", "3", "-1"
_MESSAGES = ("CreateDossier", "CapNhatTienTrinh", "CapNhatTrangThai")
SERVICES = frozenset({"GetToken", "GetNextValue", "UploadFile", *_MESSAGES})


class _Refused(Exception):
    def __init__(self, message: str, status: int = 400, code: str = FAILED) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.code = code


def central_portal(config: MockConfig, memory: Memory, now: Callable[[], datetime]) -> Partner:
    """Build the portal's mock with its switches and its own kinds of faults."""
    switches = Switches(
        {
            "delay_ms": float(config.delay_ms),
            "chaos": float(config.chaos),
            "token_lifetime_s": float(config.token_lifetime_s),
        }
    )
    portal = _Portal(config, CentralMemory(memory), switches, now)
    guarded = SERVICES - {"GetToken"}
    return Partner(
        name="central-portal",
        app=Router(portal.routes()),
        services=SERVICES,
        service_of=lambda path, _: path.strip("/").partition("/")[0],
        switches=switches,
        special={
            "expired_session": Special(guarded, portal.answer_after_expiry),
            "already_exists": Special(frozenset({"CreateDossier"}), portal.answer_exists),
            "wrong_hash": Special(frozenset({"UploadFile"}), _answer_wrong_hash),
            "error_code": Special(frozenset(SERVICES), _answer_error_code),
        },
    )


class _Portal:
    """The HTTP face and what is behind it."""

    def __init__(
        self,
        config: MockConfig,
        memory: CentralMemory,
        switches: Switches,
        now: Callable[[], datetime],
    ) -> None:
        self._config = config
        self._memory = memory
        self._switches = switches
        self._now = now
        self._tokens: dict[str, datetime] = {}
        self._counts: dict[str, Counter[str]] = {"accepted": Counter(), "refused": Counter()}

    def routes(self) -> list[Route]:
        """List the partner's endpoints and the mock's own."""
        return [
            Route("/GetToken", self.token, methods=["POST"]),
            Route("/GetNextValue", self._guarded("GetNextValue", self._next), methods=["GET"]),
            Route("/UploadFile", self._guarded("UploadFile", self._upload), methods=["POST"]),
            Route("/CreateDossier", self._guarded("CreateDossier", self._create), methods=["POST"]),
            Route(
                "/CapNhatTienTrinh",
                self._guarded("CapNhatTienTrinh", self._progress),
                methods=["POST"],
            ),
            Route(
                "/CapNhatTrangThai",
                self._guarded("CapNhatTrangThai", self._statuses),
                methods=["POST"],
            ),
            *CentralInspection(self._memory, self._tokens, self._counts).routes(),
        ]

    async def token(self, request: Request) -> Response:
        """Give a token to the right client."""
        try:
            body = await read_checked(request, TOKEN)
        except Malformed as error:
            return self._no("GetToken", _Refused(str(error)))
        known = f"{self._config.central_client}\n{self._config.central_secret}"
        given = f"{body['client_id']}\n{body['client_secret']}"
        if not secrets.compare_digest(known.encode(), given.encode()):
            return self._no("GetToken", _Refused("Sai client_id hoặc client_secret", 401))
        lifetime_s = self._switches.number("token_lifetime_s")
        token = secrets.token_hex(16)
        self._tokens[token] = self._now() + timedelta(seconds=lifetime_s)
        self._counts["accepted"]["GetToken"] += 1
        return Json(
            {
                "access_token": token,
                "expires_in": int(lifetime_s),
                "token_type": "Bearer",
                "scope": "default",
            }
        )

    async def answer_after_expiry(self, _: Fault, deliver: Deliver) -> dict[str, Any]:
        """Fault `expired_session`: every token is lost just before the call arrives."""
        self._tokens.clear()
        answer: dict[str, Any] = json.loads(await deliver())
        return answer

    async def answer_exists(self, _: Fault, deliver: Deliver) -> dict[str, Any]:
        """Fault `already_exists`: remembered, and answered as a repetition."""
        answer: dict[str, Any] = json.loads(await deliver())
        if answer.get("code") != DONE:
            return answer
        return answer | {"code": EXISTS, "message": "Hồ sơ đã tồn tại"}

    def _guarded(
        self, service: str, handle: Callable[[Request, bytes], Any]
    ) -> Callable[[Request], Any]:
        async def endpoint(request: Request) -> Response:
            content = await request.body()
            try:
                self._check_token(request)
                answer = handle(request, content)
            except Malformed as error:
                return self._no(service, _Refused(str(error)))
            except _Refused as error:
                return self._no(service, error)
            self._counts["accepted"][service] += 1
            return Json(answer)

        return endpoint

    def _check_token(self, request: Request) -> None:
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        until = self._tokens.get(token)
        if kind != "Bearer" or until is None or until <= self._now():
            raise _Refused("Token không hợp lệ hoặc đã hết hạn", 401)

    def _next(self, request: Request, _: bytes) -> dict[str, Any]:
        unit = request.query_params.get("code", "")
        if not unit:
            raise _Refused("code: bắt buộc")
        return {"value": self._memory.next_number(unit, self._now())}

    def _upload(self, request: Request, content: bytes) -> dict[str, Any]:
        parts = [part for part in parts_of(request, content) if part.field == "files"]
        if not parts:
            raise _Refused("files: cần ít nhất một tệp")
        return {"code": DONE, "message": "Thành công", "data": [self._file(p) for p in parts]}

    def _file(self, part: Part) -> dict[str, str]:
        file_id, digest = self._memory.keep_file(part.name, part.content)
        return {"IdTepTin": file_id, "HashTepTin": digest}

    def _create(self, _: Request, content: bytes) -> dict[str, Any]:
        item = _parsed(content)
        faults = faults_of(DOSSIER, item, "")
        if not faults:
            faults = self._faults_of_files(item)
            if not self._memory.is_given(item["MaHoSo"]):
                faults.append("MaHoSo: chưa được cấp bởi GetNextValue")
        if faults:
            raise _Refused("Dữ liệu không hợp lệ: " + "; ".join(faults))
        known = self._memory.id_of(item["MaHoSo"])
        made = known or self._memory.create(item)
        return {
            "code": EXISTS if known else DONE,
            "message": "Hồ sơ đã tồn tại" if known else "Thành công",
            "data": {"idHoSo": made, "maHoSo": item["MaHoSo"]},
        }

    def _faults_of_files(self, item: Mapping[str, Any]) -> list[str]:
        attached = [
            (f"ThanhPhanHoSo[{n}].GiayToDinhKem[{m}]", file)
            for n, part in enumerate(item.get("ThanhPhanHoSo", []))
            for m, file in enumerate(part["GiayToDinhKem"])
        ]
        attached += [
            (f"DanhSachGiayToKetQua[{n}]", file)
            for n, file in enumerate(item.get("DanhSachGiayToKetQua", []))
        ]
        return [
            f"{where}: tệp chưa được tải lên, hoặc sai mã băm"
            for where, file in attached
            if self._memory.file_hash(file["IdGiayTo"]) != file["HashTepTin"]
        ]

    def _progress(self, _: Request, content: bytes) -> dict[str, Any]:
        items = _parsed_rows(content, PROGRESS)
        with self._memory.memory.writing():
            for item in items:
                self._check_known(item, "IDHoSo")
            for item in items:
                self._memory.add_progress(item, self._now())
        return {"code": DONE, "message": "Thành công"}

    def _statuses(self, request: Request, content: bytes) -> dict[str, Any]:
        items = _parsed_rows(content, STATUS)
        with self._memory.memory.writing():
            for index, item in enumerate(items):
                where = f"[{index}]"
                self._check_known(item, "IdHoSo")
                faults = faults_of_results(item, where) + self._faults_of_files(item)
                faults += self._faults_of_step(item, where)
                if faults:
                    raise _Refused("Dữ liệu không hợp lệ: " + "; ".join(faults))
                self._memory.tell(item, self._now(), by_fault=is_by_fault(request.scope))
        return {"code": DONE, "message": "Thành công"}

    def _faults_of_step(self, item: Mapping[str, Any], where: str) -> list[str]:
        known = self._memory.known(item["MaHoSo"])
        before = known if known is not None and known.status else None
        return faults_of_step(before, item["TrangThai"], f"{where}.TrangThai", any_start=False)

    def _check_known(self, item: Mapping[str, Any], name: str) -> None:
        made = self._memory.id_of(item["MaHoSo"])
        if made is None:
            raise _Refused(f"Hồ sơ {item['MaHoSo']} không có trên hệ thống", 404)
        if made != item[name]:
            raise _Refused(f"{name}: không phải của hồ sơ {item['MaHoSo']}")

    def _no(self, service: str, error: _Refused) -> Json:
        self._counts["refused"][service] += 1
        code = "401" if error.status == 401 else error.code  # noqa: PLR2004  (HTTP)
        return Json({"code": code, "message": error.message}, error.status)


def _parsed(content: bytes) -> dict[str, Any]:
    found = _json(content)
    if not isinstance(found, dict):
        raise Malformed("Nội dung phải là một đối tượng JSON")
    return found


def _parsed_rows(content: bytes, table: Table) -> list[dict[str, Any]]:
    found = _json(content)
    faults = rows(table, least=1)(found, "")
    if faults or not isinstance(found, list):
        raise _Refused("Dữ liệu không hợp lệ: " + "; ".join(faults))
    codes = [item["MaHoSo"] for item in found]
    if table is STATUS and len(set(codes)) != len(codes):
        raise _Refused("Dữ liệu không hợp lệ: một hồ sơ xuất hiện nhiều lần")
    return found


def _json(content: bytes) -> object:
    try:
        found: object = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise Malformed(f"Nội dung không phải JSON hợp lệ: {error}") from error
    return found


async def _answer_wrong_hash(_: Fault, deliver: Deliver) -> dict[str, Any]:
    """Fault `wrong_hash`: the file is kept, the answer names another hash."""
    answer: dict[str, Any] = json.loads(await deliver())
    for file in answer.get("data", []):
        file["HashTepTin"] = file["HashTepTin"][::-1]
    return answer


async def _answer_error_code(fault: Fault, _: Deliver) -> dict[str, Any]:
    """Fault `error_code`: nothing is remembered, the answer is the one that was asked for."""
    return {"code": str(fault.error_code), "message": fault.message}
