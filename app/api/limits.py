"""Limits on request bodies, before anything reads them."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.problems import problem

_JSON_LIMIT = 1024 * 1024
_SLACK = 4096


class BodyLimit:
    """Refuses bodies that are too large: uploads by their own limit, everything else at 1 MiB."""

    def __init__(self, app: ASGIApp, upload_limit: int) -> None:
        self._app = app
        self._upload_limit = upload_limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in {"GET", "HEAD"}:
            await self._app(scope, receive, send)
            return
        is_upload = scope["path"] == "/v1/documents"
        limit = self._upload_limit + _SLACK if is_upload else _JSON_LIMIT
        announced = dict(scope["headers"]).get(b"content-length", b"")
        if announced.isdigit() and int(announced[:18]) > limit:
            await self._refuse(scope, receive, send, limit)
            return
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
            "body.too_large",
            "Nội dung quá lớn",
            f"Nội dung yêu cầu lớn hơn {limit // 1024} KiB.",
        )
        answer.headers["Connection"] = "close"
        await answer(scope, receive, send)
