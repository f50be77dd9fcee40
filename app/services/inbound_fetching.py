"""The files of a dossier that the portal hands on: fetched, held against their hash, kept."""

import hashlib
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.dialects.postgresql import insert as upsert

from app.db import file_store
from app.db.access import acting
from app.db.inbound import inbound_file
from app.domain.actor import SYSTEM
from app.domain.application import Fault
from app.domain.documents import FileRefused
from app.domain.inbound import Malformed, Paper
from app.integrations import portal_files
from app.integrations.portal_files import FileBroken, FileUnavailable
from app.services.desk import Desk
from app.services.errands import BROKEN_ANSWERS
from app.services.file_kinds import examine


@dataclass(frozen=True, slots=True)
class Fetched:
    """The content of each paper by its hash, in their order; `was_asked`: the portal was called."""

    hashes: tuple[str, ...]
    was_asked: bool


def fetch(desk: Desk, row: Row[Any], papers: tuple[Paper, ...], now: datetime) -> Fetched:
    """Bring in what is not here yet; raises `Malformed` with every file that may not come in.

    A portal that does not answer ends it (`FileUnavailable`, `FileBroken`): what came before is
    kept. A file with another hash may have been cut on its way: it is fetched a few times.
    """
    known = _known(desk, row.id)
    was_asked = any(paper.content is None and paper.url not in known for paper in papers)
    faults: list[Fault] = []
    hashes: list[str] = []
    for paper in papers:
        try:
            found = _here(known, paper) or _bring_in(desk, row, paper, now)
        except portal_files.FileRefused as refusal:
            faults.append(Fault(paper.pointer, refusal.code, refusal.detail))
        except FileRefused as refusal:
            faults.append(Fault(paper.pointer, "file.type_refused", refusal.detail))
        except (FileUnavailable, FileBroken) as error:
            if faults:
                break  # it is for a person anyway
            raise type(error)(f"{paper.pointer}: {error}") from error
        else:
            hashes.append(found)
            known |= {paper.url: found} if paper.url else {}
    if faults:
        raise Malformed(faults)
    return Fetched(tuple(hashes), was_asked)


def _here(known: Mapping[str, str], paper: Paper) -> str | None:
    """Return the hash of a file that was fetched before, held against the message's once more."""
    found = known.get(paper.url or "")
    if found is not None and paper.sha256 not in {None, found}:
        raise _wrong_hash()
    return found


def _known(desk: Desk, inbound_id: int) -> dict[str, str]:
    with acting(desk.engine, SYSTEM) as tx:
        rows = tx.db.execute(
            select(inbound_file.c.url, inbound_file.c.sha256).where(
                inbound_file.c.inbound_id == inbound_id
            )
        )
        return {row.url: row.sha256 for row in rows}


def _bring_in(desk: Desk, row: Row[Any], paper: Paper, now: datetime) -> str:
    with tempfile.NamedTemporaryFile(prefix="inbound-") as spool:
        path = Path(spool.name)
        limit = desk.rules.upload_limit_bytes
        if paper.content is None:
            desk.partners.portal_files.fetch(paper.url or "", path, limit)
        elif len(paper.content) > limit:
            detail = f"Tệp lớn hơn {limit // 1024 // 1024} MB."
            raise portal_files.FileRefused("file.too_large", detail)
        else:
            path.write_bytes(paper.content)
        _check_hash(
            path, paper, is_final=paper.content is not None or row.attempts >= BROKEN_ANSWERS
        )
        file = examine(path, now)
        with acting(desk.engine, SYSTEM) as tx:
            file_store.write(tx.db, path, file)
            if paper.url:
                tx.db.execute(
                    upsert(inbound_file)
                    .values(inbound_id=row.id, url=paper.url, sha256=file.sha256, fetched_at=now)
                    .on_conflict_do_nothing()
                )
        return file.sha256


def _check_hash(path: Path, paper: Paper, *, is_final: bool) -> None:
    if paper.sha256 is None:
        return
    with path.open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() == paper.sha256:
            return
    if is_final:
        raise _wrong_hash()
    raise FileBroken("SHA-256")


def _wrong_hash() -> portal_files.FileRefused:
    detail = "Nội dung tệp tải về không khớp với HashTepTin trong bản tin."
    return portal_files.FileRefused("file.wrong_hash", detail)
