"""What the mail server's mock remembers: letters in the order in which they were taken."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.mocks.memory import Memory

SCHEMA = """
CREATE TABLE IF NOT EXISTS mail_letters (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT, message_id TEXT NOT NULL, sender TEXT NOT NULL,
    recipient TEXT NOT NULL, subject TEXT NOT NULL, body TEXT NOT NULL,
    by_fault INTEGER NOT NULL, at TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS mail_letters_recipient ON mail_letters (recipient, sequence);
"""


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter as it lies in the mailbox."""

    message_id: str
    sender: str
    recipient: str
    subject: str
    body: str
    by_fault: bool


@dataclass(frozen=True, slots=True)
class MailMemory:
    """Reads and writes of the mailboxes."""

    memory: Memory

    def keep(self, letter: Letter, now: datetime) -> None:
        """Put a letter into its mailbox, whether or not it lies there already."""
        self.memory.write(
            "INSERT INTO mail_letters (message_id, sender, recipient, subject, body, by_fault, at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                letter.message_id,
                letter.sender,
                letter.recipient,
                letter.subject,
                letter.body,
                letter.by_fault,
                now.isoformat(),
            ),
        )

    def letters(self, recipient: str | None, after: str, limit: int) -> list[dict[str, Any]]:
        """Return letters in order, of one mailbox or of all."""
        found = self.memory.rows(
            "SELECT * FROM mail_letters WHERE sequence > ? AND (? IS NULL OR recipient = ?)"
            " ORDER BY sequence LIMIT ?",
            (int(after) if after.isdigit() else 0, recipient, recipient, limit),
        )
        return [dict(row) | {"by_fault": bool(row["by_fault"])} for row in found]

    def forget(self) -> None:
        """Empty the memory."""
        self.memory.write("DELETE FROM mail_letters")
