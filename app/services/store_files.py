"""Files of the store of digitised results: fetched by a look-up, kept as a paper of the dossier."""

import tempfile
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import Row, func, insert, select

from app.db import file_store
from app.db.access import Transaction, acting
from app.db.documents import document
from app.db.dossiers import dossier, dossier_component, dossier_event
from app.db.figures import figure_mark
from app.db.file_store import StoredFile
from app.db.lookups import lookup_file
from app.domain.actor import SYSTEM
from app.domain.documents import DocumentKind, DocumentSource, FileRefused
from app.domain.lifecycle import Status
from app.integrations.lgsp import LgspRefused
from app.services.desk import Desk
from app.services.file_kinds import examine

OPEN = frozenset(
    {
        *(Status.REGISTERED, Status.ACCEPTED, Status.IN_PROCESS),
        *(Status.SUPPLEMENT_REQUESTED, Status.PAYMENT_REQUESTED),
    }
)
"""While a dossier is in one of these, a paper can still be added to it."""


class TooLate(Exception):
    """The dossier was decided or ended while its file was on the way."""


@dataclass(frozen=True, slots=True)
class Content:
    """What the store gave, and what it is."""

    content: bytes
    file: StoredFile


def file_of(desk: Desk, lookup_id: int) -> Row[Any] | None:
    """Return which file a look-up is to fetch; None: it asks for something else."""
    with acting(desk.engine, SYSTEM) as tx:
        return tx.db.execute(
            select(lookup_file).where(lookup_file.c.lookup_id == lookup_id)
        ).one_or_none()


def fetch(desk: Desk, wanted: Row[Any], now: datetime) -> Content:
    """Fetch a file from the store and find out what it is; raises what the client raises."""
    limit = desk.rules.upload_limit_bytes
    content = desk.partners.lgsp.result_file(wanted.owner, wanted.path, limit, now)
    with tempfile.NamedTemporaryFile(prefix="store-") as spool:
        spool.write(content)
        spool.flush()
        try:
            return Content(content, examine(Path(spool.name), now))
        except FileRefused as refusal:
            raise LgspRefused(refusal.code, refusal.detail) from refusal


def keep(tx: Transaction, row: Row[Any], wanted: Row[Any], found: Content, now: datetime) -> None:
    """Keep a file as the newest paper for its component, in the name of who asked."""
    status = tx.db.execute(
        select(dossier.c.status).where(dossier.c.id == row.dossier_id).with_for_update()
    ).scalar_one()
    if Status(status) not in OPEN:
        raise TooLate
    now = _after_the_events(tx, row.dossier_id, now)
    with tempfile.NamedTemporaryFile(prefix="store-") as spool:
        spool.write(found.content)
        spool.flush()
        file_store.write(tx.db, Path(spool.name), found.file)
    document_id = uuid4()
    tx.db.execute(
        insert(document).values(
            id=document_id,
            sha256=found.file.sha256,
            kind=DocumentKind.COMPONENT,
            name=wanted.name,
            owner_id=row.requested_id,
            agency_id=row.agency_id,
            dossier_id=row.dossier_id,
            uploaded_at=now,
            source=DocumentSource.RESULT_STORE,
            source_code=wanted.result_code,
        )
    )
    last = tx.db.scalar(
        select(func.max(dossier_component.c.n)).where(
            dossier_component.c.dossier_id == row.dossier_id
        )
    )
    tx.db.execute(
        insert(dossier_component).values(
            dossier_id=row.dossier_id,
            n=(last or 0) + 1,
            component=wanted.component,
            document_id=document_id,
            added_at=now,
        )
    )
    # No event comes with it: the figures are told here.
    tx.db.execute(insert(figure_mark).values(dossier_id=row.dossier_id, recorded_at=now))
    tx.db.execute(
        lookup_file.update()
        .where(lookup_file.c.lookup_id == row.id)
        .values(document_id=document_id)
    )


def _after_the_events(tx: Transaction, dossier_id: int, now: datetime) -> datetime:
    """Return an instant after every event: none of them is told with a paper that came later."""
    last: datetime = tx.db.execute(
        select(func.max(dossier_event.c.occurred_at)).where(
            dossier_event.c.dossier_id == dossier_id
        )
    ).scalar_one()
    return max(now, last + timedelta(microseconds=1))
