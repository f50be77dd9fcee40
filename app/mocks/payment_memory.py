"""What the payment platform's mock remembers: orders, and notices until they are acknowledged."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from app.mocks.memory import Memory
from app.mocks.wire import as_text

SCHEMA = """
CREATE TABLE IF NOT EXISTS payment_orders (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT, reference TEXT NOT NULL UNIQUE,
    init TEXT NOT NULL, status TEXT NOT NULL, bank TEXT NOT NULL, settled_at TEXT
);
CREATE TABLE IF NOT EXISTS payment_notices (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT, reference TEXT NOT NULL, fault TEXT,
    notice TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, answers TEXT NOT NULL DEFAULT '[]',
    next_at REAL, acknowledged_at TEXT
);
CREATE INDEX IF NOT EXISTS payment_notices_due ON payment_notices (next_at)
    WHERE next_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS payment_notices_reference ON payment_notices (reference);
"""
_KEPT_ANSWERS = 20


class OrderStatus(StrEnum):
    """What became of an order."""

    WAITING = "waiting"
    PAID = "paid"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Order:
    """A payment order; `init` is the message that opened it."""

    sequence: int
    reference: str
    init: dict[str, Any]
    status: OrderStatus
    bank: str
    settled_at: datetime | None

    @property
    def amount_vnd(self) -> int:
        """Amount in đồng."""
        return int(self.init["SoTien"])

    @property
    def transaction(self) -> str:
        """The platform's own number (MaGiaoDich)."""
        return f"GD{self.sequence:010}"


@dataclass(frozen=True, slots=True)
class DueNotice:
    """A notice that is to be sent now."""

    sequence: int
    notice: dict[str, Any]
    attempts: int


@dataclass(frozen=True, slots=True)
class PaymentMemory:
    """Reads and writes of the platform's tables."""

    memory: Memory

    def order(self, reference: str) -> Order | None:
        """Return an order by the partner's reference."""
        row = self.memory.row("SELECT * FROM payment_orders WHERE reference = ?", (reference,))
        return None if row is None else _order(dict(row))

    def open(self, init: Mapping[str, Any], bank: str) -> Order | None:
        """Open an order; None if the reference is taken."""
        reference = init["MaThamChieu"]
        opened = self.memory.write(
            "INSERT INTO payment_orders (reference, init, status, bank) VALUES (?, ?, ?, ?)"
            " ON CONFLICT DO NOTHING",
            (reference, as_text(init), OrderStatus.WAITING, bank),
        )
        return self.order(reference) if opened else None

    def settle(self, reference: str, status: OrderStatus, now: datetime) -> bool:
        """Record the outcome; False if the order is paid or cancelled already, or unknown."""
        settled = self.memory.write(
            "UPDATE payment_orders SET status = ?, settled_at = ?"
            " WHERE reference = ? AND status IN (?, ?)",
            (status, now.isoformat(), reference, OrderStatus.WAITING, OrderStatus.FAILED),
        )
        return settled == 1

    def add_notice(
        self,
        reference: str,
        notice: Mapping[str, Any],
        *,
        next_at: datetime | None,
        fault: str | None = None,
    ) -> int:
        """Add a notice, to be sent at an instant or (None) by the caller; return its number.

        `reference` is the order's, whatever a wrong notice claims.
        """
        with self.memory.writing():
            self.memory.write(
                "INSERT INTO payment_notices (reference, notice, fault, next_at)"
                " VALUES (?, ?, ?, ?)",
                (
                    reference,
                    as_text(notice),
                    fault,
                    None if next_at is None else next_at.timestamp(),
                ),
            )
            row = self.memory.row("SELECT last_insert_rowid()")
        return 0 if row is None else int(row[0])

    def due(self, now: datetime, limit: int) -> list[DueNotice]:
        """Return the notices that are to be sent by now, oldest first."""
        found = self.memory.rows(
            "SELECT sequence, notice, attempts FROM payment_notices WHERE next_at <= ?"
            " ORDER BY next_at, sequence LIMIT ?",
            (now.timestamp(), limit),
        )
        return [
            DueNotice(row["sequence"], json.loads(row["notice"]), row["attempts"]) for row in found
        ]

    def next_due(self) -> float | None:
        """Return when the next notice is to be sent, as a POSIX timestamp."""
        row = self.memory.row("SELECT min(next_at) FROM payment_notices WHERE next_at IS NOT NULL")
        return None if row is None else row[0]

    def record_answer(
        self,
        sequence: int,
        answer: Mapping[str, Any],
        *,
        acknowledged_at: datetime | None,
        next_at: datetime | None,
    ) -> None:
        """Record what the receiver answered; what is not acknowledged is due at `next_at`."""
        with self.memory.writing():
            row = self.memory.row(
                "SELECT answers FROM payment_notices WHERE sequence = ?", (sequence,)
            )
            answers = [*(json.loads(row["answers"]) if row else []), answer]
            self.memory.write(
                "UPDATE payment_notices SET attempts = attempts + 1, answers = ?, next_at = ?,"
                " acknowledged_at = coalesce(acknowledged_at, ?) WHERE sequence = ?",
                (
                    as_text(answers[-_KEPT_ANSWERS:]),
                    None if next_at is None else next_at.timestamp(),
                    None if acknowledged_at is None else acknowledged_at.isoformat(),
                    sequence,
                ),
            )

    def history(self, order: Order) -> dict[str, Any]:
        """Return an order with everything that was sent about it, in order."""
        notices = self.memory.rows(
            "SELECT * FROM payment_notices WHERE reference = ? ORDER BY sequence",
            (order.reference,),
        )
        return {
            "reference": order.reference,
            "transaction": order.transaction,
            "status": order.status,
            "amount_vnd": order.amount_vnd,
            "settled_at": order.settled_at and order.settled_at.isoformat(),
            "init": order.init,
            "notices": [_notice(dict(row)) for row in notices],
        }

    def references(self, after: str, limit: int) -> list[dict[str, Any]]:
        """Return reference and status of the orders that follow `after`, in order of reference."""
        found = self.memory.rows(
            "SELECT reference, status FROM payment_orders WHERE reference > ?"
            " ORDER BY reference LIMIT ?",
            (after, limit),
        )
        return [dict(row) for row in found]

    def forget(self) -> None:
        """Empty the memory."""
        with self.memory.writing():
            self.memory.write("DELETE FROM payment_orders")
            self.memory.write("DELETE FROM payment_notices")


def _order(row: dict[str, Any]) -> Order:
    settled_at = row["settled_at"] and datetime.fromisoformat(row["settled_at"])
    status = OrderStatus(row["status"])
    return Order(
        **row | {"init": json.loads(row["init"]), "status": status, "settled_at": settled_at}
    )


def _notice(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "sequence": row["sequence"],
        "fault": row["fault"],
        "notice": json.loads(row["notice"]),
        "attempts": row["attempts"],
        "answers": json.loads(row["answers"]),
        "acknowledged_at": row["acknowledged_at"],
        "is_waiting": row["next_at"] is not None,
    }
