"""The portal mock's own endpoints: what it knows, its catalogue, and how to make it forget."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.mocks.portal_catalogue import faults_of_procedure
from app.mocks.portal_fields import DOSSIER
from app.mocks.portal_memory import PortalMemory
from app.mocks.portal_session import Sessions
from app.mocks.wire import Json, Malformed, page_of, read_object, refusal


@dataclass(frozen=True, slots=True)
class PortalInspection:
    """The endpoints that begin with an underscore; no fault ever hits them."""

    memory: PortalMemory
    sessions: Sessions
    counts: Mapping[str, Counter[str]]

    def routes(self) -> list[Route]:
        """List them."""
        return [
            Route("/_dossiers", self.dossiers),
            Route("/_dossiers/{code}", self.dossier, methods=["GET"]),
            Route("/_dossiers/{code}", self.drop, methods=["DELETE"]),
            Route("/_dossiers/{code}", self.alter, methods=["PATCH"]),
            Route("/_stats", self.stats),
            Route("/_memory", self.forget, methods=["DELETE"]),
            Route("/_sessions", self.expire, methods=["DELETE"]),
            Route("/_procedures/{code}", self.put_procedure, methods=["PUT"]),
        ]

    async def dossier(self, request: Request) -> Response:
        """Tell everything that was heard about a dossier."""
        history = self.memory.history(request.path_params["code"])
        is_known = history["dossier"] is not None or history["refused"]
        return Json(history, 200 if is_known else 404)

    async def drop(self, request: Request) -> Response:
        """Lose a dossier, as a portal does that is restored from an old backup."""
        is_lost = self.memory.drop(request.path_params["code"])
        return Response(status_code=204 if is_lost else 404)

    async def alter(self, request: Request) -> Response:
        """Remember a dossier otherwise than it was told."""
        try:
            changes = await read_object(request)
        except Malformed as error:
            return refusal(error)
        wrong = [name for name in changes if name not in DOSSIER or name == "MaHoSo"]
        if wrong:
            return refusal(Malformed(f"{', '.join(wrong)}: không phải trường đổi được"))
        is_altered = self.memory.alter(request.path_params["code"], changes)
        return Response(status_code=204 if is_altered else 404)

    async def dossiers(self, request: Request) -> Response:
        """List the codes of all dossiers, by pages."""
        try:
            after, limit = page_of(request)
        except Malformed as error:
            return refusal(error)
        codes = self.memory.codes(after, limit)
        return Json({"codes": codes, "next": codes[-1] if len(codes) == limit else None})

    async def stats(self, _: Request) -> Response:
        """Tell how much was remembered, and how many requests were taken since the start."""
        requests = {outcome: dict(by_service) for outcome, by_service in self.counts.items()}
        return Json({"requests": requests, **self.memory.counts()})

    async def forget(self, _: Request) -> Response:
        """Forget everything."""
        self.memory.forget()
        self.sessions.expire_all()
        return Response(status_code=204)

    async def expire(self, _: Request) -> Response:
        """End every session."""
        return Json({"expired": self.sessions.expire_all()})

    async def put_procedure(self, request: Request) -> Response:
        """Put a procedure into the catalogue."""
        code = request.path_params["code"]
        try:
            content = await read_object(request)
        except Malformed as error:
            return refusal(error)
        faults = faults_of_procedure(code, content)
        if faults:
            return refusal(Malformed("; ".join(faults)))
        self.memory.put_procedure(code, content)
        return Response(status_code=204)
