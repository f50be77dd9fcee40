"""What the central portal's mock remembers: numbers given, files, dossiers, what was told."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from secrets import token_hex
from typing import Any

from app.mocks.memory import Memory
from app.mocks.portal_rules import ACCEPTED, Known
from app.mocks.wire import as_text

SCHEMA = """
CREATE TABLE IF NOT EXISTS central_numbers (
    n INTEGER PRIMARY KEY AUTOINCREMENT, number TEXT UNIQUE, unit TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS central_files (
    id TEXT PRIMARY KEY, sha256 TEXT NOT NULL, name TEXT NOT NULL, size INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS central_dossiers (
    code TEXT PRIMARY KEY, id TEXT NOT NULL UNIQUE, status TEXT NOT NULL,
    was_accepted INTEGER NOT NULL, item TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS central_told (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT, code TEXT NOT NULL, status TEXT NOT NULL,
    sha256 TEXT NOT NULL, item TEXT NOT NULL, by_fault INTEGER NOT NULL, at TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS central_told_code ON central_told (code, sequence);
CREATE TABLE IF NOT EXISTS central_progress (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT, code TEXT NOT NULL, sha256 TEXT NOT NULL,
    item TEXT NOT NULL, at TEXT NOT NULL, UNIQUE (code, sha256)
);
"""
_TABLES = ("numbers", "files", "dossiers", "told", "progress")


@dataclass(frozen=True, slots=True)
class CentralMemory:
    """Reads and writes of the portal's tables; what is allowed is decided by the caller."""

    memory: Memory

    def next_number(self, unit: str, now: datetime) -> str:
        """Give a new number to a unit."""
        with self.memory.writing():
            self.memory.write("INSERT INTO central_numbers (unit) VALUES (?)", (unit,))
            row = self.memory.row("SELECT max(n) AS n FROM central_numbers")
            n = 0 if row is None else row["n"]
            number = f"{unit}-{now:%Y%m%d}-{n:07}"
            self.memory.write("UPDATE central_numbers SET number = ? WHERE n = ?", (number, n))
        return number

    def is_given(self, number: str) -> bool:
        found = self.memory.row("SELECT n FROM central_numbers WHERE number = ?", (number,))
        return found is not None

    def keep_file(self, name: str, content: bytes) -> tuple[str, str]:
        """Remember an uploaded file; return its id and hash."""
        file_id, digest = token_hex(8), sha256(content).hexdigest()
        self.memory.write(
            "INSERT INTO central_files VALUES (?, ?, ?, ?)", (file_id, digest, name, len(content))
        )
        return file_id, digest

    def file_hash(self, file_id: str) -> str | None:
        row = self.memory.row("SELECT sha256 FROM central_files WHERE id = ?", (file_id,))
        return None if row is None else row["sha256"]

    def id_of(self, code: str) -> str | None:
        row = self.memory.row("SELECT id FROM central_dossiers WHERE code = ?", (code,))
        return None if row is None else row["id"]

    def known(self, code: str) -> Known | None:
        row = self.memory.row("SELECT * FROM central_dossiers WHERE code = ?", (code,))
        if row is None:
            return None
        return Known(json.loads(row["item"]), row["status"], bool(row["was_accepted"]))

    def create(self, item: Mapping[str, Any]) -> str:
        """Remember a new dossier, which has no status yet; return its id."""
        made = token_hex(12)
        self.memory.write(
            "INSERT INTO central_dossiers VALUES (?, ?, '', 0, ?)",
            (item["MaHoSo"], made, as_text(item, is_sorted=True)),
        )
        return made

    def tell(self, item: Mapping[str, Any], now: datetime, *, by_fault: bool) -> bool:
        """Remember a status; what was told last is not remembered twice. Answer if it is new."""
        code, content = item["MaHoSo"], as_text(item, is_sorted=True)
        digest = sha256(content.encode()).hexdigest()
        last = self.memory.row(
            "SELECT sha256 FROM central_told WHERE code = ? ORDER BY sequence DESC LIMIT 1",
            (code,),
        )
        if last is not None and last["sha256"] == digest:
            return False
        with self.memory.writing():
            self.memory.write(
                "INSERT INTO central_told (code, status, sha256, item, by_fault, at)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (code, item["TrangThai"], digest, content, by_fault, now.isoformat()),
            )
            self.memory.write(
                "UPDATE central_dossiers SET status = ?, was_accepted = was_accepted OR ?"
                " WHERE code = ?",
                (item["TrangThai"], item["TrangThai"] in ACCEPTED, code),
            )
        return True

    def add_progress(self, item: Mapping[str, Any], now: datetime) -> bool:
        """Remember a row of progress; an identical one is kept once."""
        content = as_text(item, is_sorted=True)
        added = self.memory.write(
            "INSERT INTO central_progress (code, sha256, item, at) VALUES (?, ?, ?, ?)"
            " ON CONFLICT DO NOTHING",
            (item["MaHoSo"], sha256(content.encode()).hexdigest(), content, now.isoformat()),
        )
        return added == 1

    def history(self, code: str) -> dict[str, Any]:
        """Return everything that was ever heard about a dossier, in order."""
        known = self.known(code)
        told = self.memory.rows(
            "SELECT status, item, by_fault, at FROM central_told WHERE code = ? ORDER BY sequence",
            (code,),
        )
        progress = self.memory.rows(
            "SELECT item FROM central_progress WHERE code = ? ORDER BY sequence", (code,)
        )
        return {
            "code": code,
            "id": self.id_of(code),
            "dossier": None if known is None else known.item,
            "told": [
                {
                    "status": row["status"],
                    "item": json.loads(row["item"]),
                    "by_fault": bool(row["by_fault"]),
                    "at": row["at"],
                }
                for row in told
            ],
            "progress": [json.loads(row["item"]) for row in progress],
        }

    def codes(self, after: str, limit: int) -> list[str]:
        found = self.memory.rows(
            "SELECT code FROM central_dossiers WHERE code > ? ORDER BY code LIMIT ?", (after, limit)
        )
        return [row["code"] for row in found]

    def counts(self) -> dict[str, int]:
        """Return how much is remembered of each kind."""
        counted = [
            (table, self.memory.row(f"SELECT count(*) FROM central_{table}")) for table in _TABLES
        ]
        return {table: row[0] for table, row in counted if row is not None}

    def forget(self) -> None:
        """Empty the memory; numbers go on where they were, none is given twice."""
        with self.memory.writing():
            for table in _TABLES:
                self.memory.write(f"DELETE FROM central_{table}")
