"""Mail server (SMTP, RFC 5321): strict about order, lines and headers; mailboxes that remember.

Recipients whose name begins with `khong-co` do not exist, those with `day` have a full mailbox.
"""

import asyncio
import email
import email.policy
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, Router

from app.mocks.config import MockConfig
from app.mocks.faults import Partner, Special, Switchboard
from app.mocks.mail_memory import Letter, MailMemory
from app.mocks.mail_session import SERVICES, MailSession
from app.mocks.memory import Memory
from app.mocks.switches import Switches
from app.mocks.wire import Json, Malformed, page_of, refusal

_WITHOUT = frozenset({"http_500", "http_503", "wrong_json", "html_page", "out_of_order"})


@dataclass
class MailServer:
    """The SMTP server, and the endpoints over HTTP to look inside and to ask for faults."""

    config: MockConfig
    memory: MailMemory
    now: Callable[[], datetime]
    port: int | None = None
    _talks: set[asyncio.Task[None]] = field(default_factory=set)

    def partner(self) -> Partner:
        """Describe it to the switchboard."""
        everywhere = Special(SERVICES)
        return Partner(
            name="mail",
            app=Router(
                [
                    Route("/_server", self.where),
                    Route("/_messages", self.messages),
                    Route("/_memory", self.forget, methods=["DELETE"]),
                ]
            ),
            services=SERVICES,
            service_of=lambda _path, _body: "",
            switches=Switches(
                {"delay_ms": float(self.config.delay_ms), "chaos": float(self.config.chaos)}
            ),
            special={"busy": everywhere, "refused": everywhere},
            without=_WITHOUT,
        )

    @asynccontextmanager
    async def listening(self, board: Switchboard) -> AsyncIterator[None]:
        """Take letters as long as the block lasts."""
        if self.config.smtp_port is None:
            yield
            return

        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            if task is not None:
                self._talks.add(task)
                task.add_done_callback(self._talks.discard)
            session = MailSession(reader, writer, board, self.config, self._keep)
            with suppress(ConnectionError, asyncio.CancelledError):
                await session.run()
            writer.close()

        server = await asyncio.start_server(
            talk, self.config.smtp_host, self.config.smtp_port, limit=64 * 1024
        )
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield
        finally:
            server.close()
            for task in list(self._talks):
                task.cancel()
            await asyncio.gather(*self._talks, return_exceptions=True)

    def _keep(self, sender: str, recipient: str, raw: bytes, *, by_fault: bool) -> str | None:
        """Put a letter into a mailbox; returns what is wrong with it, if anything is."""
        parsed = email.message_from_bytes(raw, policy=email.policy.default)
        for name in ("Message-ID", "Date", "From", "To", "Subject"):
            if len(parsed.get_all(name, [])) != 1:
                return f"header {name} is needed once"
        body = parsed.get_body(("plain",))
        if body is None or parsed.defects:
            return f"not a readable text: {parsed.defects}"
        self.memory.keep(
            Letter(
                message_id=str(parsed["Message-ID"]),
                sender=sender,
                recipient=recipient,
                subject=str(parsed["Subject"]),
                body=body.get_content(),
                by_fault=by_fault,
            ),
            self.now(),
        )
        return None

    async def where(self, _: Request) -> Response:
        """Tell where the server listens."""
        return Json({"host": self.config.smtp_host, "port": self.port})

    async def messages(self, request: Request) -> Response:
        """List the letters taken, by pages, of one mailbox with `to`."""
        try:
            after, limit = page_of(request)
        except Malformed as error:
            return refusal(error)
        found = self.memory.letters(request.query_params.get("to"), after, limit)
        last = str(found[-1]["sequence"]) if len(found) == limit else None
        return Json({"messages": found, "next": last})

    async def forget(self, _: Request) -> Response:
        """Empty every mailbox."""
        self.memory.forget()
        return Response(status_code=204)


def mail(config: MockConfig, memory: Memory, now: Callable[[], datetime]) -> MailServer:
    """Build the mail server; it listens while `listening` lasts."""
    return MailServer(config, MailMemory(memory), now)
