"""What the post's mock remembers: orders, and where each parcel was."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.mocks.clock import stamp
from app.mocks.memory import Memory
from app.mocks.wire import as_text

SCHEMA = """
CREATE TABLE IF NOT EXISTS post_orders (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT, number TEXT NOT NULL UNIQUE, kind TEXT NOT NULL,
    content TEXT NOT NULL, item_code TEXT NOT NULL, status TEXT NOT NULL,
    placed INTEGER NOT NULL DEFAULT 1, by_fault INTEGER NOT NULL, at TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS post_tracks (
    id INTEGER PRIMARY KEY AUTOINCREMENT, number TEXT NOT NULL, status TEXT NOT NULL,
    note TEXT NOT NULL, at TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS post_tracks_number ON post_tracks (number, id);
"""

PLACED, TAKEN, DELIVERED, CANCELLED = "1", "2", "3", "4"
NAMES = {PLACED: "Đã đăng ký", TAKEN: "Đang thu gom", DELIVERED: "Đã giao", CANCELLED: "Đã hủy"}
"""Status codes (derived from the local ones of a collection); any other number may be told."""


@dataclass(frozen=True, slots=True)
class Order:
    """An order as it stands."""

    number: str
    kind: str
    content: dict[str, Any]
    item_code: str
    status: str
    placed: int
    by_fault: bool


@dataclass(frozen=True, slots=True)
class PostMemory:
    """Reads and writes of the post's tables."""

    memory: Memory

    def order(self, number: str) -> Order | None:
        """Return an order by the customer's number."""
        row = self.memory.row("SELECT * FROM post_orders WHERE number = ?", (number,))
        return None if row is None else _order(dict(row))

    def place(
        self, kind: str, content: Mapping[str, Any], now: datetime, *, by_fault: bool
    ) -> Order | None:
        """Take an order; None if the number is taken, which is counted."""
        number = content["OrderNumber"]
        with self.memory.writing():
            known = self.order(number)
            if known is not None:
                if not by_fault:
                    self.memory.write(
                        "UPDATE post_orders SET placed = placed + 1 WHERE number = ?", (number,)
                    )
                return None
            item_code = content.get("ItemCode") or self._next_item_code()
            self.memory.write(
                "INSERT INTO post_orders (number, kind, content, item_code, status, by_fault, at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (number, kind, as_text(content), item_code, PLACED, by_fault, now.isoformat()),
            )
            self.track(number, PLACED, "", now)
            return self.order(number)

    def _next_item_code(self) -> str:
        row = self.memory.row("SELECT coalesce(max(sequence), 0) + 1 FROM post_orders")
        return f"BC{0 if row is None else row[0]:09}VN"

    def track(self, number: str, status: str, note: str, now: datetime) -> None:
        """Say where a parcel is."""
        with self.memory.writing():
            self.memory.write(
                "UPDATE post_orders SET status = ? WHERE number = ?", (status, number)
            )
            self.memory.write(
                "INSERT INTO post_tracks (number, status, note, at) VALUES (?, ?, ?, ?)",
                (number, status, note, now.isoformat()),
            )

    def tracks(self, after: int, limit: int, number: str | None = None) -> list[dict[str, Any]]:
        """Return where parcels were, in order, as the contract writes it (derived)."""
        found = self.memory.rows(
            "SELECT t.*, o.item_code FROM post_tracks AS t JOIN post_orders AS o USING (number)"
            " WHERE t.id > ? AND (? IS NULL OR t.number = ?) ORDER BY t.id LIMIT ?",
            (after, number, number, limit),
        )
        return [
            {
                "Id": row["id"],
                "OrderNumber": row["number"],
                "ItemCode": row["item_code"],
                "StatusCode": row["status"],
                "StatusName": NAMES.get(row["status"], ""),
                "StatusDate": stamp(datetime.fromisoformat(row["at"])),
                "Note": row["note"],
            }
            for row in found
        ]

    def orders(self, after: str, limit: int) -> list[dict[str, Any]]:
        """Return number and status of orders, in order of number."""
        rows = self.memory.rows(
            "SELECT number, kind, status FROM post_orders WHERE number > ? ORDER BY number LIMIT ?",
            (after, limit),
        )
        return [dict(row) for row in rows]

    def forget(self) -> None:
        """Empty the memory; numbers of tracks go on."""
        with self.memory.writing():
            self.memory.write("DELETE FROM post_orders")
            self.memory.write("DELETE FROM post_tracks")


def _order(row: dict[str, Any]) -> Order:
    return Order(
        number=row["number"],
        kind=row["kind"],
        content=dict(json.loads(row["content"])),
        item_code=row["item_code"],
        status=row["status"],
        placed=row["placed"],
        by_fault=bool(row["by_fault"]),
    )
