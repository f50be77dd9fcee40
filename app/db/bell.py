"""Waking the workers: LISTEN/NOTIFY, rung at most every so often.

A NOTIFY inside the transactions that write would make their commits queue behind one lock, so a
process rings from a thread of its own; a ring that is lost costs no more than a worker's next look.
"""

import logging
import threading

import psycopg
from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

log = logging.getLogger(__name__)

CHANNEL = "motcua_ledger"
_NOT_MORE_OFTEN_THAN_S = 0.05


class Bell:
    """Rings for a process; `ring` costs nothing and may be called by many threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._wanted = threading.Event()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="bell", daemon=True)
        self._thread.start()

    def ring(self) -> None:
        self._wanted.set()

    def close(self) -> None:
        self._closing.set()
        self._wanted.set()
        self._thread.join(timeout=5)

    def _run(self) -> None:
        while not self._closing.is_set():
            self._wanted.wait()
            if self._closing.wait(_NOT_MORE_OFTEN_THAN_S):
                return
            self._wanted.clear()
            try:
                with self._engine.begin() as db:
                    db.execute(text(f"NOTIFY {CHANNEL}"))
            except SQLAlchemyError as error:
                log.warning("workers not woken, they look by themselves: %s", error)


class Ear:
    """A worker's ear for the bell; made anew by itself when the connection breaks."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connection: psycopg.Connection[tuple[object, ...]] | None = None

    def wait(self, seconds: float, closing: threading.Event) -> None:
        """Wait for a ring, at most `seconds`."""
        try:
            connection = self._connection or self._listen()
            for _ in connection.notifies(timeout=seconds, stop_after=1):
                return
        except (psycopg.Error, SQLAlchemyError):
            self.close()
            closing.wait(seconds)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _listen(self) -> "psycopg.Connection[tuple[object, ...]]":
        pooled = self._engine.raw_connection()
        connection = pooled.driver_connection
        pooled.detach()
        if not isinstance(connection, psycopg.Connection):
            raise TypeError("the driver is psycopg")
        connection.rollback()
        connection.autocommit = True
        connection.execute(f"LISTEN {CHANNEL}")
        self._connection = connection
        return connection
