"""What the mocks remember: one SQLite file that outlives a restart of theirs."""

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

FILE_NAME = "mocks.sqlite3"


class Memory:
    """A small shared database.

    What was committed survives the death of the process, though not of the machine
    (`synchronous=OFF`), which is what makes a commit cost microseconds.
    """

    def __init__(self, folder: Path, *schemas: str) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock = threading.RLock()
        self._db = sqlite3.connect(
            folder / FILE_NAME, timeout=10, isolation_level=None, check_same_thread=False
        )
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=OFF")
        for schema in schemas:
            self._db.executescript(schema)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Open a transaction that is committed at the end or, on an error, leaves no trace.

        Inside another one it belongs to that one.
        """
        with self._lock:
            if self._db.in_transaction:
                yield
                return
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[sqlite3.Row]:
        """Return all rows of a query."""
        with self._lock:
            return self._db.execute(sql, parameters).fetchall()

    def row(self, sql: str, parameters: Sequence[Any] = ()) -> sqlite3.Row | None:
        """Return the first row of a query, if there is one."""
        found = self.rows(sql, parameters)
        return found[0] if found else None

    def write(self, sql: str, parameters: Sequence[Any] = ()) -> int:
        """Run one statement, in the open transaction if there is one; return the rows touched."""
        with self.writing():
            return self._db.execute(sql, parameters).rowcount

    def close(self) -> None:
        """Close the file; the memory stays in it."""
        with self._lock:
            self._db.close()
