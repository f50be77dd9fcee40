"""What the central portal called our dossiers and documents, kept before it is used."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Engine, select, text
from sqlalchemy.dialects.postgresql import insert as upsert

from app.db.access import acting
from app.db.file_store import content
from app.db.portal import portal_dossier, portal_file
from app.domain.actor import SYSTEM
from app.integrations.central_portal import Numbered


@dataclass(frozen=True, slots=True)
class PortalRegistry:
    """The adapter's memory, in the database."""

    engine: Engine

    def find(self, dossier_id: int) -> Numbered | None:
        with acting(self.engine, SYSTEM) as tx:
            row = tx.db.execute(
                select(portal_dossier).where(portal_dossier.c.dossier_id == dossier_id)
            ).one_or_none()
        return None if row is None else Numbered(row.number, row.portal_id)

    def keep_number(self, dossier_id: int, number: str, now: datetime) -> str:
        """Keep a number unless another worker kept one; return the one that counts."""
        with acting(self.engine, SYSTEM) as tx:
            tx.db.execute(
                upsert(portal_dossier)
                .values(dossier_id=dossier_id, number=number, numbered_at=now)
                .on_conflict_do_nothing(index_elements=["dossier_id"])
            )
            kept: str = tx.db.scalars(
                select(portal_dossier.c.number).where(portal_dossier.c.dossier_id == dossier_id)
            ).one()
        return kept

    def keep_id(self, dossier_id: int, portal_id: str) -> None:
        with acting(self.engine, SYSTEM) as tx:
            tx.db.execute(
                text("UPDATE portal_dossier SET portal_id = :id WHERE dossier_id = :dossier"),
                {"id": portal_id, "dossier": dossier_id},
            )

    def files(self, documents: Sequence[UUID]) -> dict[UUID, str]:
        if not documents:
            return {}
        with acting(self.engine, SYSTEM) as tx:
            rows = tx.db.execute(
                select(portal_file).where(portal_file.c.document_id.in_(documents))
            ).all()
        return {row.document_id: row.file_id for row in rows}

    def keep_file(self, document: UUID, file_id: str, digest: str, now: datetime) -> None:
        with acting(self.engine, SYSTEM) as tx:
            tx.db.execute(
                upsert(portal_file)
                .values(document_id=document, file_id=file_id, sha256=digest, uploaded_at=now)
                .on_conflict_do_nothing(index_elements=["document_id"])
            )

    def content(self, digest: str) -> bytes:
        return b"".join(content(self.engine, digest))
