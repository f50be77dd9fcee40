"""Files: kept once by content, found out what they are, handed out in pieces."""

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Row, desc, insert, select, true

from app.db import file_store
from app.db.access import Transaction, acting
from app.db.answers import remember
from app.db.documents import document, signature_verdict, stored_file
from app.db.views import verdict_view
from app.domain.actor import DESK_ROLES, Actor, Role
from app.domain.documents import DocumentKind, DocumentNotFound
from app.domain.lifecycle import RoleRefused
from app.domain.once import Once
from app.services.desk import Desk
from app.services.file_kinds import examine


def keep(
    desk: Desk,
    path: Path,
    name: str,
    kind: DocumentKind,
    *,
    actor: Actor,
    now: datetime,
    once: Callable[[str], Once] | None = None,
) -> dict[str, Any]:
    """Keep an uploaded file: once under its SHA-256, named by a document of its own.

    `once` makes the request's key from the fingerprint of what was uploaded.
    """
    if kind is DocumentKind.RESULT and actor.role not in DESK_ROLES:
        raise RoleRefused("Chỉ cán bộ của cơ quan tải lên được kết quả giải quyết.")
    if actor.role not in {*DESK_ROLES, Role.APPLICANT}:
        raise RoleRefused("Vai trò của bạn không tải tệp lên.")
    file = examine(path, now)
    key = once(file.sha256) if once else None
    with acting(desk.engine, actor, key) as tx:
        if tx.seen is not None:
            return dict(tx.seen)
        file_store.write(tx.db, path, file)
        document_id = uuid4()
        tx.db.execute(
            insert(document).values(
                id=document_id,
                sha256=file.sha256,
                kind=kind,
                name=name,
                owner_id=actor.id,
                agency_id=desk.references.catalogue(tx).agency_ids.get(actor.agency or ""),
                uploaded_at=now,
            )
        )
        kept = {
            "id": str(document_id),
            "name": name,
            "kind": str(kind),
            "media_type": file.media_type,
            "size_bytes": file.size_bytes,
            "sha256": file.sha256,
        }
        remember(tx, key, kept, now)
    desk.wake()
    return kept


def describe(desk: Desk, document_id: UUID, *, actor: Actor) -> dict[str, Any]:
    """Return a document and what its signatures are worth."""
    with acting(desk.engine, actor) as tx:
        found = _find(tx, document_id)
    return {
        "id": found.id,
        "name": found.name,
        "kind": found.kind,
        "media_type": found.media_type,
        "size_bytes": found.size_bytes,
        "sha256": found.sha256,
        "signature": verdict_view(found),
        "signatures": (found.report or {}).get("signatures", []),
    }


def _find(tx: Transaction, document_id: UUID) -> Row[Any]:
    """Return a document that the actor may see: row security says which those are."""
    verdict = (
        select(signature_verdict)
        .where(signature_verdict.c.sha256 == document.c.sha256)
        .order_by(desc(signature_verdict.c.n))
        .limit(1)
        .lateral("verdict")
    )
    found = tx.db.execute(
        select(
            document,
            stored_file.c.media_type,
            stored_file.c.size_bytes,
            verdict.c.indication,
            verdict.c.sub_indication,
            verdict.c.reason,
            verdict.c.checked_at,
            verdict.c.report,
        )
        .join(stored_file, stored_file.c.sha256 == document.c.sha256)
        .outerjoin(verdict, onclause=true())
        .where(document.c.id == document_id)
    ).one_or_none()
    if found is None:
        raise DocumentNotFound("Không tìm thấy tài liệu này.")
    return found


def content(desk: Desk, sha256: str) -> Iterator[bytes]:
    """Yield the content of a file whose document the caller was shown."""
    return file_store.content(desk.engine, sha256)
