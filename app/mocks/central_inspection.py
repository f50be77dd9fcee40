"""The central portal mock's own endpoints: what it knows, and how to make it forget."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.mocks.central_memory import CentralMemory
from app.mocks.wire import Json, Malformed, page_of, refusal


@dataclass(frozen=True, slots=True)
class CentralInspection:
    """The endpoints that begin with an underscore; no fault ever hits them."""

    memory: CentralMemory
    tokens: dict[str, datetime]
    counts: Mapping[str, Counter[str]]

    def routes(self) -> list[Route]:
        """List them."""
        return [
            Route("/_dossiers", self.dossiers),
            Route("/_dossiers/{code}", self.dossier),
            Route("/_stats", self.stats),
            Route("/_memory", self.forget, methods=["DELETE"]),
            Route("/_tokens", self.expire, methods=["DELETE"]),
        ]

    async def dossier(self, request: Request) -> Response:
        """Tell everything that was heard about a dossier."""
        history = self.memory.history(request.path_params["code"])
        return Json(history, 404 if history["dossier"] is None else 200)

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
        self.tokens.clear()
        return Response(status_code=204)

    async def expire(self, _: Request) -> Response:
        """End every token."""
        count = len(self.tokens)
        self.tokens.clear()
        return Json({"expired": count})
