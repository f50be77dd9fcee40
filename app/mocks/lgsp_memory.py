"""What the LGSP's mock remembers: who its registers know, and every question it was asked."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.mocks.lgsp_people import CATEGORIES, CITIZENS, ENTERPRISES, RESULTS
from app.mocks.memory import Memory
from app.mocks.wire import as_text

SCHEMA = """
CREATE TABLE IF NOT EXISTS lgsp_records (
    register TEXT NOT NULL, key TEXT NOT NULL, record TEXT NOT NULL, PRIMARY KEY (register, key)
);
CREATE TABLE IF NOT EXISTS lgsp_questions (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT, service TEXT NOT NULL, subject TEXT NOT NULL,
    request TEXT, asked_by TEXT, is_found INTEGER NOT NULL, by_fault INTEGER NOT NULL,
    at TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS lgsp_questions_request ON lgsp_questions (request);
"""

POPULATION, BUSINESS, CATEGORY, RESULT = "population", "business", "category", "result"


@dataclass(frozen=True, slots=True)
class Question:
    """One question; `subject` is whom or what it was about, `request` its MaYeuCau."""

    service: str
    subject: str
    is_found: bool
    by_fault: bool
    request: str | None = None
    asked_by: str | None = None


class LgspMemory:
    """Reads and writes of the LGSP's tables."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        if memory.row("SELECT 1 FROM lgsp_records LIMIT 1") is None:
            self._fill()

    def _fill(self) -> None:
        with self._memory.writing():
            for citizen in CITIZENS:
                self.put(POPULATION, citizen["SoDinhDanh"], citizen)
            for enterprise in ENTERPRISES:
                self.put(BUSINESS, enterprise["MaSoDoanhNghiep"], enterprise)
            for name, entries in CATEGORIES.items():
                self.put(CATEGORY, name, {"DanhSach": entries})
            for result in RESULTS:
                self.put(RESULT, str(result["MaKetQua"]), result)

    def put(self, register: str, key: str, record: Mapping[str, Any]) -> None:
        """Put a record in, or in the place of the one with this key."""
        self._memory.write(
            "INSERT INTO lgsp_records VALUES (?, ?, ?)"
            " ON CONFLICT (register, key) DO UPDATE SET record = excluded.record",
            (register, key, as_text(record)),
        )

    def record(self, register: str, key: str) -> dict[str, Any] | None:
        """Return a record by its key."""
        row = self._memory.row(
            "SELECT record FROM lgsp_records WHERE register = ? AND key = ?", (register, key)
        )
        return None if row is None else dict(json.loads(row["record"]))

    def results(self, owner: str) -> list[dict[str, Any]]:
        """Return the digitised results of an owner, in order of their code."""
        found = self._memory.rows(
            "SELECT record FROM lgsp_records WHERE register = ? ORDER BY key", (RESULT,)
        )
        records = [dict(json.loads(row["record"])) for row in found]
        return [record for record in records if record["SoDinhDanhChuSoHuu"] == owner]

    def has_file(self, owner: str, path: str) -> bool:
        """Tell whether some result has this file."""
        found = self._memory.rows("SELECT record FROM lgsp_records WHERE register = ?", (RESULT,))
        return any(
            record["CoQuanChuQuan"] == owner and file["DuongDan"] == path
            for record in (json.loads(row["record"]) for row in found)
            for file in record["DanhSachTepDinhKem"]
        )

    def is_used(self, request: str) -> bool:
        """Tell whether a MaYeuCau came before."""
        row = self._memory.row("SELECT 1 FROM lgsp_questions WHERE request = ?", (request,))
        return row is not None

    def remember(self, question: Question, now: datetime) -> None:
        """Keep a question for good."""
        self._memory.write(
            "INSERT INTO lgsp_questions"
            " (service, subject, request, asked_by, is_found, by_fault, at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                question.service,
                question.subject,
                question.request,
                question.asked_by,
                question.is_found,
                question.by_fault,
                now.isoformat(),
            ),
        )

    def questions(self, after: int, limit: int) -> list[dict[str, Any]]:
        """Return questions in the order in which they came."""
        rows = self._memory.rows(
            "SELECT * FROM lgsp_questions WHERE sequence > ? ORDER BY sequence LIMIT ?",
            (after, limit),
        )
        return [
            {**dict(row), "is_found": bool(row["is_found"]), "by_fault": bool(row["by_fault"])}
            for row in rows
        ]

    def forget(self) -> None:
        """Forget every question and put the registers back to what they were at first."""
        with self._memory.writing():
            self._memory.write("DELETE FROM lgsp_records")
            self._memory.write("DELETE FROM lgsp_questions")
            self._fill()
