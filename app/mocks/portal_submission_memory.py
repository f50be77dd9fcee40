"""What the portal's mock remembers of dossiers that it hands on: messages until taken, files."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.mocks.memory import Memory
from app.mocks.wire import as_text

SCHEMA = """
CREATE TABLE IF NOT EXISTS portal_submissions (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT, code TEXT NOT NULL, service TEXT NOT NULL,
    message TEXT NOT NULL, fault TEXT, attempts INTEGER NOT NULL DEFAULT 0,
    answers TEXT NOT NULL DEFAULT '[]', next_at REAL, acknowledged_at TEXT
);
CREATE INDEX IF NOT EXISTS portal_submissions_due ON portal_submissions (next_at)
    WHERE next_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS portal_submissions_code ON portal_submissions (code);
CREATE TABLE IF NOT EXISTS portal_files (
    code TEXT NOT NULL, file TEXT NOT NULL, content BLOB NOT NULL, fetched INTEGER NOT NULL
        DEFAULT 0, PRIMARY KEY (code, file)
);
"""
_KEPT_ANSWERS = 20


@dataclass(frozen=True, slots=True)
class DueSubmission:
    """A message that is to be sent now."""

    sequence: int
    code: str
    service: str
    message: dict[str, Any]
    fault: str | None
    attempts: int


@dataclass(frozen=True, slots=True)
class SubmissionMemory:
    """Reads and writes of those tables."""

    memory: Memory

    def add(
        self,
        service: str,
        message: Mapping[str, Any],
        fault: str | None,
        next_at: datetime | None,
    ) -> None:
        """Add a message, to be sent at an instant or (None) once a later one was taken."""
        self.memory.write(
            "INSERT INTO portal_submissions (code, service, message, fault, next_at)"
            " VALUES (?, ?, ?, ?, ?)",
            (
                str(message.get("MaHoSo", "")),
                service,
                as_text(message),
                fault,
                None if next_at is None else next_at.timestamp(),
            ),
        )

    def due(self, now: datetime, limit: int) -> list[DueSubmission]:
        """Return the messages that are to be sent by now, oldest first."""
        found = self.memory.rows(
            "SELECT sequence, code, service, message, fault, attempts FROM portal_submissions"
            " WHERE next_at <= ? ORDER BY next_at, sequence LIMIT ?",
            (now.timestamp(), limit),
        )
        return [
            DueSubmission(**dict(row) | {"message": json.loads(row["message"])}) for row in found
        ]

    def next_due(self) -> float | None:
        """Return when the next message is to be sent, as a POSIX timestamp."""
        row = self.memory.row(
            "SELECT min(next_at) FROM portal_submissions WHERE next_at IS NOT NULL"
        )
        return None if row is None else row[0]

    def record(
        self, sequence: int, answer: Mapping[str, Any], *, now: datetime, next_at: datetime | None
    ) -> None:
        """Record an answer; None for `next_at` means taken, which lets go what waited for it."""
        with self.memory.writing():
            row = self.memory.row(
                "SELECT answers FROM portal_submissions WHERE sequence = ?", (sequence,)
            )
            answers = [*(json.loads(row["answers"]) if row else []), answer]
            self.memory.write(
                "UPDATE portal_submissions SET attempts = attempts + 1, answers = ?, next_at = ?,"
                " acknowledged_at = ? WHERE sequence = ?",
                (
                    as_text(answers[-_KEPT_ANSWERS:]),
                    None if next_at is None else next_at.timestamp(),
                    now.isoformat() if next_at is None else None,
                    sequence,
                ),
            )
            if next_at is None:
                self.memory.write(
                    "UPDATE portal_submissions SET next_at = ? WHERE next_at IS NULL"
                    " AND acknowledged_at IS NULL AND sequence < ?",
                    (now.timestamp(), sequence),
                )

    def keep_file(self, code: str, file: str, content: bytes) -> None:
        """Keep a file of a dossier under its number."""
        self.memory.write(
            "INSERT OR REPLACE INTO portal_files (code, file, content) VALUES (?, ?, ?)",
            (code, file, content),
        )

    def file(self, code: str, file: str) -> bytes | None:
        """Return a file, and count that it was fetched."""
        self.memory.write(
            "UPDATE portal_files SET fetched = fetched + 1 WHERE code = ? AND file = ?",
            (code, file),
        )
        row = self.memory.row(
            "SELECT content FROM portal_files WHERE code = ? AND file = ?", (code, file)
        )
        return None if row is None else bytes(row["content"])

    def history(self, code: str) -> dict[str, Any]:
        """Return everything that was sent of a dossier, and how often its files were fetched."""
        sent = self.memory.rows(
            "SELECT * FROM portal_submissions WHERE code = ? ORDER BY sequence", (code,)
        )
        files = self.memory.rows(
            "SELECT file, length(content) AS size, fetched FROM portal_files WHERE code = ?"
            " ORDER BY file",
            (code,),
        )
        return {
            "code": code,
            "sent": [_sent(dict(row)) for row in sent],
            "files": [dict(row) for row in files],
        }

    def listed(self, after: int, limit: int) -> list[dict[str, Any]]:
        """Return what was sent, in order, without the messages."""
        rows = self.memory.rows(
            "SELECT * FROM portal_submissions WHERE sequence > ? ORDER BY sequence LIMIT ?",
            (after, limit),
        )
        return [
            {name: value for name, value in _sent(dict(row)).items() if name != "message"}
            for row in rows
        ]


def _sent(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "sequence": row["sequence"],
        "code": row["code"],
        "service": row["service"],
        "fault": row["fault"],
        "message": json.loads(row["message"]),
        "attempts": row["attempts"],
        "answers": json.loads(row["answers"]),
        "acknowledged_at": row["acknowledged_at"],
    }
