"""The LGSP mock's own endpoints: who its registers know, what it was asked, its tokens."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.mocks.bearer import Bearers
from app.mocks.fields import Table, is_digits, must, rows, text
from app.mocks.lgsp_fields import CITIZEN, RESULT
from app.mocks.lgsp_memory import BUSINESS, CATEGORY, POPULATION, LgspMemory
from app.mocks.lgsp_memory import RESULT as RESULTS
from app.mocks.wire import Json, Malformed, page_of, read_checked, read_object, refusal

_ENTRIES: Table = {"DanhSach": must(rows({"Ma": must(text(60)), "Ten": must(text(300))}, least=1))}


@dataclass(frozen=True, slots=True)
class LgspInspection:
    """The endpoints that begin with an underscore; no fault ever hits them."""

    memory: LgspMemory
    bearers: Bearers
    now: Callable[[], datetime]

    def routes(self) -> list[Route]:
        """List them."""
        return [
            Route("/_citizens/{key}", self.put_citizen, methods=["PUT"]),
            Route("/_enterprises/{key}", self.put_enterprise, methods=["PUT"]),
            Route("/_categories/{key}", self.put_category, methods=["PUT"]),
            Route("/_results/{key}", self.put_result, methods=["PUT"]),
            Route("/_questions", self.questions),
            Route("/_stats", self.stats),
            Route("/_tokens", self.revoke, methods=["DELETE"]),
            Route("/_memory", self.forget, methods=["DELETE"]),
        ]

    async def put_citizen(self, request: Request) -> Response:
        """Let the population database know somebody."""
        return await self._put(request, POPULATION, CITIZEN, "SoDinhDanh")

    async def put_result(self, request: Request) -> Response:
        """Put a digitised result into the store."""
        return await self._put(request, RESULTS, RESULT, "MaKetQua")

    async def put_category(self, request: Request) -> Response:
        """Put a shared category in."""
        return await self._put(request, CATEGORY, _ENTRIES, None)

    async def put_enterprise(self, request: Request) -> Response:
        """Let the business register know an enterprise, with any of its keys."""
        key = request.path_params["key"]
        try:
            record = _of_key(await read_object(request), "MaSoDoanhNghiep", key)
        except Malformed as error:
            return refusal(error)
        self.memory.put(BUSINESS, key, record)
        return Response(status_code=204)

    async def _put(
        self, request: Request, register: str, table: Table, name: str | None
    ) -> Response:
        key = request.path_params["key"]
        try:
            record = await read_checked(request, table)
            record = record if name is None else _of_key(record, name, key)
        except Malformed as error:
            return refusal(error)
        self.memory.put(register, key, record)
        return Response(status_code=204)

    async def questions(self, request: Request) -> Response:
        """List what was asked, by pages."""
        try:
            after, limit = page_of(request)
        except Malformed as error:
            return refusal(error)
        found = self.memory.questions(int(after) if is_digits(after) else 0, limit)
        is_full = len(found) == limit
        return Json({"questions": found, "next": str(found[-1]["sequence"]) if is_full else None})

    async def stats(self, _: Request) -> Response:
        """Tell how many tokens were given since the start."""
        return Json({"tokens_issued": self.bearers.issued})

    async def revoke(self, _: Request) -> Response:
        """End every token before its time."""
        return Json({"revoked": self.bearers.revoke_all()})

    async def forget(self, _: Request) -> Response:
        """Forget every question; the registers are as at first."""
        self.memory.forget()
        self.bearers.revoke_all()
        return Response(status_code=204)


def _of_key(record: dict[str, Any], name: str, key: str) -> dict[str, Any]:
    if record.get(name) != key:
        raise Malformed(f"{name} phải là mã trên địa chỉ")
    return record
