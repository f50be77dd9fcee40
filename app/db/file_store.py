"""Files in the database: written once under their SHA-256, read back piece by piece."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import Connection, Engine, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert

from app.db.access import acting
from app.db.documents import file_chunk, stored_file
from app.domain.actor import SYSTEM
from app.domain.documents import SIGNABLE_TYPES

CHUNK = 256 * 1024


@dataclass(frozen=True, slots=True)
class StoredFile:
    sha256: str
    size_bytes: int
    media_type: str
    stored_at: datetime


def write(db: Connection, path: Path, file: StoredFile) -> None:
    """Write a file's content unless it is there already."""
    with path.open("rb") as source:
        write_from(db, source, file)


def write_from(db: Connection, source: BinaryIO, file: StoredFile) -> None:
    """Write what can be read from `source` unless it is there already."""
    is_new = db.execute(
        upsert(stored_file)
        .values(
            sha256=file.sha256,
            size_bytes=file.size_bytes,
            media_type=file.media_type,
            stored_at=file.stored_at,
            # Only these can carry a signature that we check; the others never wait for one.
            checked_at=None if file.media_type in SIGNABLE_TYPES else file.stored_at,
        )
        .on_conflict_do_nothing()
        .returning(stored_file.c.sha256)
    ).one_or_none()
    if is_new is None:
        return
    for n, content in enumerate(iter(lambda: source.read(CHUNK), b"")):
        db.execute(insert(file_chunk).values(sha256=file.sha256, n=n, content=content))


def content(engine: Engine, sha256: str) -> Iterator[bytes]:
    """Yield a file's content in pieces, each read in a transaction of its own.

    The caller has seen a document that names the file: a slow reader holds nothing open.
    """
    n = 0
    while True:
        with acting(engine, SYSTEM) as tx:
            piece: bytes | None = tx.db.scalar(
                select(file_chunk.c.content).where(
                    file_chunk.c.sha256 == sha256, file_chunk.c.n == n
                )
            )
        if piece is None:
            return
        yield piece
        n += 1
