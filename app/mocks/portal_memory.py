"""What the national portal's mock remembers: dossiers, their history, progress, refusals."""

import json
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from app.mocks.memory import Memory
from app.mocks.portal_codes import bare_procedure
from app.mocks.portal_rules import ACCEPTED, Known
from app.mocks.portal_submission_memory import SCHEMA as SUBMISSIONS
from app.mocks.wire import as_text

SCHEMA = (
    """
CREATE TABLE IF NOT EXISTS portal_dossiers (
    code TEXT PRIMARY KEY, status TEXT NOT NULL, was_accepted INTEGER NOT NULL, item TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS portal_told (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT, code TEXT NOT NULL, service TEXT NOT NULL,
    is_addition INTEGER NOT NULL, status TEXT NOT NULL, sha256 TEXT NOT NULL,
    by_fault INTEGER NOT NULL, at TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS portal_told_code ON portal_told (code, sequence);
CREATE TABLE IF NOT EXISTS portal_progress (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT, code TEXT NOT NULL, sha256 TEXT NOT NULL,
    item TEXT NOT NULL, at TEXT NOT NULL, UNIQUE (code, sha256)
);
CREATE TABLE IF NOT EXISTS portal_refused (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT, code TEXT NOT NULL, service TEXT NOT NULL,
    error_code INTEGER NOT NULL, message TEXT NOT NULL, at TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS portal_refused_code ON portal_refused (code, sequence);
CREATE TABLE IF NOT EXISTS portal_procedures (code TEXT PRIMARY KEY, content TEXT NOT NULL);
"""
    + SUBMISSIONS
)
_TABLES = ("dossiers", "told", "progress", "refused", "procedures", "submissions", "files")


@dataclass(frozen=True, slots=True)
class Telling:
    """One accepted message about a dossier: the dossier as it is now known, and how it came."""

    item: dict[str, Any]
    service: str
    is_addition: bool
    by_fault: bool


@dataclass(frozen=True, slots=True)
class PortalMemory:
    """Reads and writes of the portal's tables; what is allowed is decided by the caller."""

    memory: Memory

    def writing(self) -> AbstractContextManager[None]:
        """Open the transaction in which a message is judged and remembered as a whole."""
        return self.memory.writing()

    def known(self, code: str) -> Known | None:
        """Return a dossier as last told."""
        row = self.memory.row("SELECT * FROM portal_dossiers WHERE code = ?", (code,))
        if row is None:
            return None
        return Known(json.loads(row["item"]), row["status"], bool(row["was_accepted"]))

    def hand_in(self, item: Mapping[str, Any]) -> None:
        """Know a dossier that was handed in here, unless it is known: nobody had to tell it."""
        self.memory.write(
            "INSERT INTO portal_dossiers VALUES (?, ?, 0, ?) ON CONFLICT DO NOTHING",
            (item["MaHoSo"], item["TrangThaiHoSo"], as_text(item, is_sorted=True)),
        )

    def tell(self, telling: Telling, known: Known | None, now: datetime) -> None:
        """Remember a dossier in its new state and add the telling to its history."""
        code, status = telling.item["MaHoSo"], telling.item["TrangThaiHoSo"]
        content = as_text(telling.item, is_sorted=True)
        was_accepted = status in ACCEPTED or (known is not None and known.was_accepted)
        with self.writing():
            self.memory.write(
                "INSERT OR REPLACE INTO portal_dossiers VALUES (?, ?, ?, ?)",
                (code, status, was_accepted, content),
            )
            self.memory.write(
                "INSERT INTO portal_told (code, service, is_addition, status, sha256, by_fault, at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    code,
                    telling.service,
                    telling.is_addition,
                    status,
                    _fingerprint(content),
                    telling.by_fault,
                    now.isoformat(),
                ),
            )

    def add_progress(self, item: Mapping[str, Any], now: datetime) -> bool:
        """Remember a progress row; answer whether it is new (an identical one is kept once)."""
        content = as_text(item, is_sorted=True)
        added = self.memory.write(
            "INSERT INTO portal_progress (code, sha256, item, at) VALUES (?, ?, ?, ?)"
            " ON CONFLICT DO NOTHING",
            (item["MaHoSo"], _fingerprint(content), content, now.isoformat()),
        )
        return added == 1

    def drop(self, code: str) -> bool:
        """Lose a dossier and its progress, not what was heard of it; answer whether it was here."""
        with self.writing():
            self.memory.write("DELETE FROM portal_progress WHERE code = ?", (code,))
            return bool(self.memory.write("DELETE FROM portal_dossiers WHERE code = ?", (code,)))

    def alter(self, code: str, changes: Mapping[str, Any]) -> bool:
        """Change what is remembered of a dossier without being told; null takes a field away."""
        with self.writing():
            known = self.known(code)
            if known is None:
                return False
            merged = {**known.item, **changes}
            item = {name: value for name, value in merged.items() if value is not None}
            self.memory.write(
                "UPDATE portal_dossiers SET item = ?, status = ? WHERE code = ?",
                (as_text(item, is_sorted=True), item.get("TrangThaiHoSo", known.status), code),
            )
            return True

    def refuse(self, code: str, service: str, error_code: int, message: str, now: datetime) -> None:
        """Remember that a message about a dossier was refused, and why."""
        self.memory.write(
            "INSERT INTO portal_refused (code, service, error_code, message, at)"
            " VALUES (?, ?, ?, ?, ?)",
            (code, service, error_code, message, now.isoformat()),
        )

    def put_procedure(self, code: str, content: Mapping[str, Any]) -> None:
        """Put a procedure into the portal's catalogue, in place of an earlier one."""
        self.memory.write(
            "INSERT OR REPLACE INTO portal_procedures VALUES (?, ?)", (code, as_text(content))
        )

    def procedures(self) -> list[dict[str, Any]]:
        """Return the catalogue in the order of its codes."""
        found = self.memory.rows("SELECT content FROM portal_procedures ORDER BY code")
        return [json.loads(row["content"]) for row in found]

    def procedure(self, code: str) -> dict[str, Any] | None:
        """Return a procedure by its code, whatever local suffix either carries."""
        bare = bare_procedure(code)
        row = self.memory.row(
            "SELECT content FROM portal_procedures WHERE code = ? OR code = ?"
            " OR code LIKE ? || '.%' ORDER BY code = ? DESC LIMIT 1",
            (code, bare, bare, code),
        )
        return None if row is None else json.loads(row["content"])

    def history(self, code: str) -> dict[str, Any]:
        """Return everything that was ever heard about a dossier, in order."""
        known = self.known(code)
        told = self.memory.rows(
            "SELECT * FROM portal_told WHERE code = ? ORDER BY sequence", (code,)
        )
        progress = self.memory.rows(
            "SELECT item FROM portal_progress WHERE code = ? ORDER BY sequence", (code,)
        )
        refused = self.memory.rows(
            "SELECT sequence, service, error_code, message, at FROM portal_refused"
            " WHERE code = ? ORDER BY sequence",
            (code,),
        )
        return {
            "code": code,
            "dossier": None if known is None else known.item,
            "told": [_told(dict(row)) for row in told],
            "progress": [json.loads(row["item"]) for row in progress],
            "refused": [dict(row) for row in refused],
        }

    def codes(self, after: str, limit: int) -> list[str]:
        """Return the codes that follow `after`, in their order."""
        found = self.memory.rows(
            "SELECT code FROM portal_dossiers WHERE code > ? ORDER BY code LIMIT ?", (after, limit)
        )
        return [row["code"] for row in found]

    def counts(self) -> dict[str, int]:
        """Return how much is remembered of each kind."""
        counted = [
            (table, self.memory.row(f"SELECT count(*) FROM portal_{table}")) for table in _TABLES
        ]
        return {table: row[0] for table, row in counted if row is not None}

    def forget(self) -> None:
        """Empty the memory."""
        with self.writing():
            for table in _TABLES:
                self.memory.write(f"DELETE FROM portal_{table}")


def _fingerprint(content: str) -> str:
    return sha256(content.encode()).hexdigest()


def _told(row: dict[str, Any]) -> dict[str, Any]:
    del row["code"]
    return row | {"is_addition": bool(row["is_addition"]), "by_fault": bool(row["by_fault"])}
