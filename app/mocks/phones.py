"""What the telephone gateways' mocks remember: messages by the sender's own number for them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.mocks.memory import Memory
from app.mocks.wire import Json, Malformed, page_of, refusal

SCHEMA = """
CREATE TABLE IF NOT EXISTS phone_messages (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT, gateway TEXT NOT NULL, number TEXT NOT NULL,
    phone TEXT NOT NULL, topic TEXT NOT NULL, content TEXT NOT NULL, times INTEGER NOT NULL,
    at TEXT NOT NULL, UNIQUE (gateway, number)
);
"""


class Differs(Exception):
    """The same number came before with another phone or text."""


@dataclass(frozen=True, slots=True)
class Phones:
    """The messages that one gateway has sent to telephones."""

    gateway: str
    memory: Memory

    def send(self, number: str, phone: str, topic: str, content: str, now: datetime) -> bool:
        """Send a message unless its number was sent before; tells whether it was sent now."""
        with self.memory.writing():
            known = self.memory.row(
                "SELECT * FROM phone_messages WHERE gateway = ? AND number = ?",
                (self.gateway, number),
            )
            if known is None:
                self.memory.write(
                    "INSERT INTO phone_messages (gateway, number, phone, topic, content, times, at)"
                    " VALUES (?, ?, ?, ?, ?, 1, ?)",
                    (self.gateway, number, phone, topic, content, now.isoformat()),
                )
                return True
            if (known["phone"], known["content"]) != (phone, content):
                raise Differs
            self.memory.write(
                "UPDATE phone_messages SET times = times + 1 WHERE sequence = ?",
                (known["sequence"],),
            )
            return False

    def reference(self, number: str) -> str:
        """Return the gateway's own number for a message."""
        row = self.memory.row(
            "SELECT sequence FROM phone_messages WHERE gateway = ? AND number = ?",
            (self.gateway, number),
        )
        return f"{self.gateway}-{row['sequence']:08}" if row is not None else ""

    def routes(self) -> list[Route]:
        """List the endpoints for looking inside."""
        return [
            Route("/_messages", self.listed),
            Route("/_memory", self.forget, methods=["DELETE"]),
        ]

    async def listed(self, request: Request) -> Response:
        """List what was sent, by pages, to one phone with `to`; `times`: how often it was asked."""
        try:
            after, limit = page_of(request)
        except Malformed as error:
            return refusal(error)
        to = request.query_params.get("to")
        rows = self.memory.rows(
            "SELECT * FROM phone_messages WHERE gateway = ? AND sequence > ?"
            " AND (? IS NULL OR phone = ?) ORDER BY sequence LIMIT ?",
            (self.gateway, int(after) if after.isdigit() else 0, to, to, limit),
        )
        found: list[dict[str, Any]] = [dict(row) for row in rows]
        last = str(found[-1]["sequence"]) if len(found) == limit else None
        return Json({"messages": found, "next": last})

    async def forget(self, _: Request) -> Response:
        """Forget everything."""
        self.memory.write("DELETE FROM phone_messages WHERE gateway = ?", (self.gateway,))
        return Response(status_code=204)
