"""The portal mock's own endpoints: what it knows, its catalogue, and how to make it forget."""

from collections import Counter
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.mocks.portal_catalogue import faults_of_procedure
from app.mocks.portal_memory import PortalMemory
from app.mocks.portal_session import Sessions
from app.mocks.wire import Json, Malformed, read_object, refusal

_LARGEST_PAGE = 1000


def inspection_routes(
    memory: PortalMemory, sessions: Sessions, counts: Mapping[str, Counter[str]]
) -> list[Route]:
    """List the endpoints that begin with an underscore; no fault ever hits them."""

    async def dossier(request: Request) -> Response:
        history = memory.history(request.path_params["code"])
        is_known = history["dossier"] is not None or history["refused"]
        return Json(history, 200 if is_known else 404)

    async def dossiers(request: Request) -> Response:
        limit = request.query_params.get("limit", str(_LARGEST_PAGE))
        if not limit.isdecimal() or not 1 <= int(limit) <= _LARGEST_PAGE:
            return refusal(Malformed(f"limit phải từ 1 đến {_LARGEST_PAGE}"))
        codes = memory.codes(request.query_params.get("after", ""), int(limit))
        return Json({"codes": codes, "next": codes[-1] if len(codes) == int(limit) else None})

    async def stats(_: Request) -> Response:
        return Json({"requests": {name: dict(of) for name, of in counts.items()}, **memory.counts()})

    async def forget(_: Request) -> Response:
        memory.forget()
        sessions.expire_all()
        return Response(status_code=204)

    async def expire(_: Request) -> Response:
        return Json({"expired": sessions.expire_all()})

    async def put_procedure(request: Request) -> Response:
        code = request.path_params["code"]
        try:
            content = await read_object(request)
            faults = faults_of_procedure(code, content)
            if faults:
                raise Malformed("; ".join(faults))  # noqa: TRY301  (one way to refuse)
        except Malformed as error:
            return refusal(error)
        memory.put_procedure(code, content)
        return Response(status_code=204)

    return [
        Route("/_dossiers", dossiers),
        Route("/_dossiers/{code}", dossier),
        Route("/_stats", stats),
        Route("/_memory", forget, methods=["DELETE"]),
        Route("/_sessions", expire, methods=["DELETE"]),
        Route("/_procedures/{code}", put_procedure, methods=["PUT"]),
    ]
