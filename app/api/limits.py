"""Limits on request bodies, before anything reads them."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.problems import problem
from app.domain.errors import DomainError

_JSON_LIMIT = 1024 * 1024
_UPLOADS, _FROM_PORTAL = "/v1/documents", "/v1/notices/portal/"


class BodyTooLarge(DomainError):
    code = "body.too_large"
    title = "Nội dung quá lớn"


class BodyLimit:
    """Refuses bodies that are too large: those with files by their limit, all else at 1 MiB.

    A dossier of the portal may carry several files, a third larger in Base64: twice the limit.

    An upload is refused here if it says its length; its route counts what is streamed in.
    """

    def __init__(self, app: ASGIApp, upload_limit: int) -> None:
        self._app = app
        self._upload_limit = upload_limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in {"GET", "HEAD"}:
            await self._app(scope, receive, send)
            return
        is_upload = scope["path"] == _UPLOADS
        limit = self._limit(scope["path"])
        announced = dict(scope["headers"]).get(b"content-length", b"")
        if announced.isdigit() and int(announced[:18]) > limit:
            await self._refuse(scope, receive, send, limit)
        elif is_upload:
            await self._app(scope, receive, send)
        else:
            await self._count(scope, receive, send, limit)

    def _limit(self, path: str) -> int:
        if path == _UPLOADS:
            return self._upload_limit
        return 2 * self._upload_limit if path.startswith(_FROM_PORTAL) else _JSON_LIMIT

    async def _count(self, scope: Scope, receive: Receive, send: Send, limit: int) -> None:
        taken = 0
        is_over = has_begun = False

        async def counted() -> Message:
            nonlocal taken, is_over
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > limit:
                # The application is told that the body ended: it answers, and we do instead.
                is_over = True
                return {"type": "http.disconnect"}
            return message

        async def guarded(message: Message) -> None:
            nonlocal has_begun
            if is_over and not has_begun:
                return
            has_begun = True
            await send(message)

        try:
            await self._app(scope, counted, guarded)
        finally:
            if is_over and not has_begun:
                await self._refuse(scope, receive, send, limit)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send, limit: int) -> None:
        answer = problem(
            scope["path"],
            413,
            BodyTooLarge.code,
            BodyTooLarge.title,
            f"Nội dung yêu cầu lớn hơn {limit // 1024} KiB.",
        )
        await answer(scope, receive, send)
